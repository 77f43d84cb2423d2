"""Exact amounts: integers of one millionth, and the few ways to write, read and divide them.

Every amount (money, points, tokens) is an ``int`` of micro-units, 10⁻⁶ of its asset. Every rate and ratio is an ``int``
of parts per million. So one scale, ``MICRO``, serves both, and no float ever holds an amount.
"""

import re
from decimal import Context, Decimal

__all__ = [
    "AMOUNT_MAX",
    "CENT",
    "MICRO",
    "format_micros",
    "format_rate",
    "mul_div",
    "parse_micros",
    "parse_rate",
]

MICRO = 1_000_000
CENT = 10_000
AMOUNT_MAX = 10**15
"""Largest amount of one event in micro-units: a thousand million units. Larger ones are refused before any kernel."""

_DIGITS_MAX = 40
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
_EXACT = Context(prec=_DIGITS_MAX)
"""The decimal module rounds to 28 digits unless told otherwise."""


def mul_div(amount: int, numerator: int, denominator: int) -> int:
    """Return ⌊amount × numerator ÷ denominator⌋, rounding towards minus infinity; exact for all integers.

    >>> mul_div(7, 2, 3)
    4
    """
    if denominator <= 0:
        raise ZeroDivisionError(f"denominator must be above 0, got {denominator}")
    return amount * numerator // denominator


def parse_micros(text: str, decimals: int = 6) -> int:
    """Read a decimal number as micro-units; finer than ``decimals`` places, or not a plain number: ``ValueError``.

    >>> parse_micros("1.5")
    1500000
    """
    stripped = text.strip()
    if len(stripped) > _DIGITS_MAX or not _NUMBER.fullmatch(stripped):
        raise ValueError(f"not a plain decimal number: {text[:40]!r}")
    scaled = Decimal(stripped).scaleb(decimals, _EXACT)
    whole = int(scaled)
    if whole != scaled:
        raise ValueError(f"{text!r} has more than {decimals} decimals")
    return int(whole * 10 ** (6 - decimals))


def parse_rate(text: str) -> int:
    """Read a rate, ``"1.2%"`` or ``"0.012"``, as parts per million; finer than that: ``ValueError``.

    >>> parse_rate("1.2%"), parse_rate("0.012")
    (12000, 12000)
    """
    stripped = text.strip()
    if stripped.endswith("%"):
        return parse_micros(stripped[:-1].rstrip(), decimals=4) // 100
    return parse_micros(stripped)


def format_micros(amount: int, places: int = 6) -> str:
    """Write micro-units as a decimal number with at least ``places`` decimals, never rounding.

    >>> format_micros(-1500000), format_micros(1500000, 2), format_micros(1, 0)
    ('-1.500000', '1.50', '0.000001')
    """
    sign = "-" if amount < 0 else ""
    whole, part = divmod(abs(amount), MICRO)
    digits = f"{part:06d}".rstrip("0").ljust(places, "0")
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"


def format_rate(rate: int) -> str:
    """Write parts per million as a percentage.

    >>> format_rate(12000), format_rate(1000000)
    ('1.2%', '100%')
    """
    return format_micros(rate * 100, 0) + "%"
