"""Tasks: the day's reward goes by the stock after the last run; what is paid is drained, oldest lots first."""

from pathlib import Path
from typing import Any

import pytest
from tests.engine.shop import Shop, everything, yuan

from jifen.engine.events import PlanActivated, PlanPaused, TaskDone
from jifen.engine.explain import explain
from jifen.engine.snapshot import load_world, save_world
from jifen.ledger.journal import Journal
from jifen.plan import load_plan_text, revise
from jifen.plan.load import preset_text


def shop(**params: Any) -> Shop:
    """Tasks pay 2 up to a stock of 200, then 10, 20, 40 and 50."""
    return Shop("ad_tasks", **params).join(a=None, b=None)


def task(shop: Shop, member: str = "a", **facts: Any) -> Journal:
    return shop.book(TaskDone, member=member, **facts)


def paid(journal: Journal, member: str = "a") -> int:
    return journal.paid().get(member, {}).get("task", 0)


def test_the_reward_goes_by_the_stock_after_the_last_run() -> None:
    """On the day of the order the stock after the last run was 0: the lowest row, 2; the day after 1000 are 10."""
    ads = shop()
    ads.order("o1", "a", "1000")
    assert paid(task(ads)) == yuan("2")
    ads.close()
    ads.order("o2", "a", "5000")
    assert paid(task(ads)) == yuan("10")
    assert ads.remaining("a", "stock") == [yuan("988"), yuan("5000")]


def test_a_refund_of_the_day_does_not_change_the_reward_but_bounds_it() -> None:
    """1001 give 20; after 995 are refunded 6 are left, which is all that is paid. Nothing is forfeited."""
    ads = shop()
    ads.order("o1", "a", "1001")
    ads.close()
    ads.refund("o1", "995")
    journal = task(ads)
    assert (paid(journal), journal.forfeited()) == (yuan("6"), {})
    assert ads.remaining("a", "stock") == [0]


def test_a_day_has_so_many_tasks_and_each_pays_its_part() -> None:
    """10 a day by 3 tasks: ⌊10 ÷ 3⌋ = 3.333333 each; the fourth is refused, the day after they count anew."""
    ads = shop(tasks_per_day=3)
    ads.order("o1", "a", "1000")
    ads.close()
    assert [paid(task(ads)) for _ in range(3)] == [3_333_333] * 3
    assert task(ads).refusals[0].code == "limit"
    assert paid(task(ads, "b")) == 0
    ads.close()
    assert paid(task(ads)) == 3_333_333


def test_a_task_without_stock_is_accepted_and_counts() -> None:
    ads = shop()
    assert (task(ads).accepted, ads.cash("a")) == (1, 0)
    assert task(ads).refusals[0].code == "limit"


def test_the_same_task_again_is_a_duplicate_and_counts_once() -> None:
    ads = shop(tasks_per_day=2)
    ads.order("o1", "a", "1000")
    ads.close()
    assert paid(task(ads, id="t1")) == yuan("5")
    assert task(ads, id="t1").duplicates == 1
    assert task(ads, "b", id="t1").refusals[0].code == "conflict"
    assert paid(task(ads)) == yuan("5")


def test_an_unknown_member_is_named_before_the_limit() -> None:
    assert task(shop(), "nobody").refusals[0].code == "unknown_member"


def test_a_plan_without_tasks_accepts_any_number_of_them() -> None:
    plain = Shop("rebate_queue").join(a=None)
    assert [task(plain).accepted for _ in range(3)] == [1, 1, 1]
    assert plain.cash("a") == 0


def test_tasks_drain_the_oldest_lots_first() -> None:
    """A stock of 403 gives 10: 3 of the first lot and 7 of the second."""
    ads = shop()
    ads.order("o1", "a", "3")
    ads.order("o2", "a", "400")
    ads.close()
    assert paid(task(ads)) == yuan("10")
    assert ads.remaining("a", "stock") == [0, yuan("393")]


def refunded(*steps: tuple[str, str]) -> Shop:
    """o1 of 3 and o2 of 400 give 10 on day 1; then the refunds."""
    ads = shop()
    ads.order("o1", "a", "3")
    ads.order("o2", "a", "400")
    ads.close()
    task(ads)
    for order, amount in steps:
        ads.refund(order, amount)
    return ads


def test_a_refund_takes_back_what_its_lots_paid() -> None:
    """Half of o2: 200 granted, of its 7 stand ⌊7 × 200 ÷ 400⌋ = 3.5; 196.5 remain, 10 − 3.5 is kept."""
    ads = refunded(("o2", "200"))
    assert ads.remaining("a", "stock") == [0, yuan("196.5")]
    assert ads.cash("a") == yuan("6.5")


def test_refunds_in_halves_and_in_any_order_come_to_the_same() -> None:
    whole = refunded(("o1", "3"), ("o2", "400"))
    halves = refunded(("o2", "100"), ("o1", "1.5"), ("o2", "300"), ("o1", "1.5"))
    assert whole.cash("a") == halves.cash("a") == 0
    assert whole.remaining("a", "stock") == halves.remaining("a", "stock") == [0, 0]


@pytest.mark.parametrize(("rule", "given"), [("prorate", "4"), ("defer", "4"), ("suspend", "0")])
def test_a_reserve_that_falls_short_leaves_the_rest_in_the_stock(rule: str, given: str) -> None:
    """10 are wanted of a reserve of 4: by one factor or in order that is 4 of this one payment, or nothing."""
    ads = shop(funding="reserve", on_shortfall=rule)
    ads.order("o1", "a", "1000")
    ads.top_up("4")
    ads.close()
    assert paid(task(ads)) == yuan(given)
    assert ads.remaining("a", "stock") == [yuan("1000") - yuan(given)]
    assert task(ads).refusals[0].code == "limit"


def test_a_new_table_of_rewards_counts_at_once_and_looks_at_the_stock_of_the_last_run() -> None:
    ads = shop(tasks_per_day=1)
    ads.order("o1", "a", "1000")
    ads.close()
    assert paid(task(ads)) == yuan("10")
    tiers = [{"max": "1000", "reward": "60"}, {"max": None, "reward": "90"}]
    ads.book(PlanActivated, plan=revise(ads.plan, {"task_tiers": tiers, "tasks_per_day": 3}))
    ads.order("o2", "a", "1000")
    assert [paid(task(ads)) for _ in range(2)] == [yuan("20"), yuan("20")]
    assert task(ads).refusals[0].code == "limit"


def test_a_plan_that_begins_to_pay_for_tasks_looks_at_the_stock_of_that_moment() -> None:
    """Nobody remembered the stock of the last run: it is what remains when the plan comes."""
    ads = Shop("ad_tasks", settle_at="paid")
    plain = (
        preset_text("ad_tasks").replace("  - {id: task,", "  # - {id: task,").replace("  task_tiers", "  # task_tiers")
    )
    plain = plain.replace("  tasks_per_day", "  # tasks_per_day")
    begun = Shop(load_plan_text(plain)).join(a=None)
    begun.order("o1", "a", "1001")
    begun.book(PlanActivated, plan=ads.plan)
    assert paid(task(begun)) == yuan("20")


def test_tasks_of_a_paused_plan_are_paid_from_open_lots() -> None:
    ads = shop()
    ads.order("o1", "a", "1000")
    ads.close()
    ads.book(PlanPaused)
    assert paid(task(ads)) == yuan("10")


def test_several_rules_pay_each_for_the_first_tasks_of_the_day() -> None:
    """One pays 10 by 1 task, one 10 by 2: the first task 10 + 5, the second 5, the third is refused."""
    text = preset_text("ad_tasks").replace("tasks_per_day: 1", "tasks_per_day: 2")
    line = next(line for line in text.splitlines() if "id: task" in line)
    text += line.replace("id: task,", "id: first,").replace(", parts: $tasks_per_day", "") + "\n"
    ads = Shop(load_plan_text(text)).join(a=None)
    ads.order("o1", "a", "1000")
    ads.close()
    assert task(ads).paid()["a"] == {"first": yuan("10"), "task": yuan("5")}
    assert task(ads).paid()["a"] == {"task": yuan("5")}
    assert task(ads).refusals[0].code == "limit"


def test_a_world_saved_between_two_tasks_goes_on_as_before(tmp_path: Path) -> None:
    ads = shop(tasks_per_day=2)
    ads.order("o1", "a", "1000")
    ads.close()
    task(ads)
    ads.order("o2", "a", "1000")
    save_world(ads.world, tmp_path)
    steady, ads.world = ads.world, load_world(tmp_path)
    assert everything(steady) == everything(ads.world)
    assert paid(task(ads)) == yuan("5")
    assert task(ads).refusals[0].code == "limit"


def test_a_task_is_explained_by_the_order_of_its_lot() -> None:
    ads = refunded()
    told = [(one.points, one.lot, [source.order for source in one.sources]) for one in explain(ads.world, "a", 1)]
    assert told == [(yuan("3"), "o1", ["o1"]), (yuan("7"), "o2", ["o2"])]


def test_a_table_of_one_row_holds_for_every_stock() -> None:
    ads = shop(task_tiers=[{"max": None, "reward": "7"}])
    ads.order("o1", "a", "1000")
    assert paid(task(ads)) == yuan("7")
