"""What is drawn: how many join, who refers them, what is given back; each from numbers of its own."""

import numpy as np
import pytest

from jifen.simulate.behaviour import amounts, chosen, generators, joining_curve, numbers_joining, returns
from jifen.simulate.population import referrers_of
from jifen.simulate.scenario import load_scenario


def scenario(**values):
    return load_scenario("steady", {key.replace("__", "."): value for key, value in values.items()})


def joining(seed: int = 1, **values):
    return numbers_joining(scenario(**values), generators(seed, 0)["joining"]).tolist()


def shape(name: str, first: int, count: int, **values):
    referrals = scenario(referrals__shape=name, **values).referrals
    return referrers_of(referrals, np.random.default_rng(1))(first, count).tolist()


def test_exactly_as_many_join_as_the_curve_has_when_nothing_is_drawn():
    assert joining(days=4, joining__a_day=5, joining__drawn=False) == [5, 5, 5, 5]
    # 10, 15, 22.5, 33.75: sums 10, 25, 47.5, 81.25.
    curve = {"joining__curve": "exponential", "joining__a_day": 10, "joining__growth": "50%"}
    assert joining(days=4, joining__drawn=False, **curve) == [10, 15, 22, 34]


def test_a_logistic_curve_grows_while_there_is_room_and_ends_at_most():
    town = scenario(days=400, joining__curve="logistic", joining__a_day=10, joining__growth="5%", joining__most=1000)
    curve = joining_curve(town.joining, 400)
    assert curve[0] == 10
    assert 1000 * 0.05 / 4 > curve.max() > 1000 * 0.05 / 4 * 0.95  # at half of them r × K ÷ 4, a little over days
    assert 999 < curve.sum() <= 1000


def test_nobody_joins_after_the_last_day_nor_when_sales_have_stopped():
    assert joining(days=5, joining__a_day=3, joining__drawn=False, joining__until=2) == [3, 3, 0, 0, 0]
    assert joining(days=5, joining__a_day=3, joining__drawn=False, orders__stop=4) == [3, 3, 3, 0, 0]
    assert joining(days=3, orders__stop=1, joining__at_start=9) == [0, 0, 0]


def test_more_than_the_most_never_join():
    town = {"joining__at_start": 5, "joining__a_day": 4, "joining__most": 10}
    assert joining(days=4, joining__drawn=False, **town) == [9, 1, 0, 0]


def test_a_drawn_number_has_the_mean_of_the_curve():
    found = joining(days=2000, joining__a_day=50)
    assert abs(np.mean(found) - 50) < 1  # its deviation is √(50 ÷ 2000) = 0.16
    assert np.std(found) > 6  # of Poisson numbers √50 = 7.07


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("chain", [-1, 0, 1, 2, 3]),
        ("star", [-1, 0, 0, 0, 0]),
        ("none", [-1, -1, -1, -1, -1]),
        ("branching", [-1, 0, 0, 0, 1]),
    ],
)
def test_shapes_are_the_same_however_the_days_are_cut(name, expected):
    assert shape(name, 0, 5) == expected
    assert [*shape(name, 0, 2), *shape(name, 2, 3)] == expected


def test_attachment_finds_those_who_came_first_most_often_and_only_those_before():
    found = np.array(shape("attachment", 0, 20_000, referrals__referred="100%"))
    assert (found < np.arange(20_000)).all()
    assert (found[1:] >= 0).all()
    # The first of n are below a share q of all with chance √q: half of all referrals go to the first quarter.
    quarter = (found[1:] < np.arange(1, 20_000) / 4).mean()
    assert abs(quarter - 0.5) < 0.02


def test_the_share_that_nobody_refers_joins_alone():
    found = np.array(shape("attachment", 1, 20_000, referrals__referred="70%"))
    assert abs((found < 0).mean() - 0.3) < 0.02


def test_amounts_are_whole_cents_around_their_median():
    orders = scenario(orders__amount="log_normal", orders__yuan=300, orders__spread="0.9").orders
    found = amounts(orders, np.random.default_rng(3), 40_000)
    assert (found % 10_000 == 0).all()
    assert abs(np.median(found) / 300_000_000 - 1) < 0.03
    assert abs(np.log(found / 300_000_000).std() - 0.9) < 0.02


def test_amounts_of_a_file_are_only_those():
    orders, given = scenario(orders__amount="file").orders, np.array([5_000_000, 7_000_000])
    assert set(amounts(orders, np.random.default_rng(3), 100, given).tolist()) == {5_000_000, 7_000_000}


def test_a_share_of_members_is_chosen_and_nobody_twice():
    found = chosen(np.random.default_rng(5), 10_000, 100_000)
    assert abs(len(found) - 1000) < 120  # four deviations of √(10000 × 0.1 × 0.9) = 30
    assert len(set(found.tolist())) == len(found)
    assert chosen(np.random.default_rng(5), 10_000, 0).tolist() == []
    assert chosen(np.random.default_rng(5), np.array([4, 9], dtype=np.int32), 1_000_000).tolist() == [4, 9]


def test_nothing_is_given_back_beyond_an_order_nor_beyond_the_days():
    refunds = scenario(refunds__share="50%", refunds__days=7, refunds__whole="30%").refunds
    paid = np.tile(np.array([10_000, 20_000, 100_000_000]), 4000)
    found = returns(refunds, np.random.default_rng(2), paid)
    assert abs(len(found.place) / len(paid) - 0.5) < 0.02
    assert (found.amount > 0).all()
    assert (found.amount <= paid[found.place]).all()
    assert (found.amount % 10_000 == 0).all()
    assert set(found.after.tolist()) == set(range(1, 8))


def test_purposes_have_numbers_of_their_own():
    first, other = generators(1, 0), generators(1, 1)
    assert first["first"].random() != first["again"].random()
    assert generators(1, 0)["joining"].random() != other["joining"].random()
    assert generators(1, 0)["panic"].random() == generators(1, 0)["panic"].random()
