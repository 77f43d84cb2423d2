"""The daily run of very large shops: exact as far as 64 bits go, and refused beyond."""

import pytest
from tests.engine.shop import Shop, yuan

from jifen.core.errors import BrokenInvariant


def large_shop(orders: int, daily_rate: str) -> Shop:
    """Below a, b buys so many times for a thousand million yuan: 10^11 points each."""
    params = {
        "points_per_yuan": "100",
        "start_lag_days": 0,
        "lot_mode": "parallel",
        "generation_base": "static_release",
    }
    shop = Shop(daily_rate=daily_rate, **params).join(a=None, b="a")
    for number in range(orders):
        shop.order(f"o{number}", "b", "1000000000")
    return shop


def test_a_million_million_points_of_one_day_are_counted_exactly() -> None:
    """b releases half of 20 × 10^11; a half of 10 × 10^11, and a fifth of b's from what his lots have left."""
    shop = large_shop(20, "50%")
    for number in range(10):
        shop.order(f"p{number}", "a", "1000000000")
    shop.close()
    assert shop.cash("b") == yuan("1000000000000")
    assert shop.cash("a") == yuan("500000000000") + yuan("200000000000")


@pytest.mark.parametrize("orders", [16, 93, 185])
def test_a_day_beyond_64_bits_is_refused(orders: int) -> None:
    """1.6 × 10^18 micro-units are above 2^62 ÷ 3 (two generations); the others above 2^63 and, wrapping, 2^64."""
    shop = large_shop(orders, "100%")
    with pytest.raises(BrokenInvariant, match="a day's releases add up beyond 64 bits"):
        shop.close()
