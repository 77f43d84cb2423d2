"""What the presets of ours promise is in their pools at every moment of random histories, refunds and all."""

from random import Random

import pytest

from jifen.engine import World, apply
from jifen.engine.events import DayClosed, Line, MemberJoined, OrderPaid, OrderRefunded
from jifen.plan import load_plan, load_plan_text

SEEDS = 12
DAYS = 25
BOTH = "preset: both\ncompose: [member_rebate, {friend_bonus: {pay_asset: bonus_asset}}]\n"
MEMBERS = {"a": None, "b": "a", "c": "b", "d": None}


def history(plan, random, buyers=tuple(MEMBERS)):
    """Orders of random margins and refunds of odd amounts; the world after each event, and what it refused."""
    world, orders = World(plan), {}
    for name, referrer in MEMBERS.items():
        apply(world, [MemberJoined(id=f"join:{name}", day=0, member=name, referrer=referrer)])
    for day in range(DAYS):
        for number in range(random.randrange(4)):
            amount = random.randrange(1, 900_000) * 10_000
            cost = random.randrange(amount + amount // 4)
            order, member = f"o{day}-{number}", random.choice(buyers)
            line = Line(amount=amount, cost=cost)
            yield world, apply(world, [OrderPaid(id=order, day=day, member=member, lines=(line,))])
            orders[order] = amount
        for order in random.sample([*orders], min(len(orders), random.randrange(3))):
            amount = min(orders[order], random.randrange(1, 500_000) * 10_000)
            orders[order] -= amount
            if amount:
                refund = OrderRefunded(id=f"r{day}-{order}", day=day, order=order, amount=amount)
                yield world, apply(world, [refund])
        yield world, apply(world, [DayClosed(id=f"day:{day}", day=day)])


def promised(world):
    return sum(sum(world.remaining(member, "points")) for member in MEMBERS)


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("params", [{}, {"rebate_rate": "100%", "daily_rate": "7.77%"}, {"settle_at": "paid"}], ids=str)
def test_a_rebate_pool_holds_exactly_what_is_still_promised(params, seed):
    most = 0
    for world, journal in history(load_plan("member_rebate", params), Random(seed)):
        assert not journal.refusals
        assert world.pool("rebate") == promised(world)
        assert world.pool_debt("rebate") == 0
        most = max(most, world.pool("rebate"))
    assert most > 0


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_bonus_is_paid_in_full_out_of_its_own_order(seed):
    paid = 0
    plan = load_plan("friend_bonus", {"bonus_rate": "33.3333%"})
    for world, journal in history(plan, Random(seed), buyers=("b", "c")):
        assert not journal.refusals
        assert (world.pool("bonus"), world.pool_debt("bonus")) == (0, 0)
        paid += sum(rules.get("referral", 0) for rules in journal.paid().values())
    assert paid > 0


@pytest.mark.parametrize("seed", range(SEEDS // 3))
def test_both_together_keep_apart_what_each_of_them_owes(seed):
    for world, journal in history(load_plan_text(BOTH), Random(seed)):
        assert not journal.refusals
        assert world.pool("rebate") == promised(world)
        assert world.pool_debt("bonus") == 0
