"""Orders of the largest amount, a thousand million yuan, in every preset: accepted and right to the last micro-unit."""

from collections.abc import Iterator

import pytest
from tests.simulate.side_by_side import differences

from jifen.core.micros import AMOUNT_MAX, CENT
from jifen.engine import World, apply
from jifen.engine.events import (
    DayClosed,
    Event,
    LiabilityBooked,
    Line,
    MemberJoined,
    OrderPaid,
    OrderRefunded,
    PoolDonated,
    RankSet,
    ReserveToppedUp,
    TaskDone,
    TokensSold,
)
from jifen.plan import Plan, load_plan, preset_names
from jifen.plan.model import Curve

MEMBERS = "abcd"
FEWER_TICKETS = {"three_for_one": {"threshold": "250000000"}}
"""By its own threshold an order of this size brings a million tickets, which the auditor counts one by one."""
each_preset = pytest.mark.parametrize("name", preset_names())


def plan_of(name: str, funding: str) -> Plan:
    params = {"settle_at": "paid", "funding": funding, "reserve_share": "30%"}
    return load_plan(name, params | FEWER_TICKETS.get(name, {}))


def largest(plan: Plan) -> Iterator[Event]:
    """A line of members, each of the highest rank, who spend the most twice; runs, refunds and what members can do."""
    day = 0
    highest = next((ranks.ladder[-1].name for ranks in plan.ranks.values() if ranks.ladder), None)
    for place, member in enumerate(MEMBERS):
        yield MemberJoined(id=f"join {member}", day=day, member=member, referrer=MEMBERS[place - 1] if place else None)
        yield RankSet(id=f"rank {member}", day=day, member=member, rank=highest)
    yield ReserveToppedUp(id="top up", day=day, amount=AMOUNT_MAX)
    for pool in World(plan, 0).program.pool_names:
        yield PoolDonated(id=f"donate {pool}", day=day, pool=pool, amount=AMOUNT_MAX)
    for day in range(2):
        for member in MEMBERS:
            line = Line(amount=AMOUNT_MAX, cost=AMOUNT_MAX // 3)
            yield OrderPaid(id=f"{member} {day}", day=day, member=member, lines=(line,))
        yield DayClosed(id=f"close {day}", day=day)
    day = 2
    yield LiabilityBooked(id="debt", day=day, member="a", amount=AMOUNT_MAX)
    yield TaskDone(id="task", day=day, member="b")
    if any(isinstance(store, Curve) for store in plan.stores.values()):
        yield TokensSold(id="sell", day=day, member="c", tokens=None)
    yield DayClosed(id="close 2", day=day)
    day = 3
    yield OrderRefunded(id="cent", day=day, order="d 0", amount=CENT)
    yield OrderRefunded(id="whole", day=day, order="d 1", amount=AMOUNT_MAX)
    yield OrderRefunded(id="half", day=day, order="a 0", amount=AMOUNT_MAX // 2)
    yield DayClosed(id="close 3", day=day)


@pytest.mark.parametrize("funding", ["merchant", "reserve"])
@each_preset
def test_orders_of_the_largest_amount_are_right_to_the_last_micro_unit(name: str, funding: str) -> None:
    plan = plan_of(name, funding)
    assert next(differences(plan, largest(plan)), None) is None


@each_preset
def test_orders_of_the_largest_amount_are_accepted(name: str) -> None:
    plan = plan_of(name, "merchant")
    world = World(plan, 0)
    refused = [(refusal.event, refusal.code) for event in largest(plan) for refusal in apply(world, [event]).refusals]
    assert [each for each in refused if each[0] not in ("sell", "task")] == []
