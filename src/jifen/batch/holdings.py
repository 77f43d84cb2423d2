"""What each member has: assets, what remains of his lots, weights, and what the reserve still owes him."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from jifen.engine import World
from jifen.engine.books import OWED
from jifen.engine.world import ASSETS

__all__ = ["Holding", "Kind", "balance_rows", "holdings"]

Kind = Literal["asset", "lots", "weight", "claims"]
_STORE = "store:"
"""Before the name of a store that bears the name of an asset, or of the claims."""


class Holding(NamedTuple):
    """One thing that members may have: its name in ``balances.csv``, and micro-units by member."""

    name: str
    kind: Kind
    amounts: npt.NDArray[np.int64]


def holdings(world: World) -> list[Holding]:
    """Everything that members may have: assets, stores of lots, stores of weights, and claims if any ever arose."""
    members = world.members.size
    found = [Holding(asset, "asset", world.wallets[place][:members]) for place, asset in enumerate(ASSETS)]
    lots, count = world.lots, world.lots.size
    for store in world.chains:
        mine = lots.store[:count] == store
        total = np.zeros(members, dtype=np.int64)
        np.add.at(total, lots.member[:count][mine], lots.remaining[:count][mine])
        found.append(Holding(_named(world, store), "lots", total))
    found += [
        Holding(_named(world, store), "weight", weights.amount[:members]) for store, weights in world.weights.items()
    ]
    if world.owings.size:
        owed = np.zeros(members, dtype=np.int64)
        for payment in world.claims:
            owed[world.payments.member.item(payment)] += world.owed_of(payment)
        found.append(Holding(OWED, "claims", owed))
    return found


def balance_rows(world: World) -> Iterator[tuple[str, str, int]]:
    """(member, name, micro-units): everything of every member, in joining order."""
    found = [(holding.name, holding.amounts) for holding in holdings(world)]
    for member, name in enumerate(world.member_names):
        for thing, amounts in found:
            yield name, thing, amounts.item(member)


def _named(world: World, store: int) -> str:
    """A store's name in a table where assets and claims stand too."""
    name = world.stores.names[store]
    return _STORE + name if name in (*ASSETS, OWED) else name
