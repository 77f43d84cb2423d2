"""An order takes effect: what it is, earns and grants, as bases of what its rules pay."""

import pytest
from tests.engine.shop import Shop, yuan

from jifen.engine.events import Line
from jifen.plan.load import load_plan_text, preset_text


def test_points_are_a_base_of_their_own() -> None:
    """100 at 2 points a yuan: the sponsor's 20% are 40; of the amount they are 20."""
    for base, paid in (("trigger_points", "40"), ("trigger_amount", "20")):
        shop = Shop(points_per_yuan="2", generations=["20%"], generation_base=base).join(a=None, b="a")
        shop.order("oa", "a", "100")
        assert shop.order("ob", "b", "100").paid() == {"a": {"generation": yuan(paid)}}


@pytest.mark.parametrize(("base", "paid"), [("own_granted", "30"), ("own_remaining", "26")])
def test_the_receivers_live_lots_are_a_base_too(base: str, paid: str) -> None:
    """a was granted 100 and 50, of which 20 were removed; a third lot is gone, so it does not count."""
    shop = Shop(generations=["20%"], generation_base=base).join(a=None, b="a")
    shop.order("o1", "a", "10")
    shop.adjust("a", "points", "-10")
    shop.order("o2", "a", "100")
    shop.order("o3", "a", "50")
    shop.adjust("a", "points", "-20")
    assert shop.order("ob", "b", "1").paid() == {"a": {"generation": yuan(paid)}}


def test_a_line_below_its_cost_earns_nothing_and_takes_nothing_from_the_others() -> None:
    """100 at a cost of 60 earns 40, 50 at a cost of 80 nothing: a fifth of 40; half returned, half of it."""
    shop = Shop(load_plan_text(preset_text("rebate_queue").replace("of: trigger_amount", "of: trigger_margin")))
    shop.join(a=None)
    lines = (Line(amount=yuan("100"), cost=yuan("60")), Line(amount=yuan("50"), line="2", cost=yuan("80")))
    shop.lines("o", "a", *lines)
    assert (shop.remaining("a", "claim"), shop.world.pool("queue")) == ([yuan("40")], yuan("8"))
    shop.refund("o", "75")
    assert (shop.remaining("a", "claim"), shop.world.pool("queue")) == ([yuan("20")], yuan("4"))


@pytest.mark.parametrize(("amount", "granted"), [("2999.99", []), ("3000", ["7500"]), ("8999.99", ["22499.975"])])
def test_a_tier_is_judged_by_the_order(amount: str, granted: list[str]) -> None:
    shop = Shop("green_points").join(a=None)
    shop.order("o", "a", amount)
    assert shop.remaining("a") == [yuan(each) for each in granted]
    assert shop.world.performance("a") == yuan(amount), "below the first row it counts in measures all the same"


def test_or_by_all_the_buyer_has_spent() -> None:
    """2999.99, then one cent: 3000 in all, so 2.5 × 0.01."""
    shop = Shop("green_points", tier_by="cumulative").join(a=None)
    shop.order("o1", "a", "2999.99")
    shop.order("o2", "a", "0.01")
    assert shop.remaining("a") == [yuan("0.025")]


def test_an_order_of_other_articles_does_not_even_count() -> None:
    shop = Shop(skus=["s1"]).join(a=None)
    shop.order("o1", "a", "100", sku="s2")
    shop.order("o2", "a", "100")
    assert (shop.remaining("a"), shop.world.performance("a")) == ([], 0)
    assert shop.refund("o1", "100").accepted == 1


def test_the_first_override_that_fits_a_line_counts() -> None:
    """Product before category before merchant before zone before the plan: 3, 2 and 1 points a yuan."""
    overrides = [
        {"where": {"zone": "z"}, "points_per_yuan": "5"},
        {"where": {"category": "c"}, "points_per_yuan": "2"},
        {"where": {"sku": "s"}, "points_per_yuan": "3"},
    ]
    shop = Shop(overrides=overrides).join(a=None)
    shop.lines(
        "o", "a", Line(amount=yuan("10"), sku="s", category="c", zone="z"),
        Line(amount=yuan("10"), line="2", category="c", zone="z"), Line(amount=yuan("10"), line="3"),
    )  # fmt: skip
    assert shop.remaining("a") == [yuan("60")]
    shop.refund("o", "10", **{"1": "10"})
    assert shop.remaining("a") == [yuan("30")]


def test_a_walk_has_rates_by_line_too() -> None:
    """Half of s1's 20 and a fifth of the other 80, out of a's claim."""
    overrides = [{"where": {"sku": "s1"}, "accelerate_rate": "50%"}]
    shop = Shop("rebate_queue", overrides=overrides).join(a=None, b="a")
    shop.order("oa", "a", "100")
    lines = (Line(amount=yuan("20"), sku="s1"), Line(amount=yuan("80"), line="2"))
    assert shop.lines("ob", "b", *lines).paid() == {"a": {"accelerate": yuan("26")}}
    shop.refund("ob", "20", **{"1": "20"})
    assert shop.remaining("a", "claim") == [yuan("84")]
