"""``jifen demo``: two plans over one shop, one of which can be paid."""

import json


def test_the_demo_compares_a_plan_that_can_be_paid_with_one_that_cannot(jifen, tmp_path):
    shown = jifen("demo", "--out", tmp_path / "demo")
    assert shown.code == 0, shown.err
    assert "margin left when all is paid" in shown.out
    assert shown.out.count("report.html") == 2

    again = jifen("demo", "--out", tmp_path / "demo", "--json")
    funded, vendors = json.loads(again.out)
    assert funded["sold"] == vendors["sold"]
    assert not funded["rest"].startswith("-")
    assert vendors["rest"].startswith("-")
    # A quarter of each settled order is promised and a quarter is set aside: what is owed is what is there.
    assert funded["reserve"] == funded["owed"]
    assert all(outcome["report"].startswith(str(tmp_path)) for outcome in (funded, vendors))
