"""Orders of several lines, with rates of their own: the same promises.

Every order of a random history is cut into lines of three products, two of which have other rates than the plan, and
is given back by line or as a whole.
"""

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest
from tests.property.histories import branch, run, state, went_out
from tests.property.test_refunds import effects_say, journal_says

from jifen.core.errors import PlanError
from jifen.core.micros import CENT
from jifen.engine import World, apply
from jifen.engine.events import Event, Line, MemberJoined, OrderPaid, OrderRefunded
from jifen.engine.refund import standing_of
from jifen.plan import Plan, load_plan, preset_names
from jifen.plan.model import Share
from jifen.simulate.streams import random_stream

SEEDS = 20
PRODUCTS = ("s1", "s2", "s3")
VALUES = ("12.3456%", "0", "70%", "2.5", "1")
"""Rates or ratios that a line may have instead of the plan's: of these, those the plan accepts."""


def by_line(name: str, random: Random) -> Plan:
    """The preset with other rates for two products, for each parameter that can have them."""
    rows = []
    for parameter in load_plan(name).params:
        for sku in PRODUCTS[:2]:
            for value in random.sample(VALUES, len(VALUES)):
                row = {"where": {"sku": sku}, parameter: value}
                try:
                    World(load_plan(name, {"overrides": [*rows, row]}))
                except (PlanError, TypeError):
                    continue
                rows.append(row)
                break
    return load_plan(name, {"overrides": rows})


def has_rates_by_line(plan: Plan) -> bool:
    amounts = [rule.amount for rule in plan.rules]
    return any(isinstance(amount, Share) and amount.overrides and amount.of == "trigger_amount" for amount in amounts)


PLANS = {name: by_line(name, Random(place)) for place, name in enumerate(preset_names())}
WITH_LINES = [name for name, plan in PLANS.items() if has_rates_by_line(plan)]


class Cutter:
    """Cuts the orders of a history into lines, and some orders' refunds likewise."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.left: dict[str, dict[str, int]] = {}

    def order(self, event: OrderPaid) -> OrderPaid:
        cents = event.amount // CENT
        if cents < 3 or event.amount % CENT:
            return event
        one, other = sorted(self.random.sample(range(1, cents), 2))
        parts = {"1": one, "2": other - one, "3": cents - other}
        named = zip(parts.items(), PRODUCTS, strict=True)
        lines = tuple(Line(amount=part * CENT, line=name, sku=sku) for (name, part), sku in named)
        if self.random.random() < 0.6:
            self.left[event.id] = parts
        return replace(event, lines=lines)

    def refund(self, event: OrderRefunded) -> OrderRefunded:
        left, cents = self.left.get(event.order, {}), event.amount // CENT
        if event.amount % CENT or not 0 < cents <= sum(left.values()):
            return event
        named = []
        for name in self.random.sample(sorted(left), len(left)):
            part = min(left[name], cents)
            if part:
                left[name] -= part
                cents -= part
                named.append((name, part * CENT))
        return replace(event, lines=tuple(named))


def stream(seed: int, name: str) -> tuple[Plan, list[Event]]:
    plan, events = random_stream(seed, PLANS[name])
    cutter, cut, known = Cutter(seed), [], set()
    for event in events:
        if isinstance(event, OrderPaid) and event.id not in known:
            event = cutter.order(event)
        elif isinstance(event, OrderRefunded) and event.id not in known:
            event = cutter.refund(event)
        known.add(event.id)
        cut.append(event)
    return plan, cut


def test_some_presets_have_rates_by_line() -> None:
    assert len(WITH_LINES) >= 3


@pytest.mark.parametrize("name", WITH_LINES)
def test_what_survives_of_lines_is_what_the_journal_shows(name: str) -> None:
    for seed in range(SEEDS):
        plan, events = stream(seed, name)
        world = World(plan, 0)
        if world.program.curve is None:
            assert +journal_says(world, apply(world, events).transfers) == +effects_say(world), f"seed {seed}"


def refunds_by_line(world: World, random: Random) -> Iterator[OrderRefunded]:
    """What is left of some orders' lines, line by line, in two steps each."""
    orders = [order for order in sorted(world.order_lines) if world.orders.state.item(order) in (1, 2)]
    for order in random.sample(orders, min(3, len(orders))):
        name = world.order_names[order]
        for line in world.order_lines[order]:
            left = (line.line.amount - line.given_back) // CENT
            for part in (left // 3, left - left // 3):
                if part:
                    amount = part * CENT
                    yield OrderRefunded(id=f"{name} {line.line.line} {part}", day=world.open_day, order=name,
                                        amount=amount, lines=((line.line.line, amount),))  # fmt: skip


def together(refunds: list[OrderRefunded]) -> Iterator[OrderRefunded]:
    """The same refunds, one for each order."""
    for order in dict.fromkeys(each.order for each in refunds):
        mine = [each for each in refunds if each.order == order]
        lines: dict[str, int] = {}
        for name, amount in (line for each in mine for line in each.lines):
            lines[name] = lines.get(name, 0) + amount
        yield replace(mine[0], id=f"{order} together", amount=sum(lines.values()), lines=tuple(lines.items()))


@pytest.mark.parametrize("name", WITH_LINES)
def test_refunds_by_line_commute_and_may_come_together(name: str) -> None:
    for seed in range(SEEDS):
        random = Random(seed)
        plan, events = stream(seed, name)
        world = World(plan, 0)
        apply(world, events)
        if world.program.curve is not None:
            continue
        refunds = list(refunds_by_line(world, random))
        shuffled, once = branch(world), branch(world)
        journals = [run(world, refunds), run(shuffled, random.sample(refunds, len(refunds)))]
        journals.append(run(once, together(refunds)))
        assert not went_out(journals)
        assert state(world) == state(shuffled), f"seed {seed}"
        assert state(world) == state(once), f"seed {seed}"


def test_a_line_given_back_takes_its_own_part_back() -> None:
    """Half of s1 and a fifth of the rest are fed: of 50 + 20 in the pool, s1's refund takes 50."""
    plan = load_plan("rebate_queue", {"overrides": [{"where": {"sku": "s1"}, "pool_share": "50%"}]})
    world = World(plan, 0)
    lines = (Line(amount=100 * 10**6, sku="s1"), Line(amount=100 * 10**6, line="2"))
    run(world, [MemberJoined(id="j", day=0, member="a"), OrderPaid(id="o", day=0, member="a", lines=lines)])
    assert world.pool("queue") == 70 * 10**6
    run(world, [OrderRefunded(id="r", day=0, order="o", amount=100 * 10**6, lines=(("1", 100 * 10**6),))])
    assert world.pool("queue") == 20 * 10**6
    assert standing_of(world, 0).points == 0
