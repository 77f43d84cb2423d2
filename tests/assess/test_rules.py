"""Each rule of the pack: a plan, a shop or a run that fires it, and one that does not (``findings.yaml``)."""

import json
from fractions import Fraction
from pathlib import Path
from string import Formatter

import pytest
from ruamel.yaml import YAML

from jifen.assess.compliance import check
from jifen.assess.rule_pack import jurisdictions, metric_texts, names_in
from jifen.assess.run_facts import RunFacts
from jifen.assess.shop import FACTS, read_shop
from jifen.plan import load_plan

HERE = Path(__file__).parent
TABLE = YAML(typ="safe").load((HERE / "findings.yaml").read_text(encoding="utf-8"))
RULES = {identity: rule for each in jurisdictions().values() for identity, rule in each.rules.items()}
ROWS = [pytest.param(rule, row, id=f"{rule}-{place}") for rule, rows in TABLE.items() for place, row in enumerate(rows)]

HARMLESS = {
    "digest": "", "tree_members": 0, "tree_levels": 0, "fees_collected": Fraction(0), "coverage": Fraction(1),
    "unpaid_if_stopped": Fraction(0), "members_unpaid": 0, "own_purchase_share": Fraction(0),
    "self_dealing_share": Fraction(0), "plan_versions": 1,
}  # fmt: skip


def findings(given: dict):
    """Check what a row gives. The shop is written as JSON, which is YAML."""
    name = given["plan"]
    path = HERE / "plans" / f"{name}.yaml"
    plan = load_plan(path if path.is_file() else name, plain(given.get("set", {})))
    shop = {"seat": "CN", "currency": "CNY", "cost": "20%"} | plain(given.get("shop", {}))
    figures = {key: number(value) for key, value in given.get("run", {}).items()}
    run = RunFacts(**HARMLESS | figures) if "run" in given else None
    found = check(plan, read_shop(json.dumps(shop)), run)
    return {each.id: each for each in found.found}, {each.id for each in found.unmeasured}


def plain(value):
    """What the table's floats were written as."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return str(value) if isinstance(value, float) else value


def number(value):
    return Fraction(str(value)) if isinstance(value, float) else value


@pytest.mark.parametrize(("rule", "row"), ROWS)
def test_a_rule_is_found_where_it_holds_and_not_beside_it(rule, row):
    found, _ = findings(row["fires"])
    assert rule in found
    assert found[rule].severity == row["severity"]
    if "waivable" in row:
        assert found[rule].waivable is row["waivable"]
    if "stops" in row:
        assert list(found[rule].level.stops) == row["stops"]
    other, _ = findings(row["passes"])
    assert rule not in other


def test_every_rule_of_the_pack_is_in_the_table_and_there_are_forty_five():
    assert sorted(TABLE) == sorted(RULES)
    assert len(RULES) == 45
    assert {name: len(each.rules) for name, each in jurisdictions().items()} == {
        "solvency": 7, "cn": 25, "us": 8, "eu": 5,
    }  # fmt: skip


def test_every_level_of_a_rule_fires_somewhere_in_the_table():
    seen = {
        (rule, findings(row["fires"])[0][rule].level.model_dump_json()) for rule, rows in TABLE.items() for row in rows
    }
    missing = [(rule, level.severity) for rule, each in RULES.items() for level in each.levels
               if (rule, level.model_dump_json()) not in seen]  # fmt: skip
    assert missing == []


def test_what_may_never_be_waived_is_what_the_gate_says():
    never = {rule for rule, each in RULES.items() if any(not level.waivable for level in each.levels)}
    assert never == {"CN-01", "CN-02", "CN-03", "CN-04", "CN-05", "CN-09", "CN-10", "CN-14", "CN-15", "SOL-02"}
    for rule in never - {"CN-01", "CN-03", "CN-04"}:
        assert not any(level.waivable for level in RULES[rule].levels), rule


def test_rules_ask_only_metrics_that_are_defined_or_rules_further_up():
    above: set[str] = set()
    for identity, rule in RULES.items():
        asked = {name for level in rule.levels for name in names_in(level.when)}
        assert asked <= metric_texts().keys() | above, identity
        above.add(identity)


def test_every_metric_is_defined_and_every_fact_of_a_shop_is_a_metric():
    measured = check(load_plan("points_dividend")).measures
    assert set(measured) == set(metric_texts())
    shop = {name for name, text in metric_texts().items() if text.of == "shop"}
    assert set(FACTS) - shop == {"seat", "currency", "phone_countries", "safeguards", "texts"}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_text_is_told_with_its_numbers(language):
    for rows in TABLE.values():
        for row in rows:
            for finding in findings(row["fires"])[0].values():
                told = finding.explanation(language) + finding.remedy(language)
                assert "{" not in told
                assert "None" not in told


def test_both_languages_name_the_same_numbers():
    def fields(text):
        return {field for _, field, _, _ in Formatter().parse(text) if field}

    for identity, rule in RULES.items():
        assert fields(rule.explanation.en) == fields(rule.explanation.zh), identity
        assert fields(rule.remedy.en) == fields(rule.remedy.zh), identity


def test_a_rule_that_hangs_on_what_nobody_said_is_open_and_no_finding():
    found, unmeasured = findings({"plan": "member_rebate"})
    assert {"CN-09", "CN-11", "CN-13", "CN-24", "CN-25"} <= unmeasured
    assert not unmeasured & found.keys()
    _, decided = findings({"plan": "member_rebate", "shop": {"coin_purchasable": False, "texts": []}, "run": {}})
    assert not {"CN-09", "CN-11", "CN-12", "SOL-06"} & decided
