from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jifen.ledger.sums import exact_sum, grouped_sums

numbers = st.sampled_from([0, 1, -1, 7, 2**31, -(2**31), 2**32 - 1, 2**62, 2**63 - 1, -(2**63)])
small = st.integers(-3, 3)


@given(st.lists(numbers | st.integers(-(2**63), 2**63 - 1)))
def test_a_sum_is_that_of_python_integers(column):
    assert exact_sum(np.array(column, dtype=np.int64)) == sum(column)


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32])
def test_a_narrow_column_is_added_up_as_it_is(dtype):
    most, least = np.iinfo(dtype).max, np.iinfo(dtype).min
    assert exact_sum(np.array([most] * 3 + [least], dtype=dtype)) == 3 * int(most) + int(least)


@given(st.lists(st.tuples(small | numbers, small | numbers, numbers), min_size=1), st.booleans())
def test_sums_of_groups_are_those_of_python_integers(rows, constant):
    left, right, amounts = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    expected = Counter()
    for one, other, amount in rows:
        expected[(5, 5) if constant else (one, other)] += amount
    found = list(grouped_sums([5, 5] if constant else [left, right], amounts))
    assert len(found) == len(expected)
    assert dict(found) == dict(expected)


def test_groups_are_told_apart_however_far_apart_their_numbers_are():
    far = np.array([-(2**63), 2**63 - 1, -(2**63)])
    assert dict(grouped_sums([far, far[::-1], np.array([0, 5, 0])], np.array([1, 2, 4]))) == {
        (-(2**63), -(2**63), 0): 5, (2**63 - 1, 2**63 - 1, 5): 2,
    }  # fmt: skip
