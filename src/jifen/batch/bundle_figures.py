"""Whether the tables of a bundle agree with one another: what was signed may still be wrong."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from jifen.batch.bundle import Bundle
from jifen.core.errors import Problem
from jifen.core.micros import parse_micros
from jifen.plan.text import parse_plan

__all__ = ["Counts", "compared"]

_MOST = 100
"""Differences that are told."""
_OWN = ("wallet", "pending")


@dataclass(frozen=True, slots=True)
class Counts:
    """What was compared."""

    members: int
    days: int
    payouts: int
    versions: int


def compared(bundle: Bundle) -> tuple[Counts, list[Problem]]:
    """Compare the tables with each other; returns what was compared, and each difference (``disagrees``), at most 100.

    The tree has no circle and no sponsor from outside; days follow one another; what members were paid and gave back
    is what each rule moved on that day, to the last millionth; payees are in the tree; versions have their digests.
    """
    sponsors = {row["member"]: row["sponsor"] for row in bundle.rows("members.csv")}
    problems = list(_tree(sponsors))
    days = [date.fromisoformat(row["day"]) for row in bundle.rows("runs.csv")]
    problems += [
        _differs("runs.csv", f"{after} does not follow {before}")
        for before, after in pairwise(days) if after != before + timedelta(days=1)
    ]  # fmt: skip
    count, paid = _paid(bundle, sponsors, problems)
    for key in sorted(paid.keys() | (moved := _moved(bundle)).keys()):
        if paid[key] != moved[key]:
            message = f"{' '.join(key)}: members have {paid[key]} millionths, the rule moved {moved[key]}"
            problems.append(_differs("payouts.csv", message))
    texts = bundle.names("versions")
    for name in texts:
        if parse_plan(_text(bundle, name), name).digest != name[len("versions/") : -len(".json")]:
            problems.append(_differs(name, "its digest is another"))
    return Counts(len(sponsors), len(days), count, len(texts)), problems[:_MOST]


def _tree(sponsors: dict[str, str]) -> Iterator[Problem]:
    """Members whose sponsor is nobody, and those who are above themselves."""
    good: set[str] = {""}
    for member in sponsors:
        way: dict[str, None] = {}
        at = member
        while at not in good and at not in way and at in sponsors:
            way[at] = None
            at = sponsors[at]
        if at in way:
            yield _differs("members.csv", f"{at} is above itself")
        elif at not in good:
            yield _differs("members.csv", f"{at} is a sponsor and no member")
        good.update(way)


def _paid(bundle: Bundle, sponsors: dict[str, str], problems: list[Problem]) -> tuple[int, Counter[tuple[str, ...]]]:
    """By day, rule, reason, other side and asset: what members have of it all together; beside it the count of rows."""
    found: Counter[tuple[str, ...]] = Counter()
    count = 0
    for row in bundle.rows("payouts.csv"):
        count += 1
        if row["member"] not in sponsors:
            problems.append(_differs("payouts.csv", f"{row['member']} is no member"))
        found[row["day"], row["rule"], row["reason"], row["other"], row["asset"]] += parse_micros(row["amount"])
    return count, found


def _moved(bundle: Bundle) -> Counter[tuple[str, ...]]:
    """The same by what each rule moved into wallets, less what it moved out of them."""
    found: Counter[tuple[str, ...]] = Counter()
    for row in bundle.rows("moved.csv"):
        amount, (source, target) = parse_micros(row["amount"]), (row["source"], row["target"])
        for inside, other, sign in ((target, source, 1), (source, target, -1)):
            if inside == "wallet" and other not in _OWN:
                found[row["day"], row["rule"], row["reason"], other, row["asset"]] += sign * amount
    return found


def _text(bundle: Bundle, name: str) -> str:
    return str(bundle.document(name)["text"])


def _differs(name: str, message: str) -> Problem:
    return Problem("disagrees", message, "ask the shop for an explanation", name)
