"""What a refund promises, on random histories of every preset.

(a) refunds commute, (b) halves equal the whole, (c) an order refunded at once leaves no trace, (d) at any time what was
taken back, with debts and receivables, is what had to be taken back. Each exception is named where it is left out.
"""

from collections import Counter
from random import Random
from typing import Any

import pytest
from tests.property.histories import (
    after_stream,
    branch,
    close_days,
    left_of,
    refund,
    refunds,
    retiers,
    run,
    state,
    went_out,
)

from jifen.core.micros import CENT, MICRO
from jifen.engine import World, apply
from jifen.engine.events import Line, OrderPaid, PlanActivated
from jifen.engine.refund import standing_of
from jifen.ledger.journal import Account
from jifen.plan import preset_names, revise
from jifen.simulate.streams import random_stream

SEEDS = 40
each_preset = pytest.mark.parametrize("name", preset_names())


def differences(one: dict[str, Any], other: dict[str, Any], tolerance: int = 0) -> dict[str, Any]:
    """Where two states part by more than ``tolerance`` micro-units."""
    return {key: (one[key], other[key]) for key in one if not near(one[key], other[key], tolerance)}


def near(one: Any, other: Any, tolerance: int) -> bool:
    if tolerance == 0 or isinstance(one, str) or one is None:
        return bool(one == other)
    if isinstance(one, int):
        return abs(one - other) <= tolerance
    return sum(one) == sum(other) or abs(sum(one) - sum(other)) <= tolerance


# -- (a) --------------------------------------------------------------------------------------------------------------


def commute(seed: int, name: str) -> None:
    """Not where a curve pays at value, nor where tiers are judged again by cumulative spend, nor beyond an exit."""
    random = Random(seed)
    world = after_stream(seed, name)
    curve = world.program.curve
    if retiers(world) or (curve is not None and curve.refund == "at_value"):
        return
    events = refunds(world, random)
    one, other = branch(world), branch(world)
    journals = [run(one, events), run(other, random.sample(events, len(events)))]
    if not went_out(journals):
        assert differences(state(one), state(other)) == {}, f"seed {seed}"
        close_days(one, 3)
        close_days(other, 3)
        assert differences(state(one), state(other)) == {}, f"seed {seed}, three days later"


@each_preset
def test_refunds_commute(name: str) -> None:
    for seed in range(SEEDS):
        commute(seed, name)


@pytest.mark.nightly
@each_preset
def test_refunds_commute_at_length(name: str, nightly_budget: int) -> None:
    for seed in range(SEEDS, SEEDS + nightly_budget):
        commute(seed, name)


# -- (b) --------------------------------------------------------------------------------------------------------------


def tolerance_of(world: World, steps: int) -> int:
    """With a curve each step may part by one micro-unit of tokens, and by what that is worth.

    Where nobody holds tokens the first micro-unit to come back is worth the whole pool.
    """
    curve = world.program.curve
    return 0 if curve is None else steps * (world.pool(curve.name) // max(world.supply(), 1) + 2)


def halve(seed: int, name: str) -> None:
    """The same order given back in one, two or many steps, but not beyond a forced exit."""
    random = Random(seed)
    world = after_stream(seed, name)
    orders = [order for order in world.order_names if left_of(world, order) >= 6 * CENT]
    for order in random.sample(orders, min(2, len(orders))):
        cents = left_of(world, order) // CENT
        whole = random.choice((cents, random.randint(6, cents)))
        steps = [whole // 2, whole - whole // 2] if random.random() < 0.5 else [1, 2, whole - 3]
        one, other = branch(world), branch(world)
        journals = [run(one, [refund(one, 0, order, whole * CENT)])]
        journals += [run(other, [refund(other, number, order, step * CENT)]) for number, step in enumerate(steps)]
        if not went_out(journals):
            curve = one.program.curve
            found = differences(state(one), state(other), tolerance_of(one, len(steps)))
            assert found == {}, f"seed {seed}, {order} by {steps}"
            if curve is None:
                close_days(one, 3)
                close_days(other, 3)
                assert differences(state(one), state(other)) == {}, f"seed {seed}, {order} three days later"


@each_preset
def test_halves_equal_the_whole(name: str) -> None:
    for seed in range(SEEDS):
        halve(seed, name)


@pytest.mark.nightly
@each_preset
def test_halves_equal_the_whole_at_length(name: str, nightly_budget: int) -> None:
    for seed in range(SEEDS, SEEDS + nightly_budget):
        halve(seed, name)


# -- (c) --------------------------------------------------------------------------------------------------------------


def leave_no_trace(seed: int, name: str) -> None:
    """Not with a curve or a line that newcomers serve, a rank never lost, what a bank released, what others keep."""
    random = Random(seed)
    world = after_stream(seed, name)
    served = any(rule.gate is not None and rule.gate.newcomers is not None for rule in world.program.plan.rules)
    if world.program.curve is not None or served:
        return
    kept = {"upstream": "reverse"} | ({"demote": "on_refund"} if "demote" in world.program.plan.params else {})
    run(world, [PlanActivated(id="again", day=world.open_day, plan=revise(world.program.plan, kept))])
    close_days(world, 1)
    tried = branch(world)
    member = random.choice(world.member_names)
    lines = (Line(amount=random.choice((3000, 9000, random.randint(1, 30_000))) * MICRO, sku="s1"),)
    order = OrderPaid(id="tried", day=tried.open_day, member=member, lines=lines)
    journal = run(tried, [order, refund(tried, 0, "tried", order.amount)])
    if "bank" in {journal.rules[rule] for rule in journal.transfers["rule"].tolist()}:
        return
    assert differences(state(world), state(tried)) == {}, f"seed {seed}"
    for day in range(3):
        paid = [[each.paid() for each in close_days(one, 1)] for one in (world, tried)]
        assert paid[0] == paid[1], f"seed {seed}, {day} days later"
        assert differences(state(world), state(tried)) == {}, f"seed {seed}, {day} days later"


@each_preset
def test_an_order_refunded_at_once_leaves_no_trace(name: str) -> None:
    for seed in range(SEEDS):
        leave_no_trace(seed, name)


@pytest.mark.nightly
@each_preset
def test_an_order_refunded_at_once_leaves_no_trace_at_length(name: str, nightly_budget: int) -> None:
    for seed in range(SEEDS, SEEDS + nightly_budget):
        leave_no_trace(seed, name)


# -- (d) --------------------------------------------------------------------------------------------------------------


def journal_says(world: World, transfers: Any) -> Counter[tuple[int, int, int]]:
    """What stands of the payments out of each lot, by rule and asset: paid less taken back."""
    found: Counter[tuple[int, int, int]] = Counter()
    refund_rule = world.rule_names.get("refund")
    for row in transfers[transfers["lot"] >= 0]:
        lot, asset, amount = int(row["lot"]), int(row["asset"]), int(row["amount"])
        if row["to_kind"] == Account.WALLET and row["rule"] != refund_rule:
            found[lot, int(row["rule"]), asset] += amount
        elif row["to_kind"] == Account.WALLET:
            found[lot, int(row["reason"]), asset] += amount
        elif row["from_kind"] == Account.WALLET and row["rule"] == refund_rule:
            found[lot, int(row["reason"]), asset] -= amount
    return found


def effects_say(world: World) -> Counter[tuple[int, int, int]]:
    """What survives of every release, worked out from what is kept now and nothing else."""
    found: Counter[tuple[int, int, int]] = Counter()
    for lot in range(world.lots.size):
        if world.program.curve is None:
            for (rule, terms), amount in standing_of(world, lot).paid.items():
                found[lot, rule, world.terms[terms][0]] += amount
    return found


@each_preset
def test_what_survives_of_the_effects_is_what_the_journal_shows(name: str) -> None:
    for seed in range(SEEDS):
        plan, events = random_stream(seed, name)
        world = World(plan, 0)
        if world.program.curve is not None:
            continue
        half = len(events) // 2
        rows = [apply(world, events[:half]).transfers]
        said = journal_says(world, rows[0])
        assert +said == +effects_say(world), f"seed {seed}, half way"
        said.update(journal_says(world, apply(world, events[half:]).transfers))
        assert +said == +effects_say(world), f"seed {seed}"


@each_preset
def test_everything_returned_takes_everything_back(name: str) -> None:
    """All orders of all members go back: no lot of an order holds or has paid anything, no feed stands.

    What stands on no order stays: gifts, moves between members, and what a curve gave at other prices.
    """
    for seed in range(SEEDS):
        plan, events = random_stream(seed, name)
        plan = revise(plan, {"upstream": "reverse"})
        world = World(plan, 0)
        apply(world, [event for event in events if not isinstance(event, PlanActivated)])
        orders = [order for order in world.order_names if left_of(world, order)]
        Random(seed).shuffle(orders)
        run(world, [refund(world, number, order, left_of(world, order)) for number, order in enumerate(orders)])
        lots = world.lots
        of_orders = lots.order[: lots.size] >= 0
        assert lots.remaining[: lots.size][of_orders].sum() == 0, f"seed {seed}"
        assert lots.granted[: lots.size][of_orders].sum() == 0, f"seed {seed}"
        assert all(world.performance(member) == 0 for member in world.member_names)
        if world.program.curve is None:
            standing = [standing_of(world, lot) for lot in range(lots.size) if of_orders[lot]]
            assert [each.points for each in standing if each.points] == [], f"seed {seed}"
