"""Refunds at the end of random histories commute, and halves equal the whole, where no price intervenes."""

from random import Random
from typing import Any

import pytest

from jifen.engine.events import Event, OrderRefunded
from jifen.plan import Plan, load_plan, preset_names
from jifen.plan.model import Curve, Lots
from jifen.simulate.auditor import Auditor
from jifen.simulate.streams import random_stream

SEEDS = range(40)
WITHOUT_PRICES = [
    name for name in preset_names() if not any(isinstance(store, Curve) for store in load_plan(name).stores.values())
]


def end_of(plan: Plan, events: list[Event], refunds: list[tuple[str, int]]) -> dict[str, Any]:
    """What stands after a history and then some refunds."""
    auditor = Auditor(plan)
    for event in events:
        auditor.apply(event)
    for number, (order, amount) in enumerate(refunds):
        event = OrderRefunded(id=f"last {number}", day=auditor.open_day, order=order, amount=amount)
        assert auditor.apply(event).refused is None
    found: dict[str, Any] = {name: (held.balance, held.debt) for name, held in auditor.books.accounts.items()}
    for member in auditor.member_names:
        found[member] = {asset: held for asset, held in auditor.books.members[member].assets.items() if held}
        found[f"bank of {member}"] = auditor.banked(member)
        for name, store in plan.stores.items():
            if isinstance(store, Lots):
                found[f"{name} of {member}"] = auditor.remaining(member, name)
    return found


def two_refunds(plan: Plan, events: list[Event], random: Random) -> list[tuple[str, int]]:
    """Refunds of two orders, each an even number of cents; none if fewer than two have enough left."""
    auditor = Auditor(plan)
    for event in events:
        auditor.apply(event)
    orders = [order for order in auditor.books.orders.values() if order.kept >= 60_000]
    chosen = random.sample(orders, 2) if len(orders) > 1 else []
    return [(order.id, order.kept // random.choice((1, 2, 3)) // 20_000 * 20_000) for order in chosen]


@pytest.mark.parametrize("name", WITHOUT_PRICES)
def test_refunds_commute_and_halves_equal_the_whole(name: str) -> None:
    tried = 0
    for seed in SEEDS:
        plan, events = random_stream(seed, name, revisions=False)
        refunds = two_refunds(plan, events, Random(seed))
        by_net_spend = plan.params.get("retier") and plan.params.get("tier_by") == "cumulative"
        if not refunds or by_net_spend:
            continue
        tried += 1
        assert end_of(plan, events, refunds) == end_of(plan, events, refunds[::-1]), f"seed {seed}"
        order, amount = refunds[0]
        halves = [(order, amount // 2), (order, amount // 2)]
        assert end_of(plan, events, refunds[:1]) == end_of(plan, events, halves), f"seed {seed}"
    assert tried > len(SEEDS) / 2
