"""Lines of the books as their members see them: one entry for each side that is a member's, in sorted blocks."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from django.db import connections

from jifen.ledger.journal import Account
from jifen.ledger.rows import Column
from jifen.service.accounts import parts_of
from jifen.service.columns import quoted

__all__ = ["ENTRY", "MEMBERS_OWN", "Block", "Days", "batch_days", "entries_of", "fetch_lines", "joined", "of_holder"]

ENTRY = np.dtype(
    [
        ("holder", "<i8"),  # the member
        ("place", "<i8"),  # twice the line's number, one more for the side that receives: it grows with time
        ("account", "<i8"),
        ("other", "<i8"),  # the account on the other side
        ("amount", "<i8"),  # below zero where it leaves
        ("order", "<i8"),
        ("batch", "<i8"),
        ("day", "<i4"),
        ("rule", "<i4"),
        ("reason", "<i4"),
        ("version", "<i4"),
    ]
)
Block = npt.NDArray[np.void]
"""Entries, sorted by holder and place."""

MEMBERS_OWN = (Account.WALLET, Account.PENDING, Account.CLAIM, Account.WEIGHT)
"""Kinds of accounts whose holder is a member: of all others the number is a pool's or a store's."""

_FIELDS = ("number", "source", "target", "amount", "order", "batch", "rule", "reason", "version")
_COPIED = ("order", "batch", "rule", "reason", "version")
_AT_ONCE = 50_000
"""Lines that one question asks for."""
_HEADER, _TRAILER = 19, 2
"""Bytes around the rows of a binary COPY."""


class Days(NamedTuple):
    """The business day of each of some batches, in order of their numbers."""

    batch: Column
    day: Column


def fetch_lines(using: str, first: int, last: int) -> Column:
    """Read lines by their numbers, from ``first`` up to but not ``last``: a row of ``_FIELDS`` each."""
    pieces = [_fetched(using, start, min(start + _AT_ONCE, last)) for start in range(first, last, _AT_ONCE)]
    return np.concatenate(pieces) if pieces else np.empty((0, len(_FIELDS)), dtype=np.int64)


def batch_days(using: str, first: int, last: int) -> Days:
    """The days of the batches from ``first`` to ``last``, both included."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT number, day FROM batch WHERE number BETWEEN %s AND %s ORDER BY number", [first, last])
        rows = np.array(cursor.fetchall(), dtype=np.int64).reshape(-1, 2)
    return Days(rows[:, 0], rows[:, 1])


def entries_of(lines: Column, days: Days) -> Block:
    """The entries of some lines, with the days of all their batches."""
    column = dict(zip(_FIELDS, lines.T, strict=True))
    day = days.day[np.searchsorted(days.batch, column["batch"])]
    sides = []
    for side, (own, other) in enumerate((("source", "target"), ("target", "source"))):
        kind, holder, _ = parts_of(column[own])
        rows = np.flatnonzero(np.isin(kind, MEMBERS_OWN))
        made = np.empty(len(rows), dtype=ENTRY)
        made["holder"], made["place"] = holder[rows], column["number"][rows] << 1 | side
        made["account"], made["other"], made["day"] = column[own][rows], column[other][rows], day[rows]
        made["amount"] = column["amount"][rows] * (1 if side else -1)
        for name in _COPIED:
            made[name] = column[name][rows]
        sides.append(made)
    return joined(sides)


def joined(blocks: Sequence[Block]) -> Block:
    """One block of several."""
    entries = np.concatenate(blocks)
    return entries[np.lexsort((entries["place"], entries["holder"]))]


def of_holder(block: Block, holder: int, before: int) -> Block:
    """The entries of a member whose place is below ``before``, the oldest first."""
    first, last = np.searchsorted(block["holder"], [holder, holder + 1]).tolist()
    mine = block[first:last]
    return mine[: int(np.searchsorted(mine["place"], before))]


def _fetched(using: str, first: int, last: int) -> Column:
    """By COPY from PostgreSQL, row by row from SQLite."""
    connection = connections[using]
    names = ", ".join(map(quoted, _FIELDS))
    query = f"SELECT {names} FROM transfer WHERE number >= {int(first)} AND number < {int(last)} ORDER BY number"
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            cursor.execute(query)
            return np.array(cursor.fetchall(), dtype=np.int64).reshape(-1, len(_FIELDS))
        with cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT binary)") as copy:
            data = b"".join(copy)
    layout: list[Any] = [("columns", ">i2")]
    for place in range(len(_FIELDS)):
        layout += [(f"bytes{place}", ">i4"), (f"number{place}", ">i8")]
    row = np.dtype(layout)
    rows = np.frombuffer(data, row, (len(data) - _HEADER - _TRAILER) // row.itemsize, _HEADER)
    return np.stack([rows[f"number{place}"].astype(np.int64) for place in range(len(_FIELDS))], axis=1)
