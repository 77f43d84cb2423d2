"""How the rows of one file become events: those that are plainly right by column, all others one by one.

Both give the same; only the reader of single rows knows what to say of a mistake.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from jifen.batch.blocks import Row
from jifen.batch.cells import Cells
from jifen.batch.clock import instant_micros, iso_times
from jifen.batch.columns import Columns, Kinds, NameTables, Rows, day_of
from jifen.batch.findings import Findings
from jifen.batch.tables import Shape, Table, rows_of
from jifen.core.errors import Problem
from jifen.engine.events import Event
from jifen.plan import Plan

__all__ = ["Item", "Part", "Plain", "Reader", "When", "rank_names"]


class When(NamedTuple):
    """A time: its ``instant`` in microseconds since 1970, its business ``day``, ``at`` as the shop's clock said it."""

    instant: int
    day: int
    at: str


class Item(NamedTuple):
    """An event with its place in the input: the rows it was made of.

    ``instant``, microseconds since 1970, sorts it among other files' events.
    """

    instant: int
    event: Event
    table: Table
    rows: tuple[Row, ...]
    key: str
    """The column with its id."""


class Part(NamedTuple):
    """One row of an order or refund: the event's id, what all its rows share, the line's number and its facts."""

    when: When
    row: Row
    id: str
    shared: tuple[Any, ...]
    line: str
    facts: Any


_NEVER = When(-(1 << 62), 0, "")
"""Stands for a time that could not be read, in a row that will be refused, and for that of the row above the first."""

Plain = Callable[[Rows, NameTables], Callable[[int, When, Row], Part]]
"""Makes what turns a plain row into its part: from columns, by the row's place in them."""
Single = Callable[[Cells, When], Part]
"""Makes the part of a row from its cells, which keep what is wrong with it."""


@dataclass(slots=True)
class Reader:
    """Reads one table; refused rows go to ``findings``. ``plan`` is the one that counts when the run begins."""

    table: Table
    zone: ZoneInfo
    findings: Findings
    shape: Shape
    plan: Plan | None = None
    names: NameTables = field(default_factory=NameTables)
    _last: When = field(default=_NEVER, init=False)

    @property
    def ranks(self) -> tuple[str, ...]:
        """The names a member's rank may have."""
        return () if self.plan is None else rank_names(self.plan)

    def single(self, event_id: Callable[[Cells], str]) -> Iterator[tuple[Cells, When]]:
        """Each row with its time; what is wrong with the time is in ``cells.problems``, as all that is found later."""
        cells = Cells(self.table, self.zone)
        for row in rows_of(self.table):
            when = self._look(cells, row, event_id)
            if when is not None:
                yield cells, when

    def refuse(self, cells: Cells, event: str) -> None:
        """Refuse the present row with its problems."""
        self.findings.refuse(self.table, (cells.row,), cells.problems, event)

    def sound(self, kinds: Kinds, plain: Plain, single: Single, event_id: Callable[[Cells], str]) -> Iterator[Part]:
        """The parts of all rows but refused ones."""
        cells = Cells(self.table, self.zone)
        for rows in Columns(self.table, self.zone, kinds, self.shape.time, self.names).rows():
            part_of = plain(rows, self.names)
            days, times = day_of(rows.wall).tolist(), iso_times(rows.wall)
            states = zip(rows.plain.tolist(), rows.instant.tolist(), rows.block.rows(), strict=True)
            for place, (is_plain, instant, row) in enumerate(states):
                if is_plain:
                    self._last = When(instant, days[place], times[place])
                    yield part_of(place, self._last, row)
                    continue
                when = self._look(cells, row, event_id)
                if when is None:
                    continue
                part = single(cells, when)
                if cells.problems:
                    self.refuse(cells, part.id)
                else:
                    yield part

    def _look(self, cells: Cells, row: Row, event_id: Callable[[Cells], str]) -> When | None:
        """Go to a row and read its time; ``None`` if it was refused, having too few or too many cells."""
        if not cells.read(row):
            self.refuse(cells, event_id(cells))
            return None
        moment = cells.moment(self.shape.time)
        if moment is None:
            return _NEVER
        when = When(instant_micros(moment.instant), moment.day, moment.at)
        if when.instant < self._last.instant:
            message = f"{when.at} is before the row above it ({self._last.at})"
            cells.note(Problem("out_of_order", message, f"sort by {self.shape.time}"), self.shape.time)
        else:
            self._last = when
        return when

    def together(self, sound: Iterator[Part]) -> Iterator[list[Part]]:
        """The rows of one id at one time, together: what is left of them without repeated and contradicting ones."""
        for _, at_once in groupby(sound, key=lambda part: part.when.instant):
            by_id: dict[str, list[Part]] = {}
            for part in at_once:
                by_id.setdefault(part.id, []).append(part)
            for parts in by_id.values():
                kept = self._agreeing(parts)
                if kept:
                    yield kept

    def _agreeing(self, parts: list[Part]) -> list[Part]:
        """The rows that make up one event. None, if another row of it was refused: a part of an order is no order.

        A line's number that comes again with equal facts is counted, with other facts it is refused and the first one
        stands. A new line that contradicts the others (another member, say) makes the whole event refused.
        """
        first = parts[0]
        rows = tuple(part.row for part in parts)
        cause = self.findings.lost(first.id)
        if cause is not None:
            self.findings.follow(self.table, rows, cause, first.id)
            return []
        if len(parts) == 1:
            return parts
        kept: dict[str, Part] = {}
        for part in parts:
            same = kept.setdefault(part.line, part)
            if (part.shared, part.facts) == (first.shared, same.facts):
                self.findings.duplicates += same is not part
            elif same is not part:
                self.findings.refuse(self.table, (part.row,), (self._conflict(part, same),))
            else:
                self.findings.refuse(self.table, rows, (self._conflict(part, first),), first.id)
                return []
        return list(kept.values())

    def _conflict(self, part: Part, other: Part) -> Problem:
        return Problem(
            "conflict", f"{part.id} is in row {other.row.number} already, with other facts",
            "give each event an id of its own, and each line of an order a number", self.table.file, part.row.number,
            self.shape.required[0],
        )  # fmt: skip


def rank_names(plan: Plan) -> tuple[str, ...]:
    """The names of all ranks of a plan."""
    return tuple(dict.fromkeys(row.name for ladder in plan.ranks.values() for row in ladder.ladder))
