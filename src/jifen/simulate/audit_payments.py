"""Payments of one event or run: what is wanted, what the lots take, and what the paying account can bear.

First everything is planned as if the merchant paid (``hold``). When all wishes of the event or run are known, the
reserve, if it pays, says how much of each is paid. Pools pay at once and never more than they have. A payment that
drains no lot credits its receiver directly; what the reserve cannot pay of it stays owed.
"""

from dataclasses import dataclass
from fractions import Fraction

from jifen.core.micros import MICRO
from jifen.plan.model import Asset, Gate, Nothing, Rule, Walk
from jifen.simulate.audit_books import Books
from jifen.simulate.audit_effects import MERCHANT, RESERVE, Direct, Drain, Lot, Payment, Source

__all__ = ["Scope", "asset_worth"]

_Portions = list[tuple[Lot | None, int]]
"""Points by the lot that gives them; ``None``: no lot does."""


def asset_worth(portions: _Portions, per_point: int) -> int:
    """Return what portions of lots become: ⌊points × per point⌋, lot by lot."""
    return sum(points * per_point // MICRO for _, points in portions)


def _first(portions: _Portions, points: int) -> _Portions:
    """Return the first ``points`` of the portions: what is not paid stays in the newest lots."""
    kept = []
    for lot, held in portions:
        taken = min(held, points)
        points -= taken
        kept.append((lot, taken))
    return kept


@dataclass(slots=True)
class _Draft:
    """A payment planned: the portions it would drain, and who pays."""

    payment: Payment
    rule: str
    """The rule the statement shows: the payment's own, or ``bank``."""
    portions: _Portions
    pay: Asset
    account: str

    @property
    def points(self) -> int:
        return sum(points for _, points in self.portions)

    @property
    def worth(self) -> int:
        return self._worth_of(self.points)

    def affordable(self, available: int, points: int) -> int:
        """Return what of ``points`` an account can pay: all, or the fewest that become all that is there."""
        if self._worth_of(points) <= available:
            return points
        low, high = 0, points
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self._worth_of(middle) < available else (low, middle)
        return low if self._worth_of(low) <= available else low - 1

    def _worth_of(self, points: int) -> int:
        direct = self.payment.direct
        if direct is not None:  # all its points become the asset in one quotient, in however many runs they are paid
            return (direct.points + points) * direct.per_point // MICRO - direct.credited
        return asset_worth(_first(self.portions, points), self.pay.per_point)


class Scope:
    """The payments of one event, one settlement, or one run."""

    def __init__(self, books: Books) -> None:
        """Begin with none planned."""
        self.books = books
        self.drafts: list[_Draft] = []

    # -- planning ---------------------------------------------------------------------------------------------------

    def reward(self, rule: Rule, member: str, wanted: int, sources: list[Source], *, pool: str | None = None) -> None:
        """Pay ``wanted`` points, out of the member's lots if the rule drains any.

        What a walk wants and lots or pools cannot give is lost, or banked. ``pool``: which of a family pays.
        """
        if wanted == 0:
            return
        gate, pay = rule.gate or Gate(), _terms_of(rule)
        account = pool or self._account(pay)
        payment = Payment(member, rule.id, gate.drain or "", wanted, sources)
        if gate.drain is None:
            payment.direct = Direct(pay.asset, pay.per_point, account)
            payment.paid = wanted if account == RESERVE else 0
            paid = self._plan(_Draft(payment, rule.id, [(None, wanted)], pay, account))
        else:
            lots = self.books.live_lots(member, gate.drain)
            if not lots and gate.no_lot == "bank":
                payment.paid, payment.banked = wanted, True
                self.books.payments.append(payment)
                return
            if gate.spill == "forfeit":
                lots = lots[:1]
            paid = self._plan(_Draft(payment, rule.id, _oldest_first(lots, wanted), pay, account))
        if isinstance(rule.who, Walk):
            self.books.forfeit(member, wanted - paid)

    def release(self, rule: Rule, lot: Lot, points: int) -> None:
        """Pay ``points`` of one lot to its owner: a static release, or the service of a claim."""
        pay = _terms_of(rule)
        payment = Payment(lot.member, rule.id, lot.store, points, [])
        self._plan(_Draft(payment, rule.id, [(lot, points)], pay, self._account(pay)))

    def release_bank(self, lot: Lot) -> None:
        """Release what is banked for the owner of a new lot, oldest payment first."""
        for payment in self.books.payments:
            points = min(payment.in_bank - payment.held, lot.available)
            if (payment.member, payment.store) == (lot.member, lot.store) and points > 0:
                pay = self._pay_of(payment)
                self._plan(_Draft(payment, "bank", [(lot, points)], pay, self._account(pay)))

    def pay_what_is_owed(self) -> None:
        """Pay the claims on the reserve, in order of arrival, by the terms of each."""
        for payment in self.books.payments:
            if payment.direct is not None and payment.owed > 0:
                pay = Asset(payment.direct.asset, payment.direct.per_point)
                self._plan(_Draft(payment, payment.rule, [(None, payment.owed)], pay, RESERVE))
        self.close()

    def _plan(self, draft: _Draft) -> int:
        """Keep a draft for the end, or let its pool pay it at once; return the points it is to pay."""
        if draft.account not in (MERCHANT, RESERVE):
            available = self.books.accounts[draft.account].balance
            self._pay(draft, draft.affordable(available, draft.points))
            return draft.payment.paid
        for lot, points in draft.portions:
            if lot is not None:
                lot.held += points
        draft.payment.held += draft.points
        self.drafts.append(draft)
        return draft.points

    def _account(self, pay: Asset) -> str:
        """Who pays: the pool that is named, else the plan's account; nobody, where nothing is paid."""
        if pay.source is not None:
            return pay.source
        return RESERVE if pay.asset and self.books.plan.params["funding"] == "reserve" else MERCHANT

    def _pay_of(self, payment: Payment) -> Asset:
        """How the payment's rule pays today."""
        for rule in self.books.plan.rules:
            if rule.id == payment.rule and rule.gate and rule.gate.drain == payment.store:
                return _terms_of(rule)
        raise NotImplementedError(f"rule {payment.rule} has left the plan, but its payments wait in the bank")

    # -- paying -----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Pay what was planned, as far as the reserve goes."""
        for draft in self.drafts:
            draft.payment.held = 0
            for lot, _ in draft.portions:
                if lot is not None:
                    lot.held = 0
        reserve = self.books.accounts[RESERVE]
        at_start = reserve.balance
        wanted = sum(draft.worth for draft in self.drafts if draft.account == RESERVE)
        short = wanted > at_start
        for draft in self.drafts:
            points = draft.points
            if draft.account == RESERVE and short:
                points = self._shortened(draft, Fraction(at_start, wanted))
            self._pay(draft, points)
        self.drafts.clear()

    def _shortened(self, draft: _Draft, factor: Fraction) -> int:
        """Return the points paid of a draft when the reserve does not suffice."""
        mode = self.books.plan.params["on_shortfall"]
        available = self.books.accounts[RESERVE].balance
        if mode == "suspend":
            return 0
        return draft.affordable(available, int(draft.points * factor) if mode == "prorate" else draft.points)

    def _pay(self, draft: _Draft, points: int) -> None:
        """Pay ``points`` of a draft: drain the lots, oldest first, and credit what they become."""
        payment = draft.payment
        promised = payment.direct is not None and draft.account == RESERVE
        if points == 0 and not promised:
            return
        if not payment.banked and not promised:
            payment.paid = points
        if payment not in self.books.payments:
            self.books.payments.append(payment)
        for lot, taken in _first(draft.portions, points):
            if lot is None:
                self._credit(draft, taken)
            elif taken:
                self._drain(draft, lot, taken)

    def _credit(self, draft: _Draft, points: int) -> None:
        """Credit points that no lot gives; all the points of a payment become the asset in one quotient."""
        direct = draft.payment.direct
        if direct is None or points == 0:
            return
        direct.points += points
        amount = direct.points * direct.per_point // MICRO - direct.credited
        direct.credited += amount
        self.books.pay_from(draft.account, amount)
        self.books.credit(draft.payment.member, draft.rule, direct.asset, amount)

    def _drain(self, draft: _Draft, lot: Lot, points: int) -> None:
        """Drain a lot and credit what its points become."""
        payment, pay = draft.payment, draft.pay
        drain = Drain(
            lot, points, lot.ground(), points, pay.asset, pay.per_point, draft.account, member=payment.member
        )  # fmt: skip
        drain.credited = drain.worth
        payment.drains.append(drain)
        self.books.drain(drain)
        if pay.asset:
            self.books.pay_from(draft.account, drain.credited)
            self.books.credit(payment.member, draft.rule, pay.asset, drain.credited)
        self.books.note(drain, draft.rule, points, drain.credited)


def _oldest_first(lots: list[Lot], wanted: int) -> _Portions:
    """Return what each lot gives of ``wanted`` points."""
    portions: _Portions = []
    for lot in lots:
        taken = min(wanted, lot.available)
        wanted -= taken
        portions.append((lot, taken))
    return portions


def _terms_of(rule: Rule) -> Asset:
    """Return what the points of a rule become; ``pay: nothing`` is an asset without a name, worth nothing."""
    if isinstance(rule.pay, Nothing):
        return Asset("", 0)
    if not isinstance(rule.pay, Asset):
        raise NotImplementedError(f"rule {rule.id}: {rule.pay} is no payment")
    return rule.pay
