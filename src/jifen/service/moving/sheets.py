"""Tables as files: CSV in a folder or a zip, or the sheets of a workbook; read from anybody, written for anybody.

Cells are texts. One that a spreadsheet would take for a formula stands behind an apostrophe, which is taken away again
when it is read.
"""

import csv
import io
import re
import shutil
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell

from jifen.batch.encoding import detect_encoding
from jifen.core.errors import InputError, Problem

__all__ = ["BYTES_MOST", "Row", "Sheet", "guarded", "open_sheets", "unguarded", "write_sheets"]

BYTES_MOST = 1 << 30
"""Bytes of all tables together as they are read: what a zip unfolds to is counted first."""
_FILES_MOST, _COLUMNS_MOST = 100, 100
_CELL_MOST = 10_000
"""Letters of one cell."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "'")
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_SUFFIXES = (".csv", ".xlsx")
_BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError)
"""What a zip raises that is none, or is locked."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row by its columns: texts without blanks around them; ``line`` as an editor counts."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of a file: ``name`` as the file or the sheet is called, in small letters and without its ending."""

    name: str
    file: str
    """As it is told to people: ``orders.csv``, or ``shop.xlsx/orders``."""
    path: Path

    def rows(self) -> Iterator[Row]:
        """All rows but blank ones; ``InputError`` for a file that cannot be read to its end."""
        lines = _csv_lines(self) if self.path.suffix.lower() == ".csv" else _workbook_lines(self)
        columns: list[str] = []
        for line, cells in lines:
            if any(len(cell) > _CELL_MOST for cell in cells):
                raise InputError(Problem("bad_row", "a cell is too long", "look at the file", self.file, line))
            if not columns:
                columns = _checked(cells, self.file)
            elif any(cells):
                named = zip(columns, map(unguarded, cells), strict=False)
                yield Row(line, {name: cell for name, cell in named if name})

    def columns(self) -> list[str]:
        """The columns of the header; none of an empty table."""
        lines = _csv_lines(self) if self.path.suffix.lower() == ".csv" else _workbook_lines(self)
        return next(([cell.strip() for cell in cells] for _, cells in lines), [])


def guarded(text: str) -> str:
    """A text as a cell that no spreadsheet works out; plain numbers stay as they are.

    >>> guarded("=1+1"), guarded("+8613800138000"), guarded("-12.50"), guarded("王")
    ("'=1+1", "'+8613800138000", '-12.50', '王')
    """
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


def unguarded(cell: str) -> str:
    """The text of a cell, as ``guarded`` had it.

    >>> unguarded(guarded("'=x")), unguarded("'tis")
    ("'=x", "'tis")
    """
    text = cell.strip(" ")
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text


@contextmanager
def open_sheets(path: Path, most: int = BYTES_MOST) -> Iterator[dict[str, Sheet]]:
    """The tables of a folder, a zip, a workbook or one CSV file, by name, inside of a ``with``.

    ``most``: bytes of all of them together.
    ``InputError``: ``no_file``, ``bad_archive``, ``too_large``, ``ambiguous_table``.
    """
    if path.is_dir():
        yield _by_name(path.iterdir(), most)
    elif not path.is_file():
        raise InputError(Problem("no_file", "there is no such file or folder", "check the path", str(path)))
    elif path.suffix.lower() == ".zip":
        with TemporaryDirectory(prefix="jifen-") as folder:
            yield _by_name(_unfolded(path, Path(folder), most), most)
    elif path.suffix.lower() in _SUFFIXES:
        yield _by_name([path], most)
    else:
        message = "this is no table"
        raise InputError(Problem("no_table", message, "give CSV, XLSX, or a folder or zip of these", str(path)))


def write_sheets(path: Path, tables: Iterable[tuple[str, Sequence[str], Iterable[Sequence[str]]]]) -> dict[str, int]:
    """Write tables of (name, columns, rows); returns how many rows each has.

    A path that ends in ``.xlsx`` is a workbook, one that ends in ``.zip`` a zip of CSV files, one that ends in ``.csv``
    the one table there is, any other a folder of them. It must not be there yet: ``InputError`` (``exists``).
    """
    if path.exists():
        raise InputError(Problem("exists", "there is something already", "choose another name", str(path)))
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() == ".xlsx":
        return _write_workbook(path, tables)
    if path.suffix.lower() == ".csv":
        ((name, columns, rows),) = tables
        return {name: _write_file(path, columns, rows)}
    if path.suffix.lower() != ".zip":
        path.mkdir()
        return {name: _write_file(path / f"{name}.csv", columns, rows) for name, columns, rows in tables}
    counts = {}
    with zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED) as archive:
        for name, columns, rows in tables:
            with archive.open(f"{name}.csv", "w", force_zip64=True) as file:
                counts[name] = _write_csv(file, columns, rows)
    return counts


def _by_name(paths: Iterable[Path], most: int) -> dict[str, Sheet]:
    """The tables of some files; two of one name would leave it open which is meant."""
    found: dict[str, Sheet] = {}
    left = most
    for path in sorted(path for path in paths if path.suffix.lower() in _SUFFIXES and not path.name.startswith("~")):
        is_csv = path.suffix.lower() == ".csv"
        left -= path.stat().st_size if is_csv else _unfolded_size(path)
        if left < 0:
            raise InputError(_too_large(path, most))
        for name in [path.stem] if is_csv else _sheet_names(path):
            file = path.name if is_csv else f"{path.name}/{name}"
            if name.lower() in found:
                message = f"there are two tables {name.lower()!r}"
                raise InputError(Problem("ambiguous_table", message, "take one away", file))
            found[name.lower()] = Sheet(name.lower(), file, path)
    return found


def _unfolded(path: Path, folder: Path, most: int) -> Iterator[Path]:
    """The tables of a zip as files in a folder, under their own names. No file gives more bytes than it announces."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [each for each in archive.infolist() if Path(each.filename).suffix.lower() in _SUFFIXES]
            if len(members) > _FILES_MOST or sum(each.file_size for each in members) > most:
                raise InputError(_too_large(path, most))
            for member in members:
                target = folder / Path(member.filename).name
                if target.exists():
                    message = f"there are two files {target.name!r}"
                    raise InputError(Problem("ambiguous_table", message, "take one away", str(path)))
                with archive.open(member) as source, target.open("wb") as file:
                    shutil.copyfileobj(source, file)
                yield target
    except _BROKEN as error:
        raise InputError(_broken(path)) from error


def _unfolded_size(path: Path) -> int:
    """What a workbook, which is a zip too, unfolds to."""
    try:
        with zipfile.ZipFile(path) as archive:
            return sum(each.file_size for each in archive.infolist())
    except _BROKEN as error:
        raise InputError(_broken(path)) from error


def _broken(path: Path) -> Problem:
    return Problem("bad_archive", "the file cannot be read", "save it anew", str(path))


def _too_large(path: Path, most: int) -> Problem:
    return Problem("too_large", "the tables are too large", f"at most {most >> 20} MiB in all", str(path))


def _checked(cells: Sequence[str], file: str) -> list[str]:
    """The names of the columns; ``InputError`` where two are the same."""
    columns = [cell.strip() for cell in cells]
    for place, name in enumerate(columns):
        if name and name in columns[:place]:
            raise InputError(Problem("bad_header", f"two columns {name[:40]!r}", "rename one", file, 1, name[:40]))
    return columns


def _csv_lines(sheet: Sheet) -> Iterator[tuple[int, list[str]]]:
    try:
        with sheet.path.open(encoding=detect_encoding(sheet.path), newline="") as stream:
            reader, line = csv.reader(stream, strict=True), 1
            for cells in reader:
                yield line, cells
                line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(Problem("bad_row", f"the row cannot be read: {error}", "quote it", sheet.file)) from error


def _workbook_lines(sheet: Sheet) -> Iterator[tuple[int, list[str]]]:
    with _workbook(sheet.path) as book:
        found = next(each for each in book.worksheets if each.title.lower() == sheet.name)
        for line, cells in enumerate(found.iter_rows(values_only=True, max_col=_COLUMNS_MOST), 1):
            yield line, [_text(cell) for cell in cells]


def _sheet_names(path: Path) -> list[str]:
    with _workbook(path) as book:
        return [sheet.title for sheet in book.worksheets]


@contextmanager
def _workbook(path: Path) -> Iterator[Any]:
    """A workbook, read row by row inside of a ``with``."""
    try:
        with path.open("rb") as file:  # which stays open in openpyxl's hands where it is no workbook
            book = load_workbook(file, read_only=True, data_only=True)
            try:
                yield book
            finally:
                book.close()
    except Exception as error:  # openpyxl raises whatever the XML makes it stumble over
        raise InputError(_broken(path)) from error


def _text(cell: Any) -> str:
    """A cell as it is written down: a workbook holds 12 as 12.0."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.isoformat(" ") if hasattr(cell, "hour") else str(cell)


def _write_workbook(path: Path, tables: Iterable[tuple[str, Sequence[str], Iterable[Sequence[str]]]]) -> dict[str, int]:
    book, counts = Workbook(write_only=True), {}
    for name, columns, rows in tables:
        sheet = book.create_sheet(name)
        sheet.append(list(columns))
        counts[name] = 0
        for row in rows:
            sheet.append([_string(sheet, guarded(cell)) for cell in row])
            counts[name] += 1
    book.save(path)
    return counts


def _string(sheet: Any, text: str) -> Any:
    """A cell that holds a text whatever it looks like."""
    cell = WriteOnlyCell(sheet)
    cell.value, cell.data_type = text, "s"
    return cell


def _write_file(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    with path.open("xb") as file:
        return _write_csv(file, columns, rows)


def _write_csv(file: IO[bytes], columns: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """Write a table with the mark by which spreadsheets know UTF-8."""
    stream = io.TextIOWrapper(file, "utf-8-sig", newline="")
    writer, count = csv.writer(stream, lineterminator="\n"), 0
    writer.writerow(columns)
    for row in rows:
        writer.writerow([guarded(cell) for cell in row])
        count += 1
    stream.flush()
    stream.detach()
    return count
