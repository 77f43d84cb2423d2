import numpy as np
from tests.ledger.samples import NAMES, forfeits, transfer, transfers

from jifen.ledger.journal import FORFEIT, TRANSFER, Account, Journal, JournalWriter


def journal(moved, lost=()):
    return Journal(moved, forfeits(*lost), (), 1, 0, NAMES["member"], NAMES["rule"], NAMES["asset"])


def test_rows_and_chunks_are_sealed_in_the_order_they_came():
    writer = JournalWriter()
    writer.transfer(transfer(amount=1).item())
    writer.transfers(transfers(2, 3))
    writer.transfer(transfer(amount=4).item())
    writer.forfeit(forfeits(5).item())
    writer.forfeits(forfeits(6, 7))
    writer.forfeit(forfeits(8).item())
    moved, lost = writer.seal()
    assert moved["amount"].tolist() == [1, 2, 3, 4]
    assert lost["points"].tolist() == [5, 6, 7, 8]
    assert (moved.dtype, lost.dtype) == (TRANSFER, FORFEIT)


def test_a_writer_is_empty_after_sealing():
    writer = JournalWriter()
    writer.transfers(transfers(1))
    writer.forfeit(forfeits(1).item())
    writer.seal()
    assert [len(rows) for rows in writer.seal()] == [0, 0]


def test_what_members_were_paid_is_less_what_was_taken_back():
    back = transfer(from_kind=Account.WALLET, from_id=1, to_kind=Account.MERCHANT, to_id=0, amount=4, rule=2)
    moved = np.concatenate([transfers(5, 6, 7, 8), back])
    # members 0, 1, 2, 0 get 5, 6, 7, 8 by rule "static"; "refund" takes 4 from member 1
    assert journal(moved).paid() == {"安": {"static": 13}, "ben": {"static": 6, "refund": -4}, "cora": {"static": 7}}


def test_a_transfer_between_wallets_is_paid_to_one_and_taken_from_the_other():
    moved = transfer(from_kind=Account.WALLET, from_id=0, to_id=1, amount=9, rule=1)
    assert journal(moved).paid() == {"安": {"team": -9}, "ben": {"team": 9}}


def test_forfeits_are_added_up_by_member():
    lost = forfeits(1, 2, 4)
    lost["member"] = [0, 2, 0]
    found = Journal(transfers(), lost, (), 0, 0, NAMES["member"], NAMES["rule"], NAMES["asset"])
    assert found.forfeited() == {"安": 5, "cora": 2}
