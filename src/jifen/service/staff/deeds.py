"""Deeds of the desk: points added or taken by hand, members moved, ranks set, money put in.

Up to a limit they are done at once; above it they wait for a second person. What was decided is asked of the writer
under a key that is the deed's own, so a deed that was cut off in between is taken up by ``mend`` and happens once.
"""

import json
from dataclasses import fields
from datetime import timedelta
from typing import Literal

import numpy as np
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from jifen.batch.event_text import event_of
from jifen.core.errors import InputError, Problem
from jifen.core.micros import MICRO
from jifen.engine.events import (
    EVENT_TYPES,
    AgentSet,
    Event,
    LiabilityBooked,
    MemberMoved,
    PoolDonated,
    RankSet,
    ReserveToppedUp,
    StoreAdjusted,
)
from jifen.ledger.journal import NONE
from jifen.service.acting import actor
from jifen.service.content import content_of
from jifen.service.inbox import submit
from jifen.service.locks import alone
from jifen.service.members.personal import ERASERS
from jifen.service.reads import LotReader
from jifen.service.rights import Principal, Right
from jifen.service.staff.hands import hand_of, is_same_hand
from jifen.service.staff.models import Deed, DeskLimits

__all__ = [
    "DEEDS", "STATES", "State", "ask", "decide", "event_of_deed", "limits", "mend", "right_for", "set_limits",
    "weight_of",
]  # fmt: skip

DEEDS: dict[str, Right] = {
    StoreAdjusted.name: Right.DESK_WRITE, MemberMoved.name: Right.DESK_WRITE, RankSet.name: Right.DESK_WRITE,
    AgentSet.name: Right.DESK_WRITE, LiabilityBooked.name: Right.DESK_WRITE, PoolDonated.name: Right.RESERVE_WRITE,
    ReserveToppedUp.name: Right.RESERVE_WRITE,
}  # fmt: skip
"""The events that the desk may ask for, and the right that each needs."""
State = Literal["waiting", "decided", "done", "refused", "rejected", "expired"]
STATES: tuple[State, ...] = ("waiting", "decided", "done", "refused", "rejected", "expired")
"""A deed waits for a second person, is decided, done or refused by the writer; or was rejected, or waited too long."""
_EXPIRES, _DAY = timedelta(days=7), timedelta(days=1)
_SUMMED = {
    "points": (StoreAdjusted.name, LiabilityBooked.name), "reserve": (PoolDonated.name, ReserveToppedUp.name),
}  # fmt: skip
"""By limit the deeds of which many small ones count like a large one."""
_DEFAULTS = {"points": 1000 * MICRO, "reserve": 100_000 * MICRO, "moved": 1}
_ALWAYS = 1 << 62
"""The weight of what cannot be weighed: a second person looks at it."""


def limits(using: str = "default") -> DeskLimits:
    """The limits of the desk."""
    return DeskLimits.objects.using(using).filter(id=1).first() or DeskLimits(id=1, **_DEFAULTS)


def set_limits(points: int, reserve: int, moved: int, *, using: str = "default") -> DeskLimits:
    """Set the limits, in micro-units and people."""
    found = limits(using)
    found.points, found.reserve, found.moved = points, reserve, moved
    found.save(using=using)
    return found


def right_for(kind: str) -> Right:
    """The right that a deed of a kind needs; ``InputError`` (``bad_deed``) for what is none."""
    if kind not in DEEDS:
        raise InputError(
            Problem("bad_deed", "the desk does no such thing", f"one of {', '.join(DEEDS)}", column="kind")
        )
    return DEEDS[kind]


def event_of_deed(name: str, kind: str, facts: dict[str, object]) -> Event:
    """The event of a deed; ``InputError`` (``bad_deed``) for facts that it has not, or that are missing."""
    right_for(kind)
    known = {field.name for field in fields(EVENT_TYPES[kind])} - {"id", "day", "at"}
    wrong = InputError(Problem("bad_deed", f"these are not the facts of {kind}", f"it has {', '.join(sorted(known))}"))
    if facts.keys() - known:
        raise wrong
    try:
        return event_of({"event": kind, "id": f"deed:{name}", "day": 0, **facts})
    except (TypeError, ValueError, KeyError) as error:
        raise wrong from error


def weight_of(event: Event, lots: LotReader) -> tuple[int, str]:
    """What is compared with a limit, and the name of the limit."""
    match event:
        case StoreAdjusted():
            return max(abs(event.amount), abs(event.base or 0), abs(event.value or 0)), "points"
        case LiabilityBooked():
            return event.amount, "points"
        case PoolDonated() | ReserveToppedUp():
            return event.amount, "reserve"
        case MemberMoved():
            return _people(event.member, lots), "moved"
        case _:
            return 0, "points"


def ask(event: Event, reason: str, lots: LotReader, *, using: str = "default", wait: float = 0.0) -> Deed:
    """Ask for a deed: it is done at once, or waits for a second person. To ask again is to ask once.

    The limits of points and of money are those of one person in 24 hours: what was done alone counts, however small.

    ``InputError`` (``conflict``) if something else was asked for under this id.
    """
    name, content = event.id.removeprefix("deed:"), content_of(event)
    weight, limit = weight_of(event, lots)
    with alone("deeds", using):
        most = getattr(limits(using), limit)
        state: State = "waiting" if weight + _done_alone(limit, using) > most else "decided"
        deed, made = Deed.objects.using(using).select_for_update().get_or_create(
            id=name,
            defaults={
                "event": content, "kind": event.name, "weight": weight, "reason": reason, "state": state,
                "asked_by": actor(), "decided_by": actor() if state == "decided" else "",
                "decided_at": timezone.now() if state == "decided" else None,
            },
        )  # fmt: skip
    if not made and deed.event != content:
        raise InputError(Problem("conflict", "another deed has this id", "choose another id", column="id"))
    return _carried_out(deed, using, wait)


def _done_alone(limit: str, using: str) -> int:
    """What the one who acts has done without a second person in the last day, of what is compared with a limit."""
    if limit not in _SUMMED:
        return 0
    rows = Deed.objects.using(using).filter(
        kind__in=_SUMMED[limit], state__in=("decided", "done"), asked_at__gt=timezone.now() - _DAY
    )
    mine = hand_of(actor(), using)
    alone_done = [row for row in rows if row.asked_by == row.decided_by and hand_of(row.asked_by, using) == mine]
    return sum(row.weight for row in alone_done)


def decide(name: str, by: Principal, *, agree: bool, using: str = "default", wait: float = 0.0) -> Deed:
    """Agree to a deed that waits, or reject it. Of two who do so at once, the first one counts.

    ``InputError``: ``unknown_deed``; ``same_person`` for the one who asked; ``decided_already``.
    """
    with transaction.atomic(using=using):
        deed = Deed.objects.using(using).select_for_update().filter(id=name).first()
        if deed is None:
            raise InputError(Problem("unknown_deed", "there is no such deed", "look for another id"))
        if is_same_hand(deed.asked_by, str(by), using):
            raise InputError(Problem("same_person", "who asked cannot agree as well", "ask somebody else"))
        if deed.state != "waiting":
            raise InputError(Problem("decided_already", f"this deed is {deed.state}", "ask for another"))
        late = timezone.now() - deed.asked_at > _EXPIRES
        deed.state = "expired" if late else "decided" if agree else "rejected"
        deed.decided_by, deed.decided_at = str(by), timezone.now()
        deed.save(using=using)
    return _carried_out(deed, using, wait)


def mend(using: str = "default") -> int:
    """Take up deeds that were decided and then cut off; returns how many."""
    found = list(Deed.objects.using(using).filter(state="decided"))
    for deed in found:
        _carried_out(deed, using, 0.0)
    return len(found)


def _carried_out(deed: Deed, using: str, wait: float) -> Deed:
    """Let the event of a decided deed enter, and note what became of it."""
    if deed.state != "decided":
        return deed
    event = event_of({**json.loads(deed.event), "day": 0})
    (result,) = submit([event], using=using, wait=wait)
    if result.state != "pending":
        deed.state = "done" if result.state == "accepted" else "refused"
        deed.code, deed.number = result.code, result.number
        deed.save(using=using)
    return deed


def _forget(member: str, using: str) -> None:
    """Forget why deeds were done that name a member: people write there what they know of a person."""
    named = Q(event__contains=f'"{member}"')
    Deed.objects.using(using).filter(named).exclude(state="waiting").update(reason="")
    Deed.history.using(using).filter(named).update(reason="")


def _people(member: str, lots: LotReader) -> int:
    """A member with all below, as of the last snapshot."""
    world = lots.world()
    number = NONE if world is None else world.member_ids.get(member)
    if world is None or number == NONE:
        return _ALWAYS
    parent = world.members.parent[: world.members.size]
    below = np.zeros(len(parent), dtype=bool)
    below[number] = True
    while True:
        more = below | ((parent >= 0) & below[parent])
        if (more == below).all():
            return int(below.sum())
        below = more


ERASERS.append(_forget)
