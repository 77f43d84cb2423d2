"""The auditor by hand: weights, ranks that come of them or of orders, and pools that are divided."""

import pytest
from tests.simulate.test_auditor import Shop, units

from jifen.core.micros import MICRO
from jifen.engine.events import PoolDonated, RankSet, StoreAdjusted
from jifen.plan import load_plan_text
from jifen.simulate.audit_pools import divide


def weights(shop: Shop, members: str, store: str = "shares") -> list[float]:
    return [shop.auditor.weight(member, store) / MICRO for member in members]


def donate(shop: Shop, pool: str, amount: str) -> None:
    assert shop.do(PoolDonated, pool=pool, amount=int(float(amount) * MICRO)).refused is None


# -- weights --------------------------------------------------------------------------------------------------------


def test_a_cap_clips_what_an_order_weighs_and_what_refunds_take_is_free_again() -> None:
    shop = Shop("share_plan", {"A": None, "B": None, "C": None}, share_cap="3", yuan_per_share="100")
    shop.buy("a1", "A", "200")
    shop.buy("b1", "B", "200")  # 1 of 2
    assert (weights(shop, "AB"), shop.auditor.issued()) == ([2, 1], 3 * MICRO)
    shop.refund("a1", "100")
    shop.buy("c1", "C", "300")  # 1 of 3
    assert weights(shop, "ABC") == [1, 1, 1]
    shop.refund("b1", "100")  # half of what it weighed in, which was clipped
    assert (weights(shop, "ABC"), shop.auditor.issued()) == ([1, 0.5, 1], 2_500_000)


def test_by_hand_no_weight_goes_above_the_cap_nor_below_nothing_but_a_refund_may_follow() -> None:
    shop = Shop("share_plan", {"A": None}, share_cap="3", yuan_per_share="100")
    shop.buy("a1", "A", "200")
    assert shop.adjust("A", "shares", "1.000001").refused == "limit"
    assert shop.adjust("A", "shares", "1").refused is None
    shop.adjust("A", "shares", "-2.5")
    assert weights(shop, "A") == [0.5]
    shop.refund("a1", "100")
    assert (weights(shop, "A"), shop.auditor.issued()) == ([-0.5], -500_000)
    shop.adjust("A", "shares", "-1")
    assert weights(shop, "A") == [-0.5]


def test_the_sponsor_has_his_part_of_the_weight_and_keeps_it_while_upstream_is_kept() -> None:
    params = {"referral_weight_rate": "50%", "upstream": "keep", "yuan_per_share": "2000"}
    shop = Shop("cyclic_purchase", {"A": None, "B": "A"}, **params)
    shop.buy("b1", "B", "2000")
    shop.refund("b1", "1000")
    assert weights(shop, "AB") == [0.5, 0.5]
    shop.switch(upstream="reverse")
    shop.refund("b1", "1000")  # only this half is taken back from A
    assert weights(shop, "AB") == [0.25, 0]


def test_in_a_composition_each_part_has_the_weight_of_its_own_rules() -> None:
    parts = "[cyclic_purchase, {consumption_dividend: {referral_weight_rate: contribution_rate}}]"
    plan = load_plan_text(f"preset: both\ncompose: {parts}\nparams: {{referral_weight_rate: 50%}}\n")
    shop = Shop(plan, {"A": None, "B": "A"})
    shop.buy("b1", "B", "2000")  # 1 share, half of it for A; 2000 of contribution, a fifth of it for A
    assert (weights(shop, "AB"), weights(shop, "AB", "contribution")) == ([0.5, 1], [400, 2000])


# -- ranks ----------------------------------------------------------------------------------------------------------


def test_a_tier_is_fixed_by_the_order_and_looked_up_by_name_in_the_ladder_of_the_day() -> None:
    shop = Shop("consumption_dividend", {"A": None})
    shop.buy("a1", "A", "3000")
    shop.buy("a2", "A", "1000")
    shop.refund("a1", "2999")
    assert shop.auditor.rank("A") == "L2"
    shop.switch(tiers=[{"name": "L1", "min": "5000", "quota": "2", "contribution": "1", "commission": "0%",
                        "pool_part": "1%"}])  # fmt: skip
    assert shop.auditor.rank("A") == "L1"  # of the second order, though it would not reach this row today
    shop.refund("a2", "1000")
    assert shop.auditor.rank("A") is None


def test_an_honour_level_follows_the_weight_at_once_and_an_appointment_is_a_floor() -> None:
    levels = [{"rank": "V1", "min": "1"}, {"rank": "V2", "min": "2"}]
    shop = Shop("cyclic_purchase", {"A": None}, honour_levels=levels, yuan_per_share="100")
    shop.buy("a1", "A", "199.99")
    assert shop.auditor.rank("A") == "V1"
    shop.adjust("A", "shares", "0.0001")
    assert shop.auditor.rank("A") == "V2"
    shop.do(RankSet, member="A", rank="V1")
    shop.refund("a1", "199.99")
    assert shop.auditor.rank("A") == "V1"
    shop.do(RankSet, member="A", rank=None)
    assert shop.auditor.rank("A") is None


# -- pools ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cents", "parts"),
    [("1.00", {"A": 340_000, "B": 330_000, "C": 330_000}), ("0.02", {"A": 10_000, "B": 10_000, "C": 0})],
)
def test_cents_left_over_go_to_the_earlier_joined(cents, parts) -> None:
    assert divide(int(float(cents) * MICRO) + 9_999, {"A": 7, "B": 7, "C": 7}) == parts


def test_the_cents_left_over_go_to_the_largest_remainders() -> None:
    assert divide(MICRO, {"A": 1, "B": 2}) == {"A": 330_000, "B": 670_000}


def three(**params: object) -> Shop:
    """A, B and C have one share each, and 1, 3.5 and 100 credits."""
    shop = Shop("cyclic_purchase", {"A": None, "B": None, "C": None, "D": None}, **params)
    for member, credits_left in (("A", "1"), ("B", "3.5"), ("C", "100")):
        shop.adjust(member, "shares", "1")
        shop.adjust(member, "credits", credits_left)
    return shop


def test_what_the_short_cannot_take_stays_or_is_divided_again_until_nobody_is_short() -> None:
    shop = three()
    donate(shop, "dividend", "9")
    assert units(shop.close()) == {("A", "dividend"): 1, ("B", "dividend"): 3, ("C", "dividend"): 3}
    assert shop.auditor.pool("dividend") == 2 * MICRO
    again = three(excess="redistribute")  # 3 each; A has 1, then of 8 each 4; B has 3.5, then C the rest
    donate(again, "dividend", "9")
    assert units(again.close()) == {("A", "dividend"): 1, ("B", "dividend"): 3.5, ("C", "dividend"): 4.5}
    assert again.auditor.pool("dividend") == 0
    donate(again, "dividend", "0.3")  # A and B have no credits left and have retired
    assert units(again.close()) == {("C", "dividend"): 0.3}


def test_who_does_not_retire_takes_a_part_that_nobody_gets() -> None:
    shop = three(retire_weights=False)
    shop.adjust("B", "credits", "-3.5")
    donate(shop, "dividend", "0.3")
    assert units(shop.close()) == {("A", "dividend"): 0.1, ("C", "dividend"): 0.1}
    assert shop.auditor.pool("dividend") == 100_000


def test_heads_count_one_each_whatever_they_weigh() -> None:
    shop = three(honour_levels=[{"rank": "V1", "min": "1"}])
    shop.adjust("C", "shares", "8")
    donate(shop, "honour", "1.5")
    assert units(shop.close()) == {(member, "honour"): 0.5 for member in "ABC"}


def test_a_division_drains_the_oldest_lots_and_a_refund_of_their_order_takes_it_back_to_the_pool() -> None:
    shop = Shop("cyclic_purchase", {"A": None}, credit_multiple="1", pool_share="0%")
    shop.buy("a1", "A", "10")
    shop.buy("a2", "A", "100")
    donate(shop, "dividend", "30")
    shop.close()
    assert shop.lots("A", "credits") == [0, 80]
    assert units(shop.refund("a1", "5")) == {("A", "refund"): -5}
    assert shop.auditor.pool("dividend") == 5 * MICRO
    assert units(shop.refund("a2", "100")) == {("A", "refund"): -20}


def test_a_dividend_without_lots_stands_whatever_is_refunded() -> None:
    shop = Shop("distribution", {"A": None, "B": None}, pool_share="10%", generations=[])
    shop.adjust("A", "stake", "2")
    shop.adjust("B", "stake", "1")
    shop.buy("b1", "B", "30")
    assert units(shop.close()) == {("A", "shareholders"): 2, ("B", "shareholders"): 1}
    assert units(shop.refund("b1", "30")) == {}
    assert (shop.auditor.pool("shareholders"), shop.auditor.pool_debt("shareholders")) == (0, 3 * MICRO)


@pytest.mark.parametrize(("lower_too", "low"), [(True, (0.25, 0.75)), (False, (1, 0))])
def test_tier_pools_are_fed_in_their_parts_and_shared_by_rank(lower_too, low) -> None:
    shop = Shop("consumption_dividend", {"X": None, "Y": None, "Z": None}, higher_shares_lower=lower_too)
    for member, rank, weight in (("X", "L1", 100), ("Y", "L2", 300), ("Z", None, 900)):
        shop.do(RankSet, member=member, rank=rank)
        for store, amount in (("contribution", weight), ("quota", 1000)):
            shop.do(StoreAdjusted, member=member, store=store, amount=amount * MICRO)
    donate(shop, "L1", "1")
    donate(shop, "L2", "0.5")
    paid = units(shop.close())
    expected = {("X", "dividend"): low[0], ("Y", "dividend"): low[1] + 0.5}
    assert paid == expected


def test_each_pool_of_a_family_is_fed_in_one_quotient_and_gives_back_its_own() -> None:
    shop = Shop("consumption_dividend", {"A": None}, pool_share="0.025%")
    shop.buy("a1", "A", "1000.01")  # 0.2500025: of that exactly 40 % and 60 %
    assert (shop.auditor.pool("L1"), shop.auditor.pool("L2")) == (100_001, 150_001)
    shop.refund("a1", "1000.01")
    assert (shop.auditor.pool("L1"), shop.auditor.pool("L2")) == (0, 0)
