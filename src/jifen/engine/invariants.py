"""What must hold after every batch; a breach raises, and the batch is not accepted.

The journal is added up by itself, in control totals of Python integers, and what the world holds must equal it. After
each batch that is looked at where the batch has touched something; at the close of a day everywhere.
"""

import numpy as np

from jifen.core.errors import ensure
from jifen.engine.books import OWED
from jifen.engine.columns import SUM_MAX, exact_sum
from jifen.engine.tables import NONE
from jifen.engine.world import ASSETS, World
from jifen.ledger.invariants import Balances, check_claims, check_lots, check_transfers, check_zero_sum, fold
from jifen.ledger.journal import Account, TransferArray

__all__ = ["check_world"]

_LARGE = 4096
"""Transfers from which a batch is looked at in compiled code."""


def check_world(world: World, transfers: TransferArray, *, closed: bool) -> None:
    """Raise ``BrokenInvariant`` unless the books are in order; ``closed``: a day was closed in this batch."""
    lots, count = world.lots, world.lots.size
    if len(transfers) < _LARGE or not _add_up(world, transfers):
        check_transfers(transfers, assets=len(world.assets))
        balances = fold(transfers)
        check_zero_sum(balances)
        _add_to_control(world, balances, transfers)
        touched = np.unique(transfers["lot"][transfers["lot"] != NONE])
        check_lots(lots.granted[touched], lots.remaining[touched])
    _check_funds(world)
    if closed:
        check_lots(lots.granted[:count], lots.remaining[:count])
        _check_whole(world)


def _add_up(world: World, transfers: TransferArray) -> bool:
    """Check and add up a large batch in one pass; ``False`` where something is not in order, or too large for it."""
    from jifen.engine.kernels import control as kernel

    if kernel.largest(transfers) > SUM_MAX // len(transfers):
        return False
    lots, funds = world.lots, len(world.pools) + 1
    by_id = np.zeros((len(Account), funds + 1), dtype=np.int64)
    by_asset = np.zeros((len(Account), len(world.assets)), dtype=np.int64)
    drained = np.zeros(len(world.stores), dtype=np.int64)
    of_lots = lots.store, lots.granted, lots.remaining.data, lots.slot
    if kernel.add_up(transfers, of_lots, by_id, by_asset, drained) != NONE:
        return False
    found = {f"fund {number - 1}": by_id.item(Account.POOL, number) for number in range(1, funds)}
    found |= {f"debt {number - 1}": by_id.item(Account.RECEIVABLE, number) for number in range(funds)}
    found[f"fund {NONE}"] = by_id.item(Account.RESERVE, 1)
    for asset, name in enumerate(world.assets.names):
        for kind, account in (("wallet", Account.WALLET), ("claim", Account.CLAIM), ("weight", Account.WEIGHT)):
            found[f"{kind} {name}"] = by_asset.item(account, asset)
    for store, name in enumerate(world.stores.names):
        found[f"claim {name}"] = found.get(f"claim {name}", 0) - drained.item(store)
    for name, total in found.items():
        if total:
            world.control[name] += total
    return True


def _add_to_control(world: World, balances: Balances, transfers: TransferArray) -> None:
    """Add the batch to the control totals: by fund, by asset in wallets, by store in lots."""
    for name, kind in (("fund", Account.POOL), ("fund", Account.RESERVE), ("debt", Account.RECEIVABLE)):
        some = balances.of(kind)
        for number, amount in zip(some.id.tolist(), some.amount.tolist(), strict=True):
            world.control[f"{name} {NONE if kind == Account.RESERVE else number}"] += amount
    for name, kind in (("wallet", Account.WALLET), ("claim", Account.CLAIM), ("weight", Account.WEIGHT)):
        some = balances.of(kind)
        for asset in np.unique(some.asset).tolist():
            world.control[f"{name} {world.assets.names[asset]}"] += exact_sum(some.amount[some.asset == asset])
    drained = transfers[transfers["drained"] > 0]
    stores = world.lots.store[drained["lot"]]
    for store in np.unique(stores).tolist():
        world.control[f"claim {world.stores.names[store]}"] -= exact_sum(drained["drained"][stores == store])


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
