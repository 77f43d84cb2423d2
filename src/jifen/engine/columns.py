"""Growing columns of integers: how the world keeps members, lots and all the rest.

A table is declared by annotations, one for each column; every column is ``int64`` and has spare room at its end, so
``table.size`` says how many rows count. Read one value with ``table.column.item(row)``: a Python integer, which cannot
wrap around.
"""

from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from jifen.core.errors import ensure
from jifen.ledger.sums import exact_sum

__all__ = ["FIRST_CAPACITY", "SUM_MAX", "Column", "Table", "check_range", "exact_sum"]

Column = npt.NDArray[np.int64]

FIRST_CAPACITY = 64

SUM_MAX = 2**62
"""Sums of amounts stay below this, half of what 64 bits hold."""


class Table:
    """Rows of integers, by column. A value not given on ``add`` is -1 for the columns named in ``none``, else 0.

    >>> class Pairs(Table, none=("right",)):
    ...     left: Column
    ...     right: Column
    >>> pairs = Pairs()
    >>> pairs.add(left=5), pairs.size, pairs.right.item(0)
    (0, 1, -1)
    """

    fills: ClassVar[Mapping[str, int]]

    def __init_subclass__(cls, none: tuple[str, ...] = ()) -> None:
        """Note which columns start with "there is none"."""
        cls.fills = dict.fromkeys(none, -1)

    def __init__(self) -> None:
        """Start with no rows."""
        self.size = 0
        for name in self.names():
            setattr(self, name, np.full(FIRST_CAPACITY, self.fills.get(name, 0), dtype=np.int64))

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(cls.__annotations__)

    def reserve(self, rows: int) -> None:
        """Make room for at least ``rows`` rows in all."""
        names = self.names()
        capacity = len(getattr(self, names[0]))
        if rows <= capacity:
            return
        room = max(rows, capacity * 2) - capacity
        for name in names:
            spare = np.full(room, self.fills.get(name, 0), dtype=np.int64)
            setattr(self, name, np.concatenate([getattr(self, name), spare]))

    def add(self, **values: int) -> int:
        """Append one row and return its number."""
        row = self.size
        self.reserve(row + 1)
        for name, value in values.items():
            getattr(self, name)[row] = value
        self.size = row + 1
        return row

    def extend(self, count: int, **values: Column | int) -> int:
        """Append ``count`` rows from columns (or one value for all) and return the number of the first."""
        first = self.size
        self.reserve(first + count)
        for name, value in values.items():
            getattr(self, name)[first : first + count] = value
        self.size = first + count
        return first

    def columns(self) -> dict[str, Column]:
        """The rows that count, by column."""
        return {name: getattr(self, name)[: self.size] for name in self.names()}

    @classmethod
    def of(cls, columns: Mapping[str, Column], *, copy: bool = True) -> Self:
        """Make a table from columns of equal length; without ``copy`` it is only for reading (a snapshot's maps)."""
        table = cls()
        count = len(next(iter(columns.values())))
        if copy:
            table.extend(count, **columns)
            return table
        for name, column in columns.items():
            setattr(table, name, column)
        table.size = count
        return table


def check_range(column: Column, factor: int) -> None:
    """Raise ``BrokenInvariant`` if ``factor`` times the sum of these amounts could wrap around in compiled code."""
    total = exact_sum(column)
    ensure(-SUM_MAX < total * factor < SUM_MAX, f"amounts add up to {total}: times {factor} is beyond 64 bits")
