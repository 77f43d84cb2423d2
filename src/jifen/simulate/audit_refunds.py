"""A refund: what is kept falls, and everything that stands is counted anew from what is kept now."""

from dataclasses import dataclass, field
from fractions import Fraction

from jifen.core.micros import MICRO
from jifen.plan.model import Curve, Tier
from jifen.simulate.audit_bases import margin, row_for
from jifen.simulate.audit_books import Books
from jifen.simulate.audit_curve import price, supply
from jifen.simulate.audit_effects import Drain, Lot, Order, Payment
from jifen.simulate.audit_queues import take_back_tickets
from jifen.simulate.audit_ranks import measure

__all__ = ["recount", "refund", "spread"]

_REFUND = "refund"


@dataclass(slots=True)
class _Before:
    """What must be known of the state before a refund: feeds of the order, and price and supply of each curve."""

    fed: list[int]
    prices: dict[str, Fraction] = field(default_factory=dict)
    supplies: dict[str, int] = field(default_factory=dict)


def spread(order: Order, amount: int) -> list[int]:
    """Spread what a refund of the whole order leaves over its lines, as these stood after the last refund by line."""
    rest, parts = order.net - amount, []
    for place, left in enumerate(order.left):
        before, upto = sum(order.basis[:place]), sum(order.basis[: place + 1])
        parts.append(left - (rest * upto // sum(order.basis) - rest * before // sum(order.basis)))
    return parts


def refund(books: Books, order: Order, parts: list[int]) -> None:
    """Take back, once, what the refunded parts of an order's lines caused."""
    curves = [store for store in books.plan.stores.values() if isinstance(store, Curve)]
    before = _Before([fed.standing for fed in order.fed])
    before.prices = {curve.name: price(books, curve) for curve in curves}
    before.supplies = {curve.name: supply(books, curve) for curve in curves}
    tender = [used * order.net // order.amount for _, used in order.tender]
    for place, part in enumerate(parts):
        order.left[place] -= part
        if books.plan.params["upstream"] == "reverse":
            order.returned[place] += part
    for (asset, used), paid in zip(order.tender, tender, strict=True):
        books.credit(order.member, _REFUND, asset, paid - used * order.net // order.amount)
    if order.waiting or not order.counts:
        return
    _judge_again(books, order)
    take_back_tickets(books, order)
    proceeds = recount(books)
    for fed, stood in zip(order.fed, before.fed, strict=True):
        if fed.account not in before.prices:
            books.accounts[fed.account].give_back(stood - fed.standing)
    for curve in curves:
        _refund_curve(books, curve, order, before, proceeds.get(curve.name, 0))


def _judge_again(books: Books, order: Order) -> None:
    """Judge retiered lots again by their own table: by the net amount, or the net spend at this refund."""
    for lot in books.lots:
        table = lot.terms.table
        if lot.stand.order is order and table is not None:
            amount = order.kept if table.at == "single_order" else measure(books, table.at, order.member)
            row = row_for(table.rows, amount)
            multiple = row.columns[table.column] if row else 0
            lot.judged = multiple * _base_now(table, order) // (MICRO * table.parts)


def _base_now(table: Tier, order: Order) -> int:
    """Return what a retiered grant is a multiple of, by what is kept now."""
    if table.of not in ("trigger_amount", "trigger_margin"):
        raise NotImplementedError(f"a grant of {table.of} judged again")
    return order.kept if table.of == "trigger_amount" else margin(order)


def recount(books: Books) -> dict[str, int]:
    """Count what stands of every payment, post the differences, and return what came back by account."""
    returned: dict[str, int] = {}
    for payment in books.payments:
        _direct_stands(books, payment, returned)
        rest = payment.standing
        for drain in payment.drains:
            stands = min(drain.points, rest)
            rest -= stands
            drain.standing = drain.stand.of_buyer(stands)
    for lot in books.lots:
        _removals_stand(lot)
        _fit(lot)
        for drain in lot.drains:
            lost = drain.credited - drain.worth
            drain.credited = drain.worth
            if lost and drain.asset:
                books.credit(drain.member, _REFUND, drain.asset, -lost)
                books.note(drain, _REFUND, 0, -lost)
                books.return_to(drain.account, lost)
                returned[drain.account] = returned.get(drain.account, 0) + lost
    return returned


def _direct_stands(books: Books, payment: Payment, returned: dict[str, int]) -> None:
    """Count a payment without a lot: what is owed of it falls first, then what was credited is taken back."""
    direct = payment.direct
    if direct is None:
        return
    worth = min(direct.points, payment.standing) * direct.per_point // MICRO
    lost, direct.credited = direct.credited - worth, worth
    if lost:
        books.credit(payment.member, _REFUND, direct.asset, -lost)
        books.return_to(direct.account, lost)
        returned[direct.account] = returned.get(direct.account, 0) + lost


def _removals_stand(lot: Lot) -> None:
    """Count removals by the back office and by exits: they are no payments, only the lot's own order counts."""
    for drain in lot.drains:
        if drain.removal:
            drain.standing = drain.stand.of_buyer(drain.points)


def _fit(lot: Lot) -> None:
    """Hold a lot to its present grant: its newest drains go first."""
    excess = -lot.remaining
    newest_first: list[Drain] = lot.drains[::-1]
    for drain in newest_first:
        if excess > 0:
            gone = min(excess, drain.standing)
            drain.standing -= gone
            excess -= gone


def _refund_curve(books: Books, curve: Curve, order: Order, before: _Before, proceeds: int) -> None:
    """Burn the tokens that are lost, at the price before, and let the pool return the order's part of its money."""
    lost = sum(
        stood - fed.standing for fed, stood in zip(order.fed, before.fed, strict=True) if fed.account == curve.name
    )
    # Each part is rounded down by itself, so a lot sold out may get a micro-unit back: below 0, it was no burn.
    burned = before.supplies[curve.name] - supply(books, curve)
    if burned > 0:
        books.last_price[curve.name] = before.prices[curve.name]
    if curve.refund == "at_value":
        worth = int(burned * before.prices[curve.name] + proceeds)
        lost = min(lost, max(0, worth))
    books.accounts[curve.name].give_back(lost)
