"""A resolved plan as text that loads by itself, whatever later becomes of presets and defaults: a run's copy of it."""

import json
from typing import Any

from jifen.core.errors import InputError, Problem
from jifen.plan import model
from jifen.plan.digest import canonical, digest
from jifen.plan.model import Plan

__all__ = ["parse_plan", "plan_text"]

_LEFT_OUT = ("origin", "warnings")


def plan_text(plan: Plan) -> str:
    """Write a plan as JSON; every part says which filling of the language it is (``kind``)."""
    parts = {name: value for name, value in canonical(plan).items() if name not in _LEFT_OUT}
    return json.dumps(parts, ensure_ascii=False, indent=1) + "\n"


def parse_plan(text: str, file: str) -> Plan:
    """Read what ``plan_text`` wrote; a text that was changed is an ``InputError``."""
    try:
        plan = _part(json.loads(text))
        if isinstance(plan, Plan) and plan.digest == digest(plan):
            return plan
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(_changed(file)) from error
    raise InputError(_changed(file))


def _part(value: Any) -> Any:
    if isinstance(value, dict):
        items = {key: _part(item) for key, item in value.items()}
        kind = items.pop("kind", None)
        return items if kind is None else _KINDS[kind](**items)
    return tuple(map(_part, value)) if isinstance(value, list) else value


_KINDS: dict[str, type[Any]] = {
    name: getattr(model, name) for name in model.__all__ if isinstance(getattr(model, name), type)
}


def _changed(file: str) -> Problem:
    return Problem("plan_changed", "this is not the plan that the run used", "restore it from a backup", file)
