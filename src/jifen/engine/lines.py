"""The line of a queue: its waiting lots by unlock day, then arrival, in a heap that is worked out once and kept.

A lot with nothing left is dropped when it reaches the head; one that waits again is entered again, so an order or a
payment never looks at the whole line.
"""

import heapq

import numpy as np

from jifen.engine.tables import NONE
from jifen.engine.world import World

__all__ = ["enter", "first", "leave"]


def enter(world: World, lot: int) -> None:
    """A lot waits (again); nothing to do for a store whose line nobody has asked for."""
    line = world.lines.get(world.lots.store.item(lot))
    if line is not None:
        heapq.heappush(line, (world.lots.eligible_from.item(lot), lot))


def first(world: World, store: int) -> int:
    """The head of the line, or NONE."""
    line = _line(world, store)
    while line:
        lot = line[0][1]
        if world.lots.remaining.item(lot) > 0:
            return lot
        heapq.heappop(line)
    return NONE


def leave(world: World, store: int) -> None:
    """Let the head step out of the line; whoever still waits then must be entered again."""
    heapq.heappop(_line(world, store))


def _line(world: World, store: int) -> list[tuple[int, int]]:
    """The heap of a store's waiting lots."""
    if store not in world.lines:
        lots, count = world.lots, world.lots.size
        waiting = np.flatnonzero((lots.store[:count] == store) & (lots.remaining[:count] > 0))
        line = list(zip(lots.eligible_from[waiting].tolist(), waiting.tolist(), strict=True))
        heapq.heapify(line)
        world.lines[store] = line
    return world.lines[store]
