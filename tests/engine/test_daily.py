"""The daily kernels against slow, obvious twins, on forests of every shape."""

from itertools import pairwise
from random import Random
from typing import NamedTuple

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from jifen.engine.kernels import daily

MILLION = 1_000_000


class Forest(NamedTuple):
    """Members with a parent (-1: none), a released amount, and the level of their rate (0: no rank)."""

    parent: list[int]
    base: list[int]
    level: list[int]
    rates: list[int]

    def columns(self):
        arrays = [np.array(values, dtype=np.int64) for values in self]
        return daily.upward_order(arrays[0], len(self.parent)), *arrays

    def up(self, member: int) -> list[int]:
        """Everyone above a member, nearest first."""
        above = []
        while (member := self.parent[member]) >= 0:
            above.append(member)
        return above


@st.composite
def forests(draw) -> Forest:
    count = draw(st.integers(1, 14))
    shape = draw(st.sampled_from(("chain", "star", "any")))
    if shape == "chain":
        parent = list(range(-1, count - 1))
    elif shape == "star":
        parent = [-1] + [0] * (count - 1)
    else:
        parent = [draw(st.integers(-1, member - 1)) for member in range(count)]
    # Members move, so a parent may have joined later than his child: number everyone anew.
    number = draw(st.permutations(range(count))) if draw(st.booleans()) else list(range(count))
    renamed = [-1] * count
    for member, above in enumerate(parent):
        renamed[number[member]] = -1 if above < 0 else number[above]
    rates = [0, *sorted(draw(st.sets(st.integers(1, MILLION), max_size=4)))]
    amounts = st.one_of(st.integers(0, 10), st.integers(0, 10**15), st.just(0))
    base = [draw(amounts) for _ in range(count)]
    return Forest(renamed, base, [draw(st.integers(0, len(rates) - 1)) for _ in range(count)], rates)


@given(forests())
def test_everyone_comes_after_all_his_descendants(forest: Forest) -> None:
    upward = forest.columns()[0].tolist()
    assert sorted(upward) == list(range(len(forest.parent)))
    place = {member: at for at, member in enumerate(upward)}
    assert all(place[member] < place[above] for member in upward for above in forest.up(member))


@given(forests())
def test_a_subtree_sums_its_descendants(forest: Forest) -> None:
    upward, parent, base, *_ = forest.columns()
    members = range(len(forest.parent))
    wanted = [sum(forest.base[low] for low in members if low == top or top in forest.up(low)) for top in members]
    assert daily.subtree_sums(upward, parent, base).tolist() == wanted


@given(forests(), st.lists(st.integers(0, MILLION), max_size=4))
def test_generations_are_summed_exactly_and_floored_once(forest: Forest, rates: list[int]) -> None:
    upward, parent, base, *_ = forest.columns()
    wanted = [0] * len(forest.parent)
    for member, amount in enumerate(forest.base):
        for above, rate in zip(forest.up(member), rates, strict=False):
            wanted[above] += rate * amount
    got = daily.generation_wanted(upward, parent, base, np.array(rates, dtype=np.int64))
    assert got.tolist() == [exact // MILLION for exact in wanted]


@given(forests())
def test_the_differential_walk_pays_what_walking_pays(forest: Forest) -> None:
    upward, parent, base, level, rates = forest.columns()
    wanted = [0] * len(forest.parent)
    for member, amount in enumerate(forest.base):
        covered = 0
        for above in forest.up(member):
            rate = forest.rates[forest.level[above]]
            wanted[above] += amount * max(rate - covered, 0)
            covered = max(covered, rate)
    got = daily.team_wanted(upward, parent, base, level, rates)
    assert got.tolist() == [exact // MILLION for exact in wanted]


@given(forests(), st.lists(st.integers(0, MILLION), max_size=3), st.booleans())
def test_peers_are_paid_as_often_as_walking_pays_them(forest: Forest, each: list[int], lower: bool) -> None:
    upward, parent, base, level, rates = forest.columns()
    wanted = [0] * len(forest.parent)
    for member, amount in enumerate(forest.base):
        covered = peers = 0
        for above in forest.up(member):
            mine = forest.rates[forest.level[above]]
            if mine > covered:
                covered, peers = mine, 0
            elif mine > 0 and (lower or mine == covered) and peers < len(each):
                wanted[above] += amount * each[peers]
                peers += 1
    got = daily.peer_wanted(upward, parent, base, level, (len(rates), int(lower), np.array(each, dtype=np.int64)))
    assert got.tolist() == [exact // MILLION for exact in wanted]


# -- lots -------------------------------------------------------------------------------------------------------------

DAY = 5


class Lot(NamedTuple):
    """One lot of a member; ``emptied_on`` is the day a release emptied it, -1 if none did."""

    member: int
    remaining: int
    daily: int
    eligible_from: int
    emptied_on: int


def lots_of(draw_count: int, members: int, random: Random) -> list[Lot]:
    lots = []
    for _ in range(draw_count):
        remaining = random.choice((0, 1, 7, 100))
        emptied = random.choice((-1, DAY - 1, DAY)) if remaining == 0 else -1
        lots.append(
            Lot(random.randrange(members), remaining, random.choice((0, 3, 50)), random.choice((DAY, DAY + 1)), emptied)
        )
    return lots


@st.composite
def stores(draw) -> tuple[int, list[Lot]]:
    members = draw(st.integers(1, 4))
    return members, lots_of(draw(st.sampled_from((0, 1, 5, 12, 150))), members, draw(st.randoms(use_true_random=False)))


class Columns(NamedTuple):
    heads: np.ndarray
    after: np.ndarray
    remaining: np.ndarray
    daily: np.ndarray
    eligible_from: np.ndarray
    emptied_on: np.ndarray


def columns_of(members: int, lots: list[Lot]) -> Columns:
    heads, after = np.full(members, -1, dtype=np.int64), np.full(max(len(lots), 1), -1, dtype=np.int64)
    for member in range(members):
        mine = [number for number, lot in enumerate(lots) if lot.member == member]
        heads[member] = mine[0] if mine else -1
        for lot, following in pairwise(mine):
            after[lot] = following
    values = [np.array([lot[at] for lot in lots], dtype=np.int64) for at in (1, 2, 3, 4)]
    return Columns(heads, after, *values)


@given(stores(), st.booleans())
def test_a_day_releases_what_is_due_lot_by_lot(store: tuple[int, list[Lot]], sequential: bool) -> None:
    members, lots = store
    columns = columns_of(members, lots)
    wanted, sums = [], [0] * members
    for member in range(members):
        for number, lot in enumerate(lots):
            if lot.member != member:
                continue
            if lot.remaining and lot.daily and lot.eligible_from <= DAY:
                wanted.append((number, min(lot.daily, lot.remaining)))
                sums[member] += min(lot.daily, lot.remaining)
            if sequential and (lot.remaining or lot.emptied_on == DAY):
                break
    found, points, got = daily.release_scheduled(DAY, sequential, columns.heads, columns.after, columns[2:])
    assert list(zip(found.tolist(), points.tolist(), strict=True)) == wanted
    assert got.tolist() == sums
    released = dict(wanted)
    for number, lot in enumerate(lots):
        left = lot.remaining - released.get(number, 0)
        emptied = DAY if number in released and left == 0 else lot.emptied_on
        assert (columns.remaining[number], columns.emptied_on[number]) == (left, emptied)


@given(stores(), st.booleans())
def test_heads_move_only_past_lots_that_an_earlier_day_emptied(store: tuple[int, list[Lot]], sequential: bool) -> None:
    members, lots = store
    columns = columns_of(members, lots)
    daily.release_scheduled(DAY, sequential, columns.heads, columns.after, columns[2:])
    for member in range(members):
        ahead = (n for n, lot in enumerate(lots) if lot.member == member and (lot.remaining or lot.emptied_on == DAY))
        assert columns.heads[member] == next(ahead, -1)


@given(stores(), st.booleans(), st.randoms(use_true_random=False))
def test_what_is_wanted_comes_from_the_oldest_lots(
    store: tuple[int, list[Lot]], only_head: bool, random: Random
) -> None:
    members, lots = store
    columns = columns_of(members, lots)
    wants = [random.choice((0, 1, 6, 7, 8, 1000)) for _ in range(members)]
    wanted = []
    for member in range(members):
        left = wants[member]
        for number, lot in enumerate(lots):
            if lot.member == member and lot.remaining and left:
                wanted.append((member, number, min(left, lot.remaining)))
                left = 0 if only_head else left - min(left, lot.remaining)
    got = daily.drain_wanted(
        DAY, np.array(wants, dtype=np.int64), only_head, columns[:2], (columns.remaining, columns.emptied_on)
    )
    assert list(zip(*(column.tolist() for column in got), strict=True)) == wanted
    taken = {number: points for _, number, points in wanted}
    for number, lot in enumerate(lots):
        left = lot.remaining - taken.get(number, 0)
        emptied = DAY if number in taken and left == 0 else lot.emptied_on
        assert (columns.remaining[number], columns.emptied_on[number]) == (left, emptied)
