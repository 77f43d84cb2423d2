"""Which rows a lot's equal days of scheduled release have, and when they are written; all numbers worked by hand.

Lots are of 100 points at 1 % a day from the first day on, so one point a day, unless a test says otherwise.
"""

from tests.engine.shop import Shop, yuan

from jifen.engine import runs
from jifen.engine.events import PlanActivated
from jifen.engine.refund import standing_of
from jifen.plan import revise


def shop_of(**params: object) -> Shop:
    return Shop(start_lag_days=0, **params).join(a=None, b="a")


def rows(shop: Shop, lot: int = 0) -> list[tuple[str, int, int, int]]:
    """The rows that are written of a lot, in order of days: (rule, first day, last day, points of each day)."""
    world, releases = shop.world, shop.world.releases
    found, row = [], world.lots.last_release.item(lot)
    while row >= 0:
        days = releases.first_day.item(row), releases.last_day.item(row)
        found.append((world.rule_names.names[releases.rule.item(row)], *days, releases.points.item(row)))
        row = releases.before.item(row)
    return sorted(found, key=lambda each: each[1:3])


def ended(shop: Shop, lot: int = 0) -> list[tuple[str, int, int, int]]:
    runs.end(shop.world, lot)
    return rows(shop, lot)


def test_equal_days_have_no_row_before_somebody_asks_and_then_one() -> None:
    shop = shop_of()
    shop.order("o", "b", "100")
    shop.close(7)
    assert rows(shop) == []
    assert ended(shop) == [("static", 0, 6, yuan("1"))]
    shop.close(3)
    assert ended(shop) == [("static", 0, 6, yuan("1")), ("static", 7, 9, yuan("1"))]


def test_a_last_day_that_gives_less_has_a_row_of_its_own() -> None:
    """30 a day: 30, 30, 30, 10."""
    shop = shop_of(daily_rate="30%")
    shop.order("o", "b", "100")
    shop.close(5)
    assert rows(shop) == [("static", 0, 2, yuan("30")), ("static", 3, 3, yuan("10"))]


def test_a_last_day_that_gives_as_much_belongs_to_the_run() -> None:
    shop = shop_of(daily_rate="50%")
    shop.order("o", "b", "100")
    shop.close(5)
    assert rows(shop) == [("static", 0, 1, yuan("50"))]


def test_a_lot_that_gives_everything_on_its_first_day_has_one_row() -> None:
    shop = shop_of(daily_rate="100%")
    shop.order("o", "b", "100")
    shop.close()
    assert rows(shop) == [("static", 0, 0, yuan("100"))]


def test_a_lot_emptied_during_the_day_released_last_the_day_before() -> None:
    """After days 0 to 2 there are 97 left, which the back office takes on day 3."""
    shop = shop_of()
    shop.order("o", "b", "100")
    shop.close(3)
    shop.adjust("b", "points", "-97")
    assert rows(shop) == [("static", 0, 2, yuan("1")), ("admin", 3, 3, yuan("97"))]
    shop.close(2)
    assert len(rows(shop)) == 2


def test_a_lot_that_loses_a_part_during_the_day_goes_on() -> None:
    shop = shop_of()
    shop.order("o", "b", "100")
    shop.close(3)
    shop.adjust("b", "points", "-50")
    shop.close(2)
    assert ended(shop) == [("static", 0, 4, yuan("1")), ("admin", 3, 3, yuan("50"))]


def test_a_refund_ends_the_run_before_less_is_kept() -> None:
    """Half is given back on day 2: the first two days stand half, later ones give half a point."""
    shop = shop_of()
    shop.order("o", "b", "100")
    shop.close(2)
    shop.refund("o", "50")
    shop.close(2)
    assert ended(shop) == [("static", 0, 1, yuan("1")), ("static", 2, 3, yuan("0.5"))]
    assert standing_of(shop.world, 0).points == yuan("2")
    assert shop.remaining("b") == [yuan("48")]


def test_another_version_begins_another_row() -> None:
    shop = shop_of()
    shop.order("o", "b", "100")
    shop.close(2)
    shop.book(PlanActivated, plan=revise(shop.plan, {"asset_per_point": "0.5"}))
    shop.close(2)
    assert ended(shop) == [("static", 0, 1, yuan("1")), ("static", 2, 3, yuan("1"))]
    versions = shop.world.releases.version[: shop.world.releases.size].tolist()
    assert sorted(versions) == [0, 1]
    assert shop.cash("b") == yuan("3")


def test_a_day_on_which_the_reserve_is_short_stands_by_itself() -> None:
    """The reserve has 2.5: one, one, a half; topped up it pays one a day again. The lot keeps what it did not pay."""
    shop = shop_of(funding="reserve", reserve_share="0%", on_shortfall="prorate")
    shop.order("o", "b", "100")
    shop.top_up("2.5")
    shop.close(3)
    shop.top_up("2")
    shop.close(2)
    days = [("static", 0, 1, yuan("1")), ("static", 2, 2, yuan("0.5")), ("static", 3, 4, yuan("1"))]
    assert ended(shop) == days
    assert shop.world.releases.base[: shop.world.releases.size].tolist() == [yuan("1")] * 3
    assert shop.remaining("b") == [yuan("95.5")]


def test_a_first_day_on_which_the_reserve_has_nothing_begins_no_run() -> None:
    shop = shop_of(funding="reserve", reserve_share="0%", on_shortfall="suspend")
    shop.order("o", "b", "100")
    shop.close()
    assert shop.world.lots.run_first.item(0) == -1
    shop.top_up("10")
    shop.close(2)
    assert [row for row in ended(shop) if row[3]] == [("static", 1, 2, yuan("1"))]


def test_an_older_lot_that_has_something_again_stops_the_newer_one() -> None:
    """Lots release one after the other. A fifth of b's 500 points empties a's first lot, so his second waits a day.

    When b's order is given back on day 3, the first lot has its 100 points again and comes before the second.
    """
    shop = shop_of(lot_mode="sequential", upstream="reverse")
    shop.order("o", "a", "100")
    shop.order("p", "a", "200")
    shop.order("q", "b", "500")
    assert shop.remaining("a") == [0, yuan("200")]
    shop.close(3)
    assert rows(shop, 1) == []
    shop.refund("q", "500")
    assert rows(shop, 1) == [("static", 1, 2, yuan("2"))]
    assert shop.remaining("a") == [yuan("100"), yuan("196")]
    shop.close(2)
    assert shop.remaining("a") == [yuan("98"), yuan("196")]
    assert ended(shop, 1) == [("static", 1, 2, yuan("2"))]
    assert ended(shop, 0)[-1] == ("static", 3, 4, yuan("1"))


def test_a_run_is_written_once_however_often_it_is_asked() -> None:
    shop = shop_of()
    shop.order("o", "b", "100")
    shop.close(2)
    assert ended(shop) == ended(shop) == [("static", 0, 1, yuan("1"))]
    runs.end_all(shop.world)
    assert rows(shop) == [("static", 0, 1, yuan("1"))]
