import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ledger.samples import WAYS, made, transfers

from jifen.core.errors import BrokenInvariant
from jifen.ledger.journal import TRANSFER, Transfers
from jifen.ledger.rows import Chunk, Computed, narrow

COUNT = 12
cuts = st.lists(st.integers(0, COUNT), max_size=3)
ways = st.lists(st.sampled_from(WAYS), max_size=4)
amounts = st.lists(st.sampled_from([5, 5, 5, -3, 2**40]), max_size=COUNT)


def records(numbers):
    found = np.zeros(len(numbers), dtype=TRANSFER)
    found["amount"], found["to_id"] = numbers, range(len(numbers))
    return found


@given(amounts, cuts, ways, st.integers(1, 5))
def test_blocks_do_not_depend_on_how_rows_were_made(numbers, cuts, ways, size):
    rows = made(records(numbers), cuts, ways)
    blocks = list(rows.blocks(size))
    assert [len(block) for block in blocks] == [min(size, len(rows) - start) for start in range(0, len(rows), size)]
    told = [value for block in blocks for value in block.column("amount", np.int64).tolist()]
    assert told == numbers
    assert len(rows) == len(numbers)


@given(amounts, cuts, ways, st.integers(0, COUNT), st.integers(0, COUNT))
def test_a_slice_and_a_mask_choose_what_they_choose_of_an_array(numbers, cuts, ways, start, stop):
    rows, expected = made(records(numbers), cuts, ways), records(numbers)
    assert rows[start:stop].array().tolist() == expected[start:stop].tolist()
    assert rows[rows["amount"] > 0].array().tolist() == expected[expected["amount"] > 0].tolist()
    assert rows[:-1]["to_id"].tolist() == expected[:-1]["to_id"].tolist()
    assert rows.packed().array().tolist() == expected.tolist()


def test_one_record_is_read_by_its_number():
    rows = Transfers.joined([transfers(1, 2), transfers(), transfers(3)])
    assert [int(rows[place]["amount"]) for place in (0, 1, 2, -1)] == [1, 2, 3, 3]
    with pytest.raises(IndexError):
        rows[3]


@pytest.mark.parametrize("key", [slice(None, None, 2), np.array([0, 1]), np.array([True])])
def test_rows_are_not_chosen_in_any_other_way(key):
    with pytest.raises(BrokenInvariant):
        transfers(1, 2)[key]


def test_rows_of_another_kind_are_refused():
    with pytest.raises(BrokenInvariant):
        Transfers.of(np.zeros(2, dtype=[("event", "<i8")]))


def test_what_is_packed_holds_no_memory_of_what_it_was_cut_from():
    whole = np.arange(1000)
    part = Chunk(1000, {"amount": whole}).part(10, 20)
    assert np.shares_memory(part["amount"], whole)
    assert not np.shares_memory(part.packed()["amount"], whole)
    assert part.packed()["amount"].tolist() == list(range(10, 20))


def test_a_computed_column_is_made_for_the_rows_that_are_read_only():
    seen = []

    def half(column):
        seen.append(column.tolist())
        return column // 2

    chunk = Chunk(4, {"amount": Computed(half, (np.array([2, 4, 6, 8]),))})
    assert chunk.part(1, 3)["amount"].tolist() == [2, 3]
    assert seen == [[4, 6]]


@pytest.mark.parametrize(
    ("numbers", "dtype"),
    [
        ([-128, 127], "<i1"), ([-129, 0], "<i2"), ([0, 128], "<i2"), ([-(2**15), 2**15 - 1], "<i2"),
        ([0, 2**15], "<i4"), ([-(2**31), 2**31 - 1], "<i4"), ([0, 2**31], "<i8"), ([-(2**63), 2**63 - 1], "<i8"),
    ],
)  # fmt: skip
def test_a_column_is_as_narrow_as_its_numbers_allow(numbers, dtype):
    column = narrow(np.array(numbers, dtype=np.int64))
    assert (column.dtype, column.tolist()) == (np.dtype(dtype), numbers)


def test_a_column_of_one_number_is_this_number():
    assert narrow(np.array([-(2**63)] * 3)) == -(2**63)
    assert narrow(np.array([7], dtype=np.int8)) == 7
