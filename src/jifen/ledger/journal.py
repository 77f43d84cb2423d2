"""The journal of one batch: transfers, forfeits and refusals, as columns.

A **transfer** moves ``amount`` of ``asset`` from one account to another: it cannot be unbalanced. Where it is the
release of a lot, ``drained`` says how much of the lot is used up with it (points; the asset is ⌊drained × per point⌋,
so either of the two may be 0, never both). An account is a kind and an id: ``WALLET`` 17 is the wallet of member 17.

Names (rules, assets, members, orders) are numbers in the columns; ``names.Names`` turns them back.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Generic, TypeVar

import numpy as np

from jifen.core.errors import ensure
from jifen.ledger.rows import BLOCK_ROWS, Chunk, Computed, Field, Rows, narrow

__all__ = [
    "FORFEIT",
    "NONE",
    "TRANSFER",
    "Account",
    "Forfeits",
    "Journal",
    "JournalWriter",
    "Refusal",
    "Transfers",
]

NONE = -1
"""In a column of numbers: there is none."""


class Account(IntEnum):
    """The kinds of accounts. The id is a member, a pool or a store, else 0."""

    MERCHANT = 0
    """The plan's own account: what orders bring in, what merchant funding pays from. May go below zero."""
    RESERVE = 1
    """The plan's reserve; never below zero."""
    POOL = 2
    """A named pool (id: pool); never below zero."""
    RECEIVABLE = 3
    """What a pool or the reserve (id: pool, or NONE for the reserve) still owes; zero or below."""
    WALLET = 4
    """A member's asset; below zero it is a debt."""
    PENDING = 5
    """What a member has asked to withdraw."""
    CLAIM = 6
    """A member's open lots, in units of the lot's store. Transfers' ``drained`` lowers it."""
    ISSUER = 7
    """Where lots and weights come from (id: store)."""
    WEIGHT = 8
    """A member's weight in a store."""
    OUTSIDE = 9
    """The world: customers, banks, donors, the back office."""


TRANSFER = np.dtype(
    [
        ("event", "<i8"),  # index into the event log, NONE for what a run does by itself
        ("day", "<i4"),
        ("rule", "<i4"),
        ("from_kind", "i1"),
        ("from_id", "<i8"),
        ("to_kind", "i1"),
        ("to_id", "<i8"),
        ("asset", "<i4"),
        ("amount", "<i8"),
        ("lot", "<i8"),
        ("drained", "<i8"),
        ("order", "<i8"),  # the order it stands on, where there is one
        ("line", "<i4"),  # the order's line, NONE for the whole order
        ("reason", "<i4"),  # for rule ``refund``: the rule taken back; where a plan was wound up: the one that owed
        ("version", "<i4"),  # the plan version that decided
    ]
)
FORFEIT = np.dtype([("event", "<i8"), ("day", "<i4"), ("rule", "<i4"), ("member", "<i8"), ("points", "<i8")])


class Transfers(Rows):
    """Transfers in order: the fields of ``TRANSFER``."""

    __slots__ = ()
    dtype = TRANSFER


class Forfeits(Rows):
    """Losses of points in order: the fields of ``FORFEIT``."""

    __slots__ = ()
    dtype = FORFEIT


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that was refused: it changed nothing and left its id free (unless it is a ``duplicate``)."""

    event: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Journal:
    """What one batch did, in order."""

    transfers: Transfers
    forfeits: Forfeits
    refusals: tuple[Refusal, ...]
    accepted: int
    """How many events were accepted (duplicates are not)."""
    duplicates: int
    members: Sequence[str]
    rules: Sequence[str]
    assets: Sequence[str]

    def paid(self) -> dict[str, dict[str, int]]:
        """What was credited to each member's wallet by rule, all assets together (rule ``refund`` is negative)."""
        result: dict[int, dict[str, int]] = {}
        for kind, id_column, sign in ((Account.WALLET, "to", 1), (Account.WALLET, "from", -1)):
            rows = self.transfers[self.transfers[f"{id_column}_kind"] == kind]
            for row in rows:
                by_rule = result.setdefault(int(row[f"{id_column}_id"]), {})
                rule = self.rules[int(row["rule"])]
                by_rule[rule] = by_rule.get(rule, 0) + sign * int(row["amount"])
        return {self.members[member]: result[member] for member in sorted(result)}

    def forfeited(self) -> dict[str, int]:
        """What each member lost, in points."""
        result: dict[str, int] = {}
        for row in self.forfeits:
            member = self.members[int(row["member"])]
            result[member] = result.get(member, 0) + int(row["points"])
        return result


class JournalWriter:
    """Collects single rows and whole columns in order, and seals them."""

    def __init__(self) -> None:
        """Start empty."""
        self._transfers = _Collector(Transfers)
        self._forfeits = _Collector(Forfeits)

    def transfer(self, row: tuple[int, ...]) -> None:
        """Add one transfer: the fields of ``TRANSFER`` in order."""
        self._transfers.add(row)

    def columns(self, count: int, **fields: Field) -> None:
        """Add ``count`` transfers: by field a column, of that field's type or a narrower one, or one number for all.

        Columns are kept as they are and must not change any more. What is left out is 0 for ``from_id``, ``to_id`` and
        ``drained``, and ``NONE`` for ``lot``, ``order``, ``line`` and ``reason``; the rest must be given.
        """
        self._transfers.extend(count, _LEFT_OUT | fields)

    def forfeit(self, row: tuple[int, ...]) -> None:
        """Add one forfeit: the fields of ``FORFEIT`` in order."""
        self._forfeits.add(row)

    def forfeits(self, count: int, **fields: Field) -> None:
        """Add ``count`` forfeits, as ``columns`` does; all fields must be given."""
        self._forfeits.extend(count, fields)

    def seal(self) -> tuple[Transfers, Forfeits]:
        """Return all transfers and all forfeits, and start empty again."""
        return self._transfers.seal(), self._forfeits.seal()


_LEFT_OUT: dict[str, Field] = {
    "from_id": 0, "to_id": 0, "drained": 0, "lot": NONE, "order": NONE, "line": NONE, "reason": NONE,
}  # fmt: skip

_R = TypeVar("_R", bound=Rows)


class _Collector(Generic[_R]):
    """Rows of one kind: single ones are laid end to end as bare numbers until they fill a block."""

    def __init__(self, kind: type[_R]) -> None:
        self._kind = kind
        self._names = kind.dtype.names or ()
        self._full = BLOCK_ROWS * len(self._names)
        self._chunks: list[Chunk] = []
        self._single = array("q")

    def add(self, row: tuple[int, ...]) -> None:
        self._single.extend(row)
        if len(self._single) == self._full:
            self._flush()

    def extend(self, count: int, fields: dict[str, Field]) -> None:
        self._flush()
        ensure(fields.keys() == set(self._names), f"the fields are {', '.join(self._names)}, not {', '.join(fields)}")
        if count:
            self._chunks.append(Chunk(count, {name: self._fitting(name, fields[name]) for name in self._names}))

    def seal(self) -> _R:
        self._flush()
        rows, self._chunks = self._kind(self._chunks), []
        # What fits in a block is joined here once, not by everyone who reads it.
        return rows if len(rows) > BLOCK_ROWS else self._kind(rows.blocks())

    def _flush(self) -> None:
        if self._single:
            rows = np.frombuffer(self._single, np.int64).reshape(-1, len(self._names))
            bounds = zip(rows.min(axis=0).tolist(), rows.max(axis=0).tolist(), strict=True)
            columns = map(narrow, rows.T, bounds)
            self._single = array("q")
            self.extend(len(rows), dict(zip(self._names, columns, strict=True)))

    def _fitting(self, name: str, field: Field) -> Field:
        """A field that the type of its column can hold, whoever asks for it in that type."""
        bits = self._kind.dtype[name].itemsize * 8
        if isinstance(field, np.ndarray):
            ensure(field.dtype.kind == "i" and field.dtype.itemsize * 8 <= bits, f"{name}: {field.dtype} is too wide")
        elif not isinstance(field, Computed):
            field = int(field)
            ensure(-(1 << bits - 1) <= field < 1 << bits - 1, f"{name}: {field} is beyond {bits} bits")
        return field
