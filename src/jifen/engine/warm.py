"""Compile every kernel into the on-disk cache: ``python -m jifen.engine.warm``.

A kernel is compiled for the types it is called with. So nothing is called here but the engine: a small shop under each
preset lives for two days and then takes a log, which calls them all as every other shop does.
"""

from collections.abc import Iterator

import numpy as np

from jifen.core.micros import MICRO
from jifen.engine import World, apply
from jifen.engine.apply import apply_log
from jifen.engine.events import (
    DayClosed,
    Event,
    Line,
    MemberJoined,
    OrderPaid,
    OrderRefunded,
    OrderSettled,
    PoolDonated,
    RankSet,
)
from jifen.engine.log import JOIN, ORDER, REFUND, SALE, Log
from jifen.ledger.names import Texts
from jifen.plan import load_plan, preset_names

__all__ = ["warm"]

_AMOUNT = 9_000 * MICRO
_JOINS = 100
"""As many names as are hashed together."""


def warm() -> None:
    """Let a small shop live under each preset; what a plan refuses does no harm."""
    for name in preset_names():
        world = World(load_plan(name))
        apply(world, _history(world))
        apply_log(world, _log(world))


def _history(world: World) -> Iterator[Event]:
    """Three days on which people join, buy and are paid out of lots and pools; then one gives back half an order.

    The last to join stands before the second in the tree, so that their lots have to change places.
    """
    ranks = [row.name for ladder in world.program.plan.ranks.values() for row in ladder.ladder]
    for day, (member, referrer) in enumerate([("first", None), ("second", None), ("third", "first")]):
        yield MemberJoined(id=f"{member} joins", day=day, member=member, referrer=referrer)
        yield from (RankSet(id=f"{member} is {rank}", day=day, member=member, rank=rank) for rank in ranks[:1])
        line = Line(amount=_AMOUNT, cost=_AMOUNT // 2)
        yield OrderPaid(id=f"{member} buys", day=day, member=member, lines=(line,))
        yield OrderSettled(id=f"{member} keeps it", day=day, order=f"{member} buys")
        for pool in world.program.pool_names:
            yield PoolDonated(id=f"{member} and {pool}", day=day, pool=pool, amount=_AMOUNT)
        yield DayClosed(id=f"the end of {day}", day=day)
    yield OrderRefunded(id="second gives back", day=3, order="second buys", amount=_AMOUNT // 2)


def _log(world: World) -> Log:
    """Many join, and one of them buys, gives back half of it, and sells a token."""
    kind = np.repeat(np.array([JOIN, ORDER, REFUND, SALE], dtype=np.int32), [_JOINS, 1, 1, 1])
    amount = np.where(kind == REFUND, _AMOUNT // 2, np.where(kind == SALE, MICRO, _AMOUNT))
    order = np.full(len(kind), world.orders.size, dtype=np.int32)
    ids, members = (Texts.of(f"{name} {place}" for place in range(len(kind))) for name in ("row", "member"))
    return Log(kind, np.zeros_like(kind), order, amount, ids, members.part(0, _JOINS))


if __name__ == "__main__":
    warm()
