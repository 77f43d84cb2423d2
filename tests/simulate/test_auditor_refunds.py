"""Refunds at the end of random histories commute, and halves equal the whole, where no price intervenes."""

from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from jifen.core.micros import CENT
from jifen.engine.events import Event, OrderRefunded
from jifen.plan import Plan, load_plan, preset_names
from jifen.plan.model import Curve, Lots, Weight
from jifen.simulate.auditor import Auditor
from jifen.simulate.streams import random_stream

SEEDS = range(40)
WITHOUT_PRICES = [
    name for name in preset_names() if not any(isinstance(store, Curve) for store in load_plan(name).stores.values())
]


@dataclass(frozen=True)
class Refund:
    """A refund of an order, or of its lines by name."""

    order: str
    amount: int
    lines: tuple[tuple[str, int], ...] = ()

    def half(self) -> "Refund":
        return Refund(self.order, self.amount // 2, tuple((line, amount // 2) for line, amount in self.lines))


def end_of(plan: Plan, events: list[Event], refunds: list[Refund]) -> dict[str, Any]:
    """What stands after a history and then some refunds."""
    auditor = Auditor(plan)
    for event in events:
        auditor.apply(event)
    for number, given in enumerate(refunds):
        facts = {"order": given.order, "amount": given.amount, "lines": given.lines}
        assert auditor.apply(OrderRefunded(id=f"last {number}", day=auditor.open_day, **facts)).refused is None
    found: dict[str, Any] = {name: (held.balance, held.debt) for name, held in auditor.books.accounts.items()}
    for member in auditor.member_names:
        found[member] = {asset: held for asset, held in auditor.books.members[member].assets.items() if held}
        found[f"bank of {member}"] = (auditor.banked(member), auditor.owed(member), auditor.rank(member))
        for name, store in plan.stores.items():
            if isinstance(store, Lots):
                found[f"{name} of {member}"] = auditor.remaining(member, name)
            if isinstance(store, Weight):
                found[f"{name} of {member}"] = auditor.weight(member, name)
    return found | {"counter": auditor.counter(), "queue": auditor.queue()}


def even(amount: int) -> int:
    """An even number of cents, at most ``amount``."""
    return amount // (2 * CENT) * 2 * CENT


def two_refunds(plan: Plan, events: list[Event], random: Random) -> list[Refund]:
    """Refunds of two orders, each an even number of cents; none if fewer than two have enough left.

    Several lines are named: spread over lines, each refund is rounded down by itself, line by line.
    """
    auditor = Auditor(plan)
    for event in events:
        auditor.apply(event)
    orders = [order for order in auditor.books.orders.values() if max(order.left) >= 6 * CENT]
    found = []
    for order in random.sample(orders, 2) if len(orders) > 1 else []:
        part = random.choice((1, 2, 3))
        named = [(line.line, even(left // part)) for line, left in zip(order.lines, order.left, strict=True)]
        lines = tuple((line, amount) for line, amount in named if amount)
        amount = sum(amount for _, amount in lines)
        found.append(Refund(order.id, amount, lines if len(order.lines) > 1 else ()))
    return found


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
        halves = [refunds[0].half(), refunds[0].half()]
        assert end_of(plan, events, refunds[:1]) == end_of(plan, events, halves), f"seed {seed}"
    assert tried > len(SEEDS) / 2
