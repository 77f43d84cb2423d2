"""A pass in pieces, each in a thread of its own, finds what one thread finds, in the same order."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.day_twin import Lot, Schedule
from tests.engine.forests import random_forest, up
from tests.engine.test_run_day import DAY, Case, Ran, agrees, case_of, laid_out, run
from tests.simulate.many_plans import PLANS

from jifen.bench.sizes import SHAPES, Size
from jifen.bench.worlds import build_world
from jifen.core.errors import BrokenInvariant
from jifen.engine import World, apply, daily, pieces
from jifen.engine.events import DayClosed
from jifen.engine.layout import Layout
from jifen.engine.pieces import Piece, piece_at
from jifen.plan import load_plan
from jifen.plan.model import Schedule as Scheduled
from jifen.simulate.streams import random_stream

scheduled = [name for name, plan in PLANS.items() if any(isinstance(rule.amount, Scheduled) for rule in plan.rules)]


def told(ran: Ran) -> tuple[Any, ...]:
    """All that a pass has found, in order but for runs that ended, and what it has left."""
    return ran.given, ran.ended, ran.beyond_limit, ran.lots, ran.payments, ran.layout.begins.tolist()


def some_cuts(random: Random, members: int, most: int) -> list[int]:
    """Positions where an order of visiting is cut, in order; all pieces but the first may be empty."""
    return sorted(random.choices(range(1, members + 1), k=random.randint(1, most))) if members else []


def forest_of(parent: list[int]) -> Layout:
    """The order of visiting, without any lots."""
    return laid_out(Case(parent, [], [], [Schedule(0, 0, False, True)], []))[0]


# -- any cuts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("small", [None, 0], ids=["at once", "in two parts"])
@pytest.mark.parametrize("most", [1, 2, 5], ids=["two", "three", "up to six"])
def test_pieces_cut_anywhere_find_what_one_pass_finds_in_the_same_order(most: int, small: int | None) -> None:
    for seed in range(100):
        case = case_of(seed)
        cuts = some_cuts(Random(seed), len(case.parent), most)
        ran = run(case_of(seed), small=small, cuts=cuts)
        assert told(ran) == told(run(case_of(seed), small=small)), f"seed {seed}, cut at {cuts}"
        agrees(case, ran)


@given(st.integers(0, 2**32), st.lists(st.integers(1, 14), max_size=3))
def test_no_forest_and_no_cuts_make_a_difference(seed: int, places: list[int]) -> None:
    members = len(case_of(seed).parent)
    cuts = sorted(min(place, members) for place in places) if members else []
    assert told(run(case_of(seed), cuts=cuts)) == told(run(case_of(seed)))


@pytest.mark.parametrize("shape", SHAPES)
def test_pieces_of_many_blocks_find_the_same(shape: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """5,000 members are five blocks; a cut leaves three on one side of it and three on the other."""
    plan, size = load_plan("green_points"), Size(5_000, 10_000, shape)
    worlds = [build_world(plan, size) for _ in range(3)]
    monkeypatch.setattr(pieces, "LEAST", 1)
    both = [daily.run_pass(worlds[0], 1), daily.run_pass(worlds[1], 2)]
    monkeypatch.setattr(daily, "cut", lambda layout, _: [piece_at(layout, *ends) for ends in pairwise((0, 2500, 5000))])
    one, *others = [*both, daily.run_pass(worlds[2])]
    for other in others:
        assert bytes_of(other) == bytes_of(one)
    assert all(np.array_equal(world.lots.remaining.data, worlds[0].lots.remaining.data) for world in worlds)


def bytes_of(found: daily.Found) -> list[tuple[bytes, ...]]:
    """The bytes of all columns of what a pass has found, runs that ended by lot."""
    phases = [(phase.member, phase.lot, phase.points, phase.wanted, phase.starts) for phase in found.phases]
    walks = [(walk.receivers, walk.wanted, walk.given) for walk in found.walks]
    ended, order = found.ended, np.argsort(found.ended.lots)
    rows = *phases, *walks, [column[order] for column in (ended.lots, ended.first, ended.full, ended.beyond)]
    return [tuple(np.asarray(column).tobytes() for column in row) for row in rows]


# -- whole histories --------------------------------------------------------------------------------------------------


def digest_of(name: str, cutting: Callable[[Layout, int], list[Piece]] | None) -> str:
    """A digest of all that the journals of some histories under a plan say."""
    digest, before = hashlib.sha256(), daily.cut
    daily.cut = cutting or before
    try:
        for seed in range(3):
            plan, events = random_stream(seed, PLANS[name])
            journal = apply(World(plan, 0), events)
            digest.update(journal.transfers.array().tobytes() + journal.forfeits.array().tobytes())
            digest.update(repr(journal.refusals).encode())
    finally:
        daily.cut = before
    return digest.hexdigest()


def anywhere(layout: Layout, _: int) -> list[Piece]:
    """Pieces cut anywhere, up to four of them."""
    count = len(layout.members)
    cuts = some_cuts(Random(count), count, 3)
    return [piece_at(layout, *ends) for ends in pairwise((0, *cuts, count))]


@pytest.mark.parametrize("name", scheduled)
def test_journals_of_pieces_are_the_same_to_the_last_byte(name: str) -> None:
    assert digest_of(name, anywhere) == digest_of(name, None)


@pytest.mark.skipif(bool(os.environ.get("NUMBA_DISABLE_JIT")), reason="nothing is compiled")
def test_uncompiled_pieces_give_the_same_journals() -> None:
    names = scheduled[:3]
    code = f"from tests.engine.test_pieces import *\nprint([digest_of(name, anywhere) for name in {names}])"
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str([digest_of(name, None) for name in names])


# -- what cannot be counted, and what breaks --------------------------------------------------------------------------


@pytest.mark.parametrize("cuts", [[1], [2], [1, 2], [1, 3]])
@pytest.mark.parametrize("each", [(9, 0, 0), (0, 9, 0), (0, 0, 9), (3, 3, 3)])
def test_releases_beyond_the_limit_are_told_wherever_they_are(cuts: list[int], each: tuple[int, ...]) -> None:
    """All in one piece, or only all pieces together; of three who joined by themselves."""
    lots = [Lot(member, 0, points, points, DAY, -1, -1) for member, points in enumerate(each)]
    case = Case([-1, -1, -1], [], lots, [Schedule(0, 0, False, True)], [])
    assert not run(case, limit=9, cuts=cuts).beyond_limit
    assert run(case, limit=8, cuts=cuts).beyond_limit


def test_releases_of_the_rest_of_a_piece_are_told_as_well() -> None:
    """Nobody of the second piece can be run apart: he is the sponsor of the first one's."""
    lots = [Lot(member, 0, 5, 5, DAY, -1, -1) for member in range(2)]
    case = Case([-1, 0], [], lots, [Schedule(0, 0, False, True)], [])
    assert not run(case, limit=10, cuts=[1]).beyond_limit
    assert run(case, limit=9, cuts=[1]).beyond_limit


def test_a_day_beyond_64_bits_is_refused_in_two_threads_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "LEAST", 1)
    for threads in (1, 2, 3):
        world = build_world(load_plan("green_points"), Size(50, 100, "star"))
        world.lots.daily[np.arange(100)] = world.lots.remaining[np.arange(100)] = 2**61
        assert len(pieces.cut(world.laid_out(), threads)) == threads
        with pytest.raises(BrokenInvariant, match="a day's releases add up beyond 64 bits"):
            daily.run_pass(world, threads)


@pytest.mark.parametrize(("broken", "told"), [((2,), 2), ((0, 2), 0), ((2, 3), 2), ((3,), 3)])
def test_what_breaks_first_in_the_order_of_visiting_is_told(
    broken: tuple[int, ...], told: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever thread was the first to break."""

    def run_day(day: int, work: Any, *rest: Any) -> None:
        if work[0].first in broken:
            raise ValueError(f"broken at {work[0].first}")

    monkeypatch.setattr("jifen.engine.kernels.run.run_day", run_day)
    case = Case([-1] * 4, [], [], [Schedule(0, 0, False, True)], [])
    with pytest.raises(ValueError, match=f"broken at {told}"):
        run(case, cuts=[2, 3])


# -- where it is cut --------------------------------------------------------------------------------------------------


def test_nobody_run_apart_has_descendants_in_an_earlier_piece() -> None:
    """And the next one after them has, unless the piece ends there."""
    for seed in range(300):
        random = Random(seed)
        parent = random_forest(random)
        layout = forest_of(parent)
        members = layout.members.tolist()
        first, end = sorted(random.choices(range(len(parent) + 1), k=2))
        piece = piece_at(layout, first, end)
        above = {member for low in members[:first] for member in up(parent, low)}
        inside = [member in above for member in members[first:end]]
        assert piece == (first, first + (inside.index(True) if any(inside) else len(inside)), end)


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_pieces_are_all_members_in_order(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "LEAST", 1)
    for seed in range(300):
        layout = laid_out(case_of(seed))[0]
        found = pieces.cut(layout, threads)
        assert found[0].first == 0
        assert found[-1].end == len(layout.members)
        assert all(one.end == other.first for one, other in pairwise(found))
        assert 1 <= len(found) <= threads
        assert found == [piece_at(layout, piece.first, piece.end) for piece in found]


@pytest.mark.parametrize(
    ("parent", "expected"),
    [
        # 300 members: half of them is 150, and a cut may be 30 away from there.
        ([-1] * 300, [(0, 150, 150), (150, 300, 300)]),
        ([-1] + [0] * 299, [(0, 150, 150), (150, 299, 300)]),
        (list(range(-1, 299)), [(0, 300, 300)]),
        # A chain of 160 and then 140 who joined by themselves; they are visited first.
        (list(range(-1, 159)) + [-1] * 140, [(0, 140, 140), (140, 300, 300)]),
        # The same with 100: from there to the middle is too far.
        (list(range(-1, 199)) + [-1] * 100, [(0, 300, 300)]),
        ([], [(0, 0, 0)]),
    ],
    ids=["alone", "star", "chain", "near the middle", "far from it", "nobody"],
)
def test_members_are_cut_in_two_where_walks_cross_least(
    parent: list[int], expected: list[tuple[int, int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "LEAST", 100)
    assert pieces.cut(forest_of(parent), 2) == expected


def test_lots_count_as_much_as_members(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last of ten to join is visited first and has 10 of 20 lots: of 30 rows 15 are the first five and theirs."""
    monkeypatch.setattr(pieces, "LEAST", 1)
    lots = [Lot(member, 0, 1, 1, DAY, -1, -1) for member in [*range(10), *[9] * 10]]
    layout, _ = laid_out(Case([-1] * 10, [], lots, [Schedule(0, 0, False, True)], []))
    # The first has 1 + 11 rows, each of the others 2: 14 stand before the third, 16 before the fourth.
    assert pieces.cut(layout, 2) == [(0, 3, 3), (3, 10, 10)]


def test_small_worlds_and_the_largest_have_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    layout = build_world(load_plan("green_points"), Size(1_000, 2_000)).laid_out()
    assert pieces.cut(layout, 2) == [(0, 1_000, 1_000)]
    monkeypatch.setattr(pieces, "LEAST", 1_500)
    assert len(pieces.cut(layout, 2)) == 2
    monkeypatch.setattr(pieces, "MOST", 2_999)
    assert pieces.cut(layout, 2) == [(0, 1_000, 1_000)]


def test_days_closed_by_two_and_three_threads_are_written_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    def written(threads: int) -> list[bytes]:
        """The journal, and all rows of releases and payments as a snapshot would have them."""
        monkeypatch.setattr(daily, "cut", lambda layout, _: pieces.cut(layout, threads))
        world = build_world(load_plan("green_points"), Size(400, 800))
        closes = [DayClosed(id=f"day:{day}", day=day) for day in range(world.open_day, world.open_day + 3)]
        journal = apply(world, closes)
        tables = world.releases, world.payments, world.phase_payments, world.portions, world.lots
        columns = [column.tobytes() for table in tables for column in table.columns().values()]
        return [journal.transfers.array().tobytes(), journal.forfeits.array().tobytes(), *columns]

    monkeypatch.setattr(pieces, "LEAST", 1)
    one = written(1)
    assert all(len(one[place]) > 100 for place in (0, 2)), "transfers, and releases of lots that are empty"
    assert written(2) == written(3) == one
