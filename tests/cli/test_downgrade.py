"""``jifen downgrade``: the changes with their reasons, the new plan's file, and open lots carried over."""

import json

import pytest

from jifen.plan import load_plan


def test_each_change_has_its_reason_and_the_rule_of_law(jifen):
    found = jifen("downgrade", "points_dividend")
    assert found.code == 0
    assert "points_per_yuan (Points per yuan): 1 → 0.3" in found.out
    assert "[CN-07, SOL-02]" in found.out
    assert "Not legal advice" in found.out
    assert "加速" in jifen("downgrade", "points_dividend", "--lang", "zh").out


def test_a_plan_that_passes_is_left_alone(jifen, tmp_path):
    found = jifen("downgrade", "member_rebate", "--out", tmp_path / "plan.yaml")
    assert (found.code, "nothing has to change" in found.out) == (0, True)
    assert not (tmp_path / "plan.yaml").exists()


def test_the_new_plan_is_written_and_passes_the_check(jifen, tmp_path):
    path = tmp_path / "safer.yaml"
    assert jifen("downgrade", "green_points", "--jurisdiction", "cn", "--out", path).code == 0
    assert load_plan(path).params["settle_at"] == "settled"
    assert json.loads(jifen("downgrade", path, "--json").out)["changes"] == []
    assert jifen("downgrade", "green_points", "--out", path).code == 2


def test_open_lots_run_on_in_the_new_plan(jifen, ran, shop):
    plan, opening = shop / "safer.yaml", shop / "opening.csv"
    found = jifen("downgrade", "green_points", "--run", ran, "--out", plan, "--opening", opening, "--json")
    carried = json.loads(found.out)["opening"]
    assert {each["store"]: each["before"] for each in carried["stores"]} == {"cash": "432.00", "points": "34068.00"}
    assert carried["reserve"] == {"needed": "34068.00", "brought": "0.00", "missing": "34068.00"}
    (shop / "none.csv").write_text("order,member,paid_at,amount\n")
    files = ("--members", shop / "members.csv", "--orders", shop / "none.csv", "--events", opening)
    again = jifen("run", plan, *files, "--until", "2026-01-08", "--out", shop / "again", "--json")
    assert again.code == 0, again.err
    # One day after the opening: 36 and 108, as before.
    assert json.loads(again.out)["owed"]["points"] == "33924.000000"


@pytest.mark.parametrize("options", [("--jurisdiction", "mars"), ("--opening", "x.csv"), ("--cost", "lots")])
def test_an_option_that_cannot_be_meant_is_refused(jifen, options):
    assert jifen("downgrade", "points_dividend", *options).code == 2
