"""What must hold after every batch; a breach raises, and the batch is not accepted.

The journal is added up by itself, in control totals of Python integers, and what the world holds must equal it. After
each batch that is looked at where the batch has touched something; at the close of a day everywhere.
"""

from collections import Counter
from collections.abc import Mapping

import numpy as np

from jifen.core.errors import ensure
from jifen.engine.books import OWED
from jifen.engine.columns import Column, exact_sum
from jifen.engine.tables import NONE
from jifen.engine.world import ASSETS, World
from jifen.ledger.invariants import Holder, check_claims, check_lots, check_transfers, check_zero_sum, fold
from jifen.ledger.journal import Account, Transfers
from jifen.ledger.rows import Chunk
from jifen.ledger.sums import grouped_sums

__all__ = ["check_world", "drained_of"]

_FUNDS = {Account.POOL: "fund", Account.RESERVE: "fund", Account.RECEIVABLE: "debt"}
_HELD = {Account.WALLET: "wallet", Account.CLAIM: "claim", Account.WEIGHT: "weight"}
"""What control totals are called: of funds each by itself, of members all together."""


def check_world(world: World, transfers: Transfers, *, closed: bool) -> None:
    """Raise ``BrokenInvariant`` unless the books are in order; ``closed``: a day was closed in this batch."""
    check_transfers(transfers, assets=len(world.assets))
    balances = fold(transfers)
    check_zero_sum(balances)
    _add_to_control(world, balances)
    for (_, store), amount in drained_of(world, transfers).items():
        world.control[f"claim {world.stores.names[store]}"] -= amount
    _check_funds(world)
    lots = world.lots
    if closed:
        # A run drains most lots, and what is drained is less than before: it is enough that none is below zero.
        least = int(lots.remaining.data[: lots.size].min(initial=0))
        ensure(least >= 0, f"a lot has {least} remaining")
        _check_whole(world)
    for block in transfers.blocks():
        touched = _touched(block, drained_too=not closed)
        check_lots(lots.granted[touched], lots.remaining[touched])


def _touched(block: Chunk, *, drained_too: bool) -> Column:
    """The lots that a block of transfers names, all of them or those that were not just drained."""
    lots = block.column("lot", np.int64)
    chosen = lots != NONE
    if not drained_too:
        chosen &= block["drained"] == 0
    touched: Column = lots[chosen]
    return touched


def _add_to_control(world: World, balances: Mapping[Holder, int]) -> None:
    """Add the batch to the control totals: by fund, by asset in wallets, by unit in lots and weights."""
    for (kind, number, asset), amount in balances.items():
        if amount == 0:
            continue
        if kind in _FUNDS:
            world.control[f"{_FUNDS[kind]} {NONE if kind == Account.RESERVE else number}"] += amount
        elif kind in _HELD:
            world.control[f"{_HELD[kind]} {world.assets.names[asset]}"] += amount


def drained_of(world: World, transfers: Transfers) -> Counter[tuple[int, int]]:
    """What each rule used up of the lots of each store, by the numbers of rule and store."""
    only = next(iter(world.chains)) if len(world.chains) == 1 else None
    found: Counter[tuple[int, int]] = Counter()
    for block in transfers.blocks():
        # What stands on no lot has drained nothing, and adds nothing to whichever store this finds for it.
        store = world.lots.store[block.column("lot", np.int64)] if only is None else only
        for (rule, number), amount in grouped_sums([block["rule"], store], block.column("drained", np.int64)):
            found[rule, number] += amount
    return +found


def _check_funds(world: World) -> None:
    """Pools, the reserve and what they owe: never below zero, and as the journal says."""
    funds = [(NONE, world.reserve, world.reserve_debt)]
    funds += [(pool, *pair) for pool, pair in enumerate(zip(world.pool_balance, world.pool_debt_of, strict=True))]
    for number, balance, debt in funds:
        name = "reserve" if number == NONE else f"pool {world.pools.names[number]}"
        ensure(balance >= 0 and debt >= 0, f"{name} has {balance} and owes {debt}: neither may be below zero")
        said, owed = world.control[f"fund {number}"], -world.control[f"debt {number}"]
        ensure((said, owed) == (balance, debt), f"{name} has {balance}, owes {debt}; the journal says {said}, {owed}")


def _check_whole(world: World) -> None:
    """All wallets and all lots together are what the journal says; the supply is what members hold."""
    for asset, wallet in zip(ASSETS, world.wallets, strict=True):
        said, total = world.control[f"wallet {asset}"], exact_sum(wallet[: world.members.size])
        ensure(said == total, f"wallets hold {total} of {asset}; the journal says {said}")
    names = {world.stores.names[store]: store for store in world.chains}
    claims = {name: world.control[f"claim {name}"] for name in names}
    left = {name: exact_sum(_remaining_of(world, store)) for name, store in names.items()}
    check_claims(claims, {}, left)
    for store, weights in world.weights.items():
        name, total = world.stores.names[store], exact_sum(weights.amount[: weights.size])
        ensure(world.control[f"weight {name}"] == total, f"members weigh {total} in {name}; the journal says otherwise")
        ensure(world.issued_totals[store] == total, f"{world.issued_totals[store]} of {name} issued, {total} held")
    owed, said = sum(world.owed_of(payment) for payment in world.claims), world.control[f"claim {OWED}"]
    ensure(owed == said, f"rewards of {owed} points wait for the reserve; the journal says {said}")
    priced = any(program.curve for program in world.programs)
    held = exact_sum(world.members.tokens[: world.members.size]) if priced else 0
    ensure(held == world.token_supply, f"members hold {held} tokens of a supply of {world.token_supply}")


def _remaining_of(world: World, store: int) -> Column:
    """What remains in the lots of one store, in any order."""
    lots, count = world.lots, world.lots.size
    if len(world.chains) == 1:
        return lots.remaining.data[:count]
    remaining: Column = lots.remaining[np.flatnonzero(lots.store[:count] == store)]
    return remaining
