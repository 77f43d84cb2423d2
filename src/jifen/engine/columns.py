"""Growing columns of integers: how the world keeps members, lots and all the rest.

A table is declared by annotations, one for each column: ``Column`` has 64 bits (amounts), ``Narrow`` 32 (numbers of
rows and days, rates), ``Flags`` 8. Every column has spare room at its end, so ``table.size`` says how many rows count.
Read one value with ``table.column.item(row)``: a Python integer, which cannot wrap around.

A column annotated ``Placed`` is kept in an order of its own, that in which the daily run reads it; ask it by row like
any other.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self, get_args

import numpy as np
import numpy.typing as npt

from jifen.core.errors import ensure
from jifen.ledger.sums import exact_sum

__all__ = [
    "FIRST_CAPACITY", "ROWS_MAX", "SUM_MAX", "Column", "Flags", "Narrow", "Placed", "PlacedNarrow", "Table",
    "check_range", "exact_sum", "own",
]  # fmt: skip

Column = npt.NDArray[np.int64]
Narrow = npt.NDArray[np.int32]
Flags = npt.NDArray[np.int8]

FIRST_CAPACITY = 64
_LARGE = 1 << 20
"""Rows from which a table grows by a quarter, not to twice its size."""
_STEP = 1 << 10
"""By so many rows, or what is asked for, a table grows at a time into the room that its columns have."""

ROWS_MAX = 2**31 - 1
"""More rows cannot be numbered in a narrow column."""

SUM_MAX = 2**62
"""Sums of amounts stay below this, half of what 64 bits hold."""


class Placed:
    """A column in another order than that of its table: row r is at ``data[slot[r]]``, ``slot`` being the table's."""

    dtype: ClassVar[type[np.signedinteger[Any]]] = np.int64
    __slots__ = ("_table", "data")

    def __init__(self, table: "Table", data: npt.NDArray[Any]) -> None:
        """Keep ``data`` for a table with a column ``slot``."""
        self._table, self.data = table, data

    def item(self, row: int) -> int:
        """The value of one row."""
        value: int = self.data.item(self._table.slot.item(row))
        return value

    def __getitem__(self, rows: Any) -> Any:
        """The values of some rows, as a copy."""
        return self.data[self._table.slot[rows]]

    def __setitem__(self, rows: Any, values: Any) -> None:
        """Set the values of some rows."""
        self.data[self._table.slot[rows]] = values


class PlacedNarrow(Placed):
    """The same with 32 bits."""

    dtype = np.int32
    __slots__ = ()


class Table:
    """Rows of integers, by column. A value not given on ``add`` is -1 for the columns named in ``none``, else 0.

    >>> class Pairs(Table, none=("right",)):
    ...     left: Column
    ...     right: Narrow
    >>> pairs = Pairs()
    >>> pairs.add(left=5), pairs.size, pairs.right.item(0)
    (0, 1, -1)
    """

    fills: ClassVar[Mapping[str, int]]
    has_places: ClassVar[bool]
    slot: Narrow

    def __init_subclass__(cls, none: tuple[str, ...] = ()) -> None:
        """Note which columns start with "there is none"."""
        cls.fills = dict.fromkeys(none, -1)
        cls.has_places = "slot" in cls.__annotations__

    def __init__(self) -> None:
        """Start with no rows."""
        self.size, self.capacity = 0, FIRST_CAPACITY
        self._same: dict[str, npt.NDArray[Any]] = {}
        """Columns of one number throughout that nobody has asked for: views of that number."""
        for name, kind in type(self).__annotations__.items():
            placed = isinstance(kind, type) and issubclass(kind, Placed)
            data = self._filled(name, kind.dtype if placed else get_args(get_args(kind)[1])[0], FIRST_CAPACITY)
            setattr(self, name, kind(self, data) if placed else data)

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(cls.__annotations__)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> npt.NDArray[Any]:
            """A column that a snapshot has as one number is made when it is first asked for."""
            same = vars(self).get("_same", {})
            if name not in same:
                raise AttributeError(f"{type(self).__name__} has no {name}")
            column = own(same.pop(name))
            setattr(self, name, column)
            return column

    @classmethod
    def _filled(cls, name: str, dtype: npt.DTypeLike, rows: int) -> npt.NDArray[Any]:
        """Room for rows; what is zero takes no memory before it is written."""
        fill = cls.fills.get(name, 0)
        return np.full(rows, fill, dtype=dtype) if fill else np.zeros(rows, dtype=dtype)

    def data_of(self, name: str) -> npt.NDArray[Any]:
        """A column's array, in the order in which it is kept."""
        column: Any = getattr(self, name)
        data: npt.NDArray[Any] = column.data if isinstance(column, Placed) else column
        return data

    def _keep(self, name: str, data: npt.NDArray[Any]) -> None:
        """Replace a column's array."""
        column = getattr(self, name)
        if isinstance(column, Placed):
            column.data = data
        else:
            setattr(self, name, data)

    def reserve(self, rows: int) -> None:
        """Make room for at least ``rows`` rows in all; columns of a snapshot have some that only must be filled."""
        capacity = self.capacity
        if rows <= capacity:
            return
        ensure(rows <= ROWS_MAX, f"{type(self).__name__} cannot have {rows} rows")
        columns = {name: self.data_of(name) for name in self.names()}
        room = min(map(len, columns.values()))
        if rows <= room:
            self.capacity = min(max(rows, capacity + _STEP), room)
            for name, data in columns.items():
                added, fill = data[capacity : self.capacity], self.fills.get(name, 0)
                if np.any(added != fill):
                    added[:] = fill
            return
        self.capacity = max(rows, capacity + (capacity if capacity < _LARGE else capacity // 4))
        for name, old in columns.items():
            new = self._filled(name, old.dtype, self.capacity)
            if name in self.fills or old[:capacity].any():
                new[:capacity] = old[:capacity]
            self._keep(name, new)

    def add(self, **values: int) -> int:
        """Append one row and return its number."""
        row, columns = self.size, vars(self)
        if row == self.capacity:
            self.reserve(row + 1)
        if self.has_places:
            self.slot[row] = row
        for name, value in values.items():
            columns[name][row] = value
        self.size = row + 1
        return row

    def extend(self, count: int, **values: npt.NDArray[Any] | int) -> int:
        """Append ``count`` rows from columns (or one value for all) and return the number of the first."""
        first = self.size
        self.reserve(first + count)
        if self.has_places:
            self.slot[first : first + count] = np.arange(first, first + count)
        for name, value in values.items():
            self.data_of(name)[first : first + count] = value
        self.size = first + count
        return first

    def put(self, name: str, first: int, column: npt.NDArray[Any]) -> None:
        """Set a column from row ``first`` on. Zeros, which it has there already, take no memory."""
        if column.any():
            self.data_of(name)[first : first + len(column)] = column

    def clear(self) -> None:
        """Take all rows away; the room stays."""
        for name in self.names():
            self.data_of(name)[: self.size] = self.fills.get(name, 0)
        self.size = 0

    def placed(self) -> list[Placed]:
        """The columns that are in an order of their own."""
        return [column for name in self.names() if isinstance(column := getattr(self, name), Placed)]

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """The rows that count, by column, each in the order in which it is kept."""
        found = {name: self._same[name] if name in self._same else self.data_of(name) for name in self.names()}
        return {name: column[: self.size] for name, column in found.items()}

    @classmethod
    def of(cls, columns: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Make a table from what ``columns()`` gave."""
        table = cls()
        table.extend(len(next(iter(columns.values()))), **columns)
        return table

    @classmethod
    def on(cls, columns: Mapping[str, npt.NDArray[Any]], rows: int) -> Self:
        """Make a table of ``rows`` rows that keeps these arrays, a snapshot's maps, and their room."""
        table = cls()
        for name, column in columns.items():
            if isinstance(vars(table)[name], Placed):
                table._keep(name, own(column))
            elif column.flags.writeable:
                setattr(table, name, column)
            else:
                table._same[name] = column
                delattr(table, name)
        table.size = table.capacity = rows
        return table


def own(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A column that can be written: itself, or what a view of one number shows, of which zeros take no memory yet."""
    if column.flags.writeable:
        return column
    return np.zeros(column.shape, column.dtype) if column.size and not column.flat[0] else column.copy()


def check_range(column: npt.NDArray[Any], factor: int) -> None:
    """Raise ``BrokenInvariant`` if ``factor`` times the sum of these amounts could wrap around in compiled code."""
    total = exact_sum(column)
    ensure(-SUM_MAX < total * factor < SUM_MAX, f"amounts add up to {total}: times {factor} is beyond 64 bits")
