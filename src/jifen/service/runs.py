"""Runs 日结: the closed days of a shop, each with what moved, what is owed and backed, and what the rules found."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connections

from jifen.core.errors import InputError, Problem
from jifen.ledger.journal import NONE, Account
from jifen.service import models
from jifen.service.coverage import Coverage
from jifen.service.day_files import ClosedDay
from jifen.service.directory import Directory
from jifen.service.programs.models import RunFinding

__all__ = ["DayRun", "Moved", "moved_on", "run_of", "runs"]

_MOVED = """
    SELECT rule, reason, source & 15, target & 15, (source | target) >> 4 & 65535, SUM(amount), COUNT(*) FROM transfer
    WHERE number >= %s AND number < %s AND used = 0 GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
"""


@dataclass(frozen=True, slots=True)
class DayRun:
    """A closed day."""

    closed: ClosedDay
    segment: str
    """The file of its journal."""
    sha256: str
    """Of that file."""
    coverage: Coverage
    findings: RunFinding | None
    """What the rules found after the close; ``None`` for a day after which nobody looked: days that were caught up."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What one rule moved on a day between two kinds of accounts, of one asset, in micro-units."""

    rule: str
    reason: str | None
    """Of what a refund takes back: the rule that had paid it."""
    source: str
    target: str
    asset: str
    amount: int
    lines: int


def runs(closed: Sequence[ClosedDay], using: str = "default") -> list[DayRun]:
    """The runs of some closed days, in their order."""
    days = [day.day for day in closed]
    files = {row.day: row for row in models.Run.objects.using(using).filter(day__in=days)}
    found = {row.day: row for row in RunFinding.objects.using(using).filter(day__in=days)}
    rows = models.Coverage.objects.using(using).filter(day__in=days).values(*Coverage.__dataclass_fields__)
    covered = {row["day"]: Coverage(**row) for row in rows}
    return [
        DayRun(day, files[day.day].segment, files[day.day].digest, covered[day.day], found.get(day.day))
        for day in closed
    ]


def run_of(closed: Sequence[ClosedDay], day: int, using: str = "default") -> DayRun:
    """The run of one day; ``InputError`` (``not_closed``)."""
    found = [each for each in closed if each.day == day]
    if not found:
        remedy = "ask when it has been closed"
        raise InputError(Problem("not_closed", "this day has not been closed", remedy, column="day"))
    return runs(found, using)[0]


def moved_on(closed: ClosedDay, directory: Directory) -> list[Moved]:
    """What moved on a day, the close included: by rule, from and to which kinds of accounts, of which asset."""
    with connections[directory.using].cursor() as cursor:
        cursor.execute(_MOVED, [closed.first, closed.last])
        rows = [tuple(map(int, row)) for row in cursor.fetchall()]
    directory.learn("rule", {number for rule, reason, *_ in rows for number in (rule, reason) if number != NONE})
    return [
        Moved(
            _rule(directory, rule) or "", _rule(directory, reason), Account(source).name.lower(),
            Account(target).name.lower(), directory.name("asset", asset), amount, lines,
        )
        for rule, reason, source, target, asset, amount, lines in rows
    ]  # fmt: skip


def _rule(directory: Directory, number: int) -> str | None:
    return None if number == NONE else directory.name("rule", number)
