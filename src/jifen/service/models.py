"""The tables of a shop's database. One database is one shop; amounts are micro-units, days ordinals.

The log is ``Event`` and ``Batch``; ``Transfer`` and ``Balance`` are the books that follow from it. What the constraints
here cannot say is said by the triggers of ``guards``.
"""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.lookups import Exact, In

from jifen.service.accounts import ASSET_BITS, KIND_BITS, MONEY, NEVER_ABOVE, NEVER_BELOW
from jifen.service.fields import PlaceField

__all__ = [
    "Balance",
    "Batch",
    "Coverage",
    "Event",
    "Inbox",
    "Lease",
    "Name",
    "Opening",
    "PlanChange",
    "PlanVersion",
    "Run",
    "Scheduled",
    "Shop",
    "Transfer",
]

_KINDS, _ASSETS = (1 << KIND_BITS) - 1, (1 << ASSET_BITS) - 1


def _asset(account: str) -> models.Expression:
    """The asset in the number of an account."""
    asset: models.Expression = F(account).bitrightshift(KIND_BITS).bitand(_ASSETS)
    return asset


def _is_money(account: str) -> Q:
    """Whether an account is of money, whatever it is paid out as."""
    return Q(In(F(account).bitand(_KINDS), [int(kind) for kind in MONEY]))


class PlanVersion(models.Model):
    """A plan as it was resolved, known by its digest; it never changes."""

    digest = models.TextField(primary_key=True)
    content = models.TextField()

    class Meta:
        db_table = "plan_version"


class Shop(models.Model):
    """The shop itself: one row."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    name = models.TextField()
    seat = models.TextField()
    """Where it is at home, as an ISO country code: which laws apply."""
    zone = models.TextField()
    currency = models.TextField()
    live = models.BooleanField()
    """False: a sandbox, with play payments only."""
    receipts = models.BooleanField()
    first_day = models.BigIntegerField()
    plan = models.ForeignKey(PlanVersion, models.DO_NOTHING)
    """The version it opened with."""

    class Meta:
        db_table = "shop"
        constraints: ClassVar = [models.CheckConstraint(name="one_shop", condition=Q(id=1))]


class Inbox(models.Model):
    """What was asked for, in order. Undecided without a ``batch``; refused with a ``code``: the key is free again."""

    id = models.BigAutoField(primary_key=True)
    key = models.TextField()
    content = models.TextField()
    """The event as canonical JSON, without its day."""
    batch = models.BigIntegerField(null=True)
    event = models.BigIntegerField(null=True)
    """Its number in the log, if it was accepted."""
    code = models.TextField(default="", db_default="")
    message = models.TextField(default="", db_default="")
    sent_by = models.TextField(null=True)
    """Who sent it, as ``jifen.service.acting`` calls those who act; nobody knows of one from before 0.2."""
    sent_at = models.DateTimeField(null=True)
    """When it was sent. No event has this time: what counts is the day that is open when it is decided."""

    class Meta:
        db_table = "inbox"
        constraints: ClassVar = [
            models.UniqueConstraint("key", name="one_of_a_key", condition=Q(code="")),
            models.CheckConstraint(
                name="decided_once",
                condition=Q(batch=None, event=None, code="")
                | Q(batch__isnull=False, event__isnull=False, code="")
                | (Q(batch__isnull=False, event=None) & ~Q(code="")),
            ),
        ]
        indexes: ClassVar = [
            models.Index("id", name="undecided", condition=Q(batch=None)),
            models.Index("batch", name="refused_in", condition=~Q(code="")),
            models.Index("key", name="would_break", condition=Q(code="breaks_books")),
        ]


class Batch(models.Model):
    """What was applied together and sealed with a hash. Its row is the seal: it comes last, and nothing after it."""

    number = PlaceField(primary_key=True)
    day = models.BigIntegerField()
    revision = models.IntegerField()
    """The engine's ``SEMANTICS_REVISION`` that made it."""
    plan = models.ForeignKey(PlanVersion, models.DO_NOTHING, db_index=False)
    """The version that counted at its end."""
    cursor = models.BigIntegerField()
    """The last line of the inbox that it has decided."""
    events = models.BigIntegerField()
    """How many the log has with it."""
    transfers = models.BigIntegerField()
    """How many lines the books have with it."""
    previous = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "batch"


class Opening(models.Model):
    """The batch that is being written. Its key is deferred: no transaction commits before the batch is sealed."""

    batch = models.OneToOneField(Batch, models.DO_NOTHING, primary_key=True, db_column="batch")

    class Meta:
        db_table = "opening"


class Event(models.Model):
    """An accepted event, in order from 0, as canonical JSON: what the hash is over."""

    number = PlaceField(primary_key=True)
    batch = models.BigIntegerField()
    content = models.TextField()

    class Meta:
        db_table = "event"
        constraints: ClassVar = [models.CheckConstraint(name="event_from_zero", condition=Q(number__gte=0))]


class Transfer(models.Model):
    """A line of the books; see ``lines``. Those of a batch are numbered from where the one before it ended."""

    number = PlaceField(primary_key=True)
    batch = models.BigIntegerField()
    source = models.BigIntegerField()
    target = models.BigIntegerField()
    amount = models.BigIntegerField()
    used = models.BigIntegerField()
    event = models.BigIntegerField()
    rule = models.BigIntegerField()
    lot = models.BigIntegerField()
    order = models.BigIntegerField()
    line = models.BigIntegerField()
    reason = models.BigIntegerField()
    version = models.BigIntegerField()

    class Meta:
        db_table = "transfer"
        constraints: ClassVar = [
            models.CheckConstraint(name="transfer_from_zero", condition=Q(number__gte=0)),
            models.CheckConstraint(name="transfer_moves", condition=Q(amount__gt=0)),
            models.CheckConstraint(name="transfer_between_two", condition=~Q(source=F("target"))),
            models.CheckConstraint(
                name="transfer_of_one_asset",
                condition=Q(Exact(_asset("source"), _asset("target"))) | _is_money("source") | _is_money("target"),
            ),
        ]


class Balance(models.Model):
    """An account: what it holds with ``batch``, the last one that touched it, and held before."""

    account = PlaceField(primary_key=True)
    kind = models.GeneratedField(
        expression=F("account").bitand(_KINDS), output_field=models.BigIntegerField(), db_persist=True
    )
    amount = models.BigIntegerField()
    previous = models.BigIntegerField()
    batch = models.BigIntegerField(db_index=True)

    class Meta:
        db_table = "balance"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="never_below_zero", condition=Q(amount__gte=0) | ~Q(kind__in=[int(kind) for kind in NEVER_BELOW])
            ),
            models.CheckConstraint(
                name="never_above_zero", condition=Q(amount__lte=0) | ~Q(kind__in=[int(kind) for kind in NEVER_ABOVE])
            ),
        ]


class Name(models.Model):
    """What a number in the books stands for, by table of names."""

    pk = models.CompositePrimaryKey("kind", "number")
    kind = models.SmallIntegerField()
    """The place of its table in ``NAME_TABLES``."""
    number = models.BigIntegerField()
    name = models.TextField()
    batch = models.BigIntegerField()

    class Meta:
        db_table = "name"


class Run(models.Model):
    """The close of a business day, and the segment of the journal that has all of it."""

    day = models.BigIntegerField(primary_key=True)
    batch = models.OneToOneField(Batch, models.DO_NOTHING, db_column="batch")
    segment = models.TextField()
    """The name of its file."""
    digest = models.TextField()
    """SHA-256 of the segment."""

    class Meta:
        db_table = "run"


class Coverage(models.Model):
    """What was owed when a day was closed and what stood behind it, and what moved that day; see ``coverage``."""

    day = models.BigIntegerField(primary_key=True)
    batch = models.BigIntegerField()
    wallets = models.BigIntegerField()
    lots = models.BigIntegerField()
    queue = models.BigIntegerField()
    deferred = models.BigIntegerField()
    reserve = models.BigIntegerField()
    pools = models.BigIntegerField()
    promised = models.BigIntegerField()
    paid = models.BigIntegerField()
    reserve_in = models.BigIntegerField()
    reserve_out = models.BigIntegerField()

    class Meta:
        db_table = "coverage"


class PlanChange(models.Model):
    """An accepted event that changed what counts: a version activated, a pause, an end."""

    event = models.BigIntegerField(primary_key=True)
    """Its number in the log."""
    batch = models.BigIntegerField()
    day = models.BigIntegerField()
    kind = models.TextField()
    """The event's name."""
    plan = models.ForeignKey(PlanVersion, models.DO_NOTHING, null=True, db_index=False)
    """The version, where one was activated."""

    class Meta:
        db_table = "plan_change"


class Scheduled(models.Model):
    """A plan version that is to be the first event of a day to come."""

    day = models.BigIntegerField(primary_key=True)
    plan = models.ForeignKey(PlanVersion, models.DO_NOTHING, db_index=False)

    class Meta:
        db_table = "scheduled"


class Lease(models.Model):
    """Who writes: one row. ``epoch`` grows with every election, so that a writer that was late knows it."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    epoch = models.BigIntegerField()
    until = models.BigIntegerField()
    """Milliseconds since 1970 until which the writer is taken to be alive, if it does not say so again."""
    doing = models.TextField(default="", db_default="")
    """What the writer is at, where that takes a while."""

    class Meta:
        db_table = "lease"
        constraints: ClassVar = [models.CheckConstraint(name="one_lease", condition=Q(id=1))]
