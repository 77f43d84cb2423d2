"""Sums that are exact: Python integers, which no total over many rows can make wrap around."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["exact_sum", "grouped_sums"]

_LOW_BITS = 32
_BEYOND = 1 << 63
_Numbers = npt.NDArray[np.signedinteger[Any]]


def exact_sum(column: _Numbers) -> int:
    """The sum of integers of any width, for fewer than 2³¹ of them.

    >>> exact_sum(np.array([2**62, 2**62, 2**62]))
    13835058055282163712
    """
    if not len(column):
        return 0
    largest = max(int(column.max()), -int(column.min()))
    if largest * len(column) < _BEYOND:
        return int(column.sum(dtype=np.int64))
    low = int((column & ((1 << _LOW_BITS) - 1)).sum())
    return (int((column >> _LOW_BITS).sum()) << _LOW_BITS) + low


def grouped_sums(keys: Sequence[_Numbers | int], amounts: _Numbers) -> Iterator[tuple[tuple[int, ...], int]]:
    """Each combination of numbers that the rows have in the key columns, and the sum of its rows' amounts.

    A key that is one number is that of every row. Nothing is sorted unless some key differs from row to row.

    >>> list(grouped_sums([7, np.array([1, 2, 1])], np.array([10, 20, 30])))
    [((7, 1), 40), ((7, 2), 20)]
    """
    varying = [key for key in keys if not isinstance(key, int)]
    if not varying:
        yield tuple(key for key in keys if isinstance(key, int)), exact_sum(amounts)
        return
    _, firsts, places = np.unique(_combined(varying), return_index=True, return_inverse=True)
    low, high = np.zeros((2, len(firsts)), dtype=np.int64)
    np.add.at(low, places, amounts & ((1 << _LOW_BITS) - 1))
    np.add.at(high, places, amounts >> _LOW_BITS)
    for first, low_sum, high_sum in zip(firsts.tolist(), low.tolist(), high.tolist(), strict=True):
        row = tuple(key if isinstance(key, int) else key.item(first) for key in keys)
        yield row, (high_sum << _LOW_BITS) + low_sum


def _combined(keys: Sequence[_Numbers]) -> npt.NDArray[np.int64]:
    """One number a row that is the same for rows that are the same in all keys, and only for these."""
    combined, size = np.zeros(len(keys[0]), dtype=np.int64), 1
    for key in keys:
        least, span = int(key.min()), int(key.max()) - int(key.min()) + 1
        if size * span >= _BEYOND:  # numbers far apart are replaced by their places among those that occur
            combined, key = (np.unique(column, return_inverse=True)[1] for column in (combined, key))
            size, least, span = int(combined.max()) + 1, 0, int(key.max()) + 1
        combined = combined * span + (key.astype(np.int64) - least)
        size *= span
    return combined
