"""What of ours is measured: the one place where the benches meet the engine, the reader and the writer.

A bench times these functions and nothing else. When the engine gets a faster way to do the same, it is called here;
what is measured, and against whom, stays as it is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jifen.batch.findings import Findings
from jifen.batch.merge import Inputs, Merge, open_inputs
from jifen.batch.reader import Item
from jifen.batch.run import batch_of
from jifen.bench.log import JOIN, ORDER, REFUND, Log
from jifen.bench.sizes import Size, check_between
from jifen.bench.stock import refill
from jifen.core.errors import InputError, Problem
from jifen.engine import SEMANTICS_REVISION, World, apply
from jifen.engine.apply import apply_log
from jifen.engine.books import Books
from jifen.engine.close import run_queues
from jifen.engine.columns import Column
from jifen.engine.daily import run_pass
from jifen.engine.events import DayClosed, Event
from jifen.engine.log import Log as Rows
from jifen.engine.log import LogRows
from jifen.engine.phases import Phase
from jifen.engine.pieces import cut
from jifen.engine.snapshot import load_world, save_world
from jifen.engine.splits import divisions
from jifen.engine.tables import NONE
from jifen.engine.world import name_tables
from jifen.ledger.chain import Batch
from jifen.ledger.journal import Forfeits, Transfers
from jifen.ledger.names import Texts
from jifen.ledger.segments import SegmentWriter
from jifen.plan.model import Plan

__all__ = [
    "MOST_THREADS", "Entries", "Made", "Prepared", "check_memory", "close_to_journal", "close_whole", "entries_of",
    "first_events", "kernel", "load_snapshot", "open_journal", "prepare", "read_files", "restore", "rows_of", "run_log",
    "run_singly", "save_snapshot", "threads_of",
]  # fmt: skip

MOST_THREADS = 8
"""Threads of the kernel that a bench may ask for."""

_MEMBER_BYTES, _LOT_BYTES = 300, 350
"""What a world and the kernel's own columns take at their peak, for each member and each open lot."""
_POSTED_BYTES = 350
"""What a whole close takes on top of that for each lot: transfers, releases, and the checks of the books."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A world ready to be closed again and again: what the kernel changes in it, as it was before."""

    world: World
    columns: tuple[npt.NDArray[Any], ...]
    threads: int
    again: bool
    """Whether every run starts from the same; else (queues and exits post what they pay) they follow on."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a kernel run has made: the columns of each daily rule, and what queues and exits have posted."""

    phases: Sequence[Phase]
    transfers: Transfers

    def __len__(self) -> int:
        """How many entries there are."""
        return sum(len(phase.points) for phase in self.phases) + len(self.transfers)


@dataclass(frozen=True, slots=True)
class Entries:
    """Entries of one close by column: ``rule`` is a place in ``rules``, ``points`` are micro-units."""

    rules: tuple[str, ...]
    member: Column
    lot: Column
    rule: Column
    points: Column


def check_memory(size: Size, *, posted: bool) -> None:
    """Refuse, before anything is made, what this machine has no room for: an ``InputError``."""
    needed = size.members * _MEMBER_BYTES + size.lots * (_LOT_BYTES + (_POSTED_BYTES if posted else 0))
    available = _available_bytes()
    if available is not None and needed > available:
        message = f"this takes some {needed >> 30} GiB of memory, and {available >> 30} GiB are free"
        raise InputError(Problem("bench_limit", message, "ask for fewer members or lots", "--members"))


def prepare(world: World, threads: int = 1) -> Prepared:
    """Make ready what is no part of a close: the members' order of visiting, which is kept, and a copy to restore.

    The kernel may use so many ``threads``: more than ``MOST_THREADS`` are an ``InputError``.
    """
    check_between("--threads", threads, 1, MOST_THREADS)
    world.laid_out()
    program = world.program
    again = not (program.queues or program.daily_exits)
    prepared = Prepared(world, tuple(column.copy() for column in _changing(world)), threads, again)
    if again and program.schedules:
        # As on any day but the first, lots have released the same for some days; what they have left is as before.
        run_pass(world)
        since = world.lots.run_first.data[: world.lots.size].copy()
        restore(prepared)
        prepared.columns[1][:] = since
        restore(prepared)
    return prepared


def threads_of(prepared: Prepared) -> int:
    """How many threads the kernel uses: a small world or a chain needs one, whatever was asked for."""
    return len(cut(prepared.world.laid_out(), prepared.threads))


def _changing(world: World) -> Iterator[npt.NDArray[Any]]:
    """The columns that a pass over all members changes."""
    lots, count = world.lots, world.lots.size
    yield from (lots.remaining.data[:count], lots.run_first.data[:count], lots.emptied_on.data[:count])
    yield world.laid_out().begins


def restore(prepared: Prepared) -> None:
    """Undo the last kernel run, or where it has posted fill the pools for the next; never inside a timed run."""
    if not prepared.again:
        refill(prepared.world)
        return
    for column, before in zip(_changing(prepared.world), prepared.columns, strict=True):
        column[...] = before


def kernel(prepared: Prepared) -> Made:
    """Ours, the kernel alone: every entry of the day in columns, lots drained, nothing posted.

    These are phases 3 to 5 of the close (scheduled releases, the walks over them, pools) with merchant funding. Queues
    and daily exits are run as the close runs them, posting included: that cannot be taken apart.
    """
    world = prepared.world
    phases = run_pass(world, prepared.threads).phases if world.program.schedules else []
    phases += [division.phase for step in world.program.splits for division in divisions(world, step)]
    books = Books(world)
    books.event = world.next_event
    run_queues(books)
    transfers, _ = books.writer.seal()
    return Made(phases, transfers)


def entries_of(prepared: Prepared, made: Made) -> Entries:
    """Put what a kernel run has made into one set of columns, to be compared; in no particular order."""
    names = prepared.world.rule_names.names
    rules = tuple(dict.fromkeys([*(phase.step.rule.id for phase in made.phases), *names]))
    place = {name: number for number, name in enumerate(rules)}
    posted, drained = made.transfers, made.transfers["drained"]
    of_posted = np.array([place[name] for name in names] or [0], dtype=np.int64)[posted["rule"]]
    return Entries(
        rules=rules,
        member=np.concatenate([*(phase.member for phase in made.phases), posted["to_id"]]),
        lot=np.concatenate([*(phase.lot for phase in made.phases), posted["lot"]]),
        rule=np.concatenate(
            [*(np.full(len(phase.lot), place[phase.step.rule.id]) for phase in made.phases), of_posted]
        ),
        points=np.concatenate(
            [*(phase.points for phase in made.phases), np.where(drained > 0, drained, posted["amount"])]
        ),
    )


def close_whole(world: World) -> Transfers:
    """Ours, the whole close in memory: all phases, posted and checked as in any run. The next day is open after it."""
    event = DayClosed(id=f"day:{world.open_day}", day=world.open_day)
    return apply(world, [event]).transfers


def open_journal(world: World, directory: Path) -> SegmentWriter:
    """Begin a journal that has all names so far: they were written when members joined and orders came in."""
    writer = SegmentWriter(directory)
    plans = tuple(program.plan.digest for program in world.programs)
    names = writer.new_names(name_tables(world))
    empty = Transfers(), Forfeits()
    writer.append(Batch(writer.next_number, world.open_day - 1, SEMANTICS_REVISION, plans, (), *empty, names=names))
    writer.commit()
    return writer


def close_to_journal(world: World, writer: SegmentWriter) -> int:
    """Ours, the whole close with its journal on disk: closed, checked, hashed, written as Parquet, fsynced.

    Returns how many transfers it has written.
    """
    event = DayClosed(id=f"day:{world.open_day}", day=world.open_day)
    journal = apply(world, [event])
    writer.append(batch_of(writer, world, [event], journal))
    writer.commit()
    return len(journal.transfers)


def rows_of(world: World, log: Log) -> Rows:
    """What ``run_log`` takes: the log with names for its events. Not timed: ids come numbered into a run in bulk."""
    members, orders, numbers = world.members.size, world.orders.size, np.arange(len(log.kind))
    joined = [f"m{number:08d}" for number in range(members, members + int((log.kind == JOIN).sum()))]
    letters = np.array(["j", "o", "r", "s"])[log.kind].tolist()
    numbers = np.where(log.kind == ORDER, orders + log.order, numbers)
    ids = [f"{letter}{number:08d}" for letter, number in zip(letters, numbers.tolist(), strict=True)]
    order = np.where(log.kind == REFUND, orders + log.order, NONE)
    kind, member, order = (column.astype(np.int32) for column in (log.kind, log.member, order))
    return Rows(kind, member, order, log.amount, Texts.of(ids), Texts.of(joined))


def first_events(world: World, rows: Rows, most: int) -> list[Event]:
    """The first rows of a log as events, for ``run_singly``."""
    made = LogRows(world, rows, print)
    return [made.event(row) for row in range(min(most, len(rows.ids)))]


def run_singly(world: World, events: Sequence[Event]) -> int:
    """Ours without the lane: every event through the handlers, one by one. Returns how many were accepted."""
    return apply(world, iter(events)).accepted


def run_log(world: World, rows: Rows) -> int:
    """Ours, orders in bulk: every row through all rules, in order. Returns how many were accepted."""
    return apply_log(world, rows).accepted


def read_files(inputs: Inputs, plan: Plan) -> int:
    """Ours, files in: all rows parsed, checked, put in the order of the log, and their names numbered.

    Events of one row are taken by column, as a run in bulk does. Returns how many rows were taken.
    """
    merge = Merge(open_inputs(inputs), inputs.zone, Findings(None), None, plan)
    return sum(len(part.rows) if isinstance(part, Item) else len(part) for part in merge.log())


def save_snapshot(world: World, directory: Path) -> None:
    """Ours, a snapshot: all columns written and fsynced, in place of the one before."""
    save_world(world, directory)


def load_snapshot(directory: Path) -> World:
    """Ours, a snapshot mapped and checked, ready to answer."""
    return load_world(directory)


def _available_bytes() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")) * 1024
    except (OSError, StopIteration):
        return None
