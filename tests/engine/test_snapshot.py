"""A world saved and loaded in the middle of its history goes on as if it had never stopped."""

from pathlib import Path
from random import Random

import pytest
from tests.engine.shop import Shop, everything, yuan

from jifen.core.errors import InputError
from jifen.engine import World, apply
from jifen.engine.events import Line
from jifen.engine.snapshot import load_world, save_world
from jifen.ledger.journal import Journal
from jifen.plan import preset_names
from jifen.simulate.streams import random_stream

SEEDS = range(6)


def written(journal: Journal) -> tuple[bytes, bytes, list[tuple[str, str, str]]]:
    refusals = [(refusal.event, refusal.code, refusal.message) for refusal in journal.refusals]
    return journal.transfers.tobytes(), journal.forfeits.tobytes(), refusals


@pytest.mark.parametrize("name", preset_names())
@pytest.mark.parametrize("seed", SEEDS)
def test_a_loaded_world_goes_on_byte_for_byte(name: str, seed: int, tmp_path: Path) -> None:
    plan, events = random_stream(seed, name)
    random = Random(seed)
    steady, stopped = World(plan, 0), World(plan, 0)
    cuts = sorted(random.sample(range(len(events)), 2))
    for first, last in zip([0, *cuts], [*cuts, len(events)], strict=True):
        batch = events[first:last]
        assert written(apply(stopped, batch)) == written(apply(steady, batch))
        save_world(stopped, tmp_path)
        stopped = load_world(tmp_path)
        assert everything(stopped) == everything(steady)


def test_everything_a_world_can_hold_comes_back(tmp_path: Path) -> None:
    """What random histories lack: lines, regions, agents, ended withdrawals, a pause, orders that wait."""
    from jifen.engine.events import AgentSet, MemberJoined, PlanPaused, WithdrawalPaid, WithdrawalRequested

    shop = Shop(
        receipts=True, settle_at="settled", overrides=[{"where": {"sku": "s1"}, "points_per_yuan": "2"}]
    ).join(a=None)  # fmt: skip
    shop.book(MemberJoined, member="b", referrer="a", region="粤/深")
    shop.book(AgentSet, member="a", region="粤")
    lines = (Line(amount=yuan("10"), sku="s1", zone="z"), Line(amount=yuan("20"), line="x", quantity=3, cost=5))
    shop.lines("o1", "b", *lines)
    shop.refund("o1", "5", x="5")
    shop.adjust("a", "cash", "10")
    shop.book(WithdrawalRequested, id="w1", member="a", amount=yuan("4"))
    shop.book(WithdrawalRequested, id="w2", member="a", amount=yuan("4"))
    shop.book(WithdrawalPaid, withdrawal="w1")
    shop.book(PlanPaused)
    save_world(shop.world, tmp_path)
    loaded = load_world(tmp_path)
    assert everything(loaded) == everything(shop.world)
    assert loaded.program.plan == shop.plan


def test_the_newest_snapshot_counts(tmp_path: Path) -> None:
    shop = Shop().join(a=None)
    save_world(shop.world, tmp_path)
    shop.close()
    save_world(shop.world, tmp_path)
    assert load_world(tmp_path).open_day == 1


def test_a_missing_snapshot_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        load_world(tmp_path / "nothing")
