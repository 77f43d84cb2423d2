"""What moved in a batch, added up: which rule, from what account to what account, of which asset, how much."""

from collections import Counter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from jifen.core.errors import ensure
from jifen.engine import World
from jifen.engine.columns import exact_sum
from jifen.ledger.journal import NONE, Account, Journal

__all__ = ["REFUND", "Drain", "Flow", "drains_of", "flows_of"]

REFUND = "refund"
"""The rule under which amounts are taken back."""

_NAMES = {Account.POOL: "pools", Account.RECEIVABLE: "pools", Account.ISSUER: "stores"}
"""Accounts that are told apart by name; those of members are added up."""

_KEYS_MAX = 2**62
_Numbers = npt.NDArray[np.int64]


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
    rows = journal.transfers
    named = {end: _named(rows[f"{end}_kind"], rows[f"{end}_id"]) for end in ("from", "to")}
    columns = (
        rows["rule"], rows["reason"], rows["from_kind"], named["from"], rows["to_kind"], named["to"], rows["asset"],
    )  # fmt: skip
    found: Counter[Flow] = Counter()
    for first, amount in _sums(columns, rows["amount"]):
        row = rows[first]
        rule, reason = journal.rules[int(row["rule"])], int(row["reason"])
        flow = Flow(
            rule if reason == NONE else journal.rules[reason],
            rule == REFUND,
            *_account(world, int(row["from_kind"]), int(row["from_id"])),
            *_account(world, int(row["to_kind"]), int(row["to_id"])),
            journal.assets[int(row["asset"])],
        )
        found[flow] += amount
    return found


def drains_of(journal: Journal, world: World) -> Counter[Drain]:
    """What each rule used up of lots, in units of their store."""
    rows = journal.transfers[journal.transfers["drained"] > 0]
    stores = world.lots.store[rows["lot"]]
    found: Counter[Drain] = Counter()
    for first, amount in _sums((rows["rule"], stores), rows["drained"]):
        found[Drain(journal.rules[int(rows["rule"][first])], world.stores.names[int(stores[first])])] += amount
    return found


def _named(kinds: npt.NDArray[np.int8], ids: _Numbers) -> _Numbers:
    """The id where it counts, 0 elsewhere."""
    return np.where(np.isin(kinds, list(_NAMES)), ids, 0)


def _account(world: World, kind: int, number: int) -> tuple[Account, str]:
    account = Account(kind)
    names = getattr(world, _NAMES[account]).names if account in _NAMES else ()
    return account, str(names[number]) if 0 <= number < len(names) else ""


def _sums(columns: tuple[_Numbers, ...], amounts: _Numbers) -> list[tuple[int, int]]:
    """(a row, the exact sum) of each group of rows that are alike in all columns."""
    if len(amounts) == 0:
        return []
    keys, size = np.zeros(len(amounts), dtype=np.int64), 1
    for column in columns:
        least = int(column.min())
        span = int(column.max()) - least + 1
        size *= span
        ensure(size < _KEYS_MAX, "a batch has more kinds of movements than can be told apart")
        keys = keys * span + (column.astype(np.int64) - least)
    _, firsts, places = np.unique(keys, return_index=True, return_inverse=True)
    return [(first, exact_sum(amounts[places == place])) for place, first in enumerate(firsts.tolist())]
