"""Which events are refused, and why: the first reason that holds, in the order the field expects them."""

from collections.abc import Callable
from typing import Any

from jifen.core.micros import AMOUNT_MAX, CENT, MICRO
from jifen.engine.curve import token_store
from jifen.engine.events import (
    AssetTransferred,
    Event,
    LiabilityBooked,
    MemberJoined,
    MemberMoved,
    OrderPaid,
    OrderReceived,
    OrderRefunded,
    OrderSettled,
    PoolDonated,
    ReserveToppedUp,
    StoreAdjusted,
    TokensSold,
    WithdrawalPaid,
    WithdrawalRejected,
    WithdrawalRequested,
)
from jifen.engine.tables import NONE
from jifen.engine.world import ASSETS, World
from jifen.plan.model import Curve, Lots

__all__ = ["REFUSAL_CODES", "refusal_of"]

Why = tuple[str, str]

REFUSAL_CODES = (
    "duplicate", "conflict", "out_of_order", "unknown_member", "unknown_order", "unknown_pool", "unknown_store",
    "bad_amount", "too_much", "self", "descendant", "bound", "limit", "unbacked_mint", "asset_forbidden", "asset_limit",
    "insufficient",
)  # fmt: skip
"""Every code an event can be refused with, in order of precedence."""


def refusal_of(world: World, event: Event) -> Why | None:
    """Why a new event is refused, or ``None``."""
    if event.day < world.open_day:
        return "out_of_order", f"day {event.day} is closed; day {world.open_day} is open"
    reasons = unknown_names(world, event)
    if reasons is not None:
        return reasons
    check = CHECKS.get(type(event))
    return None if check is None else check(world, event)


def unknown_names(world: World, event: Event) -> Why | None:
    """The first name of the event that nobody bears."""
    names = [getattr(event, key, None) for key in ("member", "to", "referrer")]
    if isinstance(event, MemberJoined):
        names = [event.referrer]
    for name in names:
        if name is not None and name not in world.member_ids.numbers:
            return "unknown_member", f"no member {name!r}"
    order = getattr(event, "order", None)
    if order is not None and order not in world.order_ids.numbers:
        return "unknown_order", f"no order {order!r}"
    if isinstance(event, WithdrawalPaid | WithdrawalRejected) and event.withdrawal not in world.withdrawals:
        return "unknown_order", f"no withdrawal {event.withdrawal!r}"
    if isinstance(event, PoolDonated) and event.pool not in world.program.pool_names:
        return "unknown_pool", f"the plan has no pool {event.pool!r}"
    if isinstance(event, StoreAdjusted) and event.store not in ASSETS and not adjustable(world, event.store):
        return "unknown_store", f"the plan has no store {event.store!r} with lots, weights or tokens"
    return None


def adjustable(world: World, store: str) -> bool:
    """Whether the back office can add to a store by hand."""
    return isinstance(world.program.plan.stores.get(store), Lots)


def bad(amount: int, unit: int = 1) -> Why | None:
    """An amount that is not above 0, too large, or finer than ``unit`` micro-units."""
    if amount <= 0:
        return "bad_amount", "the amount must be above 0"
    if amount > AMOUNT_MAX:
        return "bad_amount", f"the amount is above {AMOUNT_MAX // MICRO}"
    if amount % unit:
        return "bad_amount", "the amount has more than 2 decimals"
    return None


def check_join(world: World, event: MemberJoined) -> Why | None:
    if event.member in world.member_ids.numbers:
        return "conflict", f"member {event.member!r} has joined before"
    return None


def check_move(world: World, event: MemberMoved) -> Why | None:
    member, parent = world.member_ids.numbers[event.member], world.member_ids.numbers[event.referrer]
    if member == parent:
        return "self", "nobody is his own referrer"
    above = parent
    while above != NONE:
        if above == member:
            return "descendant", f"{event.referrer!r} is below {event.member!r}"
        above = world.members.parent.item(above)
    if event.by != "admin" and world.members.parent.item(member) != NONE:
        return "bound", "a member binds his referrer once"
    return None


def check_order(world: World, event: OrderPaid) -> Why | None:
    for line in event.lines:
        if reason := bad(line.amount, CENT):
            return reason
        if line.cost < 0:
            return "bad_amount", "a cost must not be below 0"
    if not event.lines or event.amount > AMOUNT_MAX:
        return "bad_amount", "an order needs lines, and an amount within the limit"
    for _, used in event.pay:
        if reason := bad(used):
            return reason
    if sum(used for _, used in event.pay) > event.amount:
        return "bad_amount", "more is paid in assets than the order's amount"
    return check_pay(world, event)


def check_pay(world: World, event: OrderPaid) -> Why | None:
    params, member = world.program.plan.params, world.member_ids.numbers[event.member]
    allowed = sum(line.amount for line in event.lines if line.sku in params["voucher_skus"])
    pay = dict(event.pay)
    for asset in pay:
        if asset not in ASSETS or (asset == "voucher" and allowed == 0):
            return "asset_forbidden", f"{asset} cannot pay for this order"
    if pay.get("coin", 0) * MICRO > params["coin_max_share"] * event.amount or pay.get("voucher", 0) > allowed:
        return "asset_limit", "more of an asset than may pay for this order"
    for asset, used in pay.items():
        if used > world.wallets[ASSETS.index(asset)].item(member):
            return "insufficient", f"not enough {asset}"
    return None


def check_refund(world: World, event: OrderRefunded) -> Why | None:
    if reason := bad(event.amount, CENT):
        return reason
    order = world.order_ids.numbers[event.order]
    net = world.orders.whole.item(order) - world.orders.returned_whole.item(order)
    if event.amount > net:
        return "too_much", "more is given back than is left of the order"
    if event.lines:
        return check_refund_lines(world, event, order)
    return None


def check_refund_lines(world: World, event: OrderRefunded, order: int) -> Why | None:
    if sum(amount for _, amount in event.lines) != event.amount:
        return "bad_amount", "the lines do not add up to the amount"
    left = {line.line.line: line.line.amount - line.given_back for line in world.order_lines.get(order, ())}
    for name, amount in event.lines:
        if order in world.order_lines and name not in left:
            return "unknown_order", f"order {event.order!r} has no line {name!r}"
        if amount <= 0:
            return "bad_amount", "the amount must be above 0"
        if amount > left.get(name, event.amount):
            return "too_much", f"more is given back than is left of line {name!r}"
    return None


def check_sale(world: World, event: TokensSold) -> Why | None:
    if world.program.curve is None or not world.program.by_event["sale"]:
        return "unknown_store", "the plan has no tokens to sell"
    if event.tokens is not None and event.tokens <= 0:
        return "bad_amount", "the amount must be above 0"
    held = world.tokens(event.member)
    if held == 0 or (event.tokens or 0) > held:
        return "insufficient", "not that many tokens are held"
    return None


def check_transfer(world: World, event: AssetTransferred) -> Why | None:
    if reason := bad(event.amount):
        return reason
    if event.member == event.to:
        return "self", "nobody sends to himself"
    if event.asset != "coin" or not world.program.plan.params["coin_transferable"]:
        return "asset_forbidden", f"{event.asset} cannot be sent"
    return enough(world, event.member, event.asset, event.amount)


def check_withdrawal(world: World, event: WithdrawalRequested) -> Why | None:
    if reason := bad(event.amount):
        return reason
    allowed = event.asset == "cash" or (event.asset == "coin" and world.program.plan.params["coin_withdrawable"])
    if not allowed:
        return "asset_forbidden", f"{event.asset} cannot be withdrawn"
    return enough(world, event.member, event.asset, event.amount)


def check_withdrawal_end(world: World, event: WithdrawalPaid | WithdrawalRejected) -> Why | None:
    if world.withdrawals[event.withdrawal][3] != "requested":
        return "conflict", "the withdrawal has ended before"
    return None


def enough(world: World, member: str, asset: str, amount: int) -> Why | None:
    if world.balance(member, asset) < amount:
        return "insufficient", f"not enough {asset}"
    return None


def check_adjustment(world: World, event: StoreAdjusted) -> Why | None:
    amounts = [event.amount] if event.value is None else [event.value]
    if any(amount == 0 or abs(amount) > AMOUNT_MAX for amount in amounts) or (
        event.base is not None and event.base <= 0
    ):
        return "bad_amount", "an adjustment must not be 0 or too large"
    tokens = event.store not in ASSETS and event.store == token_store_name(world)
    curve = world.program.curve
    if tokens and amounts[0] > 0 and isinstance(curve, Curve) and not curve.unbacked:
        return "unbacked_mint", "tokens without money are not allowed in this plan"
    return None


def token_store_name(world: World) -> str:
    return "" if world.program.curve is None else token_store(world)


def check_donation(world: World, event: PoolDonated | ReserveToppedUp | LiabilityBooked) -> Why | None:
    return bad(event.amount)


def check_receipt(world: World, event: OrderReceived | OrderSettled) -> Why | None:
    if world.orders.state.item(world.order_ids.numbers[event.order]) != 0:
        return "conflict", "the order is not waiting for its refund window"
    return None


CHECKS: dict[type[Event], Callable[[World, Any], Why | None]] = {
    MemberJoined: check_join,
    MemberMoved: check_move,
    OrderPaid: check_order,
    OrderReceived: check_receipt,
    OrderSettled: check_receipt,
    OrderRefunded: check_refund,
    TokensSold: check_sale,
    AssetTransferred: check_transfer,
    WithdrawalRequested: check_withdrawal,
    WithdrawalPaid: check_withdrawal_end,
    WithdrawalRejected: check_withdrawal_end,
    StoreAdjusted: check_adjustment,
    PoolDonated: check_donation,
    ReserveToppedUp: check_donation,
    LiabilityBooked: check_donation,
}
