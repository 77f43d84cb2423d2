"""Tickets: an order's amount, or its buyer's spend, in whole units, one lot for each.

A ticket is all or nothing: it does not shrink with its order. A refund counts anew how many are due, and those above
disappear, the newest waiting first. A ticket that enters a queue which counts newcomers is one, or opens the line.
"""

from collections.abc import Iterator

from jifen.core.micros import MICRO
from jifen.engine import lines
from jifen.engine.books import Books
from jifen.engine.grants import add_lot
from jifen.engine.program import Step
from jifen.engine.tables import NONE
from jifen.engine.world import World
from jifen.plan.model import Grant, Lots, Share

__all__ = ["MOST_TICKETS", "bring", "surplus", "too_many"]

MOST_TICKETS = 1_000_000
"""An order that would bring more is refused: somebody has mistaken the unit."""


def bring(books: Books, step: Step, order: int) -> list[int]:
    """The tickets that an order brings its buyer; all of them enter before anyone is paid."""
    world, amount, pay = books.world, step.rule.amount, step.rule.pay
    if not isinstance(amount, Share) or not isinstance(pay, Grant):
        return []
    member, store = world.orders.member.item(order), world.stores.numbers[pay.lots]
    number = _due(world, amount, order)
    if amount.of == "cumulative":
        number -= world.chains[store].tickets.item(member)
    worth = (amount.whole or 0) * amount.rates[0] // MICRO
    if worth == 0:
        return []
    return [_enter(books, step, order, worth) for _ in range(min(number, MOST_TICKETS))]


def _enter(books: Books, step: Step, order: int, worth: int) -> int:
    """One ticket; it counts unless it opens the line of a queue that counts from after its head."""
    world, member = books.world, books.world.orders.member.item(order)
    name = step.rule.pay.lots if isinstance(step.rule.pay, Grant) else ""
    store, kind = world.stores.numbers[name], world.program.plan.stores[name]
    counts = kind.counts if isinstance(kind, Lots) else None
    counted = counts == "every_group" or (counts == "after_head" and lines.first(world, store) != NONE)
    lot = add_lot(world, member, name, worth, order=order, rule=step.index, counted=int(counted))
    world.chains[store].tickets[member] += 1
    world.newcomers[store] = world.newcomers.get(store, 0) + counted
    books.reclaim(member, lot, worth, rule=step.rule.id)
    return lot


def surplus(world: World, order: int) -> Iterator[int]:
    """The tickets that are no longer due now that less is kept of an order: they disappear, and count no more."""
    for store, amount in _rules_of(world, order).items():
        chains, member = world.chains[store], world.orders.member.item(order)
        number = _due(world, amount, order)
        if amount.of == "cumulative":
            above = chains.tickets.item(member) - number
            tickets = list(world.lots_of(member, store)) if above > 0 else []
        else:
            tickets = sorted(lot for lot in world.lots_of_order(order) if world.lots.store.item(lot) == store)
        standing = [lot for lot in reversed(tickets) if _stands(world, lot)]
        standing.sort(key=lambda lot: world.lots.remaining.item(lot) == 0)
        for lot in standing[: max(len(standing) - number, 0)]:
            chains.tickets[member] -= 1
            world.newcomers[store] = world.newcomers.get(store, 0) - world.lots.counted.item(lot)
            yield lot


def too_many(world: World, member: int, amount: int) -> bool:
    """Whether an order of ``amount`` would bring a member more tickets than anyone can have meant."""
    for share in world.program.tickets.values():
        spent = world.members.own_net.item(member) if share.of == "cumulative" else 0
        have = spent // (share.whole or 1)
        if (spent + amount) // (share.whole or 1) - have > MOST_TICKETS:
            return True
    return False


def _due(world: World, amount: Share, order: int) -> int:
    """How many tickets the order, or all the spend of its buyer, comes to now."""
    orders = world.orders
    single = amount.of == "single_order"
    base = orders.kept.item(order) if single else world.members.own_net.item(orders.member.item(order))
    return base // (amount.whole or 1)


def _rules_of(world: World, order: int) -> dict[int, Share]:
    """By store, how tickets are counted today; where the plan has dropped its tickets, as when they were granted."""
    found = {world.stores.numbers[name]: amount for name, amount in world.program.tickets.items()}
    for lot in world.lots_of_order(order):
        if world.lots.kept_then.item(lot) == 0 and world.lots.rule.item(lot) != NONE:
            step = world.programs[world.lots.version.item(lot)].steps[world.lots.rule.item(lot)]
            amount = step.whole_amount
            if amount is not None:
                found.setdefault(world.lots.store.item(lot), amount)
    return found


def _stands(world: World, lot: int) -> bool:
    """Whether a lot is a ticket of an order that has not disappeared."""
    lots = world.lots
    return lots.order.item(lot) != NONE and lots.kept_then.item(lot) == 0 and lots.granted.item(lot) > 0
