"""Sweeps: every run on its own, whatever stops them; the same results however many processes there are."""

import csv
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from hashlib import sha256

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


def started(out, *arguments: str) -> subprocess.Popen[str]:
    """The command itself, as in a terminal: in a group of its own, and with Ctrl-C, which a shell may ignore."""
    command = [sys.executable, "-c", "from jifen.cli import main; main()", "simulate", "points_dividend"]
    command += ["--scenario", "everyday", "--set", "days=90", "--set", "joining.a_day=9", "--processes", "2"]
    restore = lambda: signal.signal(signal.SIGINT, signal.default_int_handler)  # noqa: E731
    return subprocess.Popen(
        [*command, "--out", str(out), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=restore, start_new_session=True,
    )  # fmt: skip


def wait_for_runs(out, count: int) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until and len(list(out.glob("runs/p*"))) < count:
        time.sleep(0.02)


def files_of(out) -> dict[str, str]:
    return {
        str(path.relative_to(out)): sha256(path.read_bytes()).hexdigest() for path in out.rglob("*") if path.is_file()
    }


def ends(group: int) -> bool:
    """Whether all processes of a group are gone in a few seconds."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> dict[str, str]:
    """The files of a sweep of eight runs that nothing has stopped, in one process."""
    out = tmp_path_factory.mktemp("whole") / "sweep"
    with started(out, "--runs", "8", "--processes", "1") as one:
        _, said = one.communicate(timeout=120)
    assert one.returncode == 0, said
    return files_of(out)


@pytest.mark.parametrize("runs", [0, 3])
def test_a_sweep_that_is_interrupted_says_so_in_a_line_and_keeps_what_has_finished(tmp_path, runs):
    out = tmp_path / "sweep"
    with started(out, "--runs", "40") as one:
        while not (out / "sweep.json").is_file():
            time.sleep(0.02)
        wait_for_runs(out, runs)
        os.killpg(one.pid, signal.SIGINT)  # a terminal sends it to all of them
        _, said = one.communicate(timeout=60)
    assert one.returncode == 130, said
    assert said.splitlines() == [f"Stopped. What has finished is in {out}; --resume goes on."]
    assert ends(one.pid)
    finished = len(list(out.glob("runs/p*/summary.json")))
    assert runs <= finished < 40
    assert len(list(out.glob("runs/p*"))) == finished  # nothing half done


def test_a_sweep_that_is_killed_leaves_no_process_behind_and_goes_on_to_the_same_files(tmp_path, whole):
    out = tmp_path / "sweep"
    with started(out, "--runs", "8") as one:
        wait_for_runs(out, 2)
        one.kill()
        one.communicate(timeout=60)
    assert ends(one.pid)
    kept = {path.parent.name: path.stat().st_mtime_ns for path in out.glob("runs/p*/summary.json")}
    assert 2 <= len(kept) < 8
    with started(out, "--runs", "8", "--resume") as again:
        assert again.communicate(timeout=120)[1] == ""
    assert again.returncode == 0
    assert files_of(out) == whole
    assert all((out / "runs" / name / "summary.json").stat().st_mtime_ns == when for name, when in kept.items())


def test_a_sweep_that_is_killed_before_its_first_run_can_be_resumed_too(tmp_path):
    sweep = a_sweep(runs=1)
    run_sweep(sweep, tmp_path / "whole", processes=1)
    for left in (
        (),
        ("sweep.json",),
        (".sweep.json.1.0123abcd.tmp",),
        ("sweep.json", ".plan-0000.json.1.0123abcd.tmp"),
    ):
        out = tmp_path / f"left-{len(list(tmp_path.iterdir()))}"
        out.mkdir()
        for name in left:
            source = tmp_path / "whole" / name
            (out / name).write_bytes(source.read_bytes() if source.is_file() else b"half")
        run_sweep(sweep, out, processes=1, resume=True)
        assert files_of(out) == files_of(tmp_path / "whole")


def test_as_many_processes_work_as_were_asked_for(tmp_path):
    seen: list[int] = []
    run_sweep(a_sweep(runs=6), tmp_path, processes=2, progress=lambda *_: seen.append(workers()))
    assert max(seen) == 2
    assert workers() == 0


def workers() -> int:
    return len(multiprocessing.active_children())


def test_a_process_that_is_killed_stops_the_sweep_with_what_to_do_and_keeps_the_rest(tmp_path):
    sweep = a_sweep(runs=40, days=120)

    def kill(done: int, _: int) -> None:
        if done == 3:
            multiprocessing.active_children()[0].kill()

    with pytest.raises(InputError) as caught:
        run_sweep(sweep, tmp_path, processes=2, progress=kill)
    assert [problem.code for problem in caught.value.problems] == ["process_killed"]
    assert len(list(tmp_path.glob("runs/p*/summary.json"))) >= 3
