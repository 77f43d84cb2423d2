from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ledger.samples import NAMES, WAYS, forfeits, made, transfer, transfers

from jifen.core.errors import BrokenInvariant
from jifen.ledger.invariants import Holder, check_claims, check_lots, check_names, check_transfers, check_zero_sum, fold
from jifen.ledger.journal import NONE, Account, Forfeits, Transfers
from jifen.ledger.rows import BLOCK_ROWS

EMPTY = Transfers()
MEMBERS = (Account.WALLET, Account.PENDING, Account.CLAIM, Account.WEIGHT)
COUNTS = {table: len(names) for table, names in NAMES.items()}

accounts = st.tuples(st.sampled_from(Account), st.sampled_from([-1, 0, 1, 2, 5, 40, 2**40]))
moves = st.tuples(accounts, accounts, st.integers(0, 3), st.integers(0, 2**62)).filter(lambda move: move[0] != move[1])


def records(moved):
    return Transfers.joined(
        transfer(from_kind=source[0], from_id=source[1], to_kind=target[0], to_id=target[1], asset=asset, amount=amount)
        for source, target, asset, amount in moved
    )


def by_hand(moved):
    """Balances one transfer at a time, with Python integers; those of members by kind."""
    sums = Counter()
    for source, target, asset, amount in moved:
        for (kind, number), change in ((source, -amount), (target, amount)):
            sums[(kind, 0 if kind in MEMBERS else number, asset)] += change
    return {holder: amount for holder, amount in sums.items() if amount}


def not_zero(balances):
    return {holder: amount for holder, amount in balances.items() if amount}


@given(st.lists(moves, max_size=30), st.lists(st.integers(0, 30), max_size=3), st.lists(st.sampled_from(WAYS)))
def test_a_fold_is_the_sum_of_its_transfers_however_they_were_made_and_sums_to_zero(moved, cuts, ways):
    balances = fold(made(records(moved).array(), cuts, ways))
    assert not_zero(balances) == by_hand(moved)
    check_zero_sum(balances)


@given(st.lists(moves, max_size=20), st.integers(0, 20))
def test_balances_of_two_parts_add_up_to_those_of_the_whole(moved, cut):
    first, second = fold(records(moved[:cut])), fold(records(moved[cut:]))
    first.update(second)
    assert not_zero(first) == not_zero(fold(records(moved)))


def test_blocks_add_up():
    rows = made(Transfers.joined([transfers(*range(1, 1_001))] * 70).array(), ways=["wide columns"])
    assert len(rows) > BLOCK_ROWS
    # 70 × (1 + … + 1000) to members, all of it from the merchant
    assert fold(rows) == {
        Holder(Account.MERCHANT, 0, 0): -70 * 500_500, Holder(Account.WALLET, 0, 0): 70 * 500_500,
    }  # fmt: skip


def test_a_balance_beyond_64_bits_is_exact():
    merchant, ann, ben = (Account.MERCHANT, 0), (Account.WALLET, 0), (Account.WALLET, 1)
    most = 2**63 - 1
    moved = [(merchant, ann, 0, most), (merchant, ann, 0, most), (ann, ben, 0, most), (merchant, ben, 0, most)]
    assert not_zero(fold(records(moved))) == {(*merchant, 0): -3 * most, (Account.WALLET, 0, 0): 3 * most}


def test_nothing_folds_to_nothing():
    assert len(fold(EMPTY)) == 0
    check_transfers(EMPTY, assets=0)
    check_names(EMPTY, COUNTS)
    check_zero_sum(fold(EMPTY))
    check_lots(EMPTY["amount"], EMPTY["amount"])
    assert fold(EMPTY)[Holder(Account.WALLET, 0, 0)] == 0


def test_good_transfers_pass():
    check_transfers(transfers(1, 2, 3), assets=1)
    check_transfers(transfer(amount=0, drained=1), assets=1)
    check_transfers(transfer(amount=1, drained=1, from_kind=Account.RECEIVABLE, from_id=NONE), assets=1)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"amount": -1}, "negative"),
        ({"amount": -(2**63)}, "negative"),
        ({"amount": 5, "drained": -1}, "negative"),
        ({"amount": 0, "drained": 0}, "moves nothing"),
        ({"asset": 2}, "unknown asset"),
        ({"asset": -1}, "unknown asset"),
        ({"from_kind": 10}, "from an unknown kind"),
        ({"to_kind": -1}, "to an unknown kind"),
        ({"to_id": -2}, "negative id"),
        ({"from_kind": Account.WALLET, "from_id": 3, "to_id": 3}, "to itself"),
    ],
)
def test_a_bad_transfer_is_named(fields, message):
    rows = Transfers.joined([transfers(1, 2), transfer(**fields), transfer(**fields)])
    for ways in ([], ["wide columns"], ["narrow columns", "narrow columns"]):
        with pytest.raises(BrokenInvariant, match=rf"{message}.*number 2 of the batch \(event -1, day 7, "):
            check_transfers(made(rows.array(), [2], ways), assets=2)


def test_a_bad_transfer_of_a_later_block_is_named_by_its_number_in_the_batch():
    amounts = np.ones(BLOCK_ROWS + 5, dtype=np.int64)
    amounts[BLOCK_ROWS + 3] = -1
    rows = np.repeat(transfer().array(), len(amounts))
    rows["amount"] = amounts
    with pytest.raises(BrokenInvariant, match=f"negative: number {BLOCK_ROWS + 3} of the batch"):
        check_transfers(Transfers.of(rows), assets=1)


def test_numbers_that_have_names_pass():
    check_names(transfer(from_kind=Account.POOL, to_id=2, rule=2, asset=1, order=1, reason=2), COUNTS)
    check_names(transfer(from_kind=Account.RECEIVABLE, from_id=NONE, to_kind=Account.ISSUER), COUNTS)
    check_names(forfeits(1), COUNTS)


@pytest.mark.parametrize(
    ("fields", "culprit"),
    [
        ({"to_id": 3}, "to_id"), ({"to_id": -2}, "to_id"), ({"rule": 3}, "rule"), ({"rule": -2}, "rule"),
        ({"asset": 2}, "asset"), ({"order": 2}, "order"), ({"reason": 3}, "reason"), ({"from_id": 1}, "from_id"),
        ({"from_kind": Account.POOL, "from_id": 1}, "from_id"),
    ],
)  # fmt: skip
def test_a_number_without_a_name_is_found(fields, culprit):
    rows = Transfers.joined([transfers(1, 2), transfer(**fields)])
    for ways in ([], ["wide columns"], ["narrow columns", "narrow columns"]):
        with pytest.raises(BrokenInvariant, match=f"{culprit} has no name: number 2 of the batch"):
            check_names(made(rows.array(), [2], ways), COUNTS)


@pytest.mark.parametrize(("field", "number"), [("member", 3), ("rule", 3)])
def test_a_loss_of_nobody_is_found(field, number):
    lost = forfeits(1, 2).array()
    lost[field][1] = number
    with pytest.raises(BrokenInvariant, match=f"{field} has no name: number 1"):
        check_names(Forfeits.of(lost), COUNTS)


def test_transfers_between_accounts_that_differ_in_kind_or_id_only_pass():
    check_transfers(transfer(from_kind=Account.WALLET, from_id=1, to_id=2), assets=1)
    check_transfers(transfer(from_kind=Account.PENDING, from_id=2, to_id=2), assets=1)


def test_money_from_nowhere_is_found():
    balances = fold(transfers(5, 6))
    balances[Holder(Account.WALLET, 0, 0)] += 1
    with pytest.raises(BrokenInvariant, match="asset 0 does not sum to 0 over all accounts but to 1"):
        check_zero_sum(balances)


def test_assets_do_not_make_up_for_each_other():
    merchant, ann = Holder(Account.MERCHANT, 0, 0), Holder(Account.WALLET, 0, 0)
    check_zero_sum({merchant: -1, merchant._replace(asset=1): -1, ann: 1, ann._replace(asset=1): 1})
    with pytest.raises(BrokenInvariant, match="asset 0"):
        check_zero_sum({merchant: -1, ann._replace(asset=1): 1})


def test_lots_between_nothing_and_all_pass():
    check_lots(np.array([0, 5, 5]), np.array([0, 0, 5]))


@pytest.mark.parametrize("remaining", [[5, 0, -1], [5, 0, 6]])
def test_a_lot_outside_its_bounds_is_named(remaining):
    with pytest.raises(BrokenInvariant, match=f"lot 2 of those checked has {remaining[2]} remaining of 5"):
        check_lots(np.array([5, 5, 5]), np.array(remaining))


def test_lots_that_do_not_match_in_number_are_refused():
    with pytest.raises(BrokenInvariant):
        check_lots(np.array([5, 5]), np.array([5]))


def test_claims_are_grants_less_releases_in_each_store():
    check_claims({"points": 10**25, "queue": 3}, {"points": 1}, {"points": 10**25 - 1, "queue": 3})
    check_claims({}, {}, {})
    with pytest.raises(BrokenInvariant, match="store queue hold 3; granted less released is 2"):
        check_claims({"points": 5, "queue": 3}, {"queue": 1}, {"points": 5, "queue": 3})
    with pytest.raises(BrokenInvariant, match="store gone hold 1; granted less released is 0"):
        check_claims({}, {}, {"gone": 1})
