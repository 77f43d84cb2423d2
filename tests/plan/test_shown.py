"""A plan shown, two versions compared, and the JSON Schema of plan files."""

import json
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from jifen.plan import load_plan, preset_names, revise
from jifen.plan.load import preset_text
from jifen.plan.schema import json_schema, schema_text
from jifen.plan.show import describe
from jifen.plan.versions import diff

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "src/jifen/plan/presets").glob("*.yaml"))


def by_name(plan):
    return {parameter["name"]: parameter for parameter in describe(plan)["parameters"]}


def lines(before, after):
    return [str(difference) for difference in diff(before, after)]


# -- show -----------------------------------------------------------------------------------------------------------


def test_a_parameter_is_shown_with_its_labels_bounds_default_and_value():
    assert by_name(load_plan("green_points", {"daily_rate": "1%"}))["daily_rate"] == {
        "name": "daily_rate",
        "label": {"en": "Daily release", "zh": "每日释放比例"},
        "type": "rate",
        "house": False,
        "bounds": "more than 0%, at most 100%",
        "options": [],
        "optional": False,
        "default": "1.2%",
        "value": "1%",
    }


def test_values_are_shown_as_a_file_writes_them():
    shown = {name: parameter["value"] for name, parameter in by_name(load_plan("green_points")).items()}
    assert shown["generations"] == "[50%, 30%]"
    assert shown["tiers"].startswith("[{name: 初级, min: 3000, multiple: 2.5}, ")
    assert shown["ranks"].endswith("{rank: 王者, min: 30000000, rate: 50%}]")
    assert shown["team_cap"] == shown["skus"] == "null"
    assert shown["retier"] == "false"
    assert shown["start_lag_days"] == "1"
    assert by_name(load_plan("distribution"))["region_rates"]["value"] == ("{district: 3%, city: 5%, province: 8%}")


def test_a_shown_value_can_be_read_again():
    for file in FILES:
        plan = load_plan(file)
        again = {name: YAML(typ="safe", pure=True).load(shown["value"]) for name, shown in by_name(plan).items()
                 if shown["type"] in {"rates", "ladder", "regions", "skus", "choice", "bool"}}  # fmt: skip
        assert all(value is not None or name == "skus" for name, value in again.items())


def test_rules_are_shown_in_one_line_of_words():
    rules = {rule["id"]: rule["line"] for rule in describe(load_plan("rebate_queue"))["rules"]}
    assert rules["claim"] == "order takes effect: 100% of the order's amount, granted as a lot of `claim`"
    assert rules["serve"] == (
        "daily run: what remains of `claim`, to the head of `claim`, lot by lot, while the pool `queue` has it all, "
        "drained from `claim`, paid in cash from the pool `queue`"
    )


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_plan_can_be_shown_as_json(file):
    shown = json.loads(json.dumps(describe(load_plan(file))))
    assert all(piece["line"] for section in ("stores", "ranks", "rules") for piece in shown[section])


# -- versions -------------------------------------------------------------------------------------------------------


def test_a_plan_does_not_differ_from_itself():
    for name in preset_names():
        assert diff(load_plan(name), load_plan(name)) == []


def test_versions_differ_parameter_by_parameter_with_both_labels():
    plan = load_plan("green_points")
    changes = {"daily_rate": "1%", "generations": [], "team_cap": "35%", "skus": ["a"]}
    assert lines(plan, revise(plan, changes)) == [
        "skus (Products in the plan · 参与商品): null → [a]",
        "daily_rate (Daily release · 每日释放比例): 1.2% → 1%",
        "generations (Share by generation · 分享（代数）比例): [50%, 30%] → []",
        "team_cap (Team reward at most · 极差封顶): null → 35%",
    ]


def test_tables_differ_row_by_row_and_cell_by_cell():
    plan = load_plan("points_dividend")
    rows = [
        {"rank": name, "min": None, "rate": rate} for name, rate in (("经理", "31%"), ("总监", "50%"), ("X", "51%"))
    ]
    assert lines(plan, revise(plan, {"ranks": rows})) == [
        "ranks[经理].rate (Ranks, 经理, Rate · 等级、经理、比例): 30% → 31%",
        "ranks[主管] (Ranks, 主管 · 等级、主管): [{rank: 主管, min: null, rate: 40%}] → –",
        "ranks[总经理] (Ranks, 总经理 · 等级、总经理): [{rank: 总经理, min: null, rate: 60%}] → –",
        "ranks[X] (Ranks, X · 等级、X): – → [{rank: X, min: null, rate: 51%}]",
    ]


def test_rows_that_change_places_differ():
    plan = load_plan("points_dividend")
    rows = [{"rank": name, "min": None, "rate": rate} for name, rate in (("主管", "30%"), ("经理", "40%"))]
    assert lines(revise(plan, {"ranks": [rows[1] | {"rate": "30%"}, rows[0] | {"rate": "40%"}]}),
                 revise(plan, {"ranks": rows})) == [
        "ranks[经理].rate (Ranks, 经理, Rate · 等级、经理、比例): 30% → 40%",
        "ranks[主管].rate (Ranks, 主管, Rate · 等级、主管、比例): 40% → 30%",
        "ranks (Ranks, order · 等级、顺序): 经理, 主管 → 主管, 经理",
    ]  # fmt: skip


def test_overrides_differ_line_by_line():
    one = load_plan("rebate_queue", {"overrides": [{"where": {"merchant": "m1"}, "pool_share": "30%"}]})
    two = load_plan("rebate_queue", {"overrides": [{"where": {"merchant": "m1"}, "pool_share": "25%"}]})
    assert lines(one, two) == [
        "overrides.feed[merchant m1] (Rule feed, merchant m1 · 规则 feed, merchant m1): 30% → 25%"
    ]


def test_rules_and_stores_differ_where_the_files_do(tmp_path):
    file = tmp_path / "one.yaml"
    text = preset_text("share_plan")
    file.write_text(text, encoding="utf-8")
    before = load_plan(file)
    file.write_text(text.replace("of: trigger_amount", "of: trigger_margin"), encoding="utf-8")
    (difference,) = diff(before, load_plan(file))
    assert (difference.key, difference.en, difference.zh) == ("rules.grant", "Rule grant", "规则 grant")
    assert difference.before == "order takes effect: one for every 2000 of the order's amount, added to `shares`"
    assert difference.after == "order takes effect: one for every 2000 of the order's margin, added to `shares`"


def test_plans_of_different_kinds_can_be_compared():
    keys = [difference.key for difference in diff(load_plan("green_points"), load_plan("rebate_queue"))]
    assert {"tiers", "claim_multiple", "stores.points", "stores.claim", "ranks.team", "rules.static"} <= set(keys)


# -- schema ---------------------------------------------------------------------------------------------------------


def test_the_published_schema_is_current():
    file = ROOT / "docs/plan.schema.json"
    assert file.read_text(encoding="utf-8") == schema_text(), "write it anew with: jifen plan schema"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_plan_fits_the_schema(file):
    jsonschema.Draft202012Validator.check_schema(json_schema())
    jsonschema.validate(YAML(typ="safe", pure=True).load(file), json_schema())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("lots: $lot_mode", "lots: both"),
        ("when: base", "when: never"),
        ("pay: {grant: points}", "pay: {grants: points}"),
        ("daily_rate: 1%", "daily_rate: fast"),
        ("spill: next_lot\n", "spill: nowhere\n"),
        ("drain: points}, pay", "drayn: points}, pay"),
    ],
)
def test_a_wrong_plan_does_not_fit_the_schema(old, new):
    text = (ROOT / "src/jifen/plan/presets/points_dividend.yaml").read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(YAML(typ="safe", pure=True).load(text.replace(old, new)), json_schema())
