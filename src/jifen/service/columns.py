"""Rows into a table by column: COPY on PostgreSQL, one prepared statement for all on SQLite."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db.backends.base.base import BaseDatabaseWrapper

__all__ = ["Fields", "insert", "quoted"]

Fields = Mapping[str, Sequence[Any] | npt.NDArray[np.signedinteger[Any]] | int]
"""By column what its rows hold: a sequence or an array each, or one number for all."""

_HEADER, _TRAILER = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
"""What stands around the rows of a binary COPY."""


def insert(connection: BaseDatabaseWrapper, table: str, fields: Fields, count: int) -> None:
    """Add ``count`` rows to a table; columns of numbers are of eight bytes each in PostgreSQL."""
    if not count:
        return
    names = ", ".join(map(quoted, fields))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            if any(isinstance(field, list) for field in fields.values()):
                with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                    for row in _rows(fields, count):
                        copy.write_row(row)
            else:
                with cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT binary)") as copy:
                    copy.write(_HEADER + _binary(fields, count) + _TRAILER)
        return
    places = ", ".join(["%s"] * len(fields))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", _rows(fields, count))


def quoted(name: str) -> str:
    """A column's name, which may be a word of SQL."""
    return f'"{name}"'


def _rows(fields: Fields, count: int) -> list[tuple[Any, ...]]:
    """The rows one by one."""
    columns = (
        [field] * count if isinstance(field, int) else field.tolist() if isinstance(field, np.ndarray) else field
        for field in fields.values()
    )
    return list(zip(*columns, strict=True))


def _binary(fields: Fields, count: int) -> bytes:
    """The rows as PostgreSQL's binary COPY has them: how many columns, then each one's bytes and its number."""
    layout: list[Any] = [("columns", ">i2")]
    for place in range(len(fields)):
        layout += [(f"bytes{place}", ">i4"), (f"number{place}", ">i8")]
    rows = np.empty(count, dtype=layout)
    rows["columns"] = len(fields)
    for place, field in enumerate(fields.values()):
        rows[f"bytes{place}"], rows[f"number{place}"] = 8, field
    return rows.tobytes()
