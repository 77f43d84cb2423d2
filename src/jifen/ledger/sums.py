"""Sums that are exact: Python integers, which no total over many rows can make wrap around."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["exact_sum", "exactly", "grouped_sums", "sums_by"]

_LOW_BITS = 32
_BEYOND = 1 << 63
_Numbers = npt.NDArray[np.signedinteger[Any]]


def exact_sum(column: _Numbers) -> int:
    """The sum of integers of any width, for fewer than 2³¹ of them.

    >>> exact_sum(np.array([2**62, 2**62, 2**62]))
    13835058055282163712
    """
    if _fits(column):
        return int(column.sum(dtype=np.int64))
    low, high = _halves(column)
    return (int(high.sum()) << _LOW_BITS) + int(low.sum())


def grouped_sums(keys: Sequence[_Numbers | int], amounts: _Numbers) -> Iterator[tuple[tuple[int, ...], int]]:
    """Each combination of numbers that the rows have in the key columns, and the sum of its rows' amounts.

    A key that is one number is that of every row. Rows are only sorted where they are fewer than the combinations that
    there might be.

    >>> list(grouped_sums([7, np.array([1, 2, 1])], np.array([10, 20, 30])))
    [((7, 1), 40), ((7, 2), 20)]
    """
    varying = [key for key in keys if not isinstance(key, int)]
    if not varying:
        yield tuple(key for key in keys if isinstance(key, int)), exact_sum(amounts)
        return
    groups, rows = _groups(varying)
    sums = sums_by(groups, amounts, len(rows)).tolist()
    for row, total in zip(rows.tolist(), sums, strict=True):
        yield tuple(key if isinstance(key, int) else key.item(row) for key in keys), total


def sums_by(places: _Numbers, amounts: _Numbers, count: int) -> npt.NDArray[Any]:
    """By place, from 0 to ``count`` − 1, the sum of the amounts that stand at it: int64, or else Python integers.

    >>> sums_by(np.array([0, 2, 2]), np.array([1, 2**62, 2**62]), 3).tolist()
    [1, 0, 9223372036854775808]
    """

    def added(part: _Numbers) -> _Numbers:
        sums = np.zeros(count, dtype=np.int64)
        np.add.at(sums, places, part)
        return sums

    return exactly(added, amounts)


def exactly(add: Callable[[Any], _Numbers], amounts: _Numbers) -> npt.NDArray[Any]:
    """What ``add`` makes of amounts: sums of some of them, each counted at most once, for fewer than 2³¹ amounts.

    Where 64 bits might not hold a sum the amounts are added up in two halves, and the sums are Python integers.

    >>> exactly(np.cumsum, np.array([2**62, 2**62])).tolist()
    [4611686018427387904, 9223372036854775808]
    """
    if _fits(amounts):
        return add(amounts)
    low, high = (add(half).astype(object) for half in _halves(amounts))
    sums: npt.NDArray[Any] = (high << _LOW_BITS) + low
    return sums


def _fits(column: _Numbers) -> bool:
    """Whether 64 bits hold any sum of these numbers."""
    return not len(column) or max(int(column.max()), -int(column.min())) * len(column) < _BEYOND


def _halves(column: _Numbers) -> tuple[_Numbers, _Numbers]:
    return column & ((1 << _LOW_BITS) - 1), column >> _LOW_BITS


def _groups(keys: Sequence[_Numbers]) -> tuple[_Numbers, _Numbers]:
    """The group of each row, numbered from 0 in order of the keys, and one row of each group."""
    combined, size = _combined(keys)
    if size > len(combined):
        _, rows, groups = np.unique(combined, return_index=True, return_inverse=True)
        return groups, rows
    row_of = np.full(size, -1)
    row_of[combined] = np.arange(len(combined))
    numbers = np.cumsum(row_of >= 0) - 1
    return numbers[combined], row_of[row_of >= 0]


def _combined(keys: Sequence[_Numbers]) -> tuple[_Numbers, int]:
    """One number a row, the same for rows that are the same in all keys and only for these; all are below the other."""
    combined, size = np.zeros(len(keys[0]), dtype=np.int64), 1
    for key in keys:
        least, span = int(key.min()), int(key.max()) - int(key.min()) + 1
        if size * span >= _BEYOND:  # numbers far apart are replaced by their places among those that occur
            combined, key = (np.unique(column, return_inverse=True)[1] for column in (combined, key))
            size, least, span = int(combined.max()) + 1, 0, int(key.max()) + 1
        combined = combined * span + (key.astype(np.int64) - least)
        size *= span
    return combined, size
