"""The auditor by hand: tickets and newcomers, claims on a pool, tasks, old debts with batches, deliveries and exits."""

from typing import Any

import pytest
from tests.simulate.test_auditor import Shop, units

from jifen.core.micros import MICRO, parse_micros
from jifen.engine.events import LiabilityBooked, Line, OrderPaid, PoolDonated, ReserveToppedUp, TaskDone
from jifen.plan import load_plan_text
from jifen.simulate.auditor import Outcome

EACH = {"threshold": "100", "count_from": "every_group"}


def tickets(shop: Shop, member: str) -> list[float]:
    return shop.lots(member, "ticket")


# -- tickets --------------------------------------------------------------------------------------------------------


def test_an_order_brings_the_tickets_that_lack_and_all_enter_before_the_head_is_served() -> None:
    shop = Shop("three_for_one", {"A": None, "B": None}, threshold="100")
    shop.buy("a1", "A", "250")  # two tickets, the first does not count
    assert (tickets(shop, "A"), shop.auditor.counter()) == ([70, 70], 1)
    assert units(shop.buy("a2", "A", "150")) == {("A", "serve"): 70}  # 400 in all: two more
    assert (shop.auditor.counter(), shop.auditor.queue()) == (0, ["a1", "a2", "a2"])
    shop.adjust("B", "ticket", "5")
    assert shop.auditor.counter() == 0  # made by hand, it stands in line and is no newcomer
    assert units(shop.buy("b1", "B", "300")) == {("A", "serve"): 70}


def test_each_order_counts_alone_where_the_plan_says_so() -> None:
    shop = Shop("three_for_one", {"A": None}, threshold_mode="single_order", **EACH)
    shop.buy("a1", "A", "199.99")
    shop.buy("a2", "A", "99.99")
    assert tickets(shop, "A") == [70]


def test_a_refund_takes_the_newest_waiting_ticket_first_then_the_newest_paid() -> None:
    shop = Shop("three_for_one", {"A": None}, group=2, **EACH)
    shop.buy("a1", "A", "400")  # four enter, the first two are paid
    shop.buy("a2", "A", "100")  # one more waits
    assert (tickets(shop, "A"), shop.auditor.counter()) == ([0, 0, 70, 70, 70], 1)
    assert units(shop.refund("a1", "300")) == {}  # 200 are left: the three waiting go
    assert (tickets(shop, "A"), shop.auditor.counter()) == ([0, 0, 0, 0, 0], -2)
    assert units(shop.refund("a2", "0.01")) == {("A", "refund"): -70}  # the second paid one
    assert shop.auditor.counter() == -3
    assert units(shop.refund("a1", "99.99")) == {}  # 100 are left: one ticket is due


def test_of_single_orders_only_the_order_s_own_tickets_go() -> None:
    shop = Shop("three_for_one", {"A": None}, threshold_mode="single_order", **EACH)
    shop.buy("a1", "A", "200")
    shop.buy("a2", "A", "100")  # the third serves the first
    assert units(shop.refund("a1", "100.01")) == {("A", "refund"): -70}  # 99.99 are left and bring none
    assert (tickets(shop, "A"), shop.auditor.queue()) == ([0, 0, 70], ["a2"])


def test_the_switches_of_the_day_say_how_many_tickets_are_due() -> None:
    shop = Shop("three_for_one", {"A": None}, **EACH)
    shop.buy("a1", "A", "60")
    shop.buy("a2", "A", "60")
    assert tickets(shop, "A") == [70]  # of 120
    shop.switch(threshold_mode="single_order")
    shop.refund("a2", "1")  # alone 59 brings none
    assert (tickets(shop, "A"), shop.auditor.counter()) == ([0], 0)


def test_a_refund_serves_nobody_and_a_lower_counter_must_be_made_up() -> None:
    shop = Shop("three_for_one", {"A": None, "B": None}, group=1, **EACH)
    assert units(shop.buy("a1", "A", "100")) == {("A", "serve"): 70}
    assert units(shop.refund("a1", "100")) == {("A", "refund"): -70}
    assert units(shop.buy("b1", "B", "100")) == {}
    assert units(shop.buy("b2", "B", "100")) == {("B", "serve"): 70}


def test_a_ticket_that_did_not_count_lowers_no_counter_when_it_goes() -> None:
    shop = Shop("three_for_one", {"A": None}, threshold="100")
    shop.buy("a1", "A", "200")  # the head does not count, the second does
    shop.refund("a1", "50")
    assert shop.auditor.counter() == 0
    shop.refund("a1", "150")
    assert (tickets(shop, "A"), shop.auditor.counter()) == ([0, 0], 0)


def test_under_a_short_reserve_a_ticket_keeps_what_was_not_paid_and_the_newcomers_are_used_up() -> None:
    shop = Shop("three_for_one", {"A": None}, group=1, funding="reserve", **EACH)
    shop.do(ReserveToppedUp, amount=50 * MICRO)
    assert units(shop.buy("a1", "A", "100")) == {("A", "serve"): 50}
    assert (tickets(shop, "A"), shop.auditor.counter(), shop.auditor.queue()) == ([20], 0, ["a1"])
    assert shop.auditor.owed("A") == 0
    shop.do(ReserveToppedUp, amount=100 * MICRO)
    assert units(shop.buy("a2", "A", "100")) == {("A", "serve"): 20}


# -- tasks ----------------------------------------------------------------------------------------------------------


def test_a_task_pays_its_part_of_the_reward_for_the_stock_of_the_morning_and_at_most_what_is_there() -> None:
    tiers = [{"max": "10", "reward": "9"}, {"max": None, "reward": "30"}]
    shop = Shop("ad_tasks", {"A": None}, task_tiers=tiers, tasks_per_day=2)
    shop.buy("a1", "A", "10")
    shop.buy("a2", "A", "10")
    assert units(shop.do(TaskDone, member="A")) == {("A", "task"): 4.5}  # there was nothing in the morning
    shop.close()  # 15.5
    assert units(shop.do(TaskDone, member="A")) == {("A", "task"): 15}
    assert shop.lots("A", "stock") == [0, 0.5]
    assert units(shop.do(TaskDone, member="A")) == {("A", "task"): 0.5}
    assert shop.do(TaskDone, member="A").refused == "limit"
    shop.close()
    assert shop.do(TaskDone, member="A").refused is None  # nothing is left, and it counts
    assert units(shop.refund("a1", "5")) == {("A", "refund"): -5}


TWO_TASKS = """
preset: two_tasks
params: {settle_at: paid, funding: merchant, task_tiers: [{max: null, reward: 6}]}
stores: {stock: {lots: parallel}}
rules:
  - {id: grant, when: order, amount: {share: 100%, of: trigger_amount}, pay: {grant: stock}}
  - {id: once, when: task, amount: {tier: $task_tiers.reward, at: stock}, gate: {drain: stock}, pay: {asset: cash}}
  - {id: often, when: task, amount: {tier: $task_tiers.reward, at: stock, parts: 2}, gate: {drain: stock}, pay: {asset: coin}}
"""  # noqa: E501 - one rule a line


def test_each_rule_pays_for_its_own_number_of_tasks_and_the_largest_is_the_limit() -> None:
    shop = Shop(load_plan_text(TWO_TASKS), {"A": None})
    shop.buy("a1", "A", "100")
    assert units(shop.do(TaskDone, member="A")) == {("A", "once"): 6, ("A", "often"): 3}
    assert units(shop.do(TaskDone, member="A")) == {("A", "often"): 3}
    assert shop.do(TaskDone, member="A").refused == "limit"


def test_a_plan_without_tasks_takes_any_number_of_them() -> None:
    shop = Shop("share_plan", {"A": None})
    for _ in range(3):
        assert shop.do(TaskDone, member="A") == Outcome()
    assert shop.do(TaskDone, member="nobody").refused == "unknown_member"


# -- old debts ------------------------------------------------------------------------------------------------------


def owing(amount: str, **params: Any) -> Shop:
    shop = Shop("legacy_conversion", {"A": None}, **params)
    assert shop.do(LiabilityBooked, member="A", amount=parse_micros(amount)).refused is None
    return shop


def pay(shop: Shop, order: str, amount: str, **used: str) -> None:
    tender = tuple((asset, parse_micros(given)) for asset, given in used.items())
    line = (Line(amount=parse_micros(amount)),)
    assert shop.do(OrderPaid, id=order, member="A", lines=line, pay=tender).refused is None


def test_batches_come_every_few_days_and_the_last_takes_the_rest_by_the_terms_of_the_grant() -> None:
    shop = owing("100.000001", batches=3, interval_days=2)
    shop.switch(batches=7, interval_days=1)
    paid = [units(shop.close()).get(("A", "batch"), 0) for _ in range(8)]
    assert paid == [0, 0, 33.333333, 0, 33.333333, 0, 33.333335, 0]


def test_what_the_reserve_could_not_pay_of_a_batch_comes_with_the_last_or_on_a_later_day_of_batches() -> None:
    shop = owing("100", batches=2, interval_days=2, funding="reserve")
    shop.do(ReserveToppedUp, amount=30 * MICRO)
    paid = []
    for _ in range(8):
        paid.append(units(shop.close()).get(("A", "batch"), 0))
        if shop.auditor.open_day == 5:
            shop.do(ReserveToppedUp, amount=100 * MICRO)
    assert paid == [0, 0, 30, 0, 0, 0, 70, 0]


def test_goods_paid_by_coin_lower_the_debt_and_a_refund_brings_it_back() -> None:
    shop = owing("100", batches=1, interval_days=1)
    shop.close()
    shop.close()
    pay(shop, "a1", "80", coin="60")
    assert (shop.auditor.liability("A"), shop.auditor.balance("A", "coin")) == (40 * MICRO, 40 * MICRO)
    shop.refund("a1", "40")
    assert (shop.auditor.liability("A"), shop.auditor.balance("A", "coin")) == (70 * MICRO, 70 * MICRO)


def test_the_coin_paid_is_its_part_of_what_is_kept_when_the_order_takes_effect() -> None:
    shop = owing("100", batches=1, interval_days=1, settle_at="settled", refund_days=1)
    shop.close()
    shop.close()
    pay(shop, "a1", "80", coin="60")
    shop.refund("a1", "20")
    shop.close()
    assert shop.auditor.liability("A") == 100 * MICRO
    shop.close()
    assert shop.auditor.liability("A") == 55 * MICRO  # 45 of the 60 were for what is kept


def test_a_debt_is_never_lowered_below_nothing_and_nothing_is_lost() -> None:
    shop = owing("10", batches=1, interval_days=1, coin_per_liability="3")
    shop.close()
    shop.close()
    line = (Line(amount=30 * MICRO),)
    outcome = shop.do(OrderPaid, id="a1", member="A", lines=line, pay=(("coin", 30 * MICRO),))
    assert (shop.auditor.liability("A"), outcome.forfeited) == (0, {})
    shop.refund("a1", "15")  # ⌊30 × 10 ÷ 30⌋ was the part of the order, half of it stands
    assert shop.auditor.liability("A") == 5 * MICRO


def test_the_debt_is_the_cap_of_an_exit_which_closes_it_with_the_coin_and_delivered_debt_still_returns() -> None:
    shop = owing("100", batches=2, interval_days=1, allow_unbacked_mint=True)
    shop.close()
    shop.close()  # 50 coin
    pay(shop, "a1", "80", coin="50")
    shop.adjust("A", "tokens", "10")
    assert shop.do(PoolDonated, pool="pool", amount=49_999_999).paid == {}
    outcome = shop.do(PoolDonated, pool="pool", amount=1)
    assert units(outcome) == {("A", "exit"): 40}  # 50 less the fee
    assert (shop.auditor.liability("A"), shop.lots("A", "coin"), shop.auditor.tokens("A")) == (0, [0], 0)
    shop.refund("a1", "40")
    assert (shop.auditor.liability("A"), shop.auditor.balance("A", "coin")) == (25 * MICRO, 25 * MICRO)
    assert units(shop.close()) == {}


def test_who_has_no_debt_never_exits() -> None:
    shop = Shop("legacy_conversion", {"A": None}, allow_unbacked_mint=True)
    shop.adjust("A", "tokens", "10")
    shop.do(PoolDonated, pool="pool", amount=100 * MICRO)
    assert shop.auditor.tokens("A") == 10 * MICRO


def test_a_store_that_bears_the_name_of_an_asset_is_what_is_adjusted() -> None:
    shop = owing("10")
    shop.adjust("A", "coin", "-4")
    shop.adjust("A", "coin", "3")
    assert (shop.lots("A", "coin"), shop.auditor.balance("A", "coin")) == ([6, 3], 0)
    assert shop.adjust("A", "cash", "2").refused is None
    assert shop.auditor.balance("A", "cash") == 2 * MICRO


@pytest.mark.parametrize(("amount", "code"), [(0, "bad_amount"), (-1, "bad_amount"), (1, None)])
def test_a_debt_must_be_of_something(amount, code) -> None:
    shop = Shop("legacy_conversion", {"A": None})
    assert shop.do(LiabilityBooked, member="A", amount=amount).refused == code
