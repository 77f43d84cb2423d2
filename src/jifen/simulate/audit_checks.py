"""Why an event is refused: the first reason that holds, in the order of the format."""

from collections.abc import Callable, Iterator

from jifen.core.micros import AMOUNT_MAX, CENT, MICRO
from jifen.engine.events import (
    AgentSet,
    AssetTransferred,
    Event,
    LiabilityBooked,
    MemberJoined,
    MemberMoved,
    OrderPaid,
    OrderReceived,
    OrderRefunded,
    OrderSettled,
    PlanWoundUp,
    PoolDonated,
    RankSet,
    ReserveToppedUp,
    StoreAdjusted,
    TaskDone,
    TokensSold,
    WithdrawalPaid,
    WithdrawalRejected,
    WithdrawalRequested,
)
from jifen.plan.model import Curve, Lots, Tier, Value, Weight
from jifen.simulate.audit_books import Books, pool_names
from jifen.simulate.audit_curve import curve_of, price, rule_of_sale, supply
from jifen.simulate.audit_orders import task_rules

__all__ = ["ASSETS", "refusal"]

ASSETS = ("cash", "coin", "voucher")

_PRECEDENCE = (
    "out_of_order", "unknown_member", "unknown_order", "unknown_pool", "unknown_store", "wound_up", "bad_amount",
    "too_much", "self", "descendant", "bound", "limit", "unbacked_mint", "asset_forbidden", "asset_limit",
    "insufficient", "conflict",
)  # fmt: skip

_WEIGHT_MAX = 10**18
"""Weights may be larger than money: a plan may issue so much in all."""
_TOKENS_MAX = 2**62
"""More tokens than this cannot be counted in 64 bits with room to add."""

_Codes = Iterator[str]


def refusal(books: Books, event: Event) -> str | None:
    """Return the code by which an event with a new id is refused, or ``None``."""
    if event.day < books.open_day:
        return "out_of_order"
    check = _CHECKS.get(type(event))
    codes = set(check(books, event)) if check else set()
    return next((code for code in _PRECEDENCE if code in codes), None)


def _unknown_members(books: Books, *members: str | None) -> _Codes:
    if any(member is not None and member not in books.members for member in members):
        yield "unknown_member"


def _amount(amount: int, unit: int = 1) -> _Codes:
    if amount <= 0 or amount > AMOUNT_MAX or amount % unit:
        yield "bad_amount"


def _tokens_worth(books: Books, money: int) -> _Codes:
    """Refuse money that at the price of now is worth more tokens than can be counted."""
    for curve in (store for store in books.plan.stores.values() if isinstance(store, Curve)):
        now = price(books, curve)
        if now and money // now + supply(books, curve) > _TOKENS_MAX:
            yield "limit"


def _balance(books: Books, member: str, asset: str) -> int:
    return books.members[member].assets.get(asset, 0) if member in books.members else 0


def _joined(books: Books, event: MemberJoined) -> _Codes:
    yield from _unknown_members(books, event.referrer)
    if event.member in books.members:
        yield "bound"


def _moved(books: Books, event: MemberMoved) -> _Codes:
    yield from _unknown_members(books, event.member, event.referrer)
    if event.member == event.referrer:
        yield "self"
    if event.referrer in books.members and event.member in books.ancestors(event.referrer):
        yield "descendant"
    if event.by == "member" and event.member in books.members and books.members[event.member].referrer is not None:
        yield "bound"


def _named(books: Books, event: RankSet | AgentSet) -> _Codes:
    yield from _unknown_members(books, event.member)


def _order(books: Books, event: OrderPaid) -> _Codes:
    yield from _unknown_members(books, event.member)
    yield from _amount(event.amount, CENT)
    used: dict[str, int] = {}
    for asset, amount in event.pay:
        used[asset] = used.get(asset, 0) + amount
        yield from _amount(amount)
        if asset not in ASSETS:
            yield "unknown_store"
    for line in event.lines:  # a gift is a line of nothing
        yield from _amount(line.amount, CENT) if line.amount else ()
    twice = len({line.line for line in event.lines}) < len(event.lines)
    if twice or any(line.cost < 0 for line in event.lines) or sum(used.values()) > event.amount:
        yield "bad_amount"
    yield from _tokens_worth(books, event.amount)
    params = books.plan.params
    vouched = [line.amount for line in event.lines if line.sku in params["voucher_skus"]]
    if used.get("voucher") and not any(vouched):
        yield "asset_forbidden"
    if used.get("voucher", 0) > sum(vouched):
        yield "asset_limit"
    if used.get("coin", 0) * MICRO > params["coin_max_share"] * event.amount:
        yield "asset_limit"
    if any(amount > _balance(books, event.member, asset) for asset, amount in used.items()):
        yield "insufficient"


def _refund(books: Books, event: OrderRefunded) -> _Codes:
    order = books.orders.get(event.order)
    if order is None:
        yield "unknown_order"
    unit = 1 if event.share else CENT
    yield from _amount(event.amount, unit)
    if order is not None and event.amount > order.net:
        yield "too_much"
    if event.lines and sum(amount for _, amount in event.lines) != event.amount:
        yield "bad_amount"
    left = dict(zip((line.line for line in order.lines), order.left, strict=True)) if order else {}
    for line, amount in event.lines:
        yield from _amount(amount, unit)
        if line not in left:
            yield "unknown_order"
        left[line] = left.get(line, 0) - amount
    if any(rest < 0 for rest in left.values()):
        yield "too_much"


def _received(books: Books, event: OrderReceived) -> _Codes:
    if event.order not in books.orders:
        yield "unknown_order"


def _settled(books: Books, event: OrderSettled) -> _Codes:
    if event.order not in books.orders:
        yield "unknown_order"
    elif not books.orders[event.order].waiting:
        yield "conflict"


def _sale(books: Books, event: TokensSold) -> _Codes:
    yield from _unknown_members(books, event.member)
    if event.tokens is not None:
        yield from _amount(event.tokens)
    rule = rule_of_sale(books)
    tokens = rule.amount.tokens if rule and isinstance(rule.amount, Value) else ""
    held = sum(lot.remaining for lot in books.lots_of(event.member, tokens))
    if held == 0 or (event.tokens or 0) > held:
        yield "insufficient"


def _adjustment(books: Books, event: StoreAdjusted) -> _Codes:
    yield from _unknown_members(books, event.member)
    store = books.plan.stores.get(event.store)
    if event.store not in ASSETS and not isinstance(store, Lots | Weight):
        yield "unknown_store"
    tokens = isinstance(store, Lots) and store.priced_by is not None
    amount = event.amount if event.value is None else event.value
    if books.wound_up and isinstance(store, Lots) and amount > 0:
        yield "wound_up"
    most = _WEIGHT_MAX if isinstance(store, Weight) else AMOUNT_MAX
    if amount == 0 or abs(amount) > most or (event.value is not None and not tokens):
        yield "bad_amount"
    if tokens and event.value is not None:
        yield from _tokens_worth(books, event.value)
    if event.base is not None:
        yield from _amount(event.base)
    if isinstance(store, Lots) and store.priced_by and amount > 0 and not curve_of(books, store.name).unbacked:
        yield "unbacked_mint"
    if isinstance(store, Weight) and store.cap is not None and amount > max(0, store.cap - books.issued(store.name)):
        yield "limit"


def _donation(books: Books, event: PoolDonated) -> _Codes:
    if event.pool not in pool_names(books.plan):
        yield "unknown_pool"
    yield from _amount(event.amount)


def _top_up(books: Books, event: ReserveToppedUp) -> _Codes:
    del books
    yield from _amount(event.amount)


def _withdrawal(books: Books, event: WithdrawalRequested) -> _Codes:
    yield from _unknown_members(books, event.member)
    yield from _amount(event.amount)
    if event.asset not in ASSETS:
        yield "unknown_store"
    allowed = event.asset == "cash" or (event.asset == "coin" and books.plan.params["coin_withdrawable"])
    if not allowed:
        yield "asset_forbidden"
    if event.amount > _balance(books, event.member, event.asset):
        yield "insufficient"


def _transfer(books: Books, event: AssetTransferred) -> _Codes:
    yield from _unknown_members(books, event.member, event.to)
    yield from _amount(event.amount)
    if event.asset not in ASSETS:
        yield "unknown_store"
    if event.member == event.to:
        yield "self"
    if event.asset != "coin" or not books.plan.params["coin_transferable"]:
        yield "asset_forbidden"
    if event.amount > _balance(books, event.member, event.asset):
        yield "insufficient"


def _withdrawal_end(books: Books, event: WithdrawalPaid | WithdrawalRejected) -> _Codes:
    if not isinstance(books.known.get(event.withdrawal), WithdrawalRequested):
        yield "unknown_order"
    elif event.withdrawal not in books.withdrawals:
        yield "conflict"


def _task(books: Books, event: TaskDone) -> _Codes:
    yield from _unknown_members(books, event.member)
    amounts = [rule.amount for rule in task_rules(books)]
    most = max((amount.parts for amount in amounts if isinstance(amount, Tier)), default=None)
    if most is not None and books.tasks.get(event.member, 0) >= most:
        yield "limit"


def _liability(books: Books, event: LiabilityBooked) -> _Codes:
    yield from _unknown_members(books, event.member)
    yield from _amount(event.amount)


def _wind_up(books: Books, event: PlanWoundUp) -> _Codes:
    del event
    if books.wound_up:
        yield "wound_up"


_CHECKS: dict[type[Event], Callable[..., _Codes]] = {
    MemberJoined: _joined,
    MemberMoved: _moved,
    RankSet: _named,
    AgentSet: _named,
    OrderPaid: _order,
    OrderRefunded: _refund,
    OrderReceived: _received,
    OrderSettled: _settled,
    TokensSold: _sale,
    TaskDone: _task,
    LiabilityBooked: _liability,
    StoreAdjusted: _adjustment,
    PoolDonated: _donation,
    ReserveToppedUp: _top_up,
    WithdrawalRequested: _withdrawal,
    WithdrawalPaid: _withdrawal_end,
    WithdrawalRejected: _withdrawal_end,
    AssetTransferred: _transfer,
    PlanWoundUp: _wind_up,
}
