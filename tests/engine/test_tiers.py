"""Tiers: the row of an order, and what it gives: a multiple of a base, or a sum."""

import pytest
from tests.engine.shop import Shop, chain_of, yuan

from jifen.engine.explain import explain
from jifen.plan import load_plan_text
from jifen.plan.load import preset_text


def plan(rule: str) -> Shop:
    """m0 above m1 above …: one rule by the amount of an order, 10 from 100 on, 25 from 1000 on."""
    text = f"""
preset: sums
title: {{en: Sums, zh: 见单奖}}
params:
  settle_at: paid
  funding: merchant
  order_rewards: [{{min: 100, reward: 10}}, {{min: 1000, reward: 25}}]
stores:
  points: {{lots: parallel}}
rules:
  - {{id: grant, when: order, amount: {{share: 100%, of: trigger_amount}}, pay: {{grant: points}}}}
  - {{id: static, when: daily, amount: {{schedule: points, rate: 1%}}, gate: {{drain: points}}, pay: {{asset: cash}}}}
  - {rule}
"""
    return Shop(load_plan_text(text)).join(**chain_of(5))


EACH = """{id: level, when: order, amount: {tier: $order_rewards.reward, at: single_order},
     who: {walk: referral, by: generation, depth: 3}, pay: {asset: cash}}"""
OWN = "{id: own, when: order, amount: {tier: $order_rewards.reward, at: cumulative}, pay: {asset: cash}}"


@pytest.mark.parametrize(
    ("amount", "each"), [("99.99", None), ("100", "10"), ("999.99", "10"), ("1000", "25"), ("5000", "25")]
)
def test_each_of_so_many_levels_gets_the_same_sum(amount: str, each: str | None) -> None:
    shop = plan(EACH)
    wanted = {} if each is None else {member: {"level": yuan(each)} for member in ("m1", "m2", "m3")}
    assert shop.order("o1", "m4", amount).paid() == wanted


def test_the_top_of_the_tree_ends_the_levels() -> None:
    shop = plan(EACH)
    assert shop.order("o1", "m1", "100").paid() == {"m0": {"level": yuan("10")}}
    assert shop.order("o2", "m0", "100").paid() == {}


def test_an_order_may_be_in_the_plan_and_below_a_table_of_sums() -> None:
    """The first table says what is in the plan: from 3000 on. The sum of the second begins at 5000."""
    own = "  - {id: own, when: order, amount: {tier: $order_rewards.reward, at: single_order}, pay: {asset: cash}}\n"
    text = preset_text("green_points").replace("params:", "params:\n  order_rewards: [{min: 5000, reward: 10}]")
    static = text.index("  - {id: static")
    shop = Shop(load_plan_text(text[:static] + own + text[static:])).join(a=None)
    assert shop.order("o1", "a", "4999.99").paid() == {}
    assert shop.remaining("a") == [yuan("12499.975")]
    assert shop.order("o2", "a", "5000").paid() == {"a": {"own": yuan("10")}}


def test_a_sum_shrinks_with_its_order_and_is_not_judged_again() -> None:
    """25 for 1000; 900 come back: a tenth of 25, not the 10 of a smaller order."""
    shop = plan(EACH)
    shop.order("o1", "m1", "1000")
    shop.refund("o1", "450")
    shop.refund("o1", "450")
    assert shop.cash("m0") == yuan("2.5")


def test_a_sum_of_ones_own_is_judged_by_all_spend() -> None:
    """100, then 100 + 899.99, then above 1000 in all."""
    shop = plan(OWN)
    found = [shop.order(f"o{place}", "m1", amount).paid() for place, amount in enumerate(("99", "900.99", "0.01"))]
    assert found == [{}, {"m1": {"own": yuan("10")}}, {"m1": {"own": yuan("25")}}]


def test_a_sum_is_explained_with_all_of_itself_at_one_rate() -> None:
    shop = plan(EACH)
    shop.order("o1", "m2", "1000")
    (told,) = explain(shop.world, "m0", 0)
    (source,) = told.sources
    assert (told.rule, told.amount, told.asset, told.dust) == ("level", yuan("25"), "cash", 0)
    assert (source.member, source.order, source.base, source.rate) == ("m2", "o1", yuan("25"), 1_000_000)
    assert source.passed == ()


def test_the_largest_order_that_a_tier_outgrows_gives_its_multiple() -> None:
    """consumption_dividend: quota twice the amount; contribution as much as the amount; below 1000 nothing."""
    shop = Shop("consumption_dividend").join(a=None)
    for order, amount in (("o1", "999.99"), ("o2", "1000"), ("o3", "3000")):
        shop.order(order, "a", amount)
    assert shop.remaining("a", "quota") == [yuan("2000"), yuan("6000")]
    assert shop.world.weight("a", "contribution") == yuan("4000")
