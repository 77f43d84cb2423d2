"""The staff of a shop: who is of it, and in which role. There is always an owner."""

from django.db import transaction

from jifen.core.errors import InputError, Problem
from jifen.service.members.accounts import account_of, account_with, make_account, sign_out
from jifen.service.members.models import Account
from jifen.service.members.numbers import parse_number
from jifen.service.rights import Role
from jifen.service.staff.models import ApiKey

__all__ = ["add", "lock", "set_role", "staff_of"]


def add(number: str, role: Role, *, using: str = "default") -> Account:
    """Take somebody on. ``InputError`` if the number is a member's: who works here has an account of its own."""
    if account_with(parse_number(number), using=using) is not None:
        message = "there is an account with this number"
        raise InputError(Problem("number_taken", message, "staff have a number of their own"))
    return make_account(number, role=role, using=using)


def staff_of(using: str = "default") -> list[Account]:
    """All who are of the staff, or were."""
    return list(Account.objects.using(using).exclude(role="").order_by("id"))


def set_role(code: str, role: Role, *, using: str = "default") -> Account:
    """Give somebody another role. ``InputError``: ``unknown_staff``, ``last_owner``."""
    with transaction.atomic(using=using):
        account = _of_staff(code, using)
        if role is not Role.OWNER:
            _check_owner_left(account, using)
        account.role = role
        account.save(using=using)
        sign_out(account)
    return account


def lock(code: str, *, locked: bool, using: str = "default") -> Account:
    """Let somebody in no more, or again. Sessions end, and so do the keys that he made."""
    with transaction.atomic(using=using):
        account = _of_staff(code, using)
        if locked:
            _check_owner_left(account, using)
            for key in ApiKey.objects.using(using).filter(made_by=str(account.principal()), revoked_at=None):
                key.revoke()
        account.is_active = not locked
        account.save(using=using)
        sign_out(account)
    return account


def _of_staff(code: str, using: str) -> Account:
    """Somebody of the staff; all owners are held, so that two changes at once leave one."""
    list(Account.objects.using(using).select_for_update().filter(role=Role.OWNER).order_by("id"))
    account = account_of(code, using=using)
    if not account.role:
        raise InputError(Problem("unknown_member", "there is no such account of the staff", "look for another id"))
    return account


def _check_owner_left(account: Account, using: str) -> None:
    others = Account.objects.using(using).filter(role=Role.OWNER, is_active=True).exclude(pk=account.pk)
    if account.role == Role.OWNER and not others.exists():
        raise InputError(Problem("last_owner", "a shop has an owner", "make somebody else an owner first"))
