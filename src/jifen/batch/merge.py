"""All input files as one stream of business days: events by time, and at one time joins, orders, refunds, others."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

from jifen.batch.findings import Findings
from jifen.batch.log import Log, merged
from jifen.batch.name_table import NameTables
from jifen.batch.read import KINDS
from jifen.batch.reader import Item, Reader
from jifen.batch.tables import Table, open_table
from jifen.core.days import DEFAULT_ZONE, Moment, parse_moment, shop_zone
from jifen.core.errors import InputError, Problem
from jifen.plan import Plan

__all__ = ["DAYS_MAX", "Day", "Inputs", "Merge", "open_inputs"]

DAYS_MAX = 36_600
"""A run covers at most a century."""


_ROW_BYTES = 64
"""More than most rows take: names of a few letters, a time, an amount."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """The files of a run, and the shop's time ``zone``, in which times without an offset are read."""

    members: Path
    orders: Path
    refunds: Path | None = None
    events: Path | None = None
    zone: str = DEFAULT_ZONE

    def paths(self) -> dict[str, Path]:
        """The files that are given, by kind, in the order in which events of one time are handled."""
        return {kind: path for kind in KINDS if (path := getattr(self, kind)) is not None}

    def rows_about(self) -> int:
        """About how many rows the files have, by their sizes; rather too few than too many."""
        return sum(path.stat().st_size for path in self.paths().values()) // _ROW_BYTES


class Day(NamedTuple):
    """A business day and what happened on it, in order."""

    day: int
    items: list[Item]


@dataclass(slots=True)
class Merge:
    """The days of opened inputs, from that of the first event to ``until`` (``None``: that of the last event)."""

    tables: dict[str, Table]
    zone: str
    findings: Findings
    until: int | None = None
    plan: Plan | None = None
    """The plan that counts when the run begins."""
    after: int = 0
    """How many events came after ``until``; they have no part in the run."""
    first: int | None = field(default=None, init=False)
    names: NameTables = field(default_factory=NameTables, init=False)
    """The names in the files as numbers, by kind: those of refused rows too, and in no order that means anything."""

    def items(self) -> Iterator[Item]:
        """All events by time, then kind, then row."""
        streams = [KINDS[kind].items(reader) for kind, reader in self._readers().items()]
        return heapq.merge(*streams, key=lambda item: item.instant)

    def log(self) -> Iterator[Log | Item]:
        """The same events in the same order: by column where each is one row, one by one where several make it up.

        Take each part before the next one is asked for: what is refused meanwhile counts for the rows that follow.
        """
        for part in merged(self._readers()):
            if isinstance(part, Log) and self.findings.any_lost(part.ids()):
                yield from part.items()
            else:
                yield part

    def _readers(self) -> dict[str, Reader]:
        zone = shop_zone(self.zone)
        return {
            kind: Reader(table, zone, self.findings, KINDS[kind].shape, self.plan, self.names)
            for kind, table in self.tables.items()
        }

    def days(self) -> Iterator[Day]:
        """Every day, those without events too. Inputs without any event give none."""
        today: Day | None = None
        for item in self.items():
            if today is None:
                today = Day(self._open(item.event.day), [])
            if self.until is not None and item.event.day > self.until:
                self.after += 1
                continue
            while today.day < item.event.day:
                yield today
                today = Day(self._open(today.day + 1), [])
            # Clocks put back over midnight may show yesterday's date again: the open day is the later one.
            if item.event.day != today.day:
                item = item._replace(event=replace(item.event, day=today.day))
            today.items.append(item)
        while today is not None:
            yield today
            today = Day(today.day + 1, []) if self.until is not None and today.day < self.until else None

    def last_day(self) -> int | None:
        """The last day to come, as far as the ends of the files tell without reading them: for showing progress."""
        if self.until is not None:
            return self.until
        zone = shop_zone(self.zone)
        ends = (parse_moment(table.last(KINDS[kind].shape.time), zone) for kind, table in self.tables.items())
        return max((end.day for end in ends if isinstance(end, Moment)), default=None)

    def _open(self, day: int) -> int:
        if self.first is None:
            self.first = day
            if self.until is not None and self.until < day:
                message = f"the first event is of {date.fromordinal(day)}, after the last day of the run"
                raise InputError(Problem("until_too_early", message, "give a later --until", column="until"))
        if day - self.first >= DAYS_MAX or (self.until is not None and self.until - self.first >= DAYS_MAX):
            message = f"the run would be longer than {DAYS_MAX} days from {date.fromordinal(self.first)}"
            raise InputError(Problem("too_many_days", message, "look for a wrong year in the files or in --until"))
        return day


def open_inputs(inputs: Inputs) -> dict[str, Table]:
    """Open all files; an ``InputError`` tells what is wrong with any of them."""
    shop_zone(inputs.zone)
    tables: dict[str, Table] = {}
    problems: list[Problem] = []
    for kind, path in inputs.paths().items():
        try:
            tables[kind] = open_table(path, KINDS[kind].shape)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return tables
