"""What must hold of the books after every batch. Each check raises ``BrokenInvariant`` and names the first culprit.

The checks are vectorised and look at what they are given: the transfers of one batch, block by block, the accounts or
lots it touched. So their cost follows the batch and not the world. Totals are Python integers, which cannot overflow.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from jifen.core.errors import ensure
from jifen.ledger.journal import NONE, Account, Forfeits, Transfers
from jifen.ledger.rows import Chunk, Column, Mask, Rows
from jifen.ledger.sums import grouped_sums

__all__ = [
    "ACCOUNT_TABLE",
    "Holder",
    "check_claims",
    "check_lots",
    "check_names",
    "check_transfers",
    "check_zero_sum",
    "fold",
]

ACCOUNT_TABLE: Mapping[Account, str | None] = {
    Account.MERCHANT: None, Account.RESERVE: None, Account.POOL: "pool", Account.RECEIVABLE: "pool",
    Account.WALLET: "member", Account.PENDING: "member", Account.CLAIM: "member", Account.ISSUER: "store",
    Account.WEIGHT: "member", Account.OUTSIDE: None,
}  # fmt: skip
"""The table of names an account's id points into; the others have the id 0 and no name."""

_NAMED = {"rule": "rule", "asset": "asset", "order": "order", "reason": "rule"}
_LOST = {"rule": "rule", "member": "member"}
_OF_MEMBERS = np.array([ACCOUNT_TABLE[kind] == "member" for kind in Account])


class Holder(NamedTuple):
    """An account in one asset, or the accounts of a kind of all members together, whose id is 0 then."""

    kind: Account
    id: int
    asset: int


def check_transfers(transfers: Transfers, *, assets: int) -> None:
    """Check each transfer for itself: something moves, nothing negative, between two accounts, of a known asset.

    ``assets`` says how many there are.
    """
    for first, block in _numbered(transfers):
        amount, drained, asset = block["amount"], block["drained"], block["asset"]
        _all((amount >= 0) & (drained >= 0), first, block, "a transfer is negative")
        _all((amount > 0) | (drained > 0), first, block, "a transfer moves nothing")
        _all((asset >= 0) & (asset < assets), first, block, "a transfer has an unknown asset")
        ends = []
        for side in ("from", "to"):
            kind, number = _kind(first, block, side), block[f"{side}_id"]
            _all(number >= NONE, first, block, f"a transfer goes {side} an account with a negative id")
            ends.append((kind, number))
        (kind, number), (other_kind, other) = ends
        _all((kind != other_kind) | (number != other), first, block, "a transfer goes from an account to itself")


def check_names(rows: Transfers | Forfeits, counts: Mapping[str, int]) -> None:
    """Check that the numbers in rows have names; ``counts`` says how many each table has, numbered from 0."""
    ids = np.array([counts[table] if (table := ACCOUNT_TABLE[kind]) else 1 for kind in Account])
    for first, block in _numbered(rows):
        for field, table in (_NAMED if isinstance(rows, Transfers) else _LOST).items():
            _all((block[field] >= NONE) & (block[field] < counts[table]), first, block, f"{field} has no name")
        if isinstance(rows, Transfers):
            for side in ("from", "to"):
                kind, number = _kind(first, block, side), block[f"{side}_id"]
                _all((number >= NONE) & (number < ids[kind]), first, block, f"{side}_id has no name")


def fold(transfers: Transfers) -> Counter[Holder]:
    """Add up what transfers do to balances; ``drained`` is not counted. The transfers have passed ``check_transfers``.

    Accounts of members are added up by kind.
    """
    totals: Counter[Holder] = Counter()
    for block in transfers.blocks():
        keys = (*_holder(block, "from"), *_holder(block, "to"), block["asset"])
        for (*source, kind, number, asset), amount in grouped_sums(keys, block.column("amount", np.int64)):
            totals[Holder(Account(source[0]), source[1], asset)] -= amount
            totals[Holder(Account(kind), number, asset)] += amount
    return totals


def check_zero_sum(balances: Mapping[Holder, int]) -> None:
    """Check that each asset sums to 0 over all accounts: what one has more, others have less."""
    totals: Counter[int] = Counter()
    for holder, amount in balances.items():
        totals[holder.asset] += amount
    for asset, total in sorted(totals.items()):
        ensure(total == 0, f"asset {asset} does not sum to 0 over all accounts but to {total}")


def check_lots(granted: npt.NDArray[Any], remaining: npt.NDArray[Any]) -> None:
    """Check lots, or those a batch touched: 0 ≤ remaining ≤ granted."""
    ensure(granted.shape == remaining.shape, f"{granted.shape} grants, and {remaining.shape} remainders")
    bad = np.flatnonzero((remaining < 0) | (remaining > granted))
    if bad.size:
        first = int(bad[0])
        ensure(False, f"lot {first} of those checked has {remaining[first]} remaining of {granted[first]} granted")


def check_claims(granted: Mapping[str, int], released: Mapping[str, int], remaining: Mapping[str, int]) -> None:
    """Check by store that what was granted, less what was released, is what remains in the lots."""
    for store in sorted({*granted, *released, *remaining}):
        claim, left = granted.get(store, 0) - released.get(store, 0), remaining.get(store, 0)
        ensure(claim == left, f"lots of store {store} hold {left}; granted less released is {claim}")


def _numbered(rows: Rows) -> Iterator[tuple[int, Chunk]]:
    """Each block, and the number of its first row."""
    first = 0
    for block in rows.blocks():
        yield first, block
        first += len(block)


def _kind(first: int, block: Chunk, side: str) -> int | Column:
    """The kind of account on one side, one that there is."""
    kind = block[f"{side}_kind"]
    _all((kind >= 0) & (kind < len(Account)), first, block, f"a transfer goes {side} an unknown kind of account")
    return kind


def _holder(block: Chunk, side: str) -> tuple[int | Column, int | Column]:
    """The kind of account on one side, and its id, 0 for a member's."""
    kind, number = block[f"{side}_kind"], block[f"{side}_id"]
    if isinstance(kind, int):
        return kind, 0 if _OF_MEMBERS[kind] else number
    return kind, np.where(_OF_MEMBERS[kind], 0, number)


def _all(holds: bool | np.bool_ | Mask, first: int, block: Chunk, message: str) -> None:
    """Check something of all rows of a block; ``holds`` may say it of them all at once."""
    if not np.all(holds):
        place = int(np.argmin(holds))
        row = ", ".join(f"{name} {value}" for name, value in block.row(place).items())
        ensure(False, f"{message}: number {first + place} of the batch ({row})")
