"""Endpoints to which a shop sends webhooks, and what is sent to each."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from jifen.service.acting import kept_history
from jifen.service.sealing import SealedField

__all__ = ["Delivery", "Endpoint", "State"]


class State(models.TextChoices):
    """How a delivery stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"
    """All attempts have failed; it may be replayed."""


class Endpoint(models.Model):
    """An address that asked to be told, and how far in the log it has been told."""

    id = models.TextField(primary_key=True)
    url = models.TextField()
    types = models.JSONField()
    """The types it is told of; an empty list means all."""
    secret = SealedField()
    """Sealed, as ``whsec_…``."""
    old_secret = SealedField(default=b"")
    """The one before, which signs too until ``old_until``."""
    old_until = models.DateTimeField(null=True)
    active = models.BooleanField(default=True)
    why = models.TextField(default="")
    """Why the shop itself no longer sends to it, if that is so: ``gone`` or ``failing``."""
    failing_since = models.DateTimeField(null=True)
    cursor = models.BigIntegerField()
    """The number of the next event of the log to be told."""
    created_at = models.DateTimeField(auto_now_add=True)
    history = kept_history(excluded_fields=["secret", "old_secret", "failing_since", "cursor"])

    class Meta:
        db_table = "hook"


class Delivery(models.Model):
    """A message to an endpoint. Its ``message`` stays the same at every attempt and replay."""

    id = models.BigAutoField(primary_key=True)
    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="deliveries", db_index=False)
    message = models.TextField()
    type = models.TextField()
    body = models.TextField()
    state = models.TextField(choices=State.choices, default=State.WAITING)
    attempts = models.IntegerField(default=0)
    next_at = models.DateTimeField()
    """When it is due, or, while somebody tries it, when another may."""
    status = models.IntegerField(null=True)
    """The status of the last answer, if there was one."""
    error = models.TextField(default="")
    """Why there was none, as a code."""
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "hook_delivery"
        constraints: ClassVar = [
            models.UniqueConstraint("endpoint", "message", name="one_delivery"),
            models.CheckConstraint(name="delivery_states", condition=Q(state__in=State.values)),
        ]
        indexes: ClassVar = [
            models.Index("endpoint", "next_at", name="delivery_due", condition=Q(state="waiting")),
            models.Index("endpoint", "state", "id", name="delivery_of_state"),
        ]
