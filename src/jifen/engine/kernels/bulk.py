"""The bulk lane: rows of a log through all rules of a plan, one after the other, in compiled code.

It does exactly what the handlers in Python do. A row that it does not know how to do is left to them: it stops before
that row, and nothing of it has been done.
"""

from jifen.core.micros import AMOUNT_MAX, CENT
from jifen.engine.columns import SUM_MAX, Column, Narrow
from jifen.engine.kernels import bulk_columns as c
from jifen.engine.kernels import inlined, lean
from jifen.engine.kernels.bulk_ahead import look_ahead
from jifen.engine.kernels.bulk_columns import Log, Shop
from jifen.engine.kernels.bulk_draft import draft
from jifen.engine.kernels.bulk_money import MERCHANT, NONE, OUTSIDE, move, put, share
from jifen.engine.kernels.bulk_places import take_place
from jifen.engine.kernels.bulk_refund import refund
from jifen.engine.kernels.bulk_tokens import fits, mint, must_look, price, sell
from jifen.engine.kernels.bulk_weights import add_weights
from jifen.engine.kernels.bulk_write import add_lot, feed, post
from jifen.engine.kernels.reference import by_reference

__all__ = ["DONE", "LEFT", "LOOK", "ROOM", "run"]

DONE, ROOM, LEFT, LOOK = range(4)
"""Why the lane has stopped: at the end, for want of room, before a row that is left to the handlers in Python, or after
one that may force somebody out."""


@lean
def run(log: Log, start: int, end: int, room: Column, columns: Shop) -> tuple[int, int]:
    """Do the rows from ``start`` on; returns the first that has not been done, and why.

    ``room`` says how many rows there may be before one begins, by the places in ``now``: one row may make many more.
    """
    shop = by_reference(columns)
    now = shop.books.now
    for row in range(start, end):
        if _is_full(now, room):
            return row, ROOM
        look_ahead(log, row, end, shop)
        kind, done, member = log.kind[row], False, NONE
        if kind == c.JOIN:
            done = _join(log, row, shop)
        elif kind == c.ORDER:
            member = _resolved(log.member[row], log.first_member, log.members)
            done = member >= 0 and _order(log, row, member, shop)
        elif kind == c.REFUND:
            order = _resolved(log.order[row], log.first_order, log.orders)
            done = order >= 0 and _refund(order, log.amount[row], shop)
            member = shop.orders.member[order] if done else NONE
        elif kind == c.SALE:
            member = _resolved(log.member[row], log.first_member, log.members)
            done = member >= 0 and sell(shop, member, log.amount[row])
        if not done:
            return row, LEFT
        now[c.EVENT] += 1
        if must_look(shop, member):
            return row + 1, LOOK
    return end, DONE


@inlined
def _is_full(now: Column, room: Column) -> bool:
    """Whether there may be no room for what the next row makes."""
    full = now[c.TRANSFERS] > room[c.TRANSFERS] or now[c.FORFEITS] > room[c.FORFEITS] or now[c.SALES] > room[c.SALES]
    full = full or now[c.WEIGHED] > room[c.WEIGHED]
    return bool(full or now[c.RELEASES] > room[c.RELEASES] or now[c.PAYMENTS] > room[c.PAYMENTS])


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
def _order(log: Log, row: int, buyer: int, shop: Shop) -> bool:
    """An order is paid: it takes effect at once, or waits."""
    day, amount = shop.day, log.amount[row]
    if amount <= 0 or amount > day.most or amount % CENT or day.order_rule == NONE:
        return False
    for balance in shop.books.balance:
        if balance > SUM_MAX - amount:  # this fund might have more than can be counted
            return False
    own_net = shop.members.own_net[buyer] + amount
    fed = share(amount, day.reserve_share)
    if own_net > SUM_MAX or not fits(shop, amount) or (fed > 0 and day.reserve_rule == NONE):
        return False
    inside = not day.waits and day.granting and (own_net if day.entry_adds else amount) >= day.entry
    if inside and not draft(shop, buyer, (amount, log.margin[row]), own_net):
        return False
    order = _book(shop, buyer, amount)
    shop.orders.margin[order], shop.orders.region[order] = log.margin[row], log.region[row]
    log.orders[log.place[row]] = order
    if not day.waits:
        _count(shop, order, buyer, amount)
    if inside:
        if fed > 0:
            shop.orders.reserved[order] = fed
            put(shop, day.reserve_rule, c.RESERVE_FUND, (MERCHANT, 0), (0, fed), (NONE, 0, order, NONE))
        _give(shop, order)
        post(shop, order)
    return True


@inlined
def _refund(order: int, amount: int, shop: Shop) -> bool:
    """A part of an order is given back."""
    if amount <= 0 or amount > AMOUNT_MAX or amount % CENT or shop.day.refund_rule == NONE:
        return False
    if amount > shop.orders.whole[order] - shop.orders.returned_whole[order]:
        return False
    return refund(shop, order, amount)


@inlined
def _book(shop: Shop, buyer: int, amount: int) -> int:
    """The row of an order, and its money."""
    orders, now = shop.orders, shop.books.now
    order: int = now[c.ORDERS]
    now[c.ORDERS] = order + 1
    orders.member[order], orders.day[order] = buyer, shop.day.day
    orders.whole[order], orders.amount[order], orders.kept[order] = amount, amount, amount
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
    """What rules feed, grant, mint and weigh, and the places that are taken by them, in their order."""
    given, fields = shop.drafts.given, shop.plan.rules
    before, weighing = (0, 1), 0
    for rule in range(len(fields)):
        if fields[rule, c.AMOUNT] == c.CYCLE and given[rule] > 0:
            take_place(shop, rule, order, given[rule] - 1)
        if fields[rule, c.OP] == c.MINT:
            mint(shop, rule, order, before)
        elif fields[rule, c.OP] == c.WEIGH:
            weighing = add_weights(shop, rule, order, weighing)
        elif fields[rule, c.OP] == c.FEED:
            if shop.day.curve != NONE:
                before = price(shop)
            if given[rule] > 0:
                feed(shop, fields[rule, c.NUMBER], fields[rule, c.FUND], given[rule], order)
        elif fields[rule, c.OP] == c.GRANT and given[rule] > 0:
            add_lot(shop, rule, order, given[rule])
