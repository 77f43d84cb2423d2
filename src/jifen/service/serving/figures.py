"""What can be seen of a shop from outside of its writer, by a few questions that cost next to nothing."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.db import connections
from django.db.models import Min

from jifen.core.days import shop_zone
from jifen.service import models
from jifen.service.closing import progress
from jifen.service.coverage import coverage_days
from jifen.service.lease import is_held

__all__ = ["Figures", "day_begins", "figures", "snapshot_age"]


@dataclass(frozen=True, slots=True)
class Figures:
    """How a shop does. Days are ordinals."""

    accepted: int
    """Events in the log."""
    refused: dict[str, int]
    """Events that were refused, by code."""
    batches: int
    waiting: int
    """Lines of the inbox that are not decided."""
    oldest: int | None
    """The first of them."""
    open_day: int
    open_since: datetime
    """When the open day began by the shop's clock."""
    due: int
    """Days that have ended and are not closed."""
    blocked: bool
    """Whether the close of the open day was refused."""
    writer: bool
    """Whether there is one."""
    coverage: int | None
    """Of what was owed at the last close what was backed, in parts per million; ``None`` where nothing was owed."""


def figures(now: datetime, *, using: str = "default") -> Figures:
    """Ask for all figures; ``InputError`` for a database without a shop."""
    closes = progress(now, using=using)
    last = models.Batch.objects.using(using).order_by("-number").values_list("number", "events").first()
    number, accepted = last or (-1, 0)
    waiting = models.Inbox.objects.using(using).filter(batch=None)
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT code, count(*) FROM inbox WHERE code <> '' GROUP BY code")
        refused = dict(cursor.fetchall())
    return Figures(
        accepted=accepted,
        refused=refused,
        batches=number + 1,
        waiting=waiting.count(),
        oldest=waiting.aggregate(first=Min("id"))["first"],
        open_day=closes.open_day,
        open_since=day_begins(closes.open_day, using=using),
        due=closes.due,
        blocked=bool(closes.blocked),
        writer=is_held(using),
        coverage=next((day.share for day in coverage_days(using, 1)), None),
    )


def day_begins(day: int, *, using: str = "default") -> datetime:
    """When a day begins by the shop's clock; the database has a shop."""
    zone = models.Shop.objects.using(using).values_list("zone", flat=True).get()
    return datetime.fromordinal(day).replace(tzinfo=shop_zone(zone))


def snapshot_age(folder: Path) -> timedelta | None:
    """How long ago the newest snapshot in a folder was kept; ``None`` where there is none."""
    kept = [path.stat().st_mtime for path in folder.glob("batch-*")]
    return timedelta(seconds=max(0.0, time.time() - max(kept))) if kept else None
