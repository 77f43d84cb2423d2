"""Which events are refused, and why: the first reason that holds, in the order the field expects them."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from jifen.core.micros import AMOUNT_MAX, CENT, MICRO
from jifen.engine.columns import SUM_MAX
from jifen.engine.curve import token_store
from jifen.engine.events import (
    EVENT_TYPES,
    AssetTransferred,
    Event,
    LiabilityBooked,
    MemberJoined,
    MemberMoved,
    OrderPaid,
    OrderRefunded,
    OrderSettled,
    PlanWoundUp,
    PoolDonated,
    ReserveToppedUp,
    StoreAdjusted,
    TaskDone,
    TokensSold,
    WithdrawalPaid,
    WithdrawalRejected,
    WithdrawalRequested,
)
from jifen.engine.tables import NONE
from jifen.engine.tasks import task_limit
from jifen.engine.tickets import too_many
from jifen.engine.walks import weights_of
from jifen.engine.weights import room_of
from jifen.engine.world import ASSETS, World
from jifen.plan.model import Curve, Lots, Weight

__all__ = ["REFUSAL_CODES", "refusal_of"]

_Why = tuple[str, str]

REFUSAL_CODES = (
    "duplicate", "conflict", "out_of_order", "unknown_member", "unknown_order", "unknown_pool", "unknown_store",
    "wound_up", "bad_amount", "too_much", "self", "descendant", "bound", "limit", "unbacked_mint", "asset_forbidden",
    "asset_limit", "insufficient",
)  # fmt: skip
"""Every code an event can be refused with, in order of precedence."""


_FULL = "limit", "a pool or the reserve would hold more than can be counted"


def refusal_of(world: World, event: Event) -> _Why | None:
    """Why a new event is refused, or ``None``."""
    if event.day < world.open_day:
        return "out_of_order", f"day {event.day} is closed; day {world.open_day} is open"
    reasons = _unknown_names(world, event)
    if reasons is not None:
        return reasons
    check = _CHECKS.get(type(event))
    return None if check is None else check(world, event)


def _unknown_names(world: World, event: Event) -> _Why | None:
    """The first name of the event that nobody bears."""
    for key in _MEMBERS[type(event)]:
        name = getattr(event, key)
        if name is not None and name not in world.member_ids.numbers:
            return "unknown_member", f"no member {name!r}"
    order = getattr(event, "order", None)
    if order is not None and order not in world.order_ids.numbers:
        return "unknown_order", f"no order {order!r}"
    if isinstance(event, WithdrawalPaid | WithdrawalRejected) and event.withdrawal not in world.withdrawals:
        return "unknown_order", f"no withdrawal {event.withdrawal!r}"
    if isinstance(event, PoolDonated) and event.pool not in world.program.pool_names:
        return "unknown_pool", f"the plan has no pool {event.pool!r}"
    if isinstance(event, StoreAdjusted) and event.store not in ASSETS and not _adjustable(world, event.store):
        return "unknown_store", f"the plan has no store {event.store!r} with lots, weights or tokens"
    return None


_MEMBERS: Mapping[type[Event], tuple[str, ...]] = {
    kind: tuple(key for key in ("member", "to", "referrer") if key in kind.__slots__) for kind in EVENT_TYPES.values()
} | {MemberJoined: ("referrer",)}
"""By kind of event, the facts that name members who must have joined."""


def _adjustable(world: World, store: str) -> bool:
    """Whether the back office can add to a store by hand."""
    return isinstance(world.program.plan.stores.get(store), Lots | Weight)


def _bad(amount: int, unit: int = 1) -> _Why | None:
    """An amount that is not above 0, too large, or finer than ``unit`` micro-units."""
    if amount <= 0:
        return "bad_amount", "the amount must be above 0"
    if amount > AMOUNT_MAX:
        return "bad_amount", f"the amount is above {AMOUNT_MAX // MICRO}"
    if amount % unit:
        return "bad_amount", "the amount has more than 2 decimals"
    return None


def _check_join(world: World, event: MemberJoined) -> _Why | None:
    if event.member in world.member_ids.numbers:
        return "conflict", f"member {event.member!r} has joined before"
    return None


def _check_move(world: World, event: MemberMoved) -> _Why | None:
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


def _check_order(world: World, event: OrderPaid) -> _Why | None:
    for line in event.lines:
        if line.amount and (reason := _bad(line.amount, CENT)):
            return reason
        if line.cost < 0:
            return "bad_amount", "a cost must not be below 0"
    amount, member = event.amount, world.member_ids.numbers[event.member]
    if reason := _bad(amount):
        return reason
    if len(event.lines) > 1 and len({line.line for line in event.lines}) < len(event.lines):
        return "bad_amount", "two lines of the order have one name"
    for _, used in event.pay:
        if reason := _bad(used):
            return reason
    if event.pay and sum(used for _, used in event.pay) > amount:
        return "bad_amount", "more is paid in assets than the order's amount"
    if world.members.own_net.item(member) + amount > SUM_MAX:
        return "limit", "the member's orders add up to more than can be counted"
    if too_many(world, member, amount):
        return "limit", "the order would bring more tickets than a queue can hold"
    if max(world.reserve, 0, *world.pool_balance) + amount > SUM_MAX:
        return _FULL
    return (
        _check_made(world, amount)
        or _check_weights(world, event)
        or _check_supply(world, amount)
        or _check_pay(world, event)
    )


def _check_made(world: World, amount: int) -> _Why | None:
    """Points and payments are counted in 64 bits: what the rules make of an amount may be more than that."""
    if amount * world.program.steepest > SUM_MAX * MICRO:
        return "limit", "the plan would make more of it than can be counted"
    return None


def _check_weights(world: World, event: OrderPaid) -> _Why | None:
    """An order whose lines have different rates stands on amounts × weights, which are counted in 64 bits."""
    for share in world.program.by_line:
        _, weights = weights_of(event.lines, share)
        if sum(line.amount * weight for line, weight in zip(event.lines, weights, strict=True)) > SUM_MAX:
            return "limit", "the order is too large for lines with rates as uneven as these"
    return None


def _check_supply(world: World, money: int) -> _Why | None:
    """Tokens are counted in 64 bits: at a tiny price even an ordinary sum may be worth more of them than that."""
    balance, supply = world.price()
    if world.program.curve is not None and balance > 0 and money * supply // balance + world.token_supply > SUM_MAX:
        return "limit", "at this price that is more tokens than can be counted"
    return None


def _check_pay(world: World, event: OrderPaid) -> _Why | None:
    if not event.pay:
        return None
    params, member = world.program.plan.params, world.member_ids.numbers[event.member]
    allowed = sum(line.amount for line in event.lines if line.sku in params["voucher_skus"])
    pay = Counter[str]()
    for asset, used in event.pay:
        pay[asset] += used
    for asset in pay:
        if asset not in ASSETS or (asset == "voucher" and allowed == 0):
            return "asset_forbidden", f"{asset} cannot pay for this order"
    if pay["coin"] * MICRO > params["coin_max_share"] * event.amount or pay["voucher"] > allowed:
        return "asset_limit", "more of an asset than may pay for this order"
    for asset, used in pay.items():
        if used > world.wallets[ASSETS.index(asset)].item(member):
            return "insufficient", f"not enough {asset}"
    return None


def _check_refund(world: World, event: OrderRefunded) -> _Why | None:
    order = world.order_ids.numbers[event.order]
    lines, net = world.order_lines.get(order), world.orders.whole.item(order) - world.orders.returned_whole.item(order)
    left = {"1": net} if lines is None else {line.line.line: line.line.amount - line.given_back for line in lines}
    for name, _ in event.lines:
        if name not in left:
            return "unknown_order", f"order {event.order!r} has no line {name!r}"
    for amount in (event.amount, *(amount for _, amount in event.lines)):
        if reason := _bad(amount, 1 if event.share else CENT):
            return reason
    if event.lines and sum(amount for _, amount in event.lines) != event.amount:
        return "bad_amount", "the lines do not add up to the amount"
    for name, amount in event.lines:
        left[name] -= amount
    if event.amount > net or any(amount < 0 for amount in left.values()):
        return "too_much", "more is given back than is left of the order, or of one of its lines"
    return None


def _check_task(world: World, event: TaskDone) -> _Why | None:
    most, done = task_limit(world.program), world.members.tasks.item(world.member_ids.numbers[event.member])
    if most is not None and done >= most:
        return "limit", f"the member has done the {most} tasks of the day"
    return None


def _check_sale(world: World, event: TokensSold) -> _Why | None:
    if world.program.curve is None or not world.program.by_event["sale"]:
        return "unknown_store", "the plan has no tokens to sell"
    if event.tokens is not None and event.tokens <= 0:
        return "bad_amount", "the amount must be above 0"
    held = world.tokens(event.member)
    if held == 0 or (event.tokens or 0) > held:
        return "insufficient", "not that many tokens are held"
    return None


def _check_transfer(world: World, event: AssetTransferred) -> _Why | None:
    if reason := _bad(event.amount):
        return reason
    if event.member == event.to:
        return "self", "nobody sends to himself"
    if event.asset != "coin" or not world.program.plan.params["coin_transferable"]:
        return "asset_forbidden", f"{event.asset} cannot be sent"
    return _enough(world, event.member, event.asset, event.amount) or _room(world, event.to, event.asset, event.amount)


def _check_withdrawal(world: World, event: WithdrawalRequested) -> _Why | None:
    if reason := _bad(event.amount):
        return reason
    allowed = event.asset == "cash" or (event.asset == "coin" and world.program.plan.params["coin_withdrawable"])
    if not allowed:
        return "asset_forbidden", f"{event.asset} cannot be withdrawn"
    return _enough(world, event.member, event.asset, event.amount)


def _check_withdrawal_end(world: World, event: WithdrawalPaid | WithdrawalRejected) -> _Why | None:
    if world.withdrawals[event.withdrawal][3] != "requested":
        return "conflict", "the withdrawal has ended before"
    return None


def _enough(world: World, member: str, asset: str, amount: int) -> _Why | None:
    if world.balance(member, asset) < amount:
        return "insufficient", f"not enough {asset}"
    return None


def _room(world: World, member: str, asset: str, amount: int) -> _Why | None:
    """What a wallet holds is counted in 64 bits."""
    if world.balance(member, asset) + amount > SUM_MAX:
        return "limit", f"the member would have more {asset} than can be counted"
    return None


def _check_adjustment(world: World, event: StoreAdjusted) -> _Why | None:
    amounts = [event.amount] if event.value is None else [event.value]
    kind = world.program.plan.stores.get(event.store)
    if world.is_wound_up and isinstance(kind, Lots) and (event.amount if event.value is None else event.value) > 0:
        return "wound_up", "the plan has been wound up: nothing can be promised in it any more"
    weight = isinstance(kind, Weight)
    if any(amount == 0 or (abs(amount) > AMOUNT_MAX and not weight) for amount in amounts) or (
        event.base is not None and not 0 < event.base <= AMOUNT_MAX
    ):
        return "bad_amount", "an adjustment must not be 0 or too large"
    tokens = event.store not in ASSETS and event.store == _token_store_name(world)
    if event.value is not None and not tokens:
        return "bad_amount", "only tokens can be given or taken by their value"
    if kind is None:
        return _room(world, event.member, event.store, event.amount)
    if weight and event.amount > room_of(world, event.store):
        return "limit", "that is more than may be issued"
    curve = world.program.curve
    if tokens and amounts[0] > 0 and isinstance(curve, Curve) and not curve.unbacked:
        return "unbacked_mint", "tokens without money are not allowed in this plan"
    if tokens and event.amount + world.token_supply > SUM_MAX:
        return "limit", "that is more tokens than can be counted"
    return _check_supply(world, event.value) if tokens and event.value is not None else None


def _token_store_name(world: World) -> str:
    return "" if world.program.curve is None else token_store(world)


def _check_donation(world: World, event: PoolDonated) -> _Why | None:
    return _bad(event.amount) or (_FULL if world.pool(event.pool) + event.amount > SUM_MAX else None)


def _check_top_up(world: World, event: ReserveToppedUp) -> _Why | None:
    return _bad(event.amount) or (_FULL if world.reserve + event.amount > SUM_MAX else None)


def _check_liability(world: World, event: LiabilityBooked) -> _Why | None:
    return _bad(event.amount) or _check_made(world, event.amount)


def _check_settlement(world: World, event: OrderSettled) -> _Why | None:
    if world.orders.state.item(world.order_ids.numbers[event.order]) != 0:
        return "conflict", "the order is not waiting for its refund window"
    return None


def _check_wind_up(world: World, event: PlanWoundUp) -> _Why | None:
    del event
    return ("wound_up", "the plan has been wound up before") if world.is_wound_up else None


_CHECKS: dict[type[Event], Callable[[World, Any], _Why | None]] = {
    MemberJoined: _check_join,
    MemberMoved: _check_move,
    OrderPaid: _check_order,
    OrderSettled: _check_settlement,
    OrderRefunded: _check_refund,
    TaskDone: _check_task,
    TokensSold: _check_sale,
    AssetTransferred: _check_transfer,
    WithdrawalRequested: _check_withdrawal,
    WithdrawalPaid: _check_withdrawal_end,
    WithdrawalRejected: _check_withdrawal_end,
    StoreAdjusted: _check_adjustment,
    PoolDonated: _check_donation,
    ReserveToppedUp: _check_top_up,
    LiabilityBooked: _check_liability,
    PlanWoundUp: _check_wind_up,
}
