"""Rewards without a lot that the reserve cannot pay: owed, paid first in the next run, lowered by refunds."""

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.shop import Shop, everything, yuan

from jifen.core.errors import BrokenInvariant
from jifen.engine.events import PlanActivated, ReserveToppedUp
from jifen.ledger.journal import Account, Journal
from jifen.plan import load_plan, load_plan_text, revise
from jifen.plan.load import preset_text


def funded(rule: str = "prorate", per_point: str = "1", **params: Any) -> Shop:
    """m0 above a above b and c: 10 % to the parent, 5 % to the grandparent, from the reserve, which is empty."""
    text = preset_text("distribution").replace(
        "own_order: $requires_own_order}, pay: {asset: $pay_asset}",
        f"own_order: $requires_own_order}}, pay: {{asset: $pay_asset, per_point: {per_point}}}",
    )
    assert per_point in text
    plan = revise(load_plan_text(text), {"funding": "reserve", "on_shortfall": rule} | params)
    return Shop(plan).join(m0=None, a="m0", b="a", c="a")


def owed(shop: Shop) -> list[int]:
    return [shop.world.owed(member) for member in ("m0", "a")]


def cash(shop: Shop) -> list[int]:
    return [shop.cash(member) for member in ("m0", "a")]


def claimed(journal: Journal, rule: str) -> list[int]:
    """What the journal moves into claims of unit ``owed``, and out of them (below 0), by one rule."""
    rows = journal.transfers[journal.transfers["asset"] == journal.assets.index("owed")]
    assert {journal.rules[row["rule"]] for row in rows} <= {rule}
    return [int(row["amount"]) * (1 if row["to_kind"] == Account.CLAIM else -1) for row in rows]


def test_what_an_empty_reserve_does_not_pay_is_owed_and_paid_first_in_the_next_run() -> None:
    shop = funded()
    journal = shop.order("o1", "b", "100")
    assert (journal.paid(), owed(shop)) == ({}, [yuan("5"), yuan("10")])
    assert claimed(journal, "generation") == [yuan("10"), yuan("5")]
    shop.close()
    assert owed(shop) == [yuan("5"), yuan("10")]
    shop.top_up("40")
    shop.order("o2", "c", "100")
    assert cash(shop) == [yuan("5"), yuan("10")], "the new order is paid at once, the claim in the run"
    journal = shop.close()
    assert journal.paid() == {"m0": {"generation": yuan("5")}, "a": {"generation": yuan("10")}}
    assert claimed(journal, "generation") == [-yuan("10"), -yuan("5")]
    assert (owed(shop), shop.world.reserve, shop.world.claims) == ([0, 0], yuan("10"), {})


@pytest.mark.parametrize(
    ("rule", "at_once", "later"),
    [
        ("prorate", ["2", "4"], ["3.5", "7"]),  # 6 of 15, then 4.5 of 9
        ("defer", ["0", "6"], ["0.5", "10"]),  # the parent first, then the oldest claim: 4 and 0.5
        ("suspend", ["0", "0"], ["0", "0"]),
    ],
)
def test_a_short_reserve_is_shared_at_the_order_and_in_the_run(rule: str, at_once: list[str], later: list[str]) -> None:
    """10 and 5 are due; the reserve has 6, and 4.5 more in the run."""
    shop = funded(rule)
    shop.top_up("6")
    shop.order("o1", "b", "100")
    assert cash(shop) == [yuan(part) for part in at_once]
    shop.top_up("4.5")
    shop.close()
    assert cash(shop) == [yuan(part) for part in later]
    assert [a + b for a, b in zip(owed(shop), cash(shop), strict=True)] == [yuan("5"), yuan("10")]


def test_claims_are_paid_before_orders_settle() -> None:
    """The claim of 15 takes all there is; the order that settles in the same run is owed its 15."""
    shop = funded(settle_at="settled", refund_days=1)
    shop.order("o1", "b", "100")
    shop.close()
    shop.order("o2", "b", "100")
    shop.close()
    assert owed(shop) == [yuan("5"), yuan("10")]
    shop.top_up("15")
    assert shop.close().paid() == {"m0": {"generation": yuan("5")}, "a": {"generation": yuan("10")}}
    assert owed(shop) == [yuan("5"), yuan("10")]


def test_each_claim_is_prorated_and_rounded_down() -> None:
    """⌊10 × 1 ÷ 15⌋ and ⌊5 × 1 ÷ 15⌋ micro-units' worth: a micro-unit stays in the reserve."""
    shop = funded()
    shop.order("o1", "b", "100")
    shop.top_up("1")
    shop.close()
    assert (cash(shop), shop.world.reserve) == ([333_333, 666_666], 1)


def test_a_refund_lowers_what_is_owed_before_it_takes_back() -> None:
    """10 due, 4 paid. 30 % back: 3 less owed; 80 % back: 2 stand, so 2 of the 4 return to the reserve."""
    shop = funded("defer", generations=["10%"])
    shop.top_up("4")
    shop.order("o1", "b", "100")
    assert claimed(shop.refund("o1", "30"), "refund") == [-yuan("3")]
    assert (owed(shop), cash(shop)) == ([0, yuan("3")], [0, yuan("4")])
    shop.refund("o1", "50")
    assert (owed(shop), cash(shop), shop.world.reserve) == ([0, 0], [0, yuan("2")], yuan("2"))
    shop.close()
    shop.refund("o1", "20")
    assert (cash(shop), shop.world.reserve, shop.world.claims) == ([0, 0], yuan("4"), {})


def test_what_was_paid_late_is_taken_back_like_the_rest() -> None:
    shop = funded("defer", generations=["10%"])
    shop.top_up("4")
    shop.order("o1", "b", "100")
    shop.top_up("3")
    shop.close()
    assert (owed(shop), cash(shop)) == ([0, yuan("3")], [0, yuan("7")])
    shop.refund("o1", "50")
    assert (owed(shop), cash(shop), shop.world.reserve) == ([0, 0], [0, yuan("5")], yuan("2"))


def test_kept_upstream_a_refund_leaves_the_claim_but_not_the_buyers_own() -> None:
    shop = funded(upstream="keep", generations=["10%"])
    shop.order("o1", "b", "100")
    shop.refund("o1", "100")
    shop.top_up("100")
    assert shop.close().paid() == {"a": {"generation": yuan("10")}}


def test_what_is_taken_back_may_be_a_debt() -> None:
    shop = funded("defer", generations=["10%"])
    shop.top_up("10")
    shop.order("o1", "b", "100")
    shop.adjust("a", "cash", "-10")
    shop.refund("o1", "100")
    assert (cash(shop), shop.world.reserve) == ([0, -yuan("10")], yuan("10"))


def test_a_claim_keeps_its_terms_when_the_plan_changes() -> None:
    """Half a unit a point, from the reserve; now the merchant pays, one for one, and then there is no such rule."""
    shop = funded(per_point="0.5", generations=["10%"])
    shop.order("o1", "b", "100")
    merchants = revise(load_plan("distribution"), {"funding": "merchant", "generations": ["10%"]})
    shop.book(PlanActivated, plan=merchants)
    shop.order("o2", "b", "100")
    assert (cash(shop), owed(shop)) == ([0, yuan("10")], [0, yuan("10")])
    shop.top_up("2")
    assert shop.close().paid() == {"a": {"generation": yuan("2")}}
    shop.book(PlanActivated, plan=load_plan("points_dividend"))
    shop.top_up("1")
    assert shop.close().paid() == {"a": {"generation": yuan("1")}}
    assert owed(shop) == [0, yuan("4")]
    shop.refund("o1", "100")
    assert (owed(shop), cash(shop), shop.world.reserve) == ([0, 0], [0, yuan("10")], yuan("3"))


def test_half_points_are_paid_in_one_quotient() -> None:
    """3 points are worth 1 of the smallest units, 6 are worth 3: paid in two parts a claim loses nothing."""
    shop = funded("defer", per_point="0.5", generations=["100%"])
    shop.order("o1", "b", "0.01")
    for money in (1, 2, 1, 4_996):
        shop.book(ReserveToppedUp, amount=money)
        shop.close()
    assert (owed(shop), cash(shop), shop.world.reserve) == ([0, 0], [0, 5_000], 0)
    shop.refund("o1", "0.01")
    assert (cash(shop), shop.world.reserve) == ([0, 0], 5_000)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 3_000), min_size=3, max_size=6), st.sampled_from(("prorate", "defer")),
       st.sampled_from(("0.5", "0.333333", "1", "2.5")), st.lists(st.integers(0, 2), max_size=3))  # fmt: skip
def test_whatever_is_paid_when_a_whole_refund_leaves_nothing(
    money: list[int], rule: str, per_point: str, early: list[int]
) -> None:
    shop, amounts = funded(rule, per_point), ["0.07", "0.13", "0.31"]
    for place, amount in enumerate(amounts):
        shop.order(f"o{place}", "b", amount)
    for place, part in enumerate(money):
        shop.book(ReserveToppedUp, amount=part)
        before = shop.world.reserve
        paid = sum(sum(rules.values()) for rules in shop.close().paid().values())
        assert (shop.world.reserve, paid <= before) == (before - paid, True)
        if place < len(early):
            shop.refund(f"o{early[place]}", "0.01")
    for place, amount in enumerate(amounts):
        gone = early[: len(money)].count(place)
        shop.refund(f"o{place}", f"0.{round(float(amount) * 100) - gone:02d}")
    assert (cash(shop), owed(shop), shop.world.reserve) == ([0, 0], [0, 0], sum(money))


def test_refunds_commute_and_halves_are_the_whole_whether_paid_before_or_after() -> None:
    found = []
    for steps in permutations(["o1", "o2", "run"]):
        for parts in (["30"], ["15", "15"], ["0.01", "29.99"]):
            shop = funded("prorate", generations=["7%"])
            shop.order("o1", "b", "33.33")
            shop.order("o2", "c", "77.77")
            for step in steps:
                if step == "run":
                    shop.top_up("100")
                    shop.close()
                else:
                    for part in parts:
                        shop.refund(step, part)
            shop.close()
            found.append((cash(shop), owed(shop), shop.world.reserve))
    assert found == [found[0]] * len(found)
    assert found[0][0] == [0, yuan("0.2331") + yuan("3.3439")], "7 % of 3.33 and of 47.77"


def daily(rule: str) -> Shop:
    """b's lot of 1000 releases 10 a day; a gets 20 % of that without a lot of his own."""
    text = """
preset: friends
title: {en: Friends, zh: 朋友}
params: {settle_at: paid, daily_rate: 1%}
stores:
  points: {lots: parallel, lag: 0}
rules:
  - {id: grant, when: order, amount: {share: 100%, of: trigger_amount}, pay: {grant: points}}
  - {id: static, when: daily, amount: {schedule: points, rate: $daily_rate}, gate: {drain: points}, pay: {asset: cash}}
  - {id: friend, when: daily, amount: {share: 20%, of: static_release}, who: {walk: referral, depth: 1},
     pay: {asset: cash}}
"""
    shop = Shop(revise(load_plan_text(text), {"on_shortfall": rule})).join(m0=None, a="m0", b="a")
    shop.order("o1", "b", "1000")
    return shop


def test_a_daily_walk_without_lots_is_owed_what_the_reserve_lacks() -> None:
    """10 for b's lot, 2 for a; the reserve has 6: half of each. The lot keeps its 5, a is owed 1."""
    shop = daily("prorate")
    shop.top_up("6")
    assert shop.close().paid() == {"a": {"friend": yuan("1")}, "b": {"static": yuan("5")}}
    assert (owed(shop), shop.remaining("b")) == ([0, yuan("1")], [yuan("995")])
    shop.top_up("13")
    assert shop.close().paid() == {"a": {"friend": yuan("3")}, "b": {"static": yuan("10")}}
    assert owed(shop) == [0, 0]
    shop.refund("o1", "500")
    assert (cash(shop), shop.cash("b")) == ([0, yuan("2")], yuan("7.5"))
    shop.refund("o1", "500")
    assert (cash(shop), shop.cash("b"), shop.world.reserve) == ([0, 0], 0, yuan("19"))


def test_what_a_pool_lacks_for_a_daily_walk_is_forfeited_not_owed() -> None:
    """20 % of 10 a day for a, 10 % for m0, out of a pool of 2.5: in joining order, m0 1 and a 1.5 of his 2."""
    text = """
preset: pooled
title: {en: Pooled, zh: 资金池}
params: {settle_at: paid, funding: merchant, daily_rate: 1%, generations: [20%, 10%]}
stores:
  points: {lots: parallel, lag: 0}
  pot: {pool: money, donated: true}
rules:
  - {id: grant, when: order, amount: {share: 100%, of: trigger_amount}, pay: {grant: points}}
  - {id: static, when: daily, amount: {schedule: points, rate: $daily_rate}, gate: {drain: points}, pay: {asset: cash}}
  - {id: friend, when: daily, amount: {share: $generations, of: static_release},
     who: {walk: referral, by: generation}, pay: {asset: cash, from: pot}}
"""
    shop = Shop(load_plan_text(text)).join(m0=None, a="m0", b="a")
    shop.order("o1", "b", "1000")
    shop.donate("pot", "2.5")
    journal = shop.close()
    assert (cash(shop), journal.forfeited()) == ([yuan("1"), yuan("1.5")], {"a": yuan("0.5")})
    assert (owed(shop), shop.world.pool("pot")) == ([0, 0], 0)
    shop.refund("o1", "500")
    assert (cash(shop), shop.world.pool("pot")) == ([yuan("0.5"), yuan("0.75")], yuan("1.25"))


def test_suspended_all_of_a_walk_is_owed() -> None:
    shop = daily("suspend")
    shop.top_up("6")
    assert shop.close().paid() == {}
    assert (owed(shop), shop.remaining("b")) == ([0, yuan("2")], [yuan("1000")])
    shop.refund("o1", "250")
    assert owed(shop) == [0, yuan("1.5")]


def test_a_batch_of_events_owes_what_single_events_owe() -> None:
    """The books of a batch add up, claims included, and at the close all of them are counted again."""
    shop = funded("prorate")
    for count in range(5):
        shop.order(f"o{count}", "bc"[count % 2], f"{count + 1}.37")
        shop.top_up("0.11")
    shop.close()
    unpaid = {row: shop.world.owed_of(row) for row in range(shop.world.payments.size)}
    assert {row for row, points in unpaid.items() if points} == set(shop.world.claims)
    assert shop.world.control["claim owed"] == sum(unpaid.values()) > 0
    assert np.all(shop.world.payments.columns()["released"] >= 0)
    assert everything(shop.world)["claims"]


def test_what_is_taken_back_is_the_difference_of_two_quotients() -> None:
    """10000 points at a half are 5000; three sevenths, 4285 points, are 2142: 2858 go back."""
    shop = funded("defer", per_point="0.5", generations=["14.2858%"])
    shop.book(ReserveToppedUp, amount=5_000)
    shop.order("o1", "b", "0.07")
    assert (cash(shop), owed(shop)) == ([0, 5_000], [0, 0])
    shop.refund("o1", "0.04")
    assert (cash(shop), shop.world.reserve) == ([0, 2_142], 2_858)


def test_the_last_point_is_owed_too() -> None:
    shop = funded("defer", generations=["50%"])
    shop.book(ReserveToppedUp, amount=9_999)
    shop.order("o1", "b", "0.02")
    assert (cash(shop), owed(shop)) == ([0, 9_999], [0, 1])


def test_a_claim_that_the_journal_does_not_know_stops_the_day() -> None:
    shop = funded(generations=["10%"])
    shop.order("o1", "b", "100")
    shop.world.payments.paid[0] += 1
    with pytest.raises(BrokenInvariant):
        shop.close()
