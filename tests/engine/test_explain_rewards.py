"""Explanations of rewards without lots, paid at once or late, of divided pools, of places and of weights."""

from collections import Counter
from typing import Any

from tests.engine.shop import Shop, chain_of, yuan
from tests.engine.test_explain import paid_by_day, told

from jifen.engine.explain import Passed, explain, passed_over
from jifen.ledger.journal import Account
from jifen.plan import load_plan_text, revise
from jifen.plan.load import preset_text


def amounts_of(found: list[Any]) -> list[tuple[int, str, int, int, int]]:
    return [(each.day, each.rule, each.amount, each.stands, each.owed) for each in found]


def test_a_reward_paid_in_parts_is_told_day_by_day() -> None:
    """10 due: 4 at once, nothing in the first run, 5 in the second, 1 still owed; then half of it is taken back."""
    shop = Shop("distribution", generations=["10%"], funding="reserve", on_shortfall="defer").join(a=None, b="a")
    shop.top_up("4")
    shop.order("o1", "b", "100")
    shop.close()
    shop.top_up("5")
    shop.close()
    first, second = explain(shop.world, "a")
    assert amounts_of([first, second]) == [
        (0, "generation", yuan("4"), yuan("4"), yuan("1")), (1, "generation", yuan("5"), yuan("5"), yuan("1")),
    ]  # fmt: skip
    assert explain(shop.world, "a", 1) == [second]
    assert explain(shop.world, "a", 2) == []
    assert [(source.order, source.base, source.rate, source.points) for source in second.sources] == [
        ("o1", yuan("100"), 100_000, yuan("10"))
    ]
    shop.refund("o1", "50")
    assert amounts_of(explain(shop.world, "a")) == [
        (0, "generation", yuan("4"), yuan("4"), 0), (1, "generation", yuan("5"), yuan("1"), 0),
    ]  # fmt: skip


def test_nothing_paid_yet_is_told_as_owed() -> None:
    shop = Shop("distribution", generations=["10%"], funding="reserve").join(a=None, b="a")
    shop.order("o1", "b", "100")
    assert amounts_of(explain(shop.world, "a")) == [(0, "generation", 0, 0, yuan("10"))]


def test_a_place_is_told_by_its_rate_and_the_base_by_what_was_lesser() -> None:
    shop = Shop("refer_three", referral_base="lesser").join(s=None, a="s", b="s")
    shop.order("own", "s", "50")
    shop.order("o1", "a", "30")
    shop.order("o2", "b", "100")
    found = [source for each in explain(shop.world, "s") for source in each.sources]
    assert [(source.member, source.base, source.rate, source.points, source.passed) for source in found] == [
        ("a", yuan("30"), 100_000, yuan("3"), ()), ("b", yuan("50"), 200_000, yuan("10"), ()),
    ]  # fmt: skip


def test_each_pool_of_a_family_is_told_by_its_own_division() -> None:
    """1 % of 4000, by 40 : 60, is 16 and 24. L1 by 1000 : 3000 among both, L2 to b alone."""
    shop = Shop("consumption_dividend", pool_share="1%").join(a=None, b=None)
    shop.order("o1", "a", "1000")
    shop.order("o2", "b", "3000")
    shop.close()
    found = {
        member: [(*each.sources, each.points) for each in explain(shop.world, member) if each.rule == "dividend"]
        for member in "ab"
    }
    weights = {"a": yuan("1000"), "b": yuan("3000")}
    assert [(source.order, source.base, source.rate, points) for source, points in found["a"]] == [
        ("pool L1", weights["a"], 4_000, yuan("4"))
    ]
    assert [(source.order, source.base, source.rate, points) for source, points in found["b"]] == [
        ("pool L1", weights["b"], 4_000, yuan("12")), ("pool L2", weights["b"], 8_000, yuan("24")),
    ]  # fmt: skip


def test_a_divided_pool_without_lots_is_told_by_weights_too() -> None:
    shop = Shop("distribution", pool_share="10%", generations=[]).join(a=None, b=None)
    shop.adjust("a", "stake", "3")
    shop.adjust("b", "stake", "1")
    shop.order("o1", "b", "100")
    shop.close()
    paid, by_hand = explain(shop.world, "a")
    assert (by_hand.rule, by_hand.amount, by_hand.asset, by_hand.sources) == ("admin", yuan("3"), "stake", ())
    (source,) = paid.sources
    assert (paid.rule, paid.amount, paid.dust, source.base, source.rate) == (
        "shareholders", yuan("7.5"), 0, yuan("3"), yuan("2.5")
    )  # fmt: skip


def test_weights_are_told_with_their_order_and_what_stands() -> None:
    shop = Shop("cyclic_purchase", yuan_per_share="1000", referral_weight_rate="10%").join(a=None, b="a")
    shop.order("o1", "b", "2000")
    shop.refund("o1", "500")
    shop.close()
    shop.adjust("a", "shares", "-0.05")
    (given, taken) = explain(shop.world, "a")
    assert (given.day, given.rule, given.amount, given.stands, given.asset) == (
        0, "grant", yuan("0.2"), yuan("0.15"), "shares"
    )  # fmt: skip
    (source,) = given.sources
    assert (source.member, source.order, source.base, source.rate) == ("b", "o1", yuan("2000"), 100)
    assert (taken.day, taken.rule, taken.amount, taken.stands) == (1, "admin", -yuan("0.05"), -yuan("0.05"))
    assert [each.amount for each in explain(shop.world, "a", 1)] == [-yuan("0.05")]


def test_of_rules_of_one_name_only_the_one_that_paid_counts() -> None:
    """Both parts have a rule `generation`: by the first b has no lot and gets nothing, by the second he is paid."""
    text = """
preset: both
title: {en: Both, zh: 两者}
compose: [{points_dividend: {generations: points_rates}}, distribution]
params: {points_rates: [20%, 15%], generations: [10%, 5%]}
"""
    shop = Shop(load_plan_text(text)).join(a=None, b="a", c="b")
    shop.order("o1", "a", "1000")
    shop.order("o2", "c", "1000")
    found = [each for each in explain(shop.world, "a") if each.rule == "generation"]
    forfeited = Passed("b", "no live lot: forfeited, not passed up")
    assert [(each.amount, each.sources[0].passed) for each in found] == [
        (yuan("150"), (forfeited,)), (yuan("50"), ()),
    ]  # fmt: skip
    refunds = shop.refund("o2", "1000")
    back = refunds.transfers[refunds.transfers["from_kind"] == Account.WALLET]
    assert [(refunds.rules[row["reason"]], int(row["amount"])) for row in back] == [
        ("generation", yuan("100")), ("generation", yuan("50")), ("generation", yuan("150")),
    ]  # fmt: skip


def test_who_asks_for_an_order_of_his_own_or_a_pool_with_money_is_told() -> None:
    shop = Shop("distribution", generations=["10%", "5%"], requires_own_order=True).join(a=None, b="a", c="b")
    shop.order("o1", "a", "10")
    shop.order("o2", "c", "100")
    (told_a,) = explain(shop.world, "a")
    assert told_a.sources[0].passed == (Passed("b", "no live order of his own"),)


def test_a_rank_without_a_rate_of_its_own_is_told() -> None:
    text = preset_text("consumption_dividend").replace("ranks: tier, depth: 1}", "ranks: tier, depth: 3}")
    alike = {"quota": "2", "contribution": "1"}
    rows = [{"name": "L1", "min": "1000", "commission": "0%", "pool_part": "40%"} | alike,
            {"name": "L2", "min": "3000", "commission": "10%", "pool_part": "60%"} | alike]  # fmt: skip
    shop = Shop(revise(load_plan_text(text), {"tiers": rows})).join(**chain_of(4))
    shop.order("o0", "m0", "3000")
    shop.order("o1", "m1", "1000")
    shop.order("o3", "m3", "1000")
    _, paid = [each for each in explain(shop.world, "m0") if each.rule == "referral"]
    (source,) = paid.sources
    assert (source.base, source.rate, source.points) == (yuan("1000"), 100_000, yuan("100"))
    assert source.passed == (Passed("m2", "no rank"), Passed("m1", "nothing is paid at his rank"))


def test_a_daily_reward_by_ones_own_rank_is_told_by_the_releases_within_its_depth() -> None:
    text = preset_text("green_points").replace(
        "who: {walk: referral, by: rank, ranks: team}", "who: {walk: referral, by: own_rank, ranks: team, depth: 2}"
    )
    shop = Shop(revise(load_plan_text(text), {"generations": [], "peer_rate": "0%"})).join(**chain_of(4))
    for place in range(4):
        shop.order(f"o{place}", f"m{place}", "3000")
    shop.rank("m0", "白银")
    shop.rank("m1", "青铜")
    shop.close(2)
    each = told(shop, "m0", "team")
    assert (each.points, each.dust) == (yuan("14.4"), 0)
    assert [(source.member, source.base, source.rate, source.points) for source in each.sources] == [
        ("m1", yuan("36"), 200_000, yuan("7.2")), ("m2", yuan("36"), 200_000, yuan("7.2")),
    ]  # fmt: skip


def test_explanations_add_up_where_the_reserve_falls_short() -> None:
    """Rewards without lots, day by day: whatever was paid late is told on its day."""
    for rule in ("prorate", "defer"):
        shop = Shop("distribution", funding="reserve", on_shortfall=rule, pool_share="3%").join(**chain_of(4))
        shop.adjust("m2", "stake", "1")
        journals = []
        for day in range(6):
            journals.append(shop.top_up(f"{day}.37"))
            journals.append(shop.order(f"o{day}", f"m{day % 3 + 1}", f"{day * 17 + 5}.13"))
            journals.append(shop.close())
        wanted = sum((paid_by_day(shop.world, journal) for journal in journals), Counter())
        found: Counter[tuple[str, int, str]] = Counter()
        for member in shop.world.member_names:
            for day in range(6):
                for each in explain(shop.world, member, day):
                    if each.asset == "cash":
                        found[member, each.day, each.rule] += each.amount
        assert +found == +wanted
        assert {day for _, day, _ in wanted} == set(range(6))


def test_of_a_long_way_only_the_nearest_are_named() -> None:
    shop = Shop("distribution", generations=["1%"] * 4, requires_own_order=True).join(**chain_of(5))
    shop.order("o0", "m0", "10")
    shop.order("o4", "m4", "100")
    payment = shop.world.members.last_payment.item(0)
    assert passed_over(shop.world, payment, 4, most=2) == (
        Passed("m3", "no live order of his own"), Passed("m2", "no live order of his own"),
        Passed("…", "the way is longer than what is shown here"),
    )  # fmt: skip


def test_who_gets_nothing_from_a_pool_that_is_empty_is_told_so() -> None:
    """The pool has 5: the parent's 10 take all of it, and nothing is left for the grandparent or the one above."""
    text = preset_text("distribution").replace(
        "own_order: $requires_own_order}, pay: {asset: $pay_asset}",
        "own_order: $requires_own_order}, pay: {asset: $pay_asset, from: shareholders}",
    )
    shop = Shop(load_plan_text(text)).join(**chain_of(3))
    shop.donate("shareholders", "0.000001")
    shop.order("o1", "m2", "0.01")
    assert [shop.cash(member) for member in ("m0", "m1")] == [0, 1]
    shop.donate("shareholders", "5")
    journal = shop.order("o2", "m2", "100")
    assert (journal.paid(), journal.forfeited()) == ({"m1": {"generation": yuan("5")}},
                                                     {"m0": yuan("5"), "m1": yuan("5")})  # fmt: skip
    (_, paid) = explain(shop.world, "m1")
    assert (paid.amount, paid.sources[0].base, paid.sources[0].passed) == (yuan("5"), yuan("100"), ())
