"""A snapshot: named NumPy columns and one JSON document in a directory, checksummed, memory-mapped when loaded.

Each column is a file of raw little-endian numbers, ``<name>.column``; ``header.json`` has the document, the caller's
format version, and each column's type, shape and SHA-256, and is sealed with its own. The directory appears whole or
not at all (``atomic``), in place of the one before.
"""

import hashlib
import math
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BufferedReader
from mmap import ACCESS_COPY, ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jifen.core.errors import InputError, Problem, ensure
from jifen.ledger.atomic import atomic_directory, sweep
from jifen.ledger.chain import seal, unseal

__all__ = ["load", "save"]

_Column = npt.NDArray[Any]

_HEADER = "header.json"
_FORMAT = "jifen snapshot"
_KINDS = "biu"
"""Truths and integers: nothing else may be a column."""

_REMEDY = "delete it, and make it again from the journal"


def save(directory: Path, columns: Mapping[str, _Column], document: Mapping[str, Any], *, version: int) -> None:
    """Write a snapshot in place of the one in ``directory``; if that fails, at any moment, the old one stays.

    Columns have any shape and a type of truths or integers; ``document`` is plain JSON without floats.
    """
    with atomic_directory(directory, force=True) as new_directory:
        write = partial(_write_column, new_directory)
        with ThreadPoolExecutor() as pool:  # hashing, copying and waiting for the disk all let other threads go on
            described = dict(zip(columns, pool.map(write, columns, columns.values()), strict=True))
        header = {"format": _FORMAT, "version": version, "columns": described, "document": document}
        (new_directory / _HEADER).write_bytes(seal(header))


def load(
    directory: Path, *, version: int, writable: bool = False, verify: bool = True
) -> tuple[dict[str, _Column], dict[str, Any]]:
    """Map a snapshot of ``version``: its columns and its document.

    What is written to ``writable`` columns stays in this process and never reaches the files. The header and the sizes
    of all files are checked, and with ``verify`` every byte, which reads them all; who has done that before may leave
    it out, and what he does not ask for is never read. Raises ``InputError`` with a remedy for a snapshot that is not
    there, of another version, damaged, cut off, or not complete; also if another is saved here meanwhile, so give each
    one its own directory where others read.
    """
    if not directory.is_dir() and directory.parent.is_dir():
        sweep(directory)  # gives back the old one if a writer died between putting it aside and the new one in place
    if not directory.is_dir():
        raise InputError(
            Problem("snapshot_missing", "there is no snapshot", "make it from the journal", str(directory))
        )
    header = _read_header(directory / _HEADER, version)
    columns = {
        name: _map_column(directory / f"{name}.column", described, writable)
        for name, described in header["columns"].items()
    }
    if verify:
        with ThreadPoolExecutor() as pool:
            digests = dict(zip(columns, pool.map(_digest, columns.values()), strict=True))
        for name, described in header["columns"].items():
            if digests[name] != described["sha256"]:
                raise _damaged(directory / f"{name}.column", "the file is not what was written: its SHA-256 differs")
    elif _read_header(directory / _HEADER, version) != header:
        raise _damaged(directory / _HEADER, "another snapshot was saved here meanwhile")
    return columns, header["document"]


def _write_column(directory: Path, name: str, column: _Column) -> dict[str, Any]:
    ensure(name.isidentifier(), f"a column is named like a variable, not {name!r}")
    ensure(column.dtype.kind in _KINDS, f"column {name} must hold truths or integers, not {column.dtype}")
    packed = np.ascontiguousarray(column, dtype=column.dtype.newbyteorder("<"))
    with (directory / f"{name}.column").open("wb") as file:
        file.write(_bytes_of(packed))
        file.flush()
        os.fsync(file.fileno())
    return {"dtype": packed.dtype.str, "shape": list(column.shape), "sha256": _digest(packed)}


def _digest(column: _Column) -> str:
    return hashlib.sha256(_bytes_of(column)).hexdigest()


def _bytes_of(column: _Column) -> memoryview:
    return column.reshape(-1).view(np.uint8).data


def _read_header(path: Path, version: int) -> dict[str, Any]:
    with _open(path) as file:
        header = unseal(file.read(), str(path))
    if header.get("format") != _FORMAT or header.get("version") != version:
        message = f"this is version {header.get('version')} of a {header.get('format')}, not version {version}"
        raise InputError(Problem("wrong_version", message, _REMEDY, str(path)))
    return header


def _map_column(path: Path, described: Mapping[str, Any], writable: bool) -> _Column:
    dtype, shape = np.dtype(described["dtype"]), tuple(described["shape"])
    with _open(path) as file:
        size, expected = os.fstat(file.fileno()).st_size, dtype.itemsize * math.prod(shape)
        if size != expected:
            raise _damaged(path, f"the file has {size} bytes, not {expected}")
        if size == 0:  # cannot be mapped
            return np.empty(shape, dtype=dtype)
        content = mmap(file.fileno(), size, access=ACCESS_COPY if writable else ACCESS_READ)
    return np.frombuffer(content, dtype=dtype).reshape(shape)


def _open(path: Path) -> BufferedReader:
    try:
        return path.open("rb")
    except OSError as error:
        message = f"the file cannot be read: {error.strerror}"
        raise InputError(Problem("snapshot_incomplete", message, _REMEDY, str(path))) from error


def _damaged(path: Path, message: str) -> InputError:
    return InputError(Problem("snapshot_damaged", message, _REMEDY, str(path)))
