"""``jifen plan``: show, check, diff and schema."""

import json

import pytest


@pytest.fixture
def plan(tmp_path):
    def write(params: str):
        path = tmp_path / "plan.yaml"
        path.write_text(f"preset: mine\ncompose: [points_dividend]\nparams: {{{params}}}\n", encoding="utf-8")
        return path

    return write


def test_without_a_name_the_presets_are_listed(jifen):
    assert "points_dividend" in jifen("plan", "show").out
    assert json.loads(jifen("plan", "show", "--json").out)["points_dividend"]["zh"] == "积分分红"


def test_a_plan_is_shown_with_what_was_set_and_its_rules_in_words(jifen):
    answer = jifen("plan", "show", "points_dividend", "--set", "daily_rate=0.5%")
    (line,) = [line for line in answer.out.splitlines() if line.startswith("daily_rate")]
    assert line.split()[:3] == ["daily_rate", "0.5%", "1%"]
    assert "每日释放比例" in line
    assert "daily run: 0.5% a day of each lot" in answer.out


def test_a_plan_as_json_has_parameters_and_rules(jifen):
    described = json.loads(jifen("plan", "show", "points_dividend", "--json").out)
    assert [rule["id"] for rule in described["rules"]] == ["grant", "static", "generation", "team", "peer"]


def test_a_sound_plan_is_said_to_have_no_mistakes(jifen, plan):
    answer = jifen("plan", "check", plan("daily_rate: 2%"))
    assert answer.code == 0
    assert "no mistakes" in answer.out


def test_all_mistakes_of_several_plans_come_with_file_line_and_remedy(jifen, plan, tmp_path):
    first = plan("daily_rat: 2%")
    second = tmp_path / "second.yaml"
    second.write_text("preset: other\ncompose: [points_dividend]\nparams: {daily_rate: 200%}\n", encoding="utf-8")
    answer = jifen("plan", "check", first, second)
    assert answer.code == 2
    assert f"{first}:3: daily_rat" in answer.err
    assert "did you mean `daily_rate`?" in answer.err
    assert f"{second}:3: " in answer.err


def test_a_difference_is_named_with_both_values(jifen, plan):
    answer = jifen("plan", "diff", "points_dividend", plan("daily_rate: 2%"), "--json")
    (difference,) = json.loads(answer.out)
    assert (difference["key"], difference["before"], difference["after"]) == ("daily_rate", "1%", "2%")
    assert "daily_rate" in jifen("plan", "diff", "points_dividend", plan("daily_rate: 2%")).out


def test_two_equal_plans_do_not_differ(jifen):
    assert jifen("plan", "diff", "points_dividend", "points_dividend").out == "The two are the same plan.\n"


def test_the_schema_is_json(jifen):
    assert json.loads(jifen("plan", "schema").out)["title"] == "A jifen plan"
