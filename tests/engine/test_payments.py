"""Payments: what lots give, what a short reserve pays, what waits in the bank."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.shop import Shop, yuan

from jifen.core.micros import MICRO
from jifen.engine.payments import Rationing, affordable_points


def rationing(rule: str, reserve: int, wanted: int) -> Rationing:
    world = Shop(funding="reserve", on_shortfall=rule).world
    world.reserve = reserve
    return Rationing.of_reserve(world, wanted)


@pytest.mark.parametrize(
    ("rule", "portions", "per_point", "money", "wanted", "allowed"),
    [
        ("prorate", [60, 40], MICRO, 50, 200, [25, 0]),  # ⌊100 × 50 ÷ 200⌋, from the oldest lot
        ("prorate", [10, 90], MICRO, 50, 100, [10, 40]),
        ("prorate", [9], MICRO, 3, 10, [2]),  # ⌊2.7⌋
        ("defer", [60, 40], MICRO, 50, 200, [50, 0]),
        ("defer", [60, 40], MICRO, 99, 200, [60, 39]),
        ("defer", [30], MICRO // 2, 10, 99, [20]),  # 20 points at a half pay all 10
        ("defer", [30], MICRO // 2, 0, 99, [0]),
        ("defer", [3, 5], MICRO // 2, 1, 3, [2, 0]),  # the third point of the first lot would bring nothing
        ("defer", [30, 1], MICRO // 2, 10, 99, [20, 0]),
        ("defer", [1], 5 * MICRO // 2, 1, 2, [0]),  # a point is worth 2, and only 1 is there
        ("defer", [4, 4], 5 * MICRO // 2, 16, 20, [4, 2]),
        ("suspend", [60, 40], MICRO, 99, 100, [0, 0]),
    ],
)
def test_a_short_reserve_is_shared(
    rule: str, portions: list[int], per_point: int, money: int, wanted: int, allowed: list[int]
) -> None:
    assert rationing(rule, money, wanted).cut(portions, per_point) == allowed


PAYMENTS = st.lists(st.lists(st.integers(1, 10**9), min_size=1, max_size=3), min_size=1, max_size=5)


PER_POINT = st.sampled_from((5 * MICRO // 2, MICRO, MICRO // 2, 333_333, 1))


@given(st.sampled_from(("prorate", "defer", "suspend")), PAYMENTS, PER_POINT, st.integers(0, 10**9))
def test_no_more_is_paid_than_there_is(rule: str, payments: list[list[int]], per_point: int, money: int) -> None:
    wanted = sum(points * per_point // MICRO for portions in payments for points in portions)
    shared = rationing(rule, money, wanted)
    if shared.enough:
        assert wanted <= money
        return
    paid = 0
    for portions in payments:
        allowed = shared.cut(portions, per_point)
        assert all(0 <= given <= points for given, points in zip(allowed, portions, strict=True))
        paid += sum(points * per_point // MICRO for points in allowed)
    assert paid <= money
    assert (paid == money) or rule != "defer" or per_point != MICRO
    assert paid == 0 or rule != "suspend"


@given(st.integers(0, 10**12), st.integers(1, 2 * MICRO))
def test_affordable_points_are_the_most_that_money_pays(money: int, per_point: int) -> None:
    points = affordable_points(money, per_point)
    assert points * per_point // MICRO <= money < (points + 1) * per_point // MICRO


def funded(on_shortfall: str, **params: Any) -> Shop:
    shop = Shop(funding="reserve", on_shortfall=on_shortfall, generations=["20%"], **params).join(a=None, b="a")
    shop.order("o1", "a", "1000")
    return shop


@pytest.mark.parametrize(("rule", "paid"), [("prorate", "50"), ("defer", "50"), ("suspend", "0")])
def test_what_the_reserve_cannot_pay_of_an_order_stays_in_the_lot(rule: str, paid: str) -> None:
    """b's order of 1000 accelerates a by 200; the reserve has 50."""
    shop = funded(rule)
    shop.top_up("50")
    assert shop.order("o2", "b", "1000").paid().get("a", {}) == ({"generation": yuan(paid)} if paid != "0" else {})
    assert shop.remaining("a") == [yuan("1000") - yuan(paid)]
    assert shop.world.reserve == yuan("50") - yuan(paid)


@pytest.mark.parametrize(("rule", "a", "b"), [("prorate", "7.5", "7.5"), ("defer", "10", "5"), ("suspend", "0", "0")])
def test_what_the_reserve_cannot_pay_in_a_run_stays_in_the_lots(rule: str, a: str, b: str) -> None:
    """Two lots of 1000 release 10 each; the reserve has 15."""
    shop = funded(rule)
    shop.order("o2", "b", "1000")
    shop.close()
    shop.top_up("15")
    journal = shop.close()
    wanted = {member: {"static": yuan(paid)} for member, paid in (("a", a), ("b", b)) if paid != "0"}
    assert journal.paid() == wanted
    assert [shop.remaining(member) for member in "ab"] == [[yuan("1000") - yuan(a)], [yuan("1000") - yuan(b)]]


def test_a_walk_counts_from_the_release_before_the_shortfall() -> None:
    """a and b release 36 each, a accelerates by 18: 90 wanted, 45 in the reserve, so each gets half."""
    shop = Shop("green_points", funding="reserve", on_shortfall="prorate", generations=["50%"]).join(a=None, b="a")
    shop.order("o1", "a", "3000")
    shop.order("o2", "b", "3000")
    shop.close()
    shop.top_up("45")
    assert shop.close().paid() == {
        "a": {"static": yuan("18"), "generation": yuan("9")},
        "b": {"static": yuan("18")},
    }
    assert shop.remaining("a") == [yuan("7473")]


def test_the_reserve_is_fed_before_anything_is_paid_and_gives_its_share_back() -> None:
    shop = funded("prorate", reserve_share="10%")
    assert shop.world.reserve == yuan("100")
    shop.order("o2", "b", "500")
    assert shop.world.reserve == yuan("50"), "fed by 50, 100 paid"
    shop.refund("o2", "500")
    assert (shop.world.reserve, shop.world.reserve_debt) == (yuan("100"), 0)
    assert shop.cash("a") == 0


def test_above_the_oldest_lot_the_next_gives_or_the_rest_is_forfeited() -> None:
    for spill, remaining, lost in (("next_lot", ["0", "80"], {}), ("forfeit", ["0", "100"], {"a": yuan("20")})):
        shop = Shop(spill=spill, generations=["20%"]).join(a=None, b="a")
        shop.order("o1", "a", "100")
        shop.order("o2", "a", "100")
        journal = shop.order("o3", "b", "600")
        assert shop.remaining("a") == [yuan(each) for each in remaining]
        assert journal.forfeited() == lost


def test_without_a_lot_a_payment_is_forfeited_or_waits_for_the_next() -> None:
    for no_lot, paid in (("forfeit", {}), ("bank", {"a": {"bank": yuan("20")}})):
        shop = Shop(no_lot=no_lot, generations=["20%"]).join(a=None, b="a")
        assert shop.order("o1", "b", "100").forfeited() == ({} if no_lot == "bank" else {"a": yuan("20")})
        assert shop.order("o2", "a", "1000").paid() == paid


def test_the_bank_pays_oldest_first_as_far_as_the_lot_goes() -> None:
    shop = Shop(no_lot="bank", generations=["20%"]).join(a=None, b="a")
    shop.order("o1", "b", "100")
    shop.order("o2", "b", "200")
    assert shop.order("o3", "a", "50").paid() == {"a": {"bank": yuan("50")}}
    assert shop.remaining("a") == [0]
    assert shop.order("o4", "a", "50").paid() == {"a": {"bank": yuan("10")}}


def test_a_refund_shrinks_what_still_waits_before_what_was_released() -> None:
    """20 banked, 5 of it released; half of the source is returned: 10 stand, 5 of them still wait."""
    shop = Shop(no_lot="bank", generations=["20%"]).join(a=None, b="a")
    shop.order("o1", "b", "100")
    shop.order("o2", "a", "5")
    shop.refund("o1", "50")
    assert shop.cash("a") == yuan("5")
    assert shop.order("o3", "a", "100").paid() == {"a": {"bank": yuan("5")}}
    shop.refund("o1", "50")
    assert shop.cash("a") == 0
    assert shop.remaining("a") == [yuan("5"), yuan("100")]


def test_each_lot_pays_its_own_floor() -> None:
    """A third of a unit per point: 100 points of one lot pay 33.3333, of two lots of 50 twice 16.66665."""
    shop = Shop(asset_per_point="0.333333", daily_rate="100%", lot_mode="parallel").join(a=None)
    shop.order("o1", "a", "0.01")
    shop.order("o2", "a", "0.02")
    shop.close()
    assert shop.close().paid() == {"a": {"static": 3333 + 6666}}
