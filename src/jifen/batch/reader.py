"""The rows of one file: those that are refused, those that stand alone, and those that make up one event together."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from jifen.batch.blocks import Row
from jifen.batch.cells import Cells, Kinds
from jifen.batch.clock import instant_micros
from jifen.batch.columns import Columns
from jifen.batch.findings import Findings
from jifen.batch.name_table import NameTables
from jifen.batch.stretches import Stretch, When
from jifen.batch.tables import Shape, Table, rows_of
from jifen.core.errors import Problem
from jifen.engine.events import Event
from jifen.plan import Plan

__all__ = ["Item", "Part", "Reader", "rank_names"]


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


@dataclass(slots=True)
class Reader:
    """Reads one table; refused rows go to ``findings``. ``plan`` is the one that counts when the run begins."""

    table: Table
    zone: ZoneInfo
    findings: Findings
    shape: Shape
    plan: Plan | None = None
    names: NameTables = field(default_factory=NameTables)

    @property
    def ranks(self) -> tuple[str, ...]:
        """The names a member's rank may have."""
        return () if self.plan is None else rank_names(self.plan)

    def single(self, event_id: Callable[[Cells], str]) -> Iterator[tuple[Cells, When]]:
        """Each row with its time; what is wrong with the time is in ``cells.problems``, as all that is found later."""
        cells = Cells(self.table, self.zone)
        last = never = When(-(1 << 62), 0, "")
        for row in rows_of(self.table):
            if not cells.read(row):
                self.findings.refuse(self.table, (row,), cells.problems, event_id(cells))
                continue
            moment = cells.moment(self.shape.time)
            when = never if moment is None else When(instant_micros(moment.instant), moment.day, moment.at)
            if when is not never and when.instant < last.instant:
                message = f"{when.at} is before the row above it ({last.at})"
                cells.note(Problem("out_of_order", message, f"sort by {self.shape.time}"), self.shape.time)
            elif when is not never:
                last = when
            yield cells, when

    def stretches(self, kinds: Kinds, event_id: Callable[[Cells], str]) -> Iterator[Stretch]:
        """All rows but refused ones, as long as they follow one another."""
        for rows in Columns(self.table, self.zone, kinds, self.shape.time, event_id, self.names).rows():
            at = 0
            for before, row, problems, event in rows.refused:
                if at < before:
                    yield Stretch(rows, kinds, self.names, at, before)
                    at = before
                self.findings.refuse(self.table, (row,), problems, event)
            if at < len(rows):
                yield Stretch(rows, kinds, self.names, at, len(rows))

    def together(self, parts: Iterator[Part]) -> Iterator[list[Part]]:
        """The rows of one id at one time, together: what is left of them without repeated and contradicting ones."""
        for _, at_once in groupby(parts, key=lambda part: part.when.instant):
            by_id: dict[str, list[Part]] = {}
            for part in at_once:
                by_id.setdefault(part.id, []).append(part)
            for of_one in by_id.values():
                kept = self._agreeing(of_one)
                if kept:
                    yield kept

    def _agreeing(self, parts: list[Part]) -> list[Part]:
        """The rows that make up one event. None, if another row of it was refused: a part of an order is no order.

        A line's number that comes again with equal facts is counted, with other facts it is refused and the first one
        stands. A new line that contradicts the others (another member, say) makes the whole event refused.
        """
        first = parts[0]
        cause = self.findings.lost(first.id)
        if cause is not None:
            self.findings.follow(self.table, tuple(part.row for part in parts), cause, first.id)
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
                rows = tuple(part.row for part in parts)
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
