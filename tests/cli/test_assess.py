"""``jifen assess``: figures side by side, in words and for programs, and what is wrongly asked."""

import json

import pytest

from jifen.assess.closed_forms import FIGURES

SMALL = ("--set", "joining.a_day=1", "--days", "160")


def test_figures_stand_side_by_side_and_are_told_in_words(jifen):
    found = jifen("assess", "points_dividend", "--set", "points_per_yuan=1.2", *SMALL)
    assert found.code == 0
    rows = {line.rsplit(maxsplit=2)[0]: line.split()[-2:] for line in found.out.splitlines() if line.count(" ") > 3}
    assert rows["first day without cash"] == ["152", "152"]
    assert rows["owed in steady state (days of sales)"] == ["60.6", "60.6"]
    assert "It ends on day 152" in found.out
    assert "sales must grow by 0.8679 % every day, for ever" in found.out
    assert (
        "Taken for granted: goods cost 20 % of sales; orders of 1,000 yuan, 1 a day from day 1; 160 days." in found.out
    )
    assert "Who pays whom" in found.out
    assert "Coverage by day" in found.out


def test_it_speaks_chinese(jifen):
    found = jifen("assess", "rebate_queue", *SMALL, "--lang", "zh")
    assert found.code == 0
    assert "单靠销售，全体会员合计至多拿回消费额的 20 %。" in found.out
    assert "closed form" not in found.out


def test_for_programs_each_figure_has_both_numbers_or_null(jifen):
    found = jifen("assess", "points_dividend", "--set", "points_per_yuan=1.2", *SMALL, "--cost", "20%", "--json")
    told = json.loads(found.out)
    assert told["net_per_order"] == {"closed_form": -0.4, "simulated": -0.4}
    assert told["cash_peak_day"] == {"closed_form": 67, "simulated": 67}
    assert told["exit_ceiling_share"] == {"closed_form": None, "simulated": None}
    assert [set(told[name]) for name in FIGURES] == [{"closed_form", "simulated"}] * 12
    assert told["taken_for_granted"] == {
        "cost": 0.2, "order": "1000.000000", "orders_a_day": 1, "days": 160, "scenario": "equal_orders", "seed": 1,
    }  # fmt: skip
    assert told["sales_stop"]["owed"] == "58080.000000"  # of 80 days: 1200 × (80 − 79 × 80 ÷ 200)
    assert told["by_day"]["day"] == list(range(1, 161))
    assert told["by_day"]["promised"][0] == "1200.000000"
    assert told["by_day"]["coverage"][-1] == 0
    assert sum(cohort["members"] for cohort in told["who_pays_whom"]) == 160


def test_the_cost_and_the_order_may_be_set(jifen):
    found = jifen("assess", "points_dividend", "--cost", "50%", "--order", "99.50", "--set", "joining.a_day=1",
                  "--days", "5", "--json")  # fmt: skip
    told = json.loads(found.out)
    assert (told["net_per_order"]["closed_form"], told["taken_for_granted"]["order"]) == (-0.5, "99.500000")


def test_a_scenario_file_is_simulated_in_place_of_equal_orders(jifen, tmp_path):
    file = tmp_path / "slow.yaml"
    file.write_text("scenario: slow\ndays: 30\ncost: 40%\njoining: {a_day: 2, drawn: false}\norders: {yuan: 500}\n")
    told = json.loads(jifen("assess", "rebate_queue", "--scenario", file, "--json").out)
    assert told["taken_for_granted"] == {
        "cost": 0.4, "order": "500.000000", "orders_a_day": 2, "days": 30, "scenario": "slow", "seed": 1,
    }  # fmt: skip
    assert told["net_per_order"]["closed_form"] == 0.4
    other = jifen("assess", "rebate_queue", "--scenario", file, "--cost", "20%", "--order", "800", "--days", "10")
    assert "goods cost 20 % of sales. Simulated: the scenario slow, 10 days" in other.out
    assert "equal orders of 800 yuan" in other.out


def test_the_same_seed_says_the_same(jifen):
    asked = ("assess", "ad_tasks", "--days", "10", "--json")
    first = jifen(*asked).out
    assert jifen(*asked).out == first
    assert jifen(*asked, "--seed", "2").out != first


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--cost", "101%"), "bad_option"),
        (("--cost", "-1%"), "bad_option"),
        (("--cost", "1/3"), "bad_option"),
        (("--order", "0"), "bad_option"),
        (("--order", "9" * 30), "bad_option"),
        (("--set", "points_per_yaun=1"), "unknown_parameter"),
        (("--set", "joining.a_dya=1"), "unknown_key"),
        (("--set", "nonsense"), "bad_option"),
        (("--scenario", "nothing_of_the_kind"), "unknown_scenario"),
        (("--scenario", "not/there.yaml"), "no_file"),
    ],
)
def test_what_cannot_be_meant_is_refused(jifen, arguments, code):
    found = jifen("assess", "points_dividend", "--json", *(f"{arguments[0]}={arguments[1]}",))
    assert found.code == 2
    assert json.loads(found.out)["problems"][0]["code"] == code


@pytest.mark.parametrize(
    "text",
    ["rubbish", "[1, 2]", "scenario: x\nnothing: 1\n", "scenario: x\ndays: many\n", "scenario: x\ncost: 2000%\n",
     "scenario: x\norders: {yuan: 99999999999999}\n", "scenario: [", "\x00\x01",
     "scenario: x\norders: {amount: file}\n", "scenario: x\nreferrals: {shape: forest}\n"],
)  # fmt: skip
def test_a_scenario_file_that_is_rubbish_is_refused(jifen, tmp_path, text):
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    found = jifen("assess", "points_dividend", "--scenario", file, "--json")
    assert found.code == 2
    assert json.loads(found.out)["problems"]


@pytest.mark.parametrize("days", ["0", "3661", "x"])
def test_days_out_of_range_are_refused(jifen, days):
    assert jifen("assess", "points_dividend", "--days", days).code == 2


def test_an_unknown_plan_is_refused(jifen):
    assert jifen("assess", "nothing_of_the_kind").code == 2


def test_a_report_is_written_and_named(jifen, tmp_path):
    folder = tmp_path / "report"
    found = jifen("assess", "member_rebate", *SMALL, "--report", folder)
    assert found.code == 0
    assert found.out.splitlines()[-1] == f"Report: {folder / 'report.html'}"
    assert "<html" in (folder / "report.html").read_text(encoding="utf-8")
    assert list(folder.glob("*.png"))


def test_a_folder_in_the_way_of_a_report_is_said_before_the_work(jifen, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    found = jifen("assess", "member_rebate", *SMALL, "--report", tmp_path)
    assert (found.code, "target_exists" in found.err) == (2, True)


def test_the_referrals_of_a_members_file_can_be_assessed(jifen, tmp_path):
    members, scenario = tmp_path / "members.csv", tmp_path / "forest.yaml"
    members.write_text("member,referrer,joined_at\na,,2026-01-01\nb,a,2026-01-01\nc,b,2026-01-02\n")
    scenario.write_text("scenario: forest\ndays: 20\njoining: {a_day: 1, drawn: false}\nreferrals: {shape: forest}\n")
    without = jifen("assess", "friend_bonus", "--scenario", scenario)
    assert (without.code, "--members" in without.err) == (2, True)
    found = jifen("assess", "friend_bonus", "--scenario", scenario, "--members", members, "--json")
    assert found.code == 0
    assert json.loads(found.out)["who_pays_whom"]


def test_of_a_scenario_it_is_said_what_was_simulated_and_what_constant_sales_would_do(jifen):
    growing = ("--scenario", "everyday", "--set", "points_per_yuan=1.2", "--days", "160")
    found = jifen("assess", "points_dividend", *growing)
    rows = {line.rsplit(maxsplit=2)[0]: line.split()[-2:] for line in found.out.splitlines() if line.count(" ") > 3}
    peak = rows["day with most cash"][1]
    assert rows["first day without cash"] == ["152", "never"]
    said = f"The operator's own cash is highest at the end of day {peak}.\n  It does not end within 160 days.\n"
    assert said + "  At constant sales of equal orders it ends on day 152.\n" in found.out
