"""Columns of sealed texts, and their sealing anew: whatever table has one is known, so none is forgotten."""

from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.db.models import Q

from jifen.service.vault import resealed

__all__ = ["SealedField", "reseal"]

_SECRETS = ("secret", "seed")
"""What allauth keeps sealed of a second factor: of an app, and of recovery codes."""


class SealedField(models.BinaryField):  # type: ignore[type-arg]  # it takes types in its stubs only
    """A column of texts that ``jifen.service.vault`` has sealed; empty where there is none."""

    def deconstruct(self) -> Any:
        """As migrations write it: to the database it is bytes."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.BinaryField", args, kwargs


def reseal(*, using: str = "default") -> int:
    """Seal with the newest key what was sealed with others, wherever it is; returns how many rows there were."""
    from allauth.mfa.models import Authenticator  # a table, which is there when all of Django is

    with transaction.atomic(using=using):
        count = sum(_reseal(model, using) for model in apps.get_models())
        for factor in Authenticator.objects.using(using).iterator():
            secrets = {name: factor.data[name] for name in _SECRETS if name in factor.data}
            factor.data |= {name: resealed(token.encode()).decode() for name, token in secrets.items()}
            factor.save(using=using, update_fields=["data"])
            count += 1
        return count


def _reseal(model: type[models.Model], using: str) -> int:
    names = [field.name for field in model._meta.fields if isinstance(field, SealedField)]
    if not names:
        return 0
    rows, count = model._base_manager.using(using), 0
    kept = rows.exclude(Q(*((name, b"") for name in names)))
    for pk, *tokens in kept.values_list("pk", *names).iterator():
        before = {name: bytes(token) for name, token in zip(names, tokens, strict=True) if token}
        # One that is changed meanwhile is sealed with the newest key anyway.
        count += rows.filter(pk=pk, **before).update(**{name: resealed(token) for name, token in before.items()})
    return count
