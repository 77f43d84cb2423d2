"""Waivers: named counsel answers for a finding that blocks one version, and two people of the shop stand for it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from jifen.assess.compliance import Finding, Findings
from jifen.core.errors import InputError, Problem
from jifen.service.acting import actor
from jifen.service.programs.models import Waiver

__all__ = ["MONTHS", "Grounds", "ask_waiver", "grant_waiver", "revoke_waiver", "standing_blocks", "waivers_of"]

MONTHS = 12
"""After so many a waiver ends."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """Why a finding is waived: the reason, who counsel is, and where the opinion is kept."""

    reason: str
    counsel: str
    document: str


def ask_waiver(found: Findings, finding: str, grounds: Grounds, *, using: str = "default") -> Waiver:
    """Ask that a finding of one version be waived, as the first of two.

    ``InputError``: ``not_blocking`` (it does not block this version), ``never_waivable``, ``bad_waiver``. To ask
    again while it waits is to ask once.
    """
    each = next((each for each in found.blocks if each.id == finding), None)
    if each is None:
        raise InputError(Problem("not_blocking", f"{finding} does not block this version", "waive what blocks it"))
    if not each.waivable:
        remedy = "change the plan: jifen downgrade"
        raise InputError(Problem("never_waivable", f"{finding} is never waived", remedy))
    if not all(text.strip() for text in (grounds.reason, grounds.counsel, grounds.document)):
        message = "a waiver names its reason, counsel, and the document with counsel's opinion"
        raise InputError(Problem("bad_waiver", message, "give all three"))
    waiting = Waiver.objects.using(using).filter(plan=found.digest, finding=finding, granted_at=None, ends_at=None)
    if (before := waiting.filter(asked_by=actor()).first()) is not None:
        return before
    made = Waiver(
        plan=found.digest, finding=finding, reason=grounds.reason, counsel=grounds.counsel, document=grounds.document,
        asked_by=actor(), asked_at=datetime.now(UTC),
    )  # fmt: skip
    made.save(using=using)
    return made


def grant_waiver(number: int, *, using: str = "default", now: datetime | None = None) -> Waiver:
    """Grant a waiver as the second of two; it holds for twelve months.

    ``InputError``: ``unknown_waiver``, ``waiver_over``, and ``second_person`` for whoever asked for it.
    """
    with transaction.atomic(using=using):
        waiver = _waiver(number, using)
        if waiver.granted_at is not None:
            return waiver
        if waiver.ends_at is not None:
            raise InputError(Problem("waiver_over", "this waiver was taken back", "ask for a new one"))
        if waiver.asked_by == actor():
            message = "a waiver takes two people, and you have asked for it"
            raise InputError(Problem("second_person", message, "let another owner grant it"))
        waiver.granted_by, waiver.granted_at = actor(), now or datetime.now(UTC)
        waiver.ends_at = _a_year_after(waiver.granted_at)
        waiver.save(using=using)
        return waiver


def revoke_waiver(number: int, *, using: str = "default") -> Waiver:
    """Take a waiver back, granted or not, from now on; one person suffices for that."""
    with transaction.atomic(using=using):
        waiver, now = _waiver(number, using), datetime.now(UTC)
        if waiver.ends_at is None or waiver.ends_at > now:
            waiver.ends_at = now
            waiver.save(using=using)
        return waiver


def waivers_of(plan: str, *, using: str = "default", now: datetime | None = None) -> list[Waiver]:
    """The waivers of a version that hold now: granted by a second person, and not over."""
    held = Waiver.objects.using(using).filter(plan=plan, granted_at__isnull=False, ends_at__gt=now or datetime.now(UTC))
    return list(held.order_by("id"))


def standing_blocks(found: Findings, waivers: Collection[Waiver]) -> list[Finding]:
    """What blocks a version and is not waived; what may never be waived stands, whatever somebody has written."""
    waived = {each.finding for each in waivers if each.plan == found.digest}
    return [each for each in found.blocks if not (each.waivable and each.id in waived)]


def _waiver(number: int, using: str) -> Waiver:
    found: Any = Waiver.objects.using(using).select_for_update().filter(id=number).first()
    if found is None:
        raise InputError(Problem("unknown_waiver", "there is no such waiver", "see the waivers of the version"))
    return found  # type: ignore[no-any-return]


def _a_year_after(moment: datetime) -> datetime:
    """The same date twelve months later; of 29 February the day before.

    >>> _a_year_after(datetime(2028, 2, 29, 9, tzinfo=UTC)).date().isoformat()
    '2029-02-28'
    """
    years = MONTHS // 12
    if (moment.month, moment.day) == (2, 29):
        moment = moment.replace(day=28)
    return moment.replace(year=moment.year + years)
