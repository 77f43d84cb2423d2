import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ledger.samples import NAMES, WAYS, forfeits, made, transfer, transfers

from jifen.core.errors import BrokenInvariant
from jifen.ledger.journal import FORFEIT, TRANSFER, Account, Forfeits, Journal, JournalWriter, Transfers
from jifen.ledger.rows import BLOCK_ROWS

RUN = {
    "event": 3, "day": 7, "rule": 1, "from_kind": Account.POOL, "to_kind": Account.WALLET, "asset": 0, "version": 2,
}  # fmt: skip


def journal(moved, lost=()):
    return Journal(moved, forfeits(*lost), (), 1, 0, NAMES["member"], NAMES["rule"], NAMES["asset"])


def test_rows_and_columns_are_sealed_in_the_order_they_came():
    writer = JournalWriter()
    writer.transfer(transfer(amount=1)[0].item())
    writer.columns(2, **RUN, amount=np.array([2, 3]))
    writer.columns(0, **RUN, amount=np.array([], dtype=np.int64))
    writer.transfer(transfer(amount=4)[0].item())
    writer.forfeit(forfeits(5)[0].item())
    writer.forfeits(2, event=3, day=7, rule=1, member=np.array([0, 2]), points=np.array([6, 7]))
    writer.forfeit(forfeits(8)[0].item())
    moved, lost = writer.seal()
    assert moved["amount"].tolist() == [1, 2, 3, 4]
    assert lost["points"].tolist() == [5, 6, 7, 8]
    assert (type(moved), type(lost), moved.dtype, lost.dtype) == (Transfers, Forfeits, TRANSFER, FORFEIT)


def test_columns_that_are_left_out_say_that_there_is_nothing():
    writer = JournalWriter()
    writer.columns(2, **RUN, amount=np.array([2, 3], dtype=np.int32))
    moved, _ = writer.seal()
    nothing = {"from_id": 0, "to_id": 0, "drained": 0, "lot": -1, "order": -1, "line": -1, "reason": -1}
    assert {name: moved[name].tolist() for name in nothing} == {name: [value] * 2 for name, value in nothing.items()}
    assert moved["amount"].dtype == np.int64


@given(
    st.lists(st.tuples(*(st.sampled_from([0, 1, -1, 100]) for _ in TRANSFER.names)), max_size=12),
    st.lists(st.integers(0, 12), max_size=3),
    st.lists(st.sampled_from(WAYS), max_size=4),
)
def test_rows_are_the_same_however_they_were_made(rows, cuts, ways):
    records = np.array(rows, dtype=TRANSFER)
    found = made(records, cuts, ways)
    assert found.array().tolist() == [row.item() for row in found] == records.tolist()
    assert found["to_id"].tolist() == records["to_id"].tolist()


def test_many_single_rows_are_no_objects_but_blocks_of_columns():
    writer = JournalWriter()
    row = list(transfer()[0].item())
    for number in range(BLOCK_ROWS + 2):
        row[TRANSFER.names.index("amount")] = number
        writer.transfer(tuple(row))
    moved, _ = writer.seal()
    assert [len(chunk) for chunk in moved.chunks] == [BLOCK_ROWS, 2]
    assert moved.chunks[0]["day"] == 7
    assert moved["amount"].tolist() == list(range(BLOCK_ROWS + 2))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"amount": np.array([1])}, "amount has not 2 rows"),
        ({"amount": np.array([1, 2]), "line": np.array([1, 2])}, "line: int64 is too wide"),
        ({"amount": np.array([1, 2], dtype=np.uint64)}, "amount: uint64 is too wide"),
        ({"amount": 2**63}, "beyond 64 bits"),
        ({"amount": 1, "rule": 2**31}, "beyond 32 bits"),
        ({"amount": 1, "note": 1}, "the fields are"),
        ({}, "the fields are"),
    ],
)
def test_columns_that_do_not_fit_are_refused(fields, message):
    with pytest.raises(BrokenInvariant, match=message):
        JournalWriter().columns(2, **{**RUN, **fields})


@pytest.mark.parametrize("bad", [2**31, -(2**31) - 1])
def test_a_single_row_with_a_number_too_large_for_its_field_is_refused(bad):
    writer = JournalWriter()
    row = list(transfer()[0].item())
    row[TRANSFER.names.index("line")] = bad
    writer.transfer(tuple(row))
    writer.transfer(transfer()[0].item())
    with pytest.raises(BrokenInvariant, match="line"):
        writer.seal()


def test_a_writer_is_empty_after_sealing():
    writer = JournalWriter()
    writer.transfer(transfer()[0].item())
    writer.forfeit(forfeits(1)[0].item())
    writer.seal()
    assert [len(rows) for rows in writer.seal()] == [0, 0]


def test_what_members_were_paid_is_less_what_was_taken_back():
    back = transfer(from_kind=Account.WALLET, from_id=1, to_kind=Account.MERCHANT, to_id=0, amount=4, rule=2)
    moved = Transfers.joined([transfers(5, 6, 7, 8), back])
    # members 0, 1, 2, 0 get 5, 6, 7, 8 by rule "static"; "refund" takes 4 from member 1
    assert journal(moved).paid() == {"安": {"static": 13}, "ben": {"static": 6, "refund": -4}, "cora": {"static": 7}}


def test_a_transfer_between_wallets_is_paid_to_one_and_taken_from_the_other():
    moved = transfer(from_kind=Account.WALLET, from_id=0, to_id=1, amount=9, rule=1)
    assert journal(moved).paid() == {"安": {"team": -9}, "ben": {"team": 9}}


def test_forfeits_are_added_up_by_member():
    lost = forfeits(1, 2, 4).array()
    lost["member"] = [0, 2, 0]
    found = Journal(transfers(), Forfeits.of(lost), (), 0, 0, NAMES["member"], NAMES["rule"], NAMES["asset"])
    assert found.forfeited() == {"安": 5, "cora": 2}
