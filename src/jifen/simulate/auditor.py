"""An independent engine, slow and obvious, to hold the fast one against.

It shares with the engine the plan and the events, nothing else: it keeps every source of every payment, computes each
amount as an exact fraction, and on a refund counts everything anew. What the two agree on after each event was written
down twice. It audits the fillings that points, tiers, ranks, curves and queues need; any other raises
``NotImplementedError`` when it is met.
"""

from collections.abc import Callable
from typing import Any

from jifen.core.errors import ensure
from jifen.engine.events import (
    AgentSet,
    AssetTransferred,
    DayClosed,
    Event,
    MemberJoined,
    MemberMoved,
    OrderPaid,
    OrderReceived,
    OrderRefunded,
    OrderSettled,
    PlanActivated,
    PlanEnded,
    PlanPaused,
    PoolDonated,
    RankSet,
    ReserveToppedUp,
    StoreAdjusted,
    TokensSold,
    WithdrawalPaid,
    WithdrawalRejected,
    WithdrawalRequested,
)
from jifen.plan.model import Curve, Head, Lots, Plan, Value
from jifen.simulate.audit_books import RESERVE, Books, Drain, Member, Order, Outcome, Stand, Terms
from jifen.simulate.audit_checks import ASSETS, refusal
from jifen.simulate.audit_curve import burn, curve_of, price, price_pair, rule_of_sale, sell, supply
from jifen.simulate.audit_orders import grant_lot, schedule_terms, take_effect
from jifen.simulate.audit_payments import Scope
from jifen.simulate.audit_ranks import performance, rank_of
from jifen.simulate.audit_refunds import refund, spread
from jifen.simulate.audit_runs import after_each, run_day, waiting

__all__ = ["Auditor", "Outcome"]


class Auditor:
    """A shop under one plan, event by event. Queries bear the names of the engine's world; amounts are micro-units."""

    def __init__(self, plan: Plan, first_day: int = 0, *, receipts: bool = False) -> None:
        """Open ``first_day`` under ``plan`` with nobody there; ``receipts``: the shop says when goods arrive."""
        self.books = Books(plan, first_day, receipts=receipts)
        self.books.adopt(plan)

    def apply(self, event: Event) -> Outcome:
        """Apply one event and say what it did; ``DayClosed`` runs the open day. A later day than it: ``ValueError``."""
        books = self.books
        known = books.known.get(event.id)
        if known is not None:
            return Outcome("duplicate" if known.facts() == event.facts() else "conflict")
        code = refusal(books, event)
        if code is not None:
            return Outcome(code)
        if event.day > books.open_day:
            raise ValueError(f"{event.id} is of day {event.day}, but day {books.open_day} is open")
        books.outcome = Outcome()
        books.known[event.id] = event
        if isinstance(event, DayClosed):
            run_day(books)
        else:
            _HANDLERS[type(event)](books, event)
            after_each(books)
        books.outcome.paid = {key: amount for key, amount in books.outcome.paid.items() if amount}
        books.outcome.by_lot = {key: both for key, both in books.outcome.by_lot.items() if any(both)}
        self._check()
        return books.outcome

    def _check(self) -> None:
        """Hold what must always hold: no lot drained beyond its grant, no account below zero."""
        for lot in self.books.lots:
            ensure(0 <= lot.remaining <= lot.granted, f"lot {lot.number} has {lot.remaining} of {lot.granted}")
            ensure(lot.held == 0, f"lot {lot.number} still holds {lot.held}")
        for name, account in self.books.accounts.items():
            ensure(account.balance >= 0 and account.debt >= 0, f"{name} is below zero")

    # -- queries ----------------------------------------------------------------------------------------------------

    @property
    def open_day(self) -> int:
        """The business day that is open."""
        return self.books.open_day

    @property
    def member_names(self) -> list[str]:
        """Members in joining order."""
        return list(self.books.members)

    @property
    def order_names(self) -> list[str]:
        """Accepted orders in order of arrival."""
        return list(self.books.orders)

    @property
    def reserve(self) -> int:
        """What the reserve has."""
        return self.books.accounts[RESERVE].balance

    def balance(self, member: str, asset: str) -> int:
        """Return a member's asset; below zero it is a debt."""
        return self.books.members[member].assets.get(asset, 0)

    def remaining(self, member: str, store: str) -> list[int]:
        """Return what remains of all lots ever granted, oldest first."""
        return [lot.remaining for lot in self.books.lots_of(member, store)]

    lots = remaining

    def banked(self, member: str) -> int:
        """Points kept until the member's next lot."""
        return sum(payment.in_bank for payment in self.books.payments if payment.member == member)

    def _curve(self) -> Curve:
        return next(store for store in self.books.plan.stores.values() if isinstance(store, Curve))

    def tokens(self, member: str) -> int:
        """Tokens a member holds."""
        stores = [store for store in self.books.plan.stores.values() if isinstance(store, Lots) and store.priced_by]
        return sum(sum(self.remaining(member, store.name)) for store in stores)

    def supply(self) -> int:
        """All tokens of the one curve."""
        return supply(self.books, self._curve())

    def price(self) -> tuple[int, int]:
        """Return the exact price of the one curve: numerator, denominator."""
        return price_pair(self.books, self._curve())

    def pool(self, name: str) -> int:
        """Return what a pool has."""
        return self.books.accounts[name].balance

    def pool_debt(self, name: str) -> int:
        """Return what a pool lacks."""
        return self.books.accounts[name].debt

    @property
    def reserve_debt(self) -> int:
        """What the reserve lacks."""
        return self.books.accounts[RESERVE].debt

    def rank(self, member: str) -> str | None:
        """Return the rank that counts now, in the plan's first ladder."""
        for ranks in self.books.plan.ranks.values():
            row = rank_of(self.books, ranks, member)
            return row.name if row else None
        return None

    def performance(self, member: str) -> int:
        """Net orders in effect of the member and all descendants."""
        return performance(self.books, member)

    def referrer(self, member: str) -> str | None:
        """Return the member's sponsor."""
        return self.books.members[member].referrer

    def queue(self) -> list[str]:
        """Return the orders of waiting claims, in serving order, locked ones too (one made by hand has no order)."""
        lines = [rule.who.lots for rule in self.books.plan.rules if isinstance(rule.who, Head)]
        stores = [name for name in lines if self.books.lot_store(name).mode == "queue"]
        return [lot.source for name in stores for lot in waiting(self.books, name) if lot.stand.order]

    def weight(self, member: str, store: str) -> int:
        """Return a member's weight: no rule that is audited gives any."""
        raise NotImplementedError(f"weight {store} of {member}")

    def liability(self, member: str) -> int:
        """Return an old debt: no rule that is audited knows any."""
        raise NotImplementedError(f"liability of {member}")


# -- one function an event ------------------------------------------------------------------------------------------


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
    order = Order(event.id, event.member, event.lines, event.pay, due)
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


def _sold(books: Books, event: TokensSold) -> None:
    rule = rule_of_sale(books)
    if rule is not None and isinstance(rule.amount, Value):
        held = sum(lot.remaining for lot in books.lots_of(event.member, rule.amount.tokens))
        sell(books, rule, event.member, held if event.tokens is None else event.tokens)


def _adjusted(books: Books, event: StoreAdjusted) -> None:
    amount = event.amount
    if event.store in ASSETS:
        if amount < 0:
            amount = -min(-amount, max(0, books.members[event.member].assets.get(event.store, 0)))
        books.credit(event.member, "admin", event.store, amount)
        return
    store = books.lot_store(event.store)
    if store.priced_by and event.value is not None:
        now = price(books, curve_of(books, store.name))
        amount = int(event.value / now) if now else 0
    if amount < 0:
        _remove(books, event.member, store, -amount)
        return
    schedule = schedule_terms(books, store.name)
    terms = Terms(schedule.rate, base=event.base) if schedule else Terms()
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
            drains.append(Drain(lot, taken, lot.stand.again(), taken, member=member))
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
    books.paused = False


def _stopped(books: Books, event: PlanPaused | PlanEnded) -> None:
    del event
    books.paused = True


def _nothing(books: Books, event: AgentSet) -> None:
    del books, event


_HANDLERS: dict[type[Event], Callable[[Books, Any], None]] = {
    MemberJoined: _joined,
    MemberMoved: _moved,
    RankSet: _appointed,
    AgentSet: _nothing,
    OrderPaid: _ordered,
    OrderReceived: _received,
    OrderSettled: _settled,
    OrderRefunded: _refunded,
    TokensSold: _sold,
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
}
