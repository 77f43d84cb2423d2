"""Refund: take back, once, what the order caused.

An effect made when k of an order was kept survives as ⌊amount × kept now ÷ k⌋. So everything here is a function of what
is kept now: the standing of each lot the refund touches is worked out before and after, and the difference is posted.
The five steps are those of the algorithm page ``refund`` of the documentation.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

from jifen.core.micros import MICRO
from jifen.engine import given, lines, runs, sources, tickets
from jifen.engine.books import Books, On
from jifen.engine.claims import shrink_payment
from jifen.engine.curve import burn, curve_of, standing_sales
from jifen.engine.events import OrderRefunded
from jifen.engine.grants import daily_of
from jifen.engine.order import CLOSED, IN_EFFECT
from jifen.engine.positions import free_places
from jifen.engine.program import row_at
from jifen.engine.tables import FROM_RESERVE, NONE
from jifen.engine.tiers import measure
from jifen.engine.weights import lower_weights, standing_weights
from jifen.engine.windup import write_off_again
from jifen.engine.world import World, price_of
from jifen.ledger.journal import Account
from jifen.plan.model import Tier

__all__ = [
    "Standing",
    "accept_refund",
    "is_tokens",
    "standing_of",
    "standing_rows",
]


@dataclass(slots=True)
class Standing:
    """What stands of a lot's releases: points in all, and the asset paid by (rule, terms)."""

    points: int = 0
    paid: dict[tuple[int, int], int] = field(default_factory=dict)


def accept_refund(books: Books, event: OrderRefunded) -> None:
    """Book a checked refund: the money goes back, then everything the order caused shrinks with it."""
    world = books.world
    order = world.order_ids.numbers[event.order]
    _return_money(books, order, event.amount)
    if world.orders.state.item(order) in (IN_EFFECT, CLOSED):
        _take_back(books, order, _by_lines(world, order, event))
    else:
        _lower_lines(world, order, _by_lines(world, order, event))


def _return_money(books: Books, order: int, amount: int) -> None:
    """Give back what was paid: assets of the wallet and outside money, each in proportion to the original amount."""
    world, orders = books.world, books.world.orders
    whole, before = orders.whole.item(order), orders.returned_whole.item(order)
    after = before + amount
    orders.returned_whole[order] = after
    member, merchant = orders.member.item(order), (Account.MERCHANT, 0)
    returned = 0
    for asset, used in world.order_pay.get(order, ()):
        part = _standing_part(used, whole - before, whole) - _standing_part(used, whole - after, whole)
        returned += part
        books.move("refund", merchant, (Account.WALLET, member), part, asset, On(order=order))
    # Each asset is rounded by itself, so together they may give back a micro-unit or two more than the refund.
    books.move("refund", merchant, (Account.OUTSIDE, 0), max(0, amount - returned), on=On(order=order))
    books.move("refund", (Account.OUTSIDE, 0), merchant, max(0, returned - amount), on=On(order=order))


def _standing_part(amount: int, kept: int, then: int) -> int:
    """⌊amount × kept ÷ then⌋; an effect that stands on no order (then 0) stays whole."""
    return amount if then == 0 else amount * kept // then


def _by_lines(world: World, order: int, event: OrderRefunded) -> list[int]:
    """The refund by lines. An order without lines of its own is one line.

    Where none is named, what is left of the order is spread over its lines as they stood after the last refund that
    named some: a function of what is left, so halves equal the whole. A line may get a micro-unit back that way.
    """
    lines = world.order_lines.get(order)
    if lines is None:
        return [event.amount]
    named = Counter[str]()
    for name, part in event.lines:
        named[name] += part
    if named:
        parts = [named[line.line.line] for line in lines]
        for line, part in zip(lines, parts, strict=True):
            line.basis = line.line.amount - line.given_back - part
        return parts
    whole = sum(line.basis for line in lines)
    left = sum(line.line.amount - line.given_back for line in lines) - event.amount
    reached = [left * basis // whole for basis in accumulate(line.basis for line in lines)]
    now = [after - before for before, after in pairwise([0, *reached])]
    return [line.line.amount - line.given_back - rest for line, rest in zip(lines, now, strict=True)]


def _lower_lines(world: World, order: int, parts: list[int]) -> int:
    """Lower the lines and what is kept of the order; returns how much of it takes part in the plan."""
    keep, lines = world.program.keeps_upstream, world.order_lines.get(order)
    concerned = parts[0] if lines is None else 0
    for line, part in zip(lines or (), parts, strict=lines is not None):
        line.given_back += part
        if line.inside:
            line.kept -= part
            line.returned += 0 if keep else part
            concerned += part
    world.orders.kept[order] -= concerned
    world.orders.returned[order] += 0 if keep else concerned
    return concerned


def _take_back(books: Books, order: int, by_lines: list[int]) -> None:
    """The refund of an order in effect."""
    world, orders = books.world, books.world.orders
    own = [lot for lot in world.lots_of_order(order) if world.lots.kept_then.item(lot)]
    parts = sources.parts_of_order(world, order)
    lots = {lot for part in parts for lot in sources.lots_of_payment(world, part.payment)} | set(own)
    points = sorted(lot for lot in lots if not is_tokens(world, lot))
    before = [(standing_of(world, lot), world.lots.granted.item(lot), world.lots.remaining.item(lot)) for lot in points]
    lost = sources.losses(world, order, parts)
    weighed = dict(standing_weights(world, order))
    tokens = [_TokensBefore(world, lot) for lot in own if is_tokens(world, lot)]
    feeds = list(_standing_feeds(world, order))
    reserved = _standing_part(orders.reserved.item(order), orders.kept.item(order), orders.kept_then.item(order))
    _lower_order(world, order, by_lines)
    world.lots.shrunk[own] = 1
    for part, more, less in zip(parts, sources.losses(world, order, parts), lost, strict=True):
        if part.payment < 0:
            world.phase_payments.lost[given.mirrored(part.payment)] += more - less
        elif world.payments.released.item(part.payment) == NONE:
            world.payments.lost[part.payment] += more - less
        else:
            shrink_payment(books, part.payment, more - less)
    for lot in own:
        _regrant(world, lot)
    for lot, held in zip(points, before, strict=True):
        _post_standing(books, lot, *held)
    for lot in tickets.surplus(world, order):
        _disappear(books, lot)
    lower_weights(books, order, weighed)
    worth = sum(_take_back_tokens(books, sold) for sold in tokens) if tokens else None
    _return_feeds(books, order, feeds, worth)
    still = _standing_part(orders.reserved.item(order), orders.kept.item(order), orders.kept_then.item(order))
    books.give_back("refund", FROM_RESERVE, reserved - still, On(order=order))
    if world.wound_up:
        write_off_again(books, sorted({*points, *own}))


def _lower_order(world: World, order: int, by_lines: list[int]) -> None:
    """Less is kept of the order, and less counts in its buyer's measures (a closed one no longer in his spend)."""
    orders, members = world.orders, world.members
    member, lived = orders.member.item(order), orders.kept.item(order) > 0
    amount = _lower_lines(world, order, by_lines)
    members.own_net[member] -= amount
    if orders.state.item(order) == IN_EFFECT:
        members.spend[member] -= amount
    if lived and orders.kept.item(order) == 0:
        members.live_orders[member] -= 1
        free_places(world, order)
    world.touch(member)


def is_tokens(world: World, lot: int) -> bool:
    """Whether a lot holds tokens."""
    store = world.program.plan.stores.get(world.stores.names[world.lots.store.item(lot)])
    return getattr(store, "mode", "") == "tokens"


def standing_of(world: World, lot: int) -> Standing:
    """What stands of everything taken out of a lot of points, now."""
    result = Standing()
    for number, first, last, each in standing_rows(world, lot):
        key, days = given.reason_of(world, number), last - first + 1
        result.points += each * days
        result.paid[key] = result.paid.get(key, 0) + each * world.terms[key[1]][1] // MICRO * days
    return result


def standing_rows(world: World, lot: int) -> list[tuple[int, int, int, int]]:
    """(release, first day, last day, points that stand of each day) of everything taken out of a lot of points."""
    from jifen.engine.kernels import stand

    runs.end(world, lot)
    releases, payments, lots = world.releases, world.payments, world.lots
    if lots.last_release.item(lot) == NONE:
        return []
    portions, in_runs = world.portions, world.phase_payments
    numbers = stand.chain(lots.last_release.item(lot), releases.before, portions.before)
    points = stand.standing(
        numbers, (world.kept_of_lot(lot), lots.kept_then.item(lot)),
        (releases.points, releases.kept_then, releases.payment, releases.older, payments.paid, payments.lost),
        (portions.points, portions.kept_then, portions.payment, in_runs.first, in_runs.paid, in_runs.lost),
    )  # fmt: skip
    first, last = given.days_of(world, numbers)
    excess = int((points * (last - first + 1)).sum()) - lots.granted.item(lot)
    stands = list(zip(numbers.tolist(), first.tolist(), last.tolist(), points.tolist(), strict=True))
    return _capped(world, stands, excess) if excess > 0 else stands


def _capped(world: World, stands: list[tuple[int, int, int, int]], excess: int) -> list[tuple[int, int, int, int]]:
    """A lot holds at most its present grant: of what stands in it the newest goes first, day by day."""
    single = [
        (day, given.kind_of(world, number), number, each)
        for number, first, last, each in stands
        for day in range(first, last + 1)
    ]
    single.sort(key=lambda one: one[:2])  # those of one day and kind stand in the order in which they were made
    result = []
    for day, _, number, each in reversed(single):
        lost = min(excess, each)
        excess -= lost
        result.append((number, day, day, each - lost))
    return result[::-1]


def _regrant(world: World, lot: int) -> None:
    """What an order's lot is worth now: its grant in proportion, or judged again by the table of its day."""
    lots, order = world.lots, world.lots.order.item(lot)
    kept, then = world.kept_of_lot(lot), lots.kept_then.item(lot)
    lots.granted[lot] = _standing_part(lots.granted_first.item(lot), kept, then)
    if lots.rule.item(lot) != NONE:
        amount = world.programs[lots.version.item(lot)].plan.rules[lots.rule.item(lot)].amount
        if isinstance(amount, Tier) and amount.retier:
            row = row_at(amount.rows, measure(world, order, amount.at))
            multiple = 0 if row is None else row.columns[amount.column]
            lots.granted[lot] = world.orders.kept.item(order) * multiple // MICRO
    lots.daily[lot] = daily_of(world, lot)


def _disappear(books: Books, lot: int) -> None:
    """A ticket is no longer due: what was paid of it is paid back, and nobody waits with it."""
    lots = books.world.lots
    held = standing_of(books.world, lot), lots.granted.item(lot), lots.remaining.item(lot)
    lots.granted[lot] = 0
    _post_standing(books, lot, *held)


def _post_standing(books: Books, lot: int, before: Standing, granted_before: int, remaining_before: int) -> None:
    """Post what a lot's releases lost, and set what remains of it."""
    world, lots = books.world, books.world.lots
    after = standing_of(world, lot)
    member, granted = lots.member.item(lot), lots.granted.item(lot)
    remaining = granted - after.points
    lots.remaining[lot] = remaining
    if remaining > 0 or granted == 0:
        lots.emptied_on[lot] = NONE
    if remaining > remaining_before == 0:
        lines.enter(world, lot)
        runs.revive(world, lot)
    if remaining == 0:
        runs.end(world, lot)
    for rule, terms in sorted(before.paid.keys() | after.paid.keys()):
        lost = before.paid.get((rule, terms), 0) - after.paid.get((rule, terms), 0)
        asset, _, fund = world.terms[terms]
        books.claw_back(member, fund, asset, lost, books.on_lot(lot, rule))
    books.reclaim(member, lot, granted - granted_before)
    books.reclaim(member, lot, (remaining - remaining_before) - (granted - granted_before))


def _standing_feeds(world: World, order: int) -> Iterator[tuple[int, int]]:
    """(row, amount that stands) of what an order fed."""
    row = world.orders.last_feed.item(order)
    while row != NONE:
        yield row, _feed_stands(world, row)
        row = world.feeds.before_of_order.item(row)


def _feed_stands(world: World, row: int) -> int:
    """What stands of a feed now."""
    feeds = world.feeds
    kept = world.kept(feeds.order.item(row), feeds.key.item(row))
    return _standing_part(feeds.amount.item(row), kept, feeds.kept_then.item(row))


class _TokensBefore:
    """A lot of tokens, and the price, before a refund."""

    def __init__(self, world: World, lot: int) -> None:
        """Note what stands now."""
        self.lot = lot
        self.price = price_of(world, curve_of(world))
        self.sales = standing_sales(world, lot)


def _take_back_tokens(books: Books, before: _TokensBefore) -> int:
    """Shrink what an order's tokens brought, and burn what is left of the rest.

    The seller's part returns to the pool. Returns what the pool has of it: ⌊burned × price before + that part⌋.
    """
    world, lot = books.world, before.lot
    lots, sales, member = world.lots, world.sales, world.lots.member.item(before.lot)
    closed = world.orders.state.item(lots.order.item(lot)) == CLOSED
    returned = sold = 0
    for (_, gross, proceeds, row), (tokens_now, gross_now, proceeds_now, _) in zip(
        before.sales, standing_sales(world, lot), strict=True
    ):
        sold += tokens_now
        world.members.realised[member] -= 0 if closed else gross - gross_now
        asset, _, fund = world.terms[sales.terms.item(row)]
        books.claw_back(member, fund, asset, proceeds - proceeds_now, books.on_lot(lot, sales.rule.item(row)))
        returned += proceeds - proceeds_now if fund >= 0 else 0
    burned = lots.remaining.item(lot) - max(lots.granted.item(lot) - sold, 0)
    burn(world, member, lot, burned, before.price)
    books.reclaim(member, lot, -burned)
    balance, supply = before.price
    return max(burned * balance + returned * supply, 0) // supply


def _return_feeds(books: Books, order: int, before: list[tuple[int, int]], worth: int | None) -> None:
    """Pools give back what no longer stands of the order's feeds; a curve at value gives at most ``worth``."""
    world, feeds = books.world, books.world.feeds
    curve = world.program.curve
    for row, stood in before:
        lost, pool = stood - _feed_stands(world, row), feeds.pool.item(row)
        if curve is not None and curve.refund == "at_value" and world.pools.names[pool] == curve.name:
            lost = min(lost, worth or 0)
        books.give_back("refund", pool, lost, On(order=order, reason=feeds.rule.item(row)))
