"""The closed vocabulary of case files: which keys there are, and how each value is read.

A reader turns a value as written (text, integer, boolean, ``None``, list, table) into a value of the case, or raises
``TypeError`` or ``ValueError`` with what is wrong. Amounts become micro-units; no reader makes a float.
"""

import re
from collections.abc import Callable
from typing import Any

from jifen.core.micros import parse_micros, parse_rate

__all__ = ["CASE_KEYS", "CLAIMS", "EITHER", "EVENTS", "MEMBER", "Reader", "read_day", "read_name", "read_params"]

_DAYS_MAX = 100_000

Reader = Callable[[Any], Any]
"""Turns a value of the file into a value of the case, or raises ``TypeError`` or ``ValueError``."""


def read_name(value: Any) -> str:
    """Read a name or id; a whole number is taken as its digits."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError("expected a name")
    return str(value)


def _text_or_none(value: Any) -> str | None:
    return None if value is None else read_name(value)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("expected a whole number")
    return value


def read_params(value: Any) -> dict[str, Any]:
    """Read a table of parameters, left as it is for the plan to judge."""
    if not isinstance(value, dict):
        raise TypeError("expected a table of parameters")
    return value


def read_day(value: Any) -> int:
    """Read a business day, 0 or later."""
    day = _whole(value)
    if not 0 <= day <= _DAYS_MAX:
        raise ValueError(f"expected a day from 0 to {_DAYS_MAX}")
    return day


def _number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError("expected a number")
    return str(value)


def _amount(value: Any) -> int:
    return parse_micros(_number(value))


def _event_amount(value: Any) -> int:
    """Read an amount of an event; one finer than a micro-unit is read as 0, which every event refuses as bad_amount."""
    too_fine = re.fullmatch(r"[+-]?\d*\.\d{6}\d*[1-9]0*", _number(value).strip())
    return 0 if too_fine else _amount(value)


def _amount_or_all(value: Any) -> int | None:
    return None if value == "all" else _event_amount(value)


def _rate(value: Any) -> int:
    return parse_rate(_number(value))


def _price(value: Any) -> str:
    text = _number(value)
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise ValueError("expected a price as a plain decimal number")
    return text


def _amounts(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list):
        raise TypeError("expected a list of numbers")
    return tuple(_amount(item) for item in value)


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError("expected a list of ids")
    return tuple(read_name(item) for item in value)


def _pay(value: Any) -> tuple[tuple[str, int], ...]:
    if not isinstance(value, dict):
        raise TypeError("expected assets with amounts, {coin: '60'}")
    return tuple((asset, _event_amount(amount)) for asset, amount in value.items())


def _by(value: Any) -> str:
    if value not in ("admin", "member"):
        raise ValueError("expected admin or member")
    return str(value)


MEMBER: dict[str, Reader] = {"referrer": _text_or_none, "rank": _text_or_none, "agent": _text_or_none}

_LINE_FIELDS: dict[str, Reader] = {"sku": read_name, "category": read_name, "merchant": read_name, "zone": read_name}

EVENTS: dict[str, tuple[dict[str, Reader], dict[str, Reader]]] = {
    "refund": ({"order": read_name}, {"fraction": _rate, "amount": _event_amount}),
    "order": (
        {"member": read_name, "amount": _event_amount},
        {"cost": _amount, **_LINE_FIELDS, "region": read_name, "pay": _pay},
    ),
    "sell": ({"member": read_name, "tokens": _amount_or_all}, {}),
    "task": ({"member": read_name}, {}),
    "adjust": (
        {"member": read_name, "store": read_name},
        {"amount": _event_amount, "base": _event_amount, "value": _event_amount},
    ),
    "donate": ({"pool": read_name, "amount": _event_amount}, {}),
    "top_up": ({"amount": _event_amount}, {"pool": read_name}),
    "bind": ({"member": read_name, "referrer": read_name}, {"by": _by}),
    "withdraw": ({"member": read_name, "amount": _event_amount}, {"asset": read_name}),
    "transfer": ({"member": read_name, "to": read_name, "amount": _event_amount}, {"asset": read_name}),
    "params": ({"params": read_params}, {}),
    "liability": ({"member": read_name, "amount": _event_amount}, {}),
    "wind_up": ({}, {}),
}
"""For each kind of event the fields it must and may have. ``refund`` comes first: it also has the key ``order``."""

EITHER = {"refund": ("fraction", "amount"), "adjust": ("amount", "value")}
"""Of these two fields exactly one."""

CLAIMS: dict[str, tuple[tuple[str, ...], Reader]] = {
    "paid": (("member", "rule"), _amount),
    "forfeited": (("member",), _amount),
    "lots": (("member", "store"), _amounts),
    "balance": (("member", "asset"), _amount),
    "weight": (("member", "store"), _amount),
    "pool": (("pool",), _amount),
    "pool_debt": (("pool",), _amount),
    "tokens": (("member",), _amount),
    "supply": ((), _amount),
    "price": ((), _price),
    "rank": (("member",), _text_or_none),
    "performance": (("member",), _amount),
    "referrer": (("member",), _text_or_none),
    "liability": (("member",), _amount),
    "queue": ((), _texts),
    "counter": ((), _whole),
    "issued": ((), _amount),
    "reserve": ((), _amount),
}
"""For each key of an expectation the names it is nested by, and how its values are read."""

CASE_KEYS = ("id", "title", "source", "status", "note", "preset", "params", "members", "events", "until", "expect")
