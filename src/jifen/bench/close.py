"""The close of one day: the kernel against what memory allows, the whole close, and its journal on disk."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, get_args

from jifen.bench import ours
from jifen.bench.copy import copy_bytes_per_s
from jifen.bench.journal import journal_columns, write_plain
from jifen.bench.peak import peak_of_close
from jifen.bench.sizes import Size
from jifen.bench.stock import refill
from jifen.bench.timing import Say, Timing, measure, peak_bytes, quiet, reset_peak
from jifen.bench.worlds import build_world
from jifen.core.errors import InputError, Problem
from jifen.engine import World
from jifen.plan.model import Plan

__all__ = ["UPTO", "CloseFigures", "Upto", "bench_close", "bytes_touched"]

Upto = Literal["kernel", "whole", "journal"]
"""How far a close is measured: its entries in memory; posted and checked as well; written to disk as well."""

UPTO: tuple[str, ...] = get_args(Upto)
_LOT_BYTES, _MEMBER_BYTES, _ENTRY_BYTES = 24, 24, 17


@dataclass(frozen=True, slots=True)
class CloseFigures:
    """What a close took. Seconds are the median of five runs, a spread is the slowest less the fastest of them.

    ``whole_…`` and ``journal_…`` are ``None`` where that much was not asked for.
    """

    preset: str
    members: int
    lots: int
    shape: str
    threads: int
    """How many the kernel has used."""
    seconds: float
    """The kernel alone."""
    spread: float
    entries: int
    bytes_touched: int
    copy_bytes_per_s: int
    bound_seconds: float
    """``bytes_touched`` at ``copy_bytes_per_s``: nobody can be faster."""
    bound_ratio: float
    peak_bytes: int
    """The most memory of the process while the kernel ran, the world included."""
    whole_seconds: float | None = None
    whole_spread: float | None = None
    journal_seconds: float | None = None
    """The whole close with its journal on disk."""
    journal_spread: float | None = None
    plain_seconds: float | None = None
    """pyarrow's own zstd write of the journal's columns."""
    journal_ratio: float | None = None
    """``journal_seconds`` over the kernel and ``plain_seconds`` together."""
    journal_rows: int | None = None
    journal_bytes: int | None = None
    close_peak_bytes: int | None = None
    """The most memory of a process that has only mapped the world and closes one day, journal streamed."""


def bytes_touched(members: int, lots: int, entries: int) -> int:
    """What any close must read and write at least once.

    24 bytes a lot (its daily amount read, what remains read and written), 24 a member in and out, 17 an entry written.
    """
    return _LOT_BYTES * lots + _MEMBER_BYTES * members + _ENTRY_BYTES * entries


def bench_close(plan: Plan, size: Size, threads: int = 1, upto: Upto = "kernel", say: Say = quiet) -> CloseFigures:
    """Measure one day's close of a world of that size; an ``InputError`` for what this machine has no room for."""
    if upto not in UPTO:
        raise InputError(Problem("bad_option", f"there is no {upto!r}", f"write {', '.join(UPTO)}", "--upto"))
    ours.check_memory(size, posted=upto != "kernel")
    say("measuring how fast memory is copied")
    copied = copy_bytes_per_s()
    prepared = ours.prepare(build_world(plan, size, say), threads)
    world = prepared.world
    say("running the kernel once, compiling it where that has not been done")
    entries = len(ours.kernel(prepared))
    reset_peak()
    kernel = measure(lambda: ours.kernel(prepared), lambda: ours.restore(prepared), say=say, what="running the kernel")
    touched = bytes_touched(size.members, world.lots.size, entries)
    figures = {
        "preset": plan.name, "members": size.members, "lots": world.lots.size, "shape": size.shape,
        "threads": ours.threads_of(prepared),
        "seconds": kernel.seconds, "spread": kernel.spread, "entries": entries, "bytes_touched": touched,
        "copy_bytes_per_s": copied, "bound_seconds": touched / copied, "bound_ratio": kernel.seconds * copied / touched,
        "peak_bytes": peak_bytes(),
    }  # fmt: skip
    if upto == "journal":
        ours.restore(prepared)
        say("closing a day in another process, for its peak of memory")
        with TemporaryDirectory(prefix="jifen-bench-") as folder:
            figures["close_peak_bytes"] = peak_of_close(world, Path(folder))
    if upto != "kernel":
        ours.restore(prepared)
        figures |= _whole(world, kernel, upto == "journal", say)
    return CloseFigures(**figures)  # type: ignore[arg-type]


def _whole(world: World, kernel: Timing, to_disk: bool, say: Say) -> dict[str, float | int]:
    """Close day after day, each as it comes; the first one, which finds no release of yesterday, is not timed."""
    say("closing a first day")
    ours.close_whole(world)
    whole = measure(lambda: ours.close_whole(world), lambda: refill(world), say=say, what="closing a day")
    figures: dict[str, float | int] = {"whole_seconds": whole.seconds, "whole_spread": whole.spread}
    if to_disk:
        with TemporaryDirectory(prefix="jifen-bench-") as folder:
            figures |= _to_disk(world, kernel, Path(folder), say)
    return figures


def _to_disk(world: World, kernel: Timing, folder: Path, say: Say) -> dict[str, float | int]:
    say("beginning a journal")
    writer = ours.open_journal(world, folder / "journal")
    rows = []
    timing = measure(
        lambda: rows.append(ours.close_to_journal(world, writer)), lambda: refill(world), say=say,
        what="closing a day with its journal",
    )  # fmt: skip
    size = sum(file.stat().st_size for file in (folder / "journal").glob("transfers-*.parquet"))
    columns = journal_columns(folder / "journal", last=rows[-1])
    plain = measure(lambda: write_plain(columns, folder / "plain.parquet"), say=say, what="writing the same columns")
    return {
        "journal_seconds": timing.seconds, "journal_spread": timing.spread, "plain_seconds": plain.seconds,
        "journal_ratio": timing.seconds / (kernel.seconds + plain.seconds), "journal_rows": rows[-1],
        "journal_bytes": size // len(rows),
    }  # fmt: skip
