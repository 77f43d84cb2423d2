"""Tables of growing columns."""

from copy import deepcopy

import numpy as np
import pytest

from jifen.engine.columns import FIRST_CAPACITY, Column, Table


class Pairs(Table, none=("right",)):
    """A table for the tests."""

    left: Column
    right: Column


def test_a_value_not_given_is_none_or_zero() -> None:
    pairs = Pairs()
    assert pairs.add() == 0
    assert (pairs.left.item(0), pairs.right.item(0)) == (0, -1)


def test_rows_beyond_the_first_capacity_keep_what_was_there() -> None:
    pairs = Pairs()
    for number in range(FIRST_CAPACITY + 1):
        assert pairs.add(left=number) == number
    assert pairs.left[: pairs.size].tolist() == list(range(FIRST_CAPACITY + 1))
    assert set(pairs.right.tolist()) == {-1}


def test_a_block_may_be_larger_than_double_the_capacity() -> None:
    pairs = Pairs()
    pairs.add(left=7)
    count = 5 * FIRST_CAPACITY
    assert pairs.extend(count, left=np.arange(count), right=3) == 1
    assert pairs.size == count + 1
    assert pairs.left[: pairs.size].tolist() == [7, *range(count)]
    assert pairs.right[1 : pairs.size].tolist() == [3] * count


def test_an_empty_block_changes_nothing() -> None:
    pairs = Pairs()
    assert (pairs.extend(0, left=1), pairs.size) == (0, 0)


def test_one_value_is_a_python_integer() -> None:
    pairs = Pairs()
    pairs.add(left=2**62)
    assert pairs.left.item(0) * 4 == 2**64


def test_an_amount_beyond_64_bits_is_refused() -> None:
    with pytest.raises(OverflowError):
        Pairs().add(left=2**63)


def test_a_table_made_from_columns_can_grow_and_leaves_them_alone() -> None:
    columns = {"left": np.array([1, 2]), "right": np.array([3, 4])}
    for column in columns.values():
        column.setflags(write=False)
    pairs = Pairs.of(columns)
    pairs.left[0] = 9
    assert pairs.add(left=5) == 2
    assert pairs.columns()["left"].tolist() == [9, 2, 5]
    assert columns["left"].tolist() == [1, 2]


def test_only_rows_that_count_are_shown() -> None:
    pairs = Pairs()
    pairs.add(left=1)
    assert {name: column.tolist() for name, column in pairs.columns().items()} == {"left": [1], "right": [-1]}


def test_a_table_on_a_snapshot_grows_into_the_room_of_its_columns_whatever_is_in_it() -> None:
    left, right = np.arange(2000), np.full(2000, 7, dtype=np.int32)
    pairs = Pairs.on({"left": left, "right": right}, 3)
    assert pairs.add() == 3
    assert [column.tolist() for column in pairs.columns().values()] == [[0, 1, 2, 0], [7, 7, 7, -1]]
    assert pairs.left is left
    pairs.extend(1900, left=5)
    assert (pairs.size, pairs.left is left, pairs.right[4:1904].tolist()) == (1904, True, [-1] * 1900)
    pairs.extend(100)
    assert (pairs.left is left, pairs.left[:4].tolist(), pairs.left[1903:2004].tolist()) == (
        False, [0, 1, 2, 0], [5] + [0] * 100,
    )  # fmt: skip
    assert set(pairs.right[1904:2004].tolist()) == {-1}


def test_a_column_of_one_number_is_made_when_it_is_asked_for() -> None:
    same, zeros = np.broadcast_to(np.int32(4), 9), np.broadcast_to(np.int64(0), 9)
    pairs = Pairs.on({"left": zeros, "right": same}, 5)
    assert pairs.columns()["right"].strides == (0,)
    pairs.right[2] = 6
    assert pairs.columns()["right"].tolist() == [4, 4, 6, 4, 4]
    assert pairs.columns()["left"].strides == (0,)
    assert pairs.add(left=8, right=1) == 5
    assert {name: column.tolist() for name, column in pairs.columns().items()} == {
        "left": [0, 0, 0, 0, 0, 8], "right": [4, 4, 6, 4, 4, 1],
    }  # fmt: skip
    with pytest.raises(AttributeError, match="Pairs has no middle"):
        pairs.middle  # noqa: B018


def test_a_copy_of_a_table_has_columns_of_its_own() -> None:
    pairs = Pairs.on({"left": np.arange(4), "right": np.broadcast_to(np.int32(4), 4)}, 4)
    other = deepcopy(pairs)
    other.left[0] = other.right[0] = 9
    assert (pairs.left.item(0), pairs.right.item(0), other.right[:2].tolist()) == (0, 4, [9, 4])


def test_a_cleared_table_is_as_new_but_for_its_room() -> None:
    pairs = Pairs()
    for number in range(FIRST_CAPACITY + 1):
        pairs.add(left=number, right=number)
    pairs.clear()
    assert (pairs.size, pairs.capacity) == (0, 2 * FIRST_CAPACITY)
    assert pairs.extend(2, left=np.array([7, 8])) == 0
    assert (pairs.left[:3].tolist(), pairs.right[:3].tolist()) == ([7, 8, 0], [-1, -1, -1])
