"""What became of each member, and of each place in a queue."""

from dataclasses import dataclass, fields

import numpy as np

from jifen.core.micros import MICRO
from jifen.engine import World
from jifen.engine.columns import Column
from jifen.engine.tables import NONE
from jifen.plan.model import Lots, Plan
from jifen.plan.worth import yuan_per_unit
from jifen.simulate.cohorts import Cohorts

__all__ = ["MemberTable", "QueueTable", "member_table", "queue_tables", "unpaid_rewards"]


@dataclass(frozen=True, slots=True)
class MemberTable:
    """One row a member, in the order of joining; amounts in micro-units."""

    joined: Column
    """The day."""
    cohort: Column
    referrer: Column
    """The number of the member above, or -1."""
    spent: Column
    """Less what was given back."""
    received: Column
    """All assets at their face, less what refunds took back."""
    promised: Column
    """What open lots still come to; tokens promise nothing."""
    tokens: Column
    """What tokens are quoted at."""

    def columns(self) -> dict[str, Column]:
        """All columns by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def buyers(self) -> int:
        """How many have spent something."""
        return int(np.count_nonzero(self.spent > 0))

    @property
    def paid_back(self) -> int:
        """How many of them have received what they spent, or more."""
        return int(np.count_nonzero((self.spent > 0) & (self.received >= self.spent)))

    @property
    def paid_nothing(self) -> int:
        """How many of them have received nothing."""
        return int(np.count_nonzero((self.spent > 0) & (self.received <= 0)))


@dataclass(frozen=True, slots=True)
class QueueTable:
    """One row a place in a queue, in the order of arrival."""

    arrived: Column
    """The day."""
    paid: Column
    """The day on which all of it had been paid, or -1."""
    amount: Column
    """What was granted, in units of the store, after refunds."""
    remaining: Column

    @property
    def served(self) -> int:
        """How many have been paid in full."""
        return int(np.count_nonzero(self.paid >= 0))

    @property
    def wait(self) -> Column:
        """Days from arrival until all was paid, -1 for those who still wait."""
        return np.where(self.paid >= 0, self.paid - self.arrived, NONE)


def member_table(plan: Plan, world: World, cohorts: Cohorts, withdrawn: Column) -> MemberTable:
    """What each member spent, received and is still promised. ``withdrawn``: by member, what left his wallet."""
    count = world.members.size
    orders, lots = slice(0, world.orders.size), slice(0, world.lots.size)
    spent, promised = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    np.add.at(spent, world.orders.member[orders], world.orders.whole[orders] - world.orders.returned_whole[orders])
    for number in world.chains:
        rate = yuan_per_unit(plan, world.stores.names[number])
        of_store = np.flatnonzero(world.lots.store[lots] == number)
        np.add.at(promised, world.lots.member[of_store], _worth(world.lots.remaining[of_store], rate))
    np.add.at(promised, *unpaid_rewards(world))
    received = sum((wallet[:count] for wallet in world.wallets), withdrawn[:count])
    return MemberTable(
        world.members.joined[:count].astype(np.int64), cohorts.of(np.arange(count, dtype=np.int32)),
        world.members.parent[:count].astype(np.int64), spent, received, promised, _quoted(world),
    )  # fmt: skip


def unpaid_rewards(world: World) -> tuple[Column, Column]:
    """Rewards that no lot gives and the reserve has not paid yet: whose they are, and what each will be paid."""
    rows, payments = np.fromiter(world.claims, np.int64, len(world.claims)), world.payments
    points = payments.paid[rows] - payments.lost[rows] - payments.released[rows]
    rates = np.array([per_point for _, per_point, _ in world.terms], dtype=np.int64)
    worth = _worth(np.maximum(points, 0), rates[payments.terms[rows]]) if len(rows) else points
    return payments.member[rows].astype(np.int64), worth


def _worth(points: Column, rate: Column | int) -> Column:
    """⌊points × rate⌋, the rate in parts per million; the product of the two may be beyond 64 bits."""
    worth: Column = points // MICRO * rate + points % MICRO * rate // MICRO
    return worth


def _quoted(world: World) -> Column:
    """What the tokens of each member are quoted at, rounded down."""
    held = world.members.tokens[: world.members.size]
    pool, supply = world.price()
    if not held.any():
        return np.zeros(len(held), dtype=np.int64)
    # In Python integers: the product of two amounts is beyond 64 bits.
    return np.array([tokens * pool // supply for tokens in held.tolist()], dtype=np.int64)


def queue_tables(world: World) -> dict[str, QueueTable]:
    """The queues of a plan, by store."""
    found = {}
    for name, store in world.program.plan.stores.items():
        if isinstance(store, Lots) and store.mode == "queue":
            rows = np.flatnonzero(world.lots.store[: world.lots.size] == world.stores.numbers[name])
            remaining = world.lots.remaining[rows].astype(np.int64)
            emptied = np.where(remaining == 0, world.lots.emptied_on[rows], NONE).astype(np.int64)
            found[name] = QueueTable(
                world.lots.day[rows].astype(np.int64), emptied, world.lots.granted[rows].astype(np.int64), remaining
            )
    return found
