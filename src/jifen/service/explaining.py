"""Why a member got what came on a closed day, from the newest snapshot of an open shop."""

from dataclasses import dataclass

from jifen.core.errors import InputError, Problem
from jifen.engine import World
from jifen.engine.explain import Explanation, Source, explain
from jifen.ledger.journal import NONE
from jifen.service.reads import LotReader

__all__ = ["ITEMS_MOST", "SOURCES_MOST", "Explained", "explained", "generation_of"]

ITEMS_MOST = 500
"""Amounts that one answer explains: somebody with thousands of lots has as many on one day."""
SOURCES_MOST = 50
"""Orders that are named for one amount, those with the largest part."""
_GENERATIONS = 100
"""How far down it is looked for who bought: further is told as further."""


@dataclass(frozen=True, slots=True)
class Explained:
    """What a member got on ``day``, each amount with its sources; ``open_day``: refunds until its start are in it."""

    items: list[Explanation]
    day: int
    open_day: int
    world: World

    def generation(self, member: str, source: Source) -> int | None:
        """How many generations below the member stands who made an order: 0 for the member; ``None``: not below."""
        return generation_of(self.world, source.member, member)

    def buyer(self, cause: str) -> str | None:
        """Whose order a lot stands on; ``None`` where it is none."""
        order = self.world.order_ids.numbers.get(cause)
        return None if order is None else self.world.member_ids.names[self.world.orders.member.item(order)]


def explained(lots: LotReader, member: str, day: int) -> Explained:
    """Explain all that a member got on a closed day: granted, released, paid and weighed.

    The attribution is the engine's own (``engine/explain.py``), so it is what a refund would take back.
    ``InputError``: ``not_closed`` for a day that is not closed yet, ``unknown_member``.
    """
    world = lots.world()
    if world is None or day >= world.open_day:
        remedy = "ask when it has been closed"
        raise InputError(Problem("not_closed", "this day has not been closed yet", remedy, column="day"))
    with lots.lock:  # names are looked up in tables that grow
        if member not in world.member_ids.numbers:
            remedy = "a member who has joined since the last close is known after the next one"
            raise InputError(Problem("unknown_member", "the closed days know no such member", remedy))
        items = explain(world, member, day)
    return Explained(items, day, world.open_day, world)


def generation_of(world: World, member: str, above: str) -> int | None:
    """How far a member stands below another one now, in the referral tree: 0 for the same, ``None`` for not at all."""
    numbers = world.member_ids.numbers
    row, wanted = numbers[member], numbers[above]
    for generation in range(_GENERATIONS):
        if row == wanted:
            return generation
        row = world.members.parent.item(row)
        if row == NONE:
            return None
    return None
