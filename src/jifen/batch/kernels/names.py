"""Names as numbers: a hash table in columns.

``slots`` is the table, as many as a power of two, each ``hash << 32 | number`` or -1. ``names`` is (places, text): name
``i`` is ``text[places[i]:places[i + 1]]``.
"""

import numpy as np

from jifen.batch.kernels.scan import Bytes, Places, TextColumn, trimmed
from jifen.engine.columns import Column
from jifen.engine.kernels import compiled

__all__ = ["ID_MAX", "NAMELESS", "NAME_BYTES", "ODD", "number_cells", "place_again", "wide_names"]

ID_MAX = 200
"""Longest id, name or code in characters."""
NAME_BYTES = 4 * ID_MAX
"""As many bytes as that may be."""
NAMELESS = -1
"""The number of an empty cell."""
ODD = -2
"""Stands for a cell that is no name, or that only the reader of rows can judge."""

_AT_ONCE = 1024
"""Cells that are looked up together: what they touch fits into a core's cache."""
_LOW = 0x7FFFFFFF
"""The bits of a number in its slot; a hash has as many."""
_PRIME, _BASIS, _MIX = 16_777_619, 0x011C9DC5, 0x2C1B3C6D


@compiled
def number_cells(column: TextColumn, count: int, slots: Column, names: tuple[Column, Bytes]) -> tuple[Places, int]:
    """The number of each cell, and how many names there are then; new ones are added to ``slots`` and ``names``."""
    text, starts, ends = column
    places, kept = names
    numbers = np.empty(len(starts), dtype=np.int32)
    cells = np.empty((2, _AT_ONCE), dtype=np.int64)
    hashes, touched = np.empty((2, _AT_ONCE), dtype=np.int64)
    for first in range(0, len(starts), _AT_ONCE):
        size = min(_AT_ONCE, len(starts) - first)
        for row in range(size):
            start, end = trimmed(text, starts[first + row], ends[first + row])
            cells[0, row] = start
            cells[1, row] = end
            hashes[row] = _hash_of(text, start, end)
        _touch(touched[:size], hashes, slots, names)
        for row in range(size):
            start, end = cells[0, row], cells[1, row]
            if start == end:
                numbers[first + row] = NAMELESS
                continue
            if not _may_be_name(text, start, end):
                numbers[first + row] = ODD
                continue
            slot = _slot_of(text, (start, end), hashes[row], slots, names)
            if slots[slot] < 0:
                slots[slot] = hashes[row] << 32 | count
                at = places[count]
                for byte in range(start, end):
                    kept[at] = text[byte]
                    at += 1
                count += 1
                places[count] = at
            numbers[first + row] = slots[slot] & _LOW
    return numbers, count


@compiled
def _touch(touched: Column, hashes: Column, slots: Column, names: tuple[Column, Bytes]) -> None:
    """Fetch what ``_slot_of`` will look at: one loop a step, so that memory is waited for once and not row by row.

    What is left in ``touched`` has no meaning; it is there so that the loads are not left out.
    """
    places, kept = names
    mask = len(slots) - 1
    for row in range(len(touched)):
        touched[row] = max(slots[hashes[row] & mask], 0) & _LOW
    for row in range(len(touched)):
        touched[row] = places[touched[row]]
    for row in range(len(touched)):
        touched[row] = kept[touched[row]]


@compiled
def _may_be_name(text: Bytes, start: int, end: int) -> bool:
    """Whether characters of ASCII can be shown and are not too many; others are looked at elsewhere."""
    wide = False
    for at in range(start, end):
        byte = text[at]
        if byte >= 128:
            wide = True
        elif byte < 32 or byte == 127:
            return False
    return bool(end - start <= (NAME_BYTES if wide else ID_MAX))


@compiled
def _hash_of(text: Bytes, start: int, end: int) -> int:
    """Fowler, Noll and Vo's hash of some bytes, in 31 bits so that no product is above 63, and mixed once more."""
    mixed = _BASIS
    for at in range(start, end):
        mixed = ((mixed ^ int(text[at])) * _PRIME) & _LOW
    mixed ^= mixed >> 15
    mixed = (mixed * _MIX) & _LOW
    return mixed ^ (mixed >> 12)


@compiled
def _slot_of(text: Bytes, cell: tuple[int, int], mixed: int, slots: Column, names: tuple[Column, Bytes]) -> int:
    """The slot of a name, or the free one where it belongs."""
    places, kept = names
    start, end = cell
    mask = len(slots) - 1
    slot = mixed & mask
    while slots[slot] >= 0:
        if slots[slot] >> 32 == mixed:
            number = slots[slot] & _LOW
            at = places[number]
            if places[number + 1] - at == end - start:
                byte = start
                while byte < end and kept[at] == text[byte]:
                    at += 1
                    byte += 1
                if byte == end:
                    return slot
        slot = (slot + 1) & mask
    return slot


@compiled
def place_again(old: Column, slots: Column) -> None:
    """Put all names of a table of slots into a larger one."""
    mask = len(slots) - 1
    for place in range(len(old)):
        if old[place] >= 0:
            slot = (old[place] >> 32) & mask
            while slots[slot] >= 0:
                slot = (slot + 1) & mask
            slots[slot] = old[place]


@compiled
def wide_names(first: int, count: int, places: Column, text: Bytes) -> Column:
    """Those of the numbers from ``first`` up to ``count`` whose names have other characters than ASCII."""
    found = np.empty(count - first, dtype=np.int64)
    size = 0
    for number in range(first, count):
        for at in range(places[number], places[number + 1]):
            if text[at] >= 128:
                found[size] = number
                size += 1
                break
    return found[:size]
