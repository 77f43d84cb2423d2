"""What many runs say together: the fan of each figure by day, and a row for each run.

::

    out/
      sweep.json  plan-0000.json …  runs/…      what was run, and every run
      fan.parquet          by point, figure and day: quantiles over the runs
      runs.csv             a row for each run: its values and its main figures, or its error
      summary.json         by point: quantiles of the main figures
"""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from jifen.core.micros import parse_micros
from jifen.engine.columns import Column
from jifen.ledger.atomic import atomic_file, atomic_write
from jifen.simulate.summary import DAYS, SUMMARY
from jifen.simulate.sweep import Sweep, Task, failure_of, folder_of, is_finished

__all__ = ["FAN", "MAIN", "QUANTILES", "fan_of", "quantiles_of", "write_fan"]

FAN = "fan.parquet"
QUANTILES = (5, 25, 50, 75, 95)
"""In percent: of so many runs in a hundred the figure is not higher."""
MAIN = (
    "members", "sold", "paid", "promised", "cash", "free_cash", "cash_peak", "cash_peak_day", "cash_negative_day",
    "buyers", "unfunded", "paid_back", "paid_nothing", "buyers_then", "paid_back_then", "paid_nothing_then", "price",
)  # fmt: skip
"""The figures of a run that are listed."""


def write_fan(sweep: Sweep, out: Path) -> dict[str, Any]:
    """Write what the runs that are there say together, and return what ``summary.json`` has."""
    tasks = list(sweep.tasks())
    rows = [_row(sweep, out, task) for task in tasks]
    with atomic_file(out / "runs.csv") as path, path.open("w", encoding="utf-8", newline="") as stream:
        lines = csv.DictWriter(stream, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n")
        lines.writeheader()
        lines.writerows(rows)
    finished = [[task for task in tasks if task.point == point and is_finished(out, task)]
                for point in range(len(sweep.points))]  # fmt: skip
    fans = [_fan_table(point, fan_of([folder_of(out, task) for task in found]))
            for point, found in enumerate(finished) if found]  # fmt: skip
    if fans:
        with atomic_file(out / FAN) as path:
            pq.write_table(pa.concat_tables(fans), path, compression="zstd")
    document = {
        "runs": len(tasks), "finished": sum(map(len, finished)),
        "failed": [{"run": row["name"], "error": row["error"]} for row in rows if row.get("error")],
        "points": [
            {"settings": {key: str(value) for key, value in sweep.points[point].settings.items()}, "runs": len(found),
             "figures": _figures([folder_of(out, task) for task in found])}
            for point, found in enumerate(finished)
        ],
    }  # fmt: skip
    atomic_write(out / SUMMARY, (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode())
    return document


def fan_of(folders: Sequence[Path]) -> dict[str, npt.NDArray[np.int64]]:
    """By figure that all these runs have, a row of values by day for each quantile."""
    tables = [pq.read_table(folder / DAYS) for folder in folders]
    return quantiles_of([{name: table[name].to_numpy() for name in table.column_names} for table in tables])


def quantiles_of(runs: Sequence[Mapping[str, Column]]) -> dict[str, npt.NDArray[np.int64]]:
    """The same of runs whose figures by day are at hand; at least one run."""
    names = [name for name in runs[0] if all(name in run for run in runs)]
    found = {}
    for name in names:
        if name != "day":
            # Whole numbers of the runs themselves: no value is made up between two of them.
            values = np.array([run[name] for run in runs])
            found[name] = np.percentile(values, QUANTILES, axis=0, method="inverted_cdf").astype(np.int64)
    return found


def _fan_table(point: int, fan: Mapping[str, npt.NDArray[np.int64]]) -> pa.Table:
    days = next(iter(fan.values())).shape[1]
    names = np.repeat(np.arange(len(fan), dtype=np.int32), days)
    columns: dict[str, Any] = {
        "point": np.full(len(names), point, dtype=np.int32),
        "figure": pa.DictionaryArray.from_arrays(pa.array(names), pa.array(list(fan))).cast(pa.string()),
        "day": np.tile(np.arange(1, days + 1, dtype=np.int64), len(fan)),
    }
    for row, quantile in enumerate(QUANTILES):
        columns[f"q{quantile:02d}"] = np.concatenate([quantiles[row] for quantiles in fan.values()])
    return pa.table(columns)


def _summary(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
    return found


def _row(sweep: Sweep, out: Path, task: Task) -> dict[str, Any]:
    """What ``runs.csv`` says of a run."""
    settings = {key: str(value) for key, value in sweep.points[task.point].settings.items()}
    row: dict[str, Any] = {"name": task.name, "point": task.point, "run": task.run, **settings, "error": ""}
    if not is_finished(out, task):
        return row | {"error": failure_of(out, task)}
    summary = _summary(folder_of(out, task))
    return row | {name: summary[name] for name in MAIN} | {"digest": summary["digest"]}


def _figures(folders: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """Quantiles of the main figures over runs; a day that did not come counts as after all others."""
    summaries = [_summary(folder) for folder in folders]
    found: dict[str, dict[str, Any]] = {}
    for name in MAIN if summaries else ():
        values = sorted((summary[name] for summary in summaries), key=_in_order)
        found[name] = {f"q{each:02d}": values[-(-each * len(values) // 100) - 1] for each in QUANTILES}
    return found


def _in_order(value: str | int | None) -> tuple[bool, int]:
    """A figure as a summary has it by size, and a day that did not come after all others."""
    return value is None, parse_micros(str(value)) if value is not None else 0
