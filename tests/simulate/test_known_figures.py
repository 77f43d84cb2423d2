"""What a simulation must meet: figures that are known in closed form, for equal orders settled at payment, cost 20 %.

Each order is of another new member whom nobody has referred, but where the figure is about referring.
"""

import numpy as np
import pytest

from jifen.plan import load_plan
from jifen.simulate.scenario import load_scenario
from jifen.simulate.simulation import Simulation, simulate
from jifen.simulate.summary import summary_of


def equal_orders(preset: str, settings=None, **values) -> Simulation:
    scenario = load_scenario("equal_orders", {key.replace("__", "."): value for key, value in values.items()})
    return simulate(load_plan(preset, settings or {}), scenario)


def first_below_zero(made: Simulation) -> int | None:
    below = np.flatnonzero(made.days["free_cash"] < 0)
    return int(below[0]) + 1 if len(below) else None


def test_points_at_1_2_owe_60_6_days_of_sales_and_run_out_of_cash_on_day_152():
    made = equal_orders("points_dividend", {"points_per_yuan": "1.2"}, joining__a_day=1, days=400)
    sales = made.days["sold"][0]
    assert (made.days["promised"][100:] * 10 == sales * 606).all()  # 1.2 × Σ (1 − a/100) for a = 0 … 99
    assert made.days["promised"][49] * 100 == sales * 4530  # 1.2 × Σ (1 − a/100) for a = 0 … 49
    assert made.days["free_cash"].argmax() + 1 == 67
    assert first_below_zero(made) == 152
    # 0.8 × 67 − 0.012 × (0 + 1 + … + 66)
    assert made.days["free_cash"][66] * 1000 == sales * 27_068


@pytest.mark.parametrize(("points", "growth"), [("1.2", 8679), ("1", 4603)])
def test_points_stay_solvent_just_above_the_growth_that_is_required(points, growth):
    # Once the first orders have been paid out, each day leaves the same part of its sales: below the growth that is
    # required less than nothing, above it more. Orders are so many that whole ones are near enough to the curve.
    last = {}
    for rate in (growth * 99 // 100, growth * 101 // 100):
        made = equal_orders(
            "points_dividend", {"points_per_yuan": points}, joining__curve="exponential", joining__a_day=100,
            joining__growth=f"{rate / 10_000:.4f}%", days=240, orders__yuan=100,
        )  # fmt: skip
        last[rate] = made.days["free_cash"][-1] - made.days["free_cash"][-30]
    short, enough = last.values()
    assert short < 0 < enough


@pytest.mark.parametrize("multiple", ["2.5"])
def test_green_points_at_constant_sales_run_out_of_cash_on_day_135(multiple):
    # 0.8 n − 0.012 (0 + 1 + … + (n − 1)) < 0 first for n = 135: 108 − 108.54.
    made = equal_orders("green_points", joining__a_day=1, days=150)
    assert made.days["free_cash"].argmax() + 1 == 67
    assert first_below_zero(made) == 135


def test_in_a_tree_of_forty_with_three_each_13_get_all_back_and_27_nothing():
    made = equal_orders("refer_three", joining__a_day=40, days=1, referrals__shape="branching")
    assert (made.members.buyers, made.members.paid_back, made.members.paid_nothing) == (40, 13, 27)


def test_in_a_chain_all_but_the_last_get_the_tenth_part():
    made = equal_orders("refer_three", joining__a_day=30, days=1, referrals__shape="chain")
    assert (made.members.received[:-1] * 10 == made.members.spent[:-1]).all()
    assert made.members.received[-1] == 0


def test_after_ten_thousand_equal_orders_six_have_left_at_twice_their_spending():
    made = equal_orders("appreciation", {"exit_multiple": "2"}, joining__a_day=200, days=50, orders__yuan=1000)
    assert int((made.members.received > 0).sum()) == made.days["exits"].sum() == summary_of(made).exits == 6
    assert made.members.received.sum() <= made.members.spent.sum() * 3 // 10


def test_after_a_million_equal_orders_572_have_left():
    made = equal_orders("appreciation", {"exit_multiple": "2"}, joining__a_day=20_000, days=50, orders__yuan=1000)
    assert abs(int(made.days["exits"].sum()) - 572) <= 5
    assert made.members.buyers == 1_000_000


def test_plans_without_forced_exits_have_no_figure_of_them():
    made = equal_orders("points_dividend", joining__a_day=1, days=2)
    assert "exits" not in made.days
    assert summary_of(made).exits is None


def test_of_cyclic_credits_one_in_twenty_is_ever_paid():
    made = equal_orders("cyclic_purchase", joining__a_day=2, days=300, orders__yuan=2000)
    assert made.days["released:credits"].sum() * 20 == made.days["granted:credits"].sum()


def test_a_queue_fed_with_a_fifth_pays_a_fifth_of_the_places_after_four_times_the_age():
    made = equal_orders("rebate_queue", joining__a_day=1, days=750, orders__yuan=1000)
    queue = made.queues["claim"]
    assert queue.served * 5 == len(queue.paid) == 750
    served = (queue.paid >= 0) & (queue.arrived >= 100)
    wait_over_age = queue.wait[served] / queue.arrived[served]
    assert len(wait_over_age) == 51
    assert (abs(wait_over_age - 4) < 0.04).all()


def test_of_a_thousand_who_wait_for_three_more_667_are_never_paid():
    queue = equal_orders("three_for_one", joining__a_day=20, days=50, orders__yuan=1000).queues["ticket"]
    assert len(queue.paid) - queue.served == 667


def test_a_plan_that_gives_no_more_than_the_margin_never_runs_out():
    made = equal_orders("points_dividend", {"points_per_yuan": "0.8"}, joining__a_day=1, days=400)
    assert first_below_zero(made) is None
    assert made.days["free_cash"][-1] == made.days["promised"][-1]  # all that is left is owed


def test_who_got_his_spending_back_is_counted_when_cash_ends():
    # One order a day, 1.2 % a day from the next day on: 100 % after 84 days, so by day 152 those of days 1 to 68.
    made = equal_orders("points_dividend", {"points_per_yuan": "1.2"}, joining__a_day=1, days=400)
    summary = summary_of(made)
    assert (summary.cash_negative_day, summary.buyers_then, summary.paid_back_then) == (152, 152, 68)
    assert summary.paid_nothing_then == 1  # who bought on that day
    assert (summary.buyers, summary.paid_back) == (400, 316)
    # From day 152 on all that comes in is paid out on the same day, and what is missing more each day was not there.
    missing = -np.minimum(made.days["free_cash"], 0)
    assert summary.unfunded == missing[-1]
