"""Rows as columns, in chunks: what a run makes stays in the columns it was made in.

The rows of a run are alike in most fields (the day, the rule, the pool that pays). So a chunk has one number for such a
field, and for the others a column in whatever width it was made. Readers take ``blocks``, a bounded piece at a time,
and see the same blocks however the rows were cut into chunks.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from jifen.core.errors import ensure

__all__ = ["BLOCK_ROWS", "Chunk", "Column", "Computed", "Field", "Mask", "Rows", "narrow"]

BLOCK_ROWS = 1 << 16
"""Rows of a block: its columns stay in the processor's cache."""

Column = npt.NDArray[np.signedinteger[Any]]
Mask = npt.NDArray[np.bool_]

_SIZES = (1, 2, 4, 8)


@dataclass(frozen=True, slots=True)
class Computed:
    """A column that is made when it is read, again each time: ``of`` the same rows of other columns.

    These must not change meanwhile. It is read piece by piece, and from several threads.
    """

    of: Callable[..., Column]
    inputs: tuple[Column, ...]

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.inputs[0])

    def __getitem__(self, rows: slice) -> "Computed":
        """Some of the rows, not made yet."""
        return Computed(self.of, tuple(column[rows] for column in self.inputs))

    def made(self) -> Column:
        """The column itself."""
        return self.of(*self.inputs)


Field = int | Column | Computed
"""What a chunk has in a field: one number for all its rows, a column, or a column that is made when it is read."""


class Chunk:
    """So many rows, each of which has a number in every field."""

    __slots__ = ("_count", "_fields")

    def __init__(self, count: int, fields: Mapping[str, Field]) -> None:
        """Take columns of ``count`` rows; they are not copied, and must not change any more."""
        self._count = count
        self._fields = fields
        for name, field in fields.items():
            ensure(isinstance(field, int) or len(field) == count, f"the column {name} has not {count} rows")

    def __len__(self) -> int:
        """How many rows there are."""
        return self._count

    def __getitem__(self, name: str) -> int | Column:
        """A field: one number where all rows have the same by their making, else a column."""
        field = self._fields[name]
        return field.made() if isinstance(field, Computed) else field

    def column(self, name: str, dtype: npt.DTypeLike) -> Column:
        """A field as a column of that type, whatever it is here."""
        field = self[name]
        return np.full(len(self), field, dtype) if isinstance(field, int) else np.ascontiguousarray(field, dtype)

    def row(self, place: int) -> dict[str, int]:
        """One row, by field."""
        fields = ((name, self[name]) for name in self._fields)
        return {name: field if isinstance(field, int) else field.item(place) for name, field in fields}

    def part(self, start: int, stop: int) -> "Chunk":
        """Some rows in a row, as views."""
        if (start, stop) == (0, self._count):
            return self
        rows = slice(start, stop)
        fields = {name: field if isinstance(field, int) else field[rows] for name, field in self._fields.items()}
        return Chunk(stop - start, fields)

    def chosen(self, mask: Mask) -> "Chunk":
        """The rows that a mask chooses."""
        fields = ((name, self[name]) for name in self._fields)
        return Chunk(int(np.count_nonzero(mask)), {
            name: field if isinstance(field, int) else field[mask] for name, field in fields
        })  # fmt: skip

    def packed(self) -> "Chunk":
        """The same rows in as little memory as can be, apart from any larger column they were a view of."""
        return Chunk(self._count, {name: narrow(np.array(self[name], ndmin=1)) for name in self._fields})

    @classmethod
    def joined(cls, chunks: Sequence["Chunk"], dtype: np.dtype[np.void]) -> "Chunk":
        """Chunks one after the other as one; ``dtype`` names the fields."""
        if len(chunks) == 1:
            return chunks[0]
        fields: dict[str, Field] = {}
        for name in dtype.names or ():
            found = [chunk[name] for chunk in chunks]
            if isinstance(found[0], int) and all(isinstance(field, int) and field == found[0] for field in found):
                fields[name] = found[0]
            else:
                fields[name] = np.concatenate([chunk.column(name, dtype[name]) for chunk in chunks])
        return cls(sum(map(len, chunks)), fields)


class Rows:
    """Rows in order, in chunks. A subclass says which fields they have; ``rows["amount"]`` is a whole column.

    Iterating gives record after record; ``blocks`` is for all who have many.
    """

    __slots__ = ("chunks",)

    dtype: ClassVar[np.dtype[np.void]]
    """The fields, and of each the widest type it may have."""

    def __init__(self, chunks: Iterable[Chunk] = ()) -> None:
        """Take chunks in order; empty ones are left out."""
        self.chunks: tuple[Chunk, ...] = tuple(chunk for chunk in chunks if len(chunk))

    @classmethod
    def of(cls, records: npt.NDArray[np.void]) -> Self:
        """Make rows of a structured array of this ``dtype``."""
        ensure(records.dtype == cls.dtype, f"records of {records.dtype} where {cls.dtype} belong")
        return cls([Chunk(len(records), {name: records[name] for name in cls.dtype.names or ()})])

    @classmethod
    def joined(cls, parts: Iterable[Self]) -> Self:
        """Rows one after the other as one, without a copy."""
        return cls(chunk for rows in parts for chunk in rows.chunks)

    def __len__(self) -> int:
        """How many rows there are."""
        return sum(map(len, self.chunks))

    def __getitem__(self, key: Any) -> Any:
        """A column by its name, the rows of a slice without steps or of a mask, or one record by its number."""
        if isinstance(key, str):
            none = np.empty(0, self.dtype[key])
            return np.concatenate([none, *(chunk.column(key, self.dtype[key]) for chunk in self.chunks)])
        if isinstance(key, slice):
            start, stop, step = key.indices(len(self))
            ensure(step == 1, "rows are taken without steps")
            return self._parts(start, max(start, stop))
        if isinstance(key, np.ndarray):
            ensure(key.dtype == np.bool_ and len(key) == len(self), "rows are chosen by a mask of as many")
            ends = np.cumsum([len(chunk) for chunk in self.chunks])
            masks = np.split(key, ends[:-1]) if self.chunks else ()
            return type(self)(chunk.chosen(mask) for chunk, mask in zip(self.chunks, masks, strict=True))
        place = range(len(self))[key]
        return self._parts(place, place + 1).array()[0]

    def __iter__(self) -> Iterator[np.void]:
        """Record after record."""
        for block in self.blocks():
            yield from type(self)([block]).array()

    def blocks(self, rows: int = BLOCK_ROWS) -> Iterator[Chunk]:
        """All rows in chunks of ``rows``, the last one of what is left."""
        waiting: list[Chunk] = []
        room = rows
        for chunk in self.chunks:
            start = 0
            while start < len(chunk):
                piece = chunk.part(start, min(start + room, len(chunk)))
                waiting.append(piece)
                start, room = start + len(piece), room - len(piece)
                if room == 0:
                    yield Chunk.joined(waiting, self.dtype)
                    waiting, room = [], rows
        if waiting:
            yield Chunk.joined(waiting, self.dtype)

    def array(self) -> npt.NDArray[np.void]:
        """All rows as one structured array: for few."""
        records = np.empty(len(self), self.dtype)
        for name in self.dtype.names or ():
            records[name] = self[name]
        return records

    def packed(self) -> Self:
        """The same rows in as little memory as can be, in chunks of a block."""
        return type(self)(block.packed() for block in self.blocks())

    def _parts(self, start: int, stop: int) -> Self:
        parts, first = [], 0
        for chunk in self.chunks:
            if first < stop and first + len(chunk) > start:
                parts.append(chunk.part(max(start - first, 0), min(stop - first, len(chunk))))
            first += len(chunk)
        return type(self)(parts)


def narrow(column: Column, bounds: tuple[int, int] | None = None) -> int | Column:
    """The number that fills a column, or else the column in the least of 1, 2, 4 and 8 bytes that hold all of it.

    ``bounds`` are its least and its largest number, where they are known.

    >>> narrow(np.array([5, 5])), narrow(np.array([5, 300]))
    (5, array([  5, 300], dtype=int16))
    """
    low, high = bounds or (int(column.min()), int(column.max()))
    if low == high:
        return low
    size = next(size for size in _SIZES if -(1 << 8 * size - 1) <= low and high < 1 << 8 * size - 1)
    return np.ascontiguousarray(column, f"<i{size}")
