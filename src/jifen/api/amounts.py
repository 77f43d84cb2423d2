"""What the API reads and writes in many places: amounts as decimal strings, ids, and texts.

A number would be a float somewhere on its way; and what no database can hold, such as a NUL, gets no further than here.
"""

import re
from datetime import date
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from jifen.core.micros import AMOUNT_MAX, format_micros, parse_micros

__all__ = ["Amount", "Day", "Id", "Moment", "NotNegative", "Positive", "Sum", "Text"]

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


def _text(value: Any) -> Any:
    if isinstance(value, str):
        return value
    raise PydanticCustomError("not_text", "a day or a time is a text")


def _not_below(amount: int) -> int:
    if amount < 0:
        raise PydanticCustomError("bad_amount", "the amount is below 0")
    return amount


def _above(amount: int) -> int:
    if amount <= 0:
        raise PydanticCustomError("bad_amount", "the amount is not above 0")
    return amount


def _not_ours(name: str) -> str:
    if name.startswith(_OURS):
        raise PydanticCustomError("bad_id", "the shop itself gives ids that begin like this")
    return name


def _written(amount: int) -> str:
    return format_micros(amount, 2)


Amount = Annotated[int, BeforeValidator(_read), PlainSerializer(_written, return_type=str), WithJsonSchema(_SCHEMA)]
"""An amount that is sent to us: micro-units inside, a decimal string outside."""

_SCHEMA_UP = _SCHEMA | {"pattern": _PATTERN.replace("-?", "")}
NotNegative = Annotated[Amount, AfterValidator(_not_below), WithJsonSchema(_SCHEMA_UP)]
"""An amount from 0 on."""
Positive = Annotated[Amount, AfterValidator(_above), WithJsonSchema(_SCHEMA_UP)]
"""An amount above 0."""

Sum = Annotated[
    int,
    PlainSerializer(_written, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?(0|[1-9][0-9]*)\.[0-9]{2,6}$", "examples": ["19.90"]}),
]
"""An amount that we answer with, of any size."""

Day = Annotated[date, BeforeValidator(_text)]
"""A date: a number would be seconds of some epoch, of which nobody knows the zone."""
Moment = Annotated[AwareDatetime, BeforeValidator(_text)]
"""A time with its zone."""

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
