"""Withdrawals are asked for, and reviewed by somebody else."""

from django.db.models import Sum
from django.utils import timezone

from jifen.core.errors import InputError, Problem
from jifen.engine.events import WithdrawalRejected, WithdrawalRequested
from jifen.service.acting import actor
from jifen.service.locks import alone
from jifen.service.members.models import new_code
from jifen.service.rights import Principal
from jifen.service.shop import open_day
from jifen.service.staff.hands import is_same_hand
from jifen.service.wallets.following import follow, locked, sent_to_books
from jifen.service.wallets.models import Withdrawal
from jifen.service.wallets.payees import payee_of, sealed_payee
from jifen.service.wallets.terms import check_amount, fee_of, terms_of

__all__ = ["ask", "asked_today", "review"]

_NOTHING = ("refused", "rejected")
"""States in which nothing leaves the wallet: the limit of a day does not count them."""


def ask(
    member: str, request: str, amount: int, asset: str = "cash", *, using: str = "default", wait: float = 0.0
) -> Withdrawal:
    """Ask for a withdrawal, of micro-units of an asset, under an id of the member's own; to ask again is to ask once.

    It is ``reserved`` when the books have set the amount aside, or ``refused`` by them, with their ``code``: the wallet
    has less, or the plan pays nothing out of this asset. ``InputError``: ``conflict`` where something else was asked
    for under this id, ``bad_amount``, ``below_minimum``, ``daily_limit``.
    """
    with alone(f"withdrawals of {member}", using):
        row = Withdrawal.objects.using(using).filter(member=member, request=request).first()
        if row is None:
            row = _asked(member, request, amount, asset, using)
        elif (row.asset, row.amount) != (asset, amount):
            raise InputError(Problem("conflict", "another withdrawal has this id", "choose another id", column="id"))
    return follow(row.number, using=using, wait=wait)


def _asked(member: str, request: str, amount: int, asset: str, using: str) -> Withdrawal:
    day, terms, number = open_day(using), terms_of(using), new_code()
    check_amount(amount, terms, asked_today(member, using=using))
    payee = payee_of(member, using)
    row = Withdrawal(
        number=number, event=f"wd:{number}", member=member, request=request, asset=asset, amount=amount,
        fee=fee_of(amount, terms), day=day, state="asked", asked_by=actor(),
        payee=b"" if payee is None else sealed_payee(payee),
    )  # fmt: skip
    row.save(using=using, force_insert=True)
    sent_to_books(
        row, WithdrawalRequested(id=row.event, day=0, member=member, amount=amount, asset=asset), "asked", using
    )
    return row


def asked_today(member: str, *, using: str = "default") -> int:
    """Micro-units that a member has asked for on the business day that is open, all assets together."""
    rows = Withdrawal.objects.using(using).filter(member=member, day=open_day(using)).exclude(state__in=_NOTHING)
    return rows.aggregate(asked=Sum("amount"))["asked"] or 0


def review(
    number: str, by: Principal, *, agree: bool, reason: str = "", using: str = "default", wait: float = 0.0
) -> Withdrawal:
    """Approve a withdrawal that is ``reserved``, or reject it with a reason: the amount goes back into the wallet then.

    To say the same again is to say it once. ``InputError``: ``unknown_withdrawal``, ``decided_already``,
    ``same_person`` for the one who asked, ``no_reason``, and ``no_payee`` for a member who has named no account.
    """
    follow(number, using=using)
    with alone(f"withdrawal {number}", using):
        row = locked(number, using)
        if row.state in (("approved",) if agree else ("rejecting", "rejected")) and row.reviewed_by == str(by):
            return row
        if row.state != "reserved":
            raise InputError(Problem("decided_already", f"this withdrawal is {row.state}", "look at it again"))
        if is_same_hand(row.asked_by, str(by), using) or by.name == row.member:
            raise InputError(Problem("same_person", "who asked cannot agree as well", "ask somebody else"))
        if not agree and not reason.strip():
            raise InputError(Problem("no_reason", "a rejection has a reason", "give one", column="reason"))
        row.reviewed_by, row.reviewed_at, row.reason = str(by), timezone.now(), reason.strip()
        if agree:
            _approve(row, using)
        else:
            sent_to_books(row, WithdrawalRejected(id=f"wr:{number}", day=0, withdrawal=row.event), "rejecting", using)
    return follow(number, using=using, wait=wait)


def _approve(row: Withdrawal, using: str) -> None:
    """The bank pays the account that is named now: one that failed has perhaps been mended."""
    payee = payee_of(row.member, using)
    if payee is None:
        raise InputError(Problem("no_payee", "the member has named no account at a bank", "ask the member for one"))
    row.payee, row.state, row.result = sealed_payee(payee), "approved", ""
    row.save(using=using)
