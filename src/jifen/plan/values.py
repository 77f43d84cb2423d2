"""One value of a plan, as it is written: a rate, a ratio, an amount, a number, a word.

Each reader takes a value of a document (text, integer, boolean, nothing) and returns it as the plan holds it, or raises
``BadValueError`` with a stable code, the reason and the remedy.
"""

import difflib
import re
from collections.abc import Iterable

from jifen.core.micros import parse_micros, parse_rate

__all__ = [
    "COUNT_MAX",
    "RATIO_MAX",
    "TEXT_MAX",
    "BadValueError",
    "did_you_mean",
    "read_count",
    "read_flag",
    "read_option",
    "read_ratio",
    "read_word",
    "read_yuan",
    "shown",
]

RATIO_MAX = 1_000_000 * 1_000_000
"""Largest ratio without a bound of its own: a million, in parts per million."""
COUNT_MAX = 1_000_000
"""Largest count or number of days without a bound of its own."""
TEXT_MAX = 200
"""Longest name of a rank, tier, product or line."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)\s*%?", re.ASCII)
_INTEGER_MAX = 10**30


class BadValueError(ValueError):
    """A value that cannot stand where it stands."""

    def __init__(self, code: str, message: str, remedy: str) -> None:
        """Take the stable code, the reason and what to do."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy


def shown(value: object) -> str:
    """Write any value so short that it fits into a message.

    >>> shown("50%"), shown(None), shown([1])
    ('`50%`', 'nothing (null)', 'a list')
    """
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, int):
        return f"`{value}`" if abs(value) < _INTEGER_MAX else "a very large number"
    if isinstance(value, str):
        text = value if len(value) <= 40 else f"{value[:40]}…"
        return f"`{text}`" if text.isprintable() else f"`{ascii(text)[1:-1]}`"
    return f"a value of type {type(value).__name__}"


def did_you_mean(word: str, words: Iterable[str], otherwise: str = "") -> str:
    """Return the remedy for a misspelt word: the nearest known one, or all of them.

    >>> did_you_mean("dayly_rate", ["daily_rate", "spill"])
    'did you mean `daily_rate`?'
    """
    known = sorted(set(words))
    near = difflib.get_close_matches(word[:80], known, n=1)
    if near:
        return f"did you mean `{near[0]}`?"
    if otherwise:
        return otherwise
    return "use one of " + ", ".join(f"`{name}`" for name in known[:30]) if known else "remove it"


def _number_text(value: object, example: str) -> str:
    """Return a number as the text it was written as."""
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) >= _INTEGER_MAX:
            raise BadValueError("out_of_bounds", "the number is too large", f"write a number such as {example}")
        return str(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()) and len(value) <= 40:
        return value
    raise BadValueError("wrong_type", f"{shown(value)} is not a number", f"write a number such as {example}")


def read_ratio(value: object) -> int:
    """Read a rate or a ratio as parts per million.

    >>> read_ratio("1.2%"), read_ratio("2.5"), read_ratio(1)
    (12000, 2500000, 1000000)
    """
    text = _number_text(value, "1.2% or 0.012")
    try:
        return parse_rate(text)
    except ValueError as error:
        raise BadValueError(
            "too_fine",
            f"{shown(value)} is finer than six decimals (a percentage: four)",
            "round it to six decimals as a fraction",
        ) from error


def read_yuan(value: object) -> int:
    """Read an amount as micro-units.

    >>> read_yuan("3000.5")
    3000500000
    """
    text = _number_text(value, "3000 or 0.5")
    if text.rstrip().endswith("%"):
        raise BadValueError("wrong_type", f"{shown(value)} is a rate, not an amount", "write an amount such as 3000")
    try:
        return parse_micros(text)
    except ValueError as error:
        raise BadValueError(
            "too_fine", f"{shown(value)} has more than six decimals", "round it to six decimals"
        ) from error


def read_count(value: object) -> int:
    """Read a whole number.

    >>> read_count(7), read_count("7")
    (7, 7)
    """
    text = _number_text(value, "7").strip()
    if not re.fullmatch(r"[+-]?\d+", text, re.ASCII):
        raise BadValueError("wrong_type", f"{shown(value)} is not a whole number", "write a whole number such as 7")
    return int(text)


def read_flag(value: object) -> bool:
    """Read true or false."""
    if isinstance(value, bool):
        return value
    raise BadValueError("wrong_type", f"{shown(value)} is neither true nor false", "write true or false")


def read_option(value: object, options: tuple[str, ...]) -> str:
    """Read one of a few words."""
    if isinstance(value, str) and value in options:
        return value
    choices = ", ".join(f"`{option}`" for option in options)
    remedy = did_you_mean(value, options) if isinstance(value, str) else f"write one of {choices}"
    raise BadValueError("unknown_option", f"{shown(value)} is not one of {choices}", remedy)


def read_word(value: object) -> str:
    """Read a name people gave to something: text, or a number that serves as one."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _INTEGER_MAX:
        return str(value)
    if isinstance(value, str) and value.strip() and len(value) <= TEXT_MAX:
        return value
    raise BadValueError("wrong_type", f"{shown(value)} is not a name", f"write text of 1 to {TEXT_MAX} characters")
