"""Places below a sponsor: who takes which, what it pays, when it is free again."""

from pathlib import Path

import pytest
from tests.engine.shop import Shop, everything, yuan

from jifen.engine.events import MemberMoved, PlanActivated
from jifen.engine.positions import place_taken
from jifen.engine.snapshot import load_world, save_world
from jifen.ledger.journal import Journal
from jifen.plan import revise


def sponsor(*referrals: str, **params: object) -> Shop:
    """A sponsor s with an order of 100 of his own, and his referrals; places pay 10 %, 20 %, 70 %, 10 %, …"""
    shop = Shop("refer_three", **params).join(s=None, **dict.fromkeys(referrals, "s"))
    shop.order("own", "s", "100")
    return shop


def got(journal: Journal, member: str = "s") -> int:
    return journal.paid().get(member, {}).get("referral", 0)


def revised(shop: Shop, **params: object) -> None:
    shop.book(PlanActivated, plan=revise(shop.world.program.plan, params))


def place(shop: Shop, order: str) -> int:
    return place_taken(shop.world, "referrals", shop.world.order_ids.numbers[order])


def test_the_rates_of_the_places_come_round_again() -> None:
    shop = sponsor(*"abcd")
    paid = [got(shop.order(f"o {member}", member, "200")) for member in "abcd"]
    assert paid == [yuan("20"), yuan("40"), yuan("140"), yuan("20")]
    assert [place(shop, f"o {member}") for member in "abcd"] == [0, 1, 2, 3]
    assert place(shop, "own") == -1


def test_a_person_takes_one_place_with_all_his_orders() -> None:
    shop = sponsor("a", "b")
    assert [got(shop.order(f"o{count}", "a", "100")) for count in range(3)] == [yuan("10"), 0, 0]
    assert got(shop.order("o4", "b", "100")) == yuan("20")


def test_by_orders_each_order_takes_a_place() -> None:
    shop = sponsor("a", referral_count="orders")
    assert [got(shop.order(f"o{count}", "a", "100")) for count in range(3)] == [yuan("10"), yuan("20"), yuan("70")]


def test_without_an_order_of_the_sponsor_no_place_is_taken() -> None:
    shop = Shop("refer_three").join(s=None, a="s", b="s")
    assert got(shop.order("o1", "a", "100")) == 0
    shop.order("own", "s", "100")
    shop.refund("own", "100")
    assert got(shop.order("o2", "a", "100")) == 0
    shop.order("own again", "s", "100")
    assert got(shop.order("o3", "b", "100")) == yuan("10"), "nobody holds the first place"


def test_a_place_is_taken_even_where_it_pays_nothing() -> None:
    """The base is the sponsor's own order, which he has not."""
    shop = Shop("refer_three", referral_base="own_amount", requires_own_order=False).join(s=None, a="s", b="s")
    assert got(shop.order("o1", "a", "100")) == 0
    assert place(shop, "o1") == 0
    shop.order("own", "s", "50")
    assert got(shop.order("o2", "b", "100")) == yuan("10"), "20 % of 50"


@pytest.mark.parametrize(("base", "paid"), [("trigger_amount", "10"), ("own_amount", "6"), ("lesser", "6")])
def test_the_own_amount_is_what_is_kept_of_the_first_live_order(base: str, paid: str) -> None:
    """The first order of 100 is given back, 60 are kept of the second, the third is of 500."""
    shop = sponsor("a", referral_base=base)
    shop.order("second", "s", "80")
    shop.order("third", "s", "500")
    shop.refund("own", "100")
    shop.refund("second", "20")
    assert got(shop.order("o1", "a", "100")) == yuan(paid)


def test_the_lesser_of_both_may_be_the_referred_order() -> None:
    assert got(sponsor("a", referral_base="lesser").order("o1", "a", "40")) == yuan("4")


def test_only_a_whole_refund_frees_a_place_and_the_lowest_is_taken_first() -> None:
    shop = sponsor(*"abcdef")
    for member in "abc":
        shop.order(f"o {member}", member, "100")
    shop.refund("o c", "100")
    shop.refund("o a", "99.99")
    assert got(shop.order("o d", "d", "100")) == yuan("70"), "the third place"
    shop.refund("o b", "100")
    shop.refund("o a", "0.01")
    assert [got(shop.order(f"o {member}", member, "100")) for member in "ef"] == [yuan("10"), yuan("20")]
    assert got(shop.order("again", "b", "100")) == yuan("10"), "the fourth place"


def test_what_a_refund_leaves_of_a_place_is_its_part() -> None:
    shop = sponsor("a")
    shop.order("o1", "a", "100")
    shop.refund("o1", "33.33")
    assert shop.cash("s") == yuan("6.667"), "10 × 66.67 ÷ 100"


def test_a_place_is_freed_where_it_was_taken() -> None:
    shop = sponsor("a", "b").join(t=None)
    shop.order("own t", "t", "100")
    shop.order("o1", "a", "100")
    shop.book(MemberMoved, member="a", referrer="t", by="admin")
    assert got(shop.order("o2", "a", "100"), "t") == 0, "he holds a place below s"
    shop.refund("o1", "100")
    assert got(shop.order("o3", "a", "100"), "t") == yuan("10")
    assert got(shop.order("o4", "b", "100")) == yuan("10"), "the first place below s is free again"


def test_who_holds_two_places_takes_no_third_when_one_is_freed() -> None:
    """By orders a took the second place too; by persons again he still holds it."""
    shop = sponsor("a")
    shop.order("o1", "a", "100")
    revised(shop, referral_count="orders")
    shop.order("o2", "a", "100")
    revised(shop, referral_count="persons")
    shop.refund("o1", "100")
    assert got(shop.order("o3", "a", "100")) == 0
    shop.refund("o2", "100")
    assert got(shop.order("o4", "a", "100")) == yuan("10")


def test_a_loaded_world_knows_who_holds_what(tmp_path: Path) -> None:
    shop = sponsor(*"abcde")
    for member in "abcd":
        shop.order(f"o {member}", member, "100")
    shop.refund("o b", "100")
    shop.refund("o a", "100")
    shop.order("again", "b", "100")
    save_world(shop.world, tmp_path)
    shop.world = load_world(tmp_path)
    assert got(shop.order("o5", "b", "100")) == 0
    assert got(shop.order("o6", "e", "100")) == yuan("20"), "b holds the first place, the second is free"
    assert got(shop.order("o7", "a", "100")) == yuan("20"), "the fifth place"


def test_orders_that_took_no_place_free_none() -> None:
    shop = sponsor("a", "b")
    shop.order("o1", "a", "100")
    before = everything(shop.world)["positions"]
    shop.order("o2", "a", "100")
    shop.refund("o2", "100")
    assert everything(shop.world)["positions"] == before
    assert got(shop.order("o3", "b", "100")) == yuan("20")
