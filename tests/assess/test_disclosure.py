"""The page for members: its numbers are the figures, and nothing on it is refuted by the claim checker."""

from fractions import Fraction
from pathlib import Path

import pytest

from jifen.assess.claims import judge
from jifen.assess.closed_forms import closed_forms
from jifen.assess.disclosure import SPENDING_BACK, Disclosure, disclose, outcome_of, sentences
from jifen.assess.promises import Economics
from jifen.assess.solvency import equal_orders
from jifen.assess.texts import LANGUAGES, say, texts
from jifen.core.micros import MICRO
from jifen.plan import load_plan, preset_names
from jifen.plan.load import example_names
from jifen.plan.model import Plan
from jifen.report.disclosure_page import disclosure_page
from jifen.simulate.simulation import simulate

COST = Fraction(1, 5)


def page_of(name: str, order: int | None = None, **params: object) -> Disclosure:
    return disclose(load_plan(name, params), COST, None if order is None else order * MICRO)


def numbers(page: Disclosure, code: str) -> dict[str, object]:
    (found,) = [each for section in page.sections for each in section.statements if each.name == code]
    return dict(found.numbers)


def codes(page: Disclosure, section: str) -> list[str]:
    (found,) = [each for each in page.sections if each.name == section]
    return [each.name for each in found.statements]


def refuted(plan: Plan, told: list[str]) -> list[str]:
    return [one for one in told if judge(plan, one, COST).verdict == "refuted"]


# -- no sentence that the claim checker refutes ---------------------------------------------------------------------


@pytest.mark.parametrize("name", [*preset_names(), *example_names()])
def test_no_sentence_of_any_plan_is_refuted_in_either_language(name):
    plan = load_plan(name)
    page = disclose(plan, COST, simulated={SPENDING_BACK: Fraction(1), "buyers": 100, "days": 100})
    assert all(section.statements for section in page.sections)
    for language in LANGUAGES:
        assert refuted(plan, sentences(page, language)) == []


SETTINGS = [
    ("points_dividend", {"points_per_yuan": "0.3", "pay_asset": "coin"}),
    ("points_dividend", {"points_per_yuan": "3", "settle_at": "settled"}),
    ("points_dividend", {"funding": "reserve", "reserve_share": "100%"}),
    ("green_points", {"refund_days": 14, "settle_at": "settled", "peer_rate": "0%"}),
    ("refer_three", {"referral_rates": ["33%", "33%", "34%"], "referral_count": "orders"}),
    ("appreciation", {"exit_multiple": None, "sell_fee": "0%"}),
    ("appreciation", {"exit_multiple": 3, "refund_mode": "exact_undo"}),
    ("rebate_queue", {"claim_multiple": "1.1", "pool_share": "50%"}),
    ("rebate_queue", {"claim_multiple": "0.2"}),
    ("three_for_one", {"group": 2, "subsidy_rate": "100%"}),
    ("three_for_one", {"group": 1}),
    ("cyclic_purchase", {"pool_share": "80%"}),
    ("ad_tasks", {"points_per_yuan": "2"}),
    ("member_rebate", {"rebate_rate": "100%", "pay_asset": "cash"}),
    ("distribution", {"generations": ["30%"]}),
    ("funded_points", {"reserve_share": "1%"}),
    ("tests/assess/plans/cash_back.yaml", {"daily_rate": "100%"}),
    ("tests/assess/plans/cash_back.yaml", {"pay_asset": "coin"}),
]


@pytest.mark.parametrize("cost", [Fraction(0), Fraction(85, 100)])
@pytest.mark.parametrize(("name", "params"), SETTINGS, ids=str)
def test_no_sentence_is_refuted_with_other_parameters_and_costs_either(request, name, params, cost):
    plan = load_plan(request.config.rootpath / name if name.endswith(".yaml") else name, params)
    page = disclose(plan, cost, simulated={SPENDING_BACK: Fraction(1, 4), "buyers": 100, "days": 100})
    for language in LANGUAGES:
        assert [one for one in sentences(page, language) if judge(plan, one, cost).verdict == "refuted"] == []


def test_what_is_paid_at_once_is_told():
    page = disclose(load_plan(Path(__file__).parent / "plans/cash_back.yaml"), COST)
    assert numbers(page, "get_at_once") == {"order": 1000 * MICRO, "entitled": 500 * MICRO, "asset": "cash"}
    assert codes(page, "money") == ["money_left", "money_merchant"]
    assert codes(page, "stops") == ["stops_nothing"]
    whole = disclose(load_plan(Path(__file__).parent / "plans/cash_back.yaml", {"daily_rate": "100%"}), COST)
    assert numbers(whole, "depends_short") == {"inflow": Fraction(8, 10), "promised": 1}


def test_a_sentence_that_promises_too_much_would_be_found():
    plan = load_plan("rebate_queue")
    told = [*sentences(disclose(plan, COST), "zh"), "一百天全返。", "排队积分只涨不跌。"]
    assert refuted(plan, told) == ["一百天全返。", "排队积分只涨不跌。"]
    assert refuted(plan, ["You get your money back in 100 days.", "No day is promised."]) == [
        "You get your money back in 100 days."
    ]


@pytest.mark.parametrize(
    ("name", "order"), [("green_points", 9000), ("points_dividend", 1000), ("member_rebate", 1000)]
)
def test_the_day_on_which_all_is_paid_is_no_earlier_than_the_claim_checker_has_it(name, order):
    told = numbers(page_of(name, order), "get_schedule")
    last, times = told["first"] + told["days"] - 1, Fraction(told["entitled"], told["order"])
    verdicts = [
        judge(load_plan(name), f"{days}天返{float(times)}倍", COST, order * MICRO).verdict for days in (last, last - 1)
    ]
    assert verdicts == ["conditional", "refuted"]


# -- the numbers are the figures ------------------------------------------------------------------------------------


def test_a_schedule_is_told_with_its_days_by_hand():
    """3000 × 2.5 at 36 a day: 208 days and 12 on the last; first on the day after."""
    page = page_of("green_points", 3000)
    told = numbers(page, "get_schedule")
    assert told == {
        "order": 3000 * MICRO, "entitled": 7500 * MICRO, "asset": "cash", "daily": 36 * MICRO, "days": 209, "first": 1,
    }  # fmt: skip
    assert codes(page_of("green_points"), "get").count("get_schedule") == 4


@pytest.mark.parametrize(
    ("name", "code", "figure"),
    [
        ("points_dividend", "depends_growth", "growth_required_daily"),
        ("appreciation", "back_exit", "exit_ceiling_share"),
        ("appreciation", "back_ceiling", "return_ceiling_share"),
        ("rebate_queue", "back_ceiling", "return_ceiling_share"),
        ("rebate_queue", "back_never", "never_paid_share"),
        ("three_for_one", "back_never", "never_paid_share"),
        ("cyclic_purchase", "back_ceiling", "return_ceiling_share"),
    ],
)
def test_what_is_told_is_the_figure(name, code, figure):
    figures = closed_forms(Economics(load_plan(name), COST, 1000 * MICRO), 100, 400)
    (value,) = numbers(page_of(name, 1000), code).values()
    assert value == figures[figure] is not None


def test_what_is_owed_if_sales_stop_is_worked_by_hand():
    """Points: 10 × (1 + … + 100) less nothing is owed; a queue: every fifth is paid, the pool is empty."""
    told = numbers(page_of("points_dividend", 1000), "stops_owed")
    assert (told["owed"], told["held"], told["unpaid"]) == (50_500 * MICRO, 30_500 * MICRO, 100)
    waiting = numbers(page_of("rebate_queue", 1000), "stops_wait")
    assert (waiting["owed"], waiting["unpaid"]) == (80_000 * MICRO, 80)


def test_who_has_his_spending_back_is_counted_while_there_is_money():
    """One order a day: those of the first hundred of two hundred days; with 1.2 points the money ends on day 152,
    so that 151 days are told of, and who bought on day 67 or before has 84 times 12."""
    assert numbers(page_of("points_dividend", 1000), "back_shop") == {"members": 200, "paid": 100, "days": 200}
    more = numbers(page_of("points_dividend", 1000, points_per_yuan="1.2"), "back_shop")
    assert more == {"members": 151, "paid": 67, "days": 151}


def test_what_is_put_aside_is_paid_when_sales_stop():
    page = page_of("member_rebate", 1000)
    assert codes(page, "stops") == ["stops_paid"]
    assert numbers(page, "get_schedule")["first"] == 8
    assert numbers(page, "depends_settled") == {"days": 7}
    assert numbers(page, "money_pool") == {"share": Fraction(24, 100)}


def test_a_reserve_that_is_short_is_not_called_put_aside():
    short = page_of("funded_points", 1000, reserve_share="20%")
    assert "stops_paid" not in codes(short, "stops")
    assert "money_set_aside" not in codes(short, "money")
    assert numbers(short, "depends_short") == {"inflow": Fraction(20, 100), "promised": Fraction(25, 100)}
    assert "money_set_aside" in codes(page_of("funded_points", 1000), "money")


def test_what_a_simulation_found_is_told_and_what_it_did_not_find_is_not():
    plan = load_plan("points_dividend")
    told = {SPENDING_BACK: Fraction(1, 3), "buyers": 30, "days": 10}
    assert numbers(disclose(plan, COST, simulated=told), "back_simulated") == told
    assert "back_simulated" not in codes(disclose(plan, COST, simulated={SPENDING_BACK: None, "days": 10}), "back")


def test_what_a_simulation_found_ends_with_the_money():
    """1.2 % a day pays all back after 84 days: of the 152 who bought until cash ended those of the first 68."""
    plan = load_plan("points_dividend", {"points_per_yuan": "1.2"})
    made = simulate(plan, equal_orders(plan, COST, None, {"joining.a_day": 1, "days": 170}))
    assert outcome_of(made) == {SPENDING_BACK: Fraction(68, 152), "buyers": 152, "days": 152}
    assert outcome_of(simulate(plan, equal_orders(plan, COST, None, {"joining.a_day": 0, "days": 5}))) == {
        SPENDING_BACK: None, "buyers": 0, "days": 5,
    }  # fmt: skip


# -- the page -------------------------------------------------------------------------------------------------------


def test_the_page_has_every_sentence_of_its_languages_and_asks_for_nothing():
    page = page_of("green_points")
    html = disclosure_page(page)
    for language in LANGUAGES:
        assert all(one.replace("’", "’") in html for one in sentences(page, language))
    assert "http" not in html.replace('http-equiv="Content-Security-Policy"', "")
    assert "src=" not in html
    assert "<script" not in html
    chinese = disclosure_page(page, ("zh",))
    assert 'lang="zh-Hans"' in chinese
    assert texts("disclosure.yaml")["sections"]["get"]["en"] not in chinese


def test_a_title_is_no_markup():
    page = page_of("points_dividend")
    evil = Disclosure("<b>", "", {"en": "<script>", "zh": "&"}, COST, page.sections)
    html = disclosure_page(evil)
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_numbers_are_written_in_the_sentence():
    (statement,) = [
        each for each in page_of("green_points", 9000).sections[0].statements if each.name == "get_schedule"
    ]
    assert say("disclosure.yaml", statement, "zh") == (
        "消费 9,000 元，共可得零钱 27,000 元：下单后第 1 天起，每天 108 元，共 250 天。"
    )
