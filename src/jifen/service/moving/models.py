"""Imports of a shop, and what is remembered of the orders that it had before."""

from typing import ClassVar

from django.db import models

from jifen.service.acting import kept_history

__all__ = ["Import", "PastOrder"]


class Import(models.Model):
    """An import, known by the digest of its map and its tables: to repeat it is to go on with it."""

    digest = models.TextField(primary_key=True)
    map = models.TextField()
    """The name of its column map."""
    state = models.TextField(choices=[(state, state) for state in ("looked", "running", "done")], default="looked")
    events = models.BigIntegerField()
    """How many events it makes."""
    counts = models.JSONField()
    """Rows that it brings, by table."""
    totals = models.JSONField()
    """What the books are to have by kind and name, in micro-units."""
    day = models.BigIntegerField(null=True)
    """The day that was open when it ran."""
    looked_by = models.TextField()
    run_by = models.TextField(default="")
    made_at = models.DateTimeField(auto_now_add=True)
    history = kept_history(excluded_fields=["counts", "totals"])

    class Meta:
        db_table = "import"


class PastOrder(models.Model):
    """An order of before: it earns nothing and can be refunded by hand only. Micro-units."""

    order = models.TextField(primary_key=True)
    member = models.TextField(db_index=True)
    amount = models.BigIntegerField()
    refunded = models.BigIntegerField()
    paid = models.DateTimeField(null=True)

    class Meta:
        db_table = "past_order"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="past_order_refund", condition=models.Q(refunded__gte=0, refunded__lte=models.F("amount"))
            )
        ]
