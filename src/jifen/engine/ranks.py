"""Ranks: what a measure gives, kept with the number of the event from which it counts."""

import numpy as np

from jifen.engine.columns import Column
from jifen.engine.program import Ladder
from jifen.engine.tables import NONE
from jifen.engine.world import History, World

__all__ = ["appoint", "change", "place_at", "recompute", "value_at"]


def recompute(world: World, since: int, *, only_immediate: bool = False) -> None:
    """Give everyone the rank his measure gives now; it counts from event number ``since`` on."""
    for name, ladder in world.program.ladders.items():
        if only_immediate and ladder.ranks.effective != "immediate":
            continue
        ranked = world.ladders[name]
        before = ranked.earned[: world.members.size]
        after = _earned_now(world, ladder, before)
        for member in np.flatnonzero(before != after).tolist():
            change(world.earned_changes[name], member, since, int(before[member]), int(after[member]))
        ranked.earned[: world.members.size] = after


def _earned_now(world: World, ladder: Ladder, before: Column) -> Column:
    """The rank (a name's number, or NONE) that the ladder's measure gives each member."""
    rows = [row for row in ladder.ranks.ladder if row.min is not None]
    numbers = np.array([*(world.rank_names.number(row.name) for row in rows), NONE], dtype=np.int64)
    if ladder.ranks.by != "performance" or not rows:
        reached = np.full(len(before), NONE, dtype=np.int64)
    else:
        thresholds = np.array([row.min for row in rows], dtype=np.int64)
        reached = numbers[np.searchsorted(thresholds, world.performances(), side="right") - 1]
    if ladder.ranks.demote != "never":
        return reached
    height = np.array([*(ladder.places.get(name, -1) for name in world.rank_names.names), -1], dtype=np.int64)
    return np.where(height[reached] >= height[before], reached, before)


def change(changes: History, member: int, since: int, before: int, after: int) -> None:
    """Remember that a value counts from event number ``since`` on, and what it was before its first change."""
    history = changes.setdefault(member, [(NONE, before)])
    if history[-1][0] == since:
        history[-1] = (since, after)
    else:
        history.append((since, after))


def appoint(world: World, member: int, rank: int) -> None:
    """Give a rank by hand (NONE takes it back); it counts for all later events."""
    before = world.members.appointed.item(member)
    change(world.appointed_changes, member, world.next_event, before, rank)
    world.members.appointed[member] = rank


def value_at(changes: History, member: int, event: int, now: int) -> int:
    """What a value was when event number ``event`` was handled; ``now`` where it never changed."""
    history = changes.get(member)
    if history is None:
        return now
    return next(value for since, value in reversed(history) if since <= event)


def place_at(world: World, member: int, ladder: str, event: int) -> int:
    """The member's place in a ladder at an event, by the version of the ladder then; -1 for no rank."""
    program = world.programs[world.version_at(event)]
    if ladder not in program.ladders:
        return -1
    places, names = program.ladders[ladder].places, world.rank_names.names
    ranks = (
        value_at(world.earned_changes[ladder], member, event, world.ladders[ladder].earned.item(member)),
        value_at(world.appointed_changes, member, event, world.members.appointed.item(member)),
    )
    return max(-1 if rank == NONE else places.get(names[rank], -1) for rank in ranks)
