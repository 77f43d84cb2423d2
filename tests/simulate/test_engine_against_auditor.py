"""The engine and the auditor agree after every event and every run of random histories, to the last micro-unit."""

import pytest
from tests.simulate.many_plans import PLANS
from tests.simulate.side_by_side import differences

from jifen.simulate.streams import random_stream

SEEDS = 12
NIGHTLY = 20
"""Histories a night, in all, for each example of the nightly budget (500 unless it is set)."""
each_plan = pytest.mark.parametrize("name", PLANS)


def difference(seed: int, name: str) -> str | None:
    """Where the two first part. Every third shop sends receipts."""
    plan, events = random_stream(seed, PLANS[name])
    first = next(differences(plan, events, receipts=seed % 3 == 0), None)
    return None if first is None else f"{name}, seed {seed}, {first}"


@each_plan
def test_engine_and_auditor_agree_after_every_event(name: str) -> None:
    for seed in range(SEEDS):
        assert difference(seed, name) is None


@pytest.mark.nightly
@each_plan
def test_engine_and_auditor_agree_on_many_histories(name: str, nightly_budget: int) -> None:
    for seed in range(SEEDS, SEEDS + -(-nightly_budget * NIGHTLY // len(PLANS))):
        assert difference(seed, name) is None
