"""The journal of one batch: transfers, forfeits and refusals, as columns.

A **transfer** moves ``amount`` of ``asset`` from one account to another: it cannot be unbalanced. Where it is the
release of a lot, ``drained`` says how much of the lot is used up with it (points; the asset is ⌊drained × per point⌋,
so either of the two may be 0, never both). An account is a kind and an id: ``WALLET`` 17 is the wallet of member 17.

Names (rules, assets, members, orders) are numbers in the columns; ``Names`` turns them back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
import numpy.typing as npt

__all__ = [
    "FORFEIT",
    "NONE",
    "TRANSFER",
    "Account",
    "Journal",
    "JournalWriter",
    "Names",
    "Refusal",
    "TransferArray",
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
        ("reason", "<i4"),  # for rule ``refund``: the rule taken back
        ("version", "<i4"),  # the plan version that decided
    ]
)
FORFEIT = np.dtype([("event", "<i8"), ("day", "<i4"), ("rule", "<i4"), ("member", "<i8"), ("points", "<i8")])

TransferArray = npt.NDArray[np.void]


@dataclass(slots=True)
class Names:
    """Numbers for names, in order of first use: one table for each kind of thing."""

    names: list[str] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def number(self, name: str) -> int:
        """The number of a name, a new one if it is new."""
        found = self.numbers.get(name)
        if found is None:
            found = self.numbers[name] = len(self.names)
            self.names.append(name)
        return found

    def get(self, name: str) -> int:
        """The number of a name, ``NONE`` if it has none."""
        return self.numbers.get(name, NONE)

    def __len__(self) -> int:
        """How many names there are."""
        return len(self.names)

    @classmethod
    def of(cls, names: Iterable[str]) -> "Names":
        """Make a table from names in order."""
        once = list(dict.fromkeys(names))
        return cls(once, {name: number for number, name in enumerate(once)})


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that was refused: it changed nothing and left its id free (unless it is a ``duplicate``)."""

    event: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Journal:
    """What one batch did. ``transfers`` has dtype ``TRANSFER``, ``forfeits`` dtype ``FORFEIT``, in order."""

    transfers: TransferArray
    forfeits: TransferArray
    refusals: tuple[Refusal, ...]
    accepted: int
    """How many events were accepted (duplicates are not)."""
    duplicates: int
    members: Sequence[str]
    rules: Sequence[str]
    assets: Sequence[str]

    def paid(self) -> dict[str, dict[str, int]]:
        """What was credited to each member's wallet by rule, all assets together (rule ``refund`` is negative)."""
        result: dict[str, dict[str, int]] = {}
        for kind, id_column, sign in ((Account.WALLET, "to", 1), (Account.WALLET, "from", -1)):
            rows = self.transfers[self.transfers[f"{id_column}_kind"] == kind]
            for row in rows:
                by_rule = result.setdefault(self.members[int(row[f"{id_column}_id"])], {})
                rule = self.rules[int(row["rule"])]
                by_rule[rule] = by_rule.get(rule, 0) + sign * int(row["amount"])
        return result

    def forfeited(self) -> dict[str, int]:
        """What each member lost, in points."""
        result: dict[str, int] = {}
        for row in self.forfeits:
            member = self.members[int(row["member"])]
            result[member] = result.get(member, 0) + int(row["points"])
        return result


class JournalWriter:
    """Collects rows and column chunks in order, and seals them into arrays."""

    def __init__(self) -> None:
        """Start empty."""
        self._chunks: list[TransferArray] = []
        self._rows: list[tuple[int, ...]] = []
        self._forfeit_chunks: list[TransferArray] = []
        self._forfeits: list[tuple[int, ...]] = []

    def transfer(self, row: tuple[int, ...]) -> None:
        """Add one transfer: the fields of ``TRANSFER`` in order."""
        self._rows.append(row)

    def transfers(self, chunk: TransferArray) -> None:
        """Add a chunk of transfers after what is there."""
        self._flush()
        self._chunks.append(chunk)

    def forfeit(self, row: tuple[int, ...]) -> None:
        """Add one forfeit: the fields of ``FORFEIT`` in order."""
        self._forfeits.append(row)

    def forfeits(self, chunk: TransferArray) -> None:
        """Add a chunk of forfeits."""
        if self._forfeits:
            self._forfeit_chunks.append(np.array(self._forfeits, dtype=FORFEIT))
            self._forfeits = []
        self._forfeit_chunks.append(chunk)

    def _flush(self) -> None:
        if self._rows:
            self._chunks.append(np.array(self._rows, dtype=TRANSFER))
            self._rows = []

    def seal(self) -> tuple[TransferArray, TransferArray]:
        """Return all transfers and all forfeits, and start empty again."""
        self._flush()
        self.forfeits(np.empty(0, dtype=FORFEIT))
        # As plain bytes: field by field it takes several times as long.
        pieces = [np.empty(0, dtype=np.uint8), *(chunk.view(np.uint8) for chunk in self._chunks)]
        transfers: TransferArray = np.concatenate(pieces).view(TRANSFER)
        forfeits = np.concatenate(self._forfeit_chunks)
        self._chunks, self._forfeit_chunks = [], []
        return transfers, forfeits
