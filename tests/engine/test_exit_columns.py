"""Exit prices in columns: the lowest of all, by cap ÷ held and then by joining order, whatever has changed."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from jifen.engine.kernels import exits as kernel
from jifen.engine.kernels.bulk_columns import Exits

MEMBERS = 6
LARGE = 2**62 - 1

amounts = st.one_of(st.integers(0, 4), st.integers(LARGE - 3, LARGE))
changes = st.lists(st.tuples(st.integers(0, MEMBERS - 1), st.one_of(st.just(-1), amounts), amounts), max_size=40)


def empty() -> Exits:
    rows = (np.full(MEMBERS, -1, dtype=np.int32) for _ in range(2))
    return Exits(*rows, *(np.zeros(size, dtype=np.int64) for size in (MEMBERS, MEMBERS, 2)))


@given(changes)
def test_the_lowest_price_is_on_top_after_every_change(steps):
    exits, prices = empty(), {}
    for member, cap, held in steps:
        kernel.touch(exits, member, cap, held)
        prices.pop(member, None)
        if cap >= 0 and held > 0:
            prices[member] = Fraction(cap, held)
        assert exits.size[0] == len(prices)
        if prices:
            assert exits.heap[0] == min(prices, key=lambda each: (prices[each], each))


@given(changes, amounts, amounts)
def test_a_price_is_reached_where_it_is_not_below_the_lowest(steps, balance, supply):
    exits, prices = empty(), {}
    for member, cap, held in steps:
        kernel.touch(exits, member, cap, held)
        prices.pop(member, None)
        if cap >= 0 and held > 0:
            prices[member] = Fraction(cap, held)
    due = bool(prices) and supply > 0 and Fraction(balance, max(supply, 1)) >= min(prices.values())
    assert kernel.reached(exits, balance, supply) == due
