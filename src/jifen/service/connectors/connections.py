"""Connections to foreign shops: made, changed and read. Their secrets are sealed, and nobody is shown one again."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from jifen.core.errors import InputError, Problem
from jifen.service.connectors.facts import Terms
from jifen.service.connectors.kinds import kind_of
from jifen.service.connectors.models import Connection
from jifen.service.vault import opened, sealed

__all__ = ["OVERLAP", "change_connection", "connection_of", "make_connection", "secrets_of", "terms_of"]

OVERLAP = timedelta(days=1)
"""How long a secret is good after it was replaced: what was signed with it may still be on its way."""


def make_connection(name: str, kind: str, secret: str, terms: Terms, *, using: str = "default") -> Connection:
    """Connect a shop under an id of one's choice; to ask the same again is to ask once.

    ``InputError``: ``unknown_kind``, ``conflict`` where the id is taken by another; ``Unusable`` (``bad_secret``).
    """
    kind_of(kind).check_secret(secret)
    with transaction.atomic(using=using):
        found, made = Connection.objects.using(using).get_or_create(
            id=name,
            defaults={
                "kind": kind, "secret": sealed(secret), "secret_since": timezone.now(), "terms": terms.model_dump(),
            },
        )  # fmt: skip
    if not made and (found.kind != kind or terms_of(found) != terms or opened(bytes(found.secret)) != secret):
        raise InputError(Problem("conflict", "another connection has this id", "choose another id, or change that one"))
    return found


def change_connection(name: str, changes: Mapping[str, Any], *, using: str = "default") -> Connection:
    """Change ``terms``, ``enabled`` or ``secret``; the secret before it stays good for ``OVERLAP``."""
    with transaction.atomic(using=using):
        found = connection_of(name, using=using)
        if "terms" in changes:
            found.terms = changes["terms"].model_dump()
        if "enabled" in changes:
            found.enabled = changes["enabled"]
        if "secret" in changes and changes["secret"] != opened(bytes(found.secret)):
            kind_of(found.kind).check_secret(changes["secret"])
            found.secret_before, found.secret = bytes(found.secret), sealed(changes["secret"])
            found.secret_since = timezone.now()
        found.save(using=using)
    return found


def connection_of(name: str, *, using: str = "default") -> Connection:
    """A connection by its id; ``InputError`` (``not_found``) where there is none."""
    found = Connection.objects.using(using).filter(id=name).first()
    if found is None:
        raise InputError(Problem("not_found", "there is no such connection", "look at the list of connections"))
    return found


def terms_of(connection: Connection) -> Terms:
    """What of its orders counts."""
    return Terms.model_validate(connection.terms)


def secrets_of(connection: Connection) -> list[str]:
    """The secrets that are good now."""
    fresh = timezone.now() - connection.secret_since < OVERLAP
    before = [opened(bytes(connection.secret_before))] if connection.secret_before and fresh else []
    return [opened(bytes(connection.secret)), *before]
