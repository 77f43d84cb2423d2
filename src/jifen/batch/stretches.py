"""Rows of one file that follow one another in the log, as columns; and where such a stretch has to be cut."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from jifen.batch.blocks import Row
from jifen.batch.cells import Kinds, Name
from jifen.batch.clock import day_of, iso_times
from jifen.batch.columns import Rows
from jifen.batch.kernels.names import NAMELESS
from jifen.batch.kernels.parse import Truths
from jifen.batch.kernels.scan import Places
from jifen.batch.name_table import NameTables
from jifen.engine.columns import Column

__all__ = ["Stretch", "When", "cut", "cut_repeats", "whole_times"]


class When(NamedTuple):
    """A time: its ``instant`` in microseconds since 1970, its business ``day``, ``at`` as the shop's clock said it."""

    instant: int
    day: int
    at: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some ``rows`` of a file that follow one another: those from ``first`` up to ``last``, which is not one of them.

    What it tells of its rows has one place for each of them. No Python object is made for a row but by ``texts``.
    """

    rows: Rows
    kinds: Kinds
    tables: NameTables
    """The names that the numbers stand for, by kind."""
    first: int
    last: int

    def __len__(self) -> int:
        """How many rows there are."""
        return self.last - self.first

    def part(self, first: int, last: int) -> "Stretch":
        """Those of its rows from ``first`` up to ``last``."""
        return Stretch(self.rows, self.kinds, self.tables, self.first + first, self.first + last)

    @property
    def instant(self) -> Column:
        """Times as microseconds since 1970; they never go back."""
        return self.rows.instant[self.first : self.last]

    @property
    def day(self) -> Column:
        """Dates that the shop's clock showed, as ordinals."""
        return day_of(self.rows.wall[self.first : self.last])

    def names(self, column: str) -> Places:
        """The numbers of the names in a column; ``NAMELESS`` for an empty cell, or if the file has no such column."""
        if column not in self.rows.names:
            return np.full(len(self), NAMELESS, dtype=np.int32)
        return self.rows.names[column][self.first : self.last]

    def values(self, column: str, default: int = 0) -> Column:
        """Amounts in micro-units, or counts; ``default`` if the file has no such column."""
        if column not in self.rows.values:
            return np.full(len(self), default, dtype=np.int64)
        return self.rows.values[column][self.first : self.last]

    def texts(self, column: str) -> Sequence[Any]:
        """The names in a column, ``None`` where there is none."""
        kind = self.kinds[column]
        if not isinstance(kind, Name) or column not in self.rows.names:
            return [None] * len(self)
        return self.tables[kind.kind].names(self.names(column))

    def times(self) -> list[When]:
        """The time of each row."""
        at = iso_times(self.rows.wall[self.first : self.last])
        return [When(*when) for when in zip(self.instant.tolist(), self.day.tolist(), at, strict=True)]

    def cells(self) -> list[Row]:
        """Each row as it stands in the file."""
        block, places = self.rows.block, self.rows.place[self.first : self.last]
        numbers = block.numbers[places].tolist()
        return [Row(number, block, place) for number, place in zip(numbers, places.tolist(), strict=True)]


def whole_times(stretches: Iterable[Stretch]) -> Iterator[list[Stretch]]:
    """All rows again, those of one time always together: a stretch of whole times, or all stretches of a single one.

    The rows of the latest time are kept until one of a later time is there.
    """
    kept: list[Stretch] = []
    for stretch in stretches:
        rest = stretch
        if kept and rest.instant[0] == kept[-1].instant[-1]:
            same = int(np.searchsorted(rest.instant, rest.instant[0], side="right"))
            kept.append(rest.part(0, same))
            rest = rest.part(same, len(rest))
        if not len(rest):
            continue
        if kept:
            yield kept
        last = int(np.searchsorted(rest.instant, rest.instant[-1]))
        if last:
            yield [rest.part(0, last)]
        kept = [rest.part(last, len(rest))]
    if kept:
        yield kept


def cut(stretch: Stretch, where: Truths) -> Iterator[tuple[bool, Stretch]]:
    """Cut a stretch so that ``where`` is the same for all rows of a part: (what it is, the part)."""
    cuts = [0, *(np.flatnonzero(where[1:] != where[:-1]) + 1).tolist(), len(stretch)]
    for first, last in pairwise(cuts):
        yield bool(where[first]), stretch.part(first, last)


def cut_repeats(whole: list[Stretch], column: str | None) -> Iterator[tuple[bool, list[Stretch]]]:
    """Cut what ``whole_times`` gives where a name in ``column`` comes again at its time: (whether it does, the rows).

    Without a column, two rows of one time are enough.
    """
    instant = np.concatenate([stretch.instant for stretch in whole])
    name = np.zeros(len(instant)) if column is None else np.concatenate([stretch.names(column) for stretch in whole])
    order = np.argsort(name, kind="stable")
    again = (name[order[1:]] == name[order[:-1]]) & (instant[order[1:]] == instant[order[:-1]])
    if len(whole) > 1 or not again.any():
        yield bool(again.any()), whole
    else:
        for repeated, part in cut(whole[0], np.isin(instant, instant[order[1:][again]])):
            yield repeated, [part]
