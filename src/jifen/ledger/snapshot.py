"""A snapshot: named NumPy columns and one JSON document in a directory, checksummed, memory-mapped when loaded.

Each column is a file of raw little-endian numbers, ``<name>.column``; ``header.json`` has the document, the caller's
format version, and each column's type, shape and SHA-256, and is sealed with its own. The directory appears whole or
not at all (``atomic``), in place of the one before.
"""

import hashlib
import math
import os
from collections.abc import Iterable, Mapping
from io import BufferedReader
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jifen.core.errors import InputError, Problem, ensure
from jifen.ledger.atomic import atomic_directory, sweep
from jifen.ledger.chain import seal, unseal

__all__ = ["decode_names", "encode_names", "load", "save"]

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
        described = {name: _write_column(new_directory, name, column) for name, column in columns.items()}
        header = {"format": _FORMAT, "version": version, "columns": described, "document": document}
        (new_directory / _HEADER).write_bytes(seal(header))


def load(directory: Path, *, version: int, mmap: bool = True) -> tuple[dict[str, _Column], dict[str, Any]]:
    """Read a snapshot of ``version``: its columns, read-only maps of the files or (``mmap=False``) arrays of their own.

    Every byte is checked. Raises ``InputError`` with a remedy for a snapshot that is not there, of another version,
    damaged, cut off, or not complete; also if another is saved here meanwhile, so give each one its own directory where
    others read.
    """
    if not directory.is_dir() and directory.parent.is_dir():
        sweep(directory)  # gives back the old one if a writer died between putting it aside and the new one in place
    if not directory.is_dir():
        raise InputError(
            Problem("snapshot_missing", "there is no snapshot", "make it from the journal", str(directory))
        )
    header = _read_header(directory / _HEADER, version)
    columns = {
        name: _read_column(directory / f"{name}.column", described, mmap)
        for name, described in header["columns"].items()
    }
    return columns, header["document"]


def encode_names(names: Iterable[str]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Turn texts into two columns: their UTF-8 bytes end to end, and where each begins, with the end of the last.

    >>> encode_names(["安", "b"])
    (array([229, 174, 137,  98], dtype=uint8), array([0, 3, 4]))
    """
    encoded = [name.encode() for name in names]
    offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
    np.cumsum([len(name) for name in encoded], out=offsets[1:])
    return np.frombuffer(b"".join(encoded), dtype=np.uint8), offsets


def decode_names(texts: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]) -> list[str]:
    """Turn the two columns of ``encode_names`` back into texts; columns that are no such pair are a ``ValueError``.

    >>> decode_names(*encode_names(["安", "b"]))
    ['安', 'b']
    """
    bounds = offsets.tolist()
    content = texts.tobytes()
    if not bounds or bounds[0] != 0 or bounds[-1] != len(content) or np.any(np.diff(offsets) < 0):
        raise ValueError("offsets do not divide the bytes of the names")
    return [content[start:end].decode() for start, end in pairwise(bounds)]


def _write_column(directory: Path, name: str, column: _Column) -> dict[str, Any]:
    ensure(name.isidentifier(), f"a column is named like a variable, not {name!r}")
    ensure(column.dtype.kind in _KINDS, f"column {name} must hold truths or integers, not {column.dtype}")
    packed = np.ascontiguousarray(column, dtype=column.dtype.newbyteorder("<"))
    content = packed.reshape(-1).view(np.uint8).data
    (directory / f"{name}.column").write_bytes(content)
    return {"dtype": packed.dtype.str, "shape": list(column.shape), "sha256": hashlib.sha256(content).hexdigest()}


def _read_header(path: Path, version: int) -> dict[str, Any]:
    with _open(path) as file:
        header = unseal(file.read(), str(path))
    if header.get("format") != _FORMAT or header.get("version") != version:
        message = f"this is version {header.get('version')} of a {header.get('format')}, not version {version}"
        raise InputError(Problem("wrong_version", message, _REMEDY, str(path)))
    return header


def _read_column(path: Path, described: Mapping[str, Any], mmap: bool) -> _Column:
    dtype, shape = np.dtype(described["dtype"]), tuple(described["shape"])
    with _open(path) as file:
        size, expected = os.fstat(file.fileno()).st_size, dtype.itemsize * math.prod(shape)
        if size != expected:
            raise _damaged(path, f"the file has {size} bytes, not {expected}")
        if hashlib.file_digest(file, "sha256").hexdigest() != described["sha256"]:
            raise _damaged(path, "the file is not what was written: its SHA-256 differs")
        file.seek(0)
        if mmap and size:
            return np.memmap(file, dtype=dtype, mode="r", shape=shape)
        return np.fromfile(file, dtype=dtype).reshape(shape)


def _open(path: Path) -> BufferedReader:
    try:
        return path.open("rb")
    except OSError as error:
        message = f"the file cannot be read: {error.strerror}"
        raise InputError(Problem("snapshot_incomplete", message, _REMEDY, str(path))) from error


def _damaged(path: Path, message: str) -> InputError:
    return InputError(Problem("snapshot_damaged", message, _REMEDY, str(path)))
