"""A run of a plan over files: events in, and a directory out that appears whole or not at all.

::

    out/
      journal/             segments of events and transfers, and their manifest
      plan.json            the plan as it was resolved
      snapshot/            the world after the last day: what explain reads
      run.json             what was run, on which files
      balances.csv  lots.parquet  daily.parquet  summary.json
      rejected.csv         the rows that were left out, if any
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from jifen.batch.daily import Daily
from jifen.batch.event_text import event_text
from jifen.batch.findings import Findings
from jifen.batch.layout import JOURNAL, PLAN, REJECTED, RUN, RUN_FORMAT, SNAPSHOT
from jifen.batch.merge import Inputs, Merge, open_inputs
from jifen.batch.outputs import Summary, file_digest, write_results
from jifen.batch.refusals import Refusals
from jifen.core.errors import InputError, Problem, ensure
from jifen.engine import SEMANTICS_REVISION, World, apply
from jifen.engine.events import DayClosed, Event
from jifen.engine.snapshot import save_world
from jifen.engine.world import name_tables
from jifen.ledger.atomic import atomic_directory
from jifen.ledger.chain import Batch
from jifen.ledger.journal import Journal
from jifen.ledger.segments import SegmentWriter
from jifen.plan.model import Plan
from jifen.plan.text import plan_text

__all__ = [
    "Inputs",
    "OnError",
    "Progress",
    "Target",
    "batch_of",
    "run",
]


OnError = Literal["fail", "skip"]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Target:
    """Where a run goes. ``force``: in place of an earlier run. ``finish`` adds files before the directory appears."""

    path: Path
    force: bool = False
    finish: Callable[[Path, Summary], object] | None = None


def run(
    plan: Plan,
    inputs: Inputs,
    out: Path | Target,
    *,
    until: date | None = None,
    on_error: OnError = "fail",
    progress: Progress | None = None,
) -> Summary:
    """Run ``plan`` over ``inputs`` to the close of ``until`` (``None``: the day of the last event) and write ``out``.

    ``InputError`` with what is wrong in all files, and nothing is written; with ``on_error="skip"`` rows that are wrong
    are left out and written to ``rejected.csv``. ``progress`` is called with days done and days in all (0: not known).
    """
    target = out if isinstance(out, Target) else Target(out)
    if target.force:
        _check_replaced(target.path)
    tables = open_inputs(inputs)
    with atomic_directory(target.path, force=target.force) as folder:
        findings = Findings(folder / REJECTED if on_error == "skip" else None)
        merge = Merge(tables, inputs.zone, findings, until.toordinal() if until else None, plan)
        try:
            with SegmentWriter(folder / JOURNAL) as journal:
                done = _drive(plan, merge, journal, progress, inputs.rows_about())
        except InputError as error:  # a file that breaks off: what was found before belongs to the same answer
            raise findings.error(*error.problems) from error
        finally:
            findings.close()
        if findings.rows and on_error == "fail":
            raise findings.error()
        if done is None:
            problem = Problem("no_events", "the files have no row to run", "give at least one", tables["members"].file)
            raise findings.error(problem)
        (folder / PLAN).write_text(plan_text(plan), encoding="utf-8")
        _write_origin(folder / RUN, plan, inputs)
        save_world(done.world, folder / SNAPSHOT)
        summary = write_results(folder, done, findings, merge.after, journal.head)
        if target.finish is not None:
            target.finish(folder, summary)
    return summary


def _drive(plan: Plan, merge: Merge, writer: SegmentWriter, progress: Progress | None, rows: int) -> Daily | None:
    """Apply one batch for each day, its events and its close, and journal it; ``None`` if there is no day.

    ``rows``: about how many there are in all files.
    """
    daily: Daily | None = None
    refusals = Refusals(merge.findings, merge.tables["members"])
    last = merge.last_day() if progress else None
    for day, items in merge.days():
        if daily is None:
            daily = Daily(plan, World(plan, first_day=day))
        close = DayClosed(id=f"day:{day}", day=day)
        journal = apply(daily.world, [*(item.event for item in items), close], coming=rows)
        events = [*refusals.accepted(items, journal.refusals), close]
        ensure(len(events) == journal.accepted, f"{journal.accepted} events were accepted, not {len(events)}")
        writer.append(batch_of(writer, daily.world, events, journal))
        daily.add(day, events, journal)
        merge.findings.duplicates += journal.duplicates
        if progress:
            progress(len(daily.days), 0 if last is None else last - daily.days[0] + 1)
    return daily


def batch_of(writer: SegmentWriter, world: World, events: Iterable[Event], journal: Journal) -> Batch:
    """One closed day as the journal on disk has it."""
    return Batch(
        number=writer.next_number,
        day=world.open_day - 1,
        revision=SEMANTICS_REVISION,
        plans=tuple(program.plan.digest for program in world.programs),
        events=[event_text(event) for event in events],
        transfers=journal.transfers,
        forfeits=journal.forfeits,
        refusals=journal.refusals,
        names=writer.new_names(name_tables(world)),
    )


def _check_replaced(path: Path) -> None:
    """Only an earlier run may be replaced, never some other folder that has something in it."""
    if not path.is_dir() or not any(path.iterdir()):
        return
    try:
        found = json.loads((path / RUN).read_text(encoding="utf-8"))["format"]
    except (OSError, ValueError, KeyError, TypeError):
        found = None
    if found != RUN_FORMAT:
        raise InputError(Problem("not_a_run", "the folder is not an earlier run", "choose another name", str(path)))


def _write_origin(path: Path, plan: Plan, inputs: Inputs) -> None:
    """Say what was run: the plan and what was set beside it, the files with their digests, the zone."""
    document = {
        "format": RUN_FORMAT,
        "plan": {"name": plan.name, "digest": plan.digest, "set": dict(getattr(plan.origin, "overrides", {}))},
        "zone": inputs.zone,
        "inputs": {kind: {"file": str(file), "sha256": file_digest(file)} for kind, file in inputs.paths().items()},
    }
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2, default=str) + "\n", encoding="utf-8")
