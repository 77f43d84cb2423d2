"""The world at the end of a run: from its snapshot, or made once more from its plan and its journal's events alone."""

from collections.abc import Callable
from pathlib import Path

from jifen.batch.layout import JOURNAL, PLAN, SNAPSHOT
from jifen.core.errors import InputError, Problem
from jifen.engine import World, apply
from jifen.engine.snapshot import load_world
from jifen.plan.text import parse_plan

__all__ = ["replay", "world_of"]


def world_of(folder: Path, progress: Callable[[int, int], None] | None = None) -> World:
    """Return the world at the end of a run, to be read: from its snapshot if that is there and sound."""
    if (folder / SNAPSHOT).is_dir():
        try:
            return load_world(folder / SNAPSHOT)
        except InputError:
            pass
    return replay(folder, progress)


def replay(folder: Path, progress: Callable[[int, int], None] | None = None) -> World:
    """Apply all events of the run in ``folder`` to a new world and return it.

    ``progress`` is called with batches done and batches in all. A folder without a run is an ``InputError``.
    """
    from jifen.batch.event_text import parse_event
    from jifen.ledger.segments import read_segments

    if not (folder / PLAN).is_file() or not (folder / JOURNAL).is_dir():
        raise InputError(Problem("no_run", "there is no run in this folder", "give the folder of --out", str(folder)))
    plan = parse_plan((folder / PLAN).read_text(encoding="utf-8"), str(folder / PLAN))
    journal = read_segments(folder / JOURNAL)
    world: World | None = None
    for done, (batch, _) in enumerate(journal, 1):
        world = world or World(plan, first_day=batch.day)
        apply(world, [parse_event(text) for text in batch.events])
        if progress is not None:
            progress(done, len(journal))
    return world or World(plan)
