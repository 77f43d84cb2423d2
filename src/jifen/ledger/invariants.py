"""What must hold of the books after every batch. Each check raises ``BrokenInvariant`` and names the first culprit.

The checks are vectorised and look at what they are given: the transfers of one batch, the accounts or lots it touched.
So their cost follows the batch and not the world. Totals are Python integers, which cannot overflow.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jifen.core.errors import ensure
from jifen.ledger.journal import NONE, Account, TransferArray

__all__ = [
    "Balances",
    "check_claims",
    "check_lots",
    "check_pools",
    "check_transfers",
    "check_zero_sum",
    "fold",
]

_Numbers = npt.NDArray[np.int64]

_LOW_BITS = 32
_AMOUNT_BOUND = 1 << 63
_NEVER_BELOW_ZERO = (Account.RESERVE, Account.POOL)


@dataclass(frozen=True, slots=True)
class Balances:
    """Balances of accounts, one a row, none of them 0: ``kind``, ``id``, ``asset`` and ``amount`` (micro-units)."""

    kind: _Numbers
    id: _Numbers
    asset: _Numbers
    amount: _Numbers

    def __len__(self) -> int:
        """How many accounts have a balance."""
        return len(self.amount)

    def of(self, *kinds: Account) -> "Balances":
        """Choose the balances of accounts of some kinds."""
        return self._chosen(np.isin(self.kind, kinds))

    def get(self, kind: Account, number: int, asset: int) -> int:
        """Return the balance of one account, 0 if it has none."""
        found = self._chosen((self.kind == kind) & (self.id == number) & (self.asset == asset))
        return sum(found.amount.tolist())

    def plus(self, other: "Balances") -> "Balances":
        """Return these balances after those changes."""
        pairs = ((getattr(self, name), getattr(other, name)) for name in ("kind", "id", "asset", "amount"))
        return _balances(*(np.concatenate(pair) for pair in pairs))

    def _chosen(self, rows: npt.NDArray[np.bool_]) -> "Balances":
        return Balances(self.kind[rows], self.id[rows], self.asset[rows], self.amount[rows])


def check_transfers(transfers: TransferArray, *, assets: int) -> None:
    """Check each transfer for itself: something moves, nothing negative, between two accounts, of a known asset.

    ``assets`` says how many there are.
    """
    amount, drained, asset = transfers["amount"], transfers["drained"], transfers["asset"]
    _all((amount >= 0) & (drained >= 0), transfers, "a transfer is negative")
    _all((amount > 0) | (drained > 0), transfers, "a transfer moves nothing")
    _all((asset >= 0) & (asset < assets), transfers, "a transfer has an unknown asset")
    for side in ("from", "to"):
        kind = transfers[f"{side}_kind"]
        _all((kind >= 0) & (kind < len(Account)), transfers, f"a transfer goes {side} an unknown kind of account")
        _all(transfers[f"{side}_id"] >= NONE, transfers, f"a transfer goes {side} an account with a negative id")
    same = (transfers["from_kind"] == transfers["to_kind"]) & (transfers["from_id"] == transfers["to_id"])
    _all(~same, transfers, "a transfer goes from an account to itself")


def fold(transfers: TransferArray) -> Balances:
    """Add up what transfers do to balances, by account and asset; ``drained`` is not counted.

    The transfers have passed ``check_transfers``. A balance beyond int64 is a ``BrokenInvariant``.
    """
    sides = [(transfers[f"{side}_kind"], transfers[f"{side}_id"]) for side in ("from", "to")]
    kind, number = (np.concatenate(column).astype(np.int64) for column in zip(*sides, strict=True))
    asset = np.tile(transfers["asset"].astype(np.int64), 2)
    return _balances(kind, number, asset, np.concatenate([-transfers["amount"], transfers["amount"]]))


def check_zero_sum(balances: Balances) -> None:
    """Check that each asset sums to 0 over all accounts: what one has more, others have less."""
    for asset in np.unique(balances.asset).tolist():
        total = _total(balances.amount[balances.asset == asset])
        ensure(total == 0, f"asset {asset} does not sum to 0 over all accounts but to {total}")


def check_lots(granted: npt.NDArray[Any], remaining: npt.NDArray[Any]) -> None:
    """Check lots, or those a batch touched: 0 ≤ remaining ≤ granted."""
    ensure(granted.shape == remaining.shape, f"{granted.shape} grants, and {remaining.shape} remainders")
    bad = np.flatnonzero((remaining < 0) | (remaining > granted))
    if bad.size:
        first = int(bad[0])
        ensure(False, f"lot {first} of those checked has {remaining[first]} remaining of {granted[first]} granted")


def check_pools(balances: Balances) -> None:
    """Check that no pool or reserve is below zero, and no receivable (what one of them owes) above."""
    for kinds, sign in ((_NEVER_BELOW_ZERO, 1), ((Account.RECEIVABLE,), -1)):
        some = balances.of(*kinds)
        bad = np.flatnonzero(some.amount * sign < 0)
        if bad.size:
            first = int(bad[0])
            place = f"{Account(int(some.kind[first])).name.lower()} {some.id[first]}, asset {some.asset[first]}"
            ensure(False, f"{place}, has {some.amount[first]}: it must not be {'below' if sign > 0 else 'above'} zero")


def check_claims(granted: Mapping[str, int], released: Mapping[str, int], remaining: Mapping[str, int]) -> None:
    """Check by store that what was granted, less what was released, is what remains in the lots."""
    for store in sorted({*granted, *released, *remaining}):
        claim, left = granted.get(store, 0) - released.get(store, 0), remaining.get(store, 0)
        ensure(claim == left, f"lots of store {store} hold {left}; granted less released is {claim}")


def _all(holds: npt.NDArray[np.bool_], transfers: TransferArray, message: str) -> None:
    if not holds.all():
        first = int(np.argmin(holds))
        names = transfers.dtype.names or ()
        row = ", ".join(f"{name} {value}" for name, value in zip(names, transfers[first].item(), strict=True))
        ensure(False, f"{message}: number {first} of the batch ({row})")


def _balances(kind: _Numbers, number: _Numbers, asset: _Numbers, amount: _Numbers) -> Balances:
    """Add up amounts by account and asset; in order of kind, asset and id.

    Accounts are packed into one number each. Where these are dense they are places in an array, else they are sorted.
    """
    if not len(amount):
        return Balances(kind, number, asset, amount)
    ids, assets = int(number.max()) + 2, int(asset.max()) + 1
    ensure(len(Account) * assets * ids < _AMOUNT_BOUND, "account ids are too large")
    keys = (kind * assets + asset) * ids + number + 1
    if len(Account) * assets * ids <= 8 * len(keys):
        accounts, places = np.arange(len(Account) * assets * ids), keys
    else:
        accounts, places = np.unique(keys, return_inverse=True)
    totals = _totals(places, amount, len(accounts))
    accounts, totals = accounts[totals != 0], totals[totals != 0]
    rest, number = np.divmod(accounts, ids)
    kind, asset = np.divmod(rest, assets)
    return Balances(kind, number - 1, asset, totals)


def _totals(places: _Numbers, amount: _Numbers, size: int) -> _Numbers:
    """Add each amount at its place. Where int64 might not do, halves are added, and carried with a check."""
    largest = max(int(amount.max()), -int(amount.min()))
    low = np.zeros(size, dtype=np.int64)
    if largest * len(amount) < _AMOUNT_BOUND:
        np.add.at(low, places, amount)
        return low
    high = np.zeros(size, dtype=np.int64)
    np.add.at(low, places, amount & ((1 << _LOW_BITS) - 1))
    np.add.at(high, places, amount >> _LOW_BITS)
    high += low >> _LOW_BITS
    fits = (high >= -(1 << 31)) & (high < 1 << 31)
    ensure(bool(fits.all()), "the balance of an account is beyond int64")
    return (high << _LOW_BITS) + (low & ((1 << _LOW_BITS) - 1))


def _total(amount: _Numbers) -> int:
    """Sum exactly, as a Python integer, however large; for fewer than 2³¹ amounts."""
    low = int((amount & ((1 << _LOW_BITS) - 1)).sum())
    return (int((amount >> _LOW_BITS).sum()) << _LOW_BITS) + low
