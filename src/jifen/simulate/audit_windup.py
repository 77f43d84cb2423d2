"""The end of a plan, as the text says it: tokens get their pool, all other claims share what else is there.

Every receiver gets his claim of one kind, times what is available, divided by all claims, rounded down once. What is
not paid is taken out of the lots like a removal by hand. What a refund brings back to such a lot goes the same way.
"""

from collections.abc import Callable
from fractions import Fraction

from jifen.core.micros import MICRO
from jifen.plan.model import Asset, Curve, Remaining, Schedule, Value
from jifen.simulate.audit_books import Books
from jifen.simulate.audit_curve import price
from jifen.simulate.audit_effects import RESERVE, Drain, Lot, Payment

__all__ = ["wind_up", "write_off_again"]

_RULE = "wind_up"


def wind_up(books: Books) -> None:
    """Pay what can be paid, and close every lot and every payment for good."""
    for curve in [store for store in books.plan.stores.values() if isinstance(store, Curve)]:
        _pay_holders(books, curve)
    everything = 0
    for account in books.accounts.values():
        everything += account.balance
        account.balance = 0
    books.accounts[RESERVE].balance = everything
    claims = _claims(books)
    claimed = sum(worth for rows in claims.values() for _, worth, _ in rows)
    rate = Fraction(min(everything, claimed), claimed) if claimed else Fraction(0)
    for rows in claims.values():
        whole = sum(worth for _, worth, _ in rows)
        share, upto, given = int(whole * rate), 0, 0
        for _, worth, pay in rows:
            upto += worth
            part = int(Fraction(share * upto, whole)) - given if whole else 0
            given += part
            pay(part)
    for lot in books.lots:
        lot.closed = True
    write_off_again(books)
    for payment in books.payments:
        books.forfeit(payment.member, payment.in_bank)
        payment.closed = True
    books.paused = books.wound_up = True


def write_off_again(books: Books) -> None:
    """Whatever closed lots have left is taken out of them, and no other lot waits for that."""
    for lot in books.lots:
        if lot.closed and lot.remaining > 0:
            lot.drains.append(books.remove(lot, lot.remaining))


_Claim = tuple[str, int, Callable[[int], None]]
"""Whose it is, what it is worth, and how a part of that is paid."""


def _claims(books: Books) -> dict[tuple[str, str], list[_Claim]]:
    """Return claims by member and kind; the oldest first."""
    claims: dict[tuple[str, str], list[_Claim]] = {}
    for lot in books.lots:
        if lot.remaining:
            pay = _best(books, lot.store)
            claim = (lot.member, lot.remaining * pay.per_point // MICRO, _payer_of_lot(books, lot, pay))
            claims.setdefault((lot.member, lot.store), []).append(claim)
    for payment in books.payments:
        direct = payment.direct
        if direct is not None and payment.owed:
            worth = (direct.points + payment.owed) * direct.per_point // MICRO - direct.credited
            claim = (payment.member, worth, _payer_of_payment(books, payment))
            claims.setdefault((payment.member, "what is owed"), []).append(claim)
    return claims


def _best(books: Books, store: str) -> Asset:
    """Return how a point of a store is paid at most; tokens and lots that no rule pays for are worth nothing here."""
    found = Asset("cash", 0)
    if books.lot_store(store).priced_by:
        return found
    for rule in books.plan.rules:
        releases = isinstance(rule.amount, Schedule | Remaining) and rule.amount.lots == store
        drains = rule.gate is not None and rule.gate.drain == store
        if isinstance(rule.pay, Asset) and (releases or drains) and rule.pay.per_point > found.per_point:
            found = rule.pay
    return found


def _fewest(worth: Callable[[int], int], money: int, most: int) -> int:
    """Return the fewest of ``most`` points that are worth ``money``; one less if they are worth more."""
    low, high = 0, most
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if worth(middle) < money else (low, middle)
    return low if worth(low) <= money else low - 1


def _payer_of_lot(books: Books, lot: Lot, pay: Asset) -> Callable[[int], None]:
    def paid(money: int) -> None:
        points = _fewest(lambda points: points * pay.per_point // MICRO, money, lot.remaining)
        if points == 0:
            return
        payment = Payment(lot.member, _RULE, lot.store, points, [], points)
        drain = Drain(lot, points, lot.ground(), points, pay.asset, pay.per_point, RESERVE, member=lot.member)
        drain.credited = drain.worth
        payment.drains.append(drain)
        lot.drains.append(drain)
        books.payments.append(payment)
        books.pay_from(RESERVE, drain.credited)
        books.credit(lot.member, _RULE, pay.asset, drain.credited)
        books.note(drain, _RULE, points, drain.credited)

    return paid


def _payer_of_payment(books: Books, payment: Payment) -> Callable[[int], None]:
    def paid(money: int) -> None:
        direct = payment.direct
        if direct is None:
            return
        before, per_point, credited = direct.points, direct.per_point, direct.credited
        points = _fewest(lambda more: (before + more) * per_point // MICRO - credited, money, payment.owed)
        amount = (before + points) * per_point // MICRO - credited
        direct.points, direct.credited = before + points, credited + amount
        books.pay_from(RESERVE, amount)
        books.credit(payment.member, _RULE, direct.asset, amount)

    return paid


def _pay_holders(books: Books, curve: Curve) -> None:
    """Give a pool to who holds its tokens: to each what his are worth at the price."""
    now, leaving = price(books, curve), list[Drain]()
    for name in [name for name, store in books.plan.stores.items() if getattr(store, "priced_by", None) == curve.name]:
        sale = next((rule.pay for rule in books.plan.rules if _sells(rule.amount, name)), None)
        asset = sale.asset if isinstance(sale, Asset) else "cash"
        for member in books.members:
            lots = books.live_lots(member, name)
            held = sum(lot.remaining for lot in lots)
            money = int(held * now)
            payment = Payment(member, _RULE, name, held, [], held)
            for lot in lots:
                part = money * lot.remaining // held
                drain = Drain(lot, lot.remaining, lot.ground(), lot.remaining, asset, 0, curve.name, part, part)
                drain.member = member
                payment.drains.append(drain)
            if not lots:
                continue
            books.payments.append(payment)
            leaving += payment.drains
            books.accounts[curve.name].pay(money)
            books.credit(member, _RULE, asset, money)
            for drain in payment.drains:
                dust = money - sum(each.credited for each in payment.drains) if drain is payment.drains[-1] else 0
                books.note(drain, _RULE, drain.points, drain.credited + dust)
    if leaving:
        books.last_price[curve.name] = now
        for drain in leaving:
            drain.lot.drains.append(drain)


def _sells(amount: object, tokens: str) -> bool:
    return isinstance(amount, Value) and amount.tokens == tokens
