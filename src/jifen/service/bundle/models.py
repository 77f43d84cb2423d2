"""The keys with which a shop signs its bundles: one that signs, and those that did before."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from jifen.service.acting import kept_history
from jifen.service.sealing import SealedField

__all__ = ["SigningKey"]


class SigningKey(models.Model):
    """An Ed25519 key. Its private half is sealed, and gone when the key is retired; the public one stays."""

    public = models.TextField(primary_key=True)
    """32 bytes in hexadecimal digits."""
    secret = SealedField(default=b"")
    """The private half, sealed."""
    made_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True)
    retired_by = models.TextField(default="")
    history = kept_history(excluded_fields=["secret"])

    class Meta:
        db_table = "signing_key"
        constraints: ClassVar = [
            models.UniqueConstraint("retired_by", name="one_signing_key", condition=Q(retired_at=None)),
        ]
