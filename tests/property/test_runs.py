"""Equal days of scheduled release share a row; a world in which every day has its own row is the same in all else."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from tests.property.histories import branch, close_days, refunds
from tests.simulate.many_plans import PLANS

from jifen.engine import World, apply, runs
from jifen.engine.explain import explain
from jifen.engine.given import release_at
from jifen.engine.refund import is_tokens, standing_rows
from jifen.ledger.journal import Journal
from jifen.plan.model import Schedule
from jifen.simulate.streams import random_stream

SEEDS = 6
SCHEDULED = 1
scheduled = [name for name, plan in PLANS.items() if any(isinstance(rule.amount, Schedule) for rule in plan.rules)]
each_plan = pytest.mark.parametrize("name", scheduled)


def told(journal: Journal) -> tuple[Any, ...]:
    """All that a journal says."""
    return journal.transfers.array().tolist(), journal.forfeits.array().tolist(), journal.refusals, list(journal.rules)


def days_of(world: World, lot: int) -> list[tuple[int, int, int, int, int]]:
    """What was taken out of a lot: (day, kind, payment, rule, points that stand), each day by itself."""
    found = []
    for number, first, last, stands in standing_rows(world, lot):
        release = release_at(world, number)
        found += [(day, release.kind, release.payment, release.rule, stands) for day in range(first, last + 1)]
    return sorted(found, key=lambda each: each[:2])


def seen(world: World) -> dict[str, Any]:
    """All days of all lots, and what everyone is told of them; asked of a copy, for asking ends runs."""
    world = branch(world)
    lots = [lot for lot in range(world.lots.size) if not is_tokens(world, lot)]
    found: dict[str, Any] = {f"lot {lot}": days_of(world, lot) for lot in lots}
    for member in world.member_names:
        found[member] = explain(world, member)
        for day in (0, world.open_day // 2, world.open_day - 1):
            found[f"{member} on {day}"] = explain(world, member, day)
    return found


def differences(seed: int, name: str) -> Iterator[str]:
    """Where a world parts from its twin, whose runs end after every event, and from one that was asked meanwhile."""
    plan, events = random_stream(seed, PLANS[name])
    random, receipts = Random(seed), seed % 3 == 0
    world, daily = World(plan, 0, receipts=receipts), World(plan, 0, receipts=receipts)
    for number, event in enumerate(events):
        where = f"{name}, seed {seed}, event {number} ({event.name} {event.id})"
        if told(apply(world, [event])) != told(apply(daily, [event])):
            yield f"{where}: another journal"
        runs.end_all(daily)
        if world.member_names and random.random() < 0.05:
            explain(world, random.choice(world.member_names))
    if seen(world) != seen(daily):
        yield f"{name}, seed {seed}: other days or explanations"
    back = refunds(world, random)
    if [told(apply(world, [event])) for event in back] != [told(apply(daily, [event])) for event in back]:
        yield f"{name}, seed {seed}: other refunds"
    if [told(one) for one in close_days(world, 3)] != [told(one) for one in close_days(daily, 3)]:
        yield f"{name}, seed {seed}: other days after refunds"
    if seen(world) != seen(daily):
        yield f"{name}, seed {seed}: other days or explanations after refunds"


@each_plan
def test_a_row_for_many_days_says_what_a_row_for_each_day_says(name: str) -> None:
    for seed in range(SEEDS):
        assert next(differences(seed, name), None) is None


@pytest.mark.nightly
@each_plan
def test_rows_for_many_days_at_length(name: str, nightly_budget: int) -> None:
    for seed in range(SEEDS, SEEDS + nightly_budget // 5):
        assert next(differences(seed, name), None) is None
