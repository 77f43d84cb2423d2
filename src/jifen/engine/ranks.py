"""Ranks: what a measure gives, kept with the number of the event from which it counts."""

import numpy as np

from jifen.engine.columns import Column, Narrow
from jifen.engine.history import History
from jifen.engine.program import Ladder, row_at
from jifen.engine.tables import NONE
from jifen.engine.world import World

__all__ = ["appoint", "change", "judge_order", "place_at", "recompute"]


def recompute(world: World, since: int, *, only_immediate: bool = False) -> None:
    """Give everyone whose measure has changed the rank it gives now; it counts from event number ``since`` on."""
    ladders = world.program.immediate if only_immediate else world.program.ladders
    for name, ladder in ladders.items():
        touched = None if ladder.ranks.by == "performance" else world.measured[name]
        if touched is not None and not touched:
            continue
        members = np.arange(world.members.size) if touched is None else np.array(sorted(touched), dtype=np.int64)
        earned = world.ladders[name].earned
        before = earned[members]
        after = _earned_now(world, ladder, members, before)
        changed = np.flatnonzero(before != after)
        world.reranked.update(members[changed].tolist())
        world.earned_changes[name].note(members[changed], since, before[changed], after[changed].astype(np.int32))
        if len(changed):
            world.ways = None
        earned[members] = after
        world.measured[name] = set()


def _earned_now(world: World, ladder: Ladder, members: Column, before: Narrow) -> Column:
    """The rank (a name's number, or NONE) that the ladder's measure gives each of these members."""
    rows = [row for row in ladder.ranks.ladder if row.min is not None]
    if ladder.ranks.by == "largest_order":
        reached = np.array([_largest(world, ladder, member) for member in members.tolist()], dtype=np.int64)
    elif ladder.ranks.by == "appointed" or not rows:
        reached = np.full(len(before), NONE, dtype=np.int64)
    else:
        numbers = np.array([*(world.rank_names.number(row.name) for row in rows), NONE], dtype=np.int64)
        thresholds = np.array([row.min for row in rows], dtype=np.int64)
        reached = numbers[np.searchsorted(thresholds, _measured(world, ladder, members), side="right") - 1]
    if ladder.ranks.demote != "never":
        return reached
    height = np.array([*(ladder.places.get(name, -1) for name in world.rank_names.names), -1], dtype=np.int64)
    return np.where(height[reached] >= height[before], reached, before)


def _measured(world: World, ladder: Ladder, members: Column) -> Column:
    """What a ladder judges these members by."""
    by = ladder.ranks.by
    if by == "performance":
        return world.performances()[members]
    if by == "cumulative":
        return world.members.own_net[members]
    if by == "spend":
        return world.members.spend[members]
    return world.weights[world.stores.numbers[by]].amount[members]


def judge_order(world: World, order: int) -> None:
    """Fix the rank that an order taking effect gives by its amount, in the ladders judged by the largest order."""
    for name, order_ranks in world.order_ranks.items():
        ladder = world.program.ladders.get(name)
        rows = () if ladder is None else tuple(row for row in ladder.ranks.ladder if row.min is not None)
        row = row_at(rows, world.orders.kept.item(order))
        order_ranks.rank[order] = NONE if row is None else world.rank_names.number(row.name)


def _largest(world: World, ladder: Ladder, member: int) -> int:
    """The highest rank that one of the member's live orders gives, or NONE."""
    given = world.order_ranks[ladder.ranks.name].rank
    ranks = [given.item(order) for order in world.live_orders(member)]
    names = world.rank_names.names
    place, rank = max(
        ((ladder.places.get(names[rank], -1), rank) for rank in ranks if rank != NONE), default=(-1, NONE)
    )
    return rank if place >= 0 else NONE


def change(history: History, member: int, since: int, before: int, after: int) -> None:
    """Remember that a member's value counts from event number ``since`` on, and what it was before its first change."""
    one = (np.array([value], dtype=np.int32) for value in (before, after))
    history.note(np.array([member]), since, *one)


def appoint(world: World, member: int, rank: int) -> None:
    """Give a rank by hand (NONE takes it back); it counts for all later events."""
    change(world.appointed_changes, member, world.next_event, world.members.appointed.item(member), rank)
    world.members.appointed[member] = rank
    world.reranked.add(member)
    world.ways = None


def place_at(world: World, member: int, ladder: str, event: int) -> int:
    """The member's place in a ladder at an event, by the version of the ladder then; -1 for no rank."""
    program = world.programs[world.version_at(event)]
    if ladder not in program.ladders:
        return -1
    places, names = program.ladders[ladder].places, world.rank_names.names
    ranks = (
        world.earned_changes[ladder].at(member, event, world.ladders[ladder].earned.item(member)),
        world.appointed_changes.at(member, event, world.members.appointed.item(member)),
    )
    return max(-1 if rank == NONE else places.get(names[rank], -1) for rank in ranks)
