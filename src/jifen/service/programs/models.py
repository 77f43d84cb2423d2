"""Tables of programs. Amounts are micro-units, days ordinals; a plan is known by its digest.

What a version *is* stands in ``plan_version`` and never changes; which one counts, the log says. Here stands what
people and machines said of versions: what was found, who waived it, who published it, who accepted what it means.
"""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from jifen.service.acting import kept_history

__all__ = ["Acceptance", "Freeze", "Program", "RunFinding", "Spending", "Study", "Terms", "Waiver"]


class Program(models.Model):
    """A version on its way: ``draft``, ``checked`` or ``published``. That it is active or superseded, the log says."""

    digest = models.TextField(primary_key=True)
    name = models.TextField(db_index=True)
    """The plan's name: versions of one name are of one plan."""
    state = models.TextField(default="draft")
    checking = models.TextField(default="")
    """The study with what was found."""
    assessment = models.TextField(default="")
    disclosure = models.TextField(default="")
    """The study with the page for members: its digest is what they accept."""
    made_at = models.DateTimeField(auto_now_add=True)
    published_at = models.DateTimeField(null=True)
    history = kept_history()

    class Meta:
        db_table = "program"


class Study(models.Model):
    """What was worked out about a version, as JSON, under the SHA-256 of it; it never changes."""

    digest = models.TextField(primary_key=True)
    kind = models.TextField()
    """``check``, ``assess``, ``disclosure`` or ``preview``."""
    plan = models.TextField(db_index=True)
    question = models.TextField(db_index=True)
    """SHA-256 of all that it follows from: who asks the same again gets the same answer."""
    content = models.TextField()
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "study"


class Waiver(models.Model):
    """Named counsel answers for a finding that blocks one version. It takes two: who asks, and who grants."""

    id = models.BigAutoField(primary_key=True)
    plan = models.TextField(db_index=True)
    finding = models.TextField()
    reason = models.TextField()
    counsel = models.TextField()
    document = models.TextField()
    """Where counsel's opinion is kept: its number, or its SHA-256."""
    asked_by = models.TextField()
    asked_at = models.DateTimeField()
    granted_by = models.TextField(default="")
    granted_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    """Twelve months after it was granted, or when it was taken back."""
    history = kept_history()

    class Meta:
        db_table = "waiver"
        constraints: ClassVar = [
            models.CheckConstraint(name="two_people", condition=~Q(granted_by=F("asked_by"))),
        ]


class Terms(models.Model):
    """What a shop says of itself for the rules, and what it asks of its members: one row."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    facts = models.JSONField(default=dict)
    """Facts of a shop file (``assess.shop``), but for those that are derived: seat, currency, telephone countries."""
    acceptance = models.BooleanField(null=True)
    """Whether members accept the disclosure before their first order; empty: in a live shop."""
    limited = models.BooleanField(null=True)
    """Whether spending is limited; empty: in a live shop."""
    limit = models.BigIntegerField(default=10_000_000_000)
    """What a member may spend in one plan, less refunds."""
    history = kept_history()

    class Meta:
        db_table = "program_terms"
        constraints: ClassVar = [models.CheckConstraint(name="one_terms", condition=Q(id=1))]


class Acceptance(models.Model):
    """A member has read what a plan means, and accepts it."""

    id = models.BigAutoField(primary_key=True)
    member = models.TextField()
    disclosure = models.TextField()
    accepted_at = models.DateTimeField(auto_now_add=True)
    accepted_by = models.TextField()
    """Who said so: the member, or a key in the member's name."""

    class Meta:
        db_table = "acceptance"
        constraints: ClassVar = [models.UniqueConstraint("member", "disclosure", name="accepted_once")]


class Spending(models.Model):
    """An order that came through the door, or a refund (below zero); what the inbox has refused does not count."""

    event = models.TextField(primary_key=True)
    member = models.TextField()
    plan = models.TextField()
    """The plan's name."""
    amount = models.BigIntegerField()

    class Meta:
        db_table = "spending"
        indexes: ClassVar = [models.Index("member", "plan", name="spending_of")]


class RunFinding(models.Model):
    """What the rules found when a day had been closed."""

    day = models.BigIntegerField(primary_key=True)
    plan = models.TextField()
    """The version that counted."""
    stops = models.JSONField()
    """What a live shop has to stop, if anything."""
    content = models.TextField()
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "run_finding"


class Freeze(models.Model):
    """A live shop was frozen after a close; the last row without ``lifted_at`` holds."""

    id = models.BigAutoField(primary_key=True)
    day = models.BigIntegerField()
    """The day whose close it was."""
    plan = models.TextField()
    """The version that was frozen."""
    frozen = models.TextField()
    """The version that counts instead: the same without the rules that had to stop."""
    stops = models.JSONField()
    findings = models.JSONField()
    """The ids of the findings."""
    made_at = models.DateTimeField(auto_now_add=True)
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.TextField(default="")
    history = kept_history()

    class Meta:
        db_table = "freeze"
        constraints: ClassVar = [
            models.UniqueConstraint("lifted_by", name="one_freeze", condition=Q(lifted_at=None)),
        ]
