"""``jifen demo``: two plans over one shop, one of which can be paid; or one plan alone."""

import json


def test_the_demo_compares_a_plan_that_can_be_paid_with_one_that_cannot(jifen, tmp_path):
    shown = jifen("demo", "--out", tmp_path / "demo")
    assert shown.code == 0, shown.err
    assert "margin left when all is paid" in shown.out
    assert shown.out.count("report.html") == 2
    assert "The first is the plan to begin with" in shown.out

    again = jifen("demo", "--out", tmp_path / "demo", "--json")
    ours, vendors = json.loads(again.out)
    assert (ours["sold"], ours["margin"]) == (vendors["sold"], vendors["margin"])
    assert not ours["rest"].startswith("-")
    assert vendors["rest"].startswith("-")
    # What is owed is in a pool from the moment it is promised; the friend's pool may hold more.
    assert float(ours["set_aside"]) >= float(ours["owed"]) > 0
    assert all(outcome["report"].startswith(str(tmp_path)) for outcome in (ours, vendors))


def test_any_plan_can_be_shown_with_the_events_it_needs(jifen, tmp_path):
    shown = jifen("demo", "--plan", "ad_tasks", "--out", tmp_path / "demo", "--json")
    assert shown.code == 0, shown.err
    (outcome,) = json.loads(shown.out)
    assert float(outcome["paid"]) > 0


def test_a_plan_that_is_not_there_is_the_users_mistake(jifen, tmp_path):
    assert jifen("demo", "--plan", "nothing", "--out", tmp_path / "demo").code == 2
