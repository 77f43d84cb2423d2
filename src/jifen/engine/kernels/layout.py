"""The order in which the daily run visits members and their lots: everyone after his descendants, and how it is kept.

Of one's children those who have joined last stand first, lots of one member and store stand in order of grant; so the
order is a function of the forest and the lots alone, however it came about.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from jifen.engine.columns import Column, Narrow
from jifen.engine.kernels import compiled

__all__ = ["inverse", "levels_at", "moved", "place_lots", "subtree_sums", "with_lots", "with_members"]


@compiled
def with_members(members: Narrow, depths: Narrow, parent: Narrow, count: int) -> tuple[Narrow, Narrow]:
    """(member, depth) by position: everyone after his descendants, whole subtrees together.

    ``members`` and ``depths`` are the same for the first ``len(members)``, who may be none. Later ones are the last
    children of their sponsors, since they joined last. The order is made from its end.
    """
    known = len(members)
    first = np.full(count + 1, -1, dtype=np.int32)  # the last place is for those without a sponsor
    after = np.full(count - known, -1, dtype=np.int32)
    for member in range(count - 1, known - 1, -1):
        above = parent[member] if parent[member] >= 0 else count
        after[member - known] = first[above]
        first[above] = member
    links = (first, after, parent, known)
    order = (np.empty(count, dtype=np.int32), np.empty(count, dtype=np.int32))
    path, length, size = np.empty(known, dtype=np.int32), 0, 0
    for position in range(known - 1, -2, -1):
        depth = depths[position] if position >= 0 else 0
        # Everyone on the path at this depth or below has had all his old descendants: his new ones come now.
        while length > depth:
            length -= 1
            size = _put_new(first[path[length]], length + 1, links, order, size)
        if position >= 0:
            size += 1
            order[0][count - size] = members[position]
            order[1][count - size] = depth
            path[length] = members[position]
            length += 1
    _put_new(first[count], 0, links, order, size)
    return order


@compiled
def _put_new(
    node: int, depth: int, links: tuple[Narrow, Narrow, Narrow, int], order: tuple[Narrow, Narrow], size: int
) -> int:
    """Put new siblings from ``node`` on, with their subtrees, all of them new, before the ``size`` last ones.

    Return how many there are then.
    """
    first, after, parent, known = links
    members, depths = order
    top = depth
    while node >= 0:
        size += 1
        members[len(members) - size] = node
        depths[len(members) - size] = depth
        if first[node] >= 0:
            node = first[node]
            depth += 1
            continue
        while depth > top and after[node - known] < 0:
            node = parent[node]
            depth -= 1
        node = after[node - known]
    return size


@compiled
def inverse(order: Narrow) -> Narrow:
    """By number its place in ``order``."""
    places = np.empty(len(order), dtype=np.int32)
    for place in range(len(order)):
        places[order[place]] = place
    return places


@compiled
def place_lots(
    first: int, lots: tuple[Narrow, Narrow], kinds: Narrow, position: Narrow, stores: int
) -> tuple[Narrow, Narrow]:
    """Sort lots from number ``first`` on by store, then the position of their member; return (lots, starts).

    ``lots`` is (member, store), ``kinds`` a store's place among those that have lots. ``starts[s, p]`` is where the
    lots of store s begin that belong to the member at position p or after him.
    """
    member, store = lots
    count = len(position)
    starts = np.zeros((stores, count + 1), dtype=np.int32)
    for lot in range(first, len(member)):
        starts[kinds[store[lot]], position[member[lot]]] += 1
    total = 0
    for kind in range(stores):
        for place in range(count + 1):
            here = starts[kind, place]
            starts[kind, place] = total
            total += here
    found = np.empty(total, dtype=np.int32)
    for lot in range(first, len(member)):
        kind, place = kinds[store[lot]], position[member[lot]]
        found[starts[kind, place]] = lot
        starts[kind, place] += 1
    # Every start has moved on to where the next one was.
    for kind in range(stores - 1, -1, -1):
        for place in range(count, 0, -1):
            starts[kind, place] = starts[kind, place - 1]
        starts[kind, 0] = starts[kind - 1, count] if kind else 0
    return found, starts


@compiled
def with_lots(
    old: tuple[Narrow, Narrow, Narrow], new: tuple[Narrow, Narrow], members: Narrow
) -> tuple[Narrow, Narrow, Narrow]:
    """Merge new lots into the order; return (each slot's slot before, starts, begins).

    ``old`` is (position by member, starts, begins) before, ``new`` is (lots, starts) of those since then, which have
    been at the slots of their numbers; ``members`` is by position now. ``begins`` is where each member's live lots
    begin at the earliest.
    """
    position, old_starts, old_begins = old
    lots, new_starts = new
    stores, count, known = len(new_starts), len(members), len(position)
    starts = np.empty((stores, count + 1), dtype=np.int32)
    begins = np.empty((stores, count), dtype=np.int32)
    kept = 0 if known == 0 else old_starts[-1, -1]
    before = np.empty(kept + len(lots), dtype=np.int32)
    size = 0
    for kind in range(stores):
        for place in range(count):
            starts[kind, place] = begins[kind, place] = size
            member = members[place]
            if member < known:
                at = position[member]
                first = old_starts[kind, at]
                begins[kind, place] += old_begins[kind, at] - first
                for slot in range(first, old_starts[kind, at + 1]):
                    before[size] = slot
                    size += 1
            for slot in range(new_starts[kind, place], new_starts[kind, place + 1]):
                before[size] = lots[slot]
                size += 1
        starts[kind, count] = size
    return before, starts, begins


@compiled
def moved(column: npt.NDArray[Any], before: Narrow) -> npt.NDArray[Any]:
    """A column in the order of now: ``before`` is each slot's slot before."""
    result = np.empty(len(before), dtype=column.dtype)
    for slot in range(len(before)):
        result[slot] = column[before[slot]]
    return result


@compiled
def levels_at(members: Narrow, earned: Narrow, appointed: Narrow, ladder: tuple[Narrow, Narrow]) -> Narrow:
    """By position the level of the higher of a member's two ranks.

    ``ladder`` is (by rank its height, 0 for one that is not in it, last that of no rank; by height the level).
    """
    height, level = ladder
    result = np.empty(len(members), dtype=np.int32)
    for place in range(len(members)):
        member = members[place]
        result[place] = level[max(height[earned[member]], height[appointed[member]])]
    return result


@compiled
def subtree_sums(members: Narrow, depths: Narrow, own: Column) -> Column:
    """By member his own number plus those of all his descendants."""
    count = len(members)
    result = np.empty(count, dtype=np.int64)
    below, at, top = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int32), -1
    for position in range(count):
        member, depth = members[position], depths[position]
        total = own[member]
        if top >= 0 and at[top] == depth + 1:
            total += below[top]
            top -= 1
        result[member] = total
        if top >= 0 and at[top] == depth:
            below[top] += total
        else:
            top += 1
            below[top] = total
            at[top] = depth
    return result
