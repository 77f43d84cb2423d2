"""What the API reads and writes in many places: amounts as decimal strings, ids, and texts.

A number would be a float somewhere on its way; and what no database can hold, such as a NUL, gets no further than here.
"""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from jifen.core.micros import AMOUNT_MAX, format_micros, parse_micros

__all__ = ["Amount", "Id", "Sum", "Text"]

_PATTERN = r"^-?(0|[1-9][0-9]{0,12})(\.[0-9]{1,6})?$"
_OURS = ("day:", "plan:", "activate:", "plan_paused:", "plan_ended:", "plan_wound_up:", "deed:", "join:", "import:",
         "wd:", "wr:", "wp:", "tf:")  # fmt: skip
"""Ids of closes, of changes of the plan and of deeds: who took one would keep the shop from closing that day."""
_SCHEMA = {"type": "string", "pattern": _PATTERN, "examples": ["19.90"]}


def _read(value: Any) -> int:
    if not isinstance(value, str) or not re.fullmatch(_PATTERN, value, re.ASCII):
        raise PydanticCustomError("bad_amount", "an amount is a decimal string, with 6 digits after the point at most")
    micros = parse_micros(value)
    if abs(micros) > AMOUNT_MAX:
        raise PydanticCustomError("bad_amount", "the amount is out of range")
    return micros


def _not_ours(name: str) -> str:
    if name.startswith(_OURS):
        raise PydanticCustomError("bad_id", "the shop itself gives ids that begin like this")
    return name


def _written(amount: int) -> str:
    return format_micros(amount, 2)


Amount = Annotated[int, BeforeValidator(_read), PlainSerializer(_written, return_type=str), WithJsonSchema(_SCHEMA)]
"""An amount that is sent to us: micro-units inside, a decimal string outside."""

Sum = Annotated[
    int,
    PlainSerializer(_written, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?(0|[1-9][0-9]*)\.[0-9]{2,6}$", "examples": ["19.90"]}),
]
"""An amount that we answer with, of any size."""

_ID = r"^[A-Za-z0-9][A-Za-z0-9._:@+-]*$"
Id = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=64, pattern=_ID),
    AfterValidator(_not_ours),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 64, "pattern": _ID, "examples": ["a-1"]}),
]
"""What a shop calls a member, an order or a request: it stands in an address as it is, so it has no slash."""

Text = Annotated[
    str, StringConstraints(strict=True, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$"), Field(examples=["till 1"])
]
"""A line of text by people. Who needs another length says so behind it: ``Annotated[Text, Field(max_length=40)]``."""
