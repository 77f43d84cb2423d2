"""Teams 团队: who stands below whom, and what they have bought, for all members of a world at once.

One pass over the tree; the world is only read, so several threads may share it. Members are rows of ``Members``.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jifen.engine.columns import Narrow
from jifen.engine.kernels import layout as kernels
from jifen.engine.tables import NONE
from jifen.engine.world import World
from jifen.ledger.sums import exactly, sums_by

__all__ = ["Generation", "Legs", "Teams"]

_NOBODY: Narrow = np.empty(0, dtype=np.int32)


@dataclass(frozen=True, slots=True)
class Legs:
    """What a member's direct referrals and all below them have bought, in micro-units, net of refunds."""

    largest: int
    """大区: of the direct referral with the most, and all below."""
    others: int
    """小区: of all other direct referrals, and all below them."""


@dataclass(frozen=True, slots=True)
class Generation:
    """All who stand so far below a member: how many, and what they have bought themselves."""

    generation: int
    members: int
    sales: int


class Teams:
    """The tree of a world, and sums over it.

    >>> from jifen import Line, MemberJoined, OrderPaid, apply, load_plan
    >>> world = World(load_plan("green_points"))
    >>> joins = [MemberJoined(id=name, day=0, member=name, referrer=above) for name, above in (("a", None), ("b", "a"))]
    >>> _ = apply(world, [*joins, OrderPaid(id="o", day=0, member="b", lines=(Line(amount=50_000),))])
    >>> Teams(world).size(0), Teams(world).sales(0), Teams(world).legs(0)
    (1, 50000, Legs(largest=50000, others=0))
    """

    def __init__(self, world: World) -> None:
        """Look at all members of ``world``."""
        self.count = count = world.members.size
        self._parent = np.array(world.members.parent[:count])
        self._own = np.array(world.members.own_net[:count])
        self._members, self._depths = kernels.with_members(_NOBODY, _NOBODY, self._parent, count)
        self._positions = kernels.inverse(self._members)
        self._sizes = kernels.subtree_sums(self._members, self._depths, np.ones(count, dtype=np.int64))

        def below(own: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
            return kernels.subtree_sums(self._members, self._depths, own)

        self._sales = exactly(below, self._own)
        self._children = np.argsort(self._parent, kind="stable")
        self._starts = np.searchsorted(self._parent[self._children], np.arange(count + 1))

    def direct(self, member: int) -> list[int]:
        """The direct referrals, in the order in which they joined."""
        found: list[int] = self._direct(member).tolist()
        return found

    def size(self, member: int) -> int:
        """How many stand below."""
        return int(self._sizes[member]) - 1

    def own(self, member: int) -> int:
        """What the member has bought, in micro-units, net of refunds."""
        return int(self._own[member])

    def sales(self, member: int) -> int:
        """团队业绩: what the member and all below have bought, in micro-units, net of refunds."""
        return int(self._sales[member])

    def legs(self, member: int) -> Legs:
        """The largest leg, and all others together."""
        sales = [int(each) for each in self._sales[self._direct(member)]]
        largest = max(sales, default=0)
        return Legs(largest, sum(sales) - largest)

    def generations(self, member: int, most: int) -> list[Generation]:
        """The first ``most`` generations below, as far as there is anybody."""
        last = int(self._positions[member])
        rows = slice(last - self.size(member), last)
        depth = self._depths[rows] - self._depths[last]
        near = np.flatnonzero(depth <= most)
        counts = np.bincount(depth[near], minlength=most + 1)
        sales = sums_by(depth[near], self._own[self._members[rows][near]], most + 1)
        return [Generation(each, int(counts[each]), int(sales[each])) for each in range(1, most + 1) if counts[each]]

    def above(self, member: int, most: int) -> list[int]:
        """The sponsor, the sponsor's sponsor, and so on, ``most`` at most."""
        found: list[int] = []
        while len(found) < most and (member := int(self._parent[member])) != NONE:
            found.append(member)
        return found

    def _direct(self, member: int) -> npt.NDArray[np.int64]:
        return self._children[self._starts[member] : self._starts[member + 1]]
