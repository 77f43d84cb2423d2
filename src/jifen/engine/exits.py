"""Forced exits: whoever's tokens have reached a multiple of his spend sells all, the lowest exit price first.

An exit price, cap ÷ tokens, does not depend on the pool: it changes only by the holder's own events. So a heap of
prices is enough; stale entries are recognised by a count and skipped. Each exit moves the price, so the heap is asked
again after each; every exit removes a holder, so this ends.
"""

import heapq
from fractions import Fraction
from math import gcd

import numpy as np

from jifen.core.micros import MICRO
from jifen.engine.books import Books
from jifen.engine.columns import SUM_MAX
from jifen.engine.curve import curve_of, exit_cap, exit_price, leave, standing_sales, token_store, value_of
from jifen.engine.kernels.bulk_columns import Exits
from jifen.engine.program import Step
from jifen.engine.removals import close_store
from jifen.engine.tables import NONE
from jifen.engine.world import World, price_of
from jifen.plan.model import Head

__all__ = ["ExitColumns", "ExitHeap", "exits_of", "renewed_exits", "run_exits"]

_Entry = tuple[Fraction, int, int, int]


class ExitHeap:
    """Exit prices of all holders (or lots), kept up to date for the members that were touched."""

    def __init__(self, step: Step, world: World) -> None:
        """Collect everyone's."""
        self.step = step
        self.heap: list[_Entry] = []
        self.counts: dict[int, int] = {}
        for member in range(world.members.size):
            self.touch(world, member)

    def touch(self, world: World, member: int) -> None:
        """Something of the member changed: his old entries are stale."""
        count = self.counts[member] = self.counts.get(member, -1) + 1
        who = self.step.rule.who
        if isinstance(who, Head) and who.each == "lot":
            lots = list(world.lots_of(member, world.stores.numbers[token_store(world)]))
        else:
            lots = [NONE]
        for lot in lots:
            price = exit_price(world, self.step, member, lot)
            if price is not None:
                heapq.heappush(self.heap, (price, member, lot, count))

    def lowest(self) -> _Entry | None:
        """The lowest exit price that still counts."""
        while self.heap and self.heap[0][3] != self.counts[self.heap[0][1]]:
            heapq.heappop(self.heap)
        return self.heap[0] if self.heap else None


class ExitColumns:
    """The same of members, in columns that compiled code keeps up to date too; ``wide``: some do not fit into them."""

    def __init__(self, step: Step, world: World) -> None:
        """Collect everyone's."""
        self.step = step
        self.unit = gcd(step.gate.reaches or 0, MICRO)
        rows, members = (np.full(0, NONE, dtype=np.int32) for _ in range(2))
        self.columns = Exits(rows, members, *(np.zeros(size, dtype=np.int64) for size in (0, 0, 2)))
        self.make_room(len(world.members.parent))
        self._collect(world)

    def _collect(self, world: World) -> None:
        """Put everyone's price into the heap."""
        from jifen.engine.kernels import exits as kernel

        gate, members, count = self.step.gate, world.members, world.members.size
        reaches, of = (gate.reaches or 0) // self.unit, MICRO // self.unit
        spend, realised, tokens = members.spend[:count], members.realised[:count], members.tokens[:count]
        largest = [int(spend.max(initial=0)) * reaches, int(np.abs(realised).max(initial=0)) * of]
        if max(*largest, int(tokens.max(initial=0)) * of) >= SUM_MAX:
            self.columns.size[1] = 1
            return
        self.columns.cap[:count] = np.maximum(spend * reaches - (realised * of if gate.realised else 0), 0)
        self.columns.held[:count] = tokens * of
        holders = np.flatnonzero((tokens > 0) & (spend > 0))
        self.columns.heap[: len(holders)] = holders
        self.columns.size[0] = len(holders)
        kernel.build(self.columns)

    @property
    def wide(self) -> bool:
        """Whether some prices cannot be compared in 64 bits."""
        return bool(self.columns.size[1])

    def make_room(self, members: int) -> None:
        """Make room for so many members."""
        more = members - len(self.columns.place)
        if more > 0:
            grown = {
                name: np.concatenate([old, np.full(more, NONE, dtype=old.dtype)])
                for name, old in self.columns._asdict().items()
                if name != "size"
            }
            self.columns = self.columns._replace(**grown)

    def touch(self, world: World, member: int) -> None:
        """Something of the member changed."""
        from jifen.engine.kernels import exits as kernel

        self.make_room(world.members.size)
        cap = exit_cap(world, self.step, member, NONE)
        held = world.members.tokens.item(member) * (MICRO // self.unit)
        cap = NONE if cap is None else cap // self.unit
        if cap >= SUM_MAX or held >= SUM_MAX:
            self.columns.size[1] = 1
        else:
            kernel.touch(self.columns, member, cap, held)

    def lowest(self) -> _Entry | None:
        """The lowest exit price."""
        if self.columns.size[0] == 0:
            return None
        member = self.columns.heap.item(0)
        return Fraction(self.columns.cap.item(member), self.columns.held.item(member)), member, NONE, 0


def renewed_exits(world: World, step: Step) -> bool:
    """Let exit prices be in columns, with all that has changed; returns whether all of them can be."""
    heap = world.exit_heap
    if not isinstance(heap, ExitColumns) or heap.step is not step:
        heap = world.exit_heap = ExitColumns(step, world)
        world.token_touched.clear()
    for member in world.token_touched:
        heap.touch(world, member)
    world.token_touched.clear()
    return not heap.wide


def exits_of(world: World) -> Exits:
    """The columns of exit prices, with room for all members; empty ones where there are none."""
    heap = world.exit_heap
    if isinstance(heap, ExitColumns):
        heap.make_room(len(world.members.parent))
        return heap.columns
    nobody = np.zeros(0, dtype=np.int32)
    return Exits(nobody, nobody, *(np.zeros(size, dtype=np.int64) for size in (0, 0, 2)))


def run_exits(books: Books, step: Step) -> None:
    """Force out everyone whose exit price has been reached, one at a time."""
    world = books.world
    heap = world.exit_heap
    if not isinstance(heap, ExitHeap | ExitColumns) or heap.step is not step or getattr(heap, "wide", False):
        heap = world.exit_heap = ExitHeap(step, world)
        world.token_touched.clear()
    for member in sorted(world.token_touched):
        heap.touch(world, member)
    world.token_touched.clear()
    if isinstance(heap, ExitColumns) and heap.wide:
        heap = world.exit_heap = ExitHeap(step, world)
    curve = curve_of(world)
    while (entry := heap.lowest()) is not None and world.token_supply > 0:
        price, member, lot, _ = entry
        balance, supply = price_of(world, curve)
        if balance * price.denominator < price.numerator * supply:
            return
        _force_out(books, step, member, lot)
        heap.touch(world, member)
        world.token_touched.discard(member)


def _force_out(books: Books, step: Step, member: int, lot: int) -> None:
    """Sell all tokens of a member (or of one lot) and close what the exit closes."""
    world = books.world
    cap = exit_cap(world, step, member, lot) or 0
    store = world.stores.numbers[token_store(world)]
    lots = list(world.lots_of(member, store)) if lot == NONE else [lot]
    tokens = sum(world.lots.remaining.item(each) for each in lots)
    numerator, denominator = value_of(step, tokens, price_of(world, curve_of(world)), cap)
    leave(books, step, member, lots, tokens, numerator // denominator)
    for closed in step.gate.closes:
        if closed != "spend":
            close_store(books, member, closed, step.rule.id)
    if "spend" in step.gate.closes:
        _close_orders(world, member, lot)


def _close_orders(world: World, member: int, lot: int) -> None:
    """The orders so far (or the one of the lot) count no more in the member's spend, nor do his sales."""
    orders = world.orders
    if lot == NONE:
        mine = (orders.member[: orders.size] == member) & (orders.state[: orders.size] == 1)
        orders.state[: orders.size][mine] = 2
        world.members.spend[member] = 0
        world.members.realised[member] = 0
    else:
        order = world.lots.order.item(lot)
        orders.state[order] = 2
        world.members.spend[member] -= orders.kept.item(order)
        world.members.realised[member] -= sum(gross for _, gross, _, _ in standing_sales(world, lot))
    world.touch(member)
