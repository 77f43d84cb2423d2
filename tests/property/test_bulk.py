"""The bulk lane does what the handlers do: the same world and the same journal, however a history is cut."""

import sys
from random import Random

import pytest
from tests.engine.shop import everything
from tests.simulate.many_plans import PLANS

from jifen.engine import World, apply
from jifen.ledger.journal import Journal
from jifen.simulate.streams import random_stream

SEEDS = 3
DOOR = sys.modules["jifen.engine.apply"]


def written(journals: list[Journal]) -> tuple[bytes, bytes, list[tuple[str, str]]]:
    """The bytes of all transfers and forfeits, and the refusals."""
    refusals = [(refusal.event, refusal.code) for journal in journals for refusal in journal.refusals]
    transfers = b"".join(journal.transfers.array().tobytes() for journal in journals)
    return transfers, b"".join(journal.forfeits.array().tobytes() for journal in journals), refusals


def run(seed: int, name: str, most: int):
    plan, events = random_stream(seed, PLANS[name])
    world, random, journals, first = World(plan, 0), Random(seed), [], 0
    while first < len(events):
        size = random.randint(1, most)
        journals.append(apply(world, events[first : first + size]))
        first += size
    return world, written(journals)


def all_of(world: World):
    """The whole world, with the totals of weights; control totals of nothing depend on the cuts."""
    control = {name: total for name, total in world.control.items() if total}
    return everything(world) | {"control": control, "totals": (world.issued_totals, world.shared_totals)}


def compare(seeds: range, name: str, monkeypatch) -> None:
    for seed in seeds:
        monkeypatch.setattr(DOOR, "LEAST", 10**9)
        slow, slowly = run(seed, name, 7)
        for most in (3, 40, 10**6):
            monkeypatch.setattr(DOOR, "LEAST", 1)
            monkeypatch.setattr(DOOR, "FIRST", 1)
            fast, quickly = run(seed, name, most)
            assert quickly == slowly, f"seed {seed}, at most {most}"
            assert all_of(fast) == all_of(slow), f"seed {seed}, at most {most}"


@pytest.mark.parametrize("name", PLANS)
def test_random_histories_go_through_the_lane_as_through_the_handlers(name: str, monkeypatch) -> None:
    compare(range(SEEDS), name, monkeypatch)


def test_random_histories_go_through_the_lane_at_all(monkeypatch, done) -> None:
    compare(range(SEEDS, 3 * SEEDS), "points_dividend", monkeypatch)
    assert sum(done) > 0


@pytest.mark.nightly
@pytest.mark.parametrize("name", PLANS)
def test_many_random_histories(name: str, monkeypatch) -> None:
    compare(range(SEEDS, 10 * SEEDS), name, monkeypatch)
