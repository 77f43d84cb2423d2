"""Places numbered below each sponsor: who is his first, second, third referral.

A referral takes the lowest place that is free at the sponsor; by persons, whoever holds a place takes no other. A place
becomes free again when nothing is kept of the order that took it; nobody is renumbered.
"""

from collections.abc import Iterator

import numpy as np

from jifen.engine.columns import Narrow
from jifen.engine.kernels.bulk_tables import Taken
from jifen.engine.kernels.freed import joined
from jifen.engine.tables import NONE
from jifen.engine.world import World
from jifen.plan.model import Positions

__all__ = ["TakenPlaces", "free_places", "place_taken", "take_place", "taken_places"]


class TakenPlaces:
    """What can be derived from the rows of ``Places``, in columns that compiled code keeps up to date too."""

    def __init__(self, world: World) -> None:
        """Work it out from the rows."""
        self._sizes: tuple[int, ...] = ()
        one, many = np.zeros(0, dtype=np.int32), np.zeros((0, 0), dtype=np.int32)
        self.columns = Taken(one, many, many, many, one, one, one)
        self.make_room(world)
        self._collect(world)

    def make_room(self, world: World) -> None:
        """Make room for all stores, members, orders and rows; without stores of places there is none."""
        sizes = len(world.stores), len(world.members.parent), len(world.orders.member), len(world.positions.order)
        if sizes == self._sizes:
            return
        self._sizes, (stores, members, orders, rows) = sizes, sizes
        plans = (program.plan.stores.values() for program in world.programs)
        kinds = [store.name for of_plan in plans for store in of_plan if isinstance(store, Positions)]
        numbers = list(dict.fromkeys(world.stores.numbers[name] for name in kinds))
        of_store = np.full(stores, NONE, dtype=np.int32)
        of_store[numbers] = range(len(numbers))
        if not numbers:
            members = orders = rows = 0
        old, wide = self.columns, (len(numbers), members)
        self.columns = Taken(
            of_store, _grown(old.reached, wide, 0), _grown(old.held, wide, 0), _grown(old.free, wide, NONE),
            _grown(old.left, (rows,), NONE), _grown(old.right, (rows,), NONE), _grown(old.first, (orders,), NONE),
        )  # fmt: skip

    def _collect(self, world: World) -> None:
        """Count the rows that are there, as those of a world that has just been loaded."""
        taken = self.columns
        rows = world.positions.columns()
        kind, sponsor, place, freed = taken.of_store[rows["store"]], rows["sponsor"], rows["place"], rows["freed"] > 0
        np.maximum.at(taken.reached, (kind, sponsor), place + 1)
        np.add.at(taken.held, (kind[~freed], rows["person"][~freed]), 1)
        orders, first = np.unique(rows["order"], return_index=True)
        taken.first[orders] = first
        # A place is free if the newest of its rows is.
        _, before_end = np.unique(np.stack((kind, sponsor, place))[:, ::-1], axis=1, return_index=True)
        newest = len(place) - 1 - before_end
        for row in newest[freed[newest]].tolist():
            self.free(world, row)

    def free(self, world: World, row: int) -> None:
        """Let the place of a row be free again."""
        taken, places = self.columns, world.positions
        at = taken.of_store.item(places.store.item(row)), places.sponsor.item(row)
        taken.left[row] = taken.right[row] = NONE
        taken.free[at] = joined((places.place, taken.left, taken.right), row, taken.free.item(at))

    def rows_of(self, world: World, order: int) -> Iterator[int]:
        """The rows of an order: they stand together."""
        row, places = self.columns.first.item(order) if len(self.columns.first) else NONE, world.positions
        while row != NONE and row < places.size and places.order.item(row) == order:
            yield row
            row += 1


def _grown(column: Narrow, shape: tuple[int, ...], fill: int) -> Narrow:
    """A column with more room, which is filled."""
    grown = np.full(shape, fill, dtype=np.int32)
    grown[tuple(map(slice, column.shape))] = column
    return grown


def taken_places(world: World) -> TakenPlaces:
    """The derived columns, with room for all."""
    if not isinstance(world.taken, TakenPlaces):
        world.taken = TakenPlaces(world)
    world.taken.make_room(world)
    return world.taken


def take_place(world: World, store: str, sponsor: int, order: int) -> int:
    """Let the buyer of ``order`` take the lowest free place below ``sponsor``; its number, or NONE if he holds one."""
    places, number = world.positions, world.stores.number(store)
    places.reserve(places.size + 1)
    taken = taken_places(world).columns
    person, kind = world.orders.member.item(order), taken.of_store.item(number)
    counted = world.program.plan.stores[store]
    if isinstance(counted, Positions) and counted.counts == "persons" and taken.held.item(kind, person) > 0:
        return NONE
    top = taken.free.item(kind, sponsor)
    place = taken.reached.item(kind, sponsor) if top == NONE else places.place.item(top)
    if top == NONE:
        taken.reached[kind, sponsor] = place + 1
    else:
        heaps = places.place, taken.left, taken.right
        taken.free[kind, sponsor] = joined(heaps, taken.left.item(top), taken.right.item(top))
    row = places.add(store=number, sponsor=sponsor, place=place, person=person, order=order)
    taken.held[kind, person] += 1
    if taken.first[order] == NONE:
        taken.first[order] = row
    return place


def free_places(world: World, order: int) -> None:
    """Nothing is kept of an order: the places it took are free again."""
    places, taken = world.positions, taken_places(world)
    for row in taken.rows_of(world, order):
        places.freed[row] = 1
        taken.columns.held[taken.columns.of_store[places.store[row]], places.person[row]] -= 1
        taken.free(world, row)


def place_taken(world: World, store: str, order: int) -> int:
    """The place that an order took in a store, NONE if it took none."""
    number, places = world.stores.get(store), world.positions
    rows = taken_places(world).rows_of(world, order)
    return next((places.place.item(row) for row in rows if places.store.item(row) == number), NONE)
