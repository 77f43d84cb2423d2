"""Connections to foreign shops, what is known of their orders, and what became of their messages.

No personal data is here: a customer is a number, and of a message there is only what became of it.
"""

from typing import ClassVar

from django.db import models

from jifen.service.acting import kept_history
from jifen.service.sealing import SealedField

__all__ = ["Connection", "ForeignMessage", "ForeignOrder"]


class Connection(models.Model):
    """A foreign shop. Its ``id`` stands in the address to which it sends, and before ids of its members and orders."""

    id = models.TextField(primary_key=True)
    kind = models.TextField()
    secret = SealedField()
    """Sealed."""
    secret_before = SealedField(default=b"")
    """Sealed: the one before, which is good for a while after it was replaced."""
    secret_since = models.DateTimeField()
    terms = models.JSONField()
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    history = kept_history(excluded_fields=["secret", "secret_before"])

    class Meta:
        db_table = "connection"


class ForeignOrder(models.Model):
    """The course of an order."""

    connection = models.ForeignKey(Connection, models.DO_NOTHING, db_index=False)
    number = models.TextField()
    course = models.JSONField()

    class Meta:
        db_table = "foreign_order"
        constraints: ClassVar = [models.UniqueConstraint("connection", "number", name="one_foreign_order")]


class ForeignMessage(models.Model):
    """What became of a message when it last came; one that says the same is the same."""

    connection = models.ForeignKey(Connection, models.DO_NOTHING, db_index=False)
    digest = models.BinaryField(max_length=32)
    """SHA-256 of its body."""
    topic = models.TextField()
    """As its header says; nobody signed that."""
    order = models.TextField()
    outcome = models.TextField()
    code = models.TextField(default="")
    times = models.BigIntegerField(default=1)
    first_at = models.DateTimeField(auto_now_add=True)
    last_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "foreign_message"
        constraints: ClassVar = [models.UniqueConstraint("connection", "digest", name="one_foreign_message")]
        indexes: ClassVar = [models.Index("connection", "id", name="foreign_message_newest")]
