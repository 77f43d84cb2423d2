"""Places numbered below each sponsor: who is his first, second, third referral.

A referral takes the lowest place that is free at the sponsor; by persons, whoever holds a place takes no other. A place
becomes free again when nothing is kept of the order that took it; nobody is renumbered.
"""

import heapq
from collections import Counter
from dataclasses import dataclass, field

from jifen.engine.tables import NONE
from jifen.engine.world import World
from jifen.plan.model import Positions

__all__ = ["free_places", "place_taken", "take_place"]


@dataclass(slots=True)
class _Taken:
    """What can be derived from the rows of ``Places``, by store."""

    free: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    """By store and sponsor: freed places, the lowest first."""
    count: dict[tuple[int, int], int] = field(default_factory=dict)
    """By store and sponsor: all places below this number have been taken once."""
    held: Counter[tuple[int, int]] = field(default_factory=Counter)
    """By store and person: how many places he holds (more than one only where orders were counted for a while)."""
    rows: dict[int, list[int]] = field(default_factory=dict)
    """By order: its rows."""


def _taken(world: World) -> _Taken:
    """The derived state, made from the rows where a world has just been loaded."""
    if not isinstance(world.taken, _Taken):
        taken, places = _Taken(), world.positions
        live: dict[tuple[int, int], set[int]] = {}
        for row in range(places.size):
            _note(world, taken, row)
            if not places.freed.item(row):
                store, sponsor = places.store.item(row), places.sponsor.item(row)
                live.setdefault((store, sponsor), set()).add(places.place.item(row))
                taken.held[store, places.person.item(row)] += 1
        # Every place below the highest has been taken once, so what nobody holds is free.
        taken.free = {key: sorted(set(range(count)) - live.get(key, set())) for key, count in taken.count.items()}
        world.taken = taken
    return world.taken


def _note(world: World, taken: _Taken, row: int) -> None:
    """Remember a row by its order, and how far the places of its sponsor go."""
    places = world.positions
    key = (places.store.item(row), places.sponsor.item(row))
    taken.count[key] = max(taken.count.get(key, 0), places.place.item(row) + 1)
    taken.rows.setdefault(places.order.item(row), []).append(row)


def take_place(world: World, store: str, sponsor: int, order: int) -> int:
    """Let the buyer of ``order`` take the lowest free place below ``sponsor``; its number, or NONE if he holds one."""
    taken, number = _taken(world), world.stores.number(store)
    person = world.orders.member.item(order)
    kind = world.program.plan.stores[store]
    if isinstance(kind, Positions) and kind.counts == "persons" and taken.held[number, person] > 0:
        return NONE
    free = taken.free.get((number, sponsor))
    place = heapq.heappop(free) if free else taken.count.get((number, sponsor), 0)
    row = world.positions.add(store=number, sponsor=sponsor, place=place, person=person, order=order)
    _note(world, taken, row)
    taken.held[number, person] += 1
    return place


def free_places(world: World, order: int) -> None:
    """Nothing is kept of an order: the places it took are free again."""
    places, taken = world.positions, _taken(world)
    for row in taken.rows.get(order, ()):
        if not places.freed.item(row):
            places.freed[row] = 1
            store = places.store.item(row)
            heapq.heappush(taken.free.setdefault((store, places.sponsor.item(row)), []), places.place.item(row))
            taken.held[store, places.person.item(row)] -= 1


def place_taken(world: World, store: str, order: int) -> int:
    """The place that an order took in a store, NONE if it took none."""
    number = world.stores.get(store)
    rows = _taken(world).rows.get(order, ())
    return next((world.positions.place.item(row) for row in rows if world.positions.store.item(row) == number), NONE)
