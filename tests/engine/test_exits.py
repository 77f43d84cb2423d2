"""Forced exits. Thresholds and payments are worked by hand: A holds 210 of 2100 tokens for 1000 spent."""

from typing import Any

import pytest
from tests.engine.shop import Shop, yuan
from tests.engine.test_curve import curve, spread, state

from jifen.core.micros import format_micros


def exits(journal: Any) -> dict[str, str]:
    return {member: format_micros(rules["exit"], 0) for member, rules in journal.paid().items() if "exit" in rules}


@pytest.mark.parametrize(
    ("multiple", "short", "paid"),
    [("2", "19699.99", "1600"), ("3", "29699.99", "2400")],
)
def test_the_threshold_is_reached_exactly(multiple: str, short: str, paid: str) -> None:
    """2 × 1000 at 20000/2100 (200/21), 3 × 1000 at 30000/2100: a cent less is not enough."""
    shop = spread(short, exit_multiple=multiple)
    assert shop.world.tokens("A") == yuan("210")
    assert exits(shop.donate("pool", "0.01")) == {"A": paid}
    assert (shop.world.tokens("A"), shop.world.supply()) == (0, yuan("1890"))
    assert shop.world.pool("pool") == yuan("20000" if multiple == "2" else "30000") - yuan(paid)


@pytest.mark.parametrize(("value", "paid"), [("clip_to_cap", "1600"), ("actual", "1612.8")])
def test_above_the_threshold_the_value_is_clipped_or_not(value: str, paid: str) -> None:
    """210 × 9.6 = 2016: of the clipped 2000 four fifths, or of 2016."""
    shop = curve(allow_unbacked_mint=True, exit_value=value)
    shop.order("o1", "A", "1000")
    shop.adjust("Z", "tokens", "1890")
    assert exits(shop.donate("pool", "19860")) == {"A": paid}
    assert state(shop) == (yuan("20160") - yuan(paid), yuan("1890"))


def test_each_exit_moves_the_price_and_may_force_the_next() -> None:
    """Cap 370 each (0.37 × 1000), of which 296 are paid.

    The third order: 900/481.95 × 210 = 392.2 ≥ 370, so M1 leaves and 604 stand against 271.95; B's 147 are worth 326.5.
    The fifth: 1204/… forces out M2, then the price is high enough for M3 (124.95 tokens), and for no other.
    """
    members = ("M1", "M2", "M3", "M4", "M5")
    shop = Shop("appreciation", exit_multiple="0.37").join(**dict.fromkeys(members))
    paid = [exits(shop.order(f"o{member}", member, "1000")) for member in members]
    assert paid == [{}, {}, {"M1": "296"}, {}, {"M2": "296", "M3": "296"}]
    fourth = 210 * 10**6 * 271_950_000 // yuan("604")
    assert shop.world.tokens("M4") == fourth == 94_552_152
    fifth = 210 * 10**6 * (271_950_000 + fourth) // yuan("904")
    assert state(shop) == (yuan("612"), fourth + fifth)


def test_the_lowest_exit_price_leaves_first() -> None:
    """M2 bought first, so has 210 tokens to M1's 147 and the lower price, though M1 joined first.

    4998/357 = 14: M2 gets 210 × 14 × 0.8 = 2352; then 2646/147 = 18: 147 × 18 × 0.8 = 2116.8.
    """
    shop = Shop("appreciation", exit_value="actual").join(M1=None, M2=None)
    shop.order("o2", "M2", "1000")
    shop.order("o1", "M1", "1000")
    journal = shop.donate("pool", "4398")
    assert exits(journal) == {"M2": "2352", "M1": "2116.8"}
    amounts = [int(row["amount"]) for row in journal.transfers if journal.rules[int(row["rule"])] == "exit"]
    assert amounts == [yuan("2352"), yuan("2116.8")]


def test_of_two_with_one_price_the_earlier_joined_leaves_first() -> None:
    """Both hold 210 for 1000 (launch price at each): after the first left, 20000 − 1600 still force out the second."""
    shop = Shop("appreciation", exit_multiple=None, allow_unbacked_mint=True).join(B=None, A=None)
    shop.order("oA", "A", "1000")
    shop.adjust("B", "tokens", "63")
    shop.order("oB", "B", "1000")
    held = [shop.world.tokens(member) for member in "AB"]
    assert held[0] == yuan("210")
    # 210 for 1000, and 63 + 191.1 for 1000: B's price is the lower one.
    assert held[1] > held[0]


def test_earlier_sales_count_unless_the_plan_says_no() -> None:
    """Half sold for a gross of 150: the cap of the other 105 is 2000 − 150 = 1850, so the pool must reach 1850."""
    for count_realised, cap in ((True, "1850"), (False, "2000")):
        shop = Shop("appreciation", count_realised=count_realised).join(A=None)
        shop.order("o1", "A", "1000")
        shop.sell("A", "105")
        assert shop.world.pool("pool") == yuan("180")
        short = yuan(cap) - yuan("180") - 10_000
        assert exits(shop.donate("pool", format_micros(short))) == {}
        paid = format_micros(yuan(cap) * 8 // 10, 0)
        assert exits(shop.donate("pool", "0.01")) == {"A": paid}


def test_of_an_earlier_sale_counts_what_stands_of_it() -> None:
    """Half sold for a gross of 150; half of the order returned, so 75 count: the cap is 1000 − 75 for 52.5 tokens."""
    shop = Shop("appreciation").join(A=None)
    shop.order("o1", "A", "1000")
    shop.sell("A", "105")
    shop.refund("o1", "500")
    assert shop.world.members.realised.item(0) == yuan("75")
    assert shop.world.tokens("A") == yuan("52.5")
    short = yuan("925") - shop.world.pool("pool")
    assert exits(shop.donate("pool", format_micros(short - 1))) == {}
    assert exits(shop.donate("pool", "0.000001")) == {"A": "740"}


def test_after_an_exit_spend_and_sales_start_anew() -> None:
    """370 stay after 1480 of 1850; the second order feeds 300 and buys; its cap is 2000 again."""
    shop = Shop("appreciation").join(A=None)
    shop.order("o1", "A", "1000")
    shop.sell("A", "105")
    shop.donate("pool", "1670")
    assert shop.world.pool("pool") == yuan("370")
    shop.order("o2", "A", "1000")
    assert exits(shop.donate("pool", "1329.99")) == {}
    assert exits(shop.donate("pool", "0.01")) == {"A": "1600"}


def test_an_order_closed_by_an_exit_no_longer_counts_when_it_is_refunded() -> None:
    shop = Shop("appreciation").join(A=None)
    shop.order("o1", "A", "1000")
    shop.donate("pool", "1700")
    assert shop.world.tokens("A") == 0
    shop.order("o2", "A", "2000")
    shop.refund("o1", "1000")
    assert shop.world.tokens("A") > 0
    assert shop.world.members.spend.item(0) == yuan("2000")
    assert shop.cash("A") == 0, "what the exit paid is taken back"


def test_a_member_without_spend_never_leaves() -> None:
    shop = Shop("appreciation", allow_unbacked_mint=True).join(Z=None)
    shop.adjust("Z", "tokens", "100")
    assert exits(shop.donate("pool", "1000000")) == {}


def test_exits_by_lot_leave_the_other_lots() -> None:
    """A's lots: 210 tokens and 147, caps 2000 each; at 3400/357 = 9.5238 the first is worth exactly 2000."""
    shop = Shop("appreciation", exit_scope="lot").join(A=None)
    shop.order("o1", "A", "1000")
    shop.order("o2", "A", "1000")
    assert exits(shop.donate("pool", "2799.99")) == {}
    assert exits(shop.donate("pool", "0.01")) == {"A": "1600"}
    assert shop.remaining("A", "tokens") == [0, yuan("147")]
    assert shop.world.members.spend.item(0) == yuan("1000")


def test_daily_exits_wait_for_the_run() -> None:
    shop = Shop("appreciation", exit_check="daily").join(A=None)
    shop.order("o1", "A", "1000")
    assert exits(shop.donate("pool", "1700")) == {}
    assert exits(shop.close()) == {"A": "1600"}


def test_a_refund_may_bring_an_exit_nearer() -> None:
    """Half of o1 returned: half the tokens, half the cap, so the same exit price; the donation after it decides."""
    shop = Shop("appreciation", exit_scope="member").join(A=None, B=None)
    shop.order("o1", "A", "1000")
    shop.refund("o1", "500")
    assert (shop.world.tokens("A"), shop.world.pool("pool")) == (yuan("105"), yuan("150"))
    assert exits(shop.donate("pool", "849.99")) == {}
    assert exits(shop.donate("pool", "0.01")) == {"A": "800"}
