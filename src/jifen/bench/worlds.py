"""A world of any plan and size, made by columns: seconds for a million members, where events would take an hour.

Members refer each other as in ``batch.make_shop``: who has referred more is found more often, some join by themselves.
Every order has granted a lot and all lots are open, some of them almost used up. They arrived in random order of their
owners and have been numbered so: nothing is laid out for anyone's convenience. What only refunds and explanations ask
for (releases of the past, feeds, what orders weighed) is left out; all that a close works on is there, and its books
balance.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, cast, overload

import numpy as np

from jifen.bench.sizes import Size
from jifen.bench.stock import Stock, fill
from jifen.bench.timing import Say, quiet
from jifen.engine import World
from jifen.engine.columns import Column
from jifen.engine.tables import NONE
from jifen.ledger.names import Names, Texts
from jifen.plan.model import Plan

__all__ = ["FIRST_DAY", "Numbered", "build_world", "give_names", "parents_of"]

FIRST_DAY = 739_000
"""The open day of every world that is made here; its lots are of the year before."""

_UNREFERRED = 0.15
"""Of the members of a forest, those who joined by themselves: as many as in the small shop of the demonstration."""


class Numbered(Sequence[str]):
    """Names that nobody has to keep: a prefix and the number itself."""

    def __init__(self, letter: str, count: int) -> None:
        """``count`` names from number 0 on."""
        self._letter, self._count = letter, count

    def __len__(self) -> int:
        """How many there are."""
        return self._count

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        """The name with a number, or the names of some."""
        if isinstance(place, slice):
            return [f"{self._letter}{number:08d}" for number in range(self._count)[place]]
        return f"{self._letter}{range(self._count)[place]:08d}"

    def __iter__(self) -> Iterator[str]:
        """All of them in order."""
        return (f"{self._letter}{number:08d}" for number in range(self._count))


def build_world(plan: Plan, size: Size, say: Say = quiet) -> World:
    """Make a world with an open day to be closed. Members and orders have names that are not kept (``give_names``)."""
    say(f"making {size.members:,} members and {size.lots:,} lots")
    rng = np.random.default_rng(size.seed)
    world = World(plan, first_day=FIRST_DAY)
    _add_members(world, size, rng)
    fill(world, size, Stock.of(world, size, rng))
    world.order_ids = Names(cast("Texts", Numbered("o", world.orders.size)))
    return world


def parents_of(size: Size, rng: np.random.Generator) -> Column:
    """By member his sponsor, who joined before him, or NONE.

    Who is found in proportion to those he has referred is at ⌊i × u²⌋ among the first i: the forest of a million is
    some 18 deep.
    """
    count = size.members
    if size.shape == "chain":
        return np.arange(-1, count - 1, dtype=np.int64)
    if size.shape == "star":
        star = np.zeros(count, dtype=np.int64)
        star[0] = NONE
        return star
    parent: Column = (np.arange(count) * rng.random(count) ** 2).astype(np.int64)
    parent[rng.random(count) < _UNREFERRED] = NONE
    parent[0] = NONE
    return parent


def give_names(world: World) -> None:
    """Let members, orders and events keep their names, as in a shop that has lived: a snapshot has them all."""
    world.member_ids = Names(Texts.of(Numbered("m", world.members.size)))
    world.order_ids = Names(Texts.of(Numbered("o", world.orders.size)))
    world.event_ids = Names(Texts.of(chain(Numbered("jm", world.members.size), Numbered("o", world.orders.size))))
    first, second = np.random.default_rng(0).integers(-(2**63), 2**63 - 1, (2, len(world.event_ids)))
    world.event_digests.extend(len(world.event_ids), first=first, second=second)


def _add_members(world: World, size: Size, rng: np.random.Generator) -> None:
    """Members in joining order, with room in everything that is kept of members."""
    count = size.members
    joined = FIRST_DAY - 730 + np.arange(count) * 730 // count
    world.members.extend(count, parent=parents_of(size, rng), joined=joined)
    tables: list[Any] = [*world.chains.values(), *world.ladders.values(), *world.weights.values()]
    for table in tables:
        table.extend(count)
    world.wallets = [np.zeros(count, dtype=np.int64) for _ in world.wallets]
    world.member_ids = Names(cast("Texts", Numbered("m", count)))
    world.layout = None
