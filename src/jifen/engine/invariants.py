"""What must hold after every batch; a breach raises, and the batch is not accepted."""

from jifen.core.errors import ensure
from jifen.core.micros import MICRO
from jifen.engine.columns import Column
from jifen.engine.world import World
from jifen.ledger.journal import Account, TransferArray

__all__ = ["check_world"]


def check_world(world: World, transfers: TransferArray, before: tuple[int, int]) -> None:
    """Raise unless lots, pools, reserve and claims are in order after a batch.

    ``before`` holds the numbers of lots and releases when it began.
    """
    lots, count = world.lots, world.lots.size
    remaining, granted = lots.remaining[:count], lots.granted[:count]
    ensure(bool((remaining >= 0).all()), "a lot's remaining is below zero")
    ensure(bool((remaining <= granted).all()), "a lot has more remaining than was granted")
    ensure(all(balance >= 0 for balance in world.pool_balance), "a pool is below zero")
    ensure(all(debt >= 0 for debt in world.pool_debt_of), "a pool's debt is below zero")
    ensure(world.reserve >= 0 and world.reserve_debt >= 0, "the reserve is below zero")
    ensure(bool((transfers["amount"] >= 0).all()), "a transfer is negative")
    ensure(bool((transfers["drained"] >= 0).all()), "a transfer drains a negative amount")
    world.claims += claims_of(transfers)
    ensure(world.claims == exact_sum(remaining), "claims ≠ grants − releases")
    ensure(
        world.token_supply == int(world.members.tokens[: world.members.size].sum()), "supply ≠ tokens of all members"
    )


def claims_of(transfers: TransferArray) -> int:
    """How much the batch added to what all lots together still promise: grants less what was used up."""
    to_claim = transfers["amount"][transfers["to_kind"] == Account.CLAIM]
    from_claim = transfers["amount"][transfers["from_kind"] == Account.CLAIM]
    return exact_sum(to_claim) - exact_sum(from_claim) - exact_sum(transfers["drained"])


def exact_sum(column: Column) -> int:
    """The sum as a Python integer: no total over many members may wrap around."""
    return int((column // MICRO).sum()) * MICRO + int((column % MICRO).sum())
