"""The page on compliance shows every rule, metric and phrase of the pack, in English and in Chinese."""

import importlib
import re
import sys

import pytest

from jifen.assess.rule_pack import JURISDICTIONS, jurisdictions

DIRECTIVE = re.compile(r"^```\{(rules|metrics|phrases|findings)\} ?(\w*)", re.MULTILINE)


@pytest.fixture(scope="module")
def rule_table(root):
    folder = str(root / "docs/_ext")
    sys.path.insert(0, folder)
    yield importlib.import_module("rule_table")
    sys.path.remove(folder)


@pytest.mark.parametrize("page", ["docs/compliance.md", "docs/zh/compliance.md"])
def test_a_page_on_compliance_shows_all_of_the_pack_and_is_no_advice(root, page):
    text = (root / page).read_text(encoding="utf-8")
    shown = DIRECTIVE.findall(text)
    assert {name for kind, name in shown if kind == "rules"} == set(JURISDICTIONS)
    assert {name for kind, name in shown if kind == "metrics"} == {"plan", "shop", "run"}
    assert {("phrases", ""), ("findings", "")} <= set(shown)
    assert "not legal advice" in text.lower() or "不构成法律意见" in text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_row_tells_when_a_rule_is_found_what_it_cites_and_what_would_make_it_pass(rule_table, language):
    for each in jurisdictions().values():
        for identity, rule in each.rules.items():
            cells = rule_table.rule_row(identity, rule, language)
            assert cells[0].startswith(f"`{identity}`<br>")
            assert all(cell and "{" not in cell for cell in cells)


def test_a_condition_is_written_in_one_line(rule_table):
    rule = jurisdictions()["cn"].rules["CN-05"]
    assert rule_table.rule_row("CN-05", rule, "en")[1] == (
        "**block** (never waived; stops joins, grants, upline_rewards): "
        "`CN-04`, `tree_members` ≥ 30, `tree_levels` ≥ 3, "
        "any of (`tree_members` ≥ 120; `fees_collected` ≥ 2500000; `sanctioned`, `tree_members` ≥ 60)"
    )
    assert (
        rule_table.rule_row("CN-06", jurisdictions()["cn"].rules["CN-06"], "zh")[1]
        == "**高**: `CN-03`, 非 `CN-01`, 非 `CN-02`"
    )


def test_the_findings_of_a_preset_are_told_by_how_grave_they_are(rule_table):
    assert rule_table.finding_row("friend_bonus") == (
        "`friend_bonus`", "`EU-03`", "`CN-03`, `CN-06`, `US-03`", "`CN-23`",
    )  # fmt: skip
