"""When days are closed: the scheduler's part, which any process may play, and as often as it likes."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connections
from django.db.models import Max

from jifen.core.days import shop_zone
from jifen.core.errors import InputError, Problem
from jifen.engine.events import DayClosed
from jifen.service import models
from jifen.service.content import closing_id
from jifen.service.inbox import Result, submit

__all__ = ["Progress", "ask_closes", "days_due", "progress"]

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


def ask_closes(now: datetime, *, using: str = "default", wait: float = 0.0, again: bool = False) -> list[Result]:
    """Ask for the close of every day that has ended, in order, and return what became of each after ``wait`` seconds.

    To ask again is to ask once: a day's close has one id. What is in the inbox before it belongs to that day still, and
    what comes later to the next one that is open. A close that was refused because it would break the books is not
    asked for by itself, and later days wait: its refusal is returned, until somebody who has mended the cause asks
    ``again``.
    """
    days = days_due(now, using=using)
    reason = "" if again or not days else _blocked(days.start, using)
    if reason:
        return [Result(closing_id(days.start), "refused", None, "breaks_books", reason)]
    return submit((DayClosed(id=closing_id(day), day=day) for day in days), using=using, wait=wait)


def days_due(now: datetime, *, using: str = "default") -> range:
    """The days that have ended by the shop's clock and are not closed; ``ValueError`` for a time without a zone."""
    if now.tzinfo is None:
        raise ValueError("a time without a zone may be any")
    shop = models.Shop.objects.using(using).first()
    if shop is None:
        raise InputError(Problem("no_shop", "this database has no shop", "create one"))
    last = models.Run.objects.using(using).aggregate(last=Max("day"))["last"]
    return range(shop.first_day if last is None else last + 1, now.astimezone(shop_zone(shop.zone)).toordinal())


def progress(now: datetime, *, using: str = "default") -> Progress:
    """Say how far the closes are."""
    days = days_due(now, using=using)
    doing = models.Lease.objects.using(using).values_list("doing", flat=True).first()
    return Progress(days.start, len(days), doing or "", _blocked(days.start, using))


def _blocked(day: int, using: str) -> str:
    """Why the close of a day was refused, if it would break the books and nobody has asked for it again since."""
    with connections[using].cursor() as cursor:
        cursor.execute(_REFUSED, [closing_id(day)])
        refused = cursor.fetchone()
        cursor.execute(_ASKED, [closing_id(day)])
        return refused[0] if refused and not cursor.fetchone() else ""
