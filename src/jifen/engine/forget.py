"""Forgetting what only refunds and explanations ask for: the rows of past payments, releases, feeds and sales.

A simulation in which nothing is given back needs none of them, and they are by far the most that a world keeps.
"""

from jifen.engine.columns import Table
from jifen.engine.tables import NONE
from jifen.engine.world import World

__all__ = ["forget_past", "past_rows"]


def past_rows(world: World) -> int:
    """How many rows ``forget_past`` would forget."""
    return sum(table.size for table in _past(world))


def forget_past(world: World) -> bool:
    """Forget them, between two days; ``False``, and nothing is forgotten, while some payment still waits.

    What is paid later is the same. Afterwards a refund would take back too little, and an explanation lack its past:
    neither may be asked of this world any more.
    """
    if world.claims or world.bank_of:
        return False
    for table in _past(world):
        table.clear()
    world.wound_up = [past._replace(payments=0) for past in world.wound_up]
    for column in (
        world.members.last_payment, world.lots.last_release, world.orders.last_payment, world.orders.last_feed,
    ):  # fmt: skip
        column.fill(NONE)
    return True


def _past(world: World) -> tuple[Table, ...]:
    """The tables of what has been."""
    return (
        world.payments, world.releases, world.phases, world.phase_payments, world.portions, world.feeds, world.sales,
    )  # fmt: skip
