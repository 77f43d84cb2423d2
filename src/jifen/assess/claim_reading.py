"""Reading what is promised about plans: sentences in Chinese or English become kinds and numbers.

``claims.yaml`` has the patterns. Nothing here knows a plan, and whatever the text is, reading it does not fail.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from jifen.assess.plain_text import TEXT_MAX, grammar, plain_text
from jifen.core.micros import AMOUNT_MAX, MICRO

__all__ = ["CLAIMS_MAX", "DAYS_MAX", "Claim", "Kind", "kinds", "read_claims"]

CLAIMS_MAX = 50
"""Claims of one text that are read; the others are given back as not read."""
DAYS_MAX = 36_600
"""A time longer than a century is read as a century."""
_PERIOD_MAX = 366
_PERSONS_MAX = 1000

_CLAUSE = re.compile(r"[^,;.!?。、:]+(?:\.\d[^,;.!?。、:]*)*")
_ENDS = r"[,;.!?。、:]"
_QUOTES = " \"'“”()[]"


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
    """Within how many days; of ``daily``: once in how many."""
    share: Fraction | None = None
    """Of ``daily``: how much of the price each time."""
    amount: int | None = None
    """Of ``daily``: or how many micro-units."""
    persons: int | None = None
    order: int | None = None
    """The amount of the order, if the promise names it; micro-units."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of promise that can be read, with examples of it."""

    name: str
    title: Mapping[str, str]
    examples: tuple[str, ...]
    patterns: tuple[re.Pattern[str], ...]


@cache
def kinds() -> tuple[Kind, ...]:
    """Return the kinds of promises that can be read; of two that match at one place the first is taken.

    >>> [kind.name for kind in kinds()][:3]
    ['break_even', 'daily', 'guaranteed']
    """
    return tuple(
        Kind(name, kind["names"], tuple(kind["examples"]), tuple(map(_pattern, kind["patterns"])))
        for name, kind in grammar()["kinds"].items()
    )


def _pattern(text: str) -> re.Pattern[str]:
    names = {"days": "time", "money": "money", "cash": "cash", "count": "count", "number": "number"}
    for name, piece in names.items():
        text = text.replace(f"{{{name}}}", grammar()[piece])
    return re.compile(text, re.ASCII)


def read_claims(text: str) -> tuple[tuple[Claim, ...], tuple[str, ...]]:
    """Read a text: the claims in their order, each once, and the pieces of it that say something else.

    >>> (first, second), unread = read_claims("一百天全返，没有保本。全国联保")
    >>> first.days, first.times, second.kind, second.denied, unread
    (100, Fraction(1, 1), 'guaranteed', True, ('全国联保',))
    """
    plain = plain_text(text)
    read: dict[Claim, None] = {}
    spans: list[tuple[int, int]] = []
    for match, kind in sorted(_matches(plain), key=lambda item: item[0].start()):
        claim = _claim(plain, match, kind)
        if claim is not None and (claim in read or len(read) < CLAIMS_MAX):
            read[claim] = None
            spans.append(match.span())
    unread = list(dict.fromkeys(_unread(plain, spans)))
    if len(text) > TEXT_MAX:
        unread.append(f"{text[TEXT_MAX : TEXT_MAX + 20].strip()}…")
    return tuple(read), tuple(unread)


def _matches(plain: str) -> Iterator[tuple[re.Match[str], str]]:
    """All matches, none of which overlaps another: at one place the first kind, of one kind the first pattern."""
    taken = bytearray(len(plain))
    for kind in kinds():
        for pattern in kind.patterns:
            for match in pattern.finditer(plain):
                start, end = match.span()
                if end > start and not any(taken[start:end]):
                    taken[start:end] = b"\1" * (end - start)
                    yield match, kind.name


def _unread(plain: str, spans: list[tuple[int, int]]) -> Iterator[str]:
    """Clauses in which nothing was read, and what is remarkable of the others beside what was read."""
    rest = list(plain)
    for start, end in spans:
        rest[start:end] = "\0" * (end - start)
    for clause in _CLAUSE.finditer("".join(rest)):
        pieces = [piece.strip(_QUOTES) for piece in clause[0].split("\0")]
        if "\0" in clause[0]:
            pieces = [piece for piece in pieces if re.search(grammar()["remarkable"], piece)]
        yield from filter(None, pieces)


# -- one claim ------------------------------------------------------------------------------------------------------


def _claim(plain: str, match: re.Match[str], kind: str) -> Claim | None:
    """The claim that a pattern found; ``None``: its numbers are none that anybody promises."""
    # A group may stand twice in a pattern, the second with a `_` behind its name.
    found = {name.rstrip("_"): value for name, value in match.groupdict().items() if value}
    unit = found.pop("unit", None)
    numbers = {name: Fraction(re.sub(r"[^\d.]", "", value)) for name, value in found.items()}
    if any(numbers.get(name) == 0 for name in ("times", "percent", "spend", "back", "yuan")):
        return None
    persons, days = numbers.get("persons"), _days(numbers.get("days", Fraction(1)), unit)
    order, amount = (_amount(numbers.get(name)) for name in ("spend", "yuan"))
    share = numbers["percent"] / 100 if "percent" in numbers else None
    period = days if kind == "daily" else 1
    if (persons or 0) > _PERSONS_MAX or 0 in (order, amount) or not 0 < (period or 0) <= _PERIOD_MAX:
        return None
    times = numbers["back"] / numbers["spend"] if "back" in numbers else numbers.get("times", share)
    doubled = Fraction(2 if re.search("翻[倍番]", match[0]) else 1)
    return Claim(
        kind, match[0].strip(), _denied(plain, match), days=days, amount=amount, order=order,
        times=(times or doubled) if kind == "full_return" else None,
        share=share if kind == "daily" else None, persons=None if persons is None else int(persons),
    )  # fmt: skip


def _amount(yuan: Fraction | None) -> int | None:
    """An amount in micro-units; 0: none that an order can have."""
    amount = 0 if yuan is None else int(yuan * MICRO)
    return None if yuan is None else amount if amount <= AMOUNT_MAX else 0


def _days(number: Fraction, unit: str | None) -> int | None:
    """A time in days, whole ones: a promise for half a day is one for the day."""
    if unit is None:
        return None
    days = number * int(grammar()["units"][unit[0]])
    return min(-(-days.numerator // days.denominator), DAYS_MAX)


def _denied(plain: str, match: re.Match[str]) -> bool:
    """Whether what stands before or behind a claim, in its own clause, denies it; who denies twice has asserted."""
    before = re.sub(grammar()["no_denials"], "", re.split(_ENDS, plain[: match.start()][-200:])[-1])
    behind = re.split(_ENDS, plain[match.end() :][:40])[0]
    ahead = any(re.search(pattern, before) for pattern in grammar()["denials"])
    after = any(re.search(pattern, behind) for pattern in grammar()["denials_after"])
    return (ahead or after) and len(re.findall(grammar()["negations"], before)) + after == 1
