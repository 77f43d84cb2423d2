"""API keys, deeds of the staff, and the limits above which two people decide."""

import hashlib
import secrets
from typing import ClassVar, Self

from django.db import models
from django.utils import timezone

from jifen.service.acting import actor, kept_history
from jifen.service.rights import Principal, Right

__all__ = ["ApiKey", "Deed", "DeskLimits"]

_PREFIX = "jk"
_NAME_BYTES, _SECRET_BYTES = 6, 32


class ApiKey(models.Model):
    """A key: ``jk_<id>_<secret>``, with the rights that it has. Only a hash of the secret is kept."""

    id = models.TextField(primary_key=True)
    digest = models.BinaryField(max_length=32)
    """SHA-256 of the secret, which is long enough that nobody finds it by trying."""
    name = models.TextField()
    """What it is for."""
    scopes = models.JSONField()
    made_by = models.TextField(default="console")
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True)
    history = kept_history(excluded_fields=["digest"])

    class Meta:
        db_table = "api_key"

    @classmethod
    def make(cls, name: str, scopes: list[Right], using: str | None = None) -> tuple[Self, str]:
        """Make a key, and return it with its text, which is shown once and never kept."""
        number, secret = secrets.token_hex(_NAME_BYTES), secrets.token_urlsafe(_SECRET_BYTES)
        key = cls(id=number, digest=_digest(secret), name=name, scopes=sorted(map(str, scopes)), made_by=actor())
        key.save(using=using, force_insert=True)
        return key, f"{_PREFIX}_{number}_{secret}"

    @classmethod
    def of(cls, text: str) -> Self | None:
        """The key with a text, unless it is none, or has been revoked."""
        prefix, _, rest = text.partition("_")
        number, _, secret = rest.partition("_")
        if prefix != _PREFIX or not secret:
            return None
        key = cls.objects.filter(id=number, revoked_at=None).first()
        if key is None or not secrets.compare_digest(bytes(key.digest), _digest(secret)):
            return None
        return key

    def revoke(self) -> None:
        """Let nobody in with it any more."""
        self.revoked_at = timezone.now()
        self.save(update_fields=["revoked_at"])

    def principal(self) -> Principal:
        """The one who acts with this key."""
        return Principal("key", self.id, frozenset(map(Right, self.scopes)))


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


class Deed(models.Model):
    """Something that somebody of the staff asks for: done at once, or when a second person agrees.

    Its event has the key ``deed:<id>``, so it happens once however often it is tried.
    """

    id = models.TextField(primary_key=True)
    event = models.TextField()
    """The event as canonical JSON, without its day."""
    kind = models.TextField()
    weight = models.BigIntegerField()
    """What is compared with the limit: micro-units, or people."""
    reason = models.TextField()
    state = models.TextField()
    """One of ``STATES``."""
    asked_by = models.TextField()
    asked_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.TextField(default="")
    decided_at = models.DateTimeField(null=True)
    code = models.TextField(default="")
    """Why the writer refused it."""
    number = models.BigIntegerField(null=True)
    """Its event's place in the log."""
    history = kept_history()

    class Meta:
        db_table = "deed"
        indexes: ClassVar = [models.Index("state", "id", name="deed_by_state")]


class DeskLimits(models.Model):
    """Above which a second person is needed: one row."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    points = models.BigIntegerField()
    """Micro-units of points or money that are added to, or taken from, one member."""
    reserve = models.BigIntegerField()
    """Micro-units that are put into the reserve or a pool."""
    moved = models.BigIntegerField()
    """People who are moved together: a member with all below."""
    history = kept_history()

    class Meta:
        db_table = "desk_limits"
