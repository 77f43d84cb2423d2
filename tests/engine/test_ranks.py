"""Ranks and their dated histories."""

import pytest
from tests.engine.shop import Shop, chain_of, yuan

from jifen.engine import World, apply
from jifen.engine.events import DayClosed, MemberMoved
from jifen.engine.ranks import change, place_at, value_at
from jifen.engine.sources import parent_at
from jifen.simulate.streams import random_stream


def test_a_value_never_changed_is_what_it_is_now() -> None:
    assert value_at({}, 3, event=10, now=7) == 7


def test_a_change_counts_from_its_event_on_and_before_it_what_was_there() -> None:
    changes: dict[int, list[tuple[int, int]]] = {}
    change(changes, 3, since=5, before=1, after=2)
    change(changes, 3, since=8, before=2, after=-1)
    assert [value_at(changes, 3, event, now=99) for event in (-1, 0, 4, 5, 7, 8, 100)] == [1, 1, 1, 2, 2, -1, -1]


def test_of_two_changes_by_one_event_the_last_counts() -> None:
    changes: dict[int, list[tuple[int, int]]] = {}
    change(changes, 3, since=5, before=1, after=2)
    change(changes, 3, since=5, before=2, after=3)
    assert [value_at(changes, 3, event, now=99) for event in (4, 5)] == [1, 3]


@pytest.mark.parametrize("name", ["green_points", "points_dividend"])
def test_past_places_and_sponsors_are_what_the_runs_saw(name: str) -> None:
    for seed in range(12):
        plan, events = random_stream(seed, name)
        world, seen = World(plan, 0), {}
        for event in events:
            if isinstance(event, DayClosed):
                seen |= what_a_run_sees(world)
            apply(world, [event])
        for (day, member, what), value in seen.items():
            run = world.run_event(day)
            past = place_at(world, member, what, run) if what else parent_at(world, member, run)
            assert past == value, f"seed {seed}, day {day}, member {member}: {what}"


def what_a_run_sees(world: World) -> dict[tuple[int, int, str], int]:
    """Everyone's sponsor ("") and place in each ladder, by day, before it is closed."""
    day, members = world.open_day, range(world.members.size)
    seen = {(day, member, ""): world.members.parent.item(member) for member in members}
    for name, ladder in world.program.ladders.items():
        # A settlement at the start of the run may still change an immediate rank.
        if not (world.program.settled and ladder.ranks.effective == "immediate"):
            seen |= {(day, member, name): world.place_of(member, name) for member in members}
    return seen


def test_a_rank_is_reached_at_its_threshold_and_counts_from_the_next_run() -> None:
    """Bronze from 50000 of performance: own and descendants' orders."""
    shop = Shop("green_points").join(a=None, b="a")
    shop.order("o1", "a", "3000")
    shop.order("o2", "b", "46999.99")
    shop.close()
    assert shop.world.rank("a") is None
    shop.order("o3", "b", "0.01")
    assert shop.world.performance("a") == yuan("50000")
    assert shop.world.rank("a") is None
    shop.close()
    assert shop.world.rank("a") == "青铜"
    assert shop.world.rank("b") is None


def test_an_immediate_rank_counts_after_the_event() -> None:
    shop = Shop("green_points", rank_effective="immediate").join(a=None)
    shop.order("o1", "a", "200000")
    assert shop.world.rank("a") == "白银"


@pytest.mark.parametrize(("demote", "after"), [("on_refund", "青铜"), ("never", "白银")])
def test_a_refund_takes_a_rank_away_unless_it_never_is(demote: str, after: str) -> None:
    shop = Shop("green_points", demote=demote).join(a=None)
    shop.order("o1", "a", "200000")
    shop.close()
    shop.refund("o1", "0.01")
    shop.close()
    assert shop.world.rank("a") == after


def test_an_appointed_rank_is_a_floor() -> None:
    shop = Shop("green_points").join(a=None)
    shop.rank("a", "黄金")
    shop.order("o1", "a", "200000")
    shop.close()
    assert shop.world.rank("a") == "黄金"
    shop.order("o2", "a", "1800000")
    shop.close()
    assert shop.world.rank("a") == "铂金"
    shop.rank("a", None)
    assert shop.world.rank("a") == "铂金"


def test_a_moved_member_takes_his_performance_along() -> None:
    shop = Shop("green_points").join(**chain_of(2), other=None)
    shop.order("o1", "m1", "50000")
    shop.book(MemberMoved, member="m1", referrer="other")
    assert [shop.world.performance(member) for member in ("m0", "other")] == [0, yuan("50000")]
