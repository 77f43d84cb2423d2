"""The journal of a large batch looked at and added up in one pass, as ``invariants`` does with a small one."""

from jifen.engine.columns import Column, Narrow
from jifen.engine.kernels import lean
from jifen.ledger.journal import Account, TransferArray

__all__ = ["add_up", "largest"]

_NONE = -1
_KINDS = len(Account)


@lean
def largest(transfers: TransferArray) -> int:
    """The largest amount, or drained part of a lot."""
    most = 0
    for at in range(len(transfers)):
        most = max(most, transfers[at]["amount"], transfers[at]["drained"])
    return most


@lean
def add_up(
    transfers: TransferArray, lots: tuple[Narrow, Column, Column, Narrow], by_id: Column, by_asset: Column,
    drained: Column,
) -> int:  # fmt: skip
    """Add up what transfers do: by kind and id (of those kinds that have few), by kind and asset; what stores give.

    ``lots`` are (store, granted, remaining by slot, slot). Returns the first transfer that is not in order or has a lot
    that is not, else NONE.
    """
    store, granted, remaining, slot = lots
    for at in range(len(transfers)):
        row = transfers[at]
        amount, used, lot, asset = row["amount"], row["drained"], row["lot"], row["asset"]
        source, target = row["from_kind"], row["to_kind"]
        if amount < 0 or used < 0 or amount + used == 0 or asset < 0 or asset >= by_asset.shape[1]:
            return at
        if source < 0 or source >= _KINDS or target < 0 or target >= _KINDS:
            return at
        if row["from_id"] < _NONE or row["to_id"] < _NONE or (source == target and row["from_id"] == row["to_id"]):
            return at
        by_asset[source, asset] -= amount
        by_asset[target, asset] += amount
        if row["from_id"] + 1 < by_id.shape[1]:
            by_id[source, row["from_id"] + 1] -= amount
        if row["to_id"] + 1 < by_id.shape[1]:
            by_id[target, row["to_id"] + 1] += amount
        if lot != _NONE:
            left = remaining[slot[lot]]
            if left < 0 or left > granted[lot]:
                return at
            drained[store[lot]] += used
    return _NONE
