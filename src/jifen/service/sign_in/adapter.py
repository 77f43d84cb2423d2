"""How allauth finds and keeps our accounts.

A number belongs to an account only when it has been verified: whoever signs up with another's number, and a password of
his own choice, has nothing when the number's owner comes.
"""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from django.db import IntegrityError, transaction
from django.http import HttpRequest, JsonResponse

from jifen.service.client import client_network
from jifen.service.current import current
from jifen.service.members.accounts import account_with, give_number
from jifen.service.members.models import Account, new_code
from jifen.service.shop import shop_of
from jifen.service.sign_in.forms import NumberField
from jifen.service.sign_in.joining import join
from jifen.service.sms.sender import pretend_to_send, send_soon
from jifen.service.vault import opened, sealed

__all__ = ["Adapter", "SecondFactor"]


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts by phone."""

    def populate_username(self, request: HttpRequest, user: Account) -> None:
        """Give a new account an id that says nothing: allauth would count users."""
        user.code = new_code()

    def phone_form_field(self, **options: Any) -> NumberField:
        """The field for a number."""
        return NumberField(**options)

    def get_user_by_phone(self, phone: str) -> Account | None:
        """The account with a number that has been verified."""
        return account_with(phone, using=current())

    def get_phone(self, user: Account) -> tuple[str, bool] | None:
        """The number of an account, and whether it has been verified."""
        return (opened(bytes(user.phone)), user.phone_verified) if user.phone else None

    def set_phone(self, user: Account, phone: str, verified: bool) -> None:
        """Keep a number; it is the account's own only if it has been verified."""
        if verified:
            self.set_phone_verified(user, phone)
        else:
            user.phone = sealed(phone)
            user.save(update_fields=["phone"])

    def set_phone_verified(self, user: Account, phone: str) -> None:
        """Make a number the account's own, and let a new member join.

        Where somebody else was faster with the same number, this account goes, and its owner is told that there is one:
        that is told only to who has the phone in hand.
        """
        try:
            with transaction.atomic(using=current()):
                give_number(user, phone)
        except IntegrityError:
            Account.objects.using(current()).filter(pk=user.pk, phone_verified=False).delete()
            raise ImmediateHttpResponse(_number_taken()) from None
        join(user, using=current())

    def send_verification_code_sms(self, user: Account, phone: str, code: str, **kwargs: Any) -> None:
        """Send a code."""
        send_soon(phone, code, live=shop_of(current()).live)

    def send_unknown_account_sms(self, phone: str, **kwargs: Any) -> None:
        """Send nothing, and do all the same what is done for a code: so long it takes, whether a number is known."""
        Account.objects.filter(pk=0).first()  # of a known number allauth looks up the account once more
        self.generate_phone_verification_code(user=None, phone=phone)
        pretend_to_send(live=shop_of(current()).live)

    def get_client_ip(self, request: HttpRequest) -> str:
        """Whose attempts are counted together."""
        return client_network(request)

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Whoever may join, does so at the door."""
        return True


def _number_taken() -> JsonResponse:
    """As allauth says it of a number that was taken before the code came."""
    error = {"message": "there is an account with this number", "code": "phone_taken", "param": "code"}
    return JsonResponse({"status": 400, "errors": [error]}, status=400)


class SecondFactor(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors, whose secrets are sealed."""

    def encrypt(self, text: str) -> str:
        """Seal a secret."""
        return sealed(text).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Open it."""
        return opened(encrypted_text.encode())
