"""Curves: price, mint, sale and forced exit, each written down as the text says it, in exact fractions."""

from dataclasses import dataclass
from fractions import Fraction

from jifen.core.micros import MICRO
from jifen.plan.model import Asset, Curve, Head, Rule, Value
from jifen.simulate.audit_books import Books
from jifen.simulate.audit_effects import Drain, Lot, Payment
from jifen.simulate.audit_ranks import open_spend

__all__ = ["burn", "curve_of", "forced_exits", "price", "price_pair", "rule_of_sale", "sell", "supply"]


def curve_of(books: Books, tokens: str) -> Curve:
    """Return the curve that prices a token store."""
    curve = books.plan.stores[books.lot_store(tokens).priced_by or ""]
    if not isinstance(curve, Curve):
        raise KeyError(tokens)
    return curve


def _token_stores(books: Books, curve: Curve) -> list[str]:
    return [name for name, store in books.plan.stores.items() if getattr(store, "priced_by", None) == curve.name]


def supply(books: Books, curve: Curve) -> int:
    """All tokens that exist."""
    names = _token_stores(books, curve)
    return sum(lot.remaining for lot in books.lots if lot.store in names)


def price_pair(books: Books, curve: Curve) -> tuple[int, int]:
    """Pool ÷ supply as two integers; with no supply the price before the last burn, or the launch price."""
    tokens = supply(books, curve)
    if tokens > 0:
        return books.accounts[curve.name].balance, tokens
    if curve.zero_supply == "last_price" and curve.name in books.last_price:
        last = books.last_price[curve.name]
        return last.numerator, last.denominator
    return curve.launch, MICRO


def price(books: Books, curve: Curve) -> Fraction:
    """Return the exact price of one token."""
    return Fraction(*price_pair(books, curve))


def burn(books: Books, tokens: str, drains: list[Drain]) -> None:
    """Let tokens leave the lots, remembering the price before."""
    if any(drain.points for drain in drains):
        curve = curve_of(books, tokens)
        books.last_price[curve.name] = price(books, curve)
        for drain in drains:
            books.drain(drain)


@dataclass(frozen=True, slots=True)
class _Leave:
    """Tokens that leave: of which lots, and the net proceeds."""

    lots: list[tuple[Lot, int]]
    net: int

    @property
    def tokens(self) -> int:
        return sum(points for _, points in self.lots)


def _pay_out(books: Books, rule: Rule, member: str, leave: _Leave) -> None:
    """Take tokens out of their lots and pay their proceeds from the pool."""
    if not isinstance(rule.pay, Asset) or rule.pay.source is None or not isinstance(rule.amount, Value):
        raise NotImplementedError(f"rule {rule.id}: tokens that no pool pays")
    pay, tokens, pool = rule.pay, rule.amount.tokens, rule.pay.source
    now = price(books, curve_of(books, tokens))
    payment = Payment(member, rule.id, tokens, leave.tokens, [], leave.tokens)
    for lot, points in leave.lots:
        proceeds = leave.net * points // leave.tokens
        drain = Drain(lot, points, lot.ground(), points, pay.asset, 0, pool, proceeds, proceeds, 0, member)
        drain.gross = int(points * now) if rule.when == "sale" else 0
        payment.drains.append(drain)
    books.payments.append(payment)
    burn(books, tokens, payment.drains)
    books.accounts[pool].pay(leave.net)
    books.credit(member, rule.id, pay.asset, leave.net)
    for drain in payment.drains:
        # The dust of the parts goes with the newest lot, and stands on no order.
        dust = leave.net - sum(each.credited for each in payment.drains) if drain is payment.drains[-1] else 0
        books.note(drain, rule.id, drain.points, drain.credited + dust)


def rule_of_sale(books: Books) -> Rule | None:
    """Return the rule that sells tokens, if the plan has one."""
    return next((rule for rule in books.plan.rules if rule.when == "sale" and not rule.off), None)


def _after_fee(rule: Rule, value: Fraction) -> int:
    retained = rule.pay.retain if isinstance(rule.pay, Asset) else 0
    return int(value * Fraction(MICRO - retained, MICRO))


def sell(books: Books, rule: Rule, member: str, tokens: int) -> None:
    """Sell ``tokens`` at the price of now, oldest lots first: ⌊tokens × price × (1 − fee)⌋."""
    store = rule.amount.tokens if isinstance(rule.amount, Value) else ""
    net = _after_fee(rule, tokens * price(books, curve_of(books, store)))
    leaving, rest = [], tokens
    for lot in books.live_lots(member, store):
        taken = min(rest, lot.remaining)
        rest -= taken
        if taken:
            leaving.append((lot, taken))
    _pay_out(books, rule, member, _Leave(leaving, net))


# -- forced exits ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Tokens judged together: all of a member, or those of one lot; and the cap they may reach."""

    lots: list[Lot]
    spend: int
    cap: Fraction

    @property
    def tokens(self) -> int:
        return sum(lot.remaining for lot in self.lots)


def _gross(lots: list[Lot]) -> int:
    """⌊tokens × price⌋ of the sales since the last exit, as far as they stand."""
    return sum(drain.stand.of_buyer(drain.gross) for lot in lots for drain in lot.drains)


def _candidates(books: Books, rule: Rule, store: str, each: str) -> list[_Candidate]:
    """Who holds tokens and has spend, or lots of the store that caps, in joining order (lots: oldest first)."""
    gate = rule.gate
    if gate is None or gate.reaches is None or gate.of is None:
        raise NotImplementedError(f"rule {rule.id}: an exit that reaches no multiple of anything")
    found = []
    for member in books.members:
        lots = books.lots_of(member, store)
        groups = [lots] if each == "member" else [[lot] for lot in lots]
        for group in groups:
            if gate.of != "spend":
                spend = books.left(member, gate.of)
            elif each == "member":
                spend = open_spend(books, member)
            else:
                order = group[0].stand.order
                spend = order.kept if order and not order.closed else 0
            realised = _gross(group) if gate.realised else 0
            cap = max(Fraction(0), Fraction(gate.reaches * spend, MICRO) - realised)
            candidate = _Candidate(group, spend, cap)
            if spend > 0 and candidate.tokens > 0:
                found.append(candidate)
    return found


def forced_exits(books: Books, when: str) -> None:
    """Force out whoever has reached the cap, lowest exit price first, one at a time until there is none."""
    for rule in books.plan.rules:
        if rule.off or rule.when != when or not isinstance(rule.amount, Value) or not isinstance(rule.who, Head):
            continue
        store = rule.amount.tokens
        while True:
            now = price(books, curve_of(books, store))
            reached = [c for c in _candidates(books, rule, store, rule.who.each) if c.tokens * now >= c.cap]
            if not reached:
                break
            _exit(books, rule, min(reached, key=lambda candidate: candidate.cap / candidate.tokens), now)


def _exit(books: Books, rule: Rule, candidate: _Candidate, now: Fraction) -> None:
    """Pay a candidate out, and close the orders so far or the lots of the stores that the rule closes."""
    value = candidate.tokens * now
    if isinstance(rule.amount, Value) and rule.amount.at_most == "clip_to_cap":
        value = min(value, candidate.cap)
    lots, member = candidate.lots, candidate.lots[0].member
    leaving = [(lot, lot.remaining) for lot in lots if lot.remaining]
    _pay_out(books, rule, member, _Leave(leaving, _after_fee(rule, value)))
    of_lot = isinstance(rule.who, Head) and rule.who.each == "lot"
    orders = [lot.stand.order for lot in lots] if of_lot else list(books.orders.values())
    if rule.gate and "spend" in rule.gate.closes:
        for order in orders:
            if order is not None and order.member == member and order.counts:
                order.closed = True
    for store in rule.gate.closes if rule.gate else ():
        for lot in books.live_lots(member, store):
            books.drain(books.remove(lot, lot.remaining))
    for lot in lots:
        for drain in lot.drains:
            drain.gross = 0
