"""Accounts of a shop: found by number or by session, made, joined, and shown to others masked."""

import time
from datetime import timedelta
from typing import Any

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from jifen.core.errors import InputError, Problem
from jifen.service.members.models import Account
from jifen.service.members.numbers import country_of, masked, parse_number
from jifen.service.rights import Principal, Role
from jifen.service.vault import marked, opened, sealed

__all__ = [
    "account_of", "account_with", "change_password", "forget_sign_ups", "give_number", "make_account",
    "shown_number", "sign_out", "signed_in_as",
]  # fmt: skip

_MARK = "phone"
_FRESH_SECONDS = 600
_KEPT_HOURS = 24


def account_with(number: str, *, using: str = "default") -> Account | None:
    """The account whose number this is, in E.164."""
    return Account.objects.using(using).filter(phone_mark=marked(_MARK, number)).first()


def account_of(code: str, *, using: str = "default") -> Account:
    """An account by its id; ``InputError`` (``unknown_member``) if there is none."""
    account = Account.objects.using(using).filter(code=code).first()
    if account is None:
        raise InputError(Problem("unknown_member", "there is no such account", "look for another id"))
    return account


def give_number(account: Account, number: str) -> None:
    """Make a verified number an account's own; ``IntegrityError`` if it is another's."""
    account.phone, account.phone_mark = sealed(number), marked(_MARK, number)
    account.phone_verified, account.phone_country = True, country_of(number)
    account.save()


def make_account(
    number: str, *, role: Role | None = None, sponsor: Account | None = None, using: str = "default"
) -> Account:
    """Make an account without a code being sent, for somebody whom the shop knows.

    ``InputError``: ``bad_number``, or ``number_taken`` if there is an account with it.
    """
    found = parse_number(number)
    taken = InputError(Problem("number_taken", "there is an account with this number", "find it by its number"))
    account = Account(role=role or "", sponsor=sponsor)
    account.set_unusable_password()
    account._state.db = using
    try:
        with transaction.atomic(using=using):
            if account_with(found, using=using) is not None:
                raise taken
            give_number(account, found)
    except IntegrityError:  # somebody else was faster
        raise taken from None
    return account


def forget_sign_ups(number: str = "", *, using: str = "default") -> int:
    """Delete accounts whose number was never verified within a day, or is this one; returns how many there were.

    Their history goes with them: nobody has ever been behind them.
    """
    before = timezone.now() - timedelta(hours=_KEPT_HOURS)
    never = Account.objects.using(using).filter(phone_verified=False, phone_mark=None, role="").exclude(phone=b"")
    rows = list(never.filter(joined_at__lt=before).values_list("pk", flat=True))
    if number:
        fresh = never.filter(joined_at__gte=before).values_list("pk", "phone")
        rows += [pk for pk, phone in fresh.iterator() if opened(bytes(phone)) == number]
    with transaction.atomic(using=using):
        Account.objects.using(using).filter(pk__in=rows).delete()
        Account.history.using(using).filter(id__in=rows).delete()
    return len(rows)


def shown_number(account: Account) -> str:
    """The number of an account as others may see it."""
    return masked(opened(bytes(account.phone))) if account.phone and account.phone_verified else ""


def signed_in_as(account: Account, session: SessionBase) -> Principal:
    """The one who acts in a session: somebody of the staff has no right before the second factor."""
    principal = account.principal()
    records: list[dict[str, Any]] = session.get(AUTHENTICATION_METHODS_SESSION_KEY) or []
    if principal.kind == "staff" and not any(record.get("method") == "mfa" for record in records):
        return Principal("staff", account.code)
    return principal


def change_password(account: Account, session: SessionBase, password: str) -> None:
    """Give an account another password, after which all its sessions end; ``InputError`` for a weak one.

    Who changes it has signed in with a code just now (``code_needed``): that is how a lost one is recovered too.
    """
    records: list[dict[str, Any]] = session.get(AUTHENTICATION_METHODS_SESSION_KEY) or []
    fresh = [each for each in records if each.get("method") == "code" and time.time() - each["at"] < _FRESH_SECONDS]
    if not fresh:
        raise InputError(Problem("code_needed", "the sign-in by a code is too long ago", "sign in with a new code"))
    try:
        validate_password(password, account)
    except ValidationError as error:
        raise InputError(Problem("weak_password", " ".join(error.messages), "choose another")) from error
    account.set_password(password)
    account.epoch += 1
    account._change_reason = "password changed"
    account.save(update_fields=["password", "epoch"])


def sign_out(account: Account) -> None:
    """End all sessions of an account."""
    account.epoch += 1
    account.save(update_fields=["epoch"])
