"""Ranks: what a measure gives, kept with the number of the event from which it counts."""

import numpy as np

from jifen.engine.columns import Column, Narrow
from jifen.engine.program import Ladder, row_at
from jifen.engine.tables import NONE
from jifen.engine.world import World

__all__ = ["appoint", "judge_order", "place_at", "recompute"]


_FEW = 64
"""Up to so many members are judged one by one: for these, columns would take longer than the work."""


def recompute(world: World, since: int, *, only_immediate: bool = False) -> None:
    """Give everyone whose measure has changed the rank it gives now; it counts from event number ``since`` on."""
    ladders = world.program.immediate if only_immediate else world.program.ladders
    for name, ladder in ladders.items():
        touched = None if ladder.ranks.by == "performance" else world.measured[name]
        world.measured[name] = set()
        if touched is None or len(touched) > _FEW:
            members = np.arange(world.members.size) if touched is None else np.array(sorted(touched), dtype=np.int64)
            _judge(world, ladder, members, since)
        elif touched:
            for member in sorted(touched):
                _judge_one(world, ladder, member, since)


def _judge(world: World, ladder: Ladder, members: Column, since: int) -> None:
    """Give these members, each named once, the ranks that their measures give now."""
    name = ladder.ranks.name
    earned = world.ladders[name].earned
    before = earned[members]
    after = _earned_now(world, ladder, members, before)
    changed = np.flatnonzero(before != after)
    if len(changed):
        world.reranked.update(members[changed].tolist())
        world.earned_changes[name].note(members[changed], since, before[changed], after[changed].astype(np.int32))
        world.ways = None
        earned[members[changed]] = after[changed]


def _judge_one(world: World, ladder: Ladder, member: int, since: int) -> None:
    """The same for one member."""
    name = ladder.ranks.name
    earned = world.ladders[name].earned
    before = earned.item(member)
    after = _rank_of(world, ladder, member)
    if ladder.ranks.demote == "never" and _height(world, ladder, after) < _height(world, ladder, before):
        return
    if after == before:
        return
    world.reranked.add(member)
    world.earned_changes[name].change(member, since, before, after)
    world.ways = None
    earned[member] = after


def _rank_of(world: World, ladder: Ladder, member: int) -> int:
    """The rank (a name's number, or NONE) that the ladder's measure gives a member."""
    by = ladder.ranks.by
    if by == "largest_order":
        return _largest(world, ladder, member)
    rows = tuple(row for row in ladder.ranks.ladder if row.min is not None)
    if by == "appointed" or not rows:
        return NONE
    row = row_at(rows, _measures(world, ladder).item(member))
    return NONE if row is None else world.rank_names.number(row.name)


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
        reached = numbers[np.searchsorted(thresholds, _measures(world, ladder)[members], side="right") - 1]
    if ladder.ranks.demote != "never":
        return reached
    height = np.array([*(ladder.places.get(name, -1) for name in world.rank_names.names), -1], dtype=np.int64)
    return np.where(height[reached] >= height[before], reached, before)


def _measures(world: World, ladder: Ladder) -> Column:
    """By member what a ladder judges him by."""
    by = ladder.ranks.by
    if by == "performance":
        return world.performances()
    if by == "cumulative":
        return world.members.own_net
    if by == "spend":
        return world.members.spend
    return world.weights[world.stores.numbers[by]].amount


def _height(world: World, ladder: Ladder, rank: int) -> int:
    """A rank's place in a ladder; -1 for none, or one that the ladder does not have."""
    return -1 if rank == NONE else ladder.places.get(world.rank_names.names[rank], -1)


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
    height, found, top = -1, NONE, len(ladder.places) - 1
    for order in world.live_orders(member):
        rank = given.item(order)
        if rank in (found, NONE):
            continue
        place = _height(world, ladder, rank)
        if place > height:
            height, found = place, rank
            if height == top:
                break
    return found


def appoint(world: World, member: int, rank: int) -> None:
    """Give a rank by hand (NONE takes it back); it counts for all later events."""
    world.appointed_changes.change(member, world.next_event, world.members.appointed.item(member), rank)
    world.members.appointed[member] = rank
    world.reranked.add(member)
    world.ways = None


def place_at(world: World, member: int, ladder: str, event: int) -> int:
    """The member's place in a ladder at an event, by the version of the ladder then; -1 for no rank."""
    program = world.programs[world.version_at(event)]
    if ladder not in program.ladders:
        return -1
    ranks = (
        world.earned_changes[ladder].at(member, event, world.ladders[ladder].earned.item(member)),
        world.appointed_changes.at(member, event, world.members.appointed.item(member)),
    )
    return max(_height(world, program.ladders[ladder], rank) for rank in ranks)
