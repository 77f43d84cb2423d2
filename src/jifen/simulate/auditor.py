"""An independent engine, slow and obvious, to hold the fast one against.

It shares with the engine the plan and the events, nothing else: it keeps every source of every payment, computes each
amount as an exact fraction, and on a refund counts everything anew. What the two agree on after each event was written
down twice. Slots put together in a way that the texts give no meaning raise ``NotImplementedError``.
"""

from jifen.core.errors import ensure
from jifen.engine.events import DayClosed, Event
from jifen.plan.model import Curve, Grant, Lots, Plan, Weight
from jifen.simulate.audit_books import Books, Outcome
from jifen.simulate.audit_checks import refusal
from jifen.simulate.audit_curve import price_pair, supply
from jifen.simulate.audit_effects import RESERVE
from jifen.simulate.audit_events import handle
from jifen.simulate.audit_queues import counting_queue, waiting
from jifen.simulate.audit_ranks import performance, rank_of
from jifen.simulate.audit_runs import after_each, run_day

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
            handle(books, event)
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
        """Return the rank that counts now, of the first ladder in which the member has one."""
        rows = [rank_of(self.books, ranks, member) for ranks in self.books.plan.ranks.values()]
        return next((row.name for row in rows if row), None)

    def performance(self, member: str) -> int:
        """Net orders in effect of the member and all descendants."""
        return performance(self.books, member)

    def referrer(self, member: str) -> str | None:
        """Return the member's sponsor."""
        return self.books.members[member].referrer

    def queue(self) -> list[str]:
        """Return the orders of waiting claims, in serving order, locked ones too (one made by hand has no order)."""
        stores = [store for store in self.books.plan.stores.values() if isinstance(store, Lots)]
        names = [store.name for store in stores if store.mode == "queue"]
        return [lot.source for lot in waiting(self.books, names) if lot.stand.order]

    def counter(self) -> int:
        """Newcomers that have not paid for anybody yet, in the plan's first queue that counts them."""
        return self.books.counters.get(counting_queue(self.books) or "", 0)

    def owed(self, member: str) -> int:
        """Points of payments without a lot that the reserve still owes."""
        return sum(payment.owed for payment in self.books.payments if payment.member == member)

    def weight(self, member: str, store: str) -> int:
        """Return a member's weight; below zero after a removal by hand and a refund."""
        return self.books.weight(member, store)

    def issued(self) -> int:
        """All weights of the plan's first weight store."""
        stores = self.books.plan.stores.values()
        return next((self.books.issued(store.name) for store in stores if isinstance(store, Weight)), 0)

    def liability(self, member: str) -> int:
        """Return what remains of a member's old debts: of the store that the first rule about them grants."""
        rules = [rule for rule in self.books.plan.rules if rule.when == "liability" and isinstance(rule.pay, Grant)]
        stores = [rule.pay.lots for rule in rules if isinstance(rule.pay, Grant)]
        return sum(self.remaining(member, stores[0])) if stores else 0
