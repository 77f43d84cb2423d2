"""What a check says of the presets: the design's table of modes, the pages of modes, jurisdictions, phrases."""

import re
from fractions import Fraction
from math import inf
from pathlib import Path

import pytest

from jifen.assess.compliance import check, jurisdictions_of, written
from jifen.assess.copy_phrases import found_phrases
from jifen.assess.metrics import Measure, measure
from jifen.assess.rule_pack import holds
from jifen.assess.shop import Shop
from jifen.cli.settings import read_settings
from jifen.plan import load_plan
from jifen.plan.load import example_names, preset_names

ROOT = Path(__file__).parents[2]
CHINA = Shop(seat="CN", currency="CNY")
SOURCES = (
    "只涨不跌，单边上扬，稳赚，保本，零撸，白拿，免费消费还赚钱，静态收益，"
    "国家认可，合法化，《促进消费实施方案》，原始股，上市，配股"
)
"""Phrases of the sources' own pages."""
EVERYWHERE = Shop(seat="CN", currency="USD", phone_countries=("DE",), texts={"page": SOURCES})

# The design's table: + it is found at the sources' defaults, h: not above high, o it depends, - it is not.
COLUMNS = ("CN-01", "CN-02", "CN-03", "CN-07", "CN-08", "CN-09", "US-01", "US-05", "EU-01")
DESIGN = {
    "points_dividend": "+ - + + + + + + +",
    "green_points": "+ - + + + + + + +",
    "refer_three": "+ + h + + . + - +",
    "appreciation": "- - - + + + - + o",
    "cyclic_purchase": "o - - + + + o + o",
    "consumption_dividend": "+ - h + + . + + o",
    "rebate_queue": "o - h + + + o o o",
    "three_for_one": "- - - h + . - o o",
    "ad_tasks": "- - - + o + - o -",
    "distribution": "o - + - - . o - o",
}
"""``.``: the table has no texts of this mode; here every mode is shown with all phrases."""
DIFFERENCE = re.compile(r"^\| `(\w+)` \| `([A-Z]{2}-\d\d)` \| (yes|depends|no) \| (yes|no) \|", re.MULTILINE)

DEPENDS = re.compile(
    r"^\| `(\w+)` \| `([A-Z]{2}-\d\d)` \| (`[^|]+=[^|]+`|a commission[^|]+|none:[^|]+) \|$", re.MULTILINE
)


def test_the_presets_touch_what_the_design_expects_but_where_the_page_says_so():
    differences = set()
    for preset, marks in DESIGN.items():
        found = {each.id: each.severity for each in check(load_plan(preset), EVERYWHERE).found}
        for rule, mark in zip(COLUMNS, marks.split(), strict=True):
            if mark == "h":
                assert found.get(rule) == "high", (preset, rule)
            elif mark != "." and (rule in found) != (mark == "+"):
                table = {"+": "yes", "o": "depends", "-": "no"}[mark]
                differences.add((preset, rule, table, "yes" if rule in found else "no"))
    page = (ROOT / "docs/compliance.md").read_text(encoding="utf-8")
    assert differences == set(DIFFERENCE.findall(page))


def test_what_depends_on_the_configuration_is_found_with_the_setting_that_the_page_names():
    page = (ROOT / "docs/compliance.md").read_text(encoding="utf-8")
    told = {(preset, rule): setting for preset, rule, setting in DEPENDS.findall(page)}
    depends = set()
    for preset, marks in DESIGN.items():
        found = {each.id for each in check(load_plan(preset), EVERYWHERE).found}
        pairs = zip(COLUMNS, marks.split(), strict=True)
        depends |= {(preset, rule) for rule, mark in pairs if mark == "o" and rule not in found}
    assert told.keys() == depends
    for (preset, rule), setting in told.items():
        settings = re.fullmatch(r"`([^`]+)`", setting)
        if settings:
            plan = load_plan(preset, read_settings(settings[1].split()))
            assert rule in {each.id for each in check(plan, EVERYWHERE).found}, (preset, rule)


def test_a_commission_of_half_an_order_pays_mainly_for_bringing_others():
    row = {"quota": 2, "contribution": 1, "commission": "50%", "pool_part": "50%"}
    tiers = [{"name": "L1", "min": 1000} | row, {"name": "L2", "min": 3000} | row]
    plan = load_plan("consumption_dividend", {"tiers": tiers})
    assert "EU-01" in {each.id for each in check(plan, EVERYWHERE).found}


@pytest.mark.parametrize("preset", preset_names())
def test_the_page_of_a_mode_marks_what_a_check_finds(preset):
    page = (ROOT / "docs/modes" / f"{preset}.md").read_text(encoding="utf-8")
    marks = dict(re.findall(r"^([A-Z]{2,3}-\d\d) ([●○]) ", page, re.MULTILINE))
    plan = load_plan(preset)
    told = {each.id for each in check(plan, EVERYWHERE).found}
    by_itself = {each.id: each.severity for each in check(plan).found}
    assert {rule for rule, mark in marks.items() if mark == "●"} <= told
    assert {rule for rule, mark in marks.items() if mark == "○"}.isdisjoint(by_itself)
    assert {rule for rule, severity in by_itself.items() if severity == "block"} <= {*marks, "EU-03"}


def test_our_own_presets_may_be_published_in_china_and_with_fourteen_days_in_the_union():
    for preset in ("member_rebate", "friend_bonus"):
        assert check(load_plan(preset), CHINA).passes
        europe = Shop(seat="DE", currency="EUR")
        assert not check(load_plan(preset), europe).passes
        assert check(load_plan(preset, {"refund_days": 14}), europe).passes


def test_without_a_shop_all_jurisdictions_hold_and_the_cost_is_assumed():
    found = check(load_plan("member_rebate"))
    assert found.jurisdictions == ("solvency", "cn", "us", "eu")
    assert (found.cost, found.cost_assumed, found.shop_given) == (Fraction(1, 5), True, False)


@pytest.mark.parametrize(
    ("shop", "held", "uncovered"),
    [
        (Shop(seat="CN", currency="CNY"), {"cn"}, ()),
        (Shop(seat="SG", currency="CNY"), {"cn"}, ("SG",)),
        (Shop(seat="CN", currency="USD", phone_countries=("US", "FR")), {"cn", "us", "eu"}, ()),
        (Shop(seat="JP", currency="JPY", phone_countries=("JP",)), set(), ("JP", "JPY")),
        (Shop(seat="SE", currency="SEK"), {"eu"}, ()),
    ],
)
def test_jurisdictions_follow_from_seat_currency_and_telephone_numbers(shop, held, uncovered):
    names, others = jurisdictions_of(shop)
    assert set(names) == held | {"solvency"}
    assert others == uncovered


def test_arithmetic_alone_may_block():
    found = check(load_plan("points_dividend"), Shop(seat="JP", currency="JPY"))
    assert [each.id for each in found.blocks] == ["SOL-02"]


def test_a_finding_names_the_rules_it_comes_from_and_the_numbers():
    found = {each.id: each for each in check(load_plan("points_dividend"), CHINA).found}
    assert found["CN-01"].rules == ("generation", "team")
    assert found["SOL-02"].rules == ("static",)
    told = found["SOL-02"].explanation()
    assert "promises 100 %" in told
    assert "leaves 80 %" in told
    assert "0.4603 %" in told  # the growth of part C for a multiple of 1.0
    assert "每天增长 0.46" in found["SOL-02"].explanation("zh")


@pytest.mark.parametrize(
    ("preset", "settings", "expected"),
    [
        ("points_dividend", {}, {"walk_depth": inf, "accel_share": Fraction(95, 100), "upline_share": 0}),
        # 50 % and 30 %, ranks up to 50 %, seven peers of 3 %: 1.51 of what releases, four times the price at most
        ("green_points", {}, {"accel_share": Fraction(151, 100) * 4, "static_multiple": 4, "scheduled_multiple": 4}),
        ("distribution", {}, {"walk_depth": 2, "upline_share": Fraction(15, 100), "earn_requires_purchase": False}),
        ("refer_three_appreciation", {}, {"order_outflow": Fraction(12, 10), "static_multiple": 3}),
        ("refer_three_appreciation", {}, {"order_outflow_usual": Fraction(2, 10) + Fraction(1, 3) + Fraction(3, 10)}),
        ("rebate_queue", {"claim_multiple": "1.1"}, {"queue_unpaid_share": 1 - Fraction(2, 11)}),
        ("appreciation", {"exit_multiple": 3}, {"exit_ceiling_share": Fraction(1, 8)}),
        ("appreciation", {}, {"mint_over_feed": Fraction(7, 10)}),
        ("per_order_reward", {}, {"upline_share": Fraction(10, 100), "walk_depth": 5}),  # five times 2 of 100
        ("store_owners", {}, {"order_outflow": Fraction(28, 100)}),  # 20 % goods; the reserve's 8 % pay the 8 %
        ("funded_points", {}, {"later_money": False, "owed_steady_days": None, "scheduled": True}),
        ("member_rebate", {}, {"static_multiple": 0, "scheduled": False, "later_money": False}),
    ],
)  # fmt: skip
def test_metrics_are_those_worked_by_hand(preset, settings, expected):
    measures = measure(load_plan(preset, settings), Fraction(1, 5))
    assert {name: measures[name].value for name in expected} == expected


@pytest.mark.parametrize("phrase", SOURCES.split("，"))
def test_every_phrase_of_the_sources_is_found_with_the_name_of_its_text(phrase):
    hits = [hit for found in found_phrases({"poster": f"本店{phrase}！"}).values() for hit in found]
    assert any(hit.startswith("poster: ") for hit in hits)


@pytest.mark.parametrize(
    ("text", "metric", "found"),
    [
        ("只 涨\n不跌", "copy_returns", True),
        ("ＧＵＡＲＡＮＴＥＥＤ　ＲＥＴＵＲＮ", "copy_returns", True),
        ("A Risk-Free plan", "copy_returns", True),
        ("公司IPO计划", "copy_shares", True),
        ("積分只漲不跌，穩賺", "copy_returns", True),
        ("只涨\u200b不·跌", "copy_returns", True),
        ("riskfreedom", "copy_returns", False),
        ("确保本店商品为正品", "copy_returns", False),
        ("夏季新品上市", "copy_shares", False),
        ("夏季新品上市，公司明年上市", "copy_shares", True),
        ("hippo toys", "copy_shares", False),
        ("", "copy_consumer", False),
    ],
)
def test_case_width_and_spaces_do_not_matter_and_longer_words_are_left_alone(text, metric, found):
    assert bool(found_phrases({"page": text})[metric]) is found


@pytest.mark.parametrize(
    ("condition", "facts", "answer"),
    [
        ({"a": True, "b": False}, {"a": True, "b": False}, True),
        ({"a": True, "b": True}, {"a": None, "b": False}, False),
        ({"a": True, "b": True}, {"a": None, "b": True}, None),
        ({"any": [{"a": True}, {"b": True}]}, {"a": None, "b": True}, True),
        ({"any": [{"a": True}, {"b": True}]}, {"a": None, "b": False}, None),
        ({"a": {"at_least": "1/2"}}, {"a": Fraction(1, 2)}, True),
        ({"a": {"above": "50%", "below": 1}}, {"a": Fraction(1, 2)}, False),
        ({"a": {"above": "b"}}, {"a": 2, "b": 1}, True),
        ({"a": {"above": "b"}}, {"a": 2, "b": None}, None),
        ({"a": {"below": 1}}, {"a": False}, False),
        ({"a": {"at_least": 10**9}}, {"a": inf}, True),
        ({"a": True}, {"a": ()}, False),
    ],
)
def test_a_condition_holds_fails_or_is_open(condition, facts, answer):
    assert holds(condition, facts) is answer


@pytest.mark.parametrize(
    ("name", "value", "en", "zh"),
    [
        ("walk_depth", inf, "unlimited", "不限"),
        ("static_multiple", Fraction(5, 2), "250 %", "250 %"),
        ("growth_required_daily", 0.0046, "0.46 %", "0.46 %"),
        ("fees_collected", Fraction(2_500_000), "2,500,000", "2,500,000"),
        ("coverage", None, "not known", "未知"),
        ("exit_multiple", None, "none", "无"),
        ("later_money", True, "yes", "是"),
        ("copy_returns", (), "none", "无"),
    ],
)
def test_values_are_written_for_people(name, value, en, zh):
    assert written(Measure(name, value)) == en
    assert written(Measure(name, value), "zh") == zh


PLANS = [*preset_names(), *example_names(), *sorted(ROOT.glob("tests/**/plans/*.yaml"))]


@pytest.mark.parametrize("plan", PLANS, ids=str)
def test_every_plan_can_be_checked_and_told(plan):
    for finding in check(load_plan(plan)).found:
        assert finding.explanation()
        assert finding.remedy("zh")


def test_an_exit_that_takes_nothing_is_no_exit_above_what_is_paid_in():
    found = {each.id for each in check(load_plan("appreciation", {"sell_fee": "100%"})).found}
    assert "SOL-05" not in found
