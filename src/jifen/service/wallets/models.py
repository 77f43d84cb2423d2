"""What the log cannot say of withdrawals 提现: who reviewed them, what is withheld, whom the bank pays, and when."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from jifen.service.acting import kept_history
from jifen.service.sealing import SealedField

__all__ = ["ENDED", "STATES", "BankBatch", "LogPlace", "Withdrawal", "WithdrawalTerms"]

ENDED = ("refused", "paid", "rejected")
"""States in which nothing is set aside any more."""

STATES = ("asked", "reserved", "approved", "sent", "paying", "rejecting", *ENDED)
"""All states of a withdrawal."""


class WithdrawalTerms(models.Model):
    """The shop's terms for withdrawals: one row, in micro-units. Nobody's withdrawal changes when they do."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    least = models.BigIntegerField(default=1_000_000)
    """The smallest amount that one may ask for."""
    daily_limit = models.BigIntegerField(null=True)
    """What a member may ask for on one business day, all assets together."""
    fee_rate = models.BigIntegerField(default=0)
    """Millionths of the amount that are withheld."""
    fee_fixed = models.BigIntegerField(default=0)
    """What is withheld of each withdrawal besides."""
    history = kept_history()

    class Meta:
        db_table = "withdrawal_terms"
        constraints: ClassVar = [models.CheckConstraint(name="one_withdrawal_terms", condition=Q(id=1))]


class BankBatch(models.Model):
    """Withdrawals that went to the bank in one file."""

    number = models.BigAutoField(primary_key=True)
    request = models.TextField(unique=True)
    """What the one who asked for it calls it: asked for again, it is the same batch."""
    made_at = models.DateTimeField(auto_now_add=True)
    made_by = models.TextField()
    count = models.IntegerField()
    total = models.BigIntegerField()
    """What the bank is to pay, in micro-units."""

    class Meta:
        db_table = "bank_batch"


class Withdrawal(models.Model):
    """A withdrawal from its request to its end. What is set aside, paid and returned stands in the log.

    ``asked``: it waits for the books; ``refused``: they refused it, see ``code``; ``reserved``: set aside, to be
    reviewed; ``approved``: to be paid; ``sent``: at the bank; ``paying`` and ``rejecting``: its end waits for the
    books; ``paid``; ``rejected``: the amount is back in the wallet.
    """

    number = models.TextField(primary_key=True)
    """Our number: it says nothing."""
    event = models.TextField(unique=True)
    """The id of its request in the log."""
    member = models.TextField()
    request = models.TextField()
    """What the one who asked calls it: asked for again, it is the same withdrawal."""
    asset = models.TextField()
    amount = models.BigIntegerField()
    """What leaves the wallet, in micro-units."""
    fee = models.BigIntegerField()
    """What of it is withheld: the bank pays the rest."""
    day = models.BigIntegerField()
    """The business day on which it was asked for, as an ordinal: its limit counts it there."""
    state = models.TextField(choices=[(state, state) for state in STATES])
    line = models.BigIntegerField(null=True)
    """The line of the inbox that it waits for."""
    code = models.TextField(default="")
    """Why the books refused its last event."""
    payee = SealedField(default=b"")
    """Whom the bank pays, sealed; empty where nobody has been named yet, or it has been forgotten."""
    asked_by = models.TextField()
    asked_at = models.DateTimeField(auto_now_add=True)
    reviewed_by = models.TextField(default="")
    reviewed_at = models.DateTimeField(null=True)
    reason = models.TextField(default="")
    """Why it was rejected, or what the bank says of its failure."""
    batch = models.ForeignKey(BankBatch, models.DO_NOTHING, null=True)
    result = models.TextField(default="", choices=[(result, result) for result in ("", "paid", "failed")])
    """What the bank said."""
    bank_reference = models.TextField(default="")
    ended_at = models.DateTimeField(null=True)
    history = kept_history(excluded_fields=["payee"])

    class Meta:
        db_table = "withdrawal"
        constraints: ClassVar = [
            models.UniqueConstraint("member", "request", name="one_withdrawal_of_a_request"),
            models.CheckConstraint(name="withdrawal_pays", condition=Q(amount__gt=models.F("fee")) & Q(fee__gte=0)),
        ]
        indexes: ClassVar = [
            models.Index("member", "day", name="withdrawals_of_a_day"),
            models.Index("state", "asked_at", name="withdrawals_by_state"),
            models.Index("number", name="withdrawals_waiting", condition=Q(line__isnull=False)),
        ]

    @property
    def payment(self) -> str:
        """What the bank calls it: a withdrawal that is sent again after a failure is another payment."""
        return f"{self.number}-{self.batch_id}"

    @property
    def net(self) -> int:
        """What the bank pays, in micro-units."""
        return self.amount - self.fee


class LogPlace(models.Model):
    """How far the log has been read for withdrawals: one row."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    event = models.BigIntegerField(default=0)
    """The number of the next event to read."""

    class Meta:
        db_table = "withdrawal_log_place"
        constraints: ClassVar = [models.CheckConstraint(name="one_withdrawal_log_place", condition=Q(id=1))]
