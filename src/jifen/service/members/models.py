"""Accounts: who signs in. What is said of a person stands in tables that can be erased, sealed where it names one."""

import secrets
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.crypto import salted_hmac

from jifen.service.acting import kept_history
from jifen.service.rights import RIGHTS_OF, Principal, Role
from jifen.service.sealing import SealedField

__all__ = ["Account", "Accounts", "Person", "new_code"]

_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
"""Those that are not taken for one another."""


def new_code() -> str:
    """An id that says nothing: 12 letters, of which no two are likely to be the same in a billion."""
    return "".join(secrets.choice(_LETTERS) for _ in range(12))


class Accounts(BaseUserManager["Account"]):
    """Accounts of a shop."""


class Account(AbstractBaseUser):
    """Somebody who signs in: a member of the shop, or one of its staff.

    ``code`` is the member's id in the log. The phone number is sealed, and found by its mark.
    """

    USERNAME_FIELD = "code"

    code = models.TextField(unique=True, default=new_code)
    phone = SealedField(default=b"")
    """Sealed, in E.164."""
    phone_mark = models.BinaryField(max_length=32, null=True, unique=True)
    phone_verified = models.BooleanField(default=False)
    phone_country = models.TextField(default="")
    """As an ISO code: which laws apply."""
    role = models.TextField(default="", choices=[("", ""), *((role.value, role.value) for role in Role)])
    """Empty for a member."""
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(auto_now_add=True)
    invite_code = models.TextField(unique=True, default=new_code)
    """What a new member gives to be placed below this one."""
    sponsor = models.ForeignKey("self", models.SET_NULL, null=True)
    """Who brought a member, as said at sign-up: bound by the event with which the member joined."""
    epoch = models.IntegerField(default=0)
    """Sessions of an earlier one have ended."""

    HISTORY_KEY: ClassVar = "code"
    _change_reason: str
    """Why the row is saved, as simple_history looks for it: of what the row itself does not show."""
    objects: ClassVar[Accounts] = Accounts()
    history = kept_history(excluded_fields=["phone", "phone_mark", "password", "last_login"])

    class Meta:
        db_table = "account"

    def _get_session_auth_hash(self, secret: Any = None) -> str:
        """What a session is compared with: it ends when the password changes, or the epoch."""
        salt = "jifen.service.members.Account"
        return salted_hmac(salt, f"{self.epoch}:{self.password}", secret=secret, algorithm="sha256").hexdigest()

    def principal(self) -> Principal:
        """The one who acts when this account does."""
        if self.role:
            return Principal("staff", self.code, RIGHTS_OF[Role(self.role)])
        return Principal("member", self.code)


class Person(models.Model):
    """What is known of the person behind an account, sealed: it is here so that it can be erased."""

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True)
    name = SealedField(default=b"")
    id_number = SealedField(default=b"")
    bank = SealedField(default=b"")
    bank_account = SealedField(default=b"")
    changed = models.TextField(default="")
    """Which of them were changed the last time: history has that, and not what they were."""
    changed_at = models.DateTimeField(auto_now=True)
    HISTORY_KEY: ClassVar = "account__code"
    history = kept_history(excluded_fields=["name", "id_number", "bank", "bank_account"])

    class Meta:
        db_table = "person"
