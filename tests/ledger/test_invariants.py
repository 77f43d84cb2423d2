from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ledger.samples import transfer, transfers

from jifen.core.errors import BrokenInvariant
from jifen.ledger.invariants import check_claims, check_lots, check_pools, check_transfers, check_zero_sum, fold
from jifen.ledger.journal import NONE, TRANSFER, Account

EMPTY = np.empty(0, dtype=TRANSFER)

accounts = st.tuples(st.sampled_from(Account), st.sampled_from([-1, 0, 1, 2, 5, 40, 2**40]))
moves = st.tuples(accounts, accounts, st.integers(0, 3), st.integers(0, 2**62)).filter(lambda move: move[0] != move[1])


def records(moved):
    rows = [
        transfer(from_kind=source[0], from_id=source[1], to_kind=target[0], to_id=target[1], asset=asset, amount=amount)
        for source, target, asset, amount in moved
    ]
    return np.concatenate([EMPTY, *rows])


def by_hand(moved):
    """Balances one transfer at a time, with Python integers."""
    sums = Counter()
    for source, target, asset, amount in moved:
        sums[(*source, asset)] -= amount
        sums[(*target, asset)] += amount
    return {account: amount for account, amount in sums.items() if amount}


def as_dict(balances):
    keys = zip(balances.kind.tolist(), balances.id.tolist(), balances.asset.tolist(), strict=True)
    result = dict(zip(keys, balances.amount.tolist(), strict=True))
    assert len(result) == len(balances)
    return result


@given(st.lists(moves, max_size=30))
def test_a_fold_is_the_sum_of_its_transfers_and_sums_to_zero(moved):
    expected = by_hand(moved)
    if any(not -(2**63) <= amount < 2**63 for amount in expected.values()):
        with pytest.raises(BrokenInvariant, match="beyond int64"):
            fold(records(moved))
    else:
        balances = fold(records(moved))
        assert as_dict(balances) == expected
        check_zero_sum(balances)


@given(st.lists(moves.filter(lambda move: move[3] < 2**55), max_size=20), st.integers(0, 20))
def test_balances_of_two_parts_add_up_to_those_of_the_whole(moved, cut):
    first, second = fold(records(moved[:cut])), fold(records(moved[cut:]))
    assert as_dict(first.plus(second)) == as_dict(second.plus(first)) == as_dict(fold(records(moved)))


def test_many_transfers_to_dense_members_are_added_in_an_array_just_as_well():
    rows = transfers(*range(1, 1_001))
    balances = fold(rows)
    assert balances.get(Account.MERCHANT, 0, 0) == -500_500
    # 1 + 4 + … + 1000: 334 numbers with the mean 500.5
    assert balances.get(Account.WALLET, 0, 0) == 167_167
    assert len(balances) == 4


def test_a_balance_that_leaves_int64_on_the_way_but_not_in_the_end_is_exact():
    merchant, ann, ben = (Account.MERCHANT, 0), (Account.WALLET, 0), (Account.WALLET, 1)
    most = 2**63 - 1
    moved = [(merchant, ann, 0, most), (merchant, ann, 0, most), (ann, ben, 0, most), (ben, merchant, 0, most)]
    assert as_dict(fold(records(moved))) == {(*merchant, 0): -most, (*ann, 0): most}


@pytest.mark.parametrize(("amount", "fits"), [(2**62, True), (2**62 + 1, False)])
def test_the_range_of_a_balance_is_checked_at_its_edge(amount, fits):
    rows = records([((Account.MERCHANT, 0), (Account.OUTSIDE, 0), 0, some) for some in (2**62 - 1, amount)])
    if fits:
        assert fold(rows).get(Account.OUTSIDE, 0, 0) == 2**63 - 1
    else:
        with pytest.raises(BrokenInvariant, match="beyond int64"):
            fold(rows)


def test_nothing_folds_to_nothing():
    assert len(fold(EMPTY)) == 0
    check_transfers(EMPTY, assets=0)
    check_zero_sum(fold(EMPTY))
    check_pools(fold(EMPTY))
    check_lots(EMPTY["amount"], EMPTY["amount"])
    assert fold(EMPTY).get(Account.WALLET, 0, 0) == 0


def test_ids_too_large_to_tell_accounts_apart_are_refused():
    with pytest.raises(BrokenInvariant, match="too large"):
        fold(transfer(to_id=2**61))


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
    rows = np.concatenate([transfers(1, 2), transfer(**fields), transfer(**fields)])
    with pytest.raises(BrokenInvariant, match=rf"{message}.*number 2 of the batch \(event -1, day 7, "):
        check_transfers(rows, assets=2)


def test_transfers_between_accounts_that_differ_in_kind_or_id_only_pass():
    check_transfers(transfer(from_kind=Account.WALLET, from_id=1, to_id=2), assets=1)
    check_transfers(transfer(from_kind=Account.PENDING, from_id=2, to_id=2), assets=1)


def test_money_from_nowhere_is_found():
    balances = fold(transfers(5, 6))
    balances.amount[1] += 1
    with pytest.raises(BrokenInvariant, match="asset 0 does not sum to 0 over all accounts but to 1"):
        check_zero_sum(balances)


def test_a_total_beyond_int64_does_not_wrap_around_to_zero():
    balances = fold(transfers(1, 1, 1))
    balances.amount[:] = 2**62  # four times 2⁶² is 2⁶⁴, which int64 takes for 0
    with pytest.raises(BrokenInvariant, match=str(2**64)):
        check_zero_sum(balances)


def test_assets_do_not_make_up_for_each_other():
    balances = fold(np.concatenate([transfer(asset=0), transfer(asset=1)]))
    balances.amount[:] = [-1, -1, 1, 1]
    balances.asset[:] = [0, 1, 0, 1]
    check_zero_sum(balances)
    balances.asset[:] = [0, 0, 1, 1]
    with pytest.raises(BrokenInvariant, match="asset 0"):
        check_zero_sum(balances)


def test_lots_between_nothing_and_all_pass():
    check_lots(np.array([0, 5, 5]), np.array([0, 0, 5]))


@pytest.mark.parametrize("remaining", [[5, 0, -1], [5, 0, 6]])
def test_a_lot_outside_its_bounds_is_named(remaining):
    with pytest.raises(BrokenInvariant, match=f"lot 2 of those checked has {remaining[2]} remaining of 5"):
        check_lots(np.array([5, 5, 5]), np.array(remaining))


def test_lots_that_do_not_match_in_number_are_refused():
    with pytest.raises(BrokenInvariant):
        check_lots(np.array([5, 5]), np.array([5]))


def test_wallets_and_the_merchant_may_be_below_zero():
    debt = transfer(from_kind=Account.WALLET, to_kind=Account.MERCHANT)
    check_pools(fold(debt))
    check_pools(fold(transfers(1)))


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"from_kind": Account.POOL, "from_id": 3, "asset": 1}, "pool 3, asset 1, has -1000000"),
        ({"from_kind": Account.RESERVE}, "reserve 0, asset 0, has -1000000"),
        ({"to_kind": Account.RECEIVABLE, "to_id": NONE}, "receivable -1, asset 0, has 1000000"),
    ],
)
def test_a_pool_or_receivable_on_the_wrong_side_of_zero_is_named(fields, place):
    with pytest.raises(BrokenInvariant, match=place):
        check_pools(fold(transfer(**fields)))


def test_a_pool_with_money_and_a_receivable_that_owes_pass():
    into_pool = transfer(to_kind=Account.POOL)
    check_pools(fold(np.concatenate([into_pool, transfer(from_kind=Account.RECEIVABLE)])))
    check_pools(fold(into_pool).plus(fold(transfer(from_kind=Account.POOL))))


def test_a_batch_that_overdraws_a_pool_is_found_with_what_was_there_before():
    before, batch = fold(transfer(to_kind=Account.POOL, amount=5)), transfer(from_kind=Account.POOL, amount=6)
    with pytest.raises(BrokenInvariant, match="pool 0, asset 0, has -1"):
        check_pools(before.plus(fold(batch)))


def test_claims_are_grants_less_releases_in_each_store():
    check_claims({"points": 10**25, "queue": 3}, {"points": 1}, {"points": 10**25 - 1, "queue": 3})
    check_claims({}, {}, {})
    with pytest.raises(BrokenInvariant, match="store queue hold 3; granted less released is 2"):
        check_claims({"points": 5, "queue": 3}, {"queue": 1}, {"points": 5, "queue": 3})
    with pytest.raises(BrokenInvariant, match="store gone hold 1; granted less released is 0"):
        check_claims({}, {}, {"gone": 1})
