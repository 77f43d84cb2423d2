"""Every bench at a small size: what it returns, and that what it times leaves the world as a real run would."""

import json
import subprocess
import sys
from dataclasses import asdict
from itertools import count

import numpy as np
import pytest

from jifen.bench import close, ours, timing
from jifen.bench.close import bench_close, bytes_touched
from jifen.bench.copy import copy_bytes_per_s
from jifen.bench.files import bench_files
from jifen.bench.journal import bench_journal
from jifen.bench.orders import bench_orders
from jifen.bench.simulate import bench_simulate
from jifen.bench.sizes import MOST_ROWS, Size
from jifen.bench.snapshot import bench_snapshot
from jifen.bench.timing import Timing, measure
from jifen.bench.worlds import build_world
from jifen.core.errors import InputError
from jifen.plan import load_plan

PLAN = load_plan("green_points")


@pytest.fixture(autouse=True)
def copied(monkeypatch):
    """No test waits for memory to be measured: it is said to copy a million bytes a second."""
    monkeypatch.setattr(close, "copy_bytes_per_s", lambda: 1_000_000)


def test_a_close_says_what_must_be_touched_and_how_far_above_that_it_is():
    told: list[str] = []
    figures = bench_close(PLAN, Size(300, 600), upto="journal", say=told.append)
    assert figures.bytes_touched == 24 * 600 + 24 * 300 + 17 * figures.entries
    assert figures.bound_seconds == figures.bytes_touched / 1_000_000
    assert figures.bound_ratio == pytest.approx(figures.seconds / figures.bound_seconds)
    assert figures.entries > 600
    assert figures.journal_ratio == pytest.approx(figures.journal_seconds / (figures.seconds + figures.plain_seconds))
    assert figures.journal_rows > 600
    assert figures.peak_bytes > 10_000_000
    assert figures.close_peak_bytes > 10_000_000
    assert "closing a day with its journal, 5 of 5" in told


def test_a_kernel_alone_measures_nothing_else():
    figures = asdict(bench_close(PLAN, Size(50, 100)))
    assert {name for name, value in figures.items() if value is None} == {
        name for name in figures if name.startswith(("whole", "journal", "plain", "close"))
    }


def test_the_bound_of_a_million_members_two_million_lots_and_three_million_entries():
    assert bytes_touched(1_000_000, 2_000_000, 3_000_000) == 24_000_000 + 48_000_000 + 51_000_000


@pytest.mark.parametrize("preset", ["cyclic_purchase", "rebate_queue", "member_rebate", "share_plan"])
def test_a_close_of_other_plans_is_measured_too(preset):
    figures = bench_close(load_plan(preset), Size(200, 400))
    assert (figures.entries > 0) == (preset != "share_plan")


def test_the_kernel_makes_the_same_entries_again_after_a_restore_and_those_of_the_whole_close():
    prepared = ours.prepare(build_world(PLAN, Size(300, 900)))
    made = []
    for _ in range(2):
        made.append(ours.entries_of(prepared, ours.kernel(prepared)))
        ours.restore(prepared)
    for name in ("member", "lot", "rule", "points"):
        assert np.array_equal(getattr(made[0], name), getattr(made[1], name))
    transfers = ours.close_whole(prepared.world)
    rules = np.array([made[0].rules.index(name) for name in prepared.world.rule_names.names])
    whole = (transfers["to_id"], transfers["lot"], rules[transfers["rule"]], transfers["drained"])
    alone = (made[0].member, made[0].lot, made[0].rule, made[0].points)
    assert sorted(zip(*map(list, whole), strict=True)) == sorted(zip(*map(list, alone), strict=True))


def test_a_restore_undoes_whatever_a_kernel_may_change():
    prepared = ours.prepare(build_world(PLAN, Size(50, 150)))
    world = prepared.world
    columns = (world.lots.remaining.data[:150], world.lots.run_first.data[:150], world.lots.emptied_on.data[:150])
    columns += (world.laid_out().begins,)
    before = [column.copy() for column in columns]
    for column in columns:
        column += 1
    ours.restore(prepared)
    for column, was in zip(columns, before, strict=True):
        assert column.tolist() == was.tolist()


def test_orders_are_taken_to_the_last_one():
    figures = bench_orders(load_plan("appreciation"), Size(300, 300), 200)
    assert figures.orders > 150
    assert figures.events > figures.orders
    assert figures.singly_per_s > 0 < figures.singly_ratio


def test_files_are_read_to_the_last_row():
    figures = bench_files(PLAN, 100)
    assert figures.rows == 100
    assert figures.csv_bytes > 0 < figures.parquet_bytes


def test_a_snapshot_and_a_journal_are_measured_beside_a_plain_write():
    snapshot, journal = bench_snapshot(PLAN, Size(100, 200)), bench_journal(PLAN, Size(100, 200))
    assert snapshot.bytes > 100 * 200
    assert snapshot.plain_ratio == pytest.approx(snapshot.seconds / snapshot.plain_seconds)
    assert journal.rows > 200
    assert journal.plain_ratio == pytest.approx(journal.seconds / journal.plain_seconds)


def test_figures_can_be_written_as_json():
    assert json.loads(json.dumps(asdict(bench_close(PLAN, Size(50, 100)))))["members"] == 50


@pytest.mark.parametrize(
    "bench",
    [
        lambda: bench_close(PLAN, Size(50, 100), threads=1000),
        lambda: bench_close(PLAN, Size(50, 100), threads=0),
        lambda: bench_close(PLAN, Size(50, 100), upto="moon"),
        lambda: bench_orders(PLAN, Size(50, 100), 0),
        lambda: bench_orders(PLAN, Size(50, 100), MOST_ROWS + 1),
        lambda: bench_files(PLAN, MOST_ROWS + 1),
    ],
)
def test_what_cannot_be_measured_is_refused_in_words(bench):
    with pytest.raises(InputError, match=r"bench_limit|bad_option"):
        bench()


def test_a_world_for_which_there_is_no_memory_is_refused_before_it_is_made(monkeypatch):
    monkeypatch.setattr(ours, "_available_bytes", lambda: 1 << 30)
    with pytest.raises(InputError, match="1 GiB are free"):
        bench_close(PLAN, Size(2_000_000, 4_000_000))


# -- measuring ------------------------------------------------------------------------------------------------------


def test_the_median_counts_and_the_spread_is_the_slowest_less_the_fastest():
    assert Timing.of([5.0, 1.0, 2.0, 9.0, 3.0]) == Timing(3.0, 8.0)


def test_what_comes_before_a_run_is_not_timed(monkeypatch):
    clock = count(0, 10)
    monkeypatch.setattr(timing.time, "perf_counter", lambda: float(next(clock)))
    order: list[str] = []

    def before() -> None:
        order.append("before")
        next(clock)  # ten seconds pass

    found = measure(lambda: order.append("run"), before, times=3)
    assert (found, order) == (Timing(10.0, 0.0), ["before", "run"] * 3)


def test_memory_that_was_given_back_counts_until_the_peak_is_counted_anew():
    # In a process of its own: what other tests have had, or give back meanwhile, is no part of it.
    code = """
import numpy as np
from jifen.bench.timing import peak_bytes, reset_peak
first = peak_bytes()
large = np.ones(20_000_000)
del large
had = peak_bytes()
reset_peak()
print(first, had, peak_bytes())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    first, had, anew = map(int, done.stdout.split())
    assert had > first + 150_000_000
    if anew == had:
        pytest.skip("this system does not let a process count its peak anew")
    assert anew < had - 150_000_000


def test_memory_is_copied_by_another_process():
    assert copy_bytes_per_s(1 << 20) > 1_000_000


def test_a_simulation_has_as_many_members_as_it_was_asked_for_and_an_order_of_each():
    told: list[str] = []
    figures = bench_simulate(PLAN, members=100, days=30, say=told.append)
    assert (figures.preset, figures.members, figures.orders, figures.days) == ("green_points", 100, 100, 30)
    assert figures.seconds > 0
    assert figures.cpu_seconds > 0
    assert "simulating 100 members, day 30" in told
