"""Sweeps: every run on its own, whatever stops them; the same results however many processes there are."""

import csv
import json
import multiprocessing
import signal
import subprocess
import sys
import time

import numpy as np
import pyarrow.parquet as pq
import pytest

from jifen.core.errors import InputError
from jifen.plan import load_plan
from jifen.simulate import sweep as sweeps
from jifen.simulate.fan import FAN, QUANTILES, fan_of, write_fan
from jifen.simulate.scenario import load_scenario
from jifen.simulate.simulation import Run, simulate
from jifen.simulate.summary import summary_of
from jifen.simulate.sweep import Point, Sweep, Task, folder_of, run_sweep


def a_sweep(runs: int = 3, rates=("1%", "2%"), days: int = 15) -> Sweep:
    scenario = load_scenario("everyday", {"days": days, "joining.a_day": 4})
    plans = {rate: load_plan("points_dividend", {"daily_rate": rate}) for rate in rates}
    return Sweep([Point({"daily_rate": rate}, plan, scenario) for rate, plan in plans.items()], runs, seed=7)


def digests(out, sweep) -> dict[str, str]:
    return {
        task.name: json.loads((folder_of(out, task) / "summary.json").read_text())["digest"] for task in sweep.tasks()
    }


def test_one_process_and_two_give_the_same_runs_and_each_is_a_simulation_of_its_own(tmp_path):
    sweep, seen = a_sweep(), []
    one = run_sweep(sweep, tmp_path / "one", processes=1, progress=lambda *at: seen.append(at))
    two = run_sweep(sweep, tmp_path / "two", processes=2)
    assert one == two == (list(sweep.tasks()), [])
    assert seen == [(done, 6) for done in range(1, 7)]
    found = digests(tmp_path / "one", sweep)
    assert found == digests(tmp_path / "two", sweep)
    assert len(set(found.values())) == 6
    point = sweep.points[1]
    assert found["p0001-r00002"] == simulate(point.plan, point.scenario, 7, 2).digest


def test_a_sweep_goes_on_with_the_runs_that_are_not_there(tmp_path):
    sweep, seen = a_sweep(), []
    run_sweep(a_sweep(runs=2), tmp_path, processes=1)
    before = (folder_of(tmp_path, Task(0, 1)) / "days.parquet").stat().st_mtime_ns
    run_sweep(sweep, tmp_path, processes=1, resume=True, progress=lambda *at: seen.append(at))
    assert seen == [(5, 6), (6, 6)]
    assert (folder_of(tmp_path, Task(0, 1)) / "days.parquet").stat().st_mtime_ns == before


def test_a_folder_of_another_sweep_is_not_gone_on_with_nor_any_other_overwritten(tmp_path):
    run_sweep(a_sweep(runs=1), tmp_path, processes=1)
    for sweep, resume, code in (
        (a_sweep(rates=("3%",)), True, "other_sweep"),
        (a_sweep(runs=1), False, "target_exists"),
        (a_sweep(runs=0), True, "bad_option"),
    ):
        with pytest.raises(InputError) as caught:
            run_sweep(sweep, tmp_path, processes=1, resume=resume)
        assert [problem.code for problem in caught.value.problems] == [code]


def test_a_run_that_fails_leaves_its_days_and_its_error_and_can_be_done_again(tmp_path, monkeypatch):
    class Failing(Run):
        def day(self):
            if self.run == 1 and self.world.open_day == 6:
                raise OverflowError("too much")
            return super().day()

    sweep = a_sweep(rates=("1%",))
    monkeypatch.setattr(sweeps, "Run", Failing)
    _, failed = run_sweep(sweep, tmp_path, processes=1)
    assert failed == [Task(0, 1)]
    folder = tmp_path / "runs" / "p0000-r00001.failed"
    error = json.loads((folder / "error.json").read_text())
    assert (error["error"], error["day"]) == ("OverflowError: too much", 6)
    assert pq.read_table(folder / "part" / "days.parquet")["day"].to_pylist() == [1, 2, 3, 4, 5]
    document = write_fan(sweep, tmp_path)
    assert document["failed"] == [{"run": "p0000-r00001", "error": "OverflowError: too much"}]
    assert document["finished"] == 2
    monkeypatch.undo()
    assert run_sweep(sweep, tmp_path, processes=1, resume=True)[1] == []
    assert write_fan(sweep, tmp_path)["failed"] == []


def test_the_fan_has_quantiles_by_day_of_every_figure(tmp_path):
    sweep = a_sweep(runs=5)
    run_sweep(sweep, tmp_path, processes=1)
    document = write_fan(sweep, tmp_path)
    point = sweep.points[1]
    runs = [simulate(point.plan, point.scenario, 7, run) for run in range(5)]
    cash = np.sort([run.days["cash"] for run in runs], axis=0)
    fan = fan_of([folder_of(tmp_path, Task(1, run)) for run in range(5)])
    # Of five runs 5 % are none, 25 % two (the second), 50 % the third, 75 % the fourth, 95 % the last.
    assert np.array_equal(fan["cash"], cash[[0, 1, 2, 3, 4]])
    table = pq.read_table(tmp_path / FAN).to_pydict()
    rows = zip(table["point"], table["figure"], table["day"], table["q50"], strict=True)
    middle = [value for where, figure, _, value in rows if (where, figure) == (1, "cash")]
    assert middle == cash[2].tolist()
    paid = sorted(summary_of(run).paid for run in runs)
    assert document["points"][1]["figures"]["paid"]["q50"] == f"{paid[2] // 10**6}.{paid[2] % 10**6:06d}"
    with (tmp_path / "runs.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["daily_rate"] for row in rows] == ["1%", "2%"] * 5
    assert len(QUANTILES) == 5


def test_a_sweep_that_is_interrupted_keeps_what_has_finished_and_goes_on_to_the_same_end(tmp_path):
    out, command = tmp_path / "sweep", [sys.executable, "-c", "from jifen.cli import main; main()", "simulate"]
    command += ["points_dividend", "--scenario", "everyday", "--set", "days=120", "--set", "joining.a_day=30"]
    command += ["--runs", "40", "--processes", "2", "--out", str(out)]
    restore = lambda: signal.signal(signal.SIGINT, signal.default_int_handler)  # noqa: E731 -- a shell may ignore it
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=restore) as started:
        until = time.monotonic() + 120
        while time.monotonic() < until and len(list(out.glob("runs/p*"))) < 3:
            time.sleep(0.02)
        started.send_signal(signal.SIGINT)
        _, said = started.communicate(timeout=60)
    assert started.returncode == 130, said
    assert "--resume" in said
    kept = {path.name: path.stat().st_mtime_ns for path in out.glob("runs/p*/summary.json")}
    finished = len(list(out.glob("runs/p*/summary.json")))
    assert 3 <= finished < 40
    assert len(list(out.glob("runs/p*"))) == finished  # nothing half done
    assert kept
    sweep = Sweep(
        [Point({"days": "120", "joining.a_day": "30"}, load_plan("points_dividend"),
               load_scenario("everyday", {"days": 120, "joining.a_day": 30}))], 8, 1,
    )  # fmt: skip
    assert run_sweep(sweep, out, processes=1, resume=True)[1] == []
    point = sweep.points[0]
    assert digests(out, sweep)["p0000-r00007"] == simulate(point.plan, point.scenario, 1, 7).digest


def test_a_process_that_is_killed_stops_the_sweep_with_what_to_do_and_keeps_the_rest(tmp_path):
    sweep = a_sweep(runs=40, days=120)

    def kill(done: int, _: int) -> None:
        if done == 3:
            multiprocessing.active_children()[0].kill()

    with pytest.raises(InputError) as caught:
        run_sweep(sweep, tmp_path, processes=2, progress=kill)
    assert [problem.code for problem in caught.value.problems] == ["process_killed"]
    assert len(list(tmp_path.glob("runs/p*/summary.json"))) >= 3
