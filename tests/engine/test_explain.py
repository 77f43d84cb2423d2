"""Explanations add up to the journal, to the last micro-unit, and name those who were passed over."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from tests.engine.shop import Shop, chain_of, yuan

from jifen.engine import World, apply
from jifen.engine.events import MemberMoved, PlanActivated
from jifen.engine.explain import Passed, explain
from jifen.engine.given import mirrored, payments_of
from jifen.ledger.journal import Account, Journal
from jifen.plan import preset_names, revise
from jifen.simulate.streams import random_stream

SEEDS = range(8)
BY_HAND = ("admin", "transfer", "withdraw", "order", "refund")
"""What moves money into wallets and is no rule of a plan."""


def paid_by_day(world: World, journal: Journal) -> Counter[tuple[str, int, str]]:
    """What rules paid into wallets, by member, day and rule."""
    found: Counter[tuple[str, int, str]] = Counter()
    for row in journal.transfers[journal.transfers["to_kind"] == Account.WALLET]:
        rule = journal.rules[int(row["rule"])]
        if rule not in BY_HAND:
            found[world.member_names[int(row["to_id"])], int(row["day"]), rule] += int(row["amount"])
    return found


@pytest.mark.parametrize("name", preset_names())
def test_explanations_of_a_day_add_up_to_its_journal(name: str) -> None:
    for seed in SEEDS:
        plan, events = random_stream(seed, name)
        world = World(plan, 0)
        journal = apply(world, events)
        told: Counter[tuple[str, int, str]] = Counter()
        for member in world.member_names:
            for each in explain(world, member):
                if not each.granted and each.asset in ("cash", "coin", "voucher"):
                    told[member, each.day, each.rule] += each.amount
        wanted = paid_by_day(world, journal)
        assert +told == +wanted, f"seed {seed}"


@pytest.mark.parametrize("name", preset_names())
def test_the_parts_of_a_payment_and_its_dust_are_the_payment(name: str) -> None:
    for seed in SEEDS:
        plan, events = random_stream(seed, name)
        world = World(plan, 0)
        apply(world, events)
        numbers = np.concatenate([np.arange(world.payments.size), mirrored(np.arange(world.phase_payments.size))])
        amounts = set(zip(*(each.tolist() for each in payments_of(world, numbers, ("day", "paid"))), strict=True))
        walked = {step.rule.id for program in world.programs for step in program.walks}
        for day in range(seed % 5, world.open_day, 5):
            for each in [each for member in world.member_names for each in explain(world, member, day)]:
                if each.rule in walked:
                    assert 0 <= each.dust <= len(each.sources) + 1, f"seed {seed}: {each}"
                    assert (day, sum(source.points for source in each.sources) + each.dust) in amounts


def test_an_unknown_member_has_no_explanations() -> None:
    with pytest.raises(LookupError):
        explain(Shop().world, "nobody")


# -- chains worked by hand --------------------------------------------------------------------------------------------


def chain(*ranks: str | None, **params: Any) -> Shop:
    """m0 above m1 above …, each with 3000 spent on day 0 and the ranks given; two days closed."""
    shop = Shop("green_points", **{"generations": []} | params).join(**chain_of(len(ranks)))
    for place, rank in enumerate(ranks):
        shop.order(f"o{place}", f"m{place}", "3000")
        shop.rank(f"m{place}", rank)
    shop.close(2)
    return shop


def told(shop: Shop, member: str, rule: str, day: int = 1) -> Any:
    found = [each for each in explain(shop.world, member, day) if each.rule == rule]
    assert len(found) == 1
    return found[0]


def test_a_share_is_explained_by_the_releases_below() -> None:
    """m1 and m2 release 36 each: half of one, 30% of the other."""
    shop = chain(None, None, None, generations=["50%", "30%"])
    each = told(shop, "m0", "generation")
    assert (each.amount, each.stands, each.lot, each.dust) == (yuan("28.8"), yuan("28.8"), "o0", 0)
    assert [(source.member, source.order, source.base, source.rate, source.points) for source in each.sources] == [
        ("m1", "o1", yuan("36"), 500_000, yuan("18")),
        ("m2", "o2", yuan("36"), 300_000, yuan("10.8")),
    ]
    assert [source.passed for source in each.sources] == [(), ()]


def test_who_has_no_rank_or_no_higher_one_is_passed_over_and_told_why() -> None:
    """From m4 up: m3 has no rank, m2 silver 20%, m1 bronze below it, m0 gold 26%: 20% and 6%."""
    shop = chain("黄金", "青铜", "白银", None, None)
    source = next(each for each in told(shop, "m0", "team").sources if each.member == "m4")
    assert (source.rate, source.points) == (60_000, yuan("2.16"))
    assert source.passed == (Passed("m3", "no rank"), Passed("m1", "rank not above the highest met"))


def test_a_peer_is_paid_once_and_the_second_is_told_why_not() -> None:
    """Three of one rank above m3: the first gets 10%, the second the award of 3%, the third nothing."""
    shop = chain("青铜", "青铜", "青铜", None)
    source = next(each for each in told(shop, "m1", "peer").sources if each.member == "m3")
    assert (source.rate, source.points) == (30_000, yuan("1.08"))
    assert [each.member for each in source.passed] == ["m2"]
    assert {each.member for each in told(shop, "m0", "peer").sources} == {"m2"}


def test_one_above_with_a_right_but_without_a_lot_is_passed_over() -> None:
    """m1's lot is gone, so its half is forfeited, not passed up; m0 gets its 30% all the same."""
    shop = Shop("green_points", generations=["50%", "30%"]).join(**chain_of(3))
    for place in (0, 2):
        shop.order(f"o{place}", f"m{place}", "3000")
    journal = shop.close(2)
    assert journal.forfeited() == {"m1": yuan("18")}
    each = told(shop, "m0", "generation")
    assert each.sources[0].passed == (Passed("m1", "no live lot: forfeited, not passed up"),)


def test_the_dust_stays_with_the_receiver() -> None:
    """Two releases of one micro-unit: half of each is floored to nothing, half of both is one."""
    shop = Shop("points_dividend", daily_rate="1%", generations=["50%"], generation_base="static_release").join(
        m0=None, m1="m0", m2="m0"
    )
    shop.order("o0", "m0", "1000")
    for place in (1, 2):
        shop.order(f"o{place}", f"m{place}", "0.01")
        shop.adjust(f"m{place}", "points", "-0.009999")
    shop.close(2)
    each = told(shop, "m0", "generation")
    assert (each.points, each.dust, [source.points for source in each.sources]) == (1, 1, [])


def test_of_a_clamped_payment_each_part_is_floored_twice() -> None:
    """b and c release 11 micro-units, a wants half of both, 11, and has 8: each part is ⌊5 × 8 ÷ 11⌋, 2 are dust."""
    shop = Shop(daily_rate="0.01%", generations=["50%"], generation_base="static_release", lot_mode="parallel")
    shop.join(a=None, b="a", c="a")
    shop.adjust("a", "points", "0.000008")
    for member in "bc":
        shop.order(f"o{member}", member, "0.11")
    shop.close(2)
    each = told(shop, "a", "generation")
    assert (each.points, each.dust, [source.points for source in each.sources]) == (8, 2, [3, 3])
    for member, kept in (("b", 5), ("c", 2)):
        shop.refund(f"o{member}", "0.11")
        assert shop.cash("a") == kept


def test_a_lower_peer_is_explained_by_those_before_him() -> None:
    """From m3 up: m2 silver, m1 bronze below it gets the one award, m0 no more; from m2 up m0 is m1's equal."""
    shop = chain("青铜", "青铜", "白银", None, peer_applies="equal_or_lower")
    assert {source.member for source in told(shop, "m1", "peer").sources} == {"m3"}
    assert {source.member for source in told(shop, "m0", "peer").sources} == {"m2"}


def test_each_line_of_an_order_has_its_share_of_the_grant() -> None:
    from jifen.engine.events import Line

    shop = Shop().join(a=None)
    shop.lines("o", "a", Line(amount=yuan("60")), Line(amount=yuan("40"), line="x"))
    (grant,) = explain(shop.world, "a")
    assert [(source.line, source.points) for source in grant.sources] == [("1", yuan("60")), ("x", yuan("40"))]


def test_what_was_taken_back_no_longer_stands() -> None:
    shop = chain(None, None, generations=["50%"])
    shop.refund("o1", "1500")
    each = told(shop, "m0", "generation")
    assert (each.amount, each.stands) == (yuan("18"), yuan("9"))
    static = told(shop, "m1", "static")
    assert (static.amount, static.stands, static.dust) == (yuan("36"), yuan("18"), 0)


def test_after_a_lower_cap_the_newest_days_no_longer_stand() -> None:
    """27000 released in 250 days; 5000 of 9000 kept: each day halves to 60 (15000), the new grant is 12500."""
    shop = Shop("green_points", retier=True).join(a=None)
    shop.order("o", "a", "9000")
    shop.close(252)
    shop.refund("o", "4000")
    assert shop.cash("a") == yuan("12500")
    stands = [each.stands for each in explain(shop.world, "a") if each.rule == "static"]
    assert sum(stands) == yuan("12500")
    assert stands == [yuan("60")] * 208 + [yuan("20")] + [0] * 41


def test_a_move_after_the_payment_does_not_change_its_explanation() -> None:
    shop = Shop(generations=["20%"]).join(a=None, b="a", c=None)
    shop.order("o1", "a", "100")
    shop.order("o2", "b", "100")
    before = explain(shop.world, "a", 0)
    shop.book(MemberMoved, member="b", referrer="c")
    assert explain(shop.world, "a", 0) == before


def test_a_version_after_the_payment_does_not_change_its_explanation() -> None:
    shop = Shop(generations=["20%"]).join(a=None, b="a")
    shop.order("o1", "a", "100")
    shop.order("o2", "b", "100")
    before = explain(shop.world, "a", 0)
    assert {each.plan for each in before} == {shop.plan.digest}
    shop.book(PlanActivated, plan=revise(shop.plan, {"generations": ["50%"]}))
    assert explain(shop.world, "a", 0) == before


def test_tokens_sold_are_explained_lot_by_lot_with_their_dust() -> None:
    shop = Shop("appreciation", exit_multiple=None).join(a=None)
    shop.order("o1", "a", "1000")
    shop.order("o2", "a", "1000")
    journal = shop.sell("a", "300")
    sold = [each for each in explain(shop.world, "a", 0) if each.rule == "sell"]
    assert [each.points for each in sold] == [yuan("210"), yuan("90")]
    assert sum(each.amount for each in sold) == journal.paid()["a"]["sell"]
