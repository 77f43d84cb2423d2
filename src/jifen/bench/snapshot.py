"""Snapshots: a world saved and loaded, against a plain write and fsync of the same bytes."""

import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from jifen.bench import ours
from jifen.bench.sizes import Size
from jifen.bench.timing import Say, measure, peak_bytes, quiet, reset_peak
from jifen.bench.worlds import build_world, give_names
from jifen.plan.model import Plan

__all__ = ["SnapshotFigures", "bench_snapshot"]


@dataclass(frozen=True, slots=True)
class SnapshotFigures:
    """What a snapshot took; seconds are the median of five runs."""

    preset: str
    members: int
    lots: int
    bytes: int
    seconds: float
    """Written and fsynced, in place of the one before."""
    spread: float
    load_seconds: float
    """Checked and mapped, read-only."""
    load_spread: float
    plain_seconds: float
    """The same bytes written and fsynced, and nothing else."""
    plain_spread: float
    plain_ratio: float
    peak_bytes: int


def bench_snapshot(plan: Plan, size: Size, say: Say = quiet) -> SnapshotFigures:
    """Save and load a world of that size, with names of its members, orders and events."""
    ours.check_memory(size, posted=True)
    world = build_world(plan, size, say)
    give_names(world)
    with TemporaryDirectory(prefix="jifen-bench-") as name:
        folder = Path(name)
        reset_peak()
        saving = measure(lambda: ours.save_snapshot(world, folder / "world"), say=say, what="saving")
        peak = peak_bytes()
        loading = measure(lambda: ours.load_snapshot(folder / "world"), say=say, what="loading")
        contents = [file.read_bytes() for file in sorted((folder / "world").iterdir())]
        plain = measure(lambda: _write_plain(contents, folder / "plain"), say=say, what="writing the same bytes")
    return SnapshotFigures(
        preset=plan.name, members=size.members, lots=world.lots.size, bytes=sum(map(len, contents)),
        seconds=saving.seconds, spread=saving.spread, load_seconds=loading.seconds, load_spread=loading.spread,
        plain_seconds=plain.seconds, plain_spread=plain.spread, plain_ratio=saving.seconds / plain.seconds,
        peak_bytes=peak,
    )  # fmt: skip


def _write_plain(contents: list[bytes], path: Path) -> None:
    with path.open("wb") as file:
        file.writelines(contents)
        file.flush()
        os.fsync(file.fileno())
