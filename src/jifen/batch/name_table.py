"""Names as numbers: each distinct name of a column gets the next number, in the order in which it is first seen."""

from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from jifen.batch.kernels.names import (
    ID_MAX,
    NAME_BYTES,
    ODD,
    number_cells,
    place_again,
    wide_names,
)
from jifen.batch.kernels.scan import Places, TextColumn

__all__ = ["NameTable", "NameTables"]

_Scalar = TypeVar("_Scalar", np.int64, np.uint8)

_FIRST_NAMES, _FIRST_BYTES = 1024, 16_384
_LOAD = 2
"""Slots of the table for each name, at least."""


class NameTable:
    """The names of one kind, such as the members. Blanks around a name are no part of it.

    A number is found by a table of slots, each ``hash << 32 | number`` or -1; names stand one behind the other in one
    text of bytes, as in an array of Arrow. Some 30 bytes a name, and no Python object.
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
        return self._text[start:end].tobytes().decode()

    def names(self, numbers: Places) -> list[str | None]:
        """The names of many numbers; ``None`` for ``NAMELESS``."""
        texts = pa.LargeStringArray.from_buffers(self._count, pa.py_buffer(self._places), pa.py_buffer(self._text))
        names: list[str | None] = texts.take(pa.array(numbers, mask=numbers < 0)).to_pylist()
        return names

    def add(self, name: str) -> int:
        """The number of a name, the next one if it is new; ``NAMELESS`` or ``ODD`` for what is no name."""
        content = np.frombuffer(name.encode(), dtype=np.uint8)
        places = np.array([0, len(content)], dtype=np.int32)
        return int(self.of(TextColumn(content, places[:1], places[1:]))[0])

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


class NameTables(dict[str, NameTable]):
    """The names of each kind; files share them, so that a member has one number in all."""

    def __missing__(self, kind: str) -> NameTable:
        """Begin a new kind."""
        self[kind] = NameTable()
        return self[kind]


def _enlarged(column: npt.NDArray[_Scalar], needed: int) -> npt.NDArray[_Scalar]:
    """A copy with room for twice as much as is needed now."""
    larger = np.empty(needed * 2, dtype=column.dtype)
    larger[: len(column)] = column
    return larger


def _is_name(text: str) -> bool:
    """Whether a text that has other characters than ASCII is a name as it stands."""
    return len(text) <= ID_MAX and text.isprintable() and text.strip() == text
