"""Rewards that no lot gives: paid at once, or, where the reserve falls short, owed and paid first in the next run.

Of such a payment ``paid`` points are due and ``released`` points have been paid; a refund lowers what is still owed
first, then takes back what was paid. What is owed is in the journal as a claim in units of ``owed``.
"""

from jifen.core.micros import MICRO
from jifen.engine.books import Books, On, place_of
from jifen.engine.payments import Rationing, owe
from jifen.engine.world import World
from jifen.ledger.journal import Account

__all__ = ["pay_claims", "shrink_payment"]


def pay_claims(books: Books) -> None:
    """Pay what is owed from the reserve, in order of arrival; ``on_shortfall`` says what if it does not suffice."""
    world, payments = books.world, books.world.payments
    rows = sorted(world.claims)
    rationing = Rationing.of_reserve(world, sum(_worth(world, row, world.owed_of(row)) for row in rows))
    for row in rows:
        owed, per_point = world.owed_of(row), world.terms[payments.terms.item(row)][1]
        (points,) = [owed] if rationing.enough else rationing.cut([owed], per_point, payments.released.item(row))
        if points:
            _release(books, row, points)


def _worth(world: World, payment: int, points: int) -> int:
    """What ``points`` more of a payment come to: ⌊all × per_point⌋ less what is paid already."""
    released, per_point = world.payments.released.item(payment), world.terms[world.payments.terms.item(payment)][1]
    return (released + points) * per_point // MICRO - released * per_point // MICRO


def _release(books: Books, payment: int, points: int) -> None:
    """Pay a part of a claim under the rule that made it."""
    world, payments = books.world, books.world.payments
    rule = world.rule_names.names[payments.rule.item(payment)]
    asset, _, fund = world.terms[payments.terms.item(payment)]
    amount = _worth(world, payment, points)
    payments.released[payment] += points
    owe(books, payment, rule, -points)
    wallet, on = (Account.WALLET, payments.member.item(payment)), On(order=payments.order.item(payment))
    books.move(rule, place_of(fund), wallet, amount, asset, on)


def shrink_payment(books: Books, payment: int, lost: int) -> None:
    """``lost`` more points of a payment no longer stand: first less is owed, then what was paid is taken back."""
    world, payments = books.world, books.world.payments
    if lost == 0:
        return
    owed = world.owed_of(payment)
    payments.lost[payment] += lost
    reason = payments.rule.item(payment)
    gone = owed - world.owed_of(payment)
    if gone:
        owe(books, payment, "refund", -gone)
    released, stands = payments.released.item(payment), payments.paid.item(payment) - payments.lost.item(payment)
    if released <= stands:
        return
    asset, per_point, fund = world.terms[payments.terms.item(payment)]
    payments.released[payment] = stands
    back = released * per_point // MICRO - stands * per_point // MICRO
    on = On(order=payments.order.item(payment), reason=reason)
    books.claw_back(payments.member.item(payment), fund, asset, back, on)
