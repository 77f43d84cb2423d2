"""What moved in a batch, added up: which rule, from what account to what account, of which asset, how much."""

from collections import Counter
from typing import NamedTuple

import numpy as np

from jifen.engine.invariants import drained_of
from jifen.engine.world import World
from jifen.ledger.journal import NONE, Account, Journal
from jifen.ledger.rows import Chunk, Column
from jifen.ledger.sums import grouped_sums

__all__ = ["REFUND", "Drain", "Flow", "drains_of", "flows_of"]

REFUND = "refund"
"""The rule under which amounts are taken back."""

_NAMES = {Account.POOL: "pools", Account.RECEIVABLE: "pools", Account.ISSUER: "stores"}
"""Accounts that are told apart by name; those of members are added up."""
_NAMED = np.array([kind in _NAMES for kind in Account])


class Flow(NamedTuple):
    """Movements that are alike. ``name``s are those of pools and stores, else empty (a receivable of the reserve too).

    For what a refund takes back, ``rule`` is the rule whose effect it was, and ``refund`` where the journal names none.
    """

    rule: str
    taken_back: bool
    source: Account
    source_name: str
    target: Account
    target_name: str
    asset: str


class Drain(NamedTuple):
    """What a rule used up of the lots of a store."""

    rule: str
    store: str


def flows_of(journal: Journal, world: World) -> Counter[Flow]:
    """All movements of a batch in micro-units, each counted once."""
    found: Counter[Flow] = Counter()
    for block in journal.transfers.chunks:  # as they were made: of most, all keys are one number
        ends = (*_end(block, "from"), *_end(block, "to"))
        keys = (block["rule"], block["reason"], *ends, block["asset"])
        for (rule, reason, *accounts, asset), amount in grouped_sums(keys, block.column("amount", np.int64)):
            flow = Flow(
                journal.rules[rule if reason == NONE else reason],
                journal.rules[rule] == REFUND,
                *_account(world, *accounts[:2]),
                *_account(world, *accounts[2:]),
                journal.assets[asset],
            )
            found[flow] += amount
    return found


def drains_of(journal: Journal, world: World) -> Counter[Drain]:
    """What each rule used up of lots, in units of their store."""
    found = drained_of(world, journal.transfers)
    return Counter({
        Drain(journal.rules[rule], world.stores.names[store]): amount for (rule, store), amount in found.items()
    })  # fmt: skip


def _end(block: Chunk, side: str) -> tuple[int | Column, int | Column]:
    """The kind of account on one side, and its id where it counts, 0 elsewhere."""
    kind, number = block[f"{side}_kind"], block[f"{side}_id"]
    if isinstance(kind, int):
        return kind, number if kind in _NAMES else 0
    return kind, np.where(_NAMED[kind], number, 0)


def _account(world: World, kind: int, number: int) -> tuple[Account, str]:
    account = Account(kind)
    names = getattr(world, _NAMES[account]).names if account in _NAMES else ()
    return account, str(names[number]) if 0 <= number < len(names) else ""
