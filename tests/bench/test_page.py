"""The page of figures: what is met, what is missed, what could not be measured; never more than was found."""

import pytest
from benchmarks import page
from benchmarks.__main__ import larger
from benchmarks.goals import Row, more_rows, rows

RESULTS = {
    "about": {"date": "2026-01-01", "machine": "a machine", "versions": "Python", "load": 0.5},
    "close": {
        f"{shape} {members}": {
            "preset": "green_points", "shape": shape, "threads": 1, "members": members, "seconds": seconds,
            "spread": 0.01, "entries": 5, "bound_ratio": 7.0, "bound_seconds": 0.1, "peak_bytes": 2**31,
        }
        for shape, members, seconds in (("tree", 1_000_000, 0.5), ("tree", 10_000_000, 6.0), ("chain", 1_000_000, 1.0))
    },
    "race": {
        "100000": {
            "ours": {
                "seconds": 0.01, "spread": 0.0, "journal_seconds": 0.5, "journal_spread": 0.0, "saved_seconds": 1.0,
                "saved_spread": 0.0,
            },
            "SQLite": {"seconds": 16.0, "spread": 0.0, "runs": 1, "saved_seconds": 20.0, "saved_spread": 0.0},
            "PostgreSQL": {"not_here": "PostgreSQL is not installed"},
        },
        "1000000": {"ours": {"seconds": 0.5, "spread": 0.0}, "polars": {"seconds": 30.0, "spread": 1.0}},
    },
    "simulate": {"members": 1_000_000, "seconds": 61.0, "cpu_seconds": 59.0, "peak_bytes": 2**30},
    "radcad": {
        "members": 400_000, "date": "2026-01-02", "times": 125.0, "cpu_times": 124.6,
        "ours": {"seconds": 4.0, "cpu_seconds": 3.9},
        "radcad": {"seconds": 500.0, "cpu_seconds": 486.0, "peak_bytes": 2**34},
    },
}  # fmt: skip

RADCAD = "radCAD ÷ ours, a year of `points_dividend`, the largest size it bears, equal results"


def judged(results) -> dict[str, tuple[float | None, str]]:
    return {row.what: (row.measured, row.met) for row in (*rows(results), *more_rows(results))}


def test_goals_are_judged_by_what_was_measured():
    found = judged(RESULTS)
    assert found["close, 1M members, 2M lots, one thread ÷ memory bound"] == (7.0, "met")
    assert found["close, 10M ÷ 1M"] == (12.0, "**missed**")
    assert found["close, chain 1M ÷ tree 1M"] == (2.0, "met")
    assert found["polars ÷ ours, 1M, kernel against kernel"] == (60.0, "met")
    assert found["SQLite row by row ÷ ours, 100k, journal written on both sides"] == (40.0, "**missed**")
    assert found["SQLite row by row ÷ ours, 100k, kernel alone"] == (1600.0, "met")
    assert found["simulation, 1M members, 365 days, `green_points`"] == (61.0, "**missed**")
    assert found[RADCAD] == (125.0, "met")


def test_a_race_of_a_small_size_is_no_measure_of_the_largest_nor_a_small_simulation_of_a_large_one():
    small = {"radcad": RESULTS["radcad"] | {"members": 20_000}, "simulate": RESULTS["simulate"] | {"members": 1000}}
    found = {row.what: row for row in more_rows(small)}
    assert (found[RADCAD].met, found[RADCAD].note) == (
        "not measured", "125× at a small size: 20,000 members, one run each; of the processor 125×; 2026-01-02",
    )  # fmt: skip
    simulated = found["simulation, 1M members, 365 days, `green_points`"]
    assert (simulated.met, simulated.note) == ("not measured", "measured with 1,000 members")


@pytest.mark.parametrize(
    ("now", "before", "kept"),
    [
        ({"not_here": "none"}, {}, {"not_here": "none"}),
        ({"times": 3, "members": 5}, {"times": 9, "members": 8}, {"times": 9, "members": 8}),
        ({"times": 3, "members": 8}, {"times": 9, "members": 8}, {"times": 3, "members": 8}),
        ({"not_here": "none"}, {"times": 9, "members": 8}, {"times": 9, "members": 8}),
    ],
)
def test_of_two_races_that_of_the_larger_size_is_kept(now, before, kept):
    assert larger(now, before) == kept


def test_what_was_not_measured_is_neither_met_nor_missed():
    found = judged(RESULTS)
    assert found["DuckDB ÷ ours, 1M, kernel against kernel"] == (None, "not measured")
    assert found["PostgreSQL closure ÷ ours, 100k, kernel alone"] == (None, "not measured")
    assert {met for _, met in judged({}).values()} == {"not measured"}


@pytest.mark.parametrize(("measured", "at_most", "met"), [(3, True, "met"), (3, False, "met"), (4, True, "**missed**")])
def test_a_goal_that_is_just_reached_is_met(measured, at_most, met):
    assert Row("some", measured, 3, at_most).met == met


def test_the_page_says_all_of_it_and_its_plot_is_small(tmp_path, monkeypatch):
    monkeypatch.setattr(page, "PAGE", tmp_path / "performance.md")
    monkeypatch.setattr(page, "PLOT", tmp_path / "performance.svg")
    page.write_page(RESULTS)
    text = (tmp_path / "performance.md").read_text(encoding="utf-8")
    for words in (
        "2026-01-01: a machine",
        "| SQLite | 16 (one run) |",
        "not installed",
        "**missed**",
        "_static/performance.svg",
        "| a year simulated, radCAD | `points_dividend` | 400,000 | 500 | 486 | 16.0 GiB |",
    ):
        assert words in text
    svg = (tmp_path / "performance.svg").read_text(encoding="utf-8")
    assert svg.startswith("<svg")
    assert len(svg) < 200_000
