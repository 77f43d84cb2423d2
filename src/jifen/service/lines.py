"""What a batch does to the books in a database: its transfers as lines, and the change of each account.

A transfer of the journal that uses up a part of a lot is two lines: the asset that moves, and the points that go from
the member's claim back to where they came from. So every line moves more than nothing, and each account is the sum of
its lines.
"""

from typing import NamedTuple

import numpy as np

from jifen.engine import World
from jifen.ledger.journal import NONE, Account, Transfers
from jifen.ledger.rows import Column
from jifen.ledger.sums import sums_by
from jifen.service.accounts import account_of

__all__ = ["COPIED", "Changes", "Lines", "changes_of", "lines_of", "summed"]

COPIED = ("event", "rule", "lot", "order", "line", "reason", "version")
"""Fields of a transfer that its lines have as they are."""


_SUMMED_BY = ("rule", "reason", "version")


class Lines(NamedTuple):
    """Lines in the order of their transfers, by column."""

    source: Column
    target: Column
    amount: Column
    used: Column
    """1 where points are used up, 0 where an asset moves."""
    others: dict[str, Column]
    """The fields ``COPIED``."""


class Changes(NamedTuple):
    """By account, in order of their numbers, what a batch adds to its balance."""

    account: Column
    amount: Column


def lines_of(world: World, transfers: Transfers) -> Lines:
    """The lines of some transfers that the world has just made."""
    amount, drained = transfers["amount"], transfers["drained"]
    moved, used = np.flatnonzero(amount > 0), np.flatnonzero(drained > 0)
    sides = [
        account_of(transfers[f"{side}_kind"].astype(np.int64), transfers[f"{side}_id"], transfers["asset"].astype("i8"))
        for side in ("from", "to")
    ]
    claims, issuers = _claims(world, transfers["lot"][used])
    rows = np.concatenate([moved, used])
    order = np.argsort(rows, kind="stable")
    return Lines(
        np.concatenate([sides[0][moved], claims])[order],
        np.concatenate([sides[1][moved], issuers])[order],
        np.concatenate([amount[moved], drained[used]])[order],
        np.repeat(np.array([0, 1]), [len(moved), len(used)])[order],
        {name: transfers[name][rows[order]] for name in COPIED},
    )


def _claims(world: World, lots: Column) -> tuple[Column, Column]:
    """The accounts of the claims that lots stand in, and those that their points go back to."""
    if not len(lots):
        return lots, lots
    units = np.array([world.assets.get(name) for name in world.stores.names], dtype=np.int64)
    store, member = world.lots.store[lots].astype(np.int64), world.lots.member[lots].astype(np.int64)
    return account_of(Account.CLAIM, member, units[store]), account_of(Account.ISSUER, store, units[store])


def summed(lines: Lines) -> Lines:
    """One line for all that move between the same two accounts by the same rule: what a close leaves in the database.

    Such a line is of no event, lot or order; the segment of the journal has those.
    """
    kept = {name: lines.others[name] for name in _SUMMED_BY}
    keys = [lines.source, lines.target, lines.used, *kept.values()]
    order = np.lexsort(keys[::-1])
    ordered = [key[order] for key in keys]
    first = np.ones(len(order), dtype=bool)
    first[1:] = np.any([key[1:] != key[:-1] for key in ordered], axis=0)
    amount = sums_by(np.cumsum(first) - 1, lines.amount[order], int(first.sum()))
    source, target, used, *others = (key[first] for key in ordered)
    nothing = np.full(len(amount), NONE, dtype=np.int64)
    return Lines(source, target, amount, used, dict.fromkeys(COPIED, nothing) | dict(zip(kept, others, strict=True)))


def changes_of(lines: Lines) -> Changes:
    """What lines do to each account that they name, be it nothing in all."""
    accounts, places = np.unique(np.concatenate([lines.source, lines.target]), return_inverse=True)
    sums = sums_by(places, np.concatenate([-lines.amount, lines.amount]), len(accounts))
    return Changes(accounts, sums)
