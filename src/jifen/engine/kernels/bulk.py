"""The bulk lane: rows of a log through all rules of a plan, one after the other, in compiled code.

It does exactly what the handlers in Python do. A row that it does not know how to do is left to them: it stops before
that row, and nothing of it has been done.
"""

from jifen.core.micros import AMOUNT_MAX, CENT
from jifen.engine.columns import SUM_MAX, Narrow
from jifen.engine.kernels import bulk_columns as c
from jifen.engine.kernels import inlined, lean
from jifen.engine.kernels.bulk_columns import Log, Shop
from jifen.engine.kernels.bulk_draft import draft
from jifen.engine.kernels.bulk_refund import refund
from jifen.engine.kernels.bulk_write import MERCHANT, NONE, OUTSIDE, add_lot, feed, move, post, put, share

__all__ = ["DONE", "LEFT", "ROOM", "run"]

DONE, ROOM, LEFT = range(3)
"""Why the lane has stopped: at the end, for want of room, before a row that is left to the handlers in Python."""


@lean
def run(log: Log, start: int, end: int, room: tuple[int, int, int], shop: Shop) -> tuple[int, int]:
    """Do the rows from ``start`` on; returns the first that has not been done, and why.

    ``room`` is how many transfers, releases and payments there may be.
    """
    for row in range(start, end):
        now = shop.books.now
        if now[c.TRANSFERS] > room[0] or now[c.RELEASES] > room[1] or now[c.PAYMENTS] > room[2]:
            return row, ROOM
        kind, done = log.kind[row], False
        if kind == c.JOIN:
            done = _join(log, row, shop)
        elif kind == c.ORDER:
            done = _order(log, row, shop)
        elif kind == c.REFUND:
            done = _refund(log, row, shop)
        if not done:
            return row, LEFT
        now[c.EVENT] += 1
    return end, DONE


@inlined
def _resolved(number: int, first: int, later: Narrow) -> int:
    """The number that the world has for a number of the log."""
    return number if number < first else later[number - first]


@inlined
def _join(log: Log, row: int, shop: Shop) -> bool:
    """A new member, below whom the row names."""
    now, above = shop.books.now, shop.paths.above
    parent = _resolved(log.member[row], log.first_member, log.members)
    if parent == NONE and log.member[row] != NONE:
        return False
    member = now[c.MEMBERS]
    now[c.MEMBERS] = member + 1
    shop.members.parent[member], shop.members.joined[member] = parent, shop.day.day
    for ladder in range(len(above)):
        above[ladder, member] = parent
    log.members[log.place[row]] = member
    return True


@inlined
def _order(log: Log, row: int, shop: Shop) -> bool:
    """An order is paid: it takes effect at once, or waits."""
    day, amount = shop.day, log.amount[row]
    buyer = _resolved(log.member[row], log.first_member, log.members)
    if buyer < 0 or amount <= 0 or amount > AMOUNT_MAX or amount % CENT or day.order_rule == NONE:
        return False
    own_net = shop.members.own_net[buyer] + amount
    fed = share(amount, day.reserve_share)
    if own_net > SUM_MAX or (fed > 0 and day.reserve_rule == NONE):
        return False
    inside = not day.waits and day.granting and (own_net if day.entry_adds else amount) >= day.entry
    if inside and not draft(shop, buyer, amount, own_net):
        return False
    order = _book(shop, buyer, amount)
    log.orders[log.place[row]] = order
    if not day.waits:
        _count(shop, order, buyer, amount)
    if inside:
        if fed > 0:
            shop.orders.reserved[order] = fed
            put(shop, day.reserve_rule, c.RESERVE_FUND, fed, order)
        _give(shop, order)
        post(shop, order)
    return True


@inlined
def _refund(log: Log, row: int, shop: Shop) -> bool:
    """A part of an order is given back."""
    order, amount = _resolved(log.order[row], log.first_order, log.orders), log.amount[row]
    if order < 0 or amount <= 0 or amount > AMOUNT_MAX or amount % CENT or shop.day.refund_rule == NONE:
        return False
    if amount > shop.orders.whole[order] - shop.orders.returned_whole[order]:
        return False
    return refund(shop, order, amount)


@inlined
def _book(shop: Shop, buyer: int, amount: int) -> int:
    """The row of an order, and its money."""
    orders, now = shop.orders, shop.books.now
    order = now[c.ORDERS]
    now[c.ORDERS] = order + 1
    orders.member[order], orders.day[order] = buyer, shop.day.day
    orders.whole[order], orders.amount[order], orders.kept[order], orders.margin[order] = amount, amount, amount, amount
    orders.before_of_member[order] = shop.members.last_order[buyer]
    shop.members.last_order[buyer] = order
    orders.settles_on[order] = shop.day.settles_on
    move(shop, shop.day.order_rule, (OUTSIDE, 0), (MERCHANT, 0), (0, amount), (NONE, 0, order, NONE))
    return order


@inlined
def _count(shop: Shop, order: int, buyer: int, amount: int) -> None:
    """An order takes effect: it counts in its buyer's measures."""
    members = shop.members
    shop.orders.state[order], shop.orders.kept_then[order] = 1, amount
    members.own_net[buyer] += amount
    members.spend[buyer] += amount
    members.live_orders[buyer] += 1


@inlined
def _give(shop: Shop, order: int) -> None:
    """What rules feed and grant, in their order."""
    given, fields = shop.drafts.given, shop.plan.rules
    for rule in range(len(fields)):
        if fields[rule, c.OP] == c.FEED and given[rule] > 0:
            feed(shop, fields[rule, c.NUMBER], fields[rule, c.FUND], given[rule], order)
        elif fields[rule, c.OP] == c.GRANT and given[rule] > 0:
            add_lot(shop, rule, order, given[rule])
