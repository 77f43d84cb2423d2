"""Statements: a member's lines, newest first: those since the last close, and below them the files of closed days.

A reader keeps those of the open day in memory and asks only for what is new. It says as of which batch it answers: for
a moment after a close it stays at the batch before, until the day's file is there.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from django.db import connections

from jifen.core.errors import InputError, Problem
from jifen.ledger.journal import NONE
from jifen.service.accounts import parts_of
from jifen.service.day_files import STATEMENTS, ClosedDay, DayFiles, closed_days
from jifen.service.directory import Directory, Member, Side
from jifen.service.entries import Block, Days, batch_days, entries_of, fetch_lines, joined, of_holder

__all__ = ["PAGE", "AsOf", "Entry", "Page", "Statements"]

PAGE = 50
"""Lines of a page."""
_MOST = 500
_NEWEST = 1 << 62
_PATIENCE = 30.0
"""Seconds that a reader lets others make a day's file before it does so itself."""
_LAST = "SELECT COALESCE(MAX(number), -1) FROM batch"
_BATCHES = "SELECT MAX(number), MAX(transfers) FROM batch WHERE number > %s AND number < %s"


@dataclass(frozen=True, slots=True)
class AsOf:
    """The batch up to which an answer has everything; -1 before the first one. ``day`` is the day that was open."""

    batch: int
    day: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a statement; ``amount`` is in micro-units of ``asset``, below zero where it leaves ``account``."""

    day: int
    account: Side
    asset: str
    amount: int
    other: Side
    """The side that it comes from or goes to."""
    rule: str
    reason: str | None
    """Of what is taken back after a refund: the rule that had paid it."""
    order: str | None
    batch: int
    version: int
    """The place of the plan version that decided."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines of a member, the newest first. ``older`` is the cursor of the next page, if there is one."""

    entries: list[Entry]
    older: str | None
    as_of: AsOf


@dataclass(frozen=True, slots=True)
class _View:
    """What a reader knows: it is replaced, and never changes."""

    closed: tuple[ClosedDay, ...] = ()
    tail: tuple[Block, ...] = ()
    """The lines since the last close: blocks in order, each at most half as long as the one before."""
    batch: int = -1
    line: int = 0
    """The number of the next line."""


class Statements:
    """The statements of one shop, for the threads of one process."""

    def __init__(
        self, folder: Path, using: str = "default", *, directory: Directory | None = None, patience: float = _PATIENCE
    ) -> None:
        """Answer from a shop's database and its ``folder``; missing files are made after ``patience`` seconds."""
        self.using, self.files = using, DayFiles(folder / STATEMENTS, using)
        self.directory = directory or Directory(using)
        self._patience, self._missed = patience, 0.0
        self._view, self._lock = _View(), threading.Lock()

    def page(self, member: str, *, older: str | None = None, size: int = PAGE) -> Page:
        """One page of a member's lines; ``older`` is the cursor that the page before gave.

        A cursor stays good while new lines arrive. ``InputError`` for an unknown member or a cursor that is none.
        """
        found, before = self.directory.member(member), _place(older)
        size = max(1, min(size, _MOST))
        view = self.look()
        rows: list[tuple[int, ...]] = []
        for block in _blocks(self.files, view, found, before):
            rows += reversed(block[-(size + 1 - len(rows)) :].tolist())
            if len(rows) > size:
                break
        cursor = f"{rows[size - 1][1]:x}" if len(rows) > size else None
        return Page(self._entries(rows[:size]), cursor, AsOf(view.batch, self._day(view)))

    def look(self) -> _View:
        """Take in what is new, and return what is known now."""
        with self._lock:
            # The newest batch comes first: a close that is committed after this question is left to the next look.
            newest = _last_batch(self.using)
            known = self._view.closed
            closed = closed_days(self.using, known[-1] if known else None)
            if closed and self._view.batch < 0:
                self._view = _View(tuple(closed), (), closed[-1].batch, closed[-1].last)
                closed = []
            for day in closed:
                self._view = self._with_lines(day.batch)
                if not self._ready(day):
                    return self._view
                self._view = _View((*self._view.closed, day), (), day.batch, day.last)
            self._view = self._with_lines(newest + 1)
            return self._view

    def _ready(self, day: ClosedDay) -> bool:
        """Whether a day's file is there, or should be made now."""
        if self.files.kept(day):
            self._missed = 0.0
            return True
        self._missed = self._missed or time.monotonic()
        if time.monotonic() - self._missed < self._patience:
            return False
        self._missed = 0.0
        return True

    def _with_lines(self, end: int) -> _View:
        """The view with the lines of all batches before one."""
        view = self._view
        with connections[self.using].cursor() as cursor:
            cursor.execute(_BATCHES, [view.batch, end])
            batch, last = cursor.fetchone()
        if batch is None:
            return view
        if last == view.line:
            return replace(view, batch=batch)
        days: Days = batch_days(self.using, view.batch + 1, batch)
        tail = [*view.tail, entries_of(fetch_lines(self.using, view.line, last), days)]
        while len(tail) > 1 and 2 * len(tail[-1]) > len(tail[-2]):
            tail[-2:] = [joined(tail[-2:])]
        return replace(view, tail=tuple(tail), batch=batch, line=last)

    def _day(self, view: _View) -> int:
        """The day that is open after the last batch of a view."""
        if view.closed:
            return view.closed[-1].day + 1
        return self.directory.first_day

    def _entries(self, rows: list[tuple[int, ...]]) -> list[Entry]:
        name = self.directory.name
        self.directory.learn("order", {row[5] for row in rows} - {NONE})
        made = []
        for _, _, account, other, amount, order, batch, day, rule, reason, version in rows:
            asset = name("asset", parts_of(account)[2])
            because = None if reason == NONE else name("rule", reason)
            bought = None if order == NONE else name("order", order)
            sides = self.directory.side(account), self.directory.side(other)
            made.append(
                Entry(day, sides[0], asset, amount, sides[1], name("rule", rule), because, bought, batch, version)
            )
        return made


def _blocks(files: DayFiles, view: _View, member: Member, before: int) -> Iterator[Block]:
    """A member's entries below a place, block by block, the newest block first."""
    for block in reversed(view.tail):
        yield of_holder(block, member.number, before)
    for day in reversed(view.closed):
        if day.batch < member.since:
            return
        if day.first << 1 < before:
            yield of_holder(files.of(day), member.number, before)


def _last_batch(using: str) -> int:
    with connections[using].cursor() as cursor:
        cursor.execute(_LAST)
        return int(cursor.fetchone()[0])


def _place(cursor: str | None) -> int:
    try:
        place = _NEWEST if cursor is None else int(cursor, 16)
    except ValueError:
        place = -1
    if not 0 <= place <= _NEWEST:
        raise InputError(Problem("bad_cursor", "there is no such page of a statement", "begin with the first page"))
    return place
