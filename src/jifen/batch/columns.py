"""Rows of members, orders and refunds as columns of integers, block by block: parsed, checked, and names numbered.

A compiled loop reads what is plainly right. All other rows are looked at one by one by ``Cells``, which knows every
rule: a row that it finds sound is put into the columns like the others, and one that is not is handed on with what is
wrong with it. So the columns hold the sound rows, each of them, and nothing else.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from jifen.batch.blocks import Block, Row
from jifen.batch.cells import Amount, Cells, Count, Kinds, Name
from jifen.batch.clock import clock_of, instant_micros, iso_times, wall_micros
from jifen.batch.kernels.names import NAMELESS
from jifen.batch.kernels.parse import Truths, amounts, counts, instants, late_rows, times
from jifen.batch.kernels.scan import Places, TextColumn
from jifen.batch.name_table import NameTables
from jifen.batch.tables import Table
from jifen.core.days import Moment, parse_moment
from jifen.core.errors import Problem, ensure
from jifen.engine.columns import Column

__all__ = ["Columns", "Refused", "Rows"]

_NEVER = -(1 << 62)
"""Before all times."""


class Refused(NamedTuple):
    """A row that is not sound, what is wrong with it, and the ``event`` that it was to be a part of."""

    before: int
    """How many sound rows of the same ``Rows`` stand above it."""
    row: Row
    problems: list[Problem]
    event: str


@dataclass(frozen=True, slots=True)
class Rows:
    """The sound rows of a block, in columns of equal length, and the ``refused`` ones in between.

    ``names`` has the number of each name, ``NAMELESS`` for an empty cell, ``values`` micro-units and counts, each by
    column; optional columns that the file does not have are in neither. Times are microseconds since 1970, ``instant``
    by universal time and ``wall`` by the shop's clock; instants never go back.
    """

    block: Block
    place: Column
    """Where in the block each row stands."""
    instant: Column
    wall: Column
    names: dict[str, Places]
    values: dict[str, Column]
    refused: list[Refused]

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.place)


@dataclass(slots=True)
class _Parsed:
    """All rows of a block without their names; a value stands for something only where the row is ``plain``."""

    block: Block
    plain: Truths
    instant: Column
    wall: Column
    above: Column
    """The latest time above each row."""
    late: Truths
    """Whether a row has a time before that."""
    values: dict[str, Column]


@dataclass(slots=True)
class Columns:
    """Reads a table as columns. ``kinds`` says what each column but ``time`` is, ``names`` numbers their names.

    ``event_id`` tells the event that a refused row was to be a part of.
    """

    table: Table
    zone: ZoneInfo
    kinds: Kinds
    time: str
    event_id: Callable[[Cells], str]
    names: NameTables = field(default_factory=NameTables)
    _latest: tuple[int, int] = field(default=(_NEVER, _NEVER), init=False)
    """The latest time so far: its instant, and what the shop's clock said."""

    def rows(self) -> Iterator[Rows]:
        """Yield all rows; a file broken in the middle is an ``InputError`` when its place is reached."""
        cells = Cells(self.table, self.zone)
        for parsed in _ahead(self._parsed()):
            names = {
                column: self._numbers(kind, parsed.block.columns[place], parsed.plain)
                for column, place in self.table.columns.items() if isinstance(kind := self.kinds.get(column), Name)
            }  # fmt: skip
            yield self._sound(parsed, names, cells)

    def _parsed(self) -> Iterator[_Parsed]:
        """Yield all rows without their names, which take as long as all the rest."""
        for block in self.table.blocks():
            plain = ~block.odd
            instant, wall, timed = self._times(block)
            above, late, self._latest = late_rows(instant, wall, timed, self._latest)
            plain &= timed & ~late
            values: dict[str, Column] = {}
            for column, place in self.table.columns.items():
                kind, cells = self.kinds.get(column), block.columns[place]
                if isinstance(kind, Amount):
                    values[column], good = amounts(cells, kind.decimals, kind.required)
                    plain &= good
                elif isinstance(kind, Count):
                    values[column], good = counts(cells)
                    plain &= good
            yield _Parsed(block, plain, instant, wall, above, late, values)

    def _numbers(self, kind: Name, cells: TextColumn, plain: Truths) -> Places:
        """The number of each name; a row whose cell is not one of the names that may stand there is not ``plain``."""
        table = self.names[kind.kind]
        numbers = table.of(cells)
        plain &= numbers >= (0 if kind.required else NAMELESS)
        if kind.options is not None:
            plain &= np.isin(numbers, [NAMELESS, *map(table.add, kind.options)])
        return numbers

    def _sound(self, parsed: _Parsed, names: dict[str, Places], cells: Cells) -> Rows:
        """Look at each row that is not plain: it is put into the columns, or refused."""
        sound = parsed.plain
        refused: list[tuple[int, list[Problem], str]] = []
        for place in np.flatnonzero(~sound).tolist():
            values = self._checked(parsed.block.row(place), cells, parsed)
            if cells.problems:
                refused.append((place, cells.problems, self.event_id(cells)))
                continue
            sound[place] = True
            for column, value in values.items():
                if isinstance(value, int):
                    parsed.values[column][place] = value
                else:
                    names[column][place] = self._number(column, value)
        places = np.flatnonzero(sound)
        before = np.searchsorted(places, [place for place, *_ in refused]).tolist()
        return Rows(
            parsed.block, places, parsed.instant[places], parsed.wall[places],
            {column: numbers[places] for column, numbers in names.items()},
            {column: values[places] for column, values in parsed.values.items()},
            [
                Refused(above, parsed.block.row(place), problems, event)
                for above, (place, problems, event) in zip(before, refused, strict=True)
            ],
        )  # fmt: skip

    def _checked(self, row: Row, cells: Cells, parsed: _Parsed) -> dict[str, str | int | None]:
        """What stands in each column of a row; what is wrong with it is left in ``cells.problems``."""
        if not cells.read(row):
            return {}
        moment = cells.moment(self.time)
        if moment is not None and parsed.late[row.place]:
            (above,) = iso_times(parsed.above[row.place : row.place + 1])
            message = f"{moment.at} is before the row above it ({above})"
            cells.note(Problem("out_of_order", message, f"sort by {self.time}"), self.time)
        given = ((column, kind) for column, kind in self.kinds.items() if column in self.table.columns)
        return {column: cells.value(column, kind) for column, kind in given}

    def _number(self, column: str, name: str | None) -> int:
        """The number of a name that ``Cells`` has let through."""
        kind = self.kinds[column]
        if name is None or not isinstance(kind, Name):
            return NAMELESS
        number = self.names[kind.kind].add(name)
        ensure(number >= 0, f"{name!r} in {column} is no name")
        return number

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


def _ahead(parts: Iterator[_Parsed]) -> Iterator[_Parsed]:
    """Make the next part in a second thread while the present one is used."""
    pool = ThreadPoolExecutor(max_workers=1)
    try:
        following = pool.submit(next, parts, None)
        while (part := following.result()) is not None:
            following = pool.submit(next, parts, None)
            yield part
    finally:  # Who leaves half-way does not wait for a part that nobody asks for.
        pool.shutdown(wait=False, cancel_futures=True)
