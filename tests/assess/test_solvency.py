"""What a plan can pay: the table at the end of part C of the design holds in both columns, worked out and simulated.

Orders are equal, settled at payment, and goods cost 20 %; each is of another member whom nobody has referred, but where
the figure is about referring. Expected numbers are those of the table, or worked by hand beside their test.
"""

from fractions import Fraction

import numpy as np
import pytest

from jifen.assess.closed_forms import FIGURES, closed_forms
from jifen.assess.promises import Economics
from jifen.assess.solvency import Assessment, assess, equal_orders
from jifen.assess.solvency_findings import TEXTS, basis, findings, lines
from jifen.assess.texts import LANGUAGES, say, texts
from jifen.core.errors import InputError
from jifen.core.micros import MICRO
from jifen.plan import load_plan, preset_names
from jifen.simulate.scenario import load_scenario, load_scenario_text
from jifen.simulate.simulation import simulate

COST = Fraction(1, 5)


def assessed(preset: str, settings=None, order: int | None = None, **values) -> Assessment:
    plan = load_plan(preset, settings or {})
    shop = {key.replace("__", "."): value for key, value in values.items()}
    return assess(plan, equal_orders(plan, COST, None if order is None else order * MICRO, shop))


def both(found: Assessment, figure: str) -> tuple:
    return found.closed[figure], found.simulated[figure]


# -- the table ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def points() -> Assessment:
    """積分分红 with 1.2 points a yuan: 1.2 % of an order a day for a hundred days."""
    return assessed("points_dividend", {"points_per_yuan": "1.2"}, joining__a_day=1, days=400)


def test_points_at_1_2_lack_two_fifths_of_every_order(points):
    assert both(points, "net_per_order") == (Fraction(-2, 5), Fraction(-2, 5))


def test_points_at_1_2_owe_60_6_days_of_sales(points):
    # 1.2 × Σ (1 − a/100) for a = 0 … 99
    assert both(points, "owed_steady_days") == (Fraction(606, 10), Fraction(606, 10))


def test_points_at_1_2_have_most_cash_on_day_67_and_none_on_day_152(points):
    assert both(points, "cash_peak_day") == (67, 67)
    assert both(points, "cash_negative_day") == (152, 152)


@pytest.mark.parametrize(
    ("preset", "settings", "order", "percent"),
    [
        ("points_dividend", {"points_per_yuan": "1.2"}, 1000, 0.8679),
        ("points_dividend", {"points_per_yuan": "1"}, 1000, 0.4603),
        ("green_points", {}, 3000, 1.4206),
        ("green_points", {}, 9000, 1.4600),
        ("green_points", {}, 27_000, 1.4793),
        ("green_points", {}, 51_000, 1.4891),
    ],
)
def test_the_growth_that_is_required_is_that_of_the_table(preset, settings, order, percent):
    found = assessed(preset, settings, order, joining__a_day=1, days=2)
    for growth in both(found, "growth_required_daily"):
        assert growth * 100 == pytest.approx(percent, rel=1e-3)


def test_the_orders_of_the_growth_rows_have_the_multiples_of_the_table():
    multiples = [Economics(load_plan("green_points"), COST, order * MICRO).static_multiple.low
                 for order in (3000, 9000, 27_000, 51_000)]  # fmt: skip
    assert multiples == [Fraction(5, 2), 3, Fraction(7, 2), 4]


def test_in_a_tree_of_forty_with_three_each_13_get_all_back_and_27_nothing():
    found = assessed("refer_three", joining__a_day=40, days=1)
    assert both(found, "paid_share") == (Fraction(13, 40), Fraction(13, 40))
    # Of the tree's 39 referrals thirteen buyers have three each; nobody has one or two.
    assert both(found, "never_paid_share") == (Fraction(27, 40), Fraction(27, 40))
    assert found.spending_back_share == Fraction(13, 40)


@pytest.mark.parametrize(("multiple", "share"), [("2", Fraction(3, 16)), ("3", Fraction(1, 8))])
def test_of_appreciating_points_30_percent_come_back_to_all_and_few_can_exit(multiple, share):
    found = assessed("appreciation", {"exit_multiple": multiple}, joining__a_day=100, days=40)
    assert both(found, "return_ceiling_share") == (Fraction(3, 10), Fraction(3, 10))
    closed, simulated = both(found, "exit_ceiling_share")
    assert closed == share
    # The first threefold exit comes after 2965 orders. An exit is whole tokens: paid to a millionth.
    assert float(simulated) == pytest.approx(float(share), rel=1e-6)


def test_after_ten_thousand_equal_orders_six_have_left_at_twice_their_spending():
    found = assessed("appreciation", {"exit_multiple": "2"}, joining__a_day=200, days=50)
    assert int((found.base.members.received > 0).sum()) == 6
    assert found.spending_back_share == Fraction(6, 10_000)


def test_after_a_million_equal_orders_572_have_left():
    plan = load_plan("appreciation", {"exit_multiple": "2"})
    made = simulate(plan, equal_orders(plan, COST, None, {"joining.a_day": 10_000, "days": 100}))
    assert int((made.members.received > 0).sum()) == pytest.approx(572, rel=0.01)


def test_of_cyclic_credits_one_in_twenty_is_ever_paid():
    found = assessed("cyclic_purchase", order=2000, joining__a_day=2, days=200)
    assert both(found, "paid_share") == (Fraction(1, 20), Fraction(1, 20))


def test_a_queue_fed_with_a_fifth_pays_a_fifth_after_four_times_the_age():
    found = assessed("rebate_queue", joining__a_day=1, days=520)
    assert both(found, "paid_share") == (Fraction(1, 5), Fraction(1, 5))
    assert both(found, "never_paid_share") == (Fraction(4, 5), Fraction(4, 5))
    closed, simulated = both(found, "wait_over_age")
    assert closed == 4
    assert float(simulated) == pytest.approx(4, rel=0.01)


def test_of_a_thousand_who_wait_for_three_more_667_are_never_paid():
    found = assessed("three_for_one", joining__a_day=20, days=50)
    assert both(found, "never_paid_share") == (Fraction(667, 1000), Fraction(667, 1000))


# -- what is not in the table ---------------------------------------------------------------------------------------


def test_if_sales_stop_after_a_hundred_days_points_lack_40_days_of_sales(points):
    """60.6 days of sales are owed against 20.6 in hand: 0.8 × 100 − 0.012 × (0 + 1 + … + 99)."""
    stop = points.stop
    assert (stop.day, stop.owed, stop.cash, stop.unpaid) == (100, 60_600 * MICRO, 20_600 * MICRO, 40_000 * MICRO)
    # Cash lasts until 20.6 of 60.6 have been paid; who joined first has been paid in full by then.
    assert stop.joined is not None
    assert stop.joined[1] == 100
    assert stop.members == stop.joined[1] - stop.joined[0] + 1 < stop.buyers == 100


def test_promised_and_funded_are_told_for_each_order(points):
    assert points.per_order == {
        "promised": (Fraction(6, 5), Fraction(6, 5)),
        "funded": (Fraction(4, 5), Fraction(4, 5)),
    }
    queue = assessed("rebate_queue", joining__a_day=1, days=30)
    assert queue.per_order == {"promised": (1, 1), "funded": (Fraction(1, 5), Fraction(1, 5))}


def test_what_members_receive_is_all_somebodys_spending_or_nobodys(points):
    received = int(points.base.members.received.sum())
    assert sum(points.received_from.values()) == pytest.approx(received, abs=200)
    # When all is paid on the day it is due, what is missing at the end is what was paid without money.
    assert points.received_from["missing"] == pytest.approx(-int(points.base.days["free_cash"][-1]), abs=20)
    assert points.received_from["later"] > points.received_from["earlier"]


def test_only_what_is_put_aside_counts_as_coverage():
    # Credits are paid out of a pool that is empty every evening; the operator's own cash pays none of them.
    assert assessed("cyclic_purchase", order=2000, joining__a_day=2, days=50).simulated["coverage"] == 0
    assert assessed("member_rebate", joining__a_day=2, days=50).simulated["coverage"] == 1


def test_a_pool_that_backs_tokens_covers_nothing_else():
    found = assessed("appreciation", joining__a_day=2, days=20)
    assert found.simulated["coverage"] is None
    assert not found.reserved.any()


@pytest.mark.parametrize("funding", ["reserve", "merchant"])
def test_what_a_reserve_takes_is_no_second_cost(funding):
    """1 − 0.2 for goods − 0.25 promised, whether or not a quarter is put aside first."""
    plan = load_plan("funded_points", {"funding": funding})
    assert Economics(plan, COST, 1000 * MICRO).net_per_order == Fraction(55, 100)
    found = assess(plan, equal_orders(plan, COST, 1000 * MICRO, {"joining.a_day": 1, "days": 60}))
    assert found.simulated["net_per_order"] == Fraction(55, 100)


def test_only_what_is_released_by_schedule_is_owed_in_steady_state():
    """Of four plans in one, one pays by schedule; what waits in the lines of the others has no steady state."""
    closed, simulated = both(assessed("four_in_one", joining__a_day=1, days=160), "owed_steady_days")
    assert closed == simulated == Fraction(505, 100)  # 0.1 × Σ (1 − a/100) for a = 0 … 99


def test_a_plan_for_certain_articles_says_that_the_simulation_names_none():
    told = [each.name for each in findings(assessed("prepaid_release", joining__a_day=1, days=5))]
    assert "articles" in told
    assert "articles" not in [each.name for each in findings(assessed("rebate_queue", joining__a_day=1, days=5))]


def test_a_schedule_of_decades_is_not_simulated_to_its_end():
    found = assessed("points_dividend", {"daily_rate": "0.01%"}, joining__a_day=1, days=20)
    assert found.closed["owed_steady_days"] == Fraction(10_001, 2)  # Σ (1 − a/10,000) for a = 0 … 9,999
    assert found.simulated["owed_steady_days"] is found.simulated["growth_required_daily"] is None
    assert found.stop.until == 10 + 1000 + 30


def test_an_exit_is_not_measured_where_members_sell_as_they_like():
    plan = load_plan("appreciation")
    sold = equal_orders(plan, COST, None, {"joining.a_day": 50, "days": 30, "tokens.sold": "2%"})
    assert both(assess(plan, sold), "exit_ceiling_share") == (Fraction(3, 16), None)


def test_orders_that_do_not_count_yet_are_left_out():
    # Member rebates wait for seven days; 30 % of the margin of 80 % is given.
    assert both(assessed("member_rebate", joining__a_day=1, days=20), "net_per_order") == (
        Fraction(56, 100),
        Fraction(56, 100),
    )


def test_with_a_scenario_the_simulated_column_is_that_shop():
    plan = load_plan("points_dividend", {"points_per_yuan": "1.2"})
    growth = assess(plan, load_scenario("growth", {"days": 170, "joining.a_day": 5, "orders.yuan": 1000}))
    assert growth.base.scenario.name == "growth"
    assert growth.closed["cash_negative_day"] == 152
    assert growth.simulated["cash_negative_day"] is None  # 1 % a day is more than the 0.868 % that are required
    assert growth.simulated["owed_steady_days"] < 60.6


def test_a_scenario_in_which_nobody_buys_has_no_figures():
    shop = load_scenario_text("scenario: empty\njoining: {a_day: 0}\ndays: 20\n")
    found = assess(load_plan("rebate_queue"), shop)
    assert set(found.simulated.values()) == {None}
    assert found.spending_back_share is None
    assert [say(TEXTS, each, "en") for each in findings(found)]


# -- properties -----------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_and_another_seed_another():
    plan = load_plan("ad_tasks")
    shop = equal_orders(plan, COST, None, {"days": 20})
    first, again, other = (assess(plan, shop, seed=seed).document() for seed in (1, 1, 2))
    assert first == again
    assert first["by_day"] != other["by_day"]


@pytest.mark.parametrize("preset", preset_names())
def test_every_plan_is_told_in_sentences_and_in_both_columns(preset):
    found = assessed(preset, joining__a_day=1, days=60)
    assert set(found.closed) == set(found.simulated) == set(FIGURES)
    for language in LANGUAGES:
        said = [say(TEXTS, each, language) for each in (*findings(found), basis(found))]
        assert len(said) > 4
    known = texts(TEXTS)["figures"]
    assert {line.figure for line in lines(found)} <= set(known)
    document = found.document()
    assert [document[figure].keys() for figure in FIGURES] == [{"closed_form", "simulated"}] * len(FIGURES)


def test_progress_counts_the_days_of_all_shops():
    seen = []
    plan = load_plan("points_dividend")
    assess(plan, equal_orders(plan, COST, None, {"days": 20, "joining.a_day": 1}),
           progress=lambda done, days: seen.append((done, days)))  # fmt: skip
    assert [done for done, _ in seen] == list(range(1, seen[-1][1] + 1))
    assert len({days for _, days in seen}) == 1


def test_closed_forms_do_not_hang_on_the_shop_that_is_simulated(points):
    economics = Economics(points.plan, COST, 1000 * MICRO)
    assert closed_forms(economics, 400, 400) == points.closed


def test_reserved_is_by_day_and_never_negative():
    found = assessed("member_rebate", joining__a_day=2, days=30)
    assert len(found.reserved) == 30
    assert (found.reserved >= 0).all()
    assert (np.diff(found.reserved[8:]) > 0).all()


# -- what cannot be meant ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values", [{"days": 0}, {"days": 10**9}, {"joining.a_day": -1}, {"cost": "x"}, {"nothing.of_the_kind": 1}]
)
def test_a_shop_that_cannot_be_is_refused(values):
    with pytest.raises(InputError):
        equal_orders(load_plan("points_dividend"), COST, None, values)


def test_an_order_of_too_many_lots_is_refused():
    with pytest.raises(InputError):
        equal_orders(load_plan("cyclic_purchase"), COST, 10**9 * MICRO)
