"""Random histories with the end of the plan at a random moment: the engine and the auditor agree to the micro-unit."""

from random import Random

import pytest
from tests.simulate.many_plans import PLANS
from tests.simulate.side_by_side import differences

from jifen.engine.events import DayClosed, Event, PlanWoundUp
from jifen.plan import Plan
from jifen.simulate.streams import random_stream

SEEDS = 2
NIGHTLY = 10
"""Histories a night, in all, for each example of the nightly budget (500 unless it is set)."""


def ended(seed: int, name: str) -> tuple[Plan, list[Event]]:
    """A random history with the end somewhere, and again at once, which is refused; in some a plan begins again."""
    plan, events = random_stream(seed, PLANS[name])
    random = Random(seed)
    at = random.randrange(len(events) // 3, len(events))
    day = len({event.id for event in events[:at] if isinstance(event, DayClosed)})
    return plan, [*events[:at], *(PlanWoundUp(id=name, day=day) for name in ("end", "end again")), *events[at:]]


def difference(seed: int, name: str) -> str | None:
    plan, events = ended(seed, name)
    first = next(differences(plan, events, receipts=seed % 3 == 0), None)
    return None if first is None else f"{name}, seed {seed}, {first}"


@pytest.mark.parametrize("name", PLANS)
def test_engine_and_auditor_agree_on_histories_that_are_wound_up(name: str) -> None:
    for seed in range(SEEDS):
        assert difference(seed, name) is None


@pytest.mark.nightly
@pytest.mark.parametrize("name", PLANS)
def test_engine_and_auditor_agree_on_many_histories_that_are_wound_up(name: str, nightly_budget: int) -> None:
    for seed in range(SEEDS, SEEDS + -(-nightly_budget * NIGHTLY // len(PLANS))):
        assert difference(seed, name) is None
