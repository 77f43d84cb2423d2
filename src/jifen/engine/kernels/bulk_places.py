"""Places below sponsors in the bulk lane: which is taken next, and what a refund frees, as in ``positions``."""

from jifen.engine.kernels import bulk_columns as c
from jifen.engine.kernels import freed, inlined
from jifen.engine.kernels.bulk_columns import Shop
from jifen.engine.kernels.bulk_money import NONE

__all__ = ["find_own_amount", "free_places", "next_place", "take_place"]

_joined = inlined(freed.joined)


@inlined
def next_place(shop: Shop, rule: int, sponsor: int, buyer: int) -> int:
    """The lowest free place below a sponsor; NONE if the buyer may take none, since he holds one."""
    taken, fields = shop.taken, shop.plan.rules
    kind = taken.of_store[fields[rule, c.TAKES]]
    if fields[rule, c.PERSONS] and taken.held[kind, buyer] > 0:
        return NONE
    row = taken.free[kind, sponsor]
    place: int = taken.reached[kind, sponsor] if row == NONE else shop.places.place[row]
    return place


@inlined
def take_place(shop: Shop, rule: int, order: int, place: int) -> None:
    """Let an order take the place that was the next one below its buyer's sponsor."""
    taken, places, now, store = shop.taken, shop.places, shop.books.now, shop.plan.rules[rule, c.TAKES]
    buyer, kind = shop.orders.member[order], taken.of_store[store]
    sponsor = shop.members.parent[buyer]
    top = taken.free[kind, sponsor]
    if top == NONE:
        taken.reached[kind, sponsor] = place + 1
    else:
        heaps = places.place, taken.left, taken.right
        taken.free[kind, sponsor] = _joined(heaps, taken.left[top], taken.right[top])
    row = now[c.PLACES]
    now[c.PLACES] = row + 1
    places.store[row], places.sponsor[row], places.place[row] = store, sponsor, place
    places.person[row], places.order[row] = buyer, order
    taken.held[kind, buyer] += 1
    if taken.first[order] == NONE:
        taken.first[order] = row


@inlined
def free_places(shop: Shop, order: int) -> None:
    """Nothing is kept of an order: the places it took are free again."""
    taken, places = shop.taken, shop.places
    row = taken.first[order] if len(taken.reached) else NONE
    while row != NONE and row < shop.books.now[c.PLACES] and places.order[row] == order:
        kind, sponsor = taken.of_store[places.store[row]], places.sponsor[row]
        places.freed[row] = 1
        taken.left[row] = taken.right[row] = NONE
        taken.free[kind, sponsor] = _joined((places.place, taken.left, taken.right), row, taken.free[kind, sponsor])
        taken.held[kind, places.person[row]] -= 1
        row += 1


@inlined
def find_own_amount(shop: Shop, member: int, amount: int) -> None:
    """Work out the bases that are a member's: what is kept of his first live order; the lesser of it and an order."""
    orders, bases = shop.orders, shop.drafts.bases
    bases[c.OWN_AMOUNT] = 0
    order = shop.members.last_order[member]
    while order != NONE:
        if 1 <= orders.state[order] <= 2 and orders.kept[order] > 0:
            bases[c.OWN_AMOUNT] = orders.kept[order]
        order = orders.before_of_member[order]
    bases[c.LESSER] = min(bases[c.OWN_AMOUNT], amount)
