"""What each member has: assets, what remains of his lots, weights, and what the reserve still owes him."""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

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
    """One thing that members may have: its name in ``balances.csv``, and micro-units by member.

    These are int64, of lots Python integers where 64 bits are too few.
    """

    name: str
    kind: Kind
    amounts: npt.NDArray[Any]


def holdings(world: World) -> list[Holding]:
    """Everything that members may have: assets, stores of lots, stores of weights, and claims if any ever arose."""
    members = world.members.size
    found = [Holding(asset, "asset", world.wallets[place][:members]) for place, asset in enumerate(ASSETS)]
    found += [Holding(_named(world, store), "lots", world.held_in(store)) for store in world.chains]
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
