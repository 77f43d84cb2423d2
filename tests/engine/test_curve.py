"""Tokens priced by a pool. Expected numbers are worked by hand from the exact fractions beside them."""

from fractions import Fraction
from typing import Any

import pytest
from tests.engine.shop import Shop, yuan

HOLDERS = ("A", "B", "C", "D", "Z")


def curve(**params: Any) -> Shop:
    return Shop("appreciation", **params).join(**dict.fromkeys(HOLDERS))


def spread(pool: str, tokens: str = "1890", **params: Any) -> Shop:
    """A spends 1000 for 210 tokens, Z gets ``tokens`` by hand, and the pool is filled up to ``pool``."""
    shop = curve(allow_unbacked_mint=True, **params)
    shop.order("o1", "A", "1000")
    shop.adjust("Z", "tokens", tokens)
    shop.donate("pool", pool)
    return shop


def state(shop: Shop) -> tuple[int, int]:
    return shop.world.pool("pool"), shop.world.supply()


def test_each_order_feeds_then_mints_at_the_price_before() -> None:
    """70% of 300 at 1, at 300/210, at 600/357, at 900/481.95."""
    shop = curve()
    for member, tokens, price in (
        ("A", "210", Fraction(300, 210)),
        ("B", "147", Fraction(600, 357)),
        ("C", "124.95", Fraction(900_00, 481_95)),
        ("D", "112.455", Fraction(1200_000, 594_405)),
    ):
        shop.order(f"o{member}", member, "1000")
        assert shop.world.tokens(member) == yuan(tokens)
        assert Fraction(*shop.world.price()) == price


def test_minting_at_the_price_after_the_feed_mints_less() -> None:
    """The first order finds no supply, so price 1; the second feeds first: 210 × 210/600 = 73.5."""
    shop = curve(mint_price="post_deposit")
    shop.order("o1", "A", "1000")
    shop.order("o2", "B", "1000")
    assert [shop.world.tokens(member) for member in "AB"] == [yuan("210"), yuan("73.5")]


def test_a_mint_is_one_quotient() -> None:
    """⌊0.7 × 0.003 × 210.000000/300.003 …⌋ is never ⌊0.7 × feed⌋ first: 0.01 feeds 0.003, mints 2100 × 7/10."""
    shop = curve()
    shop.order("o1", "A", "1000")
    shop.order("o2", "B", "0.01")
    assert shop.world.tokens("B") == 1470
    assert state(shop) == (yuan("300.003"), yuan("210") + 1470)


def test_a_sale_leaves_the_fee_in_the_pool() -> None:
    """210 of 2100 tokens at 20000/2100 are worth 2000: 1600 go out, 400 never move."""
    shop = spread("19700", exit_multiple=None)
    assert state(shop) == (yuan("20000"), yuan("2100"))
    assert shop.sell("A", "210").paid() == {"A": {"sell": yuan("1600")}}
    assert state(shop) == (yuan("18400"), yuan("1890"))
    assert Fraction(*shop.world.price()) == Fraction(18400, 1890)


def test_everyone_sells() -> None:
    """900/481.95 × 210 × 0.8 = 313.72549…, then 586.27451/271.95 × 147 × 0.8 = 253.524112…, then the last."""
    shop = curve()
    for member in "ABC":
        shop.order(f"o{member}", member, "1000")
    shop.close()
    assert shop.sell("A", None).paid() == {"A": {"sell": 313_725_490}}
    assert shop.sell("B", None).paid() == {"B": {"sell": 253_524_112}}
    left = yuan("900") - 313_725_490 - 253_524_112
    assert left == 332_750_398
    assert shop.sell("C", None).paid() == {"C": {"sell": left * 8 // 10}}
    assert state(shop) == (left - left * 8 // 10, 0)


@pytest.mark.parametrize(("zero_supply", "tokens"), [("last_price", 78_856_404), ("launch_price", 210_000_000)])
def test_the_price_while_nobody_holds(zero_supply: str, tokens: int) -> None:
    """Before the last sale 332.750398 stood against 124.95: 210 × 124.95 ÷ 332.750398 = 78.856404…"""
    assert 210 * 10**6 * 124_950_000 // 332_750_398 == 78_856_404
    shop = curve(zero_supply=zero_supply)
    for member in "ABC":
        shop.order(f"o{member}", member, "1000")
    for member in "ABC":
        shop.sell(member, None)
    shop.order("o4", "D", "1000")
    assert shop.world.tokens("D") == tokens


def test_tokens_leave_oldest_first_and_each_lot_has_its_part_of_the_proceeds() -> None:
    """A's 210 and 147 tokens: of 300 sold, 210 leave the first lot and 90 the second."""
    shop = curve(exit_multiple=None)
    shop.order("o1", "A", "1000")
    shop.order("o2", "A", "1000")
    journal = shop.sell("A", "300")
    assert shop.remaining("A", "tokens") == [0, yuan("57")]
    net = 300 * 600 * 10**6 * 8 // (357 * 10)
    parts = [net * 210 // 300, net * 90 // 300]
    dust = net - sum(parts)
    assert journal.transfers["amount"].tolist() == [parts[0], parts[1] + dust]


def test_a_refund_at_value_burns_at_the_price_before() -> None:
    """C's 124.95 at 900/481.95 are worth 233.333333…, of the 300 it fed: 666.666667 stay, the price too."""
    shop = curve(refund_mode="at_value")
    for member in "ABC":
        shop.order(f"o{member}", member, "1000")
    shop.refund("oC", "1000")
    assert state(shop) == (yuan("900") - 233_333_333, yuan("357"))
    assert shop.world.tokens("C") == 0


def test_an_exact_undo_returns_the_feed() -> None:
    shop = curve(refund_mode="exact_undo")
    for member in "ABC":
        shop.order(f"o{member}", member, "1000")
    shop.refund("oC", "1000")
    assert state(shop) == (yuan("600"), yuan("357"))


def test_a_refund_takes_the_proceeds_of_sold_tokens_back() -> None:
    """105 of 210 sold at 300/210 × 0.8 = 120; all returned: 105 burned, 120 back, the feed of 300 goes.

    At value the pool gives min(300, 105 × 180/105 + 120) = 300 back of its 180 + 120.
    """
    shop = curve(exit_multiple=None)
    shop.order("o1", "A", "1000")
    shop.sell("A", "105")
    assert (shop.cash("A"), *state(shop)) == (yuan("120"), yuan("180"), yuan("105"))
    shop.refund("o1", "1000")
    assert (shop.cash("A"), *state(shop)) == (0, 0, 0)
    assert shop.world.pool_debt("pool") == 0


def test_a_pool_that_is_short_owes_the_rest_and_repays_it_first() -> None:
    """Exact undo after the other holder took 0.8 × 147 × 600/357 out: 600 − 197.647058 = 402.352942 less 2 × 300."""
    shop = curve(refund_mode="exact_undo", exit_multiple=None)
    shop.order("oA", "A", "1000")
    shop.order("oB", "B", "1000")
    sold = 147 * 600 * 10**6 * 8 // (357 * 10)
    assert sold == 197_647_058
    shop.sell("B", None)
    shop.refund("oA", "1000")
    shop.refund("oB", "1000")
    assert shop.cash("B") == 0
    assert (shop.world.pool("pool"), shop.world.pool_debt("pool")) == (0, 0)


def test_tokens_by_hand_of_some_value() -> None:
    """Worth 30 at 300/210: 21 tokens, without money."""
    shop = curve(allow_unbacked_mint=True)
    shop.order("o1", "A", "1000")
    shop.adjust("B", "tokens", value="30")
    assert shop.world.tokens("B") == yuan("21")
    shop.adjust("B", "tokens", value="-10")
    assert shop.world.tokens("B") == yuan("21") - 10 * 231 * 10**6 // 300
    shop.adjust("B", "tokens", "-1000")
    assert (shop.world.tokens("B"), shop.world.supply()) == (0, yuan("210"))
