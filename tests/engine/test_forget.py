"""Forgetting the past: what is paid later stays the same, and nothing is forgotten while a payment waits."""

from jifen.engine import World, apply
from jifen.engine.events import DayClosed, Line, MemberJoined, OrderPaid
from jifen.engine.forget import forget_past, past_rows
from jifen.plan import load_plan

YUAN = 1_000_000


def shop(settings: dict[str, object]) -> World:
    """Ben, referred by Ann, orders after her."""
    world = World(load_plan("points_dividend", settings), first_day=1)
    apply(world, [
        MemberJoined(id="j1", day=1, member="ann"), MemberJoined(id="j2", day=1, member="ben", referrer="ann"),
        OrderPaid(id="o1", day=1, member="ann", lines=(Line(amount=100 * YUAN),)),
        OrderPaid(id="o2", day=1, member="ben", lines=(Line(amount=100 * YUAN),)),
        DayClosed(id="d1", day=1),
    ])  # fmt: skip
    return world


def test_the_rows_are_gone_and_the_lots_go_on():
    world = shop({})
    assert past_rows(world) == 2  # Ann's acceleration by Ben's order: one payment, one release
    assert forget_past(world)
    assert past_rows(world) == 0
    apply(world, [DayClosed(id="d2", day=2)])
    # Ann: 20 % of Ben's order, then 1 % of hers; Ben 1 %.
    assert (world.balance("ann", "cash"), world.balance("ben", "cash")) == (21 * YUAN, YUAN)


def test_nothing_is_forgotten_while_a_reward_waits_in_a_bank():
    world = World(load_plan("points_dividend", {"no_lot": "bank"}), first_day=1)
    apply(world, [
        MemberJoined(id="j1", day=1, member="ann"), MemberJoined(id="j2", day=1, member="ben", referrer="ann"),
        OrderPaid(id="o1", day=1, member="ben", lines=(Line(amount=100 * YUAN),)),
    ])  # fmt: skip
    before = past_rows(world)
    assert before == 1
    assert not forget_past(world)
    assert past_rows(world) == before
    apply(world, [OrderPaid(id="o2", day=1, member="ann", lines=(Line(amount=100 * YUAN),))])
    assert world.balance("ann", "cash") == 20 * YUAN
