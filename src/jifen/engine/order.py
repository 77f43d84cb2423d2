"""An order: paid, received, settled; and what it causes when it takes effect.

An order takes effect at its event (``settle_at: paid``) or when its refund window has ended (``settled``), then with
what is kept of it. All rules that run on orders fire in plan order; an order below the first tier is outside the plan
and counts in measures only; an order of other articles does not even that.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from jifen.core.errors import ensure
from jifen.core.micros import MICRO
from jifen.engine import curve, grants, positions, ranks, tickets, weights
from jifen.engine.books import Books, On
from jifen.engine.columns import SUM_MAX
from jifen.engine.events import Line, OrderPaid
from jifen.engine.payments import Draft, draft_bank, draft_payment, post
from jifen.engine.program import Step, row_at
from jifen.engine.queues import serve_newcomers
from jifen.engine.tables import FROM_RESERVE, NONE
from jifen.engine.tiers import measure, tier_value
from jifen.engine.walks import Awarded, rate_by_lines, walked
from jifen.engine.world import ASSETS, OrderLine, World
from jifen.ledger.journal import Account
from jifen.plan.model import Asset, Cycle, Feed, Grant, Head, Mint, Nothing, Per, Rule, Share, Tier, Walk, Weigh

__all__ = [
    "CLOSED",
    "IN_EFFECT",
    "PENDING",
    "WITHOUT_EFFECT",
    "Moment",
    "accept_order",
    "settle",
    "settling",
    "take_effect",
    "wait",
]

PENDING, IN_EFFECT, CLOSED, WITHOUT_EFFECT = range(4)
"""States of an order: waiting for its refund window, counting, closed by a forced exit, not of this plan."""


_sums: Callable[[], dict[Any, int]] = partial(defaultdict, int)


@dataclass(slots=True)
class Moment:
    """One order taking effect: what it gave so far, by part of the composition and by rule of that part."""

    books: Books
    order: int
    buyer: int
    granted: dict[int, int] = field(default_factory=_sums)
    granted_key: dict[int, int] = field(default_factory=dict)
    """The weighting of lines that ``granted`` stands on."""
    weighed: dict[int, int] = field(default_factory=_sums)
    weighed_key: dict[int, int] = field(default_factory=dict)
    price_before: tuple[int, int] = (0, 1)
    """The price of a token before the order's feed."""
    fired: dict[tuple[int, str], int] = field(default_factory=_sums)
    feeds: dict[tuple[int, str], int] = field(default_factory=dict)
    """The rows of what rules fed."""
    drafts: list[Draft] = field(default_factory=list)

    def base(self, rule: Rule, name: str, receiver: int = NONE) -> int:
        """A base of the plan language in micro-units; those called ``own_…`` are the receiver's."""
        world = self.books.world
        orders = world.orders
        match name:
            case "trigger_amount":
                return orders.kept.item(self.order)
            case "trigger_points":
                return self.granted[rule.part]
            case "trigger_weight":
                return self.weighed[rule.part]
            case "trigger_margin":
                return orders.margin.item(self.order) * orders.kept.item(self.order) // orders.amount.item(self.order)
            case "coin_paid":
                return _coin_paid(world, self.order)
            case "own_amount" | "lesser":
                own = _own_amount(world, receiver)
                return own if name == "own_amount" else min(own, orders.kept.item(self.order))
        if (rule.part, name) in self.fired:
            return self.fired[rule.part, name]
        drained = "" if rule.gate is None or rule.gate.drain is None else rule.gate.drain
        return _own_base(world, name, receiver, drained) if drained else 0

    def key_of(self, name: str, rule: Rule) -> int:
        """The weighting of lines that a base stands on."""
        if name == "trigger_points":
            return self.granted_key.get(rule.part, NONE)
        return self.weighed_key.get(rule.part, NONE) if name == "trigger_weight" else NONE


def accept_order(books: Books, event: OrderPaid) -> None:
    """Book a checked order: its money comes in, wallet assets are used, and it takes effect now or waits."""
    world = books.world
    program = world.program
    name = world.order_ids.number(event.id)
    member = world.member_ids.numbers[event.member]
    amount = event.amount
    pay = tuple((world.assets.numbers[asset], used) for asset, used in event.pay)
    row = world.orders.add(
        member=member, day=world.open_day, whole=amount, amount=amount, kept=amount,
        margin=sum(max(0, line.amount - line.cost) for line in event.lines),
        state=PENDING, before_of_member=world.members.last_order.item(member),
        region=NONE if event.region is None else world.region_names.number(event.region),
    )  # fmt: skip
    ensure(row == name, "an order's row is the number of its name")
    world.members.last_order[member] = row
    for order_ranks in world.order_ranks.values():
        order_ranks.add()
    if len(event.lines) > 1 or any(_attributes_of(line) for line in event.lines):
        world.order_lines[row] = [OrderLine(line, line.amount, basis=line.amount) for line in event.lines]
    merchant = (Account.MERCHANT, 0)
    books.move("order", (Account.OUTSIDE, 0), merchant, amount - sum(used for _, used in pay), on=On(order=row))
    for asset, used in pay:
        books.move("order", (Account.WALLET, member), merchant, used, asset, On(order=row))
    if pay:
        world.order_pay[row] = pay
    if not program.settled:
        take_effect(books, row)
    elif not world.receipts:
        wait(world, row, world.open_day + program.refund_days)


def wait(world: World, order: int, until: int) -> None:
    """Let a pending order take effect in the run of day ``until``."""
    world.orders.settles_on[order] = until
    world.pending.setdefault(until, deque()).append(order)


def settle(books: Books, order: int) -> None:
    """End the refund window of a pending order."""
    if books.world.orders.state.item(order) == PENDING:
        take_effect(books, order)


def take_effect(books: Books, order: int) -> None:
    """Count the order in the measures, then fire all rules that run on orders, in plan order."""
    world = books.world
    orders, members = world.orders, world.members
    _leave_out_others(world, order)
    member, net = orders.member.item(order), orders.kept.item(order)
    if net == 0:
        orders.state[order] = WITHOUT_EFFECT
        return
    orders.state[order] = IN_EFFECT
    orders.kept_then[order] = net
    own = members.own_net.item(member) + net
    ensure(own <= SUM_MAX, "a member's orders, of which some have waited, add up to more than can be counted")
    members.own_net[member] = own
    members.spend[member] += net
    members.live_orders[member] += 1
    ranks.judge_order(world, order)
    world.touch(member)
    entry = world.program.entry_rows
    outside = entry is not None and row_at(entry[0], measure(world, order, entry[1])) is None
    if outside or not world.granting:
        return
    _feed_reserve(books, order, net)
    moment = Moment(books, order, member)
    for step in world.program.by_event["order"]:
        _fire(moment, step)
    post(books, moment.drafts)


def _leave_out_others(world: World, order: int) -> None:
    """Lines of articles that are not in the plan have no effect: they count as not kept."""
    skus = world.program.skus
    if skus is None:
        return
    orders, lines = world.orders, world.order_lines.get(order, [])
    for line in lines:
        if line.line.sku not in skus:
            line.inside, line.kept = False, 0
    orders.kept[order] = sum(line.kept for line in lines)
    orders.amount[order] = sum(line.line.amount for line in lines if line.inside)
    orders.margin[order] = sum(max(0, line.line.amount - line.line.cost) for line in lines if line.inside)


def _feed_reserve(books: Books, order: int, net: int) -> None:
    """The reserve is fed first: ⌊reserve_share × net⌋."""
    world = books.world
    share = net * world.program.reserve_share // MICRO
    if share:
        world.orders.reserved[order] = share
        books.put("reserve", FROM_RESERVE, (Account.MERCHANT, 0), share, on=On(order=order))


def _fire(moment: Moment, step: Step) -> None:
    """Run one rule for an order: what it pays says how; the head of a queue is paid for the newcomers."""
    if isinstance(step.rule.who, Head):
        moment.drafts += serve_newcomers(moment.books, step)
        return
    _PAYS[type(step.rule.pay)](moment, step)


def _pay(moment: Moment, step: Step) -> None:
    """Pay an asset (or nothing: lots are only used up) to those whom the rule names."""
    for receiver, wanted, key in _awarded(moment, step):
        draft = draft_payment(moment.books, step, receiver, wanted, moment.order, key)
        if draft is not None:
            moment.drafts.append(draft)
            moment.fired[step.rule.part, step.rule.id] += draft.points + draft.banked


def _weigh(moment: Moment, step: Step) -> None:
    """Give weight to those whom the rule names; what the buyer gets is what the order weighs."""
    part = step.rule.part
    for receiver, amount, key in _awarded(moment, step):
        given = weights.weigh(moment.books, step, receiver, amount, (moment.order, key))
        moment.fired[part, step.rule.id] += given
        if step.rule.who is None:
            moment.weighed[part] += given
            moment.weighed_key[part] = key


def _feed(moment: Moment, step: Step) -> None:
    """Put money into a pool, or into each pool of a family its part."""
    world, part = moment.books.world, step.rule.part
    base, rate, key = _share_of(moment, step)
    moment.price_before = world.price()
    for pool, share in grants.fed_pools(world, step):
        amount = base * rate * share // (MICRO * MICRO)
        moment.feeds[part, step.rule.id] = grants.feed(moment.books, step, (moment.order, key), pool, amount)
        moment.fired[part, step.rule.id] += amount


def _grant(moment: Moment, step: Step) -> None:
    """A lot for the buyer, or one for each whole unit; they release what waits in his bank."""
    part, world = step.rule.part, moment.books.world
    if step.whole_amount is None:
        amount, key = _amount_of(moment, step)
        lot = grants.grant(moment.books, step, moment.order, amount, key)
        granted = [] if lot == NONE else [lot]
    else:
        granted, key = tickets.bring(moment.books, step, moment.order), NONE
        amount = sum(map(world.lots.granted.item, granted))
    moment.granted[part] += amount
    moment.granted_key[part] = key
    moment.fired[part, step.rule.id] += amount
    for lot in granted:
        moment.drafts += draft_bank(moment.books, lot)


def _mint(moment: Moment, step: Step) -> None:
    """Tokens for a share of what a rule has fed."""
    feed = moment.feeds.get((step.rule.part, step.share.of), NONE)
    curve.mint(moment.books, step, feed, moment.price_before)


_PAYS: dict[type, Callable[[Moment, Step], None]] = {
    Asset: _pay,
    Nothing: _pay,
    Weigh: _weigh,
    Feed: _feed,
    Grant: _grant,
    Mint: _mint,
}


def _awarded(moment: Moment, step: Step) -> Iterator[Awarded]:
    """(receiver, amount, weighting of lines it stands on) of a rule: the buyer, or whom a walk finds."""
    rule, world = step.rule, moment.books.world
    if isinstance(rule.amount, Cycle):
        yield from _in_turn(moment, step, rule.amount)
    elif isinstance(rule.who, Walk):
        of = getattr(rule.amount, "of", None) or ""
        for receiver, wanted, key in walked(world, step, moment.order, partial(moment.base, rule)):
            yield receiver, wanted, moment.key_of(of, rule) if key == NONE else key
    else:
        amount, key = _amount_of(moment, step)
        yield moment.buyer, amount, key


def _in_turn(moment: Moment, step: Step, amount: Cycle) -> Iterator[Awarded]:
    """The sponsor, at the rate of the place that the buyer takes below him."""
    world = moment.books.world
    sponsor = world.members.parent.item(moment.buyer)
    if sponsor == NONE or (step.walk.own_order and not world.has_own_order(sponsor)):
        return
    place = positions.take_place(world, amount.at, sponsor, moment.order)
    if place != NONE:
        rate = amount.rates[place % len(amount.rates)]
        yield sponsor, rate * moment.base(step.rule, amount.of, sponsor) // MICRO, NONE


def _amount_of(moment: Moment, step: Step) -> tuple[int, int]:
    """The amount of a rule without a walk, and the weighting of lines it stands on."""
    amount, world, order, rule = step.rule.amount, moment.books.world, moment.order, step.rule
    if isinstance(amount, Tier):
        return tier_value(world, order, amount, lambda base: moment.base(rule, base)), NONE
    if isinstance(amount, Per):
        return moment.base(rule, amount.of, moment.buyer) * MICRO // amount.unit, moment.key_of(amount.of, rule)
    if isinstance(amount, Share):
        base, rate, key = _share_of(moment, step)
        return base * rate // MICRO, key
    return 0, NONE


def _share_of(moment: Moment, step: Step) -> tuple[int, int, int]:
    """The base of a share without a walk, its rate, and the weighting of lines it stands on."""
    amount, world, rule = step.share, moment.books.world, step.rule
    rate, key = rate_by_lines(world, moment.order, amount)
    if key != NONE:
        return world.kept(moment.order, key), rate, key
    return moment.base(rule, amount.of, moment.buyer), rate, moment.key_of(amount.of, rule)


def _coin_paid(world: World, order: int) -> int:
    """The coin that was used for an order, by what is kept of it."""
    coin = sum(used for asset, used in world.order_pay.get(order, ()) if ASSETS[asset] == "coin")
    return coin * world.orders.kept.item(order) // world.orders.whole.item(order)


def _own_amount(world: World, member: int) -> int:
    """What is kept of the member's first live order."""
    first = NONE
    for order in world.live_orders(member):
        first = order
    return 0 if first == NONE else world.orders.kept.item(first)


def _own_base(world: World, name: str, receiver: int, store: str) -> int:
    """A base that the receiver's own live lots supply."""
    lots = world.lots
    live = [lot for lot in world.lots_of(receiver, world.stores.numbers[store]) if lots.remaining.item(lot) > 0]
    if name == "own_granted":
        return sum(lots.granted.item(lot) for lot in live)
    if name == "own_remaining":
        return sum(lots.remaining.item(lot) for lot in live)
    return lots.granted.item(live[0]) if name == "own_claim" and live else 0


def _attributes_of(line: Line) -> bool:
    """Whether a line says more than its amount."""
    return line.line != "1" or any((line.sku, line.category, line.merchant, line.zone))


def settling(world: World, day: int) -> Iterator[int]:
    """The orders whose refund window ends in the run of ``day``, in order of arrival."""
    due = sorted(until for until in world.pending if until <= day)
    orders = sorted(order for until in due for order in world.pending.pop(until))
    yield from orders
