"""Random histories: the same seed gives the same one, and together they press on every edge."""

from collections import Counter

import pytest

from jifen.engine.events import DayClosed, OrderPaid, OrderRefunded, PlanActivated
from jifen.plan import load_plan, preset_names
from jifen.plan.model import Asset, Share
from jifen.simulate.auditor import Auditor
from jifen.simulate.streams import random_stream

SEEDS = range(80)


@pytest.mark.parametrize("name", preset_names())
def test_the_same_seed_gives_the_same_history(name: str) -> None:
    (plan, events), (again, repeated) = random_stream(7, name), random_stream(7, name)
    assert plan.digest == again.digest
    assert [event.facts() for event in events] == [event.facts() for event in repeated]
    assert random_stream(8, name)[1] != events


def test_a_loaded_plan_serves_as_well_as_its_name() -> None:
    name = preset_names()[0]
    assert random_stream(3, load_plan(name))[0].digest == random_stream(3, name)[0].digest


@pytest.mark.parametrize("name", preset_names())
def test_every_day_is_closed_once_and_no_event_is_of_a_later_day(name: str) -> None:
    for seed in SEEDS:
        _, events = random_stream(seed, name)
        open_day = 0
        closed = set()
        for event in events:
            assert event.day <= open_day
            if isinstance(event, DayClosed) and event.id not in closed:
                closed.add(event.id)
                open_day += 1
        assert 8 <= open_day <= 30


def test_without_revisions_no_parameter_changes() -> None:
    for seed in SEEDS:
        plan, events = random_stream(seed, preset_names()[0], revisions=False)
        assert {event.plan.digest for event in events if isinstance(event, PlanActivated)} <= {plan.digest}


@pytest.mark.parametrize("name", preset_names())
def test_histories_reach_every_rule_most_refusals_and_refunds_in_a_row(name: str) -> None:
    rules: Counter[str] = Counter()
    codes: Counter[str | None] = Counter()
    twice = 0
    for seed in SEEDS:
        plan, events = random_stream(seed, name)
        auditor = Auditor(plan)
        for before, event in zip([None, *events], events, strict=False):
            outcome = auditor.apply(event)
            codes[outcome.refused] += 1
            rules.update(rule for _, rule in outcome.paid)
            both = isinstance(event, OrderRefunded) and isinstance(before, OrderRefunded)
            twice += both and event.order == before.order and outcome.refused is None
    payers = {rule.id for rule in load_plan(name).rules if isinstance(rule.pay, Asset)}
    assert payers <= rules.keys()
    assert {"refund", "admin"} <= rules.keys()
    assert {
        None, "duplicate", "conflict", "out_of_order", "unknown_member", "unknown_order", "bad_amount", "too_much",
        "asset_forbidden", "asset_limit", "insufficient",
    } <= set(codes)  # fmt: skip
    assert codes[None] > codes.total() / 2
    assert twice > 0


@pytest.mark.parametrize("name", preset_names())
def test_histories_use_lines_and_all_that_can_be_said_of_them(name: str) -> None:
    said: Counter[str] = Counter()
    for seed in SEEDS:
        plan, events = random_stream(seed, name)
        plans = [plan, *(event.plan for event in events if isinstance(event, PlanActivated))]
        amounts = [rule.amount for each in plans for rule in each.rules]
        said.update(override.key for amount in amounts for override in getattr(amount, "overrides", ()))
        auditor = Auditor(plan, receipts=True)
        for event in events:
            if auditor.apply(event).refused is not None:
                continue
            said[event.name] += 1
            said["refunded by line"] += isinstance(event, OrderRefunded) and bool(event.lines)
        orders = auditor.books.orders.values()
        said["takes part in part"] += sum(any(order.even) and not all(order.even) for order in orders)
        said["takes effect after a receipt"] += sum(order.due is not None and not order.waiting for order in orders)
        said["costs more than it brings"] += any(line.cost > line.amount for order in orders for line in order.lines)
    overridden = {"sku", "category", "merchant", "zone"} if rates_by_line(name) else set()
    assert overridden | {
        "order_received", "order_settled", "plan_paused", "plan_ended", "refunded by line", "takes part in part",
        "takes effect after a receipt", "costs more than it brings",
    } <= {what for what, count in said.items() if count}  # fmt: skip


def rates_by_line(name: str) -> bool:
    """Whether an order's amount is shared at a rate that is a parameter: tiers and lists of rates are none."""
    amounts = [rule.amount for rule in load_plan(name).rules]
    return any(isinstance(amount, Share) and amount.of == "trigger_amount" for amount in amounts)


def test_orders_stand_at_the_steps_of_the_table_and_beside_them() -> None:
    offsets = set()
    for seed in SEEDS:
        plan, events = random_stream(seed, "green_points", revisions=False)
        steps = [row.min for row in plan.params["tiers"]]
        offsets |= {event.amount - step for event in events if isinstance(event, OrderPaid) for step in steps}
    assert {0, 10_000, -10_000} <= offsets
