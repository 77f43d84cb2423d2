"""The goals, and what was measured of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Results = dict[str, Any]
"""By section of ``__main__``: what each bench has returned."""

LARGE = 200_000
"""Members of a simulation beside radCAD's that is near to what radCAD bears."""


@dataclass(frozen=True)
class Row:
    """One line of the table: ``measured`` is ``None`` where something could not be measured, and ``note`` says why."""

    what: str
    measured: float | None
    goal: float
    at_most: bool
    unit: str = "×"
    note: str = ""

    @property
    def met(self) -> str:
        """Whether the goal is met."""
        if self.measured is None:
            return "not measured"
        return "met" if (self.measured <= self.goal) == self.at_most or self.measured == self.goal else "**missed**"


def rows(results: Results) -> Iterator[Row]:
    """Every goal, in the order in which they were set."""
    close = {name: figures for name, figures in results.get("close", {}).items() if "seconds" in figures}
    seconds = {name: figures["seconds"] for name, figures in close.items()}
    bound = close.get("tree 1000000", {}).get("bound_ratio")
    yield Row("close, 1M members, 2M lots, one thread ÷ memory bound", bound, 8, at_most=True)
    yield _ratio("close, 10M ÷ 1M", seconds.get("tree 10000000"), seconds.get("tree 1000000"), 10.5)
    yield _ratio("close, chain 1M ÷ tree 1M", seconds.get("chain 1000000"), seconds.get("tree 1000000"), 3.5)
    million, small = (results.get("race", {}).get(size, {}) for size in ("1000000", "100000"))
    for peer in ("polars", "DuckDB"):
        yield _over(f"{peer} ÷ ours, 1M, kernel against kernel", million, peer, "seconds", "seconds", 55)
    yield _over(
        "PostgreSQL closure ÷ ours, 100k, state saved on both sides", small, "PostgreSQL", "saved_seconds",
        "saved_seconds", 50,
    )  # fmt: skip
    yield _over("PostgreSQL closure ÷ ours, 100k, kernel alone", small, "PostgreSQL", "seconds", "seconds", 1000)
    yield _over(
        "SQLite row by row ÷ ours, 100k, journal written on both sides", small, "SQLite", "saved_seconds",
        "journal_seconds", 60,
    )  # fmt: skip
    yield _over("SQLite row by row ÷ ours, 100k, kernel alone", small, "SQLite", "seconds", "seconds", 1500)
    yield from _whole(results)
    yield from _presets(results)
    year = {name: value for name, value in results.get("year", {}).items() if isinstance(value, float)}
    worst = max(year, key=year.__getitem__, default="")
    note = f"the slowest of {len(year)} presets: {worst}" if year else "no real orders here, or no time left"
    yield Row("the real shop's year, any preset", year.get(worst), 3, at_most=True, unit=" s", note=note)


def more_rows(results: Results) -> Iterator[Row]:
    """The goals beside the close: orders, files, snapshots, start-up."""
    for preset, figures in results.get("orders", {}).items():
        rate = figures.get("orders_per_s")
        yield Row(f"orders a second, `{preset}`", rate, 500_000, at_most=False, unit="", note=_size(figures, "orders"))
    files = results.get("files", {})
    for kind, name in (("csv", "CSV"), ("parquet", "Parquet")):
        rate = files.get(f"{kind}_rows_per_s")
        yield Row(f"rows a second from {name}", rate, 1_000_000, at_most=False, unit="", note=_size(files, "rows"))
    snapshot = results.get("snapshot", {})
    ratio = snapshot.get("plain_ratio")
    yield Row(
        "snapshot ÷ plain write and fsync of the same bytes", ratio, 2, at_most=True, note=_size(snapshot, "members")
    )
    yield from _simulations(results)
    start = results.get("start", {})
    yield Row("`jifen --help`", start.get("help"), 0.4, at_most=True, unit=" s")
    yield Row("`jifen run` on 100 orders", start.get("run"), 2, at_most=True, unit=" s")


def _whole(results: Results) -> Iterator[Row]:
    """The whole close with its journal, at the largest size there was room for."""
    figures = results.get("whole", {})
    note = _size(figures, "members")
    if figures.get("members", 0) < 10_000_000:
        note = "; ".join(filter(None, (note, f"at 10M: {results.get('whole_refused', 'not tried')}")))
    yield Row(
        "whole close of 10M with its Parquet journal ÷ (kernel + pyarrow's zstd write of the same columns)",
        figures.get("journal_ratio"), 1.3, at_most=True, note=note,
    )  # fmt: skip
    streamed = figures.get("close_peak_bytes") if figures.get("members") == 10_000_000 else None
    kernel = results.get("close", {}).get("tree 10000000", {}).get("peak_bytes")
    note = "" if streamed else f"the kernel alone took {kernel / 2**30:.1f} GiB" if kernel else "10M was not measured"
    peak = None if streamed is None else streamed / 2**30
    yield Row(
        "peak memory of a close, 10M members, 20M lots, journal streamed", peak, 3, at_most=True, unit=" GiB", note=note
    )


def _simulations(results: Results) -> Iterator[Row]:
    """A simulation of a million members over a year, and one beside radCAD's."""
    figures = results.get("simulate", {})
    whole = figures.get("members") == 1_000_000
    note = "" if whole else figures.get("refused") or _size(figures, "members")
    yield Row(
        "simulation, 1M members, 365 days, `green_points`", figures["seconds"] if whole else None, 60, at_most=True,
        unit=" s", note=note,
    )  # fmt: skip
    race = results.get("radcad", {})
    times, note = race.get("times"), race.get("not_here", "")
    if times is not None:
        note = f"{race['members']:,} members, one run each; of the processor {race['cpu_times']:.0f}×; {race['date']}"
        if race["members"] < LARGE:
            times, note = None, f"{times:.0f}× at a small size: {note}"
    yield Row(
        "radCAD ÷ ours, a year of `points_dividend`, the largest size it bears, equal results", times, 100,
        at_most=False, note=note,
    )  # fmt: skip


def _presets(results: Results) -> Iterator[Row]:
    """The slowest preset beside the one that is always measured."""
    presets = {name: figures["seconds"] for name, figures in results.get("presets", {}).items() if "seconds" in figures}
    worst = max(presets, key=presets.__getitem__, default="")
    members = results.get("presets", {}).get(worst, {}).get("members", 1_000_000)
    base = results.get("close", {}).get(f"tree {members}", {}).get("seconds")
    row = _ratio("any other preset ÷ `green_points`, 1M", presets.get(worst), base, 3)
    note = f"the slowest of {len(presets)}: {worst}, measured with {members:,} members" if presets else "no time left"
    yield Row(row.what, row.measured, row.goal, at_most=True, note=note)


def _ratio(what: str, one: float | None, other: float | None, goal: float) -> Row:
    return Row(what, one / other if one and other else None, goal, at_most=True)


def _over(what: str, race: Results, peer: str, key: str, our_key: str, goal: float) -> Row:
    one, ours = race.get(peer, {}), race.get("ours", {})
    measured = one[key] / ours[our_key] if key in one and our_key in ours else None
    return Row(what, measured, goal, at_most=False, note=one.get("not_here", ""))


def _size(figures: Results, key: str) -> str:
    return f"measured with {figures[key]:,} {key}" if key in figures else ""
