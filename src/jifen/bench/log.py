"""A log of joins, orders, refunds and sales on one day, by column: members and orders are numbers."""

from dataclasses import dataclass

import numpy as np

from jifen.bench.stock import amounts_at_random
from jifen.core.micros import CENT, MICRO
from jifen.engine import World
from jifen.engine.columns import Column
from jifen.engine.log import JOIN, ORDER, REFUND, SALE

__all__ = ["JOIN", "ORDER", "REFUND", "SALE", "Log", "make_log"]

_SHARES = (40, 900, 40, 20)
"""Of a thousand rows, how many are of each kind; without tokens to sell these are orders as well."""
_PART = 4
"""A refund gives back this part of an order: so many can come of one."""


@dataclass(frozen=True, slots=True)
class Log:
    """Rows in order. ``order`` is counted from the first order of the log; it is the one that a refund is of.

    ``member`` is the referrer of who joins; ``amount`` is what is paid, given back, or how many tokens are sold.
    """

    kind: Column
    member: Column
    order: Column
    amount: Column

    @property
    def orders(self) -> int:
        """How many orders there are."""
        return int((self.kind == ORDER).sum())


def make_log(world: World, orders: int, seed: int = 1) -> Log:
    """A log of about so many orders, that a world of made members accepts as a whole."""
    rng = np.random.default_rng(seed)
    count = orders * 1000 // _SHARES[ORDER] + 1
    kind = rng.choice(4, count, p=np.array(_SHARES) / 1000)
    holders = np.flatnonzero(world.members.tokens[: world.members.size] > MICRO * orders // 1000)
    if len(holders) == 0:
        kind[kind == SALE] = ORDER
    kind[0] = ORDER
    member = rng.integers(0, world.members.size, count)
    amount = amounts_at_random(world, rng, count)
    place = np.cumsum(kind == ORDER) - 1
    order = np.where(kind == REFUND, (place * rng.random(count)).astype(np.int64), place)
    paid = amount[kind == ORDER]
    amount = np.where(kind == REFUND, paid[order] // _PART // CENT * CENT, amount)
    if len(holders):
        member = np.where(kind == SALE, holders[member % len(holders)], member)
        amount = np.where(kind == SALE, MICRO // 100, amount)
    return _without_excess(Log(kind, member, order, amount))


def _without_excess(log: Log) -> Log:
    """Leave out refunds of orders of which all has been given back."""
    refunds = np.flatnonzero(log.kind == REFUND)
    order = np.argsort(log.order[refunds], kind="stable")
    sorted_orders = log.order[refunds][order]
    nth = np.arange(len(order)) - np.searchsorted(sorted_orders, sorted_orders)
    keep = np.ones(len(log.kind), dtype=bool)
    keep[refunds[order[nth >= _PART]]] = False
    return Log(log.kind[keep], log.member[keep], log.order[keep], log.amount[keep])
