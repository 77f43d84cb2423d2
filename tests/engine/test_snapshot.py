"""A world saved and loaded in the middle of its history goes on as if it had never stopped."""

from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.engine.shop import Shop, everything, yuan

from jifen.core.errors import InputError
from jifen.engine import World, apply
from jifen.engine.events import Event, Line, MemberJoined, OrderPaid
from jifen.engine.explain import explain
from jifen.engine.snapshot import load_world, save_world
from jifen.ledger.journal import Journal
from jifen.plan import load_plan, preset_names
from jifen.simulate.streams import random_stream

SEEDS = range(6)


def written(journal: Journal) -> tuple[bytes, bytes, list[tuple[str, str, str]]]:
    refusals = [(refusal.event, refusal.code, refusal.message) for refusal in journal.refusals]
    return journal.transfers.array().tobytes(), journal.forfeits.array().tobytes(), refusals


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


def test_a_world_that_goes_on_leaves_its_snapshot_as_it_was(tmp_path: Path) -> None:
    """Tables that grow, values that change in place, events that came before and events that are new."""
    shop = Shop().join(a=None, b="a")
    shop.order("o1", "b", "100")
    shop.close(2)
    before = everything(shop.world)
    save_world(shop.world, tmp_path)
    shop.world = load_world(tmp_path)
    assert [refusal.code for refusal in shop.order("o1", "b", "100").refusals] == ["duplicate"]
    assert [refusal.code for refusal in shop.order("o1", "b", "101").refusals] == ["conflict"]
    assert shop.order("o2", "a", "50").accepted == 1
    shop.refund("o1", "30")
    shop.join(c="b").close(3)
    assert everything(shop.world) != before
    assert everything(load_world(tmp_path, verify=False)) == before


def test_a_damaged_snapshot_is_an_input_error(tmp_path: Path) -> None:
    save_world(Shop().join(a=None).world, tmp_path / "world")
    file = tmp_path / "world" / "columns.bin"
    file.write_bytes(file.read_bytes()[:-1] + b"\xff")
    with pytest.raises(InputError, match="snapshot_damaged"):
        load_world(tmp_path / "world")


def test_a_missing_snapshot_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        load_world(tmp_path / "nothing")


def test_claims_places_weights_order_ranks_and_divisions_go_on(tmp_path: Path) -> None:
    """All that the wide composition holds, saved after each step; what can be derived is derived again."""
    from tests.engine.test_refund_all import all_of_it

    def steps(shop: Shop) -> list[Journal]:
        return [
            shop.refund("ob", "1200.01"), shop.order("oe", "d", "5000", region="粤/深"),
            shop.adjust("b", "shares", "2"), shop.close(), shop.top_up("12.34"), shop.refund("oc", "2000"),
            shop.close(), shop.rank("b", "H1"), shop.order("of", "b", "1000"), shop.close(),
            shop.refund("oa", "3000"), shop.refund("oe", "4999.99"), shop.close(), shop.order("og", "c", "10"),
            shop.close(),
        ]  # fmt: skip

    class Reloading(Shop):
        def book(self, *args: Any, **facts: Any) -> Journal:
            save_world(self.world, tmp_path)
            self.world = load_world(tmp_path)
            return super().book(*args, **facts)

    steady, stopped = all_of_it(), all_of_it()
    stopped.__class__ = Reloading
    assert [written(journal) for journal in steps(stopped)] == [written(journal) for journal in steps(steady)]
    assert everything(stopped.world) == everything(steady.world)
    state = everything(steady.world)
    assert state["claims"]
    assert {0, 1} == set(state["positions"]["freed"])
    assert len(state["divisions"]["pool"]) > 4


def test_a_loaded_world_explains_what_is_owed(tmp_path: Path) -> None:
    from tests.engine.test_refund_all import all_of_it

    shop = all_of_it()
    shop.close()
    save_world(shop.world, tmp_path)
    world = load_world(tmp_path)
    assert [world.owed(member) for member in "abcd"] == [shop.world.owed(member) for member in "abcd"]
    assert sum(world.owed(member) for member in "abcd") > 0
    assert [explain(world, member) for member in "abcd"] == [explain(shop.world, member) for member in "abcd"]


def test_a_loaded_world_is_asked_about_lots_in_the_middle_of_their_runs(tmp_path: Path) -> None:
    """100 points at 1 % have released one a day for three days; asking changes nothing on disk."""
    shop = Shop(start_lag_days=0).join(a=None, b="a")
    shop.order("o", "b", "100")
    shop.close(3)
    save_world(shop.world, tmp_path)
    written = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    world = load_world(tmp_path)
    released = [line for line in explain(world, "b") if line.rule == "static"]
    assert [(line.day, line.points) for line in released] == [(0, yuan("1")), (1, yuan("1")), (2, yuan("1"))]
    assert world.performance("a") == yuan("100")
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == written


@pytest.mark.parametrize("kinds", [("joins",), ("orders",), ("joins", "orders")])
def test_a_world_without_any_of_a_kind_goes_on_with_many_of_another(kinds: tuple[str, ...], tmp_path: Path) -> None:
    """A shop whose first members were brought along has no order yet when its writer starts anew."""
    world = World(load_plan("points_dividend"))
    apply(world, [MemberJoined(id="j", day=0, member="ann")])
    save_world(world, tmp_path / "snapshot")
    loaded = load_world(tmp_path / "snapshot")
    joins: list[Event] = [MemberJoined(id=f"j{n}", day=0, member=f"m{n}", referrer="ann") for n in range(5000)]
    orders: list[Event] = [
        OrderPaid(id=f"o{n}", day=0, member="ann", lines=(Line(amount=10_000),)) for n in range(5000)
    ]
    events = [*(joins if "joins" in kinds else []), *(orders if "orders" in kinds else [])]
    ours, theirs = apply(world, events), apply(loaded, events)
    assert ours.accepted == theirs.accepted == len(events)
    assert list(loaded.member_names) == list(world.member_names)
    assert list(loaded.order_names) == list(world.order_names)
