"""Where each cell of a CSV text begins and ends: the rules of Python's ``csv`` module, strict, over bytes of UTF-8.

A row ends with a line feed, a carriage return or both. A quote counts only as the first character of a cell; then the
cell ends at the next single quote, and may hold commas and line ends. Rows of nothing but blanks are left out.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from jifen.engine.columns import Column
from jifen.engine.kernels import compiled

__all__ = [
    "DOUBLED", "FAULTS", "FIELD_MAX", "MAYBE_BLANK", "MISCOUNTED", "Bytes", "Places", "Scan", "TextColumn", "is_blank",
    "new_scan", "scan", "trimmed",
]  # fmt: skip

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int32]

FIELD_MAX = 131_072
"""Longest cell in characters."""
MISCOUNTED, DOUBLED, MAYBE_BLANK = 1, 2, 4
"""Marks of a row: not as many cells as the header; a doubled quote inside; nothing but blanks and wide characters."""
FAULTS = ("", "unexpected end of data", "',' expected after '\"'", f"field larger than field limit ({FIELD_MAX})")
"""Why a row cannot be read, by number: the words of Python's ``csv``."""
_END, _QUOTED, _LARGE = 1, 2, 3
_MORE, _CELL, _ROW = -1, -2, -3

_QUOTE, _COMMA, _LF, _CR = 34, 44, 10, 13
_NOTHING, _WIDE, _SOLID = 0, 1, 2


class TextColumn(NamedTuple):
    """Cells of one column: the one of row ``i`` is ``text[starts[i]:ends[i]]``, in UTF-8."""

    text: Bytes
    starts: Places
    ends: Places


class Scan(NamedTuple):
    """What a scan fills, for at most as many rows as its columns are long; places are bytes of the text."""

    starts: Places
    """(column, row): where the cell begins, within its quotes."""
    ends: Places
    spans: Places
    """(0 or 1, row): where the row begins and ends."""
    lines: Column
    """The line of the text on which the row begins, from 1."""
    marks: Bytes


def new_scan(width: int, rows: int) -> Scan:
    """Make room for ``rows`` rows of ``width`` cells."""
    cells = np.empty((2, width, rows), dtype=np.int32)
    spans = np.empty((2, rows), dtype=np.int32)
    return Scan(cells[0], cells[1], spans, np.empty(rows, dtype=np.int64), np.empty(rows, dtype=np.uint8))


@compiled
def is_blank(byte: int) -> bool:
    """Whether ``str.strip`` takes this ASCII character away."""
    return byte == 32 or 9 <= byte <= 13 or 28 <= byte <= 31


@compiled
def trimmed(text: Bytes, start: int, end: int) -> tuple[int, int]:
    """Where a cell begins and ends without the ASCII blanks around it."""
    while start < end and is_blank(text[start]):
        start += 1
    while start < end and is_blank(text[end - 1]):
        end -= 1
    return start, end


@compiled
def scan(text: Bytes, begin: int, final: bool, line: int, found: Scan) -> tuple[int, int, int, int]:
    """Find the rows of ``text`` from ``begin``, which is at the beginning of line ``line``.

    Returns (rows found, where the next one begins, its line, the fault of that row or 0). Unless ``final``, a row that
    may go on after the end of the text is left for the next time.
    """
    width, room = found.starts.shape
    row = 0
    at = begin
    while row < room and at < len(text):
        stop, after, breaks, count, solid, state = _row(text, at, final, row, found)
        if state != 0:
            return row, at, line, max(state, 0)
        if solid != _NOTHING:
            found.spans[0, row] = at
            found.spans[1, row] = stop
            found.lines[row] = line
            mark = 0 if abs(count) == width else MISCOUNTED
            if count < 0:
                mark |= DOUBLED
            if solid == _WIDE:
                mark |= MAYBE_BLANK
            found.marks[row] = mark
            # Cells that are not there are empty ones, so that no kernel looks outside the text.
            for column in range(abs(count), width):
                found.starts[column, row] = 0
                found.ends[column, row] = 0
            row += 1
        line += breaks
        at = after
    return row, at, line, 0


@compiled
def _row(text: Bytes, at: int, final: bool, row: int, found: Scan) -> tuple[int, int, int, int, int, int]:
    """(where the row ends, where the next begins, its lines, its cells, its weight, its state).

    The number of cells is below zero where a quote stands doubled; the state is ``_MORE``, a fault, or 0.
    """
    width = len(found.starts)
    column = 0
    breaks = 1
    solid = _NOTHING
    sign = 1
    while True:
        quoted = at < len(text) and text[at] == _QUOTE
        pairs = 0
        if quoted:
            start = at + 1
            stop, lines, pairs, weight = _quoted(text, start)
            breaks += lines
            sign = -1 if pairs else sign
        else:
            start = at
            stop, weight = _bare(text, start, solid == _SOLID)
        solid = max(solid, weight)
        if stop - start - pairs > FIELD_MAX and _characters(text, start, stop) - pairs > FIELD_MAX:
            return at, at, 0, 0, 0, _LARGE
        if quoted and stop >= len(text):
            return at, at, 0, 0, 0, _END if final else _MORE
        end = stop + 1 if quoted else stop
        at, state = _behind(text, end, final)
        if state in (_MORE, _QUOTED):
            return at, at, 0, 0, 0, state
        if column < width:
            found.starts[column, row] = start
            found.ends[column, row] = stop
        column += 1
        if state == _ROW:
            return end, at, breaks, sign * column, solid, 0


@compiled
def _behind(text: Bytes, at: int, final: bool) -> tuple[int, int]:
    """What stands behind a cell: (where it goes on, whether with a cell, a row, after the text, or not at all)."""
    size = len(text)
    if at >= size:
        return at, _ROW if final else _MORE
    if text[at] == _COMMA:
        return at + 1, _CELL
    if text[at] == _LF:
        return at + 1, _ROW
    if text[at] != _CR:
        return at, _QUOTED
    if at + 1 >= size:
        return at + 1, _ROW if final else _MORE
    return at + (2 if text[at + 1] == _LF else 1), _ROW


@compiled
def _quoted(text: Bytes, at: int) -> tuple[int, int, int, int]:
    """From behind an opening quote: (place of the closing one or the end, line ends, doubled quotes, weight)."""
    size = len(text)
    breaks = 0
    pairs = 0
    solid = _NOTHING
    while at < size:
        byte = text[at]
        if byte == _QUOTE:
            if at + 1 >= size or text[at + 1] != _QUOTE:
                break
            pairs += 1
            at += 1
            solid = _SOLID
        elif byte == _LF or (byte == _CR and not (at + 1 < size and text[at + 1] == _LF)):
            breaks += 1
        elif solid != _SOLID and not is_blank(byte):
            solid = _WIDE if byte >= 128 else _SOLID
        at += 1
    return at, breaks, pairs, solid


@compiled
def _bare(text: Bytes, at: int, known: bool) -> tuple[int, int]:
    """From the beginning of a cell without quotes: (where it ends, its weight)."""
    size = len(text)
    solid = _SOLID if known else _NOTHING
    while at < size:
        byte = text[at]
        if byte in (_COMMA, _LF, _CR):
            break
        if solid != _SOLID and not is_blank(byte):
            solid = _WIDE if byte >= 128 else _SOLID
        at += 1
    return at, solid


@compiled
def _characters(text: Bytes, start: int, end: int) -> int:
    count = 0
    for at in range(start, end):
        if text[at] & 0xC0 != 0x80:
            count += 1
    return count
