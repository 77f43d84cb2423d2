"""docs/performance.md and its plot, written from what was measured."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

from benchmarks.goals import Results, Row, more_rows, rows
from benchmarks.plot import draw

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "performance.md"
PLOT = ROOT / "docs" / "_static" / "performance.svg"
NOTES = Path(__file__).parent / "notes.md"

_TEXT = """\
<!-- Written by `make bench`; what is written by hand is in benchmarks/notes.md. -->
# Performance

One day's close of `green_points`: every open lot releases, generations, ranks and equals get their shares of what those
below them have released, all of it drained from lots oldest first, every entry written. The world is made up: a random
referral forest like that of the demonstration, two open lots a member in random order of arrival, ranks by performance.
Each figure is the median of five runs; ± is the slowest less the fastest of them. Peers do the same job on the same
data in the same run, and every entry of theirs is compared with ours before their time counts.

Measured on {date}: {machine}. {versions}. The load of the machine was {load:.1f} when the run began.

## Goals

{goals}

## Beside the close

{more}

{disk}

{simulations}

{notes}

## Peers

Seconds of one close. A peer is run at sizes up to the largest that it bears in the time that a run has.

{peers}

With the results on disk, as each one's users would have them: ours writes its journal (and a snapshot), PostgreSQL
writes its journal and updates lots and balances, SQLite commits all of it to a file.

{saved}

- **Python**: lists and loops, each source walked up.
- **polars**: a group-by for each depth.
- **DuckDB**: a recursive closure in memory, all threads.
- **PostgreSQL**: a recursive closure, as vendors' systems do it; a throw-away server that syncs nothing.
- **SQLite**: row by row, one transaction, as malls do it.

![Seconds of one close by number of members](_static/performance.svg)

## Every size and plan

The memory bound is what must be read and written at least once, at the speed at which another process has copied
memory in the same run (its reads and its writes counted): 24 bytes a lot, 24 a member, 17 an entry.

{closes}

## Do it again

`make bench` measures everything and writes this page; it takes up to a quarter of an hour. One thing at a time:
`jifen bench close --members 1000000 --shape chain`, and likewise `orders`, `files`, `snapshot`, `journal` and
`simulate`; `--json` writes every figure. radCAD copies every member on every day, so at the largest size that it bears
it takes ten minutes and 20 GiB: `make bench ARGS="--radcad 400000"` does that alone and puts it onto this page.
"""


def write_page(results: Results) -> None:
    """Write the page and the plot."""
    about = results["about"]
    text = _TEXT.format(
        date=about["date"], machine=about["machine"], versions=about["versions"], load=about["load"],
        goals=_goal_table(rows(results)), more=_goal_table(more_rows(results)),
        notes=NOTES.read_text(encoding="utf-8").strip(), peers=_peer_table(results),
        saved=_saved_table(results), closes=_close_table(results), disk=_disk_table(results),
        simulations=_simulation_table(results),
    )  # fmt: skip
    PAGE.write_text(text, encoding="utf-8")
    draw(_series(results), PLOT)


def _goal_table(found: Iterable[Row]) -> str:
    lines = []
    for row in found:
        measured = "–" if row.measured is None else _number(row.measured) + row.unit
        sign = "≤" if row.at_most else "≥"
        lines.append((row.what, measured, f"{sign} {_number(row.goal)}{row.unit}", row.met, row.note))
    return _table(("", "measured", "goal", "", ""), lines)


def _peer_table(results: Results) -> str:
    races = results.get("race", {})
    names = dict.fromkeys(name for race in races.values() for name in race)
    lines = []
    for name in names:
        cells = [_cell(race.get(name, {}), "") for race in races.values()]
        lines.append((name, *cells))
    return _table(("", *(f"{int(size):,} members" for size in races)), lines)


def _saved_table(results: Results) -> str:
    lines = []
    for size, race in results.get("race", {}).items():
        for name, figures in race.items():
            for prefix, what in (("journal_", "journal on disk"), ("saved_", "state saved")):
                if f"{prefix}seconds" in figures:
                    shown = "journal and state in a file" if name == "SQLite" else what
                    lines.append((name, f"{int(size):,}", shown, _cell(figures, prefix)))
    return _table(("", "members", "", "seconds"), lines)


def _disk_table(results: Results) -> str:
    """What the benches of snapshots and journals have written."""
    snapshot, journal, whole = (results.get(name, {}) for name in ("snapshot", "journal", "whole"))
    lines = []
    for what, figures, prefix, size in (
        ("snapshot saved", snapshot, "", "bytes"), ("snapshot loaded", snapshot, "load_", "bytes"),
        ("journal of a close written", journal, "", "bytes"), ("whole close in memory", whole, "whole_", ""),
        ("whole close with its journal", whole, "journal_", "journal_bytes"),
    ):  # fmt: skip
        if f"{prefix}seconds" in figures:
            written = f"{figures[size] / 1e6:,.0f} MB" if size else ""
            lines.append((what, f"{figures['members']:,}", written, _cell(figures, prefix)))
    return _table(("", "members", "size", "seconds"), lines)


def _simulation_table(results: Results) -> str:
    """Simulations of a year: what they took by the clock, of the processor, and of memory."""
    alone, race = results.get("simulate", {}), results.get("radcad", {})
    lines = []
    for who, plan, size, figures in (
        ("ours", "green_points", alone, alone), ("ours", "points_dividend", race, race.get("ours", {})),
        ("radCAD", "points_dividend", race, race.get("radcad", {})),
    ):  # fmt: skip
        if "seconds" in figures:
            peak = f"{figures['peak_bytes'] / 2**30:.1f} GiB" if "peak_bytes" in figures else ""
            cells = (_number(figures["seconds"]), _number(figures["cpu_seconds"]), peak)
            lines.append((f"a year simulated, {who}", f"`{plan}`", f"{size['members']:,}", *cells))
    return _table(("", "plan", "members", "seconds, one run", "of the processor", "peak memory"), lines)


def _close_table(results: Results) -> str:
    lines = []
    for figures in chain(*(results.get(section, {}).values() for section in ("close", "threads", "presets"))):
        if "seconds" in figures:
            lines.append((
                f"`{figures['preset']}`", figures["shape"], str(figures["threads"]), f"{figures['members']:,}",
                f"{figures['entries']:,}",
                _cell(figures, ""), f"{figures['bound_ratio']:,.0f}×", f"{figures['peak_bytes'] / 2**30:.1f} GiB",
            ))  # fmt: skip
    return _table(("plan", "shape", "threads", "members", "entries", "seconds", "over the bound", "peak memory"), lines)


def _series(results: Results) -> dict[str, dict[int, float]]:
    series: dict[str, dict[int, float]] = {}
    for name, figures in results.get("close", {}).items():
        if name.startswith("tree ") and "seconds" in figures:
            series.setdefault("memory bound", {})[figures["members"]] = figures["bound_seconds"]
            series.setdefault("ours, kernel", {})[figures["members"]] = figures["seconds"]
    for size, race in results.get("race", {}).items():
        for name, figures in race.items():
            if name != "ours" and "seconds" in figures:
                series.setdefault(name, {})[int(size)] = figures["seconds"]
        if "journal_seconds" in race.get("ours", {}):
            series.setdefault("ours, journal on disk", {})[int(size)] = race["ours"]["journal_seconds"]
    whole: Mapping[str, float] = results.get("whole", {})
    if "journal_seconds" in whole:
        series.setdefault("ours, journal on disk", {})[int(whole["members"])] = whole["journal_seconds"]
    return series


def _cell(figures: Mapping[str, object], prefix: str) -> str:
    if "not_here" in figures:
        return "not installed"
    seconds, spread = figures.get(f"{prefix}seconds"), figures.get(f"{prefix}spread")
    if seconds is None:
        return "–"
    once = figures.get(f"{prefix}runs") == 1
    return _number(seconds) + (" (one run)" if once else f" ± {_number(spread)}")  # type: ignore[arg-type, operator]


def _number(value: float) -> str:
    """Three digits that count, without powers of ten."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}" if value >= 0.001 else f"{value:.5f}"


def _table(headings: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    def all_lines() -> Iterator[Sequence[str]]:
        yield headings
        yield ["---"] * len(headings)
        yield from lines

    return "\n".join(f"| {' | '.join(line)} |" for line in all_lines())
