"""Random histories reach what each mode has of its own: claims on a reserve, freed places, tickets that go, exits."""

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from tests.simulate.many_plans import PLANS

from jifen.engine.events import AgentSet, DayClosed, Event, OrderPaid, OrderRefunded, PoolDonated, RankSet
from jifen.plan.model import Weight
from jifen.simulate.auditor import Auditor, Outcome
from jifen.simulate.streams import random_stream

SEEDS = range(60)


def seen(auditor: Auditor) -> dict[str, Any]:
    """What can only be seen by comparing before and after."""
    books = auditor.books
    return {
        "owed": sum(payment.owed for payment in books.payments),
        "live places": sum(place.order.live for place in books.places),
        "gone": sum(lot.gone for lot in books.lots),
        "gone after payment": sum(lot.gone and bool(lot.drains) for lot in books.lots),
        "debt": sum(map(auditor.liability, auditor.member_names)),
    }


def found(auditor: Auditor, event: Event, outcome: Outcome, before: dict[str, Any]) -> set[str]:
    """What one event reached."""
    after, paid = seen(auditor), {rule for _, rule in outcome.paid}
    refunded, closed = isinstance(event, OrderRefunded), isinstance(event, DayClosed)
    stores = [store.name for store in auditor.books.plan.stores.values() if isinstance(store, Weight)]
    agents = [person.agent_of for person in auditor.books.members.values() if person.agent_of]
    reached = {
        "a claim": after["owed"] > before["owed"],
        "a claim paid later": closed and after["owed"] < before["owed"],
        "a claim lowered": refunded and after["owed"] < before["owed"],
        "a place freed": refunded and after["live places"] < before["live places"],
        "a ticket gone": after["gone"] > before["gone"],
        "a paid ticket gone": after["gone after payment"] > before["gone after payment"],
        "a counter below 0": auditor.counter() < 0,
        "debt lowered by goods": isinstance(event, OrderPaid) and after["debt"] < before["debt"],
        "debt brought back": refunded and after["debt"] > before["debt"],
        "debt closed by an exit": "exit" in paid and after["debt"] < before["debt"],
        "a task over the limit": event.name == "task_done" and outcome.refused == "limit",
        "a weight over the cap": event.name == "store_adjusted" and outcome.refused == "limit",
        "a weight clipped": any(0 < given.amount < given.wanted for given in auditor.books.weighed),
        "a weight below 0": any(auditor.weight(member, name) < 0 for member in auditor.member_names for name in stores),
        "a pool of a family given to": isinstance(event, PoolDonated) and event.pool not in auditor.books.plan.stores,
        "a rank appointed": isinstance(event, RankSet) and event.rank is not None,
        "agents of one path": isinstance(event, AgentSet) and len(agents) > len(set(agents)),
        "four parts of a path": "region" in paid and getattr(event, "region", None) == "P/C/D/S",
        "lots that cannot take their part": closed and "dividend" in paid and any(
            lot.emptied_on == event.day for lot in auditor.books.lots
        ),
    }  # fmt: skip
    return {what for what, happened in reached.items() if happened}


REACHED = {
    "ad_tasks": {"a task over the limit"},
    "consumption_dividend": {"a pool of a family given to", "a rank appointed", "lots that cannot take their part"},
    "cyclic_purchase": {"a weight below 0", "lots that cannot take their part"},
    "distribution": {"a claim", "a claim paid later", "a claim lowered", "agents of one path", "four parts of a path"},
    "legacy_conversion": {"debt lowered by goods", "debt brought back", "debt closed by an exit"},
    "refer_three": {"a claim", "a claim paid later", "a place freed"},
    "share_plan": {"a weight over the cap", "a weight clipped", "a weight below 0"},
    "three_for_one": {"a ticket gone", "a paid ticket gone", "a counter below 0"},
}


@pytest.mark.parametrize("name", REACHED)
def test_histories_reach_what_the_mode_has_of_its_own(name: str) -> None:
    reached: Counter[str] = Counter()
    for seed in SEEDS:
        plan, events = random_stream(seed, PLANS[name])
        auditor = Auditor(plan, receipts=seed % 3 == 0)
        for event in events:
            before = seen(auditor)
            reached.update(found(auditor, event, auditor.apply(event), before))
    assert REACHED[name] - reached.keys() == set()


def test_some_histories_end_with_all_orders_given_back_in_halves() -> None:
    ends = 0
    for seed in SEEDS:
        _, events = random_stream(seed, PLANS["distribution"])
        last = events[-1]
        again = [one.order == two.order for one, two in pairwise(events) if isinstance(one, OrderRefunded)
                 and isinstance(two, OrderRefunded) and one.day == two.day == last.day]  # fmt: skip
        ends += isinstance(last, OrderRefunded) and again.count(True) > 2
    assert ends > 5
