"""Rows of a CSV or Parquet file, one after the other, as text: the same for both kinds of file.

Nothing is kept: a file may be larger than memory. What is wrong with a file as a whole (it is empty, a column is
missing, it is in no known encoding) is an ``InputError``; what is wrong with a row is for the reader of that table.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from os import SEEK_END
from pathlib import Path
from typing import NamedTuple, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from jifen.batch.encoding import detect_encoding
from jifen.core.errors import InputError, Problem

__all__ = ["BATCH_ROWS", "TAIL_BYTES", "Row", "Shape", "Table", "open_table"]

BATCH_ROWS = 8192
"""How many rows of a Parquet file are in memory at once."""
TAIL_BYTES = 1 << 16
"""How much of the end of a file is looked at for its last row."""


class Row(NamedTuple):
    """One row: ``number`` is its line in a CSV file (the header is line 1), in a Parquet file its row from 1."""

    number: int
    values: list[str]


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

    def rows(self) -> Iterator[Row]:
        """All rows but blank ones, from the first; a file broken in the middle is an ``InputError``."""

    def last(self, column: str) -> str:
        """The cell of the last row, without reading the others; empty if it cannot be told. For showing progress."""


@dataclass(frozen=True, slots=True)
class _CsvTable:
    file: str
    columns: dict[str, int]
    encoding: str

    def rows(self) -> Iterator[Row]:
        rows = _csv_rows(self.file, self.encoding)
        next(rows)
        return rows

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

    def rows(self) -> Iterator[Row]:
        number = 0
        try:
            with pq.ParquetFile(self.file) as source:
                for batch in source.iter_batches(BATCH_ROWS):
                    for values in zip(*self._texts(batch), strict=True):
                        number += 1
                        yield Row(number, list(values))
        except (pa.ArrowException, OSError) as error:
            raise InputError(_broken_parquet(self.file, error, number + 1)) from error

    def last(self, column: str) -> str:
        with pq.ParquetFile(self.file) as source:
            groups = source.metadata.num_row_groups
            cells = source.read_row_group(groups - 1, [column]).column(0).cast(pa.string()) if groups else []
        return (cells[-1].as_py() or "") if len(cells) else ""

    def _texts(self, batch: pa.RecordBatch) -> Iterator[list[str]]:
        """Each column as text, nulls empty; a column that is no plain value is an ``InputError``."""
        for name, place in self.columns.items():
            try:
                yield [cell or "" for cell in batch.column(place).cast(pa.string()).to_pylist()]
            except pa.ArrowException as error:
                problem = Problem(
                    "bad_type", f"a column of type {batch.schema.types[place]} cannot be read", file=self.file, line=1,
                    column=name, remedy="store text, numbers, decimals, dates or times",
                )  # fmt: skip
                raise InputError(problem) from error


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
        header = next(_csv_rows(file, encoding), None)
        if header is None:
            raise InputError(_empty(file, shape))
        return _CsvTable(file, _checked([name.strip() for name in header.values], shape, file), encoding)
    except pa.ArrowException as error:
        raise InputError(_broken_parquet(file, error, 1)) from error
    except OSError as error:
        if error.errno is None:  # not of the system, but of Arrow, which could not make sense of what it read
            raise InputError(_broken_parquet(file, error, 1)) from error
        raise InputError(Problem("unreadable", f"cannot be read: {error.strerror or error}", file=file)) from error


def _csv_rows(file: str, encoding: str) -> Iterator[Row]:
    with Path(file).open(encoding=encoding, newline="") as stream:
        reader = csv.reader(stream, strict=True)
        number = 1
        try:
            for values in reader:
                if any(map(str.strip, values)):
                    yield Row(number, values)
                number = reader.line_num + 1
        except csv.Error as error:
            remedy = 'close each quote, and write a quote inside a value twice ("")'
            raise InputError(Problem("bad_csv", f"the row cannot be read: {error}", remedy, file, number)) from error


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
