"""Plan versions of a shop: which one counts, which came before, and which is to begin on a day to come.

A dated version is the first event of its day. Its event enters the inbox right behind the close of the day before, in
the same transaction; the writer makes each close a batch of its own, so nothing comes between.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Literal

from django.db import connections, transaction

from jifen.core.errors import InputError, Problem
from jifen.engine.events import PlanActivated
from jifen.plan.model import Plan
from jifen.plan.text import parse_plan
from jifen.service import models
from jifen.service.content import closing_id, dated_id
from jifen.service.programs.freezing import lift
from jifen.service.programs.gate import check_gate
from jifen.service.shop import check_funding, keep_version, open_day, shop_of

__all__ = [
    "Version",
    "cancel",
    "dated_event",
    "schedule",
    "scheduling",
    "versions",
]

_log = logging.getLogger(__name__)
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('jifen versions'))"


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the plan, and the day from which it counts (an ordinal)."""

    digest: str
    day: int
    state: Literal["active", "superseded", "scheduled", "missed"]
    """``missed``: its day began without it, because its event was refused, say."""


def versions(using: str = "default") -> list[Version]:
    """All versions in the order in which they count: the one the shop opened with, then each activation by the log."""
    shop, today = shop_of(using), open_day(using)
    activated = models.PlanChange.objects.using(using).filter(plan__isnull=False).order_by("event")
    begun = [(shop.plan_id, shop.first_day), *activated.values_list("plan_id", "day")]
    # To go on after a pause is no other version.
    past = [each for before, each in pairwise([("", 0), *begun]) if before[0] != each[0]]
    found = [Version(digest, day, "superseded") for digest, day in past[:-1]]
    found.append(Version(past[-1][0], past[-1][1], "active"))
    dated = models.Scheduled.objects.using(using).order_by("day").values_list("plan_id", "day")
    for digest, day in dated:
        if (digest, day) not in begun:
            found.append(Version(digest, day, "scheduled" if day >= today else "missed"))
    return found


def schedule(plan: Plan, day: int, *, using: str = "default") -> None:
    """Let a version count from a later day on, as its first event.

    To ask again is to ask once. ``InputError`` for a day that has begun or whose eve is about to be closed
    (``day_begun``), one that has another version (``day_taken``), or a plan that a live shop may not have.
    """
    check_funding(plan, live=shop_of(using).live)
    check_gate(plan, using=using)
    with scheduling(using):
        _check_day(day, using)
        keep_version(plan, using=using)
        row, _ = models.Scheduled.objects.using(using).get_or_create(day=day, defaults={"plan_id": plan.digest})
        if row.plan_id != plan.digest:
            message = f"another version is to begin on {_iso(day)}"
            raise InputError(Problem("day_taken", message, f"cancel it first: jifen shop schedule cancel {_iso(day)}"))


def cancel(day: int, *, using: str = "default") -> str:
    """Let the version that was to begin on a day not begin, and return its digest; ``InputError`` if it is too late."""
    with scheduling(using):
        row = models.Scheduled.objects.using(using).filter(day=day).first()
        if row is None:
            problem = Problem("not_scheduled", f"no version is to begin on {_iso(day)}", "see jifen shop schedule list")
            raise InputError(problem)
        _check_day(day, using)
        row.delete(using=using)
        return row.plan_id


@contextmanager
def scheduling(using: str) -> Iterator[None]:
    """One transaction in which the calendar stands still: either a close is asked for, or a version is dated."""
    with transaction.atomic(using=using):
        if connections[using].vendor == "postgresql":  # a transaction of SQLite is alone anyway
            with connections[using].cursor() as cursor:
                cursor.execute(_LOCK)
        yield


def dated_event(day: int, using: str) -> PlanActivated | None:
    """The event with which a day begins, if a version is dated to it that may count still.

    One that may not, since a waiver has ended or the shop is frozen, does not begin: the one before goes on.
    """
    row = models.Scheduled.objects.using(using).filter(day=day).select_related("plan").first()
    if row is None:
        return None
    plan = parse_plan(row.plan.content, using)
    try:
        check_gate(plan, using=using)
    except InputError:
        _log.exception("a dated version may not begin", extra={"code": "not_begun"})
        return None
    lift(using=using)
    return PlanActivated(id=dated_id(row.plan_id, day), day=day, plan=plan)


def _check_day(day: int, using: str) -> None:
    """A day is still to come if it has not begun and nobody has asked for the close of the day before."""
    asked = models.Inbox.objects.using(using).filter(key=closing_id(day - 1), code="")
    if day <= open_day(using) or asked.exists():
        message = f"{_iso(day)} has begun, or is closed"
        raise InputError(Problem("day_begun", message, "name a later day, or activate the version now"))


def _iso(day: int) -> str:
    return date.fromordinal(day).isoformat()
