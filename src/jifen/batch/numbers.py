"""Names as numbers: each distinct name of a column gets the next number, in the order in which it is first seen."""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from jifen.batch.kernels.names import (
    ID_MAX,
    LOW,
    NAME_BYTES,
    NAMELESS,
    ODD,
    hash_of,
    number_cells,
    place_again,
    slot_of,
    wide_names,
)
from jifen.batch.kernels.scan import Places, TextColumn
from jifen.engine.columns import Column

__all__ = ["Numbers"]

_Scalar = TypeVar("_Scalar", np.int64, np.uint8)

_FIRST_NAMES, _FIRST_BYTES = 1024, 16_384
_LOAD = 2
"""Slots of the table for each name, at least."""


class Numbers:
    """The names of one kind, such as the members. Blanks around a name are no part of it.

    ``numbers[name]`` is found by a table of slots, each ``hash << 32 | number`` or -1; names stand one behind the other
    in one text of bytes. Some 30 bytes a name, and no Python object.
    """

    def __init__(self) -> None:
        """Know no name."""
        self._count = 0
        self._slots = np.full(_LOAD * _FIRST_NAMES, -1, dtype=np.int64)
        self._places = np.zeros(_FIRST_NAMES + 1, dtype=np.int64)
        self._text = np.empty(_FIRST_BYTES, dtype=np.uint8)
        self._bad: set[int] = set()

    def __len__(self) -> int:
        """How many names there are."""
        return self._count

    def name(self, number: int) -> str:
        """The name with this number."""
        start, end = self._places[number : number + 2].tolist()
        return self._text[start:end].tobytes().decode("utf-8", "surrogatepass")

    def names(self, numbers: Places | Column) -> list[str | None]:
        """The names of many numbers; ``None`` for an empty cell."""
        distinct, back = np.unique(numbers, return_inverse=True)
        found = [None if number < 0 else self.name(number) for number in distinct.tolist()]
        return [found[place] for place in back.tolist()]

    def number(self, name: str) -> int:
        """The number of a name, ``NAMELESS`` if it is not known."""
        content = np.frombuffer(name.encode("utf-8", "surrogatepass"), dtype=np.uint8)
        if not 0 < len(content) <= NAME_BYTES:
            return NAMELESS
        mixed = hash_of(content, 0, len(content))
        slot = slot_of(content, (0, len(content)), mixed, self._slots, (self._places, self._text))
        return int(self._slots[slot] & LOW) if self._slots[slot] >= 0 else NAMELESS

    def of(self, column: TextColumn) -> Places:
        """The number of each cell: ``NAMELESS`` for an empty one, -2 for one that is no name as it stands."""
        self._make_room(len(column.starts), int(np.minimum(column.ends - column.starts, NAME_BYTES).sum()))
        before = self._count
        numbers, self._count = number_cells(column, before, self._slots, (self._places, self._text))
        wide = wide_names(before, self._count, self._places, self._text)
        self._bad |= {number for number in wide.tolist() if not _is_name(self.name(number))}
        if self._bad:
            numbers[np.isin(numbers, list(self._bad))] = ODD
        return numbers

    def _make_room(self, names: int, size: int) -> None:
        """Make sure that so many names of so many bytes in all can be added."""
        needed = self._count + names
        if needed >= len(self._places):
            self._places = _enlarged(self._places, needed + 1)
        if self._places[self._count] + size > len(self._text):
            self._text = _enlarged(self._text, int(self._places[self._count]) + size)
        if needed * _LOAD > len(self._slots):
            old, self._slots = self._slots, np.full(1 << (needed * _LOAD - 1).bit_length(), -1, dtype=np.int64)
            place_again(old, self._slots)


def _enlarged(column: npt.NDArray[_Scalar], needed: int) -> npt.NDArray[_Scalar]:
    """A copy with room for twice as much as is needed now."""
    larger = np.empty(needed * 2, dtype=column.dtype)
    larger[: len(column)] = column
    return larger


def _is_name(text: str) -> bool:
    """Whether a text that has other characters than ASCII is a name as it stands."""
    return len(text) <= ID_MAX and text.isprintable() and text.strip() == text
