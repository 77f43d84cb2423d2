"""An order: paid, received, settled; and what it causes when it takes effect.

An order takes effect at its event (``settle_at: paid``) or when its refund window has ended (``settled``), then with
what is kept of it. All rules that run on orders fire in plan order; an order below the first tier is outside the plan
and counts in measures only; an order of other articles does not even that.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from jifen.core.errors import ensure
from jifen.core.micros import MICRO
from jifen.engine import curve, grants
from jifen.engine.books import FROM_RESERVE, Books, On
from jifen.engine.events import Line, OrderPaid
from jifen.engine.payments import Draft, draft_bank, draft_payment, post
from jifen.engine.program import Step, row_at
from jifen.engine.tables import NONE
from jifen.engine.walks import rate_by_lines, walked
from jifen.engine.world import OrderLine, World
from jifen.ledger.journal import Account
from jifen.plan.model import Feed, Grant, Mint, Share, Tier, Walk

__all__ = [
    "CLOSED",
    "IN_EFFECT",
    "PENDING",
    "WITHOUT_EFFECT",
    "Moment",
    "accept_order",
    "measure",
    "settle",
    "settling",
    "take_effect",
    "wait",
]

PENDING, IN_EFFECT, CLOSED, WITHOUT_EFFECT = range(4)
"""States of an order: waiting for its refund window, counting, closed by a forced exit, not of this plan."""


@dataclass(slots=True)
class Moment:
    """One order taking effect: what it granted and what its rules gave so far."""

    books: Books
    order: int
    buyer: int
    granted: int = 0
    granted_key: int = NONE
    """The weighting of lines that ``granted`` stands on."""
    price_before: tuple[int, int] = (0, 1)
    """The price of a token before the order's feed."""
    fired: dict[str, int] = field(default_factory=dict)
    feeds: dict[str, int] = field(default_factory=dict)
    """The rows of what rules fed."""
    drafts: list[Draft] = field(default_factory=list)

    def base(self, name: str, receiver: int = NONE, store: str = "") -> int:
        """A base of the plan language in micro-units; those called ``own_…`` count the receiver's lots in ``store``."""
        orders = self.books.world.orders
        if name == "trigger_amount":
            return orders.kept.item(self.order)
        if name == "trigger_points":
            return self.granted
        if name == "trigger_margin":
            return orders.margin.item(self.order) * orders.kept.item(self.order) // orders.amount.item(self.order)
        if name in self.fired:
            return self.fired[name]
        return _own_base(self.books.world, name, receiver, store)


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
        state=PENDING,
    )  # fmt: skip
    ensure(row == name, "an order's row is the number of its name")
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
    members.own_net[member] += net
    members.spend[member] += net
    world.token_touched.add(member)
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
        books.put("reserve", FROM_RESERVE, (Account.MERCHANT, 0), share, order=order)


def _fire(moment: Moment, step: Step) -> None:
    """Run one rule for an order."""
    rule, world = step.rule, moment.books.world
    if isinstance(rule.who, Walk):
        for receiver, wanted, key in walked(world, step, moment.order, moment.base):
            if step.share.of == "trigger_points":
                key = moment.granted_key
            draft = draft_payment(moment.books, step, receiver, wanted, moment.order, key)
            if draft is not None:
                moment.drafts.append(draft)
                moment.fired[rule.id] = moment.fired.get(rule.id, 0) + draft.points + draft.banked
        return
    amount, key = _amount_of(moment, step)
    if isinstance(rule.pay, Feed):
        moment.price_before = world.price()
        moment.feeds[rule.id] = grants.feed(moment.books, step, moment.order, amount, key)
        moment.fired[rule.id] = amount
    elif isinstance(rule.pay, Grant):
        lot = grants.grant(moment.books, step, moment.order, amount, key)
        moment.granted += amount
        moment.granted_key = key
        moment.fired[rule.id] = moment.fired.get(rule.id, 0) + amount
        if lot != NONE:
            moment.drafts += draft_bank(moment.books, lot)
    elif isinstance(rule.pay, Mint) and isinstance(rule.amount, Share):
        curve.mint(moment.books, step, moment.feeds.get(rule.amount.of, NONE), moment.price_before)


def _amount_of(moment: Moment, step: Step) -> tuple[int, int]:
    """The amount of a rule without a walk, and the weighting of lines it stands on."""
    amount, world, order = step.rule.amount, moment.books.world, moment.order
    if isinstance(amount, Tier):
        row = row_at(amount.rows, measure(world, order, amount.at))
        multiple = 0 if row is None else row.columns[amount.column]
        return moment.base(amount.of or "") * multiple // MICRO, NONE
    if isinstance(amount, Share):
        rate, key = rate_by_lines(world, order, amount)
        if key != NONE:
            return world.kept(order, key) * rate // MICRO, key
        return moment.base(amount.of) * rate // MICRO, NONE
    return 0, NONE


def _own_base(world: World, name: str, receiver: int, store: str) -> int:
    """A base that the receiver's own live lots supply."""
    lots = world.lots
    live = [lot for lot in world.lots_of(receiver, world.stores.numbers[store]) if lots.remaining.item(lot) > 0]
    if name == "own_granted":
        return sum(lots.granted.item(lot) for lot in live)
    if name == "own_remaining":
        return sum(lots.remaining.item(lot) for lot in live)
    if name == "own_claim":
        return lots.granted.item(live[0]) if live else 0
    raise NotImplementedError(f"base {name} is not built yet")


def measure(world: World, order: int, name: str) -> int:
    """What a tier is judged at: this order, or the buyer's net spend including it."""
    if name == "single_order":
        return world.orders.kept.item(order)
    return world.members.own_net.item(world.orders.member.item(order))


def _attributes_of(line: Line) -> bool:
    """Whether a line says more than its amount."""
    return line.line != "1" or any((line.sku, line.category, line.merchant, line.zone))


def settling(world: World, day: int) -> Iterator[int]:
    """The orders whose refund window ends in the run of ``day``, in order of arrival."""
    due = sorted(until for until in world.pending if until <= day)
    orders = sorted(order for until in due for order in world.pending.pop(until))
    yield from orders
