"""One function an event: what an accepted event does to the books."""

from collections.abc import Callable
from typing import Any

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
    PlanActivated,
    PlanEnded,
    PlanPaused,
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
from jifen.plan.model import Lots, Value, Weight
from jifen.simulate.audit_books import Books, Member
from jifen.simulate.audit_curve import burn, curve_of, price, rule_of_sale, sell
from jifen.simulate.audit_effects import RESERVE, Order, Stand, Terms, Weighed
from jifen.simulate.audit_orders import book_debt, do_task, grant_lot, schedule_of, take_effect
from jifen.simulate.audit_payments import Scope
from jifen.simulate.audit_refunds import refund, spread
from jifen.simulate.audit_windup import wind_up, write_off_again

__all__ = ["handle"]


def handle(books: Books, event: Event) -> None:
    """Do what an accepted event does, but for the closing of a day."""
    _HANDLERS[type(event)](books, event)


def _joined(books: Books, event: MemberJoined) -> None:
    books.members[event.member] = Member(event.member, event.referrer)


def _moved(books: Books, event: MemberMoved) -> None:
    books.members[event.member].referrer = event.referrer


def _appointed(books: Books, event: RankSet) -> None:
    books.members[event.member].appointed = event.rank


def _ordered(books: Books, event: OrderPaid) -> None:
    params = books.plan.params
    settled = params["settle_at"] == "settled"
    due = event.day + params["refund_days"] if settled and not books.receipts else None
    order = Order(event.id, event.member, event.lines, event.pay, due, event.region)
    books.orders[event.id] = order
    for asset, amount in event.pay:
        books.move(event.member, asset, -amount)
    if not settled:
        take_effect(books, order)


def _received(books: Books, event: OrderReceived) -> None:
    order = books.orders[event.order]
    if order.waiting and books.receipts:
        order.due = event.day + int(books.plan.params["refund_days"])


def _settled(books: Books, event: OrderSettled) -> None:
    take_effect(books, books.orders[event.order])


def _refunded(books: Books, event: OrderRefunded) -> None:
    order = books.orders[event.order]
    named = dict.fromkeys((line.line for line in order.lines), 0)
    for line, amount in event.lines:
        named[line] += amount
    refund(books, order, list(named.values()) if event.lines else spread(order, event.amount))
    if event.lines:
        order.basis = list(order.left)
    write_off_again(books)


def _sold(books: Books, event: TokensSold) -> None:
    rule = rule_of_sale(books)
    if rule is not None and isinstance(rule.amount, Value):
        held = sum(lot.remaining for lot in books.lots_of(event.member, rule.amount.tokens))
        sell(books, rule, event.member, held if event.tokens is None else event.tokens)


def _adjusted(books: Books, event: StoreAdjusted) -> None:
    """Add to or take from a store; a name that is a store and an asset means the store."""
    amount, store = event.amount, books.plan.stores.get(event.store)
    if isinstance(store, Lots):
        _adjust_lots(books, event, store)
        return
    if amount < 0:
        held = books.weight(event.member, event.store) if isinstance(store, Weight) else _held(books, event)
        amount = -min(-amount, max(0, held))
    if isinstance(store, Weight):
        books.weighed.append(Weighed(event.member, store.name, 0, amount, []))
    else:
        books.credit(event.member, "admin", event.store, amount)


def _held(books: Books, event: StoreAdjusted) -> int:
    return books.members[event.member].assets.get(event.store, 0)


def _adjust_lots(books: Books, event: StoreAdjusted, store: Lots) -> None:
    amount = event.amount
    if store.priced_by and event.value is not None:
        now = price(books, curve_of(books, store.name))
        amount = int(event.value / now) if now else 0
    if amount < 0:
        _remove(books, event.member, store, -amount)
        return
    schedule = schedule_of(books, store.name)
    terms = Terms(schedule.rate if schedule else 0, "order_amount", event.base)
    lot = grant_lot(books, store.name, event.member, amount, (event.id, Stand(), terms))
    if lot is not None:
        # No rule fires, but what is banked waits for the member's next lot, whoever makes it.
        scope = Scope(books)
        scope.release_bank(lot)
        scope.close()


def _remove(books: Books, member: str, store: Lots, amount: int) -> None:
    """Drain the newest lots first, without paying, at most what is there."""
    drains = []
    for lot in reversed(books.live_lots(member, store.name)):
        taken = min(amount, lot.remaining)
        amount -= taken
        if taken:
            drains.append(books.remove(lot, taken))
    if store.priced_by:
        burn(books, store.name, drains)
    else:
        for drain in drains:
            books.drain(drain)


def _donated(books: Books, event: PoolDonated) -> None:
    books.accounts[event.pool].put(event.amount)


def _topped_up(books: Books, event: ReserveToppedUp) -> None:
    books.accounts[RESERVE].put(event.amount)


def _requested(books: Books, event: WithdrawalRequested) -> None:
    books.withdrawals[event.id] = (event.member, event.asset, event.amount)
    books.move(event.member, event.asset, -event.amount)


def _withdrawn(books: Books, event: WithdrawalPaid) -> None:
    del books.withdrawals[event.withdrawal]


def _rejected(books: Books, event: WithdrawalRejected) -> None:
    books.move(*books.withdrawals.pop(event.withdrawal))


def _transferred(books: Books, event: AssetTransferred) -> None:
    books.move(event.member, event.asset, -event.amount)
    books.move(event.to, event.asset, event.amount)


def _activated(books: Books, event: PlanActivated) -> None:
    books.adopt(event.plan)
    books.paused = books.wound_up = False


def _stopped(books: Books, event: PlanPaused | PlanEnded) -> None:
    del event
    books.paused = True


def _ended(books: Books, event: PlanWoundUp) -> None:
    del event
    wind_up(books)


def _became_agent(books: Books, event: AgentSet) -> None:
    books.members[event.member].agent_of = event.region


def _did_task(books: Books, event: TaskDone) -> None:
    do_task(books, event.id, event.member)


def _booked(books: Books, event: LiabilityBooked) -> None:
    book_debt(books, event.id, event.member, event.amount)


_HANDLERS: dict[type[Event], Callable[[Books, Any], None]] = {
    MemberJoined: _joined,
    MemberMoved: _moved,
    RankSet: _appointed,
    AgentSet: _became_agent,
    OrderPaid: _ordered,
    OrderReceived: _received,
    OrderSettled: _settled,
    OrderRefunded: _refunded,
    TokensSold: _sold,
    TaskDone: _did_task,
    LiabilityBooked: _booked,
    StoreAdjusted: _adjusted,
    PoolDonated: _donated,
    ReserveToppedUp: _topped_up,
    WithdrawalRequested: _requested,
    WithdrawalPaid: _withdrawn,
    WithdrawalRejected: _rejected,
    AssetTransferred: _transferred,
    PlanActivated: _activated,
    PlanPaused: _stopped,
    PlanEnded: _stopped,
    PlanWoundUp: _ended,
}
