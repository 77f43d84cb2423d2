"""When days are closed: the scheduler's part, which any process may play, and as often as it likes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connections

from jifen.core.days import shop_zone
from jifen.engine.events import DayClosed, Event
from jifen.service import models
from jifen.service.content import closing_id
from jifen.service.inbox import Result, submit
from jifen.service.shop import open_day, shop_of
from jifen.service.versions import dated_event, scheduling

__all__ = ["AT_ONCE", "Progress", "ask_closes", "days_due", "progress"]

AT_ONCE = timedelta(0)
"""No grace: a day is closed as soon as it has ended."""

_REFUSED = "SELECT message FROM inbox WHERE key = %s AND code = 'breaks_books' ORDER BY id DESC LIMIT 1"
_ASKED = "SELECT 1 FROM inbox WHERE key = %s AND code = ''"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a shop's closes stand. Days are ordinals."""

    open_day: int
    due: int
    """Days that have ended and are not closed."""
    doing: str
    """What the writer is at, if it is closing a day."""
    blocked: str = ""
    """Why the close of the open day was refused, if it would break the books."""


def ask_closes(
    now: datetime, *, using: str = "default", wait: float = 0.0, grace: timedelta = AT_ONCE, again: bool = False
) -> list[Result]:
    """Ask for the close of every day that has ended, in order, and return what became of each after ``wait`` seconds.

    To ask again is to ask once: a day's close has one id. What is in the inbox before it belongs to that day still, and
    what comes later to the next one that is open. A plan version that is dated to the next day stands right behind, as
    the first event of that day. ``grace`` is how long after its end a day waits.

    A close that was refused because it would break the books is not asked for by itself, and later days wait: its
    refusal is returned, until somebody who has mended the cause asks ``again``.
    """
    with scheduling(using):
        days = days_due(now, using=using, grace=grace)
        reason = "" if again or not days else _blocked(days.start, using)
        if reason:
            return [Result(closing_id(days.start), "refused", None, "breaks_books", reason)]
        asked = [event for day in days for event in _ending(day, using)]
        results = submit(asked, using=using)
    if wait:
        results = submit(asked, using=using, wait=wait)
    return [result for event, result in zip(asked, results, strict=True) if isinstance(event, DayClosed)]


def _ending(day: int, using: str) -> Iterator[Event]:
    """The events with which a day ends and the next one begins."""
    yield DayClosed(id=closing_id(day), day=day)
    begins = dated_event(day + 1, using)
    if begins is not None:
        yield begins


def days_due(now: datetime, *, using: str = "default", grace: timedelta = AT_ONCE) -> range:
    """The days that have ended by the shop's clock, ``grace`` ago or longer, and are not closed.

    A day of 23 or 25 hours ends where the next local date begins. ``ValueError`` for a time without a zone.
    """
    if now.tzinfo is None:
        raise ValueError("a time without a zone may be any")
    zone = shop_zone(shop_of(using).zone)
    # Of a time in a zone Python would take hours of the clock away, not hours that have passed.
    reached = (now.astimezone(UTC) - grace).astimezone(zone)
    return range(open_day(using), reached.toordinal())


def progress(now: datetime, *, using: str = "default", grace: timedelta = AT_ONCE) -> Progress:
    """Say how far the closes are."""
    days = days_due(now, using=using, grace=grace)
    doing = models.Lease.objects.using(using).values_list("doing", flat=True).first()
    doing = doing if doing and days else ""  # the writer says so for a moment longer than it lasts
    return Progress(days.start, len(days), doing, _blocked(days.start, using))


def _blocked(day: int, using: str) -> str:
    """Why the close of a day was refused, if it would break the books and nobody has asked for it again since."""
    with connections[using].cursor() as cursor:
        cursor.execute(_REFUSED, [closing_id(day)])
        refused = cursor.fetchone()
        cursor.execute(_ASKED, [closing_id(day)])
        return refused[0] if refused and not cursor.fetchone() else ""
