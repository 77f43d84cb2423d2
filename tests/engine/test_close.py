"""The close of a day: phase after phase, each seeing what the ones before left."""

import pytest
from tests.engine.shop import Shop, chain_of, yuan

from jifen.engine.explain import explain
from jifen.plan.load import load_plan_text, preset_text


def test_all_scheduled_releases_come_before_all_walks() -> None:
    """a's last 36 go out as his own release; of b's 36 he then finds nothing left: 18 are forfeited."""
    shop = Shop("green_points", generations=["50%"]).join(a=None, b="a")
    shop.order("oa", "a", "3000")
    shop.adjust("a", "points", "-7464")
    shop.order("ob", "b", "3000")
    shop.close()
    journal = shop.close()
    assert journal.paid() == {"a": {"static": yuan("36")}, "b": {"static": yuan("36")}}
    assert journal.forfeited() == {"a": yuan("18")}


def test_generations_are_paid_before_the_team_before_peers() -> None:
    """b gets 18 + 3.6 of m's 36, and has 20 besides his own 36: the team's 3.6 finds 2."""
    shop = Shop("green_points", generations=["50%"]).join(b=None, m="b")
    shop.order("ob", "b", "3000")
    shop.adjust("b", "points", "-7444")
    shop.order("om", "m", "3000")
    shop.rank("b", "青铜")
    shop.close()
    assert shop.close().paid()["b"] == {"static": yuan("36"), "generation": yuan("18"), "team": yuan("2")}


@pytest.mark.parametrize(("spill", "paid", "lost"), [("next_lot", "18", "0"), ("forfeit", "10", "8")])
def test_a_daily_walk_goes_on_to_the_next_lot_or_forfeits(spill: str, paid: str, lost: str) -> None:
    """a's lots have 10 and 100, which release nothing by themselves; half of b's 36 is 18."""
    shop = Shop("green_points", generations=["50%"], spill=spill).join(a=None, b="a")
    shop.adjust("a", "points", "10")
    shop.adjust("a", "points", "100")
    shop.order("ob", "b", "3000")
    shop.close()
    journal = shop.close()
    assert journal.paid()["a"] == {"generation": yuan(paid)}
    assert journal.forfeited().get("a", 0) == yuan(lost)


@pytest.mark.parametrize(("lag", "first"), [(0, 0), (1, 1), (2, 2)])
def test_a_lot_of_day_d_first_releases_in_the_run_of_its_lag_later(lag: int, first: int) -> None:
    shop = Shop(start_lag_days=lag).join(a=None)
    shop.order("o", "a", "100")
    released = [bool(shop.close().paid()) for _ in range(4)]
    assert released == [day >= first for day in range(4)]


def test_the_last_day_pays_the_rest() -> None:
    """3000 × 2.5 = 7500 at 36 a day: 208 days of 36, then 12 on day 209, then nothing."""
    shop = Shop("green_points").join(a=None)
    shop.order("o", "a", "3000")
    assert shop.close(209).paid() == {"a": {"static": yuan("36")}}
    assert shop.close().paid() == {"a": {"static": yuan("12")}}
    assert shop.close().paid() == {}
    assert shop.cash("a") == yuan("7500")


def test_settlements_of_the_day_release_no_sooner_than_their_lag() -> None:
    shop = Shop(settle_at="settled", refund_days=1, start_lag_days=0).join(a=None)
    shop.order("o", "a", "100")
    assert shop.close().paid() == {}
    assert shop.close().paid() == {"a": {"static": yuan("1")}}, "settled in step 1, released in step 3"


def test_one_rate_with_a_depth_pays_so_many_generations_in_a_run_too() -> None:
    text = preset_text("green_points").replace("by: generation}", "by: generation, depth: 2}")
    plan = load_plan_text(text.replace("generations: [50%, 30%]", "generations: [10%]"))
    shop = Shop(plan).join(**chain_of(4))
    shop.order("o3", "m3", "3000")
    for member in ("m0", "m1", "m2"):
        shop.adjust(member, "points", "100")
    shop.close()
    paid = shop.close().paid()
    assert {member: rules["generation"] for member, rules in paid.items() if "generation" in rules} == {
        "m2": yuan("3.6"), "m1": yuan("3.6"),
    }  # fmt: skip
    (each,) = [each for each in explain(shop.world, "m1", 1) if each.rule == "generation"]
    assert [(source.member, source.points) for source in each.sources] == [("m3", yuan("3.6"))]


def test_a_walk_is_floored_once_over_all_its_sources() -> None:
    """Three releases of one micro-unit, a third of each: together one, each alone nothing."""
    members = {"a": None, "b": "a", "c": "a", "d": "a"}
    shop = Shop("points_dividend", daily_rate="0.01%", generations=["33.3334%"], generation_base="static_release",
                lot_mode="parallel").join(**members)  # fmt: skip
    shop.order("oa", "a", "1000")
    for member in "bcd":
        shop.order(f"o{member}", member, "0.01")
    shop.close()
    paid = shop.close().paid()
    assert [paid[member]["static"] for member in "bcd"] == [1, 1, 1]
    assert paid["a"]["generation"] == 1
