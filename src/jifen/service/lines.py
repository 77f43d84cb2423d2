"""What a batch does to the books in a database: its transfers as lines, and the change of each account.

A transfer of the journal that uses up a part of a lot is two lines: the asset that moves, and the points that go from
the member's claim back to where they came from. So every line moves more than nothing, and each account is the sum of
its lines.
"""

from typing import NamedTuple

import numpy as np

from jifen.engine import World
from jifen.ledger.journal import Account, Transfers
from jifen.ledger.rows import Column
from jifen.ledger.sums import sums_by
from jifen.service.accounts import account_of

__all__ = ["COPIED", "Changes", "Lines", "changes_of", "lines_of"]

COPIED = ("event", "rule", "lot", "order", "line", "reason", "version")
"""Fields of a transfer that its lines have as they are."""


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


def changes_of(lines: Lines) -> Changes:
    """What lines do to each account that they name, be it nothing in all."""
    accounts, places = np.unique(np.concatenate([lines.source, lines.target]), return_inverse=True)
    sums = sums_by(places, np.concatenate([-lines.amount, lines.amount]), len(accounts))
    return Changes(accounts, sums)
