"""The auditor by hand, line by line: which lines take part, at which rates, and what their refunds take back."""

from typing import Any

import pytest
from tests.simulate.test_auditor import BARE, Shop, units

from jifen.core.micros import MICRO, parse_micros
from jifen.engine.events import Line, MemberJoined, OrderPaid, OrderRefunded, PoolDonated
from jifen.plan import load_plan_text, revise
from jifen.plan.load import preset_text
from jifen.simulate.audit_refunds import spread
from jifen.simulate.auditor import Auditor, Outcome


def line(name: str, amount: str, **facts: Any) -> Line:
    """A line of product ``s`` and its own name, unless another is named; amounts are written in units."""
    facts = {key: parse_micros(value) if key == "cost" else value for key, value in facts.items()}
    return Line(line=name, amount=parse_micros(amount), **{"sku": f"s{name}", **facts})


def buy(shop: Shop, order: str, member: str, *lines: Line, **pay: str) -> Outcome:
    used = tuple((asset, parse_micros(amount)) for asset, amount in pay.items())
    return shop.do(OrderPaid, id=order, member=member, lines=lines, pay=used)


def refund(shop: Shop, order: str, **lines: str) -> Outcome:
    """Give back lines, named ``n1`` and so on."""
    named = tuple((name[1:], parse_micros(amount)) for name, amount in lines.items())
    return shop.do(OrderRefunded, order=order, amount=sum(amount for _, amount in named), lines=named)


# -- which lines take part ------------------------------------------------------------------------------------------


def test_only_lines_of_the_plans_products_take_part() -> None:
    shop = Shop("points_dividend", {"A": None}, skus=["s1"], **BARE)
    buy(shop, "o1", "A", line("1", "100"), line("2", "50"))
    assert (shop.lots("A"), shop.auditor.performance("A")) == ([100], 100 * MICRO)
    refund(shop, "o1", n2="30")
    assert shop.lots("A") == [100]
    shop.refund("o1", "60")  # of 100 and 20 that are left: 50 and 10
    assert (shop.lots("A"), shop.auditor.performance("A")) == ([50], 50 * MICRO)
    assert shop.refund("o1", "60.01").refused == "too_much"
    assert shop.refund("o1", "60").refused is None


def test_an_order_of_other_products_does_not_even_count_in_measures() -> None:
    shop = Shop("points_dividend", {"A": None}, skus=["s1"], reserve_share="10%", **BARE)
    buy(shop, "o1", "A", line("2", "50"))
    assert (shop.lots("A"), shop.auditor.performance("A"), shop.auditor.reserve) == ([], 0, 0)
    assert shop.refund("o1", "50").refused is None


def test_the_plan_of_the_day_of_settlement_says_which_lines_take_part() -> None:
    shop = Shop("points_dividend", {"A": None}, settle_at="settled", refund_days=0, skus=["s1"], **BARE)
    buy(shop, "o1", "A", line("1", "100"), line("2", "50"))
    refund(shop, "o1", n2="20")
    shop.switch(skus=["s2"])
    shop.close()
    shop.switch(skus=["s1"])
    assert (shop.lots("A"), shop.auditor.performance("A")) == ([30], 30 * MICRO)


def test_a_tier_is_judged_by_all_that_takes_part() -> None:
    shop = Shop("green_points", {"A": None}, skus=["s1", "s2"])
    buy(shop, "o1", "A", line("1", "2000"), line("2", "1000"), line("3", "6000"))
    buy(shop, "o2", "A", line("1", "2000"), line("3", "7000"))
    assert (shop.lots("A"), shop.auditor.performance("A")) == ([7500], 5000 * MICRO)


def test_a_voucher_pays_for_its_products_only() -> None:
    shop = Shop("points_dividend", {"A": None}, voucher_skus=["s1"])
    shop.adjust("A", "voucher", "100")
    assert buy(shop, "o1", "A", line("2", "100"), voucher="1").refused == "asset_forbidden"
    gift = (line("2", "100"), line("1", "0"))
    assert buy(shop, "o1", "A", *gift, voucher="1").refused == "asset_forbidden"
    both = (line("1", "60"), line("2", "40"))
    assert buy(shop, "o1", "A", *both, voucher="60.01").refused == "asset_limit"
    assert buy(shop, "o1", "A", *both, voucher="60").refused is None
    assert units(refund(shop, "o1", n2="40")) == {("A", "refund"): 24}  # in proportion to the whole order


# -- rates by line --------------------------------------------------------------------------------------------------


def test_each_line_has_the_rate_of_the_first_override_that_fits() -> None:
    overrides = [
        {"where": {"merchant": "m1"}, "pool_share": "10%"},
        {"where": {"sku": "s1"}, "pool_share": "50%"},
        {"where": {"category": "c1"}, "pool_share": "30%"},
        {"where": {"zone": "z1"}, "pool_share": "0%"},
    ]
    shop = Shop("rebate_queue", {"A": None}, overrides=overrides)
    lines = (
        line("1", "100", merchant="m1", category="c1"),  # 50
        line("2", "100", merchant="m1", category="c1", zone="z1"),  # 30
        line("3", "100", merchant="m1", zone="z1"),  # 10
        line("4", "100", merchant="m2", zone="z1"),  # 0
        line("5", "100", merchant="m2"),  # the plan's 20
    )
    buy(shop, "o1", "A", *lines)
    assert shop.auditor.pool("queue") == 110 * MICRO
    refund(shop, "o1", n1="50", n4="100")
    assert shop.auditor.pool("queue") == 85 * MICRO


def test_the_parts_of_the_lines_are_rounded_down_together() -> None:
    overrides = [{"where": {"sku": "s1"}, "pool_share": "33.3399%"}]
    shop = Shop("rebate_queue", {"A": None}, pool_share="33.3398%", overrides=overrides)
    buy(shop, "o1", "A", line("1", "0.01"), line("2", "0.01"))
    assert shop.auditor.pool("queue") == 6667  # 3333.99 + 3333.98


def test_a_lot_and_its_releases_survive_by_the_rates_of_the_lines() -> None:
    overrides = [{"where": {"sku": "s1"}, "points_per_yuan": "3"}]
    shop = Shop("points_dividend", {"A": None}, overrides=overrides, **BARE)
    buy(shop, "o1", "A", line("1", "100"), line("2", "100"))
    assert shop.lots("A") == [400]
    shop.close()
    shop.close()  # 40
    assert units(refund(shop, "o1", n1="100")) == {("A", "refund"): -30}
    assert shop.lots("A") == [90]
    shop.adjust("A", "points", "-50")
    refund(shop, "o1", n2="50")  # 50 granted; 5 of the release and 25 of the removal stand
    assert (shop.lots("A"), shop.auditor.balance("A", "cash")) == ([20], 5 * MICRO)


def test_a_walk_on_points_stands_on_the_lines_as_the_points_do() -> None:
    overrides = [{"where": {"sku": "s1"}, "points_per_yuan": "3"}]
    shop = Shop("points_dividend", {"A": None, "B": "A"}, **{**BARE, "generations": ["50%"]}, overrides=overrides)
    shop.adjust("A", "points", "1000")
    assert units(buy(shop, "o1", "B", line("1", "100"), line("2", "100"))) == {("A", "generation"): 200}
    assert units(refund(shop, "o1", n1="100")) == {("A", "refund"): -150}


def test_a_refund_while_upstream_is_kept_counts_by_line_too() -> None:
    overrides = [{"where": {"sku": "s1"}, "points_per_yuan": "3"}]
    params = {**BARE, "generations": ["50%"], "upstream": "keep"}
    shop = Shop("points_dividend", {"A": None, "B": "A"}, **params, overrides=overrides)
    shop.adjust("A", "points", "1000")
    buy(shop, "o1", "B", line("1", "100"), line("2", "100"))  # A: 200, of which 150 stand on the first line
    assert units(refund(shop, "o1", n1="100")) == {}
    shop.switch(upstream="reverse")
    assert units(refund(shop, "o1", n2="50")) == {("A", "refund"): -25}


def test_a_daily_walk_stands_on_the_lines_of_the_releasing_lot() -> None:
    overrides = [{"where": {"sku": "s1"}, "points_per_yuan": "3"}]
    params = {**BARE, "generations": ["50%"], "generation_base": "static_release"}
    shop = Shop("points_dividend", {"A": None, "B": "A"}, **params, overrides=overrides)
    shop.adjust("A", "points", "1000")
    buy(shop, "o1", "B", line("1", "100"), line("2", "100"))
    shop.close()
    assert units(shop.close()) == {("B", "static"): 40, ("A", "generation"): 20}
    assert units(refund(shop, "o1", n1="100")) == {("B", "refund"): -30, ("A", "refund"): -15}


def test_a_rate_by_line_holds_on_a_walk_and_where_the_plans_own_rate_is_nothing() -> None:
    overrides = [{"where": {"sku": "s1"}, "accelerate_rate": "30%"}]
    shop = Shop("rebate_queue", {"A": None, "B": "A"}, accelerate_rate="0%", overrides=overrides)
    shop.do(PoolDonated, pool="queue", amount=500 * MICRO)
    shop.buy("o1", "A", "100")
    assert units(buy(shop, "o2", "B", line("1", "100"), line("2", "100"))) == {("A", "accelerate"): 30}
    assert units(refund(shop, "o2", n2="100")) == {}
    assert units(refund(shop, "o2", n1="50")) == {("A", "refund"): -15}


def test_tokens_stand_on_the_lines_as_the_feed_does() -> None:
    overrides = [{"where": {"sku": "s1"}, "pool_share": "50%"}]
    shop = Shop("appreciation", {"A": None}, refund_mode="exact_undo", overrides=overrides)
    buy(shop, "o1", "A", line("1", "100"), line("2", "100"))
    assert (shop.auditor.pool("pool"), shop.auditor.tokens("A")) == (80 * MICRO, 56 * MICRO)
    refund(shop, "o1", n1="100")  # 3 of 8 parts stand
    assert (shop.auditor.pool("pool"), shop.auditor.tokens("A")) == (30 * MICRO, 21 * MICRO)


# -- margin ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("settle_at", "points"), [("paid", 70), ("settled", 35)])
def test_what_an_order_earns_is_summed_over_its_lines_and_kept_in_proportion(settle_at: str, points: int) -> None:
    plan = load_plan_text(preset_text("points_dividend").replace("of: trigger_amount", "of: trigger_margin"))
    shop = Shop("points_dividend", {"A": None})
    shop.auditor = Auditor(revise(plan, {**BARE, "skus": ["s1", "s2"], "settle_at": settle_at, "refund_days": 0}))
    shop.do(MemberJoined, member="A")
    lines = (line("1", "100", cost="30"), line("2", "50", cost="80"), line("3", "50", cost="1"))
    buy(shop, "o1", "A", *lines)
    if settle_at == "settled":
        refund(shop, "o1", n2="50", n1="25")
        shop.close()
    assert shop.lots("A") == [points]
    if settle_at == "paid":
        refund(shop, "o1", n2="50", n1="25")
        assert shop.lots("A") == [35]


# -- refunds --------------------------------------------------------------------------------------------------------


def test_a_refund_of_the_whole_is_spread_over_the_lines_by_what_is_left_in_all() -> None:
    """20000 of 30000 are left: ⌊20000 × 1/3⌋ = 6666, ⌊20000 × 2/3⌋ − 6666 = 6667, and the rest."""
    shop = Shop("points_dividend", {"A": None})
    buy(shop, "o1", "A", line("1", "0.01"), line("2", "0.01"), line("3", "0.01"))
    order = shop.auditor.books.orders["o1"]
    assert spread(order, 10_000) == [3334, 3333, 3333]
    shop.refund("o1", "0.01")
    assert order.left == [6666, 6667, 6667]
    assert spread(order, 20_000) == [6666, 6667, 6667]


def test_two_refunds_of_the_whole_leave_what_one_of_both_leaves() -> None:
    shop = Shop("points_dividend", {"A": None})
    for order in ("o1", "o2"):
        buy(shop, order, "A", line("1", "0.01"), line("2", "0.05"))
    shop.refund("o1", "0.02")
    shop.refund("o2", "0.01")
    shop.refund("o2", "0.01")
    once, twice = (shop.auditor.books.orders[order].left for order in ("o1", "o2"))
    assert once == twice == [6666, 33334]


def test_assets_that_paid_the_whole_come_back_each_rounded_by_itself() -> None:
    shop = Shop("points_dividend", {"A": None})
    shop.adjust("A", "coin", "0.01")
    shop.adjust("A", "cash", "0.02")
    buy(shop, "o1", "A", line("1", "0.03"), coin="0.01", cash="0.02")
    shop.refund("o1", "0.01")
    # Of coin 6666.66 stay used, of cash 13333.33: together a micro-unit more comes back than the refund.
    assert (shop.auditor.balance("A", "coin"), shop.auditor.balance("A", "cash")) == (3334, 6667)


def test_a_refund_by_line_must_fit_the_order() -> None:
    shop = Shop("points_dividend", {"A": None})
    buy(shop, "o1", "A", line("1", "60"), line("2", "40"))
    assert refund(shop, "o1", n3="1").refused == "unknown_order"
    assert refund(shop, "o1", n1="60.01").refused == "too_much"
    assert refund(shop, "o1", n1="0.001").refused == "bad_amount"
    wrong_sum = OrderRefunded(id="r", day=0, order="o1", amount=2 * MICRO, lines=(("1", MICRO),))
    assert shop.auditor.apply(wrong_sum).refused == "bad_amount"
    twice = (("1", 31 * MICRO), ("1", 30 * MICRO))
    assert shop.do(OrderRefunded, order="o1", amount=61 * MICRO, lines=twice).refused == "too_much"
    assert shop.do(OrderRefunded, order="o1", amount=60 * MICRO, lines=(("1", 30 * MICRO),) * 2).refused is None
    assert shop.lots("A") == [40]


def test_a_line_needs_a_name_of_its_own_and_an_order_an_amount() -> None:
    shop = Shop("points_dividend", {"A": None})
    assert buy(shop, "o1", "A", line("1", "0"), line("2", "0")).refused == "bad_amount"
    assert buy(shop, "gift", "A", line("1", "1"), line("2", "0")).refused is None
    assert buy(shop, "o1", "A", line("1", "1"), line("1", "1")).refused == "bad_amount"
    assert buy(shop, "o1", "A", line("1", "1", cost="-1")).refused == "bad_amount"
