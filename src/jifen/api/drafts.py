"""A plan as it is sent: a preset by its name or the text of a plan file, with values on top."""

import json
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from jifen.api.bodies import Body
from jifen.api.problems import Refused
from jifen.plan import Plan, load_plan, load_plan_text, preset_names
from jifen.plan.load import preset_text
from jifen.plan.text import plan_text
from jifen.service.programs.terms import is_storable

__all__ = ["Drafted", "loaded"]

_PlanText = Annotated[str, StringConstraints(max_length=200_000, pattern=r"^[^\x00]*$")]
_Key = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]


class Drafted(Body):
    """A plan: a preset by name, or the text of a plan file; values go on top."""

    preset: _Key = Field(
        "", description="The name of a preset", examples=list(preset_names()[-1:]), validate_default=False
    )
    text: _PlanText = Field("", description="A plan file, as YAML, in place of a preset")
    values: dict[_Key, Any] = Field({}, description="Parameters by name", examples=[{"refund_days": 8}], max_length=100)


def loaded(body: Drafted) -> Plan:
    """The plan of a draft.

    ``Refused``: ``bad_request`` for both or none of a preset and a text, ``bad_text`` for texts that no database keeps.
    """
    if bool(body.preset) == bool(body.text):
        raise Refused("bad_request", "a draft is a preset or a text", "give one of both")
    try:
        if body.preset:
            preset_text(body.preset)  # a preset only: no file of this machine is read
            plan = load_plan(body.preset, body.values)
        else:
            plan = load_plan_text(body.text, "text", body.values)
        storable = is_storable(json.loads(plan_text(plan)))
    except UnicodeEncodeError:
        storable = False
    if not storable:
        raise Refused("bad_text", "a text has characters that no database keeps", "leave them out")
    return plan
