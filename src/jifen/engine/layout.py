"""The layout: members after their descendants and their lots beside one another, as the daily run reads them.

It is derived from the forest and the lots, and never saved. Before a run what has been added since is merged in; after
a member has moved it is made anew. Those columns of ``Lots`` that are ``Placed`` lie in its order.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from jifen.engine.columns import Column, Narrow
from jifen.engine.kernels import layout as kernels
from jifen.engine.tables import Chains, Lots, Members

__all__ = ["Layout"]


def _nothing() -> Narrow:
    return np.empty(0, dtype=np.int32)


@dataclass(slots=True)
class Layout:
    """Positions number members in postorder, slots the lots: by store, then position, then in order of grant."""

    members: Narrow = field(default_factory=_nothing)
    """By position."""
    depths: Narrow = field(default_factory=_nothing)
    """By position: 0 for those without a sponsor."""
    positions: Narrow = field(default_factory=_nothing)
    """By member."""
    lot_at: Narrow = field(default_factory=_nothing)
    """By slot."""
    stores: dict[int, int] = field(default_factory=dict)
    """By the number of a store of lots its place in ``starts``."""
    starts: Narrow = field(default_factory=lambda: np.zeros((1, 1), dtype=np.int32))
    """By store and position: the slot of the member's first lot; one more for the end."""
    begins: Narrow = field(default_factory=lambda: np.zeros((1, 0), dtype=np.int32))
    """The same without those lots that the last runs have found empty."""
    levels: Narrow | None = None
    """By ladder that daily walks go by, and position: the level of the member's rank. ``None``: to be found anew."""

    def renew(self, members: Members, lots: Lots, chains: Mapping[int, Chains]) -> None:
        """Merge in what has been added; all, if there is nothing yet or another store."""
        if list(chains) != list(self.stores):
            self.positions = _nothing()
            self.stores = {store: place for place, store in enumerate(chains)}
        if len(self.positions) == 0:
            self.members, self.depths, self.lot_at = _nothing(), _nothing(), _nothing()
        before = self.positions
        if len(before) < members.size:
            self.members, self.depths = kernels.with_members(self.members, self.depths, members.parent, members.size)
            self.positions = kernels.inverse(self.members)
            self.levels = None
        if len(before) < members.size or len(self.lot_at) < lots.size:
            self._place(lots, before)

    def _place(self, lots: Lots, before: Narrow) -> None:
        """Merge in new lots and put the placed columns in order; ``before`` is what ``positions`` were."""
        known, count = len(self.lot_at), lots.size
        kinds = np.zeros(max(self.stores, default=0) + 1, dtype=np.int32)
        kinds[list(self.stores)] = list(self.stores.values())
        pair = lots.member[:count], lots.store[:count]
        added = kernels.place_lots(known, pair, kinds, self.positions, max(len(self.stores), 1))
        if known == 0:
            self.lot_at, self.starts = added
            self.begins, moves = self.starts[:, :-1].copy(), lots.slot[self.lot_at]
        else:
            moves, self.starts, self.begins = kernels.with_lots((before, self.starts, self.begins), added, self.members)
            self.lot_at = kernels.moved(np.concatenate([self.lot_at, np.arange(known, count, dtype=np.int32)]), moves)
        # The columns of a snapshot mostly are in order; what is only read of them stays on disk.
        if not np.array_equal(moves, np.arange(count, dtype=np.int32)):
            for column in lots.placed():
                column.data[:count] = kernels.moved(column.data, moves)
            lots.slot[:count] = kernels.inverse(self.lot_at)

    def revive(self, store: int, member: int, slot: int) -> None:
        """A lot that was empty has something again."""
        if member < len(self.positions) and slot < len(self.lot_at):
            at = self.stores[store], self.positions.item(member)
            self.begins[at] = min(self.begins.item(at), slot)

    def levels_of(self, earned: Narrow, appointed: Narrow, ladder: tuple[Narrow, Narrow]) -> Narrow:
        """By position the level of the higher of a member's two ranks.

        ``ladder`` is (by rank its height, 0 for one that is not in it, last that of no rank; by height the level).
        """
        return kernels.levels_at(self.members, earned, appointed, ladder)

    def subtree_sums(self, own: Column) -> Column:
        """By member his own number plus those of all his descendants."""
        return kernels.subtree_sums(self.members, self.depths, own)
