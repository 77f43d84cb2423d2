"""Second factors in the history of accounts: when one is set up or taken away, and by whom."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.dispatch import receiver

from jifen.service.acting import acting
from jifen.service.members.models import Account

__all__: list[str] = []


@receiver(authenticator_added)
def _added(sender: Any, user: Account, authenticator: Authenticator, **kwargs: Any) -> None:
    _note(user, f"second factor set up: {authenticator.type}")


@receiver(authenticator_removed)
def _removed(sender: Any, user: Account, authenticator: Authenticator, **kwargs: Any) -> None:
    _note(user, f"second factor taken away: {authenticator.type}")


@receiver(authenticator_reset)
def _reset(sender: Any, user: Account, authenticator: Authenticator, **kwargs: Any) -> None:
    _note(user, f"second factor made anew: {authenticator.type}")


def _note(user: Account, reason: str) -> None:
    """Add a row to the history of the account. Nobody but its owner, signed in, comes here."""
    user._change_reason = reason
    with acting(str(user.principal())):
        user.save(update_fields=["epoch"])
