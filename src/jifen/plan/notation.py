"""How a value may be written in a plan file, as types: each knows how it is read and how a JSON Schema has it.

``$name`` and ``$table.column`` may stand where a value stands; such a reference passes here as it is.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from jifen.plan.values import (
    COUNT_MAX,
    TEXT_MAX,
    BadValueError,
    read_count,
    read_flag,
    read_option,
    read_ratio,
    read_word,
    read_yuan,
    shown,
)

__all__ = [
    "NUMBER_SCHEMA",
    "REFERENCE",
    "Count",
    "Flag",
    "Name",
    "Number",
    "Rates",
    "Ratio",
    "Reads",
    "Table",
    "Text",
    "Word",
    "Yuan",
    "at_least",
    "options",
]

REFERENCE = re.compile(r"\$(?P<name>[a-z][a-z0-9_]*)(?:\.(?P<column>[a-z][a-z0-9_]*))?", re.ASCII)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_REFERENCE_SCHEMA = {"type": "string", "pattern": r"^\$[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$"}
NUMBER_SCHEMA: dict[str, Any] = {
    "anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^[+-]?(\d+(\.\d*)?|\.\d+)\s*%?$"}]
}


@dataclass(frozen=True, eq=False)
class Reads:
    """Marks a type of value: how it is read, how a JSON Schema has it, and whether ``$name`` may stand for it."""

    read: Callable[[Any], Any]
    json: dict[str, Any] = field(default_factory=dict)
    reference: bool = True

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._validate)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [self.json, _REFERENCE_SCHEMA]} if self.reference else self.json

    def _validate(self, value: Any) -> Any:
        if self.reference and isinstance(value, str) and REFERENCE.fullmatch(value):
            return value
        try:
            return self.read(value)
        except BadValueError as error:
            context = {"message": error.message, "remedy": error.remedy}
            raise PydanticCustomError(error.code, "{message}", context) from error


def options(*words: str) -> Reads:
    """Mark a value that is one of a few words."""
    return Reads(lambda value: read_option(value, words), {"enum": list(words)})


def at_least(read: Callable[[object], int], least: int, most: int) -> Callable[[object], int]:
    """Return a reader that refuses numbers outside of ``least`` to ``most``, in units of the plan."""

    def bounded(value: object) -> int:
        number = read(value)
        if not least <= number <= most:
            raise BadValueError("out_of_bounds", f"{shown(value)} is out of bounds", "write a value that makes sense")
        return number

    return bounded


def _read_name(value: object) -> str:
    if isinstance(value, str) and _NAME.fullmatch(value):
        return value
    remedy = "write small letters, digits and underscores, beginning with a letter, at most 64"
    raise BadValueError("wrong_type", f"{shown(value)} is not a name", remedy)


def _read_rates(value: object) -> tuple[int, ...]:
    items = value if isinstance(value, list) else [value]
    return tuple(_SHARE(item) for item in items)


def _refuse_value(value: object) -> str:
    raise BadValueError("wrong_type", f"{shown(value)} is not a table", "write the name of a table: $name.column")


_AMOUNT_LIMIT = 10**18
_SHARE = at_least(read_ratio, 0, _AMOUNT_LIMIT)
_NAME_SCHEMA = {"type": "string", "pattern": r"^[a-z][a-z0-9_]{0,63}$"}

Name = Annotated[str, Reads(_read_name, _NAME_SCHEMA, reference=False)]
Word = Annotated[str, Reads(_read_name, _NAME_SCHEMA)]
Text = Annotated[str, Reads(read_word, {"type": ["string", "integer"], "maxLength": TEXT_MAX}, reference=False)]
Ratio = Annotated[int, Reads(_SHARE, NUMBER_SCHEMA)]
Rates = Annotated[
    tuple[int, ...] | str,
    Reads(_read_rates, {"anyOf": [NUMBER_SCHEMA, {"type": "array", "items": NUMBER_SCHEMA}]}),
]
Yuan = Annotated[int, Reads(at_least(read_yuan, 1, _AMOUNT_LIMIT), NUMBER_SCHEMA)]
Count = Annotated[int, Reads(at_least(read_count, 1, COUNT_MAX), {"type": "integer", "minimum": 1})]
Number = Annotated[int, Reads(at_least(read_count, 0, COUNT_MAX), {"type": "integer", "minimum": 0})]
Flag = Annotated[bool, Reads(read_flag, {"type": "boolean"})]
Table = Annotated[str, Reads(_refuse_value, _REFERENCE_SCHEMA)]
