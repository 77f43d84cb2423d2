"""What an operator does with the plan of an open shop: activate, pause, resume, end, wind up.

Each is an event through the inbox. Its key counts the changes that the log has, so whoever repeats a command before it
has taken effect asks once; afterwards the shop stands as he wants it, and nothing is asked.
"""

from dataclasses import dataclass, replace

from django.db import transaction

from jifen.core.errors import InputError, Problem
from jifen.engine.events import Event, PlanActivated, PlanEnded, PlanPaused, PlanWoundUp
from jifen.plan.model import Plan
from jifen.plan.text import parse_plan
from jifen.service import models
from jifen.service.inbox import Result, submit
from jifen.service.programs.freezing import lift
from jifen.service.programs.gate import check_gate, freeze_of
from jifen.service.shop import check_funding, open_day, shop_of
from jifen.service.standing import Stage, Standing, standing

__all__ = ["Deed", "activate", "ask", "end", "pause", "resume", "unfreeze", "wind_up"]

_ENDED = ("ended", "wound_up")


@dataclass(frozen=True, slots=True)
class Deed:
    """What became of something that was asked for."""

    result: Result
    repeated: bool = False
    """It had been asked for before, or was so already: nothing new was put into the inbox."""


def activate(plan: Plan, *, using: str = "default", wait: float = 0.0) -> Deed:
    """Let a version count from now on: for later events, and for the run of the open day.

    A shop whose plan was paused, has ended or was wound up goes on with it; one that was frozen is so no longer.
    ``InputError`` if a live shop may not have this plan: see ``programs.gate``.
    """
    check_funding(plan, live=shop_of(using).live)
    with transaction.atomic(using=using):
        check_gate(plan, using=using)
        held = freeze_of(using)
        if held is not None and held.frozen != plan.digest:
            lift(using=using)
        stands = standing(using)
        if stands.stage == "active" and stands.digest == plan.digest:
            return _already(using, PlanActivated.name)
        key = f"activate:{plan.digest}:{stands.changes}"
        event = PlanActivated(id=key, day=open_day(using), plan=plan)
        deed = ask(event, using, 0.0)
    return replace(deed, result=submit([event], using=using, wait=wait)[0]) if wait else deed


def unfreeze(*, using: str = "default", wait: float = 0.0) -> Deed:
    """Go on with the version that was frozen, whole again.

    ``InputError``: ``not_frozen``, and ``shop_frozen`` while what the last close showed would freeze it again.
    """
    held = freeze_of(using)
    if held is None:
        raise InputError(Problem("not_frozen", "the shop is not frozen", "there is nothing to lift"))
    content = models.PlanVersion.objects.using(using).values_list("content", flat=True).get(digest=held.plan)
    return activate(parse_plan(content, using), using=using, wait=wait)


def resume(*, using: str = "default", wait: float = 0.0) -> Deed:
    """Go on after a pause with the version that counted; ``InputError`` (``plan_ended``) if the plan has ended."""
    stands = standing(using)
    if stands.stage == "active":
        return _already(using, PlanActivated.name)
    if stands.stage in _ENDED:
        raise InputError(Problem("plan_ended", "the plan has ended", "activate a version: jifen shop activate"))
    content = models.PlanVersion.objects.using(using).values_list("content", flat=True).get(digest=stands.digest)
    return activate(parse_plan(content, using), using=using, wait=wait)


def pause(*, using: str = "default", wait: float = 0.0) -> Deed:
    """Let no rule fire for new orders until the plan is resumed; what is open goes on."""
    stands = standing(using)
    if stands.stage in _ENDED:
        raise InputError(Problem("plan_ended", "the plan has ended", "there is nothing to pause"))
    return _change(PlanPaused, "paused", stands, using, wait)


def end(*, using: str = "default", wait: float = 0.0) -> Deed:
    """Let no rule fire for new orders; open lots run off. ``InputError`` while a version is dated to a later day."""
    stands = standing(using)
    if stands.stage == "wound_up":
        return _already(using, PlanWoundUp.name)
    _check_calendar(using)
    return _change(PlanEnded, "ended", stands, using, wait)


def wind_up(*, using: str = "default", wait: float = 0.0) -> Deed:
    """Pay out what is there to those to whom it is owed, and write off the rest: the end of the plan."""
    stands = standing(using)
    _check_calendar(using)
    return _change(PlanWoundUp, "wound_up", stands, using, wait)


def _change(kind: type[Event], stage: Stage, stands: Standing, using: str, wait: float) -> Deed:
    """Ask for an event without facts, unless the shop stands so already."""
    if stands.stage == stage:
        return _already(using, kind.name)
    return ask(kind(id=f"{kind.name}:{stands.changes}", day=open_day(using)), using, wait)


def ask(event: Event, using: str, wait: float) -> Deed:
    """Put one event into the inbox, and say whether it was there before."""
    asked = models.Inbox.objects.using(using).filter(key=event.id, code="").exists()
    (result,) = submit([event], using=using, wait=wait)
    return Deed(result, repeated=asked and result.code != "conflict")


def _already(using: str, kind: str) -> Deed:
    """The deed by which the shop stands as it does; the one that opened it has no number."""
    row = models.PlanChange.objects.using(using).filter(kind=kind).order_by("-event").first()
    number = row.event if row else None
    return Deed(Result("", "accepted", number), repeated=True)


def _check_calendar(using: str) -> None:
    """What ends is not to begin again by itself."""
    today = open_day(using)
    if models.Scheduled.objects.using(using).filter(day__gt=today).exists():
        message = "a version is to begin on a later day, and would start the plan again"
        raise InputError(Problem("version_scheduled", message, "cancel it first: jifen shop schedule list"))
