"""Rows of a CSV or Parquet file, a block after the other, as text: the same for both kinds of file.

Nothing is kept: a file may be larger than memory. What is wrong with a file as a whole (it is empty, a column is
missing, it is in no known encoding) is an ``InputError``; what is wrong with a row is for the reader of that table.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from os import SEEK_END
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from jifen.batch.blocks import Block, Row, arrow_block, csv_blocks
from jifen.batch.encoding import detect_encoding
from jifen.core.errors import InputError, Problem

__all__ = ["BATCH_ROWS", "TAIL_BYTES", "Shape", "Table", "open_table", "rows_of"]

BATCH_ROWS = 8192
"""How many rows of a Parquet file are in memory at once."""
TAIL_BYTES = 1 << 16
"""How much of the end of a file is looked at for its last row."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns a kind of file must and may have, and which of them is the time it is sorted by."""

    required: tuple[str, ...]
    optional: tuple[str, ...]
    time: str


class Table(Protocol):
    """An opened file whose header has been checked."""

    @property
    def file(self) -> str:
        """The file as the user named it."""

    @property
    def columns(self) -> dict[str, int]:
        """The place of each column in a row."""

    def blocks(self) -> Iterator[Block]:
        """All rows but blank ones, from the first; a file broken in the middle is an ``InputError``."""

    def last(self, column: str) -> str:
        """The cell of the last row, without reading the others; empty if it cannot be told. For showing progress."""


@dataclass(frozen=True, slots=True)
class _CsvTable:
    file: str
    columns: dict[str, int]
    encoding: str

    def blocks(self) -> Iterator[Block]:
        return csv_blocks(self.file, self.encoding, len(self.columns))

    def last(self, column: str) -> str:
        with Path(self.file).open("rb") as stream:
            stream.seek(max(0, stream.seek(0, SEEK_END) - TAIL_BYTES))
            lines = stream.read().decode(self.encoding, "replace").splitlines()
        cells = next((cells for cells in csv.reader(reversed(lines)) if any(cells)), [])
        place = self.columns[column]
        return cells[place] if place < len(cells) else ""


@dataclass(frozen=True, slots=True)
class _ParquetTable:
    file: str
    columns: dict[str, int]

    def blocks(self) -> Iterator[Block]:
        number = 1
        try:
            with pq.ParquetFile(self.file) as source:
                for batch in source.iter_batches(BATCH_ROWS):
                    batch.validate(full=True)  # Parquet does not promise that its texts are UTF-8.
                    yield arrow_block(number, list(self._texts(batch)))
                    number += len(batch)
        except (pa.ArrowException, OSError) as error:
            raise InputError(_broken_parquet(self.file, error, number)) from error

    def last(self, column: str) -> str:
        with pq.ParquetFile(self.file) as source:
            groups = source.metadata.num_row_groups
            cells = source.read_row_group(groups - 1, [column]).column(0).cast(pa.string()) if groups else []
        return (cells[-1].as_py() or "") if len(cells) else ""

    def _texts(self, batch: pa.RecordBatch) -> Iterator[pa.StringArray]:
        """Each column as text, nulls empty; a column that is no plain value is an ``InputError``."""
        for name, place in self.columns.items():
            try:
                yield batch.column(place).cast(pa.string()).fill_null("")
            except pa.ArrowException as error:
                problem = Problem(
                    "bad_type", f"a column of type {batch.schema.types[place]} cannot be read", file=self.file, line=1,
                    column=name, remedy="store text, numbers, decimals, dates or times",
                )  # fmt: skip
                raise InputError(problem) from error


def rows_of(table: Table) -> Iterator[Row]:
    """Yield the rows of a table one by one."""
    for block in table.blocks():
        yield from block.rows()


def open_table(path: Path, shape: Shape) -> Table:
    """Open a file by its ending (``.parquet``, else CSV) and check its header; ``InputError`` with all its mistakes."""
    file = str(path)
    if not path.is_file():
        raise InputError(Problem("no_file", "there is no such file", "check the path", file=file))
    try:
        if path.suffix.lower() == ".parquet":
            with pq.ParquetFile(path) as source:
                names = list(source.schema_arrow.names)
            return _ParquetTable(file, _checked(names, shape, file))
        encoding = detect_encoding(path)
        block = next(csv_blocks(file, encoding, width=1, skip=0), None)
        if block is None:
            raise InputError(_empty(file, shape))
        return _CsvTable(file, _checked([name.strip() for name in block.values(0)], shape, file), encoding)
    except pa.ArrowException as error:
        raise InputError(_broken_parquet(file, error, 1)) from error
    except OSError as error:
        if error.errno is None:  # not of the system, but of Arrow, which could not make sense of what it read
            raise InputError(_broken_parquet(file, error, 1)) from error
        raise InputError(Problem("unreadable", f"cannot be read: {error.strerror or error}", file=file)) from error


def _checked(names: list[str], shape: Shape, file: str) -> dict[str, int]:
    """The place of each column; an ``InputError`` with all that is wrong with the header."""
    allowed = (*shape.required, *shape.optional)
    separator = "" if len(names) > 1 else next((mark for mark in ";\t|" if mark in "".join(names)), "")
    problems = []
    for name in shape.required:
        if name not in names:
            remedy = f"separate columns by commas, not by {separator!r}" if separator else f"add the column {name}"
            problems.append(Problem("missing_column", f"the column {name} is missing", remedy, file, 1, name))
    for name in () if separator else dict.fromkeys(names):
        if name not in allowed:
            message, remedy = f"the column {name[:40]!r} is unknown", f"remove it, or rename it: {', '.join(allowed)}"
            problems.append(Problem("unknown_column", message, remedy, file, 1, name[:40]))
        elif names.count(name) > 1:
            message = f"the column {name} stands there {names.count(name)} times"
            problems.append(Problem("repeated_column", message, "keep one", file, 1, name))
    if problems:
        raise InputError(problems)
    return {name: place for place, name in enumerate(names)}


def _empty(file: str, shape: Shape) -> Problem:
    columns = ",".join(shape.required)
    return Problem(
        "empty_file", "the file is empty", f"give it at least the header {columns}", file, 1, shape.required[0]
    )


def _broken_parquet(file: str, error: Exception, row: int) -> Problem:
    return Problem("bad_parquet", f"not a sound Parquet file: {str(error)[:200]}", "write it again", file, row)
