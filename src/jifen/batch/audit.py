"""An audit of a run: files and hashes are checked, its events replayed from nothing, every figure compared."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jifen.batch.daily import Daily
from jifen.batch.event_text import parse_event
from jifen.batch.holdings import balance_rows
from jifen.batch.layout import JOURNAL, PLAN, RUN, RUN_FORMAT
from jifen.batch.outputs import BALANCES, DAILY, LOTS, SUMMARY, balance_lines, lot_columns, waterfall_document
from jifen.batch.waterfall import waterfall_of
from jifen.core.errors import InputError, Problem
from jifen.engine import SEMANTICS_REVISION, World, apply
from jifen.engine.world import name_tables
from jifen.ledger.chain import Batch, verify
from jifen.ledger.rows import Rows
from jifen.ledger.segments import read_segments
from jifen.plan.model import Plan
from jifen.plan.text import parse_plan

__all__ = ["Audit", "Difference", "audit"]


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a replay gives something else: ``expected`` is the replay's value, ``got`` what was recorded."""

    where: str
    """``transfers``, ``forfeits``, ``names``, ``events``, or a file of the run."""
    batch: int
    """The batch (one a day, from 0), -1 for a file."""
    row: int
    """The row of the batch, or of the file, from 0."""
    field: str
    expected: str
    got: str

    def __str__(self) -> str:
        """Write it as one line."""
        batch = f"batch {self.batch}, " if self.batch >= 0 else ""
        return f"{batch}{self.where} {self.row}, {self.field}: expected {self.expected}, got {self.got}"


@dataclass(slots=True)
class Audit:
    """What an audit found: nothing is the good answer (``sound``)."""

    batches: int = 0
    transfers: int = 0
    difference: Difference | None = None
    """The first one."""
    problems: list[Problem] = field(default_factory=list)
    """Files that are missing or changed, and breaks of the hash chain."""

    @property
    def sound(self) -> bool:
        """Whether everything is as it was written, and as it comes out again."""
        return self.difference is None and not self.problems


def audit(directory: Path, progress: Callable[[int, int], None] | None = None) -> Audit:
    """Audit the run in ``directory``. A folder that is no run is an ``InputError``; all else is in what is returned."""
    _check_run(directory)
    found = Audit()
    try:
        plan = parse_plan((directory / PLAN).read_text(encoding="utf-8"), str(directory / PLAN))
        reader = read_segments(directory / JOURNAL)
        replay = _Replay(plan, found, progress, len(reader))
        head = verify(replay.watch(iter(reader)))
        found.problems += _digest_problems(directory, plan, head)
        if found.difference is None and replay.daily is not None:
            found.difference = next(_file_differences(directory, replay.daily), None)
    except InputError as error:
        found.problems += error.problems
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        found.problems.append(Problem("unreadable", f"a file cannot be read: {error}", _RESTORE, str(directory)))
    return found


_RESTORE = "restore the run from a backup"


def _check_run(directory: Path) -> None:
    try:
        document = json.loads((directory / RUN).read_text(encoding="utf-8"))
        if document["format"] == RUN_FORMAT:
            return
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise InputError(Problem("not_a_run", "the folder is no run", "name the folder of a run", str(directory)))


@dataclass(slots=True)
class _Replay:
    """Does a run again, batch by batch, and notes the first difference."""

    plan: Plan
    found: Audit
    progress: Callable[[int, int], None] | None
    count: int
    daily: Daily | None = None

    def watch(self, batches: Iterator[tuple[Batch, bytes]]) -> Iterator[tuple[Batch, bytes]]:
        """Hand batches on to the check of the chain, each compared until one differs."""
        for batch, recorded in batches:
            if self.found.difference is None:
                self.found.difference = next(self._differences(batch), None)
            self.found.batches += 1
            self.found.transfers += len(batch.transfers)
            if self.progress:
                self.progress(self.found.batches, self.count)
            yield batch, recorded

    def _differences(self, batch: Batch) -> Iterator[Difference]:
        number = batch.number
        if self.daily is None:
            self.daily = Daily(self.plan, World(self.plan, first_day=batch.day))
        world = self.daily.world
        made_by = {"day": (world.open_day, batch.day), "revision": (SEMANTICS_REVISION, batch.revision)}
        for name, (expected, got) in made_by.items():
            if expected != got:
                yield Difference("batches", number, 0, name, str(expected), str(got))
                return
        events = []
        for row, text in enumerate(batch.events):
            try:
                events.append(parse_event(str(text)))
            except (InputError, KeyError, TypeError, ValueError):
                yield Difference("events", number, row, "event", "an event", str(text)[:80])
                return
            if events[-1].day != batch.day:
                yield Difference("events", number, row, "day", str(batch.day), str(events[-1].day))
                return
        known = {table: len(names) for table, names in name_tables(world).items()} if self.daily.days else {}
        journal = apply(world, events)
        plans = tuple(program.plan.digest for program in world.programs)
        if plans != batch.plans:
            yield Difference("batches", number, 0, "plans", ", ".join(plans), ", ".join(batch.plans))
        for refusal in journal.refusals:
            yield Difference("events", number, 0, refusal.event, f"refused: {refusal.code}", "accepted")
        yield from _record_differences("transfers", number, journal.transfers, batch.transfers)
        yield from _record_differences("forfeits", number, journal.forfeits, batch.forfeits)
        new = {table: names[known.get(table, 0) :] for table, names in name_tables(world).items()}
        yield from _name_differences(number, new, batch.names)
        self.daily.add(batch.day, events, journal)


def _record_differences(where: str, batch: int, expected: Rows, got: Rows) -> Iterator[Difference]:
    """The first row that differs in any field, or the first one that only one side has."""
    common, first = min(len(expected), len(got)), 0
    for one, other in zip(expected[:common].blocks(), got[:common].blocks(), strict=True):
        places = {name: int(np.argmax(different)) for name in expected.dtype.names or ()
                  if np.any(different := np.not_equal(one[name], other[name]))}  # fmt: skip
        if places:
            name = min(places, key=places.__getitem__)
            told = (str(block.row(places[name])[name]) for block in (one, other))
            yield Difference(where, batch, first + places[name], name, *told)
            return
        first += len(one)
    if len(expected) != len(got):
        yield Difference(where, batch, common, "rows", str(len(expected)), str(len(got)))


def _name_differences(
    batch: int, expected: Mapping[str, Sequence[str]], got: Mapping[str, Sequence[str]]
) -> Iterator[Difference]:
    for table, names in expected.items():
        for row, (one, other) in enumerate(zip_longest(names, got.get(table, ()))):
            if one != other:
                yield Difference("names", batch, row, table, str(one), str(other))
                return


def _digest_problems(directory: Path, plan: Plan, head: bytes) -> Iterator[Problem]:
    """What the summary says of the plan and the journal must be what is there."""
    file = directory / SUMMARY
    try:
        digests = json.loads(file.read_text(encoding="utf-8"))["digests"]
        wanted = {"plan": plan.digest, "journal": head.hex()}
        changed = [name for name, value in wanted.items() if digests[name] != value]
    except (ValueError, KeyError, TypeError):
        changed = ["itself"]
    for name in changed:
        yield Problem("digest_differs", f"the summary names another digest of {name}", _RESTORE, str(file))


def _file_differences(directory: Path, daily: Daily) -> Iterator[Difference]:
    """The files of figures, compared with the world that the replay ends in."""
    with (directory / BALANCES).open(encoding="utf-8", newline="") as stream:
        for row, (expected, got) in enumerate(zip_longest(balance_lines(balance_rows(daily.world)), stream)):
            if expected != got:
                yield Difference(BALANCES, -1, row, "line", str(expected).strip(), str(got).strip())
                return
    for file, table in ((LOTS, pa.table(lot_columns(daily.world))), (DAILY, daily.table())):
        yield from _table_differences(file, table, pq.read_table(directory / file))
    yield from _waterfall_differences(directory, daily)


def _waterfall_differences(directory: Path, daily: Daily) -> Iterator[Difference]:
    """What the summary says of where the sales went, compared key by key."""
    told = json.loads((directory / SUMMARY).read_text(encoding="utf-8")).get("waterfall", {})
    for name, expected in waterfall_document(waterfall_of(daily)).items():
        if told.get(name) != expected:
            yield Difference(SUMMARY, -1, 0, f"waterfall {name}", json.dumps(expected), json.dumps(told.get(name)))
            return


def _table_differences(file: str, expected: pa.Table, got: pa.Table) -> Iterator[Difference]:
    if expected.equals(got):
        return
    if expected.schema != got.schema or len(expected) != len(got):
        shapes = (f"{len(table)} rows of {', '.join(table.column_names)}" for table in (expected, got))
        yield Difference(file, -1, 0, "columns", *shapes)
        return
    for name in expected.column_names:
        for row, (one, other) in enumerate(zip(expected[name].to_pylist(), got[name].to_pylist(), strict=True)):
            if one != other:
                yield Difference(file, -1, row, name, _shown(one), _shown(other))
                return


def _shown(value: Any) -> str:
    return "nothing" if value is None else str(value)
