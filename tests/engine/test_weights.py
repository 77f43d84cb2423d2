"""Weights: what an order gives its buyer and his sponsor, caps, removals by hand, what refunds leave."""

from itertools import permutations
from typing import Any

import pytest
from tests.engine.shop import Shop, yuan

from jifen.engine.books import Books
from jifen.engine.columns import SUM_MAX
from jifen.engine.events import AgentSet, Line, PlanActivated, StoreAdjusted
from jifen.engine.weights import weigh
from jifen.plan import load_plan, load_plan_text, revise
from jifen.plan.load import preset_text


def shares(**params: Any) -> Shop:
    """One share for every 1000 yuan; the sponsor gets 10 % of what his referral's order weighs."""
    params = {"yuan_per_share": "1000", "referral_weight_rate": "10%"} | params
    return Shop("cyclic_purchase", **params).join(a=None, b="a")


def weights(shop: Shop, store: str = "shares") -> list[int]:
    return [shop.world.weight(member, store) for member in "ab"]


def capped(cap: str) -> Shop:
    """As ``shares``, with so many in all."""
    text = preset_text("cyclic_purchase").replace("shares: {weight: member}", f"shares: {{weight: member, cap: {cap}}}")
    params = {"yuan_per_share": "1000", "referral_weight_rate": "10%"}
    return Shop(revise(load_plan_text(text), params)).join(a=None, b="a")


def test_shares_come_in_parts_and_the_sponsor_gets_his() -> None:
    shop = shares()
    shop.order("o1", "b", "2500")
    assert weights(shop) == [yuan("0.25"), yuan("2.5")]
    assert shop.world.issued() == yuan("2.75")


def test_a_weight_is_rounded_down() -> None:
    """100 ÷ 3 shares, and 10 % of them."""
    shop = shares(yuan_per_share="3")
    shop.order("o1", "b", "100")
    assert weights(shop) == [3_333_333, 33_333_333]


@pytest.mark.parametrize("parts", [["100"], ["50", "50"], ["0.01", "33.33", "66.66"]])
def test_what_is_kept_decides_in_how_many_steps_ever(parts: list[str]) -> None:
    """200 of 300 are kept: 66.666666 of 100 shares, 6.666666 of 10."""
    shop = shares(yuan_per_share="3")
    shop.order("o1", "b", "300")
    for part in parts:
        shop.refund("o1", part)
    assert weights(shop) == [6_666_666, 66_666_666]
    shop.refund("o1", "200")
    assert (weights(shop), shop.world.issued()) == ([0, 0], 0)


def test_refunds_of_several_orders_commute() -> None:
    found = set()
    for order in permutations(["o1", "o2", "o3"]):
        shop = shares(yuan_per_share="7")
        for name, amount in (("o1", "100"), ("o2", "55.55"), ("o3", "3.01")):
            shop.order(name, "b", amount)
        for name in order:
            shop.refund(name, "3")
        found.add(tuple(weights(shop)))
    assert len(found) == 1


def test_kept_upstream_leaves_the_sponsor_his_and_the_buyer_nothing() -> None:
    shop = shares(upstream="keep")
    shop.order("o1", "b", "2000")
    shop.refund("o1", "2000")
    assert weights(shop) == [yuan("0.2"), 0]


def test_a_later_refund_under_reverse_takes_back_its_own_part_only() -> None:
    """A quarter is given back under keep, half under reverse: the sponsor keeps half, the buyer a quarter."""
    shop = shares()
    shop.order("o1", "b", "2000")
    shop.book(PlanActivated, plan=revise(shop.plan, {"upstream": "keep"}))
    shop.refund("o1", "500")
    shop.book(PlanActivated, plan=shop.plan)
    shop.refund("o1", "1000")
    assert weights(shop) == [yuan("0.1"), yuan("0.5")]


def test_a_cap_clips_what_is_given_and_what_was_taken_back_is_free_again() -> None:
    shop = capped("5")
    shop.order("o1", "b", "3000")
    assert weights(shop) == [yuan("0.3"), yuan("3")]
    shop.order("o2", "b", "9000")
    assert weights(shop) == [yuan("0.3"), yuan("4.7")], "1.7 were left, and then nothing for the sponsor"
    shop.refund("o2", "4500")
    assert weights(shop) == [yuan("0.3"), yuan("3.85")], "half of the 1.7 it was given"
    shop.order("o3", "a", "100000")
    assert weights(shop) == [yuan("1.15"), yuan("3.85")]


def test_the_sponsors_part_counts_from_the_clipped_weight() -> None:
    """2 shares are left: b gets 1.9 for 1900 and a what is left, 0.1, not 0.19."""
    shop = capped("2")
    shop.order("o1", "b", "1900")
    assert weights(shop) == [yuan("0.1"), yuan("1.9")]
    shop = capped("2")
    shop.adjust("a", "shares", "1.5")
    shop.adjust("b", "shares", "0.4")
    shop.order("o1", "b", "500")
    assert weights(shop) == [yuan("1.5"), yuan("0.5")], "0.1 of 0.5 for b"


def test_a_rule_that_pays_something_else_gives_no_weight() -> None:
    world = shares().world
    grant = world.program.steps[0]
    assert weigh(Books(world), grant, 0, yuan("1"), (0, -1)) == 0


def test_by_hand_no_more_is_given_than_may_be_issued_and_no_more_taken_than_is_there() -> None:
    shop = capped("5")
    assert [refusal.code for refusal in shop.adjust("a", "shares", "5.000001").refusals] == ["limit"]
    assert shop.adjust("a", "shares", "5").refusals == ()
    shop.adjust("a", "shares", "-7")
    assert (weights(shop), shop.world.issued()) == ([0, 0], 0)
    assert len(shop.adjust("a", "shares", "-1").transfers) == 0


def test_a_weight_falls_below_zero_where_what_a_refund_takes_was_removed() -> None:
    shop = shares()
    shop.order("o1", "a", "3000")
    shop.adjust("a", "shares", "-2")
    shop.refund("o1", "2000")
    assert weights(shop) == [yuan("-1"), 0]
    assert len(shop.adjust("a", "shares", "-1").transfers) == 0, "nothing is there"
    shop.order("o2", "a", "1500")
    assert weights(shop) == [yuan("0.5"), 0]
    shop.close()


def test_below_zero_frees_room_under_a_cap() -> None:
    shop = capped("5")
    shop.order("o1", "a", "3000")
    shop.adjust("a", "shares", "-3")
    shop.refund("o1", "3000")
    shop.adjust("b", "shares", "8")
    assert (weights(shop), shop.world.issued()) == ([yuan("-3"), yuan("8")], yuan("5"))


def test_the_first_weight_store_of_the_plan_is_issued() -> None:
    assert Shop("points_dividend").world.issued() == 0
    shop = Shop("share_plan", yuan_per_share="10").join(a=None)
    shop.order("o1", "a", "25")
    assert shop.world.issued() == yuan("2.5")


def test_lines_of_several_rates_weigh_by_their_rate() -> None:
    """2 a yuan for s1, else 1: 100 × 2 + 100; then 50 of s1 come back."""
    text = preset_text("share_plan").replace("per: $yuan_per_share", "share: $points_per_yuan")
    text = text.replace("  yuan_per_share: 2000", "  points_per_yuan: 1")
    overrides = [{"where": {"sku": "s1"}, "points_per_yuan": "2"}]
    shop = Shop(revise(load_plan_text(text), {"overrides": overrides})).join(a=None)
    shop.lines("o1", "a", Line(amount=yuan("100"), sku="s1"), Line(amount=yuan("100"), line="2"))
    assert shop.world.weight("a", "shares") == yuan("300")
    shop.refund("o1", "50", **{"1": "50"})
    assert shop.world.weight("a", "shares") == yuan("200")
    shop.refund("o1", "100", **{"2": "100"})
    assert shop.world.weight("a", "shares") == yuan("100")


def test_an_agent_may_be_given_weight_and_a_buyer_as_his_own_agent_does_not_keep_it() -> None:
    text = preset_text("distribution").replace("{walk: region, by: rank}, pay: {asset: $pay_asset}",
                                               "{walk: region, by: rank}, pay: {weight: stake}")  # fmt: skip
    shop = Shop(revise(load_plan_text(text), {"upstream": "keep", "pool_share": "1%"})).join(a=None, b=None)
    shop.book(AgentSet, member="a", region="粤")
    shop.book(AgentSet, member="b", region="粤/深")
    shop.order("o1", "a", "100", region="粤/深")
    assert weights(shop, "stake") == [yuan("3"), yuan("5")]
    shop.refund("o1", "100")
    assert weights(shop, "stake") == [0, yuan("5")]


def test_a_refund_finds_its_weights_after_the_store_has_left_the_plan() -> None:
    shop = shares()
    shop.order("o1", "b", "2000")
    shop.book(PlanActivated, plan=load_plan("points_dividend"))
    shop.refund("o1", "1000")
    assert weights(shop) == [yuan("0.1"), yuan("1")]
    shop.close()


def test_all_weights_above_zero_can_be_added_up_whatever_is_below() -> None:
    """What a gives back after a removal by hand is below zero; it must not let others pass 64 bits together."""
    shop = shares(yuan_per_share="0.000001", referral_weight_rate="0%", retire_weights=False)
    assert weights(shop) == [0, 0]
    shop.order("o1", "a", "5000000")
    assert weights(shop) == [SUM_MAX - 1, 0]
    shop.book(StoreAdjusted, member="a", store="shares", amount=-(SUM_MAX - 1))
    shop.order("o2", "b", "5000000")
    shop.refund("o1", "5000000")
    shop.order("o3", "b", "5000000")
    assert weights(shop) == [1 - SUM_MAX, SUM_MAX - 1]
    too_much = shop.book(StoreAdjusted, member="b", store="shares", amount=1)
    assert [refusal.code for refusal in too_much.refusals] == ["limit"]
    assert shop.close().paid() == {"b": {"dividend": yuan("1000000")}}, "10 % of two orders"
