"""Personal data of one person: kept sealed, given out whole on request, and erased while the books stay as they are."""

from collections.abc import Callable, Mapping
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction

from jifen.service.members.accounts import forget_sign_ups, shown_number
from jifen.service.members.models import Account, Person, new_code
from jifen.service.members.numbers import masked
from jifen.service.members.sessions import forget_sessions
from jifen.service.vault import opened, sealed

__all__ = [
    "ERASERS",
    "FIELDS",
    "erase",
    "is_erased",
    "keep_person",
    "personal",
    "sealed_person",
    "shown_person",
]

FIELDS = ("name", "id_number", "bank", "bank_account")
"""What may be known of a person."""
ERASERS: list[Callable[[str, str], None]] = []
"""What else forgets a person: each is called with the member's id and the alias of the shop, in the transaction."""


def keep_person(account: Account, fields: dict[str, str]) -> None:
    """Keep what is said of a person; fields that are not named stay. History says which were changed, and by whom."""
    known = _known(account)
    changed = [name for name in FIELDS if fields.get(name, known[name]) != known[name]]
    if changed:
        given = sealed_person({name: fields[name] for name in changed})
        Person.objects.using(account._state.db).update_or_create(
            account=account, defaults=given | {"changed": ", ".join(changed)}
        )


def sealed_person(fields: Mapping[str, str]) -> dict[str, bytes]:
    """What is said of a person, as its row keeps it."""
    return {name: sealed(text) if text else b"" for name, text in fields.items() if name in FIELDS}


def personal(account: Account) -> dict[str, Any]:
    """All personal data of one person, in full."""
    number = opened(bytes(account.phone)) if account.phone else ""
    return {
        "member": account.code, "phone": number, "phone_verified": account.phone_verified,
        "phone_country": account.phone_country, "joined_at": account.joined_at.isoformat(),
        "sponsor": account.sponsor.code if account.sponsor else None, "invite_code": account.invite_code,
        **_known(account),
    }  # fmt: skip


def shown_person(account: Account) -> dict[str, str]:
    """The same as others may see it: an initial, and the ends of numbers."""
    found = _known(account)
    return {
        "phone": shown_number(account), "name": found["name"][:1] + "*" * bool(found["name"]), "bank": found["bank"],
        "id_number": masked(found["id_number"]), "bank_account": masked(found["bank_account"]),
    }  # fmt: skip


def erase(account: Account, *, using: str = "default") -> None:
    """Forget a person: nobody can sign in any more, and what the log has is an id that says nothing."""
    number = opened(bytes(account.phone)) if account.phone else ""
    with transaction.atomic(using=using):
        forget_sessions(account.pk, number, using=using)
        forget_sign_ups(number, using=using)
        Person.objects.using(using).filter(account=account).delete()
        Authenticator.objects.using(using).filter(user=account).delete()
        account.phone, account.phone_mark, account.phone_verified, account.phone_country = b"", None, False, ""
        account.is_active, account.epoch, account.last_login = False, account.epoch + 1, None
        account.invite_code = new_code()  # the one until now was given to people who know whose it is
        account.set_unusable_password()
        account.save(using=using)
        Account.history.using(using).filter(id=account.pk).update(phone_country="", invite_code="")
        for eraser in ERASERS:
            eraser(account.code, using)


def is_erased(account: Account) -> bool:
    """Whether the person behind an account has been forgotten."""
    return not account.phone and not account.is_active


def _known(account: Account) -> dict[str, str]:
    """What is known of the person, opened; empty texts for what is not."""
    person = getattr(account, "person", None)
    tokens = {field: bytes(getattr(person, field)) if person else b"" for field in FIELDS}
    return {field: opened(token) if token else "" for field, token in tokens.items()}
