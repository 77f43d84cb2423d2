"""Bodies that are sent to us: fields that nobody knows are refused, and JSON reads one way only."""

import json
import math
from collections.abc import Sequence
from typing import Any

from ninja import Schema
from pydantic import ConfigDict
from pydantic_core import from_json

__all__ = ["Body", "read_json"]


class Body(Schema):
    """What is sent to us: a field that it has not is refused, since it is most likely a slip of the pen."""

    model_config = ConfigDict(extra="forbid")


def read_json(text: bytes) -> Any:
    """What a body says, in UTF-8; ``ValueError`` if it is no JSON, nests too deeply, or can be read in two ways.

    >>> read_json(b'{"amount": "1.00"}')
    {'amount': '1.00'}
    >>> read_json(b'{"amount": "1.00", "amount": "9.00"}')
    Traceback (most recent call last):
    ...
    ValueError: a name stands twice in an object
    """
    found = from_json(text, allow_inf_nan=False)
    json.loads(text, object_pairs_hook=_once, parse_float=_finite)
    return found


def _once(pairs: Sequence[tuple[str, Any]]) -> None:
    """Readers differ in which of two fields of one name they take: one of them might be what was checked elsewhere."""
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name stands twice in an object")


def _finite(text: str) -> None:
    if not math.isfinite(float(text)):
        raise ValueError("a number is out of range")
