"""``jifen simulate``: what it prints, what it writes, and what it refuses."""

import json

import pyarrow.parquet as pq
import pytest

from jifen.simulate import sweep as sweeps
from jifen.simulate.simulation import Run

SHORT = ("--set", "days=12", "--set", "joining.a_day=3", "--set", "joining.drawn=false")


def test_one_simulation_is_a_table_and_a_folder_that_is_whole(jifen, tmp_path):
    # 36 orders of 3000; each has been released 30 a day since the day after: 3 × (0 + 1 + … + 11) × 30 = 5940.
    out = tmp_path / "out"
    answer = jifen("simulate", "points_dividend", "--scenario", "equal_orders", *SHORT, "--out", out)
    assert answer.code == 0, answer.err
    figures = dict(line.split("  ", 1) for line in answer.out.splitlines()[1:] if "  " in line)
    figures = {name: value.strip() for name, value in figures.items()}
    assert (figures["sold"], figures["paid to members"]) == ("108,000.00", "5,940.00")
    assert figures["cash in hand, without pools"] == "80,460.00"
    assert figures["below zero"] == "never"
    names = {path.name for path in out.iterdir()}
    assert names == {
        "scenario.yaml", "plan.json", "days.parquet", "days.csv", "members.parquet", "cohorts.csv", "summary.json",
    }  # fmt: skip
    assert pq.read_table(out / "days.parquet")["paid"].to_pylist() == [90_000_000 * day for day in range(12)]
    assert (out / "days.csv").read_text().splitlines()[2].startswith("2,6,3,3,0,9000.000000,")


def test_what_is_in_the_way_is_kept_unless_it_is_forced(jifen, tmp_path):
    arguments = ("simulate", "points_dividend", *SHORT, "--out", tmp_path / "out")
    assert jifen(*arguments).code == 0
    again = jifen(*arguments)
    assert (again.code, "target_exists" in again.err) == (2, True)
    assert jifen(*arguments, "--force").code == 0


def test_json_has_the_summary_of_the_folder(jifen, tmp_path):
    answer = jifen("simulate", "rebate_queue", *SHORT, "--seed", 5, "--out", tmp_path / "out", "--json")
    summary = json.loads(answer.out)
    assert summary == json.loads((tmp_path / "out" / "summary.json").read_text())
    assert (summary["seed"], summary["queues"]["claim"]["places"]) == (5, 36)


def test_the_scenario_that_was_run_can_be_run_again(jifen, tmp_path):
    first = jifen("simulate", "points_dividend", "--scenario", "everyday", *SHORT, "--out", tmp_path / "out", "--json")
    again = jifen("simulate", "points_dividend", "--scenario", tmp_path / "out" / "scenario.yaml", "--json")
    assert json.loads(first.out)["digest"] == json.loads(again.out)["digest"]


def test_many_runs_of_every_combination(jifen, tmp_path):
    values = ("--set", "daily_rate=1%,2%", "--set", "generations=[20%, 15%],[]", "--runs", 2, "--processes", 1)
    answer = jifen("simulate", "points_dividend", *SHORT, *values, "--out", tmp_path / "out", "--json")
    document = json.loads(answer.out)
    assert (answer.code, document["runs"], document["finished"], document["failed"]) == (0, 8, 8, [])
    settings = [(point["settings"]["daily_rate"], point["settings"]["generations"]) for point in document["points"]]
    assert settings == [("1%", "[20%, 15%]"), ("1%", "[]"), ("2%", "[20%, 15%]"), ("2%", "[]")]
    again = jifen("simulate", "points_dividend", *SHORT, *values, "--out", tmp_path / "out", "--resume")
    assert (again.code, "8 of 8 runs" in again.out) == (0, True)


def test_the_command_names_the_runs_that_failed_and_leaves_with_1(tmp_path, jifen, monkeypatch):
    class Failing(Run):
        def __init__(self, plan, scenario, seed, run, given):
            if run == 1:
                raise MemoryError("no room")
            super().__init__(plan, scenario, seed, run, given)

    monkeypatch.setattr(sweeps, "Run", Failing)
    arguments = ("simulate", "points_dividend", "--set", "days=5", "--runs", 3, "--processes", 1, "--out", tmp_path)
    answer = jifen(*arguments)
    assert answer.code == 1
    assert "p0000-r00001 failed: MemoryError: no room" in answer.err
    assert "2 of 3 runs" in answer.out
    monkeypatch.undo()
    assert jifen(*arguments, "--resume").code == 0
    assert not list(tmp_path.glob("runs/*.failed"))


def test_members_and_amounts_come_from_files(jifen, shop):
    files = ("--members", shop / "members.csv", "--orders", shop / "orders.csv", "--out", shop / "out")
    changes = ("--set", "referrals.shape=forest", "--set", "orders.amount=file")
    assert jifen("simulate", "points_dividend", *SHORT, *changes, *files).code == 0
    members = pq.read_table(shop / "out" / "members.parquet").to_pydict()
    assert members["referrer"] == [-1, 0]
    assert set(members["spent"]) <= {3_000_000_000, 9_000_000_000}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("points_dividend", "--scenario", "stedy"), "did you mean `steady`?"),
        (("points_dividend", "--set", "joining.aday=3"), "did you mean `joining.a_day`?"),
        (("points_dividend", "--set", "daily_rate=1%,2%"), "--runs"),
        (("points_dividend", "--set", "daily_rate"), "key=value"),
        (("points_dividend", "--runs", "2"), "--out"),
        (("points_dividend", "--set", "referrals.shape=forest"), "--members"),
        (("points_dividend", "--set", "orders.amount=file"), "--orders"),
        (("points_dividends",), "did you mean"),
        ((), "PLAN"),
    ],
)
def test_what_cannot_be_simulated_is_said(jifen, arguments, said):
    answer = jifen("simulate", *arguments)
    assert answer.code == 2
    assert said in answer.err


def test_scenarios_and_keys_are_listed(jifen):
    assert "sales stop" in jifen("simulate", "--list").out
    assert json.loads(jifen("simulate", "--list", "--json").out)["steady"]["zh"] == "销售平稳"
    assert json.loads(jifen("simulate", "--keys", "--json").out)["cost"]["default"] == "20%"
    assert "refunds.share" in jifen("simulate", "--keys").out


def test_a_report_of_one_simulation(jifen, tmp_path):
    folder = tmp_path / "report"
    answer = jifen("simulate", "rebate_queue", *SHORT, "--report", folder, "--lang", "zh")
    assert (answer.code, f"Report: {folder / 'report.html'}" in answer.out) == (0, True)
    assert '<html lang="zh-Hans">' in (folder / "report.html").read_text(encoding="utf-8")
    assert (folder / "queue-claim.png").is_file()


def test_a_folder_that_is_in_the_way_of_a_report_is_said_before_the_work(jifen, tmp_path):
    arguments = ("simulate", "points_dividend", *SHORT, "--report", tmp_path / "report", "--out", tmp_path / "out")
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "letter.txt").write_text("dear")
    refused = jifen(*arguments)
    assert (refused.code, "target_exists" in refused.err, (tmp_path / "out").exists()) == (2, True, False)
    assert jifen(*arguments, "--force").code == 0
    assert not (tmp_path / "report" / "letter.txt").exists()


def test_a_report_of_many_runs_has_the_fan_of_each_combination(jifen, tmp_path):
    values = ("--set", "daily_rate=1%,2%", "--runs", 3, "--processes", 1, "--report", tmp_path / "report")
    answer = jifen("simulate", "points_dividend", *SHORT, *values, "--out", tmp_path / "out")
    assert answer.code == 0, answer.err
    pages = [tmp_path / "report" / point / "report.html" for point in ("p0000", "p0001")]
    assert all("In none of 3 runs does cash end" in page.read_text(encoding="utf-8") for page in pages)


def test_json_stays_json_with_a_report(jifen, tmp_path):
    answer = jifen("simulate", "points_dividend", *SHORT, "--report", tmp_path / "report", "--json")
    assert json.loads(answer.out)["days"] == 12


def test_a_machine_without_chinese_signs_is_told_of(jifen, tmp_path, monkeypatch):
    monkeypatch.setattr("jifen.report.images.chinese_is_drawn", lambda: False)
    told = jifen("simulate", "points_dividend", *SHORT, "--report", tmp_path / "zh", "--lang", "zh")
    assert (told.code, "no Chinese font" in told.err) == (0, True)
    assert "font" not in jifen("simulate", "points_dividend", *SHORT, "--report", tmp_path / "en").err
