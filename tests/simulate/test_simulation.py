"""Simulations: the same seed the same journal, and figures that agree with one another and with the world."""

from hashlib import sha256

import numpy as np
import pytest

from jifen.engine.forget import forget_past
from jifen.plan import load_plan, preset_names
from jifen.simulate import simulation
from jifen.simulate.scenario import load_scenario
from jifen.simulate.simulation import Given, Run, simulate
from jifen.simulate.summary import write_simulation

BUSY = {"days": 40, "joining.a_day": 6, "refunds.share": "10%", "refunds.days": 10, "panic.day": 30}


def busy(**values):
    return load_scenario("everyday", {**BUSY, **values})


def journal_digest(run: Run) -> str:
    digest = sha256()
    while not run.finished:
        for journal in run.day():
            digest.update(journal.transfers.array().tobytes() + journal.forfeits.array().tobytes())
    return digest.hexdigest()


def test_the_same_seed_gives_the_same_journal_and_another_seed_or_run_another():
    plan = load_plan("green_points")
    first, again, seed, run = (
        journal_digest(Run(plan, busy(), *numbers)) for numbers in ((1, 0), (1, 0), (2, 0), (1, 1))
    )
    assert first == again
    assert len({first, seed, run}) == 3


def test_the_digest_of_the_figures_tells_simulations_apart():
    plan = load_plan("points_dividend")
    assert simulate(plan, busy(), 5).digest == simulate(plan, busy(), 5).digest
    assert simulate(plan, busy(), 5).digest != simulate(plan, busy(), 6).digest


def test_another_share_of_refunds_changes_neither_who_joins_nor_who_refers_nor_what_is_bought():
    plan = load_plan("points_dividend")
    few, many = (simulate(plan, busy(**{"refunds.share": share})) for share in ("0%", "60%"))
    for figure in ("joined", "orders", "sold"):
        assert np.array_equal(few.days[figure], many.days[figure])
    assert np.array_equal(few.members.referrer, many.members.referrer)
    assert few.days["refunded"].sum() < many.days["refunded"].sum()


def test_more_repeat_orders_change_neither_first_orders_nor_who_refers():
    plan = load_plan("member_rebate")
    none, some = (simulate(plan, busy(**{"orders.again": share, "refunds.share": "0%"})) for share in ("0%", "5%"))
    assert np.array_equal(none.members.referrer, some.members.referrer)
    assert (some.members.spent >= none.members.spent).all()


@pytest.mark.parametrize("preset", preset_names())
def test_the_figures_of_every_preset_agree_with_one_another(preset):
    made = simulate(load_plan(preset), busy())
    days, members, cohorts = made.days, made.members, made.cohorts
    assert (days["sold"] - days["refunded"]).sum() == members.spent.sum() == cohorts.spent.sum()
    assert days["paid"].sum() == members.received.sum() == cohorts.received.sum()
    assert days["joined"].sum() == days["members"][-1] == len(members.joined) == cohorts.members.sum()
    assert days["paid"].sum() == sum(days[name].sum() for name in days if name.startswith("paid:"))
    cash = days["sold"] - days["refunded"] - days["goods"] - days["paid"]
    assert np.array_equal(np.cumsum(cash), days["cash"])
    assert days["goods"].sum() == (days["sold"] - days["refunded"]).sum() * 2 // 10
    pools = sum((days[name] for name in days if name.startswith("pool:")), np.zeros(40, dtype=np.int64))
    assert np.array_equal(days["cash"] - pools, days["free_cash"])
    assert np.array_equal(days["promised"] + days["wallets"], days["owed"])
    assert abs(days["promised"][-1] - members.promised.sum()) <= len(members.joined) * 50  # each lot is rounded down
    for store in (name[5:] for name in days if name.startswith("lots:")):
        assert (days[f"released:{store}"] >= 0).all()
    # What was received came out of the pot, or out of nothing; what is rounded is less than a cent.
    known = cohorts.paid_by.sum(axis=1) + cohorts.unfunded
    assert (abs(known - np.maximum(cohorts.received, 0)) < 10_000).all()


def test_rewards_that_the_reserve_owes_are_promised():
    # Two orders of 1000 in a chain: the second owes the first 10 % of it, and the reserve has 1 % of both: 20.
    plan = load_plan("refer_three", {"funding": "reserve", "reserve_share": "1%", "on_shortfall": "prorate"})
    changes = {"days": 1, "joining.a_day": 2, "referrals.shape": "chain", "orders.yuan": 1000}
    made = simulate(plan, load_scenario("equal_orders", changes))
    assert (made.days["paid"][0], made.days["promised"][0]) == (20_000_000, 80_000_000)
    assert made.members.promised.tolist() == [80_000_000, 0]


def test_what_is_paid_can_be_followed_to_who_had_spent_it():
    # One order of 1000 a day in two cohorts, 1 % a day, goods cost nothing: on day 2 the first member gets 10 of the
    # money that is there then: 1000 of his own and 1000 of the second's.
    scenario = load_scenario("equal_orders", {"days": 2, "cost": "0%", "joining.a_day": 1, "orders.yuan": 1000})
    cohorts = simulate(load_plan("points_dividend"), scenario).cohorts
    assert cohorts.first_day.tolist() == [1, 2]
    assert cohorts.received.tolist() == [10_000_000, 0]
    assert cohorts.paid_by.tolist() == [[5_000_000, 5_000_000], [0, 0]]
    assert cohorts.unfunded.tolist() == [0, 0]


def test_when_sales_stop_nobody_joins_or_buys_and_the_rest_goes_on():
    days = simulate(load_plan("points_dividend"), load_scenario("stop", {"days": 40, "orders.stop": 21})).days
    assert days["orders"][:20].all()
    assert not days["orders"][20:].any()
    assert not days["joined"][20:].any()
    assert days["paid"][20:].all()


def test_in_a_panic_a_share_of_the_holders_sells_all_on_one_day():
    plan = load_plan("appreciation", {"exit_multiple": "100"})
    scenario = load_scenario("panic", {"days": 20, "panic.day": 15, "panic.share": "100%", "tokens.sold": "0%"})
    days = simulate(plan, scenario).days
    assert not days["paid"][:14].any()
    assert days["paid"][14] > 0
    assert days["supply"][14] < days["supply"][13]
    assert days["price"][14] > days["price"][13]  # the fee stays in the pool


def test_tasks_and_withdrawals_are_done():
    made = simulate(load_plan("ad_tasks"), busy(**{"tasks.attendance": "100%", "withdrawals.least": "0.01"}))
    assert made.days["paid"].sum() > 0
    assert made.days["wallets"][-1] < made.members.received.sum()


def test_orders_say_what_goods_cost_where_the_plan_asks_for_the_margin():
    # friend_bonus pays the friend above a share of the margin: with goods at cost it pays nothing.
    free, dear = (simulate(load_plan("friend_bonus"), busy(cost=cost)) for cost in ("0%", "100%"))
    assert free.days["paid"].sum() > 0
    assert dear.days["paid"].sum() == 0


def test_the_members_of_a_file_join_in_its_order_below_those_it_names():
    forest = np.array([-1, 0, 0, 1, 3], dtype=np.int32)
    scenario = load_scenario("steady", {"days": 9, "referrals.shape": "forest", "joining.a_day": 2})
    made = simulate(load_plan("refer_three"), scenario, given=Given(forest=forest))
    assert made.members.referrer.tolist() == forest.tolist()


def test_a_scenario_without_the_file_it_takes_from_does_not_run():
    for key, value in (("referrals.shape", "forest"), ("orders.amount", "file")):
        with pytest.raises(ValueError, match="need"):
            simulate(load_plan("refer_three"), load_scenario("steady", {"days": 3, key: value}))


@pytest.mark.parametrize("preset", ["green_points", "rebate_queue", "appreciation", "refer_three", "friend_bonus"])
def test_forgetting_the_past_changes_no_transfer(preset, monkeypatch):
    scenario = busy(**{"refunds.share": "0%", "days": 60, "orders.yuan": 3000})
    kept = journal_digest(Run(load_plan(preset), scenario))
    forgotten: list[bool] = []
    monkeypatch.setattr(simulation, "_PAST_ROWS_MAX", 20)
    monkeypatch.setattr(simulation, "forget_past", lambda world: forgotten.append(forget_past(world)))
    assert journal_digest(Run(load_plan(preset), scenario)) == kept
    assert any(forgotten)


@pytest.mark.parametrize("preset", ["appreciation", "rebate_queue"])
def test_a_shop_that_nobody_joins_has_figures_too(preset, tmp_path):
    made = simulate(load_plan(preset), load_scenario("steady", {"days": 5, "orders.stop": 1}))
    assert not made.days["members"].any()
    summary = write_simulation(made, tmp_path / "out")
    assert (summary.buyers, summary.sold, summary.cash_negative_day) == (0, 0, None)


def test_growth_beyond_all_bounds_ends_at_the_most():
    fast = {"days": 60, "joining.curve": "exponential", "joining.growth": "100%", "joining.most": 300}
    made = simulate(load_plan("member_rebate"), load_scenario("steady", fast))
    assert made.days["members"][-1] == 300
