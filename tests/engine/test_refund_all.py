"""Refunds where one order causes effects of every kind: rewards without lots, places, weights, claims, dividends."""

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from tests.engine.shop import Shop, everything, yuan

from jifen.engine.events import AgentSet
from jifen.plan import load_plan, load_plan_text, revise

EVERYTHING = """
preset: everything
title: {en: Everything, zh: 全部}
compose:
  - distribution
  - refer_three: {requires_own_order: place_own_order}
  - consumption_dividend: {pool_share: tier_share}
  - cyclic_purchase: {pool_share: dividend_share, referral_weight_rate: share_rate}
params: {generations: [3%, 2%], referral_rates: [5%, 10%], tier_share: 10%, pool_share: 3%, dividend_share: 7%,
         share_rate: 50%, honour_share: 3%, honour_levels: [{rank: H1, min: 1}]}
"""


def all_of_it(on_shortfall: str = "prorate", **params: Any) -> Shop:
    """Four parts over one shop: rewards without lots, agents, places, weights, families; 50 in the reserve."""
    plan = revise(load_plan_text(EVERYTHING), {"funding": "reserve", "on_shortfall": on_shortfall} | params)
    shop = Shop(plan).join(a=None, b="a", c="b", d="b")
    shop.book(AgentSet, member="c", region="粤/深")
    shop.book(AgentSet, member="a", region="粤")
    shop.top_up("50")
    for order, member, amount in (
        ("oa", "a", "3000"),
        ("ob", "b", "1200.01"),
        ("oc", "c", "4000.10"),
        ("od", "d", "999.99"),
    ):
        shop.order(order, member, amount, region="粤/深/南山")
    return shop


def held(shop: Shop) -> dict[str, Any]:
    """What everyone and every fund has; refunds may not depend on their steps or order."""
    state = everything(shop.world)
    kept = ("reserve", "reserve_debt", "pool_balance", "pool_debt_of", "weights", "issued_totals", "shared_totals")
    found = {key: state[key] for key in kept} | {key: state[key] for key in state if key.startswith("wallet ")}
    found["remaining"] = state["lots"]["remaining"]
    found["freed"] = state["positions"]["freed"]
    found["owed"] = [shop.world.owed(member) for member in "abcd"]
    found["ranks"] = [[ladder["earned"]] for ladder in state["ladders"].values()]
    return found


STEPS = (("ob", "700.01"), ("oc", "1000.09"), ("od", "999.99"))


@pytest.mark.parametrize("on_shortfall", ["prorate", "defer", "suspend"])
@pytest.mark.parametrize("upstream", ["reverse", "keep"])
def test_refunds_of_all_that_orders_cause_commute_and_halves_are_the_whole(on_shortfall: str, upstream: str) -> None:
    found = []
    for steps in permutations(STEPS):
        shop = all_of_it(on_shortfall, upstream=upstream)
        for order, amount in steps:
            shop.refund(order, amount)
        found.append(held(shop))
    shop = all_of_it(on_shortfall, upstream=upstream)
    for order, _ in STEPS:
        shop.refund(order, "0.33")
    for order, amount in reversed(STEPS):
        shop.refund(order, str(Decimal(amount) - Decimal("0.33")))
    found.append(held(shop))
    assert found == [found[0]] * len(found)


def test_refunds_commute_after_claims_were_paid_in_part_and_pools_divided() -> None:
    found = []
    for steps in permutations(STEPS):
        shop = all_of_it()
        for money in ("30", "20.01"):
            shop.top_up(money)
            shop.close()
        for order, amount in steps:
            shop.refund(order, amount)
        found.append(held(shop))
    assert found == [found[0]] * len(found)


def test_all_given_back_leaves_no_reward_weight_place_or_claim() -> None:
    shop = all_of_it()
    shop.top_up("30")
    for order in ("oc", "oa", "od", "ob"):
        shop.refund(order, {"oa": "3000", "ob": "1200.01", "oc": "4000.10", "od": "999.99"}[order])
    state = held(shop)
    assert state["owed"] == [0] * 4
    assert (state["reserve"], state["reserve_debt"]) == (yuan("80"), 0)
    assert set(state["freed"]) == {1}
    assert [shop.cash(member) for member in "abcd"] == [0] * 4
    assert all(set(weights["amount"]) == {0} for weights in state["weights"].values())
    assert (set(state["pool_balance"]), set(state["pool_debt_of"]), set(state["remaining"])) == ({0}, {0}, {0})
    assert shop.world.claims == {}
    shop.close()


def test_after_an_exit_rewards_weights_and_places_are_taken_back_all_the_same() -> None:
    """The exit closes o1 (21 tokens worth more than 20); its referral reward and its place end with it."""
    plan = revise(load_plan("refer_three_appreciation"), {"exit_multiple": "0.2", "funding": "merchant"})
    shop = Shop(plan).join(s=None, a="s", b="s")
    shop.order("own", "s", "100")
    assert shop.order("o1", "a", "100").paid()["s"]["referral"] == yuan("10")
    assert shop.world.tokens("a") == 0
    shop.refund("o1", "100")
    assert shop.order("o2", "b", "100").paid()["s"]["referral"] == yuan("10"), "the first place is free again"


def test_a_family_of_pools_gives_back_what_was_fed() -> None:
    """10 % of 999.99 by 40 : 60, each rounded down by itself; a third is given back, then the rest."""
    shop = Shop("consumption_dividend").join(a=None)
    shop.order("o1", "a", "1000.01")
    assert [shop.world.pool(pool) for pool in ("L1", "L2")] == [yuan("40.0004"), yuan("60.0006")]
    shop.refund("o1", "333.33")
    assert [shop.world.pool(pool) for pool in ("L1", "L2")] == [yuan("26.6672"), yuan("40.0008")]
    shop.donate("L1", "1")
    shop.refund("o1", "666.68")
    assert [shop.world.pool(pool) for pool in ("L1", "L2")] == [yuan("1"), 0]
