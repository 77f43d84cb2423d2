"""Deliveries: made from the log, claimed for an attempt, and settled by what came of it.

The writer knows nothing of them. What was claimed by somebody who ended in the middle is due again a little later, so
each message arrives at least once.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Subquery
from prometheus_client import Counter

from jifen.service.counters import COUNTS
from jifen.service.hooks.messages import message_of
from jifen.service.hooks.models import Delivery, Endpoint, State
from jifen.service.hooks.sending import Answer
from jifen.service.models import Event

__all__ = ["ATTEMPTS", "AT_ONCE", "DEAD", "LEASE", "SCHEDULE", "Jitter", "claim", "fill", "forget", "settle", "unclaim"]

SCHEDULE = tuple(timedelta(seconds=seconds) for seconds in (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400))
"""How long after each attempt that failed the next one comes, as the text of Standard Webhooks has it: three days."""
AT_ONCE = 20
"""Deliveries that are claimed together."""
LEASE = timedelta(minutes=2)
"""How long a claim holds; those who claim stop well before."""
_EVENTS = 500
"""Events that are looked at together."""
_WAITING = 10_000
"""Deliveries that wait for an endpoint, at most: the rest stays in the log."""
_GIVE_UP = timedelta(days=5)
"""An endpoint that has taken nothing for so long is sent nothing more, until somebody says so."""
_KEPT = timedelta(days=30)
"""How long it can be seen that something was delivered."""
_JITTER = 5
"""A wait grows by chance by up to one part in so many."""

ATTEMPTS = Counter(
    "jifen_webhook_attempts", "Webhooks that were sent, by what came of it: `delivered` or `failed`.", ["result"],
    registry=COUNTS,
)  # fmt: skip
DEAD = Counter("jifen_webhook_dead", "Webhooks that were given up after their last attempt.", registry=COUNTS)

Jitter = Callable[[], float]
"""A number from 0 up to 1, by chance."""


def fill(name: str, now: datetime, *, using: str = "default") -> int:
    """Make deliveries of what the log has that an endpoint was not told; returns how many events were looked at."""
    told = Endpoint.objects.using(using).filter(id=name).values("cursor")
    if not Event.objects.using(using).filter(number__gte=Subquery(told)).exists():
        return 0  # most of the time: the writer need not wait for that
    with transaction.atomic(using=using):
        endpoint = Endpoint.objects.using(using).select_for_update().filter(id=name, active=True).first()
        if endpoint is None or _waiting(endpoint, using) >= _WAITING:
            return 0
        log = Event.objects.using(using).filter(number__gte=endpoint.cursor).order_by("number")
        events = list(log.values_list("number", "content")[:_EVENTS])
        if not events:
            return 0
        messages = [message_of(number, content, now) for number, content in events]
        made = [
            Delivery(endpoint=endpoint, message=each[0], type=each[1], body=each[2], next_at=now, made_at=now)
            for each in messages
            if each is not None and (not endpoint.types or each[1] in endpoint.types)
        ]
        Delivery.objects.using(using).bulk_create(made)
        Endpoint.objects.using(using).filter(id=name).update(cursor=events[-1][0] + 1)
        return len(events)


def claim(name: str, now: datetime, *, using: str = "default") -> list[Delivery]:
    """Take what is due for an endpoint, the oldest first, so that nobody else tries it meanwhile."""
    due = Delivery.objects.using(using).filter(endpoint=name, endpoint__active=True, state=State.WAITING)
    due = due.filter(next_at__lte=now).order_by("next_at", "id")
    if not due.exists():
        return []  # most of the time: the writer need not wait for that
    with transaction.atomic(using=using):
        claimed = list(due.select_for_update(skip_locked=True, of=("self",))[:AT_ONCE])
        Delivery.objects.using(using).filter(id__in=[each.id for each in claimed]).update(next_at=now + LEASE)
        return claimed


def unclaim(deliveries: Sequence[Delivery], now: datetime, *, using: str = "default") -> None:
    """Give back what was claimed and not tried."""
    ids = [each.id for each in deliveries]
    Delivery.objects.using(using).filter(id__in=ids, state=State.WAITING).update(next_at=now)


def settle(
    name: str, answers: Sequence[tuple[Delivery, Answer]], now: datetime, jitter: Jitter, *, using: str = "default"
) -> None:
    """Note what came of attempts: delivered, due again later, or dead; and how the endpoint itself does."""
    with transaction.atomic(using=using):
        for delivery, answer in answers:
            delivery.attempts += 1
            delivery.status, delivery.error = answer.status, answer.error
            if answer.good:
                delivery.state, delivery.ended_at = State.DELIVERED, now
            elif delivery.attempts > len(SCHEDULE):
                delivery.state, delivery.ended_at = State.DEAD, now
            else:
                delivery.next_at = now + max(_pause(delivery.attempts, jitter), answer.wait or timedelta(0))
            ATTEMPTS.labels("delivered" if answer.good else "failed").inc()
            DEAD.inc(delivery.state == State.DEAD)
        fields = ["attempts", "status", "error", "state", "ended_at", "next_at"]
        Delivery.objects.using(using).bulk_update([delivery for delivery, _ in answers], fields)
        _judge(name, [answer for _, answer in answers], now, using)


def forget(now: datetime, *, using: str = "default") -> int:
    """Remove what was delivered long ago; dead letters stay."""
    old = Delivery.objects.using(using).filter(state=State.DELIVERED, ended_at__lt=now - _KEPT)
    return old.delete()[0]


def _waiting(endpoint: Endpoint, using: str) -> int:
    return Delivery.objects.using(using).filter(endpoint=endpoint, state=State.WAITING).count()


def _pause(attempts: int, jitter: Jitter) -> timedelta:
    """The wait after so many attempts; chance makes it longer, so that not all come back at one moment."""
    wait = SCHEDULE[attempts - 1]
    return wait + wait / _JITTER * jitter()


def _judge(name: str, answers: Sequence[Answer], now: datetime, using: str) -> None:
    """An endpoint that says it is gone, or has failed for days, is sent nothing more."""
    endpoint = Endpoint.objects.using(using).select_for_update().filter(id=name).first()
    if endpoint is None or not answers:
        return
    since = endpoint.failing_since
    for answer in answers:
        since = None if answer.good else since or now
    gone = any(answer.status == 410 for answer in answers)
    if endpoint.active and (gone or (since is not None and now - since >= _GIVE_UP)):
        endpoint.active, endpoint.why, endpoint.failing_since = False, "gone" if gone else "failing", since
        endpoint.save(using=using, update_fields=["active", "why", "failing_since"])
    elif since != endpoint.failing_since:
        Endpoint.objects.using(using).filter(id=name).update(failing_since=since)
