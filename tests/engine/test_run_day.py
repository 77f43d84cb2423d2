"""The one pass of the daily run against walking up from every release, on forests of every shape."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.day_twin import MILLION, Day, Given, Lot, Schedule, Walk
from tests.engine.forests import random_forest, up

from jifen.engine.columns import SUM_MAX
from jifen.engine.kernels import run as kernel
from jifen.engine.kernels import run_columns as columns
from jifen.engine.layout import Layout
from jifen.engine.pieces import piece_at, run_pieces
from jifen.engine.tables import Chains, Lots, Members

DAY = 5
KINDS = {
    "generation": columns.BY_GENERATION,
    "rank": columns.BY_RANK,
    "peer": columns.BY_PEER,
    "own_rank": columns.BY_OWN_RANK,
}


class Case(NamedTuple):
    """A shop on one day, and its daily rules."""

    parent: list[int]
    levels: list[list[int]]
    lots: list[Lot]
    schedules: list[Schedule]
    walks: list[Walk]


AMOUNTS = (0, 1, 7, 12, 999_999, 10**9 + 1, 2**42 - 1, 2**42, 10**15)
RATES = (0, 1, 50_000, 333_333, MILLION, 20 * MILLION)


def some_lots(random: Random, members: int, stores: int) -> list[Lot]:
    """Lots as any history may leave them; one in a run of equal days has something and releases it daily."""
    found = []
    for _ in range(random.choice((0, 3, 10, 40)) if members else 0):
        remaining, daily = random.choice(AMOUNTS), random.choice(AMOUNTS)
        since = random.choice((DAY - 2, DAY, DAY + 1))
        first = random.choice((-1, DAY - 2)) if remaining and daily and since <= DAY else -1
        emptied = random.choice((-1, DAY - 1, DAY)) if remaining == 0 else -1
        found.append(Lot(random.randrange(members), random.randrange(stores), remaining, daily, since, first, emptied))
    return found


def some_walk(random: Random, parts: int, stores: int, ladders: list[tuple[int, ...]]) -> Walk:
    """A walk of any kind, over any part, by any ladder (the rates of its levels)."""
    ladder, own = random.randrange(len(ladders)), tuple(random.choices(RATES, k=random.randint(1, 4)))
    walk = Walk(
        part=random.randrange(parts), by=random.choice(list(KINDS)), drains=random.randrange(-1, stores),
        only_head=random.random() < 0.5, rates=own, ladder=ladder,
    )  # fmt: skip
    match walk.by:
        case "generation":
            return replace(walk, ladder=-1)
        case "rank":
            return replace(walk, rates=ladders[ladder])
        case "own_rank":
            # Any rate at any level, but nothing without a rank.
            by_level = (0, *random.choices(RATES, k=len(ladders[ladder]) - 1))
            return replace(walk, rates=by_level, depth=random.randint(1, 4))
        case _:
            return replace(walk, lower=random.random() < 0.5, ladder_rates=ladders[ladder])


def case_of(seed: int) -> Case:
    random = Random(seed)
    parent = random_forest(random)
    stores, parts = random.randint(1, 3), random.randint(1, 2)
    ladders = [(0, *sorted(random.sample(range(1, 2 * MILLION), random.randint(1, 4)))) for _ in range(2)]
    levels = [[random.randrange(len(ladder)) for _ in parent] for ladder in ladders]
    schedules = [
        Schedule(random.randrange(parts), store, random.random() < 0.5, random.random() < 0.7)
        for store in random.sample(range(stores), random.randint(1, stores))
    ]
    lots = some_lots(random, len(parent), stores)
    for lot in lots:
        # Only a lot that releases the same every day is in a run.
        if not any(schedule.store == lot.store and schedule.plain for schedule in schedules):
            lot.run_first = -1
    walks = [some_walk(random, parts, stores, ladders) for _ in range(random.randint(0, 4))]
    return Case(parent, levels, lots, schedules, walks)


# -- the kernel -------------------------------------------------------------------------------------------------------


class Ran(NamedTuple):
    """What the kernel was given and gave back."""

    given: list[Given]
    ended: dict[int, tuple[int, int, int]]
    beyond_limit: bool
    lots: list[Lot]
    layout: Layout
    payments: list[list[int]]
    """By walk: the receivers, as they were found; then by walk those who lack something."""


def laid_out(case: Case) -> tuple[Layout, Lots]:
    members, lots, layout = Members(), Lots(), Layout()
    for above in case.parent:
        members.add(parent=above)
    for lot in case.lots:
        lots.add(**vars(lot))
    stores = {lot.store for lot in case.lots} | {schedule.store for schedule in case.schedules}
    stores |= {walk.drains for walk in case.walks} - {-1}
    layout.renew(members, lots, {store: Chains() for store in sorted(stores)})
    return layout, lots


def slots_of(lots: Lots, layout: Layout) -> columns.Slots:
    return columns.Slots(
        lots.remaining.data, lots.daily.data, lots.eligible_from.data, lots.run_first.data, layout.lot_at,
        lots.emptied_on.data,
    )  # fmt: skip


def rules_of(case: Case, layout: Layout) -> tuple[columns.Rules, int]:
    """The rules in rows, and the width of a row of what has met which level."""
    schedules = [(part, layout.stores[store], sequential, plain) for part, store, sequential, plain in case.schedules]
    rows, width = [], 1
    for walk in case.walks:
        ladder = walk.ladder_rates if walk.by == "peer" else walk.rates
        height = len(ladder) if walk.by in ("rank", "peer") else 0
        count = {"generation": len(walk.rates), "own_rank": walk.depth, "peer": len(walk.rates)}.get(walk.by, 0)
        drains = layout.stores[walk.drains] if walk.drains >= 0 else -1
        rows.append((walk.part, drains, KINDS[walk.by], count, height, walk.only_head, walk.ladder, walk.lower, width))
        width += height * {"rank": 1, "peer": len(walk.rates) + 1}.get(walk.by, 0)
    table = np.zeros((len(rows), max((len(walk.rates) for walk in case.walks), default=1)), dtype=np.int64)
    for place, walk in enumerate(case.walks):
        table[place, : len(walk.rates)] = walk.rates
    return columns.Rules(
        np.array(schedules, dtype=np.int64).reshape(-1, columns.SCHEDULE_FIELDS),
        np.array(rows, dtype=np.int64).reshape(-1, columns.WALK_FIELDS), table,
    ), width  # fmt: skip


def run(
    case: Case, limit: int | None = None, small: int | None = None, *, by_tree: bool = False, size: int = columns.BLOCK,
    cuts: Sequence[int] | None = None,
) -> Ran:  # fmt: skip
    """Run the kernel over all members at once, or over one tree after the other; ``size`` members are a block.

    With ``cuts``, positions in order, each piece between them has a thread of its own.
    """
    layout, lots = laid_out(case)
    rules, width = rules_of(case, layout)
    steepest = int(rules.rates.sum(axis=1).max(initial=1))
    generations = int(rules.walks[:, columns.COUNT].max(initial=1))
    bounds = columns.Bounds(
        first=0, end=len(case.parent), deepest=int(layout.depths.max(initial=0)),
        parts=1 + max((rule.part for rule in (*case.schedules, *case.walks)), default=0),
        generations=max(generations, 1),
        width=width, small=SUM_MAX // max(steepest, 1) if small is None else small,
        limit=SUM_MAX // (steepest // MILLION + generations + 1) if limit is None else limit,
    )  # fmt: skip
    members = layout.members
    levels = np.array(case.levels, dtype=np.int32).reshape(len(case.levels), len(members))[:, members]
    forest = columns.Forest(members, layout.depths, levels, layout.starts, layout.begins)
    slots = slots_of(lots, layout)
    out = columns.Out.of(len(case.schedules), len(case.walks), len(members), lots.size)
    ends = [0, *(np.flatnonzero(layout.depths == 0) + 1).tolist()] if by_tree else [0, len(members)]
    if cuts is not None:
        pieces = [piece_at(layout, first, end) for first, end in pairwise((0, *cuts, len(members)))]
        run_pieces(DAY, pieces, bounds, (forest, slots), rules, out)
        ends = []
    for first, end in pairwise(ends):
        piece = bounds._replace(first=first, end=end)
        work = piece, columns.Stack.of(piece, len(levels)), columns.Block.of(piece, len(levels), lots.size, size)
        kernel.run_day(DAY, work, forest, slots, rules, out)
    after = [
        replace(lot, remaining=lots.remaining.item(number), run_first=lots.run_first.item(number),
                emptied_on=lots.emptied_on.item(number))
        for number, lot in enumerate(case.lots)
    ]  # fmt: skip
    ended = out.ended[: out.counts[-2]].tolist()
    return Ran(
        found(case, layout, out),
        {lot: (first, full, out.beyond.item(place))
         for place, (lot, first, full) in enumerate(ended)},
        bool(out.counts[-1]), after, layout,
        [each[: out.counts[len(out.lots) + place]].tolist()
         for place, each in enumerate((*out.receivers, *out.lacking))],
    )  # fmt: skip


def found(case: Case, layout: Layout, out: columns.Out) -> list[Given]:
    """What each rule has given; a payment's portions are those from its beginning on."""
    result = []
    for rule in range(len(case.schedules) + len(case.walks)):
        count, walk = int(out.counts[rule]), rule - len(case.schedules)
        lots = out.lots[rule, :count]
        portions = list(zip(*(each.tolist() for each in (out.owners[rule, :count], lots, out.points[rule, :count])),
                            strict=True))  # fmt: skip
        given = Given(portions)
        if walk >= 0:
            given.wants = wants_of(out, walk, portions)
        result.append(given)
    return result


def wants_of(out: columns.Out, walk: int, portions: list[tuple[int, int, int]]) -> dict[int, tuple[int, int]]:
    """By receiver: (wanted, what his lots gave), of payments and of those who lack something."""
    result = {}
    paid, lacking = (int(out.counts[len(out.lots) + place * len(out.wanted) + walk]) for place in (0, 1))
    ends = [*out.begins[walk, :paid].tolist(), len(portions)]
    for payment, (member, wanted) in enumerate(
        zip(out.receivers[walk, :paid].tolist(), out.wanted[walk, :paid].tolist(), strict=True)
    ):
        mine = portions[ends[payment] : ends[payment + 1]]
        assert {owner for owner, _, _ in mine} <= {member}
        assert member not in result
        result[member] = wanted, sum(points for _, _, points in mine)
    short = {member: both for member, *both in zip(
        *(each[walk, :lacking].tolist() for each in (out.lacking, out.asked, out.given)), strict=True)}  # fmt: skip
    assert len(short) == lacking
    for member, (wanted, got) in short.items():
        assert got < wanted
        assert result.setdefault(member, (wanted, 0)) == (wanted, got)
    # Of a walk that drains lots all the others got what they wanted.
    assert not portions or all(got == wanted for member, (wanted, got) in result.items() if member not in short)
    return result


# -- the tests --------------------------------------------------------------------------------------------------------


each_seed = pytest.mark.parametrize("seeds", [range(start, start + 100) for start in range(0, 400, 100)])


def agrees(case: Case, ran: Ran) -> None:
    """The twin gives the same, and leaves the lots the same."""
    twin = Day(DAY, case.parent, case.levels, deepcopy(case.lots))
    wanted = twin.run(case.schedules, case.walks)
    for got, expected in zip(ran.given, wanted, strict=True):
        # A member's portions stand in order; members stand as they were visited.
        assert sorted(got.portions, key=lambda portion: portion[0]) == expected.portions
        assert got.wants == expected.wants
    assert ran.lots == twin.lots
    assert ran.ended == twin.ended
    assert not ran.beyond_limit


@each_seed
@pytest.mark.parametrize(
    "how", [{}, {"small": 0}, {"by_tree": True}, {"size": 1}, {"size": 4}],
    ids=["at once", "in two parts", "by tree", "one by one", "four by four"],
)  # fmt: skip
def test_a_day_gives_what_walking_up_from_every_release_gives(seeds: range, how: dict[str, Any]) -> None:
    """Over all members at once, with sums in two parts as large ones need, tree after tree, and in small blocks."""
    for seed in seeds:
        agrees(case_of(seed), run(case_of(seed), **how))


@each_seed
def test_members_are_visited_after_all_their_descendants(seeds: range) -> None:
    for seed in seeds:
        ran = run(case_of(seed))
        positions = ran.layout.positions.tolist()
        for visited in [*ran.payments, *([owner for owner, _, _ in each.portions] for each in ran.given)]:
            places = [positions[member] for member in visited]
            assert places == sorted(places)
            above = [set(up(case_of(seed).parent, member)) for member in visited]
            assert not any(low in above[first] for first in range(len(above)) for low in visited[:first])


@each_seed
def test_no_live_lot_is_passed_over(seeds: range) -> None:
    """Nor, where lots release in turn, one that was emptied today: the next waits for tomorrow."""
    for seed in seeds:
        case = case_of(seed)
        ran = run(case)
        begins, starts = ran.layout.begins, ran.layout.starts
        in_turn = {ran.layout.stores[schedule.store] for schedule in case.schedules if schedule.sequential}
        for kind, position in np.ndindex(*begins.shape):
            for slot in range(starts[kind, position], begins[kind, position]):
                lot = case.lots[ran.layout.lot_at[slot]]
                assert lot.remaining == 0
                assert not (kind in in_turn and lot.emptied_on == DAY)


chain = st.integers(2, 6)


@given(chain, st.integers(2**42, 2**60), st.lists(st.integers(1, 1000), min_size=1, max_size=3))
def test_amounts_up_to_the_limit_are_exact(count: int, amount: int, each: list[int]) -> None:
    """One lot at the bottom of a chain; rates so low that 2^60 fits."""
    lots = [Lot(count - 1, 0, amount, amount, DAY, -1, -1), Lot(0, 1, 2**61, 1, DAY, -1, -1)]
    walk = Walk(0, "generation", 1, False, tuple(each))
    case = Case(list(range(-1, count - 1)), [], lots, [Schedule(0, 0, False, True)], [walk])
    agrees(case, run(case))


@given(st.integers(1, 2**60), st.integers(0, 2**60))
def test_releases_beyond_the_limit_are_told(one: int, other: int) -> None:
    """Two members of one part release ``one`` and ``other``; the limit is what they release, or one less."""
    lots = [Lot(0, 0, one, one, DAY, -1, -1), Lot(1, 1, other, other, DAY, -1, -1)]
    case = Case([-1, 0], [], lots, [Schedule(0, 0, False, True), Schedule(0, 1, True, True)], [])
    assert not run(case, limit=one + other).beyond_limit
    assert run(case, limit=one + other - 1).beyond_limit


@given(st.lists(st.integers(2**61, 2**63 - 1), min_size=1, max_size=9), st.booleans())
def test_releases_of_one_member_are_told_even_if_their_sum_would_wrap_around(each: list[int], one_store: bool) -> None:
    """Eight lots of 2^61 are 2^64, which 64 bits count as nothing."""
    stores = [0 if one_store else place % 3 for place in range(len(each) + 1)]
    lots = [Lot(1, store, points, points, DAY, -1, -1) for store, points in zip(stores, [1, *each], strict=True)]
    schedules = [Schedule(0, store, False, True) for store in sorted(set(stores))]
    assert run(Case([-1, 0], [], lots, schedules, [])).beyond_limit


def test_parts_have_each_their_own_limit() -> None:
    lots = [Lot(0, 0, 60, 60, DAY, -1, -1), Lot(0, 1, 60, 60, DAY, -1, -1)]
    case = Case([-1], [], lots, [Schedule(0, 0, False, True), Schedule(1, 1, False, True)], [])
    assert not run(case, limit=60).beyond_limit


@pytest.mark.parametrize("members", [0, 3])
def test_without_lots_nobody_gets_anything(members: int) -> None:
    walk = Walk(0, "generation", 0, False, (MILLION,))
    ran = run(Case([-1] * members, [], [], [Schedule(0, 0, False, True)], [walk]))
    assert (ran.given, ran.ended, ran.beyond_limit) == ([Given(), Given()], {}, False)


def test_a_shop_without_daily_rules_gives_nothing() -> None:
    assert run(Case([-1, 0], [], [Lot(0, 0, 5, 5, DAY, -1, -1)], [], [])).given == []


# -- pools that drain lots --------------------------------------------------------------------------------------------


@each_seed
def test_a_pool_takes_from_lots_what_their_owners_want(seeds: range) -> None:
    for seed in seeds:
        case, random = case_of(seed), Random(seed)
        if case.parent:
            receivers = random.sample(range(len(case.parent)), random.randint(1, len(case.parent)))
            takes(case, {member: random.choice((1, 8, 10**9, 10**15)) for member in receivers})


def takes(case: Case, wants: dict[int, int]) -> None:
    """What the kernel takes from the lots of the first schedule's store is what the twin takes."""
    layout, lots = laid_out(case)
    store = case.schedules[0].store
    out = columns.Out.of(0, 1, len(wants), lots.size)
    out.wanted[0] = list(wants.values())
    empty = np.zeros((0, 0), dtype=np.int32)
    forest = columns.Forest(layout.members, layout.depths, empty, layout.starts, layout.begins)
    positions = layout.positions[np.array(list(wants))].astype(np.int64)
    kernel.drain_lots(DAY, positions, layout.stores[store], forest, slots_of(lots, layout), out)
    twin = Day(DAY, case.parent, [], deepcopy(case.lots))
    walk = Walk(0, "generation", store, False, ())
    wanted = [twin.drain(member, walk, want) for member, want in wants.items()]
    (got,) = found(Case(case.parent, [], case.lots, [], [walk]), layout, out)
    assert got.portions == [portion for portions in wanted for portion in portions]
    assert got.wants == {
        member: (want, sum(points for _, _, points in one))
        for (member, want), one in zip(wants.items(), wanted, strict=True)
    }
    assert [lots.remaining.item(number) for number in range(lots.size)] == [lot.remaining for lot in twin.lots]
    assert lots.emptied_on[: lots.size].tolist() == [lot.emptied_on for lot in twin.lots]
    ended = out.ended[: out.counts[-2]].tolist()
    assert {lot: (first, full, 0) for lot, first, full in ended} == twin.ended


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2**50)), max_size=20))
def test_amounts_are_credited_to_their_owners(credited: list[tuple[int, int]]) -> None:
    balances = np.arange(5, dtype=np.int64)
    owners, each = [owner for owner, _ in credited], [amount for _, amount in credited]
    kernel.credit(balances, np.array(owners, dtype=np.int32), np.array(each, dtype=np.int64))
    assert balances.tolist() == [
        start + sum(amount for owner, amount in credited if owner == start) for start in range(5)
    ]
