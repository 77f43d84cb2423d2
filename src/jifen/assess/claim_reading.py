"""Reading what is promised about plans: sentences in Chinese or English become kinds and numbers.

``claims.yaml`` has the patterns. Nothing here knows a plan, and whatever the text is, reading it does not fail.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any

from ruamel.yaml import YAML

__all__ = ["DAYS_MAX", "TEXT_MAX", "Claim", "Kind", "kinds", "plain_text", "read_claims"]

TEXT_MAX = 20_000
"""Characters of a text that are read."""
DAYS_MAX = 36_600
"""A time longer than a century is read as a century."""
_PERSONS_MAX = 1000

_NUMBER_MAX = 12
"""A longer row of digits is no number that anybody promises."""
_DIGITS = {**{digit: value for value, digit in enumerate("零一二三四五六七八九")}, "〇": 0, "两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000}
_NUMERAL = re.compile(f"[{''.join(_DIGITS)}{''.join(_UNITS)}]+")
_HAN = r"[⺀-鿿＀-￯]"
_SPACES = re.compile(rf"(?<={_HAN})\s+|(?<!%)\s+(?={_HAN})")
_CLAUSE = re.compile(r"[^,;.!?。，；！？、\n:：]+(?:\.\d[^,;.!?。，；！？、\n:：]*)*")


@dataclass(frozen=True, slots=True)
class Claim:
    """One promise: its kind, and the numbers it has."""

    kind: str
    text: str
    """As it was read, made plain."""
    denied: bool = False
    """Whether the text says that it is not so."""
    times: Fraction | None = None
    """Of ``full_return``: how much of the price comes back, 1: all of it."""
    days: int | None = None
    share: Fraction | None = None
    """Of ``daily``: how much of the price a day."""
    persons: int | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of promise that can be read, with examples of it."""

    name: str
    title: Mapping[str, str]
    examples: tuple[str, ...]
    patterns: tuple[re.Pattern[str], ...]


@cache
def _grammar() -> Mapping[str, Any]:
    grammar: Mapping[str, Any] = YAML(typ="safe", pure=True).load(
        files("jifen.assess").joinpath("claims.yaml").read_text(encoding="utf-8")
    )
    return grammar


@cache
def kinds() -> tuple[Kind, ...]:
    """Return the kinds of promises that can be read; of two that match at one place the first is taken.

    >>> [kind.name for kind in kinds()][:3]
    ['break_even', 'daily', 'full_return']
    """
    grammar = _grammar()
    return tuple(
        Kind(name, kind["names"], tuple(kind["examples"]), tuple(map(_pattern, kind["patterns"])))
        for name, kind in grammar["kinds"].items()
    )


def _pattern(text: str) -> re.Pattern[str]:
    grammar = _grammar()
    return re.compile(text.replace("{days}", grammar["time"]).replace("{number}", grammar["number"]), re.ASCII)


def plain_text(text: str) -> str:
    """Make a text plain: narrow and small characters, numerals as digits, no space beside a Chinese character.

    >>> plain_text("１００ 天 全返，推三人回本"), plain_text("三百六十五天 Double")
    ('100天全返,推3人回本', '365天2x')
    """
    narrow = unicodedata.normalize("NFKC", text[:TEXT_MAX]).lower().replace("’", "'")
    narrow = _SPACES.sub("", narrow)
    narrow = re.sub(rf"百分之([\d.]+|{_NUMERAL.pattern})", lambda match: f"{_numeral(match[1])}%", narrow)
    narrow = re.sub(rf"千分之([\d.]+|{_NUMERAL.pattern})", _per_thousand, narrow)
    narrow = re.sub(r"(\d+(?:\.\d+)?) ?‰", _per_thousand, narrow)
    narrow = re.sub(r"半(?=个?月|年|倍)", "0.5", narrow)
    narrow = _NUMERAL.sub(lambda match: _numeral(match[0]), narrow)
    words = _grammar()["words"]
    narrow = re.sub(rf"\b({'|'.join(words)})\b", lambda match: str(words[match[1]]), narrow, flags=re.ASCII)
    return " ".join(re.sub(r"(?<=\d) +(?=%)", "", narrow).split())


def _per_thousand(match: re.Match[str]) -> str:
    digits = _numeral(match[1])
    if len(digits) > _NUMBER_MAX or not re.fullmatch(r"\d+(\.\d+)?", digits):
        return match[0]
    whole, _, part = digits.partition(".")
    return f"{whole.zfill(2)[:-1]}.{whole[-1]}{part}%"


def _numeral(text: str) -> str:
    """Write a Chinese numeral with digits; 零 alone, as in 零撸, is a word, and so is anything that is no numeral."""
    if text in ("零", "〇") or not _NUMERAL.fullmatch(text):
        return text
    if not any(character in _UNITS for character in text):
        return "".join(str(_DIGITS[character]) for character in text)
    total = section = digit = 0
    for character in text:
        unit = _UNITS.get(character)
        if unit is None:
            digit = _DIGITS[character]
        elif unit >= _UNITS["万"]:
            total, section, digit = (total + section + digit or 1) * unit, 0, 0
        else:
            section, digit = section + (digit or 1) * unit, 0
    return str(total + section + digit)


def read_claims(text: str) -> tuple[tuple[Claim, ...], tuple[str, ...]]:
    """Read a text: the claims in their order, and the pieces of it in which none was found.

    >>> (first, second), unread = read_claims("一百天全返，没有保本。全国联保")
    >>> first.days, first.times, second.kind, second.denied, unread
    (100, Fraction(1, 1), 'guaranteed', True, ('全国联保',))
    """
    plain = plain_text(text)
    found = sorted(_matches(plain), key=lambda item: item[0].start())
    claims = tuple(claim for match, kind in found if (claim := _claim(plain, match, kind)) is not None)
    unread = tuple(
        piece[0].strip()
        for piece in _CLAUSE.finditer(plain)
        if piece[0].strip(" \"'“”")
        and not any(match.start() < piece.end() and piece.start() < match.end() for match, _ in found)
    )
    return claims, unread


def _matches(plain: str) -> Iterator[tuple[re.Match[str], str]]:
    """All matches, none of which overlaps another: at one place the first kind, of one kind the first pattern."""
    taken: list[tuple[int, int]] = []
    for kind in kinds():
        for pattern in kind.patterns:
            for match in pattern.finditer(plain):
                start, end = match.span()
                if end > start and not any(start < other_end and other < end for other, other_end in taken):
                    taken.append((start, end))
                    yield match, kind.name


def _claim(plain: str, match: re.Match[str], kind: str) -> Claim | None:
    groups = match.groupdict()
    numbers = {name: _number(value) for name, value in groups.items() if value and name != "unit"}
    if any(number is None for number in numbers.values()) or (numbers.get("persons") or 0) > _PERSONS_MAX:
        return None
    share = numbers.get("percent")
    share = None if share is None else share / 100
    persons, days = numbers.get("persons"), _days(numbers.get("days"), groups.get("unit"))
    times = (numbers.get("times") or share or _times_of(match[0])) if kind == "full_return" else None
    return Claim(
        kind, match[0].strip(), _denied(plain[: match.start()]), times, days,
        share if kind == "daily" else None, None if persons is None else int(persons),
    )  # fmt: skip


def _times_of(text: str) -> Fraction:
    return Fraction(2 if "翻倍" in text else 1)


def _number(text: str) -> Fraction | None:
    return Fraction(text) if len(text) <= _NUMBER_MAX else None


def _days(number: Fraction | None, unit: str | None) -> int | None:
    """A time in days, whole ones: a promise for half a day is one for the day."""
    if number is None or unit is None:
        return None
    days = number * int(_grammar()["units"][unit[0]])
    return min(-(-days.numerator // days.denominator), DAYS_MAX)


def _denied(before: str) -> bool:
    """Whether what stands before a claim, in its own clause, denies it."""
    clause = re.split(r"[,;.!?。、\n:]", before)[-1]
    clause = re.sub(_grammar()["no_denials"], "", clause)
    return any(re.search(pattern, clause) for pattern in _grammar()["denials"])
