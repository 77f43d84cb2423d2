"""The terms of withdrawals: the least amount, the limit of a day, and the fee that is withheld."""

from dataclasses import asdict, dataclass

from jifen.core.errors import InputError, Problem
from jifen.core.micros import MICRO
from jifen.service.wallets.models import WithdrawalTerms

__all__ = ["CENT", "Terms", "change_terms", "check_amount", "fee_of", "terms_of"]

CENT = MICRO // 100
"""The bank pays whole cents."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms in micro-units; ``fee_rate`` in millionths. ``daily_limit`` is over all assets, ``None`` for no limit."""

    least: int = MICRO
    daily_limit: int | None = None
    fee_rate: int = 0
    fee_fixed: int = 0


def terms_of(using: str = "default") -> Terms:
    """The terms that count now."""
    row = WithdrawalTerms.objects.using(using).first()
    return Terms() if row is None else Terms(row.least, row.daily_limit, row.fee_rate, row.fee_fixed)


def change_terms(terms: Terms, *, using: str = "default") -> Terms:
    """Let other terms count for withdrawals that are asked for from now on; ``InputError`` (``bad_amount``)."""
    if terms.least < CENT or terms.fee_fixed < 0 or not 0 <= terms.fee_rate < MICRO:
        raise _bad("the least amount is a cent at least, and the fee is not below 0")
    if terms.fee_fixed % CENT:
        raise _bad("a fixed fee is in whole cents")
    if fee_of(terms.least, terms) >= terms.least:
        raise _bad("of the least amount nothing would be left after the fee")
    if terms.daily_limit is not None and terms.daily_limit < terms.least:
        raise _bad("the limit of a day is below the least amount")
    if terms != terms_of(using):
        row = WithdrawalTerms.objects.using(using).first() or WithdrawalTerms()
        for name, value in asdict(terms).items():
            setattr(row, name, value)
        row.save(using=using)
    return terms


def fee_of(amount: int, terms: Terms) -> int:
    """What is withheld of an amount: whole cents, what is finer is left to the member.

    >>> fee_of(100_000_000, Terms(fee_rate=6_000, fee_fixed=500_000))
    1100000
    """
    return terms.fee_fixed + amount * terms.fee_rate // MICRO // CENT * CENT


def check_amount(amount: int, terms: Terms, asked: int) -> None:
    """Refuse an amount that the terms forbid; ``asked`` is what the member has asked for on that day already.

    ``InputError``: ``bad_amount`` for parts of a cent, ``below_minimum``, ``daily_limit``.
    """
    if amount % CENT:
        raise _bad("a bank pays whole cents")
    if amount < terms.least or fee_of(amount, terms) >= amount:
        raise InputError(Problem("below_minimum", "less is asked for than may be withdrawn", "ask for more at once"))
    if terms.daily_limit is not None and asked + amount > terms.daily_limit:
        remedy = "ask for less, or on another day"
        raise InputError(Problem("daily_limit", "this would be more than a member may withdraw on one day", remedy))


def _bad(message: str) -> InputError:
    return InputError(Problem("bad_amount", message, "correct the amount"))
