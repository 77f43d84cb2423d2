"""Refunds worked by hand: what survives is ⌊effect × kept now ÷ kept then⌋, of each order it stands on."""

from typing import Any

import pytest
from tests.engine.shop import Shop, yuan

from jifen.engine.events import PlanActivated
from jifen.plan import revise


def test_a_grant_survives_rounded_down() -> None:
    """A third of a point per yuan: of 0.333333 points half stands, 0.1666665, so 0.166666."""
    shop = Shop(points_per_yuan="0.333333").join(a=None)
    shop.order("o", "a", "1")
    shop.refund("o", "0.5")
    assert shop.remaining("a") == [166_666]


def test_a_feed_survives_rounded_down() -> None:
    shop = Shop("rebate_queue", pool_share="33.3333%").join(a=None)
    shop.order("o", "a", "1")
    shop.refund("o", "0.5")
    assert shop.world.pool("queue") == 166_666


def test_a_tender_survives_rounded_down() -> None:
    """Of 3 micro-units of coin one still pays for the half that is kept, two come back."""
    shop = Shop().join(a=None)
    shop.adjust("a", "coin", "1")
    shop.order("o", "a", "1", pay={"coin": "0.000003"})
    shop.refund("o", "0.5")
    assert shop.world.balance("a", "coin") == yuan("1") - 1


def test_a_payment_survives_rounded_down() -> None:
    shop = Shop(generations=["33.3333%"]).join(a=None, b="a")
    shop.order("oa", "a", "100")
    shop.order("ob", "b", "1")
    assert shop.cash("a") == 333_333
    shop.refund("ob", "0.5")
    assert (shop.cash("a"), shop.remaining("a")) == (166_666, [yuan("100") - 166_666])


def test_the_reserves_share_survives_rounded_down() -> None:
    shop = Shop(funding="reserve", reserve_share="33.3333%").join(a=None)
    shop.order("o", "a", "1")
    shop.refund("o", "0.5")
    assert shop.world.reserve == 166_666


def test_what_survives_stands_on_both_orders_one_after_the_other() -> None:
    """20 on b's order out of a's lot. Half of b's: 10. A third of a's given back as well: ⌊10 × 2 ÷ 3⌋."""
    for order in (("oa", "ob"), ("ob", "oa")):
        shop = Shop(generations=["20%"]).join(a=None, b="a")
        shop.order("oa", "a", "90")
        shop.order("ob", "b", "100")
        for name in order:
            shop.refund(name, {"oa": "30", "ob": "50"}[name])
        stands = yuan("10") * 2 // 3
        assert (shop.cash("a"), shop.remaining("a")) == (stands, [yuan("60") - stands])


def test_what_is_taken_back_returns_to_the_newest_lot_it_came_from() -> None:
    """60 drained 20 and 40; a third of it returned, so 40 stand: 20 in the oldest lot and 20 in the next."""
    shop = Shop(generations=["20%"]).join(a=None, b="a")
    shop.order("o1", "a", "20")
    shop.order("o2", "a", "100")
    shop.order("ob", "b", "300")
    assert shop.remaining("a") == [0, yuan("60")]
    shop.refund("ob", "100")
    assert shop.remaining("a") == [0, yuan("80")]
    shop.refund("ob", "200")
    assert shop.remaining("a") == [yuan("20"), yuan("100")]


def walk(lot: str, *below: str) -> Shop:
    """a has ``lot`` left after his own release and half of what each below releases, 36 a day."""
    shop = Shop("green_points", generations=["50%"]).join(a=None, **dict.fromkeys(below, "a"))
    shop.order("oa", "a", "3000")
    shop.adjust("a", "points", f"-{7500 - 36 - int(lot)}")
    for member in below:
        shop.order(f"o{member}", member, "3000")
    shop.close(2)
    return shop


def test_a_clamped_payment_loses_each_sources_part_of_what_was_paid() -> None:
    """36 wanted for b and c, 20 left: each has 10 in it, not 18."""
    shop = walk("20", "b", "c")
    assert shop.cash("a") == yuan("56")
    shop.refund("ob", "3000")
    assert shop.cash("a") == yuan("46")
    shop.refund("oc", "3000")
    assert shop.cash("a") == yuan("36")


def test_parts_count_from_what_was_due_not_from_what_a_short_reserve_paid() -> None:
    """b and c release 36, a wants 36 of it: 108, of which the reserve has half; a gets 18, half of it from b.

    Then b has 20 left: 20 + 36 + 28 are wanted, 75.6 are there: b is paid 18 again, a 25.2, of which 9 from b.
    """
    shop = Shop("green_points", generations=["50%"], funding="reserve").join(a=None, b="a", c="a")
    shop.adjust("a", "points", "1000")
    for member in "bc":
        shop.order(f"o{member}", member, "3000")
    shop.close()
    shop.top_up("54")
    assert shop.close().paid()["b"] == {"static": yuan("18")}
    shop.adjust("b", "points", "-7462")
    shop.top_up("75.6")
    assert shop.close().paid()["b"] == {"static": yuan("18")}
    assert shop.cash("a") == yuan("43.2")
    shop.refund("ob", "3000")
    assert shop.cash("a") == yuan("25.2")


def test_dust_stands_on_no_source_and_stays() -> None:
    """Three sources, 20 to share: each part is 6.666666, two micro-units stay."""
    shop = walk("20", "b", "c", "d")
    for member in "bcd":
        shop.refund(f"o{member}", "3000")
    assert shop.cash("a") == yuan("36") + 2


def test_a_release_taken_back_revives_the_lot_at_once() -> None:
    """Sequential: o1 was emptied on day 1, o2 began on day 2; ob returned, o1 is the oldest live lot again."""
    shop = Shop(generations=["20%"]).join(a=None, b="a")
    shop.order("o1", "a", "20")
    shop.order("o2", "a", "100")
    shop.close()
    shop.order("ob", "b", "100")
    shop.close(2)
    assert shop.remaining("a") == [0, yuan("99")]
    shop.refund("ob", "100")
    assert shop.remaining("a") == [yuan("20"), yuan("99")]
    assert shop.close().paid()["a"] == {"static": yuan("0.2")}


def test_the_daily_amount_follows_what_is_kept() -> None:
    """1.2% of 3000, then of 1500; 1% of the grant, then of half of it."""
    for name, amount, before, after in (("green_points", "3000", "36", "18"), ("points_dividend", "100", "1", "0.5")):
        shop = Shop(name).join(a=None)
        shop.order("o", "a", amount)
        shop.close()
        assert shop.close().paid() == {"a": {"static": yuan(before)}}
        shop.refund("o", str(int(amount) // 2))
        assert shop.close().paid() == {"a": {"static": yuan(after)}}


@pytest.mark.parametrize(("retier", "granted"), [(False, "15000"), (True, "12500")])
def test_a_smaller_order_keeps_its_multiple_unless_the_plan_judges_again(retier: bool, granted: str) -> None:
    """9000 at 3; 5000 kept: 3 × 5000, or 2.5 × 5000 by the table."""
    shop = Shop("green_points", retier=retier).join(a=None)
    shop.order("o", "a", "9000")
    shop.refund("o", "4000")
    assert shop.remaining("a") == [yuan(granted)]


def test_a_lot_is_judged_again_by_the_table_of_its_day() -> None:
    shop = Shop("green_points", retier=True).join(a=None)
    shop.order("o", "a", "9000")
    tiers = [{"name": "初级", "min": "3000", "multiple": "1"}]
    shop.book(PlanActivated, plan=revise(shop.plan, {"tiers": tiers, "retier": False}))
    shop.refund("o", "4000")
    assert shop.remaining("a") == [yuan("12500")]


def test_under_a_lower_grant_the_newest_release_goes_first() -> None:
    """13500 points released at 1, then 13500 at a half; 5000 of 9000 kept: 7500 and 7500 stand, the grant is 12500.

    So 2500 of the newest go: 7500 + 5000 ÷ 2.
    """
    shop = Shop("green_points", retier=True).join(a=None)
    shop.order("o", "a", "9000")
    shop.close(126)
    shop.book(PlanActivated, plan=revise(shop.plan, {"asset_per_point": "0.5"}))
    shop.close(125)
    assert shop.cash("a") == yuan("20250")
    shop.refund("o", "4000")
    assert shop.cash("a") == yuan("10000")


def test_a_lot_that_was_emptied_today_and_then_returned_holds_nobody_up() -> None:
    """Without the refund o2 would begin tomorrow; the order of o1 and of the refund makes no difference."""
    shop = Shop(generations=["20%"], start_lag_days=0).join(a=None, b="a")
    shop.order("o1", "a", "20")
    shop.order("o2", "a", "100")
    shop.order("ob", "b", "100")
    shop.refund("o1", "20")
    assert shop.close().paid()["a"] == {"static": yuan("1")}


def test_a_release_stands_on_what_was_kept_on_its_own_day() -> None:
    """100 micro-units a day of 100.99, of which 99 stand at 100.98; then 100 more, of 100.98; then half is returned.

    Of 199, ⌊100 × 5048 ÷ 10099⌋ and ⌊100 × 5048 ÷ 10098⌋ stand: 98.
    """
    shop = Shop(daily_rate="0.0001%").join(a=None)
    shop.order("o", "a", "100.99")
    shop.close(2)
    shop.refund("o", "0.01")
    assert shop.cash("a") == 99
    shop.close()
    assert shop.cash("a") == 199
    shop.refund("o", "50.50")
    assert shop.cash("a") == 98


def test_below_the_first_row_a_lot_that_is_judged_again_is_gone_and_paid_back() -> None:
    shop = Shop("green_points", retier=True).join(a=None)
    shop.order("o", "a", "3000")
    shop.close(3)
    assert shop.cash("a") == yuan("72")
    shop.refund("o", "0.01")
    assert (shop.cash("a"), shop.remaining("a")) == (0, [0])


@pytest.mark.parametrize("refunds", [(("oa", "100"), ("ob", "200")), (("ob", "200"), ("oa", "100"))])
def test_what_stands_again_comes_out_of_the_reserve_that_took_it_back(refunds: tuple[tuple[str, str], ...]) -> None:
    """Each lot of 400 releases 100 a day, a half of b's 100 goes to a: two runs give a 300 and b 200, all there is.

    Half of oa returned: granted are 100 for the half that is kept, and of a's 2 × (50 + 25) the newest 50 give way: the
    walk's 25 and 25 of his own. Then ob: the walk's 25 of the first run go too, and the 25 of his own stand again. At
    each of the two 200 come back to the reserve. The other way ob brings b's 200 and the walk's 100, and oa 100.
    """
    tiers = [{"name": "low", "min": "100", "multiple": "1"}, {"name": "high", "min": "200", "multiple": "2"}]
    terms: dict[str, Any] = {"tiers": tiers, "retier": True, "daily_rate": "50%", "generations": ["50%"], "ranks": []}
    shop = Shop("green_points", **terms, funding="reserve", reserve_share="0%").join(a=None, b="a")
    shop.order("oa", "a", "200")
    shop.order("ob", "b", "200")
    shop.top_up("500")
    shop.close(3)
    assert (shop.cash("a"), shop.cash("b"), shop.world.reserve) == (yuan("300"), yuan("200"), 0)
    for order, amount in refunds:
        shop.refund(order, amount)
    assert (shop.cash("a"), shop.cash("b"), shop.world.reserve) == (yuan("100"), 0, yuan("400"))


def upstream_keeps() -> Shop:
    """b's order has given a 20, and a's lot has given a 20 in a walk: the plan lets others keep theirs."""
    shop = Shop(generations=["20%"], upstream="keep").join(a=None, b="a")
    shop.order("oa", "a", "100")
    shop.order("ob", "b", "100")
    return shop


def test_others_keep_what_they_got_where_the_plan_says_so() -> None:
    shop = upstream_keeps()
    shop.refund("ob", "100")
    assert (shop.cash("a"), shop.remaining("a"), shop.remaining("b")) == (yuan("20"), [yuan("80")], [0])


def test_but_nobody_keeps_what_came_out_of_his_own_returned_lot() -> None:
    shop = upstream_keeps()
    shop.refund("oa", "100")
    assert (shop.cash("a"), shop.remaining("a")) == (0, [0])


def test_a_later_refund_under_reverse_takes_back_only_what_it_returns_itself() -> None:
    """Half returned while others kept theirs; the other half, under reverse, is half of 20."""
    shop = upstream_keeps()
    shop.refund("ob", "50")
    shop.book(PlanActivated, plan=revise(shop.plan, {"upstream": "reverse"}))
    shop.refund("ob", "50")
    assert shop.cash("a") == yuan("10")


def test_what_was_spent_becomes_a_debt_that_later_earnings_repay() -> None:
    shop = Shop("green_points").join(a=None)
    shop.order("o", "a", "3000")
    shop.close(2)
    shop.adjust("a", "cash", "-36")
    shop.refund("o", "3000")
    assert shop.cash("a") == -yuan("36")
    shop.order("o2", "a", "3000")
    shop.close(2)
    assert shop.cash("a") == 0


def parts_by_rank(day_of_change: int) -> Any:
    """b releases 36 on days 1, 2 and 3; a is bronze (10%) until a day, silver (20%) from it on."""
    shop = Shop("green_points", generations=[]).join(a=None, b="a")
    shop.order("oa", "a", "3000")
    shop.order("ob", "b", "3000")
    shop.rank("a", "青铜")
    for day in range(4):
        if day == day_of_change:
            shop.rank("a", "白银")
        shop.close()
    return shop


@pytest.mark.parametrize(("day", "team"), [(1, "21.6"), (2, "18"), (3, "14.4")])
def test_past_walks_are_taken_back_by_the_ranks_of_their_day(day: int, team: str) -> None:
    """3.6 a day, then 7.2; the source given back, only a's own three releases stand."""
    shop = parts_by_rank(day)
    assert shop.cash("a") == yuan("108") + yuan(team)
    shop.refund("ob", "3000")
    assert shop.cash("a") == yuan("108")


def test_before_its_window_ends_a_refund_only_lowers_the_order() -> None:
    shop = Shop(settle_at="settled", refund_days=3).join(a=None)
    shop.order("o", "a", "100")
    assert shop.refund("o", "40").paid() == {}
    shop.close(4)
    assert shop.remaining("a") == [yuan("60")]


def test_articles_outside_the_plan_are_given_back_without_effect() -> None:
    from jifen.engine.events import Line

    shop = Shop(skus=["s1"]).join(a=None)
    shop.lines("o", "a", Line(amount=yuan("60"), sku="s1"), Line(amount=yuan("40"), line="2", sku="s2"))
    assert (shop.remaining("a"), shop.world.performance("a")) == ([yuan("60")], yuan("60"))
    shop.refund("o", "40", **{"2": "40"})
    assert (shop.remaining("a"), shop.world.performance("a")) == ([yuan("60")], yuan("60"))
    shop.refund("o", "30", **{"1": "30"})
    assert (shop.remaining("a"), shop.world.performance("a")) == ([yuan("30")], yuan("30"))


def test_what_was_given_back_before_an_order_took_effect_is_no_loss_of_its_releases() -> None:
    """Of 5333.33 333.33 is given back at once; of 5000 61.725 is released a day, of that 20.574979 for the sponsor.

    When 777.77 more is given back, 17.374458 of it stands (4222.23 of 5000), and 3.200521 is taken back.
    """
    shop = Shop("green_points", settle_at="settled", refund_days=2, daily_rate="1.2345%", generations=["33.3333%"])
    shop.join(a=None, b="a")
    shop.order("o1", "a", "10000")
    shop.order("o2", "b", "5333.33")
    shop.refund("o2", "333.33")
    for _ in range(4):
        paid = shop.close().paid()
    assert (paid["b"]["static"], paid["a"]["generation"]) == (yuan("61.725"), yuan("20.574979"))
    back = shop.refund("o2", "777.77")
    taken = back.transfers[back.transfers["reason"] == back.rules.index("generation")]
    assert taken["amount"].tolist() == [yuan("3.200521")]
