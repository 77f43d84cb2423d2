"""Old debts: booked as debt and coin, released in batches, lowered by goods, closed by an exit."""

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from tests.engine.shop import Shop, everything, yuan

from jifen.engine.events import LiabilityBooked, OrderRefunded, PlanActivated, PlanPaused
from jifen.engine.explain import explain
from jifen.engine.snapshot import load_world, save_world
from jifen.ledger.journal import Journal
from jifen.plan import load_plan_text, revise
from jifen.plan.load import preset_text


def shop(**params: Any) -> Shop:
    """Coin comes in 4 batches, every 2 days."""
    return Shop("legacy_conversion", **{"batches": 4, "interval_days": 2} | params).join(a=None, b=None)


def owe(shop: Shop, member: str, amount: str, **facts: Any) -> Journal:
    return shop.book(LiabilityBooked, member=member, amount=yuan(amount), **facts)


def batches(shop: Shop, days: int, member: str = "a") -> list[int]:
    """What a member is paid by batches in each of so many runs."""
    return [shop.close().paid().get(member, {}).get("batch", 0) for _ in range(days)]


def coin(shop: Shop, member: str = "a") -> int:
    return shop.world.balance(member, "coin")


# -- booking and batches ----------------------------------------------------------------------------------------------


def test_a_liability_becomes_a_debt_and_coin_at_the_plans_ratio() -> None:
    legacy = shop(coin_per_liability="1.5")
    assert owe(legacy, "a", "100").paid() == {}
    assert legacy.remaining("a", "debt") == [yuan("100")]
    assert legacy.remaining("a", "coin") == [yuan("150")]
    assert (legacy.world.liability("a"), legacy.world.liability("b"), coin(legacy)) == (yuan("100"), 0, 0)


def test_batches_are_equal_parts_and_the_last_takes_the_rest() -> None:
    """⌊100.000003 ÷ 4⌋ = 25.000000; the fourth has 25.000003."""
    legacy = shop()
    owe(legacy, "a", "100.000003")
    part = yuan("25")
    assert batches(legacy, 11) == [0, 0, part, 0, part, 0, part, 0, part + 3, 0, 0]


def test_each_lot_has_its_own_batch_days() -> None:
    legacy = shop()
    owe(legacy, "a", "4")
    legacy.close()
    owe(legacy, "a", "8")
    assert batches(legacy, 8) == [yuan(x) for x in ("0", "1", "2", "1", "2", "1", "2", "1")]


def test_a_lot_keeps_its_batches_when_the_plan_changes_them() -> None:
    legacy = shop()
    owe(legacy, "a", "4")
    legacy.book(PlanActivated, plan=revise(legacy.plan, {"batches": 2, "interval_days": 3}))
    owe(legacy, "b", "4")
    first, second = [], []
    for _ in range(9):
        paid = legacy.close().paid()
        first.append(paid.get("a", {}).get("batch", 0))
        second.append(paid.get("b", {}).get("batch", 0))
    assert first == [0, 0, yuan("1"), 0, yuan("1"), 0, yuan("1"), 0, yuan("1")]
    assert second == [0, 0, 0, yuan("2"), 0, 0, yuan("2"), 0, 0]


def test_too_small_a_grant_comes_with_the_last_batch() -> None:
    legacy = shop()
    owe(legacy, "a", "0.000003")
    assert batches(legacy, 9) == [0] * 8 + [3]


def test_coin_given_by_hand_comes_in_no_batches() -> None:
    """The store bears the asset's name: an adjustment means the store."""
    legacy = shop()
    legacy.adjust("a", "coin", "100")
    assert (legacy.remaining("a", "coin"), coin(legacy)) == ([yuan("100")], 0)
    assert batches(legacy, 9) == [0] * 9


def test_what_was_removed_by_hand_is_missing_from_the_last_batches() -> None:
    legacy = shop()
    owe(legacy, "a", "100")
    legacy.adjust("a", "coin", "-60")
    assert batches(legacy, 9) == [0, 0, yuan("25"), 0, yuan("15"), 0, 0, 0, 0]


@pytest.mark.parametrize(("rule", "second"), [("prorate", "10"), ("defer", "10"), ("suspend", "0")])
def test_what_the_reserve_cannot_pay_of_a_batch_comes_with_the_last_or_later(rule: str, second: str) -> None:
    """The reserve has 35: 25 for the first batch and 10 (or nothing) for the second; it is filled after the last day.

    On day 10, the next batch day after the fourth, all that is left is released.
    """
    legacy = shop(funding="reserve", on_shortfall=rule)
    legacy.top_up("35")
    owe(legacy, "a", "100")
    assert batches(legacy, 5) == [0, 0, yuan("25"), 0, yuan(second)]
    left = yuan("75") - yuan(second)
    assert batches(legacy, 4) == [0] * 4
    legacy.top_up("100")
    assert batches(legacy, 3) == [0, left, 0]
    assert legacy.remaining("a", "coin") == [0]


def test_batches_of_two_members_share_a_short_reserve() -> None:
    """Batches of 25 and 75 want 100 of 40: ⌊25 × 40 ÷ 100⌋ = 10 and 30; each keeps the rest for its last batch."""
    legacy = shop(funding="reserve")
    legacy.top_up("40")
    owe(legacy, "a", "100")
    owe(legacy, "b", "300")
    legacy.close(2)
    assert {member: rules["batch"] for member, rules in legacy.close().paid().items()} == {
        "a": yuan("10"),
        "b": yuan("30"),
    }
    legacy.top_up("1000")
    assert batches(legacy, 6) == [0, yuan("25"), 0, yuan("25"), 0, yuan("40")]


def test_a_paused_plan_books_no_debt_but_batches_go_on() -> None:
    legacy = shop()
    owe(legacy, "a", "100")
    legacy.book(PlanPaused)
    owe(legacy, "b", "100")
    assert legacy.world.liability("b") == 0
    assert batches(legacy, 3) == [0, 0, yuan("25")]


def test_a_plan_without_such_rules_notes_a_liability_and_does_nothing() -> None:
    plain = Shop("ad_tasks").join(a=None)
    assert owe(plain, "a", "100").accepted == 1
    assert (plain.world.liability("a"), plain.remaining("a", "stock")) == (0, [])


def test_a_liability_comes_once() -> None:
    legacy = shop()
    owe(legacy, "a", "100", id="l1")
    assert owe(legacy, "a", "100", id="l1").duplicates == 1
    assert owe(legacy, "a", "200", id="l1").refusals[0].code == "conflict"
    assert owe(legacy, "a", "0").refusals[0].code == "bad_amount"
    assert legacy.world.liability("a") == yuan("100")


def test_a_liability_can_give_more_by_an_earlier_rule_and_by_the_day() -> None:
    """Extra lots of 10% of what was converted; they release 2% of the liability, so 2 a day, from the day after."""
    text = preset_text("legacy_conversion").replace("  debt: {lots", "  extra: {lots: parallel}\n  debt: {lots")
    text = text.replace(
        "{id: convert, when: liability, amount: {share: 1", "{id: booked, when: liability, amount: {share: 1"
    )
    text += "  - {id: bonus, when: liability, amount: {share: 10%, of: booked}, pay: {grant: extra}}\n"
    static = "amount: {schedule: extra, rate: 2%, of: order_amount}, gate: {drain: extra}, pay: {asset: cash}"
    legacy = Shop(load_plan_text(text + f"  - {{id: static, when: daily, {static}}}\n")).join(a=None)
    owe(legacy, "a", "100")
    assert legacy.remaining("a", "extra") == [yuan("10")]
    legacy.close(3)
    assert legacy.cash("a") == yuan("4")


# -- goods ------------------------------------------------------------------------------------------------------------


def ready(**params: Any) -> Shop:
    """a is owed 60 and 40 and has 100 coin."""
    legacy = shop(batches=1, interval_days=1, **params)
    owe(legacy, "a", "60")
    owe(legacy, "a", "40")
    legacy.close(2)
    return legacy


def test_coin_that_pays_for_goods_lowers_the_oldest_debt() -> None:
    legacy = ready()
    legacy.order("o1", "a", "100", pay={"coin": "70"})
    assert (legacy.remaining("a", "debt"), coin(legacy)) == ([0, yuan("30")], yuan("30"))


def test_a_debt_is_lowered_at_most_to_nothing() -> None:
    """Goods for 100 coin against a debt of which 80 were removed by hand: nothing is forfeited."""
    legacy = ready()
    legacy.adjust("a", "debt", "-80")
    journal = legacy.order("o1", "a", "100", pay={"coin": "100"})
    assert (legacy.remaining("a", "debt"), journal.forfeited()) == ([0, 0], {})


def test_only_coin_lowers_a_debt_and_by_the_part_that_was_kept() -> None:
    """40 of 100 were given back before it settled: ⌊50 × 60 ÷ 100⌋ = 30 of the coin count."""
    legacy = ready(settle_at="settled", refund_days=1)
    legacy.order("o1", "a", "100", pay={"coin": "50"})
    legacy.order("o2", "a", "100")
    legacy.refund("o1", "40")
    assert (coin(legacy), legacy.world.liability("a")) == (yuan("70"), yuan("100"))
    legacy.close(2)
    assert legacy.world.liability("a") == yuan("70")


def test_a_refund_gives_the_debt_back_with_the_coin() -> None:
    """70 of coin for 100 of goods; half back is 35 coin and 35 debt, which return to the newest lot first."""
    legacy = ready()
    legacy.order("o1", "a", "100", pay={"coin": "70"})
    legacy.refund("o1", "50")
    assert (legacy.remaining("a", "debt"), coin(legacy)) == ([yuan("25"), yuan("40")], yuan("65"))
    legacy.refund("o1", "50")
    assert (legacy.remaining("a", "debt"), coin(legacy)) == ([yuan("60"), yuan("40")], yuan("100"))


def test_under_upstream_keep_the_buyers_own_debt_returns_all_the_same() -> None:
    legacy = ready(upstream="keep")
    legacy.order("o1", "a", "100", pay={"coin": "70"})
    legacy.refund("o1", "100")
    assert legacy.world.liability("a") == yuan("100")


def returned(*steps: tuple[str, str]) -> tuple[list[int], int, int]:
    """Two orders of thirds, so that every part is rounded; then the refunds."""
    legacy = ready()
    legacy.order("o1", "a", "30", pay={"coin": "10"})
    legacy.order("o2", "a", "70", pay={"coin": "65"})
    for order, amount in steps:
        legacy.refund(order, amount)
    return legacy.remaining("a", "debt"), coin(legacy), legacy.world.liability("a")


def test_refunds_commute_and_halves_are_the_whole() -> None:
    steps = (("o1", "10"), ("o2", "7"), ("o2", "63"), ("o1", "9"))
    found = [returned(*order) for order in permutations(steps)]
    assert all(each == found[0] for each in found)
    # Of o1 11 ÷ 30 are kept: ⌊10 × 11 ÷ 30⌋ = 3.666666 coin used, and as much of the debt delivered.
    assert found[0] == ([yuan("56.333334"), yuan("40")], yuan("96.333334"), yuan("96.333334"))


# -- exits ------------------------------------------------------------------------------------------------------------


def holding(**params: Any) -> Shop:
    """a is owed 100 (batches of 25 every other day) and holds 100 tokens; b holds 100 and is owed nothing."""
    legacy = shop(allow_unbacked_mint=True, **params)
    owe(legacy, "a", "100", id="l1")
    legacy.adjust("a", "tokens", "100")
    legacy.adjust("b", "tokens", "100")
    return legacy


def test_who_reaches_what_he_is_owed_sells_all_and_debt_and_coin_are_closed() -> None:
    """At price 1 the 100 tokens are worth the debt: 80 after the fee. The coin not yet released goes too."""
    legacy = holding()
    legacy.close(3)
    assert (coin(legacy), legacy.remaining("a", "coin")) == (yuan("25"), [yuan("75")])
    assert legacy.donate("pool", "199.999999").paid() == {}
    journal = legacy.donate("pool", "0.000001")
    assert journal.paid() == {"a": {"exit": yuan("80")}}
    assert (legacy.world.liability("a"), legacy.remaining("a", "coin"), coin(legacy)) == (0, [0], yuan("25"))
    assert legacy.world.tokens("a") == 0


def test_nobody_without_a_debt_exits() -> None:
    legacy = holding()
    legacy.donate("pool", "100000")
    assert legacy.world.tokens("b") == yuan("100")
    assert legacy.cash("b") == 0


def test_the_cap_is_what_remains_of_the_debt() -> None:
    """Goods for 25 coin leave 75 of debt: a price of 0.75 is enough; clipped to 75 he gets 60."""
    legacy = holding()
    legacy.donate("pool", "150")
    legacy.close(3)
    assert legacy.order("o1", "a", "25", pay={"coin": "25"}).paid()["a"]["exit"] == yuan("60")
    assert legacy.world.liability("a") == 0


def test_a_debt_lowered_by_hand_is_a_lower_cap() -> None:
    legacy = holding()
    legacy.donate("pool", "100")
    assert legacy.adjust("a", "debt", "-50").paid() == {"a": {"exit": yuan("40")}}


def test_a_new_debt_is_a_higher_cap() -> None:
    """At a price of 1.5 b's 100 tokens are worth 150; owed 150 by the first liability, he leaves at once."""
    legacy = holding()
    legacy.donate("pool", "199")
    owe(legacy, "a", "50")
    legacy.donate("pool", "1")
    assert legacy.world.tokens("a") == yuan("100")
    assert owe(legacy, "b", "100").paid() == {"b": {"exit": yuan("80")}}


def test_an_exit_can_wait_for_the_run() -> None:
    legacy = holding(exit_check="daily")
    assert legacy.donate("pool", "200").paid() == {}
    assert legacy.close().paid() == {"a": {"exit": yuan("80")}}


def test_the_value_may_be_paid_as_it_is() -> None:
    """300 in the pool: 150 for a's half instead of the 100 he was owed, 120 after the fee."""
    assert holding(exit_value="actual").donate("pool", "300").paid() == {"a": {"exit": yuan("120")}}


def test_an_exit_by_debt_closes_no_orders() -> None:
    """His spend goes on: only the stores that the exit names are closed."""
    legacy = holding()
    legacy.order("o1", "a", "100")
    legacy.donate("pool", "200")
    assert legacy.world.orders.state.item(0) == 1
    assert legacy.world.members.spend.item(0) == yuan("100")


def test_a_debt_paid_off_by_anothers_order_is_a_lower_cap() -> None:
    """Half of what c buys is paid to his referrer out of the debt: 50 of 100 are left, and a price of 0.5 is enough."""
    share = "amount: {share: 50%, of: trigger_amount}, who: {walk: referral, depth: 1}, gate: {drain: debt}"
    text = preset_text("legacy_conversion") + f"  - {{id: share, when: order, {share}, pay: {{asset: cash}}}}\n"
    legacy = Shop(load_plan_text(text, overrides={"allow_unbacked_mint": True})).join(a=None, c="a")
    owe(legacy, "a", "100")
    legacy.adjust("a", "tokens", "100")
    legacy.donate("pool", "50")
    assert legacy.order("o1", "c", "100").paid()["a"] == {"share": yuan("50"), "exit": yuan("40")}


@pytest.mark.parametrize("check", ["event", "daily"])
def test_a_batch_lowers_the_cap_of_an_exit_by_coin(check: str) -> None:
    """The exit looks at the coin not yet released: 75 after the first batch, so a price of 0.75 is enough."""
    text = preset_text("legacy_conversion").replace("of: debt, realised", "of: coin, realised")
    params = {"batches": 4, "interval_days": 2, "allow_unbacked_mint": True, "exit_check": check}
    legacy = Shop(load_plan_text(text, overrides=params)).join(a=None, b=None)
    owe(legacy, "a", "100")
    for member in ("a", "b"):
        legacy.adjust(member, "tokens", "100")
    legacy.donate("pool", "150")
    legacy.close(2)
    journal = legacy.close() if check == "daily" else (legacy.close(), legacy.donate("pool", "0.01"))[1]
    assert journal.paid()["a"]["exit"] == yuan("60")
    assert legacy.world.liability("a") == 0


@pytest.mark.parametrize("parts", [("25",), ("10", "15")])
def test_a_refund_after_an_exit_gives_the_debt_back(parts: tuple[str, ...]) -> None:
    """25 of debt were delivered before the rest of 75 was closed: the goods come back, the 25 are owed again."""
    legacy = holding()
    legacy.close(3)
    legacy.order("o1", "a", "25", pay={"coin": "25"})
    legacy.donate("pool", "200")
    assert legacy.world.liability("a") == 0
    for part in parts:
        legacy.refund("o1", part)
    assert (legacy.world.liability("a"), coin(legacy)) == (yuan("25"), yuan("25"))
    assert legacy.remaining("a", "coin") == [0]


# -- snapshots and explanation ----------------------------------------------------------------------------------------


def test_a_world_saved_between_batches_goes_on_as_before(tmp_path: Path) -> None:
    legacy = holding(funding="reserve")
    legacy.top_up("35")
    legacy.close(4)
    legacy.order("o1", "a", "25", pay={"coin": "25"})
    save_world(legacy.world, tmp_path)
    steady, legacy.world = legacy.world, load_world(tmp_path)
    assert everything(steady) == everything(legacy.world)
    assert batches(legacy, 5) == [yuan("10"), 0, 0, 0, 0]
    assert legacy.donate("pool", "150").paid() == {"a": {"exit": yuan("60")}}
    legacy.book(OrderRefunded, order="o1", amount=yuan("25"))
    assert legacy.world.liability("a") == yuan("25")


def test_what_a_liability_gave_is_explained_by_it() -> None:
    legacy = shop(coin_per_liability="2")
    owe(legacy, "a", "100", id="l1")
    legacy.close(3)
    legacy.order("o1", "a", "25", pay={"coin": "25"})
    told = [
        (
            one.rule,
            one.asset,
            one.granted,
            one.points,
            one.lot,
            [(each.order, each.base, each.points) for each in one.sources],
        )
        for one in explain(legacy.world, "a")
    ]
    all_of_it = yuan("100")
    assert told == [
        ("convert", "debt", True, all_of_it, "l1", [("l1", all_of_it, all_of_it)]),
        ("convert", "coin", True, 2 * all_of_it, "l1", [("l1", all_of_it, 2 * all_of_it)]),
        ("batch", "coin", False, yuan("50"), "l1", [("l1", 2 * all_of_it, yuan("50"))]),
        ("deliver", "debt", False, yuan("25"), "l1", [("o1", yuan("25"), yuan("25"))]),
    ]
