"""A close's journal on its way to disk: our segments against pyarrow's own write of the same columns."""

import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq

from jifen.batch.run import batch_of
from jifen.bench import ours
from jifen.bench.sizes import Size
from jifen.bench.timing import Say, measure, peak_bytes, quiet, reset_peak
from jifen.bench.worlds import build_world
from jifen.engine import apply
from jifen.engine.events import DayClosed
from jifen.plan.model import Plan

__all__ = ["JournalFigures", "bench_journal", "journal_columns", "write_plain"]


@dataclass(frozen=True, slots=True)
class JournalFigures:
    """What it took to write one day's transfers; seconds are the median of five runs."""

    preset: str
    members: int
    rows: int
    seconds: float
    """Hashed, written as Parquet, fsynced."""
    spread: float
    rows_per_s: int
    bytes: int
    plain_seconds: float
    """pyarrow's own zstd write of the same columns."""
    plain_spread: float
    plain_ratio: float
    peak_bytes: int


def bench_journal(plan: Plan, size: Size, say: Say = quiet) -> JournalFigures:
    """Write the journal of one close of a world of that size."""
    ours.check_memory(size, posted=True)
    world = build_world(plan, size, say)
    say("closing a day")
    event = DayClosed(id=f"day:{world.open_day}", day=world.open_day)
    journal = apply(world, [event])
    with TemporaryDirectory(prefix="jifen-bench-") as name:
        folder = Path(name)
        writer = ours.open_journal(world, folder / "journal")
        reset_peak()

        def write() -> None:
            writer.append(batch_of(writer, world, [event], journal))
            writer.commit()

        timing = measure(write, say=say, what="writing the journal")
        peak = peak_bytes()
        written = sum(file.stat().st_size for file in (folder / "journal").glob("transfers-*.parquet"))
        columns = journal_columns(folder / "journal", last=len(journal.transfers))
        plain = measure(
            lambda: write_plain(columns, folder / "plain.parquet"), say=say, what="writing the same columns"
        )
    return JournalFigures(
        preset=plan.name, members=size.members, rows=len(journal.transfers), seconds=timing.seconds,
        spread=timing.spread, rows_per_s=round(len(journal.transfers) / timing.seconds), bytes=written // 5,
        plain_seconds=plain.seconds, plain_spread=plain.spread, plain_ratio=timing.seconds / plain.seconds,
        peak_bytes=peak,
    )  # fmt: skip


def journal_columns(directory: Path, last: int) -> pa.Table:
    """Read the last so many transfers of a journal, as one table."""
    found: list[pa.Table] = []
    for file in sorted(directory.glob("transfers-*.parquet"), reverse=True):
        if sum(map(len, found)) >= last:
            break
        found.insert(0, pq.read_table(file))
    table = pa.concat_tables(found)
    return table.slice(len(table) - last).combine_chunks()


def write_plain(columns: pa.Table, path: Path) -> None:
    """Write columns as pyarrow does, with zstd and no setting of ours, and make them durable."""
    with path.open("wb") as file:
        pq.write_table(columns, file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
