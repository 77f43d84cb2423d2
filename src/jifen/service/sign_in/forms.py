"""What is asked at sign-up beside the number, and numbers as people write them."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from jifen.core.errors import InputError
from jifen.service.members.models import Account
from jifen.service.members.numbers import parse_number

__all__ = ["Joining", "NumberField"]


class NumberField(forms.CharField):
    """A phone number, in E.164 once it is clean."""

    def clean(self, value: Any) -> Any:
        """Read it; what is no text is no number."""
        text = super().clean(value if isinstance(value, str) else None)
        try:
            return parse_number(text) if text else text
        except InputError as error:
            raise ValidationError(error.problems[0].message, code="bad_number") from error


class Joining(forms.Form):
    """Who brought the new member, and that the new member is an adult."""

    invite_code = forms.CharField(required=False, max_length=32)
    adult = forms.BooleanField(required=True)

    @property
    def account_already_exists(self) -> bool:
        """No: whoever signs up with a known number goes the same way as all others, and is told at its end.

        So neither the answer, nor how long it takes, nor whether a message comes, tells which numbers are known.
        """
        return False

    @account_already_exists.setter
    def account_already_exists(self, known: bool) -> None:
        """Allauth says it here, and would go another way."""

    def clean_invite_code(self) -> str:
        """The code of somebody who has joined."""
        text: str = self.cleaned_data["invite_code"]
        if text and not Account.objects.filter(invite_code=text, phone_verified=True, role="").exists():
            raise ValidationError("nobody has this invite code", code="bad_invite_code")
        return text

    def signup(self, request: Any, user: Account) -> None:
        """Bind the new member to the sponsor: this is the only time."""
        text = self.cleaned_data["invite_code"]
        user.sponsor = Account.objects.filter(invite_code=text).first() if text else None
        user.save()
