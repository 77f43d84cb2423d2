"""Forced exits: whoever's tokens have reached a multiple of his spend sells all, the lowest exit price first.

An exit price, cap ÷ tokens, does not depend on the pool: it changes only by the holder's own events. So a heap of
prices is enough; stale entries are recognised by a count and skipped. Each exit moves the price, so the heap is asked
again after each; every exit removes a holder, so this ends.
"""

import heapq
from fractions import Fraction

from jifen.engine.books import Books
from jifen.engine.curve import curve_of, exit_cap, exit_price, leave, standing_sales, token_store, value_of
from jifen.engine.program import Step
from jifen.engine.removals import close_store
from jifen.engine.tables import NONE
from jifen.engine.world import World, price_of
from jifen.plan.model import Head

__all__ = ["ExitHeap", "run_exits"]

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


def run_exits(books: Books, step: Step) -> None:
    """Force out everyone whose exit price has been reached, one at a time."""
    world = books.world
    heap = world.exit_heap
    if not isinstance(heap, ExitHeap) or heap.step is not step:
        heap = world.exit_heap = ExitHeap(step, world)
        world.token_touched.clear()
    for member in sorted(world.token_touched):
        heap.touch(world, member)
    world.token_touched.clear()
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
