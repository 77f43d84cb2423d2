"""Files in: members and orders as CSV and as Parquet, parsed, checked and numbered."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv
import pyarrow.parquet as pq

from jifen.batch.merge import Inputs
from jifen.bench import ours
from jifen.bench.sizes import MOST_ROWS, check_between
from jifen.bench.timing import Say, measure, peak_bytes, quiet, reset_peak
from jifen.core.errors import ensure
from jifen.plan.model import Plan

__all__ = ["FileFigures", "bench_files"]

_MEMBERS = 10
"""One row in so many is a member, the others are orders."""
_START, _SECONDS = 1_735_689_600, 365 * 86_400
"""The year of the rows, in seconds of the epoch."""


@dataclass(frozen=True, slots=True)
class FileFigures:
    """What it took to read the same rows from two kinds of files; seconds are the median of five runs."""

    rows: int
    csv_bytes: int
    csv_seconds: float
    csv_spread: float
    csv_rows_per_s: int
    parquet_bytes: int
    parquet_seconds: float
    parquet_spread: float
    parquet_rows_per_s: int
    peak_bytes: int


def bench_files(plan: Plan, rows: int, say: Say = quiet) -> FileFigures:
    """Write so many rows of members and orders, and read them."""
    check_between("--rows", rows, 2 * _MEMBERS, MOST_ROWS)
    figures: dict[str, float | int] = {}
    with TemporaryDirectory(prefix="jifen-bench-") as name:
        say(f"writing files of {rows:,} rows")
        tables = {"members": _members(rows // _MEMBERS), "orders": _orders(rows - rows // _MEMBERS, rows // _MEMBERS)}
        files = {kind: _write(Path(name), tables, kind) for kind in ("csv", "parquet")}
        del tables
        reset_peak()
        for kind, inputs in files.items():
            say(f"reading {kind} once")
            taken = ours.read_files(inputs, plan)
            ensure(taken == rows, f"{taken} of {rows} rows were taken")
            timing = measure(
                lambda inputs=inputs: ours.read_files(inputs, plan), say=say, what=f"reading {kind}"  # type: ignore[misc]
            )  # fmt: skip
            figures |= {
                f"{kind}_bytes": sum(path.stat().st_size for path in inputs.paths().values()),
                f"{kind}_seconds": timing.seconds, f"{kind}_spread": timing.spread,
                f"{kind}_rows_per_s": round(rows / timing.seconds),
            }  # fmt: skip
    return FileFigures(rows=rows, **figures, peak_bytes=peak_bytes())  # type: ignore[arg-type]


def _write(folder: Path, tables: dict[str, pa.Table], kind: str) -> Inputs:
    inputs = Inputs(folder / f"members.{kind}", folder / f"orders.{kind}")
    for name, path in inputs.paths().items():
        if kind == "csv":
            pv.write_csv(tables[name], path, pv.WriteOptions(quoting_style="none"))
        else:
            pq.write_table(tables[name], path)
    return inputs


def _members(count: int) -> pa.Table:
    """Everyone referred by one who joined before, but for every seventh."""
    rng = np.random.default_rng(1)
    referrer = (np.arange(count) * rng.random(count)).astype(np.int64)
    referrer_names = pc.if_else(pa.array(np.arange(count) % 7 == 0), "", _named("m", referrer))
    return pa.table({
        "member": _named("m", np.arange(count)), "referrer": referrer_names, "joined_at": _times(count, 0),
    })  # fmt: skip


def _orders(count: int, members: int) -> pa.Table:
    """Orders by anybody, after all have joined."""
    rng = np.random.default_rng(2)
    cents = pa.array(rng.integers(10_000, 5_000_000, count))
    whole, rest = pc.divide(cents, 100), pc.subtract(cents, pc.multiply(pc.divide(cents, 100), 100))
    amount = pc.binary_join_element_wise(whole.cast(pa.string()), pc.utf8_lpad(rest.cast(pa.string()), 2, "0"), ".")
    return pa.table({
        "order": _named("o", np.arange(count)), "member": _named("m", rng.integers(0, members, count)),
        "paid_at": _times(count, _SECONDS), "amount": amount,
    })  # fmt: skip


def _named(letter: str, numbers: np.ndarray[tuple[int], np.dtype[np.int64]]) -> pa.Array:
    digits = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), 8, "0")
    return pc.binary_join_element_wise(pa.scalar(letter), digits, "")


def _times(count: int, after: int) -> pa.Array:
    """Local times without an offset, ascending over a year."""
    seconds = _START + after + np.arange(count) * _SECONDS // count
    return pc.strftime(pa.array(seconds).cast(pa.timestamp("s")), format="%Y-%m-%d %H:%M:%S")
