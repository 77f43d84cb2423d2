"""What must hold after every batch; a breach raises, and the batch is not accepted.

The journal is added up by itself, in control totals of Python integers, and what the world holds must equal it. After
each batch that is looked at where the batch has touched something; at the close of a day everywhere.
"""

from collections.abc import Mapping

import numpy as np

from jifen.core.errors import ensure
from jifen.engine.books import OWED
from jifen.engine.columns import exact_sum
from jifen.engine.tables import NONE
from jifen.engine.world import ASSETS, World
from jifen.ledger.invariants import Holder, check_claims, check_lots, check_transfers, check_zero_sum, fold
from jifen.ledger.journal import Account, Transfers
from jifen.ledger.sums import grouped_sums

__all__ = ["check_world"]

_FUNDS = {Account.POOL: "fund", Account.RESERVE: "fund", Account.RECEIVABLE: "debt"}
_HELD = {Account.WALLET: "wallet", Account.CLAIM: "claim", Account.WEIGHT: "weight"}
"""What control totals are called: of funds each by itself, of members all together."""


def check_world(world: World, transfers: Transfers, *, closed: bool) -> None:
    """Raise ``BrokenInvariant`` unless the books are in order; ``closed``: a day was closed in this batch."""
    check_transfers(transfers, assets=len(world.assets))
    balances = fold(transfers)
    check_zero_sum(balances)
    _add_to_control(world, balances)
    _add_releases(world, transfers)
    _check_funds(world)
    lots = world.lots
    if closed:
        check_lots(lots.granted[: lots.size], lots.remaining[: lots.size])
        _check_whole(world)
    else:
        touched = transfers["lot"]
        touched = touched[touched != NONE]
        check_lots(lots.granted[touched], lots.remaining[touched])


def _add_to_control(world: World, balances: Mapping[Holder, int]) -> None:
    """Add the batch to the control totals: by fund, by asset in wallets, by unit in lots and weights."""
    for (kind, number, asset), amount in balances.items():
        if amount == 0:
            continue
        if kind in _FUNDS:
            world.control[f"{_FUNDS[kind]} {NONE if kind == Account.RESERVE else number}"] += amount
        elif kind in _HELD:
            world.control[f"{_HELD[kind]} {world.assets.names[asset]}"] += amount


def _add_releases(world: World, transfers: Transfers) -> None:
    """Take what lots gave from the control totals, by store. What stands on no lot has drained nothing."""
    only = next(iter(world.chains)) if len(world.chains) == 1 else None
    for block in transfers.blocks():
        drained = block["drained"]
        if isinstance(drained, int) and drained == 0:
            continue
        store = world.lots.store[block["lot"]] if only is None else only
        key = store if isinstance(store, np.ndarray) else int(store)
        for (number,), points in grouped_sums([key], block.column("drained", np.int64)):
            if points:
                world.control[f"claim {world.stores.names[number]}"] -= points


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
    lots, count = world.lots, world.lots.size
    names = {world.stores.names[store]: store for store in world.chains}
    claims = {name: world.control[f"claim {name}"] for name in names}
    left = {name: exact_sum(lots.remaining[:count][lots.store[:count] == store]) for name, store in names.items()}
    check_claims(claims, {}, left)
    for store, weights in world.weights.items():
        name, total = world.stores.names[store], exact_sum(weights.amount[: weights.size])
        ensure(world.control[f"weight {name}"] == total, f"members weigh {total} in {name}; the journal says otherwise")
        ensure(world.issued_totals[store] == total, f"{world.issued_totals[store]} of {name} issued, {total} held")
    owed, said = sum(world.owed_of(payment) for payment in world.claims), world.control[f"claim {OWED}"]
    ensure(owed == said, f"rewards of {owed} points wait for the reserve; the journal says {said}")
    held = exact_sum(world.members.tokens[: world.members.size])
    ensure(held == world.token_supply, f"members hold {held} tokens of a supply of {world.token_supply}")
