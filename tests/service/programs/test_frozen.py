"""A frozen plan, made of every preset: no new promise, no reward for those above, and all that was open goes on."""

import pytest

from jifen.engine import World, apply
from jifen.engine.events import DayClosed, Line, MemberJoined, OrderPaid, OrderRefunded, PlanActivated
from jifen.ledger.journal import Account
from jifen.plan import load_plan, preset_names
from jifen.plan.model import Grant, Mint, Walk, Weigh
from jifen.plan.text import parse_plan, plan_text
from jifen.service.programs.frozen import GRANTS, JOINS, frozen

FIRST = 738000
YUAN = 1_000_000
PLANS = [load_plan(name) for name in preset_names()]


def by_name(plan):
    return plan.name


def opened(plan):
    """A world with a line of members who have all bought, twenty days on."""
    world = World(plan, FIRST)
    names = [f"m{number}" for number in range(6)]
    above = (None, *names)
    joins = [MemberJoined(id=f"j{name}", day=FIRST, member=name, referrer=of)
             for of, name in zip(above, names, strict=False)]  # fmt: skip
    apply(world, [*joins, *orders(world, names, "before")])
    for _ in range(20):
        close(world)
    return world, names


def orders(world, names, key):
    return [OrderPaid(id=f"{key}-{name}", day=world.open_day, member=name, lines=(Line(amount=1000 * YUAN),))
            for name in names]  # fmt: skip


def close(world):
    return apply(world, [DayClosed(id=f"day:{world.open_day}", day=world.open_day)])


@pytest.mark.parametrize("plan", PLANS, ids=by_name)
def test_a_frozen_plan_is_a_plan_that_reads_back(plan):
    stopped = frozen(plan)
    assert parse_plan(plan_text(stopped), "").rules == stopped.rules
    assert stopped.digest != plan.digest
    assert frozen(stopped).digest == stopped.digest
    assert frozen(plan, [JOINS]) is plan
    live = [rule for rule in stopped.rules if not rule.off]
    assert not [rule for rule in live if isinstance(rule.pay, Grant | Mint | Weigh)]
    assert not [rule for rule in live if isinstance(rule.who, Walk) and rule.who.tree == "referral"]


@pytest.mark.parametrize("plan", PLANS, ids=by_name)
def test_orders_of_a_frozen_plan_promise_nothing_and_reward_nobody_above(plan):
    world, names = opened(plan)
    apply(world, [PlanActivated(id="freeze", day=world.open_day, plan=frozen(plan))])
    lots, tokens = world.lots.size, world.token_supply
    weights = {store: table.amount[:6].tolist() for store, table in world.weights.items()}
    journal = apply(world, orders(world, names, "after"))
    assert not journal.refusals
    for _ in range(20):
        journal = close(world)
        upward = {rule.id for rule in plan.rules if isinstance(rule.who, Walk) and rule.who.tree == "referral"}
        paid = {journal.rules[rule] for rule in journal.transfers["rule"].tolist() if rule >= 0}
        assert not paid & upward - {rule.id for rule in frozen(plan).rules if not rule.off}
    assert world.lots.size == lots
    assert world.token_supply <= tokens
    assert {store: table.amount[:6].tolist() for store, table in world.weights.items()} == weights


@pytest.mark.parametrize("plan", PLANS, ids=by_name)
def test_open_lots_release_and_refunds_go_on_in_a_frozen_plan(plan):
    world, names = opened(plan)
    apply(world, [PlanActivated(id="freeze", day=world.open_day, plan=frozen(plan))])
    apply(world, orders(world, names, "after"))
    refunds = [OrderRefunded(id=f"r-{key}", day=world.open_day, order=f"{key}-{names[-1]}", amount=1000 * YUAN)
               for key in ("before", "after")]  # fmt: skip
    assert not apply(world, refunds).refusals
    for _ in range(20):
        close(world)


def test_a_lot_releases_as_much_when_its_plan_is_frozen():
    plan = load_plan("points_dividend")
    paid = []
    for count in (plan, frozen(plan)):
        world, _ = opened(plan)
        apply(world, [PlanActivated(id="freeze", day=world.open_day, plan=count)])
        journal = close(world)
        moved = journal.transfers
        rows = (moved["to_kind"] == Account.WALLET) & (moved["rule"] == journal.rules.index("static"))
        paid.append(int(moved["amount"][rows].sum()))
    assert paid[0] == paid[1] > 0


def test_what_stops_may_be_grants_only():
    plan = load_plan("points_dividend")
    off = {rule.id for rule in frozen(plan, [GRANTS]).rules if rule.off} - {rule.id for rule in plan.rules if rule.off}
    assert off == {rule.id for rule in plan.rules if isinstance(rule.pay, Grant)}
