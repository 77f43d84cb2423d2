"""Ranks: what a measure gives, kept with the day from which a run counts it."""

import numpy as np

from jifen.engine.columns import Column
from jifen.engine.program import Ladder
from jifen.engine.tables import NONE
from jifen.engine.world import World

__all__ = ["appoint", "change", "place_on", "recompute", "value_on"]


def recompute(world: World, since: int, *, only_immediate: bool = False) -> None:
    """Give everyone the rank his measure gives now; runs from day ``since`` count it."""
    for name, ladder in world.program.ladders.items():
        if only_immediate and ladder.ranks.effective != "immediate":
            continue
        ranked = world.ladders[name]
        before = ranked.earned[: world.members.size]
        after = _earned_now(world, ladder, before)
        changes = world.earned_changes[name]
        for member in np.flatnonzero(before != after).tolist():
            change(changes, member, since, int(before[member]), int(after[member]), world.members.joined.item(member))
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


def change(
    changes: dict[int, list[tuple[int, int]]], member: int, since: int, before: int, after: int, joined: int
) -> None:
    """Remember that a value counts from day ``since``; what it was before is remembered with the first change."""
    history = changes.setdefault(member, [(joined, before)])
    if history[-1][0] >= since:
        history[-1] = (since, after)
        if len(history) == 1:
            history.insert(0, (min(joined, since - 1), before))
    else:
        history.append((since, after))


def appoint(world: World, member: int, rank: int) -> None:
    """Give a rank by hand (NONE takes it back); it counts at once."""
    before = world.members.appointed.item(member)
    joined = world.members.joined.item(member)
    change(world.appointed_changes, member, world.open_day, before, rank, joined)
    world.members.appointed[member] = rank


def value_on(changes: dict[int, list[tuple[int, int]]], member: int, day: int, now: int) -> int:
    """What a value was for the run of ``day``; ``now`` where it never changed."""
    history = changes.get(member)
    if history is None:
        return now
    return next((value for since, value in reversed(history) if since <= day), history[0][1])


def place_on(world: World, member: int, ladder: str, day: int) -> int:
    """The member's place in a ladder in the run of ``day``, by that day's version of the ladder; -1 for no rank."""
    program = world.programs[world.version_on(day)]
    if ladder not in program.ladders:
        return -1
    places, names = program.ladders[ladder].places, world.rank_names.names
    ranks = (
        value_on(world.earned_changes[ladder], member, day, world.ladders[ladder].earned.item(member)),
        value_on(world.appointed_changes, member, day, world.members.appointed.item(member)),
    )
    return max(-1 if rank == NONE else places.get(names[rank], -1) for rank in ranks)
