"""Ranks and regions that a scenario gives by hand: who gets them, and what they are paid."""

from collections import Counter

import numpy as np

from jifen.plan import load_plan
from jifen.simulate.appointments import Appointments
from jifen.simulate.scenario import load_scenario
from jifen.simulate.simulation import simulate


def appointments(preset: str, **values) -> Appointments:
    scenario = load_scenario("steady", {key.replace("__", "."): value for key, value in values.items()})
    return Appointments.of(load_plan(preset), scenario)


def random() -> np.random.Generator:
    return np.random.default_rng(4)


def test_a_share_of_those_who_join_gets_a_rank_and_each_higher_one_is_as_much_rarer():
    found = appointments("points_dividend", ranks__appointed="40%", ranks__higher="50%").ranks(random(), 7, 40_000)
    members, ranks = zip(*found, strict=True)
    assert abs(len(found) / 40_000 - 0.4) < 0.01
    assert len(set(members)) == len(members)
    assert min(members) >= 7
    assert max(members) < 40_007
    # Of four ranks a half, a quarter, an eighth, and the rest the highest.
    shares = {rank: count / len(found) for rank, count in Counter(ranks).items()}
    expected = {"经理": 0.5, "主管": 0.25, "总监": 0.125, "总经理": 0.125}
    assert shares.keys() == expected.keys()
    assert all(abs(shares[rank] - share) < 0.02 for rank, share in expected.items())


def test_nobody_is_appointed_where_a_scenario_asks_for_none_or_a_plan_has_nothing_to_give():
    assert appointments("points_dividend").ranks(random(), 0, 100) == []
    assert appointments("refer_three", ranks__appointed="100%").ranks(random(), 0, 100) == []
    # The table of regions is no ladder of ranks.
    assert appointments("distribution", ranks__appointed="100%").ranks(random(), 0, 100) == []
    for made in (appointments("points_dividend", regions__agents="100%"), appointments("distribution")):
        assert made.agents(random(), 0, 100) == []
        assert made.districts(random(), 100) == []


def test_agents_are_of_all_regions_of_a_tree_and_orders_go_to_its_districts():
    made = appointments("distribution", regions__agents="50%", regions__width=2)
    found = made.agents(random(), 0, 4000)
    assert abs(len(found) - 2000) < 120
    paths = {path for _, path in found}
    assert len(paths) == 2 + 4 + 8
    districts = set(made.districts(random(), 1000))
    assert districts == {path for path in paths if path.count("/") == 2}
    assert min(districts) == "1/1/1"


def test_an_agent_is_paid_for_the_orders_that_go_to_his_region_from_the_next_day_on():
    # One region of each level and an agent a day of one of them: whoever is the first of the province gets 8 % less
    # what the agents of the city (5 %) and the district (3 %) get: with all three there 8 % of an order are paid.
    values = {"days": 60, "joining.a_day": 1, "regions.agents": "100%", "regions.width": 1, "orders.yuan": 1000}
    made = simulate(load_plan("distribution", {"generations": []}), load_scenario("equal_orders", values))
    assert made.days["paid"][0] == 0
    assert made.days["paid"][-1] == 80_000_000
    assert (np.diff(made.days["paid"]) >= 0).all()
    assert int((made.members.received > 0).sum()) == 3
    assert made.days["refused"].sum() == 0


def test_whoever_has_a_rank_is_paid_for_what_those_below_him_buy():
    # A chain of three, each with the highest rank (60 %) from the day after he joined, and a lot of 1000 points. When
    # the second buys, the first gets 600 for his rank; when the third does, the second: the first has no higher rate.
    values = {"days": 3, "joining.a_day": 1, "referrals.shape": "chain", "orders.yuan": 1000}
    plan = load_plan("points_dividend")
    without, made = (
        simulate(plan, load_scenario("equal_orders", values | more))
        for more in ({}, {"ranks.appointed": "100%", "ranks.higher": "100%"})
    )
    assert "paid:team" not in without.days
    assert made.days["paid:team"].tolist() == [0, 600_000_000, 600_000_000]
    assert made.days["joined"].tolist() == without.days["joined"].tolist()


def test_appointments_change_nothing_that_members_do():
    values = {"days": 20, "joining.a_day": 5, "orders.again": "5%"}
    plan = load_plan("distribution")
    few, many = (
        simulate(plan, load_scenario("steady", values | {"regions.agents": share})) for share in ("0%", "100%")
    )
    for figure in ("joined", "orders", "sold"):
        assert np.array_equal(few.days[figure], many.days[figure])
    assert np.array_equal(few.members.referrer, many.members.referrer)
    assert few.days["paid"].sum() < many.days["paid"].sum()
