"""Rows of a file some thousands at a time: each column as bytes of UTF-8 and the places of its cells in them.

Nothing is kept but the present block: a file may be larger than memory.
"""

import codecs
import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from jifen.batch.kernels.scan import DOUBLED, FAULTS, MAYBE_BLANK, MISCOUNTED, Scan, TextColumn, new_scan, scan
from jifen.core.errors import InputError, Problem
from jifen.engine.columns import Column

__all__ = ["READ_BYTES", "SCAN_ROWS", "Block", "Row", "arrow_block", "csv_blocks"]

READ_BYTES = 1 << 20
"""How much of a CSV file is in memory at once."""
SCAN_ROWS = 1 << 15
"""Most rows of a block."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows, by column.

    A row that is ``odd`` has another number of cells than the header, or quotes in its cells: only its ``values`` say
    what it is.
    """

    numbers: Column
    """The line of each row in a CSV file (the header is line 1), in a Parquet file its row from 1."""
    columns: list[TextColumn]
    odd: npt.NDArray[np.bool_]
    values: Callable[[int], list[str]]
    """The cells of the row at a place, as they were written."""

    def row(self, place: int) -> "Row":
        """The row at a place."""
        return Row(self.numbers.item(place), self, place)

    def rows(self) -> Iterator["Row"]:
        """Yield each row."""
        return map(self.row, range(len(self.numbers)))


class Row(NamedTuple):
    """One row by its ``number`` in the file, and where its cells are, which become text when they are asked for."""

    number: int
    block: Block
    place: int

    @property
    def values(self) -> list[str]:
        """The cells as they were written."""
        return self.block.values(self.place)


def csv_blocks(file: str, encoding: str, width: int, skip: int = 1) -> Iterator[Block]:
    """Yield the rows of a CSV file with ``width`` columns but the first ``skip``; one that cannot be read raises."""
    rest, line = b"", 1
    for chunk, final in _chunks(file, encoding):
        content = rest + chunk
        at = 0
        while True:
            found = new_scan(width, SCAN_ROWS)
            count, at, line, fault = scan(np.frombuffer(content, dtype=np.uint8), at, final, line, found)
            places = _filled(content, count, found)
            used, skip = places[skip:], max(skip - len(places), 0)
            if len(used):
                yield _block(content, used, found)
            if fault:
                remedy = 'close each quote, and write a quote inside a value twice ("")'
                message = f"the row cannot be read: {FAULTS[fault]}"
                raise InputError(Problem("bad_csv", message, remedy, file, line))
            if count < SCAN_ROWS:
                break
        rest = content[at:]


def _chunks(file: str, encoding: str) -> Iterator[tuple[bytes, bool]]:
    """Yield the text as UTF-8 without a mark, and whether it is the last part."""
    with Path(file).open("rb") as stream:
        if encoding == "utf-8-sig":
            part = stream.read(READ_BYTES).removeprefix(codecs.BOM_UTF8)
            while part:
                yield part, False
                part = stream.read(READ_BYTES)
        else:
            decoder = codecs.getincrementaldecoder(encoding)()
            while part := stream.read(READ_BYTES):
                yield decoder.decode(part).encode("utf-8"), False
            yield decoder.decode(b"", final=True).encode("utf-8"), False
    yield b"", True


def _filled(content: bytes, count: int, found: Scan) -> Column:
    """The rows of a scan that are more than blanks, by place."""
    doubtful = np.flatnonzero(found.marks[:count] & MAYBE_BLANK).tolist()
    blank = [place for place in doubtful if not any(map(str.strip, _cells(content, *found.spans[:, place].tolist())))]
    return np.delete(np.arange(count), blank)


def _block(content: bytes, used: Column, found: Scan) -> Block:
    rows: Any = slice(used[0], used[-1] + 1) if used[-1] - used[0] + 1 == len(used) else used
    # Kernels are compiled for columns whose values stand side by side.
    starts, ends, spans = map(np.ascontiguousarray, (found.starts[:, rows], found.ends[:, rows], found.spans[:, rows]))
    odd = (found.marks[rows] & (MISCOUNTED | DOUBLED)) != 0

    def values(row: int) -> list[str]:
        if odd[row]:
            return _cells(content, *spans[:, row].tolist())
        places = zip(starts[:, row].tolist(), ends[:, row].tolist(), strict=True)
        return [content[start:end].decode("utf-8") for start, end in places]

    text = np.frombuffer(content, dtype=np.uint8)
    columns = [TextColumn(text, *places) for places in zip(starts, ends, strict=True)]
    return Block(found.lines[rows], columns, odd, values)


def _cells(content: bytes, start: int, end: int) -> list[str]:
    """The cells of one row that was read without fault."""
    return next(csv.reader(StringIO(content[start:end].decode("utf-8"), newline=""), strict=True))


def arrow_block(first: int, arrays: Sequence[pa.StringArray]) -> Block:
    """The rows of Arrow columns of strings without nulls; ``first`` is the number of the first row."""
    columns = [_string_column(array) for array in arrays]
    count = len(arrays[0]) if arrays else 0

    def values(row: int) -> list[str]:
        return [array[row].as_py() for array in arrays]

    return Block(np.arange(first, first + count), columns, np.zeros(count, dtype=np.bool_), values)


def _string_column(array: pa.StringArray) -> TextColumn:
    """The cells of a column, where they are."""
    _, offsets, data = array.buffers()
    if offsets is None or not len(array):
        return TextColumn(np.empty(0, dtype=np.uint8), *np.empty((2, 0), dtype=np.int32))
    places = np.frombuffer(offsets, dtype=np.int32)[array.offset : array.offset + len(array) + 1].copy()
    text = np.frombuffer(data if data is not None else b"", dtype=np.uint8)
    text.setflags(write=False)  # as that of CSV is: kernels are compiled for one of the two
    return TextColumn(text, places[:-1], places[1:])
