"""Payments and releases by number: those of events and those of runs in one chain each."""

import numpy as np
from tests.engine.shop import Shop, chain_of, yuan

from jifen.engine import given
from jifen.engine.sources import lots_of_payment
from jifen.engine.tables import NONE


def two_days() -> Shop:
    """m0 above m1, each with 3,000 spent: from day 1 on 36 a day, half of m1's to m0 as well; three days closed."""
    shop = Shop("green_points", generations=["50%"]).join(**chain_of(2))
    shop.order("o0", "m0", "3000")
    shop.order("o1", "m1", "3000")
    shop.close(3)
    return shop


def test_the_payments_of_a_member_are_one_chain() -> None:
    world = two_days().world
    newest = world.members.last_payment.item(0)
    older = given.payment_before(world, newest)
    assert (newest, older, given.payment_before(world, older)) == (-3, -2, NONE)
    made = [given.payment_at(world, number) for number in (older, newest)]
    assert [(one.member, one.day, one.wanted, one.paid, one.order) for one in made] == [
        (0, 1, yuan("18"), yuan("18"), NONE), (0, 2, yuan("18"), yuan("18"), NONE),
    ]  # fmt: skip
    assert {world.rule_names.names[one.rule] for one in made} == {"generation"}
    assert [one.event for one in made] == [world.run_event(1), world.run_event(2)]
    assert [list(lots_of_payment(world, number)) for number in (older, newest)] == [[0], [0]]
    columns = given.payments_of(world, np.array([older, newest]), ("day", "paid", "order"))
    assert [column.tolist() for column in columns] == [[1, 2], [yuan("18")] * 2, [NONE, NONE]]


def test_the_releases_of_a_lot_are_one_chain() -> None:
    """The scheduled one is written when its run of equal days ends, here by a refund."""
    shop = two_days()
    world = shop.world
    shop.refund("o0", "1500")
    number, found = world.lots.last_release.item(0), []
    while number != NONE:
        release = given.release_at(world, number)
        assert (release.rule, release.terms) == given.reason_of(world, number)
        assert release.kind == given.kind_of(world, number)
        days = [int(each[0]) for each in given.days_of(world, np.array([number]))]
        found.append((world.rule_names.names[release.rule], release.kind, *days, release.points))
        number = given.release_before(world, number)
    assert found == [
        ("static", 1, 1, 2, yuan("36")),
        ("generation", given.IN_RUN, 2, 2, yuan("18")),
        ("generation", given.IN_RUN, 1, 1, yuan("18")),
    ]


def test_what_is_lost_of_a_payment_out_of_two_lots_is_lost_by_the_newer_one() -> None:
    """m0 has a lot of 10 by hand, which gives nothing by itself, and one of 7,500: his 18 are 10 and 8.

    When half of m1's order is given back 9 of the 18 stand, in the older lot; the newer one has its 8 again.
    """
    shop = Shop("green_points", generations=["50%"]).join(**chain_of(2))
    shop.adjust("m0", "points", "10")
    shop.order("o0", "m0", "3000")
    shop.order("o1", "m1", "3000")
    shop.close(2)
    assert (shop.remaining("m0"), shop.cash("m0")) == ([0, yuan("7456")], yuan("54"))
    shop.refund("o1", "1500")
    assert (shop.remaining("m0"), shop.cash("m0")) == ([yuan("1"), yuan("7464")], yuan("45"))
