"""Rows of members, orders and refunds as columns of integers, block by block: parsed, checked, and names numbered.

A row is ``plain`` if every cell is plainly right and its time is not before that of a row above it. All others are left
to the reader of rows, which accepts them or says what is wrong with them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from threading import Thread
from zoneinfo import ZoneInfo

import numpy as np

from jifen.batch.blocks import Block
from jifen.batch.clock import DAY_MICROS, EPOCH_DAY, clock_of, instant_micros, wall_micros
from jifen.batch.kernels.names import NAMELESS
from jifen.batch.kernels.parse import Truths, amounts, counts, instants, times
from jifen.batch.kernels.scan import Places, TextColumn
from jifen.batch.numbers import Numbers
from jifen.batch.tables import Table
from jifen.core.days import Moment, parse_moment
from jifen.engine.columns import Column
from jifen.engine.kernels import compiled

__all__ = ["Amount", "Columns", "Count", "Kinds", "Name", "NameTables", "Rows", "day_of"]


@dataclass(frozen=True, slots=True)
class Name:
    """A column of names: of which kind, whether it must be filled, and among which names (``None``: any)."""

    kind: str
    required: bool = False
    options: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Amount:
    """A column of amounts not below zero with at most so many decimals."""

    decimals: int
    required: bool = False


@dataclass(frozen=True, slots=True)
class Count:
    """A column of whole numbers from 1 on; an empty cell is 1."""


Kinds = Mapping[str, Name | Amount | Count]
"""What each column of a file is; the column of times is none of them."""


class NameTables(dict[str, Numbers]):
    """The names of each kind; files share them, so that a member has one number in all."""

    def __missing__(self, kind: str) -> Numbers:
        """Begin a new kind."""
        self[kind] = Numbers()
        return self[kind]


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of a file; a value stands for something only where the row is ``plain``.

    ``names`` has the number of each name, ``NAMELESS`` for an empty cell, ``values`` micro-units and counts, each by
    column; optional columns that the file does not have are in neither. Times are microseconds since 1970, ``instant``
    by universal time and ``wall`` by the shop's clock.
    """

    block: Block
    plain: Truths
    instant: Column
    wall: Column
    names: Mapping[str, Places]
    values: Mapping[str, Column]

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.plain)


@dataclass(slots=True)
class Columns:
    """Reads a table as columns. ``kinds`` says what each column but ``time`` is."""

    table: Table
    zone: ZoneInfo
    kinds: Kinds
    time: str
    tables: NameTables = field(default_factory=NameTables)
    _highest: int = field(default=-(1 << 62), init=False)
    """The latest instant so far."""

    def rows(self) -> Iterator[Rows]:
        """Yield all rows; a file broken in the middle is an ``InputError`` when its place is reached."""
        for rows in _ahead(self._unnamed()):
            names = {
                column: self._numbers(kind, rows.block.columns[place], rows.plain)
                for column, place in self.table.columns.items() if isinstance(kind := self.kinds.get(column), Name)
            }  # fmt: skip
            yield replace(rows, names=names)

    def _unnamed(self) -> Iterator[Rows]:
        """Yield all rows without their names, which take as long as all the rest."""
        for block in self.table.blocks():
            plain = ~block.odd
            instant, wall, timed = self._times(block)
            self._highest = _in_order(instant, timed, self._highest, plain)
            values: dict[str, Column] = {}
            for column, place in self.table.columns.items():
                kind = self.kinds.get(column)
                if isinstance(kind, Amount):
                    values[column], good = amounts(block.columns[place], kind.decimals, kind.required)
                    plain &= good
                elif isinstance(kind, Count):
                    values[column], good = counts(block.columns[place])
                    plain &= good
            yield Rows(block, plain, instant, wall, {}, values)

    def _numbers(self, kind: Name, cells: TextColumn, plain: Truths) -> Places:
        numbers = self.tables[kind.kind].of(cells)
        plain &= numbers >= (0 if kind.required else NAMELESS)
        if kind.options is not None:
            table = self.tables[kind.kind]
            known = [number for name in kind.options if (number := table.number(name)) >= 0]
            plain &= np.isin(numbers, [NAMELESS, *known])
        return numbers

    def _times(self, block: Block) -> tuple[Column, Column, Truths]:
        """(instant, wall, whether the row has a time) of each row."""
        cells = block.columns[self.table.columns[self.time]]
        written, offsets, good = times(cells)
        good &= ~block.odd
        instant, wall = instants(written, offsets, good, clock_of(self.zone))
        for place in np.flatnonzero(~good).tolist():
            moment = self._moment(block.values(place))
            if moment is not None:
                instant[place] = instant_micros(moment.instant)
                wall[place] = wall_micros(moment.at)
                good[place] = True
        return instant, wall, good

    def _moment(self, values: list[str]) -> Moment | None:
        """The time of a row that is not as plain as a kernel can read; a row of too few or many cells has none."""
        if len(values) != len(self.table.columns):
            return None
        text = values[self.table.columns[self.time]].strip()
        found = parse_moment(text, self.zone) if text else None
        return found if isinstance(found, Moment) else None


def _ahead(parts: Iterator[Rows]) -> Iterator[Rows]:
    """Make the next part in a second thread while the present one is used.

    A thread for each part, which ends by itself: a reader that is left half-way has nothing to clear up.
    """
    part = next(parts, None)
    while part is not None:
        following = _Following(parts)
        yield part
        part = following.part()


class _Following(Thread):
    """The next part, or what went wrong when it was made."""

    def __init__(self, parts: Iterator[Rows]) -> None:
        super().__init__(daemon=True)
        self._parts = parts
        self._made: Rows | None = None
        self._error: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self._made = next(self._parts, None)
        except Exception as error:  # it is raised again where the part is asked for
            self._error = error

    def part(self) -> Rows | None:
        """Wait for it; ``None`` if there was none."""
        self.join()
        if self._error is not None:
            raise self._error
        return self._made


def day_of(walls: Column) -> Column:
    """The business day of each time of the shop's clock, as an ordinal."""
    return walls // DAY_MICROS + EPOCH_DAY


@compiled
def _in_order(instant: Column, timed: Truths, highest: int, plain: Truths) -> int:
    """Make rows that are before one above them, or have no time, not ``plain``; return the latest instant."""
    for row in range(len(instant)):
        if not timed[row] or instant[row] < highest:
            plain[row] = False
        else:
            highest = instant[row]
    return highest
