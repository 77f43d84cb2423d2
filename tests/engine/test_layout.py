"""The order of the daily run: members after their descendants, lots by store and owner, merged in as they come."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.forests import ascent, forests, parents, up

from jifen.engine.kernels import layout as kernels
from jifen.engine.layout import Layout
from jifen.engine.tables import Chains, Lots, Members

MILLION = 1_000_000


def narrow(values: Any) -> np.ndarray:
    return np.array(list(values), dtype=np.int32)


# -- members ----------------------------------------------------------------------------------------------------------


@given(forests())
def test_a_sponsor_follows_those_he_has_referred_who_stand_last_to_join_first(parent: list[int]) -> None:
    nobody = narrow([])
    members, depths = kernels.with_members(nobody, nobody, narrow(parent), len(parent))
    assert list(zip(members.tolist(), depths.tolist(), strict=True)) == list(ascent(parent))


@given(st.integers(0, 14).flatmap(parents), st.lists(st.integers(0, 5), max_size=6))
def test_members_merged_in_stand_as_if_they_had_always_been_there(parent: list[int], growth: list[int]) -> None:
    order = narrow([]), narrow([])
    for count in sorted({0, *np.minimum(np.cumsum(growth), len(parent)).tolist(), len(parent)}):
        order = kernels.with_members(*order, narrow(parent), count)
        assert list(zip(order[0].tolist(), order[1].tolist(), strict=True)) == list(ascent(parent[:count]))


@given(forests(), st.integers(0, 5).flatmap(parents))
def test_newcomers_are_merged_into_a_forest_whose_members_have_moved(parent: list[int], newcomers: list[int]) -> None:
    known = len(parent)
    grown = parent + [above + known if above >= 0 else -1 for above in newcomers]
    order = kernels.with_members(narrow([]), narrow([]), narrow(parent), known)
    order = kernels.with_members(*order, narrow(grown), len(grown))
    assert order[0].tolist() == [member for member, _ in ascent(grown)]


@given(st.integers(0, 30).flatmap(lambda count: st.permutations(range(count))))
def test_the_inverse_says_where_each_number_is(order: list[int]) -> None:
    assert kernels.inverse(narrow(order)).tolist() == [order.index(number) for number in range(len(order))]


@given(forests(), st.data())
def test_a_subtree_sums_its_descendants(parent: list[int], data: st.DataObject) -> None:
    own = data.draw(st.lists(st.integers(-(2**50), 2**50), min_size=len(parent), max_size=len(parent)))
    members, depths = kernels.with_members(narrow([]), narrow([]), narrow(parent), len(parent))
    everyone = range(len(parent))
    wanted = [sum(own[low] for low in everyone if low == top or top in up(parent, low)) for top in everyone]
    assert kernels.subtree_sums(members, depths, np.array(own, dtype=np.int64)).tolist() == wanted


@given(forests(), st.data())
def test_of_two_ranks_the_higher_one_says_the_level(parent: list[int], data: st.DataObject) -> None:
    """Ranks 0 to 2 by number, of which 1 is the lowest, 0 the highest and 2 not in the ladder; rates 5 %, 5 %."""
    heights, levels = narrow([2, 1, 0, 0]), narrow([0, 3, 7])
    height_of = {0: 2, 1: 1, 2: 0, -1: 0}
    ranks = st.lists(st.sampled_from((0, 1, 2, -1)), min_size=len(parent), max_size=len(parent))
    earned, appointed = data.draw(ranks), data.draw(ranks)
    members = [member for member, _ in ascent(parent)]
    got = kernels.levels_at(narrow(members), narrow(earned), narrow(appointed), (heights, levels))
    wanted = [(0, 3, 7)[max(height_of[earned[member]], height_of[appointed[member]])] for member in members]
    assert got.tolist() == wanted


# -- members and lots, step by step -----------------------------------------------------------------------------------


class Grown:
    """The engine's tables, grown by steps, beside plain lists of the same."""

    def __init__(self) -> None:
        self.members, self.lots, self.layout = Members(), Lots(), Layout()
        self.chains: dict[int, Chains] = {}
        self.parent: list[int] = []
        self.owners: list[tuple[int, int]] = []
        self.values: list[tuple[int, int, int, int]] = []
        """By lot: remaining, daily, eligible_from, run_first."""

    def join(self, parent: int) -> None:
        self.parent.append(parent)
        self.members.add(parent=parent)

    def grant(self, store: int, member: int, values: tuple[int, int, int, int]) -> None:
        self.owners.append((store, member))
        self.values.append(values)
        remaining, daily, since, first = values
        self.lots.add(
            store=store, member=member, remaining=remaining, daily=daily, eligible_from=since, run_first=first
        )

    def move(self, member: int, parent: int) -> None:
        self.parent[member] = parent
        self.members.parent[member] = parent
        self.layout = Layout()

    def empty(self, lot: int) -> None:
        """Empty a lot, as an order may; the run does not know it yet."""
        self.lots.remaining[lot] = 0
        self.values[lot] = (0, *self.values[lot][1:])

    def refill(self, lot: int, points: int) -> None:
        if self.values[lot][0] == 0:
            store, member = self.owners[lot]
            self.layout.revive(store, member, self.lots.slot.item(lot))
        self.lots.remaining[lot] = points
        self.values[lot] = (points, *self.values[lot][1:])

    def pass_over_empty_lots(self) -> None:
        """What a run does: a member's lots begin where one is not empty."""
        begins, starts = self.layout.begins, self.layout.starts
        for kind, position in np.ndindex(*begins.shape):
            slot, end = begins[kind, position], starts[kind, position + 1]
            while slot < end and self.lots.remaining.data[slot] == 0:
                slot += 1
            begins[kind, position] = slot

    def renew(self) -> None:
        self.layout.renew(self.members, self.lots, self.chains)

    def check(self) -> None:
        """Everything is as if laid out from nothing, and each lot has its own values."""
        order = list(ascent(self.parent))
        assert list(zip(self.layout.members.tolist(), self.layout.depths.tolist(), strict=True)) == order
        members = [member for member, _ in order]
        assert self.layout.positions.tolist() == [members.index(member) for member in range(len(members))]
        slots: list[int] = []
        for store in self.chains:
            for member in members:
                kind, position = self.layout.stores[store], members.index(member)
                mine = [lot for lot, owner in enumerate(self.owners) if owner == (store, member)]
                assert self.layout.starts[kind, position] == len(slots)
                self.check_begin(self.layout.begins.item(kind, position), len(slots), mine)
                slots += mine
                assert self.layout.starts[kind, position + 1] == len(slots)
        assert self.layout.lot_at.tolist() == slots
        self.check_values()

    def check_begin(self, begin: int, start: int, mine: list[int]) -> None:
        live = [start + place for place, lot in enumerate(mine) if self.values[lot][0]]
        assert start <= begin <= min(live, default=start + len(mine))

    def check_values(self) -> None:
        lots, count = self.lots, len(self.values)
        columns = (lots.remaining, lots.daily, lots.eligible_from, lots.run_first)
        assert [column[:count].tolist() for column in columns] == [
            [values[place] for values in self.values] for place in range(4)
        ]
        for lot, values in enumerate(self.values):
            assert tuple(column.item(lot) for column in columns) == values
            assert tuple(column.data[lots.slot[lot]] for column in columns) == values


def grow(grown: Grown, draw: Any) -> None:
    """One step of a shop's life; stores are numbered 3, 1, 0 in the order in which they come."""
    people, lots, stores = len(grown.parent), len(grown.owners), list(grown.chains)
    amounts = st.one_of(st.just(0), st.integers(1, 2**61))
    steps = ["join", "join", "renew"]
    steps += ["grant"] * 4 * bool(people and stores) + ["empty", "refill", "pass"] * bool(lots)
    steps += ["store"] * (len(stores) < 3) + ["move"] * (people > 1)
    match draw(st.sampled_from(steps)):
        case "join":
            grown.join(draw(st.integers(-1, people - 1)))
        case "store":
            grown.chains[(3, 1, 0)[len(stores)]] = Chains()
        case "grant":
            values = tuple(draw(amounts) for _ in range(2)) + tuple(draw(st.integers(-1, 400)) for _ in range(2))
            grown.grant(draw(st.sampled_from(stores)), draw(st.integers(0, people - 1)), values)
        case "empty":
            grown.empty(draw(st.integers(0, lots - 1)))
        case "refill":
            grown.refill(draw(st.integers(0, lots - 1)), draw(st.integers(1, 9)))
        case "pass":
            grown.renew()
            grown.pass_over_empty_lots()
        case "move":
            member = draw(st.integers(0, people - 1))
            above = [other for other in range(people) if other != member and member not in up(grown.parent, other)]
            if above:
                grown.move(member, draw(st.sampled_from(above)))
        case _:
            grown.renew()
            grown.check()


@given(st.data())
def test_a_shop_that_grows_is_laid_out_as_if_from_nothing(data: st.DataObject) -> None:
    grown = Grown()
    for _ in range(data.draw(st.integers(0, 40))):
        grow(grown, data.draw)
        grown.check_values()
    grown.renew()
    grown.check()


def test_many_lots_keep_their_values_while_their_table_grows() -> None:
    """200 lots of members all over the forest: slots move, and the table grows twice meanwhile."""
    grown = Grown()
    grown.chains[0] = Chains()
    for number in range(200):
        grown.join(-1 if number % 7 == 0 else number - number % 7)
        grown.grant(0, number * 37 % (number + 1), (number + 1, 2 * number, number, -1))
        if number % 30 == 0:
            grown.renew()
            grown.check()
    grown.lots.reserve(5000)
    grown.check_values()


def test_a_lot_that_was_empty_is_found_again() -> None:
    grown = Grown()
    grown.chains[0] = Chains()
    grown.join(-1)
    for _ in range(3):
        grown.grant(0, 0, (5, 1, 0, -1))
    grown.empty(0)
    grown.empty(1)
    grown.renew()
    grown.pass_over_empty_lots()
    assert grown.layout.begins.tolist() == [[2]]
    grown.refill(1, 4)
    assert grown.layout.begins.tolist() == [[1]]
    grown.refill(0, 4)
    assert grown.layout.begins.tolist() == [[0]]
