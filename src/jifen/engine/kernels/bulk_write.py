"""Rows that the bulk lane writes: lots, feeds, payments and releases, as the handlers in Python do."""

from jifen.engine.kernels import bulk_columns as c
from jifen.engine.kernels import inlined
from jifen.engine.kernels.bulk_columns import Shop
from jifen.engine.kernels.bulk_money import CLAIM, ISSUER, NONE, WALLET, account_of, move, put, share

__all__ = ["add_lot", "end_run", "feed", "post"]


@inlined
def feed(shop: Shop, rule: int, fund: int, amount: int, order: int) -> None:
    """Put a share of an order into a pool, and remember it."""
    feeds, orders, now = shop.feeds, shop.orders, shop.books.now
    row = now[c.FEEDS]
    now[c.FEEDS] = row + 1
    feeds.order[row] = order
    feeds.before_of_order[row] = orders.last_feed[order]
    feeds.pool[row] = fund - c.FIRST_POOL
    feeds.rule[row] = rule
    feeds.amount[row] = amount
    feeds.kept_then[row] = orders.kept[order]
    feeds.key[row] = NONE
    orders.last_feed[order] = row
    put(shop, rule, fund, amount, order)


@inlined
def add_lot(shop: Shop, rule: int, order: int, granted: int) -> int:
    """A lot for the buyer of an order, as a rule that grants or mints makes it, and the claim that it gives him."""
    lots, orders, fields = shop.lots, shop.orders, shop.plan.rules
    store, member = fields[rule, c.STORE], orders.member[order]
    lot: int = shop.books.now[c.LOTS]
    shop.books.now[c.LOTS] = lot + 1
    grants = fields[rule, c.OP] == c.GRANT
    rate, of_order = fields[rule, c.DAILY_RATE], fields[rule, c.DAILY_OF]
    lots.member[lot], lots.store[lot], lots.order[lot] = member, fields[rule, c.LOTS_STORE], order
    lots.day[lot], lots.version[lot] = shop.day.day, shop.day.version
    lots.rule[lot] = fields[rule, c.INDEX] if grants else NONE
    lots.granted_first[lot], lots.granted[lot], lots.remaining[lot] = granted, granted, granted
    lots.daily_rate[lot], lots.daily_of[lot] = rate, of_order
    lots.daily[lot] = share(orders.kept[order] if of_order else granted, rate)
    lots.parts[lot], lots.every[lot] = fields[rule, c.BATCHES], fields[rule, c.EVERY]
    lots.eligible_from[lot] = shop.day.day + fields[rule, c.LAG]
    lots.kept_then[lot] = orders.kept[order]
    lots.shrunk[lot] = orders.returned_whole[order] > 0
    lots.slot[lot] = lot
    lots.before_of_order[lot] = orders.last_lot[order]
    orders.last_lot[order] = lot
    chain = shop.stores[store]
    last = chain.last[member]
    if last == NONE:
        chain.first[member] = lot
    else:
        lots.after[last] = lot
    chain.last[member] = lot
    if chain.head[member] == NONE:
        chain.head[member] = lot
    issuer = ISSUER, fields[rule, c.LOTS_STORE]
    move(shop, fields[rule, c.NUMBER], issuer, (CLAIM, member), (fields[rule, c.UNIT], granted), (lot, 0, order, NONE))
    return lot


@inlined
def post(shop: Shop, order: int) -> None:
    """Write what all drafts of an order pay: forfeits, runs that end, then payments, releases and transfers."""
    drafts, now = shop.drafts, shop.books.now
    for draft in range(now[c.DRAFTS]):
        if drafts.lost[draft] > 0:
            _forfeit(shop, draft)
    for draft in range(now[c.DRAFTS]):
        for portion in range(drafts.first[draft], drafts.first[draft + 1]):
            if drafts.emptied[portion]:
                lot = drafts.lot[portion]
                shop.lots.emptied_on[shop.lots.slot[lot]] = shop.day.day
                end_run(shop, lot)
    for draft in range(now[c.DRAFTS]):
        first, end = drafts.first[draft], drafts.first[draft + 1]
        if end > first:
            payment = _pay(shop, draft, order)
            older = 0
            for portion in range(first, end):
                _release(shop, (draft, portion), payment, older, order)
                older += drafts.points[portion]


@inlined
def _forfeit(shop: Shop, draft: int) -> None:
    """Write what a receiver's lots could not give."""
    now, drafts = shop.books.now, shop.drafts
    rows, row = shop.books.forfeits, now[c.FORFEITS]
    rows.event[row], rows.rule[row] = now[c.EVENT], shop.plan.rules[drafts.rule[draft], c.NUMBER]
    rows.member[row], rows.points[row] = drafts.member[draft], drafts.lost[draft]
    now[c.FORFEITS] = row + 1


@inlined
def end_run(shop: Shop, lot: int) -> None:
    """Write the run of equal days of a lot, if it is in one."""
    lots, releases, now = shop.lots, shop.releases, shop.books.now
    slot = lots.slot[lot]
    first, last = lots.run_first[slot], shop.day.released_until
    if first == NONE:
        return
    lots.run_first[slot] = NONE
    if first > last:
        return
    row, store = now[c.RELEASES], lots.store[lot]
    now[c.RELEASES] = row + 1
    daily = lots.daily[slot]
    releases.lot[row], releases.before[row], releases.kind[row] = lot, lots.last_release[lot], 1
    releases.first_day[row], releases.last_day[row] = first, last
    releases.rule[row], releases.version[row] = shop.plan.stores[store, c.END_RULE], shop.day.version
    releases.base[row], releases.points[row] = daily, daily
    releases.terms[row] = shop.plan.stores[store, c.END_TERMS]
    if lots.shrunk[lot]:
        _stand(shop, row, lot)
    lots.last_release[lot] = row


@inlined
def _stand(shop: Shop, row: int, lot: int) -> None:
    """What a release of a lot stands on: what is kept of the lot's order."""
    if shop.lots.kept_then[lot]:
        order = shop.lots.order[lot]
        shop.releases.kept_then[row] = shop.orders.kept[order]
        shop.releases.returned_then[row] = shop.orders.returned[order]


@inlined
def _pay(shop: Shop, draft: int, order: int) -> int:
    """The row of a payment."""
    payments, drafts, fields, now = shop.payments, shop.drafts, shop.plan.rules, shop.books.now
    rule, member = drafts.rule[draft], drafts.member[draft]
    first, end = drafts.first[draft], drafts.first[draft + 1]
    row: int = now[c.PAYMENTS]
    now[c.PAYMENTS] = row + 1
    paid = drafts.wanted[draft] - drafts.lost[draft]
    free = drafts.lot[first] == NONE
    payments.member[row], payments.rule[row] = member, fields[rule, c.NUMBER]
    payments.index[row] = fields[rule, c.INDEX]
    payments.version[row], payments.event[row], payments.day[row] = shop.day.version, now[c.EVENT], shop.day.day
    payments.order[row], payments.wanted[row], payments.paid[row] = order, drafts.wanted[draft], paid
    payments.kept_then[row], payments.returned_then[row] = shop.orders.kept[order], shop.orders.returned[order]
    payments.terms[row], payments.first_release[row] = fields[rule, c.TERMS], now[c.RELEASES]
    payments.portions[row] = 0 if free else end - first
    if free:
        payments.released[row] = paid
    payments.before_of_member[row] = shop.members.last_payment[member]
    payments.before_of_order[row] = shop.orders.last_payment[order]
    shop.members.last_payment[member] = row
    shop.orders.last_payment[order] = row
    return row


@inlined
def _release(shop: Shop, where: tuple[int, int], payment: int, older: int, order: int) -> None:
    """The row of one portion, and its transfer; ``where`` is (draft, portion)."""
    draft, portion = where
    releases, lots, drafts, now = shop.releases, shop.lots, shop.drafts, shop.books.now
    rule, member = drafts.rule[draft], drafts.member[draft]
    fields = shop.plan.rules
    lot, points = drafts.lot[portion], drafts.points[portion]
    drained = 0
    if lot != NONE:
        drained = points
        row = now[c.RELEASES]
        now[c.RELEASES] = row + 1
        releases.lot[row], releases.before[row] = lot, lots.last_release[lot]
        releases.first_day[row], releases.last_day[row] = shop.day.day, shop.day.day
        releases.rule[row], releases.version[row] = fields[rule, c.NUMBER], shop.day.version
        releases.terms[row] = fields[rule, c.TERMS]
        releases.base[row], releases.points[row] = points, points
        releases.payment[row], releases.older[row] = payment, older
        _stand(shop, row, lot)
        lots.last_release[lot] = row
    paid = share(points, fields[rule, c.PER_POINT])
    if paid == 0 and drained == 0:
        return
    fund, asset = fields[rule, c.FUND], fields[rule, c.ASSET]
    if fund != c.MERCHANT_FUND:
        shop.books.balance[fund] -= paid
    shop.wallets[asset][member] += paid
    move(shop, fields[rule, c.NUMBER], account_of(fund), (WALLET, member), (asset, paid), (lot, drained, order, NONE))
