"""Weights in the bulk lane: what orders give and refunds take back, as in ``weights`` of the engine.

Weights are given while an order is drafted, since what one rule gives leaves less room for the next; they are taken
back if the lane cannot do the order. Their rows are written with all others.
"""

from jifen.engine.columns import SUM_MAX
from jifen.engine.kernels import bulk_columns as c
from jifen.engine.kernels import inlined
from jifen.engine.kernels.bulk_columns import Shop
from jifen.engine.kernels.bulk_money import ISSUER, NONE, WEIGHT, move
from jifen.engine.kernels.divide import mul_div

__all__ = ["add_weights", "can_lower", "lower_weights", "unweigh", "weigh"]


@inlined
def weigh(shop: Shop, rule: int, member: int, wanted: int) -> bool:
    """Give a member weight, as much as may be issued; returns whether the lane can do it."""
    drafts, now, fields = shop.drafts, shop.books.now, shop.plan.rules
    place, count = fields[rule, c.STORE], now[c.WEIGHINGS]
    # Pools are divided by the weights above 0, which must add up in 64 bits whatever is below 0.
    room = min(SUM_MAX - 1 - shop.books.shared[place], fields[rule, c.CAP] - shop.books.issued[place])
    given = min(wanted, room)
    if given <= 0:
        return True
    if fields[rule, c.NUMBER] == NONE or count == len(drafts.weight):
        return False
    drafts.weigher[count], drafts.weighs[count], drafts.weight[count] = rule, member, given
    now[c.WEIGHINGS] = count + 1
    _change(shop, place, member, given)
    drafts.bases[fields[rule, c.OUT]] += given
    if fields[rule, c.WHO] == c.BUYER:
        drafts.bases[fields[rule, c.POINTS]] += given
    return True


@inlined
def unweigh(shop: Shop) -> None:
    """Take back what drafts have given."""
    drafts = shop.drafts
    for draft in range(shop.books.now[c.WEIGHINGS]):
        place = shop.plan.rules[drafts.weigher[draft], c.STORE]
        _change(shop, place, drafts.weighs[draft], -drafts.weight[draft])


@inlined
def _change(shop: Shop, place: int, member: int, amount: int) -> None:
    """Change what a member weighs, and what all do together."""
    weights = shop.weights[place]
    before = weights[member]
    weights[member] = before + amount
    shop.books.issued[place] += amount
    shop.books.shared[place] += max(before + amount, 0) - max(before, 0)


@inlined
def add_weights(shop: Shop, rule: int, order: int, first: int) -> int:
    """Write what a rule has given, from a draft on; returns the first draft of those after it."""
    drafts, fields, weighed, now = shop.drafts, shop.plan.rules, shop.weighed, shop.books.now
    store, number, draft = fields[rule, c.LOTS_STORE], fields[rule, c.NUMBER], first
    while draft < now[c.WEIGHINGS] and drafts.weigher[draft] == rule:
        row, member, amount = now[c.WEIGHED], drafts.weighs[draft], drafts.weight[draft]
        now[c.WEIGHED] = row + 1
        weighed.order[row], weighed.member[row], weighed.store[row] = order, member, store
        weighed.before_of_order[row] = shop.orders.last_weighed[order]
        weighed.before_of_member[row] = shop.members.last_weighed[member]
        weighed.rule[row], weighed.version[row] = fields[rule, c.INDEX], shop.day.version
        weighed.event[row], weighed.day[row], weighed.amount[row] = now[c.EVENT], shop.day.day, amount
        weighed.kept_then[row], weighed.returned_then[row] = shop.orders.kept[order], shop.orders.returned[order]
        weighed.key[row] = NONE
        shop.orders.last_weighed[order] = shop.members.last_weighed[member] = row
        asset = fields[rule, c.UNIT]
        move(shop, number, (ISSUER, store), (WEIGHT, member), (asset, amount), (NONE, 0, order, NONE))
        draft += 1
    return draft


# -- a refund ----------------------------------------------------------------------------------------------------------


@inlined
def can_lower(shop: Shop, order: int) -> bool:
    """Whether the lane knows what an order has given, and can count what is left of it."""
    weighed, rows, total = shop.weighed, 0, 0
    row = shop.orders.last_weighed[order]
    while row != NONE:
        place = shop.plan.stores[weighed.store[row], c.WEIGHT_OF]
        known = place != NONE and weighed.key[row] == NONE and weighed.version[row] == shop.day.version
        rows += 1
        if not known or rows > len(shop.drafts.weight):
            return False
        total += weighed.amount[row]
        least = min(shop.weights[place][weighed.member[row]], shop.books.issued[place])
        if total > SUM_MAX or least < total - SUM_MAX:
            return False
        row = weighed.before_of_order[row]
    return True


@inlined
def lower_weights(shop: Shop, order: int, amount: int) -> None:
    """Take back what no longer stands now that ``amount`` of an order has been given back."""
    weighed, orders, stores = shop.weighed, shop.orders, shop.plan.stores
    row = orders.last_weighed[order]
    while row != NONE:
        member, store, then = weighed.member[row], weighed.store[row], weighed.kept_then[row]
        stands = orders.kept[order]
        stood = stands + amount
        if member != orders.member[order]:
            stands = then - (orders.returned[order] - weighed.returned_then[row])
            stood = stands if shop.day.keeps_upstream else stands + amount
        lost = mul_div(weighed.amount[row], stood, then) - mul_div(weighed.amount[row], stands, then)
        if lost > 0:
            _change(shop, stores[store, c.WEIGHT_OF], member, -lost)
            on = NONE, 0, order, _number_of(shop, weighed.rule[row])
            move(shop, shop.day.refund_rule, (WEIGHT, member), (ISSUER, store), (stores[store, c.UNIT_OF], lost), on)
        row = weighed.before_of_order[row]


@inlined
def _number_of(shop: Shop, index: int) -> int:
    """The number of the name of a rule of the plan."""
    fields, number = shop.plan.rules, NONE
    for rule in range(len(fields)):
        if fields[rule, c.INDEX] == index:
            number = fields[rule, c.NUMBER]
    return number
