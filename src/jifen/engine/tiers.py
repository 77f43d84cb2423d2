"""The step table: what an order is judged at, and the value of its row."""

from collections.abc import Callable

from jifen.core.micros import MICRO
from jifen.engine.program import row_at
from jifen.engine.world import World
from jifen.plan.model import Tier

__all__ = ["measure", "tier_value"]


def measure(world: World, order: int, name: str) -> int:
    """What a tier is judged at: this order, or the buyer's net spend including it."""
    if name == "single_order":
        return world.orders.kept.item(order)
    return world.members.own_net.item(world.orders.member.item(order))


def tier_value(world: World, order: int, amount: Tier, base_of: Callable[[str], int]) -> int:
    """What the row of an order gives: a fixed sum, or its multiple of a base; 0 below the first row."""
    row = row_at(amount.rows, measure(world, order, amount.at))
    if row is None:
        return 0
    value = row.columns[amount.column]
    return (value if amount.of is None else base_of(amount.of) * value // MICRO) // amount.parts
