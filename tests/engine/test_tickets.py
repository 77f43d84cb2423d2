"""Tickets: one lot for each whole unit of spend; the head is paid for every so many newcomers behind it."""

from itertools import permutations
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from tests.engine.shop import Shop, everything, yuan

from jifen.engine.events import PlanActivated, PlanPaused
from jifen.engine.explain import explain
from jifen.engine.snapshot import load_world, save_world
from jifen.ledger.journal import Journal
from jifen.plan import load_plan_text, revise
from jifen.plan.load import preset_text


def shop(**params: Any) -> Shop:
    """A ticket of 70 for each 100; three newcomers pay the head."""
    return Shop("three_for_one", **{"threshold": "100"} | params).join(**dict.fromkeys("abcdefgh"))


def each_buys(tickets: Shop, members: str, amount: str = "100") -> list[Journal]:
    return [tickets.order(f"{member} buys {tickets.count}", member, amount) for member in members]


def paid(journal: Journal) -> dict[str, int]:
    return {member: rules["serve"] for member, rules in journal.paid().items() if "serve" in rules}


def tickets_of(shop: Shop, *members: str) -> list[list[int]]:
    return [shop.remaining(member, "ticket") for member in members]


# -- entering and being paid ------------------------------------------------------------------------------------------


def test_the_first_ticket_opens_the_line_and_the_fourth_pays_it() -> None:
    tickets = shop()
    assert [paid(journal) for journal in each_buys(tickets, "abcd")] == [{}, {}, {}, {"a": yuan("70")}]
    assert (tickets.world.counter(), len(tickets.world.queue())) == (0, 3)


def test_by_every_group_the_third_ticket_pays_the_first() -> None:
    tickets = shop(count_from="every_group")
    assert [paid(journal) for journal in each_buys(tickets, "abc")] == [{}, {}, {"a": yuan("70")}]


def test_spend_below_a_ticket_is_carried_to_the_next_order() -> None:
    tickets = shop()
    each_buys(tickets, "a", "99.99")
    assert tickets_of(tickets, "a") == [[]]
    each_buys(tickets, "a", "100.01")
    assert tickets_of(tickets, "a") == [[yuan("70")] * 2]


def test_a_single_order_counts_alone() -> None:
    tickets = shop(threshold_mode="single_order")
    each_buys(tickets, "a", "99")
    each_buys(tickets, "a", "299")
    assert tickets_of(tickets, "a") == [[yuan("70")] * 2]


def test_all_tickets_of_an_order_enter_before_anyone_is_paid() -> None:
    """a's 5 tickets: the first opens the line, 4 count; one group of 3 pays the first, 1 newcomer is left."""
    tickets = shop()
    (journal,) = each_buys(tickets, "a", "500")
    assert (paid(journal), tickets.world.counter()) == ({"a": yuan("70")}, 1)
    assert tickets_of(tickets, "a") == [[0] + [yuan("70")] * 4]
    assert tickets.world.queue() == ["a buys 8"] * 4


def test_a_line_that_has_run_dry_is_opened_anew() -> None:
    """With groups of 1, b's ticket pays a's, c's pays b's; once c is served by hand the next opens the line again."""
    tickets = shop(group=1)
    assert [paid(journal) for journal in each_buys(tickets, "abc")] == [{}, {"a": yuan("70")}, {"b": yuan("70")}]
    tickets.adjust("c", "ticket", "-70")
    assert tickets.world.queue() == []
    assert paid(each_buys(tickets, "d")[0]) == {}
    assert tickets.world.counter() == 0


def test_newcomers_that_are_left_over_pay_the_next_who_comes() -> None:
    """Each ticket counts. When the group shrinks from 3 to 1, two that are left over and a third pay all three."""
    tickets = shop(count_from="every_group")
    each_buys(tickets, "ab")
    tickets.book(PlanActivated, plan=revise(tickets.plan, {"group": 1}))
    assert paid(each_buys(tickets, "c")[0]) == {"a": yuan("70"), "b": yuan("70"), "c": yuan("70")}
    assert (tickets.world.counter(), tickets.world.queue()) == (0, [])


def test_a_ticket_made_by_hand_stands_in_line_but_is_no_newcomer() -> None:
    """h's 50 by hand opens the line; a, b and c are three newcomers who pay it."""
    tickets = shop()
    assert paid(tickets.adjust("h", "ticket", "50")) == {}
    assert [paid(journal) for journal in each_buys(tickets, "abc")] == [{}, {}, {"h": yuan("50")}]
    assert tickets_of(tickets, "h") == [[0]]


def test_a_ticket_made_by_hand_does_not_count_against_spend() -> None:
    tickets = shop()
    tickets.adjust("a", "ticket", "70")
    each_buys(tickets, "a")
    assert tickets_of(tickets, "a") == [[yuan("70")] * 2]


def test_a_ticket_that_comes_to_nothing_is_none() -> None:
    tickets = shop(threshold="0.000001", subsidy_rate="70%")
    each_buys(tickets, "a", "0.01")
    assert (tickets_of(tickets, "a"), tickets.world.counter()) == ([[]], 0)


def test_a_paused_plan_brings_no_tickets_and_pays_nobody() -> None:
    tickets = shop()
    each_buys(tickets, "abc")
    tickets.book(PlanPaused)
    assert paid(each_buys(tickets, "d")[0]) == {}
    assert (tickets.world.counter(), tickets_of(tickets, "d")) == (2, [[]])


def test_orders_settle_into_tickets_with_their_net_amount() -> None:
    tickets = shop(settle_at="settled", refund_days=1)
    each_buys(tickets, "a", "400")
    tickets.refund("a buys 8", "100")
    assert tickets_of(tickets, "a") == [[]]
    tickets.close(2)
    assert tickets_of(tickets, "a") == [[yuan("70")] * 3]


def test_an_order_of_too_many_tickets_is_refused() -> None:
    tickets = shop(threshold="0.01")
    assert tickets.order("o1", "a", "10000.01").refusals[0].code == "limit"
    assert list(tickets.world.order_names) == []


def test_new_terms_count_for_new_tickets() -> None:
    """300 at 100 each are 3 tickets of 70; at 50 each 400 come to 8, so 5 more of 20."""
    tickets = shop(group=100)
    each_buys(tickets, "a", "300")
    tickets.book(PlanActivated, plan=revise(tickets.plan, {"threshold": "50", "subsidy_rate": "40%"}))
    each_buys(tickets, "a", "100")
    assert tickets_of(tickets, "a") == [[yuan("70")] * 3 + [yuan("20")] * 5]


# -- refunds ----------------------------------------------------------------------------------------------------------


def line() -> Shop:
    """a, b, c, d one ticket each: a is paid, three counted and were used up."""
    tickets = shop()
    each_buys(tickets, "abcd")
    return tickets


def test_a_waiting_ticket_disappears_with_its_order_and_the_counter_goes_below_zero() -> None:
    tickets = line()
    tickets.refund("c buys 10", "100")
    assert (tickets_of(tickets, "c"), tickets.world.counter()) == ([[0]], -1)
    assert tickets.world.queue() == ["b buys 9", "d buys 11"]
    assert [paid(journal) for journal in each_buys(tickets, "efgh")] == [{}, {}, {}, {"b": yuan("70")}]


def test_a_paid_ticket_is_paid_back_and_does_not_wait_again() -> None:
    """a's ticket had opened the line, so it had not counted."""
    tickets = line()
    tickets.refund("a buys 8", "0.01")
    assert (tickets.cash("a"), tickets_of(tickets, "a"), tickets.world.counter()) == (0, [[0]], 0)
    assert tickets.world.queue() == ["b buys 9", "c buys 10", "d buys 11"]


def test_a_ticket_stays_whole_while_it_is_still_due() -> None:
    tickets = shop()
    each_buys(tickets, "a", "150")
    tickets.refund("a buys 8", "50")
    assert tickets_of(tickets, "a") == [[yuan("70")]]


def test_the_newest_waiting_disappear_before_the_paid() -> None:
    """5 tickets, the first paid. Down to 3 two waiting go; to 1 two more; to 0 the paid one is paid back."""
    tickets = shop()
    each_buys(tickets, "a", "500")
    kept = yuan("70")
    for amount, left, cash in (("200", [0, kept, kept, 0, 0], "70"), ("200", [0] * 5, "70"), ("100", [0] * 5, "0")):
        tickets.refund("a buys 8", amount)
        assert (tickets_of(tickets, "a"), tickets.cash("a")) == ([left], yuan(cash))
    assert tickets.world.counter() == 1 - 4


def test_cumulative_tickets_go_wherever_they_came_from() -> None:
    """o1 brought 1 ticket (150), o2 another (50). Half of o1 back: 125 come to 1, and the newest goes."""
    tickets = shop()
    tickets.order("o1", "a", "150")
    tickets.order("o2", "a", "50")
    tickets.refund("o1", "75")
    assert tickets_of(tickets, "a") == [[yuan("70"), 0]]
    tickets.order("o3", "a", "75")
    assert tickets_of(tickets, "a") == [[yuan("70"), 0, yuan("70")]]


def test_by_single_order_only_the_tickets_of_that_order_go() -> None:
    tickets = shop(threshold_mode="single_order")
    tickets.order("o1", "a", "250")
    tickets.order("o2", "a", "100")
    tickets.refund("o1", "60")
    assert tickets_of(tickets, "a") == [[yuan("70"), 0, yuan("70")]]


def test_due_is_counted_by_the_switches_of_the_day() -> None:
    """150 and 150 brought 3 in all. By single orders, a refund of 100 leaves 50: o1's one goes, nothing of o2's."""
    tickets = shop()
    tickets.order("o1", "a", "150")
    tickets.order("o2", "a", "150")
    tickets.book(PlanActivated, plan=revise(tickets.plan, {"threshold_mode": "single_order"}))
    tickets.refund("o1", "100")
    assert tickets_of(tickets, "a") == [[0, yuan("70"), yuan("70")]]


def test_a_lower_threshold_brings_nothing_on_a_refund() -> None:
    tickets = shop()
    tickets.order("o1", "a", "200")
    tickets.book(PlanActivated, plan=revise(tickets.plan, {"threshold": "10"}))
    tickets.refund("o1", "100")
    assert tickets_of(tickets, "a") == [[yuan("70")] * 2]


def refunded(*steps: tuple[str, str]) -> Any:
    """Six orders, groups of 2; then the refunds. Of the serving, everything but the order of events is compared."""
    tickets = shop(group=2)
    for name, member, amount in (("o1", "a", "250"), ("o2", "b", "320"), ("o3", "a", "180"), ("o4", "c", "100")):
        tickets.order(name, member, amount)
    for order, amount in steps:
        tickets.refund(order, amount)
    members = ("a", "b", "c")
    cash = [tickets.cash(member) for member in members]
    return tickets_of(tickets, *members), cash, tickets.world.counter(), tickets.world.queue()


def test_refunds_commute_and_halves_are_the_whole() -> None:
    steps = (("o1", "160"), ("o2", "320"), ("o3", "180"), ("o4", "0.01"))
    orders = [refunded(*order) for order in permutations(steps)]
    assert all(each == orders[0] for each in orders)
    assert refunded(("o1", "80"), ("o2", "100"), ("o1", "80"), ("o2", "220"), *steps[2:]) == orders[0]


def test_a_ticket_removed_by_hand_is_no_longer_waiting_but_still_brought() -> None:
    """a's 2 tickets, the newer taken out by hand. It was brought: 150 more bring one, and it goes after the waiting."""
    tickets = shop()
    tickets.order("o1", "a", "200")
    tickets.adjust("a", "ticket", "-70")
    tickets.order("o2", "a", "100")
    assert tickets_of(tickets, "a") == [[yuan("70"), 0, yuan("70")]]
    tickets.refund("o2", "100")
    assert tickets_of(tickets, "a") == [[yuan("70"), 0, 0]]


def test_a_waiting_ticket_goes_before_one_removed_by_hand() -> None:
    tickets = shop()
    tickets.order("o1", "a", "200")
    tickets.adjust("a", "ticket", "-70")
    tickets.refund("o1", "100")
    assert (tickets_of(tickets, "a"), tickets.world.queue()) == ([[0, 0]], [])


def test_what_a_run_pays_out_of_a_ticket_does_not_shrink_with_its_order() -> None:
    """a gets half of what b's points release, 10 a day for 2 days, out of his ticket; half of a's order comes back."""
    half = "amount: {share: 50%, of: static_release}, who: {walk: referral, by: generation, depth: 1}"
    text = preset_text("three_for_one").replace("  ticket: {lots", "  points: {lots: parallel}\n  ticket: {lots")
    text += """\
  - {id: grant, when: order, amount: {share: 100%, of: trigger_amount}, pay: {grant: points}}
  - {id: static, when: daily, amount: {schedule: points, rate: 20%}, gate: {drain: points}, pay: {asset: coin}}
"""
    text += f"  - {{id: share, when: daily, {half}, gate: {{drain: ticket}}, pay: {{asset: cash}}}}\n"
    tickets = Shop(load_plan_text(text, overrides={"threshold": "10"})).join(a=None, b="a")
    tickets.order("o1", "a", "15")
    tickets.order("o2", "b", "9")
    tickets.close(3)
    assert (tickets.cash("a"), tickets_of(tickets, "a")) == (yuan("1.8"), [[yuan("5.2")]])
    tickets.refund("o1", "5")
    assert (tickets.cash("a"), tickets_of(tickets, "a")) == (yuan("1.8"), [[yuan("5.2")]])
    tickets.refund("o1", "5")
    assert (tickets.cash("a"), tickets_of(tickets, "a")) == (0, [[0]])


def test_under_upstream_keep_the_buyers_own_tickets_go_all_the_same() -> None:
    tickets = shop(upstream="keep")
    each_buys(tickets, "abcd")
    tickets.refund("a buys 8", "100")
    assert (tickets.cash("a"), tickets_of(tickets, "a")) == (0, [[0]])


# -- the reserve ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "first", "second"), [("prorate", "25", "25"), ("defer", "50", "0"), ("suspend", "0", "0")]
)
def test_a_short_reserve_leaves_the_rest_in_line_and_uses_up_the_newcomers(rule: str, first: str, second: str) -> None:
    """7 tickets at once: 6 newcomers pay two heads 70 each out of 50, ⌊70 × 50 ÷ 140⌋ = 25 each by one factor."""
    tickets = shop(funding="reserve", on_shortfall=rule)
    tickets.top_up("50")
    (journal,) = each_buys(tickets, "a", "700")
    assert paid(journal) == ({"a": yuan("50")} if rule != "suspend" else {})
    left = [yuan("70") - yuan(first), yuan("70") - yuan(second)]
    assert tickets_of(tickets, "a") == [left + [yuan("70")] * 5]
    assert (tickets.world.counter(), len(tickets.world.queue())) == (0, 7)


def test_a_head_that_was_paid_in_part_is_paid_the_rest_first() -> None:
    tickets = shop(funding="reserve")
    tickets.top_up("30")
    each_buys(tickets, "abcd")
    assert tickets_of(tickets, "a") == [[yuan("40")]]
    tickets.top_up("100")
    assert [paid(journal) for journal in each_buys(tickets, "efg")] == [{}, {}, {"a": yuan("40")}]
    tickets.refund("a buys 9", "100")
    assert (tickets.cash("a"), tickets_of(tickets, "a")) == (0, [[0]])
    assert tickets.world.reserve == yuan("130")


def test_a_partly_paid_ticket_disappears_with_what_was_paid_of_it() -> None:
    tickets = shop(funding="reserve")
    tickets.top_up("30")
    each_buys(tickets, "abcd")
    tickets.refund("a buys 9", "100")
    assert (tickets.cash("a"), tickets.world.reserve, tickets_of(tickets, "a")) == (0, yuan("30"), [[0]])
    assert len(tickets.world.queue()) == 3


def funded(when: str) -> Shop:
    """Tickets of 100 that newcomers pay one by one, out of a pool that gets 40% of each order."""
    text = preset_text("three_for_one").replace("  ticket: {lots", "  pot: {pool: money}\n  ticket: {lots")
    text = text.replace("pay: {asset: $pay_asset}}", "pay: {asset: $pay_asset, from: pot}}")
    feed = "  - {id: feed, when: order, amount: {share: 40%, of: trigger_amount}, pay: {feed: pot}}\n"
    text = text.replace("rules:\n", "rules:\n" + feed).replace("serve,  when: order", f"serve, when: {when}")
    params = {"threshold": "100", "subsidy_rate": "100%", "group": 1}
    return Shop(load_plan_text(text, overrides=params)).join(a=None, b=None)


def test_a_pool_pays_heads_no_more_than_it_has() -> None:
    """Of 160 the first of three heads gets 100, the second 60 and stays in line, the third nothing."""
    tickets = funded("order")
    tickets.order("o1", "a", "100")
    tickets.order("o2", "b", "300")
    assert tickets_of(tickets, "a", "b") == [[0], [yuan("40"), yuan("100"), yuan("100")]]
    assert (tickets.world.pool("pot"), tickets.world.counter()) == (0, 0)
    assert tickets.world.queue() == ["o2"] * 3
    tickets.donate("pot", "60")
    assert paid(tickets.order("o3", "a", "100")) == {"b": yuan("40")}
    assert tickets_of(tickets, "a", "b") == [[0, yuan("100")], [0, yuan("100"), yuan("100")]]


def test_newcomers_can_be_counted_up_in_the_run() -> None:
    tickets = funded("daily")
    tickets.order("o1", "a", "100")
    tickets.order("o2", "b", "300")
    assert (tickets.cash("a"), tickets.world.counter()) == (0, 3)
    assert paid(tickets.close()) == {"a": yuan("100"), "b": yuan("60")}
    assert tickets_of(tickets, "a", "b") == [[0], [yuan("40"), yuan("100"), yuan("100")]]


# -- size, snapshots, explanation -------------------------------------------------------------------------------------


def test_an_order_does_not_look_at_a_line_of_twenty_thousand() -> None:
    """However long the line is, the next hundred orders are handled in the same time (with room for a slow machine)."""

    def hundred(tickets: Shop) -> float:
        begun = perf_counter()
        for place in range(100):
            tickets.order(f"late {place}", "b", "100")
        return perf_counter() - begun

    short, long = shop(group=100), shop(group=100)
    long.order("long", "a", "2000000")
    assert len(long.world.queue()) == 20_000 - 199
    hundred(shop())
    assert hundred(long) < 5 * hundred(short) + 0.2


def test_a_world_saved_in_the_middle_goes_on_as_before(tmp_path: Path) -> None:
    tickets = line()
    tickets.refund("c buys 10", "100")
    tickets.adjust("h", "ticket", "5")
    save_world(tickets.world, tmp_path)
    steady, tickets.world = tickets.world, load_world(tmp_path)
    assert everything(steady) == everything(tickets.world)
    assert [paid(journal) for journal in each_buys(tickets, "efgh")] == [{}, {}, {}, {"b": yuan("70")}]


def test_a_ticket_is_explained_by_its_unit_and_its_payment_by_its_order() -> None:
    tickets = line()
    granted, served = explain(tickets.world, "a")
    (source,) = granted.sources
    assert (granted.rule, granted.amount, source.base, source.rate) == ("ticket", yuan("70"), yuan("100"), 700_000)
    assert (served.rule, served.amount, served.lot) == ("serve", yuan("70"), "a buys 8")
    assert [source.order for source in served.sources] == ["a buys 8"]
