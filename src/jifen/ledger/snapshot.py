"""A snapshot: named NumPy columns and one JSON document in a directory, checksummed, memory-mapped when loaded.

``columns.bin`` has the columns one after the other, raw little-endian numbers, each from a multiple of 64 bytes on.
``header.json`` has the document, the caller's format version, and where each column begins with its type, shape and
SHA-256, or the number that it has throughout; it is sealed with its own. The directory appears whole or not at all
(``atomic``), in place of the one before.
"""

import hashlib
import math
import os
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from io import BufferedReader, BufferedWriter
from mmap import ACCESS_COPY, ACCESS_READ, ALLOCATIONGRANULARITY, mmap
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jifen.core.errors import InputError, Problem, ensure
from jifen.ledger.atomic import atomic_directory, sweep
from jifen.ledger.chain import seal, unseal

__all__ = ["load", "save"]

_Column = npt.NDArray[Any]

_HEADER, _COLUMNS = "header.json", "columns.bin"
_ALIGNED = 64
_FORMAT = "jifen snapshot"
_KINDS = "biu"
"""Truths and integers: nothing else may be a column."""

_PIECE = 1 << 20
"""Bytes that are checked at once, and numbers that are compared at once."""

_LARGE = 1 << 16
"""Rows from which a column that changes has room."""
_ROOM = 4
"""It may grow by one part in so many."""

_REMEDY = "delete it, and make it again from the journal"


def save(
    directory: Path,
    columns: Mapping[str, _Column],
    document: Mapping[str, Any],
    *,
    version: int,
    changing: Collection[str] = (),
) -> None:
    """Write a snapshot in place of the one in ``directory``; if that fails, at any moment, the old one stays.

    Columns have any shape and a type of truths or integers; ``document`` is plain JSON without floats. ``changing`` are
    those of one dimension that who loads them may write, and add rows to.
    """
    described = {name: _described(name, column) | {"changes": name in changing} for name, column in columns.items()}
    packed = {name: _packed(columns[name]) for name in columns if "number" not in described[name]}
    with atomic_directory(directory, force=True) as new_directory:
        # Hashing lets other threads go on, and so does writing.
        with (new_directory / _COLUMNS).open("wb") as file, ThreadPoolExecutor() as pool:
            digests = pool.map(_digest, packed.values())
            for name, column in packed.items():
                described[name]["start"] = _write(file, column)
            for name, digest in zip(packed, digests, strict=True):
                described[name]["sha256"] = digest
            size = file.tell()
        header = {"format": _FORMAT, "version": version, "size": size, "columns": described, "document": document}
        (new_directory / _HEADER).write_bytes(seal(header))


def load(
    directory: Path, *, version: int, writable: bool = False, verify: bool = True
) -> tuple[dict[str, _Column], dict[str, Any]]:
    """Map a snapshot of ``version``: its columns and its document.

    If it is ``writable``, what is written to columns that change stays in this process and never reaches the files.
    Large ones come with room: with more rows at their end, of any numbers. A column that has the same number throughout
    comes as a view of that number, which cannot be written. The header and the size of the file are checked, and with
    ``verify`` every byte, which reads them all; who has done that before may leave it out, and what he does not ask for
    is never read. Raises ``InputError`` with a remedy for a snapshot that is not there, of another version, damaged,
    cut off, or not complete; also if another is saved here meanwhile, so give each one its own directory where others
    read.
    """
    if not directory.is_dir() and directory.parent.is_dir():
        sweep(directory)  # gives back the old one if a writer died between putting it aside and the new one in place
    if not directory.is_dir():
        raise InputError(
            Problem("snapshot_missing", "there is no snapshot", "make it from the journal", str(directory))
        )
    header = _read_header(directory / _HEADER, version)
    with _open(directory / _COLUMNS) as file:
        columns = _map_columns(file, header, writable)
        if verify:
            _verify(file, header["columns"])
    if not verify and _read_header(directory / _HEADER, version) != header:
        raise _damaged(directory / _HEADER, "another snapshot was saved here meanwhile")
    return columns, header["document"]


def _described(name: str, column: _Column) -> dict[str, Any]:
    """What the header says of a column, as far as it is known before it is written."""
    ensure(name.isidentifier(), f"a column is named like a variable, not {name!r}")
    ensure(column.dtype.kind in _KINDS, f"column {name} must hold truths or integers, not {column.dtype}")
    described = {"dtype": column.dtype.newbyteorder("<").str, "shape": list(column.shape)}
    numbers = column.reshape(-1)
    first = int(numbers[0]) if len(numbers) else 0
    same = all((numbers[at : at + _PIECE] == first).all() for at in range(0, len(numbers), _PIECE))
    return described | {"number": first} if same else described


def _packed(column: _Column) -> _Column:
    """A column as it is on disk: itself, or a copy if its values are laid out in another way."""
    return np.ascontiguousarray(column, dtype=column.dtype.newbyteorder("<")).reshape(column.shape)


def _write(file: BufferedWriter, column: _Column) -> int:
    """Write one column after the last, and return where it begins."""
    file.write(bytes(-file.tell() % _ALIGNED))
    start = file.tell()
    file.write(_bytes_of(column))
    return start


def _digest(column: _Column) -> str:
    return hashlib.sha256(_bytes_of(column)).hexdigest()


def _verify(file: BufferedReader, columns: Mapping[str, Any]) -> None:
    """Check every byte. It is read, not looked at in the map: what nobody asks for takes no memory of the process."""

    def digest_of(described: Mapping[str, Any]) -> str:
        digest, at = hashlib.sha256(), described["start"]
        end = at + np.dtype(described["dtype"]).itemsize * math.prod(described["shape"])
        while at < end:
            piece = os.pread(file.fileno(), min(_PIECE, end - at), at)
            digest.update(piece)
            at += len(piece) or end
        return digest.hexdigest()

    written = {name: described for name, described in columns.items() if "number" not in described}
    with ThreadPoolExecutor() as pool:
        for name, digest in zip(written, pool.map(digest_of, written.values()), strict=True):
            if digest != written[name]["sha256"]:
                raise _damaged(Path(file.name), f"column {name} is not what was written: its SHA-256 differs")


def _bytes_of(column: _Column) -> memoryview:
    return column.reshape(-1).view(np.uint8).data


def _read_header(path: Path, version: int) -> dict[str, Any]:
    with _open(path) as file:
        header = unseal(file.read(), str(path))
    if header.get("format") != _FORMAT or header.get("version") != version:
        message = f"this is version {header.get('version')} of a {header.get('format')}, not version {version}"
        raise InputError(Problem("wrong_version", message, _REMEDY, str(path)))
    return header


def _map_columns(file: BufferedReader, header: Mapping[str, Any], writable: bool) -> dict[str, _Column]:
    size, expected = os.fstat(file.fileno()).st_size, header["size"]
    if size != expected:
        raise _damaged(Path(file.name), f"the file has {size} bytes, not {expected}")
    seen, own = (mmap(file.fileno(), size, access=each) if size else b"" for each in (ACCESS_READ, ACCESS_COPY))
    columns = {}
    for name, described in header["columns"].items():
        dtype, (rows, *rest), changes = (
            np.dtype(described["dtype"]),
            described["shape"],
            writable and described["changes"],
        )
        room = rows // _ROOM if changes and rows >= _LARGE else 0
        if "number" in described:
            columns[name] = np.broadcast_to(np.array(described["number"], dtype), (rows + room, *rest))
        elif room:
            columns[name] = _with_room(file, dtype, rows + room, described["start"])
        else:
            columns[name] = np.ndarray((rows, *rest), dtype, own if changes else seen, described["start"])
    return columns


def _with_room(file: BufferedReader, dtype: np.dtype[Any], rows: int, start: int) -> _Column:
    """A column in a map of its own, which goes on behind it over what follows in the file: rows can be put there."""
    first, size = start - start % ALLOCATIONGRANULARITY, os.fstat(file.fileno()).st_size
    rows = min(rows, (size - start) // dtype.itemsize)
    content = mmap(file.fileno(), start + rows * dtype.itemsize - first, access=ACCESS_COPY, offset=first)
    return np.ndarray(rows, dtype, content, start - first)


def _open(path: Path) -> BufferedReader:
    try:
        return path.open("rb")
    except OSError as error:
        message = f"the file cannot be read: {error.strerror}"
        raise InputError(Problem("snapshot_incomplete", message, _REMEDY, str(path))) from error


def _damaged(path: Path, message: str) -> InputError:
    return InputError(Problem("snapshot_damaged", message, _REMEDY, str(path)))
