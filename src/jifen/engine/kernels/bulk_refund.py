"""A refund in the bulk lane: what an order caused shrinks with it, as in ``refund`` of the engine.

What stands of each lot is worked out first, before and after; only then anything is written. So a refund that the lane
cannot do is left as if nobody had looked at it, but for runs of equal days that have ended, as they would in any case.
"""

from jifen.engine.kernels import bulk_columns as c
from jifen.engine.kernels import inlined
from jifen.engine.kernels.bulk_columns import Shop
from jifen.engine.kernels.bulk_money import MERCHANT, NONE, OUTSIDE, claim, claw_back, give_back, move, share
from jifen.engine.kernels.bulk_places import free_places
from jifen.engine.kernels.bulk_tokens import can_return, price, return_tokens
from jifen.engine.kernels.bulk_weights import can_lower, lower_weights
from jifen.engine.kernels.bulk_write import end_run
from jifen.engine.kernels.divide import mul_div

__all__ = ["refund"]

_IN_EFFECT, _CLOSED = 1, 2
_LOTS, _KEYS = range(2)
"""Places in ``counts``."""


@inlined
def refund(shop: Shop, order: int, amount: int) -> bool:
    """Give back a part of an order that has one line; returns whether the lane can do it."""
    orders, state = shop.orders, shop.orders.state[order]
    counts = _IN_EFFECT <= state <= _CLOSED
    before, after, worth = orders.kept[order], orders.kept[order] - amount, 0
    if counts and not (can_return(shop, order, amount) and _collect(shop, order) and _weigh(shop, order, amount)):
        return False
    price_before = price(shop)
    orders.returned_whole[order] += amount
    move(shop, shop.day.refund_rule, (MERCHANT, 0), (OUTSIDE, 0), (0, amount), (NONE, 0, order, NONE))
    if counts:
        _lower_payments(shop, order, amount)
    orders.kept[order] = after
    if not shop.day.keeps_upstream:
        orders.returned[order] += amount
    if not counts:
        return True
    _uncount(shop, order, amount)
    _mark_shrunk(shop, order)
    for place in range(shop.refunds.counts[_LOTS]):
        _post_lot(shop, place, order)
    lower_weights(shop, order, amount)
    worth = return_tokens(shop, order, before, price_before)
    feed = orders.last_feed[order]
    while feed != NONE:
        lost = _lost(shop.feeds.amount[feed], (before, after), shop.feeds.kept_then[feed])
        fund = shop.feeds.pool[feed] + c.FIRST_POOL
        if shop.day.at_value and fund == shop.day.curve:
            lost = min(lost, worth)
        give_back(shop, fund, lost, order, shop.feeds.rule[feed])
        feed = shop.feeds.before_of_order[feed]
    reserved = _lost(orders.reserved[order], (before, after), orders.kept_then[order])
    give_back(shop, c.RESERVE_FUND, reserved, order, NONE)
    return True


@inlined
def _lost(amount: int, kept: tuple[int, int], then: int) -> int:
    """What of an effect no longer stands; ``kept`` is (before, after). What stands on no order stays whole."""
    return 0 if then == 0 else mul_div(amount, kept[0], then) - mul_div(amount, kept[1], then)


# -- what stands on the order ------------------------------------------------------------------------------------------


@inlined
def _collect(shop: Shop, order: int) -> bool:
    """Note the lots that stand on an order; returns whether the lane can do them all. Their runs end."""
    refunds, lots, payments, orders = shop.refunds, shop.lots, shop.payments, shop.orders
    refunds.counts[_LOTS] = refunds.counts[_KEYS] = 0
    fine = shop.day.plain_refunds and can_lower(shop, order)
    lot = orders.last_lot[order]
    while fine and lot != NONE:
        # Where walks go over releases, others may have had their part of a run.
        shared = shop.day.daily_walks and lots.run_first[lots.slot[lot]] != NONE
        fine = lots.kept_then[lot] > 0 and not shared
        if fine and lots.store[lot] != shop.day.token_store:
            fine = _note(shop, lot)
        lot = lots.before_of_order[lot]
    payment = orders.last_payment[order]
    while fine and payment != NONE:
        free = payments.released[payment] != NONE
        owed = payments.paid[payment] - payments.lost[payment] - payments.released[payment]
        fine = payments.banked[payment] == 0 and not (free and owed > 0)
        first = payments.first_release[payment]
        for row in range(first, first + payments.portions[payment]):
            fine = fine and _note(shop, shop.releases.lot[row])
        payment = payments.before_of_order[payment]
    if not fine:
        return False
    lot = orders.last_lot[order]
    while lot != NONE:
        if lots.store[lot] != shop.day.token_store:
            end_run(shop, lot)
        lot = lots.before_of_order[lot]
    for place in range(refunds.counts[_LOTS]):
        end_run(shop, refunds.lot[place])
    return True


@inlined
def _note(shop: Shop, lot: int) -> bool:
    """Note a lot, in order of lots; returns whether there was room and the lane knows such a lot."""
    refunds, lots = shop.refunds, shop.lots
    count = refunds.counts[_LOTS]
    place = count
    while place > 0 and refunds.lot[place - 1] >= lot:
        place -= 1
    if place < count and refunds.lot[place] == lot:
        return True
    store = lots.store[lot]
    unended = lots.run_first[lots.slot[lot]] != NONE and shop.plan.stores[store, c.END_RULE] == NONE
    strange = shop.plan.stores[store, c.UNIT_OF] == NONE or shop.plan.stores[store, c.PLACE_OF] == NONE
    if count + 1 >= len(refunds.lot) or unended or strange or lots.key[lot] != NONE:
        return False
    for other in range(count, place, -1):
        refunds.lot[other] = refunds.lot[other - 1]
    refunds.lot[place] = lot
    refunds.counts[_LOTS] = count + 1
    return True


# -- what stands of it -------------------------------------------------------------------------------------------------


@inlined
def _weigh(shop: Shop, order: int, amount: int) -> bool:
    """Work out what stands of all lots before and after; returns whether the lane can write it."""
    refunds, lots = shop.refunds, shop.lots
    runs = 0
    for place in range(refunds.counts[_LOTS]):
        lot = refunds.lot[place]
        refunds.first[place] = refunds.counts[_KEYS]
        before, after, fine = _standing(shop, place, (order, amount))
        granted = lots.granted[lot]
        if lots.order[lot] == order:
            granted = mul_div(lots.granted_first[lot], shop.orders.kept[order] - amount, lots.kept_then[lot])
        refunds.granted[place], refunds.remaining[place] = granted, granted - after
        refunds.first[place + 1] = refunds.counts[_KEYS]
        if not fine or before > lots.granted[lot] or after > granted:
            return False  # some of it does not stand for want of room in the lot
        if lots.remaining[lots.slot[lot]] == 0 and granted > after:
            runs += _count_lots(shop, lot)
    return runs <= len(refunds.lot)


@inlined
def _standing(shop: Shop, place: int, on: tuple[int, int]) -> tuple[int, int, bool]:
    """Points that stand of a lot's releases before and after, and whether the lane can write them.

    ``on`` is (order, amount given back). What was paid of them is noted by rule and terms.
    """
    refunds, lots, (order, amount) = shop.refunds, shop.lots, on
    lot = refunds.lot[place]
    kept, own = shop.orders.kept[lots.order[lot]] if lots.kept_then[lot] else 0, lots.order[lot] == order
    before, after, fine = 0, 0, True
    row = lots.last_release[lot]
    while fine and row != NONE:
        if row < NONE:
            stood, then, rule, terms, following = _in_run(shop, NONE - 1 - row)
            stands, days = stood, 1
        else:
            stood, stands = _of_release(shop, row, on)
            then, rule, terms = shop.releases.kept_then[row], shop.releases.rule[row], shop.releases.terms[row]
            days = shop.releases.last_day[row] - shop.releases.first_day[row] + 1
            following = shop.releases.before[row]
            fine = not (own and shop.day.daily_walks and shop.releases.kind[row] == 1)
        if then == 0:
            then = lots.kept_then[lot]
        if then > 0:
            stood = mul_div(stood, kept, then)
            stands = mul_div(stands, kept - amount if own else kept, then)
        before += stood * days
        after += stands * days
        key = _key_of(shop, refunds.first[place], rule, terms)
        fine = fine and key != NONE
        if fine:
            per_point = shop.plan.terms[terms, 1]
            refunds.lost[key] += (share(stood, per_point) - share(stands, per_point)) * days
        row = following
    return before, after, fine


@inlined
def _of_release(shop: Shop, row: int, on: tuple[int, int]) -> tuple[int, int]:
    """What stands of a release before and after, each day of it, as far as it hangs on its payment."""
    releases, payments, (order, amount) = shop.releases, shop.payments, on
    payment = releases.payment[row]
    stood = stands = releases.points[row]
    if payment != NONE:
        left = payments.paid[payment] - payments.lost[payment] - releases.older[row]
        stood = min(stood, max(left, 0))
        if payments.order[payment] == order:
            left -= _loss(shop, payment, amount)
        stands = min(stands, max(left, 0))
    return stood, stands


@inlined
def _in_run(shop: Shop, row: int) -> tuple[int, int, int, int, int]:
    """What stands of a portion that a run took, as far as it hangs on its payment, and of what is kept.

    With it (kept then, rule, terms, the lot's release before it).
    """
    portions, payments, phases = shop.portions, shop.phase_payments, shop.phases
    payment = portions.payment[row]
    left = payments.paid[payment] - payments.lost[payment]
    for older in range(payments.first[payment], row):
        left -= portions.points[older]
    phase, end = 0, shop.day.phases
    while end - phase > 1:
        middle = (phase + end) // 2
        if phases.first[middle] <= payment:
            phase = middle
        else:
            end = middle
    stands = min(portions.points[row], max(left, 0))
    return stands, portions.kept_then[row], phases.rule[phase], phases.terms[phase], portions.before[row]


@inlined
def _key_of(shop: Shop, first: int, rule: int, terms: int) -> int:
    """The place of what a lot has lost by a rule on some terms, in order of both; NONE without more room."""
    refunds = shop.refunds
    count: int = refunds.counts[_KEYS]
    key = count
    while key > first and (
        refunds.rule[key - 1] > rule or (refunds.rule[key - 1] == rule and refunds.terms[key - 1] >= terms)
    ):
        key -= 1
    if key < count and refunds.rule[key] == rule and refunds.terms[key] == terms:
        return key
    if count == len(refunds.rule):
        return NONE
    for other in range(count, key, -1):
        refunds.rule[other], refunds.terms[other] = refunds.rule[other - 1], refunds.terms[other - 1]
        refunds.lost[other] = refunds.lost[other - 1]
    refunds.rule[key], refunds.terms[key], refunds.lost[key] = rule, terms, 0
    refunds.counts[_KEYS] = count + 1
    return key


@inlined
def _loss(shop: Shop, payment: int, amount: int) -> int:
    """How much more of a payment does not stand when ``amount`` of its order is given back."""
    payments, orders = shop.payments, shop.orders
    order, then, paid = payments.order[payment], payments.kept_then[payment], payments.paid[payment]
    if payments.member[payment] == orders.member[order]:
        return _lost(paid, (orders.kept[order], orders.kept[order] - amount), then)
    if shop.day.keeps_upstream:
        return 0
    stood = then - (orders.returned[order] - payments.returned_then[payment])
    return _lost(paid, (stood, stood - amount), then)


@inlined
def _count_lots(shop: Shop, lot: int) -> int:
    """How many lots its owner has after the first of a lot's store: their runs end when it is live again."""
    count, other = 0, shop.stores[shop.plan.stores[shop.lots.store[lot], c.PLACE_OF]].first[shop.lots.member[lot]]
    while other != NONE:
        count += 1
        other = shop.lots.after[other]
    return count


# -- writing it --------------------------------------------------------------------------------------------------------


@inlined
def _lower_payments(shop: Shop, order: int, amount: int) -> None:
    """Payments lose their part, the oldest first; of those that no lot gives it is taken back."""
    payments, newest = shop.payments, shop.orders.last_payment[order]
    oldest = newest
    while oldest != NONE and payments.before_of_order[oldest] != NONE:
        oldest = payments.before_of_order[oldest]
    # What one order pays was written together: its rows are next to each other.
    for payment in range(max(oldest, 0), newest + 1):
        if payments.order[payment] != order:
            continue
        lost = _loss(shop, payment, amount)
        payments.lost[payment] += lost
        stands, released = payments.paid[payment] - payments.lost[payment], payments.released[payment]
        if lost > 0 and released > stands:
            per_point = shop.plan.terms[payments.terms[payment], 1]
            payments.released[payment] = stands
            back = share(released, per_point) - share(stands, per_point)
            on = NONE, 0, order, payments.rule[payment]
            claw_back(shop, payments.member[payment], payments.terms[payment], back, on)


@inlined
def _uncount(shop: Shop, order: int, amount: int) -> None:
    """Less counts in the buyer's measures, a closed order no longer in his spend; one without any frees its places."""
    members, buyer = shop.members, shop.orders.member[order]
    members.own_net[buyer] -= amount
    if shop.orders.state[order] == _IN_EFFECT:
        members.spend[buyer] -= amount
    if shop.orders.kept[order] == 0:
        members.live_orders[buyer] -= 1
        free_places(shop, order)


@inlined
def _mark_shrunk(shop: Shop, order: int) -> None:
    """Remember of the lots of an order that something of it has been given back."""
    lot = shop.orders.last_lot[order]
    while lot != NONE:
        shop.lots.shrunk[lot] = 1
        lot = shop.lots.before_of_order[lot]


@inlined
def _post_lot(shop: Shop, place: int, order: int) -> None:
    """Write what a lot's releases lost, and what remains of it."""
    refunds, lots = shop.refunds, shop.lots
    lot, granted, remaining = refunds.lot[place], refunds.granted[place], refunds.remaining[place]
    slot, owner, own = lots.slot[lot], lots.member[lot], lots.order[lot] == order
    more, left = granted - lots.granted[lot], remaining - lots.remaining[slot]
    revived = lots.remaining[slot] == 0 and remaining > 0
    lots.granted[lot], lots.remaining[slot] = granted, remaining
    if own:
        base = shop.orders.kept[order] if lots.daily_of[lot] else granted
        lots.daily[slot] = share(base, lots.daily_rate[lot])
    if remaining > 0 or granted == 0:
        lots.emptied_on[slot] = NONE
    if revived:
        _revive(shop, lot)
    for key in range(refunds.first[place], refunds.first[place + 1]):
        on = lot, 0, lots.order[lot], refunds.rule[key]
        claw_back(shop, owner, refunds.terms[key], refunds.lost[key], on)
    claim(shop, lot, more)
    claim(shop, lot, left - more)


@inlined
def _revive(shop: Shop, lot: int) -> None:
    """A lot that was empty has something again: newer ones may have to wait for it."""
    lots, store, member = shop.lots, shop.lots.store[lot], shop.lots.member[lot]
    chain = shop.stores[shop.plan.stores[store, c.PLACE_OF]]
    if chain.head[member] == NONE or lot < chain.head[member]:
        chain.head[member] = lot
    layout = shop.layout
    if member < len(layout.positions) and lots.slot[lot] < layout.slots:
        row, position = shop.plan.stores[store, c.LAYOUT_OF], layout.positions[member]
        layout.begins[row, position] = min(layout.begins[row, position], lots.slot[lot])
    other = chain.first[member]
    while other != NONE:
        end_run(shop, other)
        other = lots.after[other]
