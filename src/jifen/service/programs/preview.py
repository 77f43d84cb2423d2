"""A preview of a change: the last days once more, with another version, and who would have got what.

The log is applied to a new world up to the first of these days, and from there on twice: as it was, and with the other
version from the first event on. Both worlds have the same orders, refunds and withdrawals; what the other version
refuses of them is counted. Nothing of it is written to the books.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.db.models import Max

from jifen.batch.event_text import parse_event
from jifen.batch.holdings import holdings
from jifen.core.errors import InputError, Problem
from jifen.core.micros import format_micros
from jifen.engine import World, apply
from jifen.engine.events import DayClosed, Event, PlanActivated, PlanEnded, PlanPaused, PlanWoundUp
from jifen.engine.snapshot import load_world, save_world
from jifen.plan.model import Plan
from jifen.service import models
from jifen.service.programs.studies import Progress, alone, content_of, digest_of, keep
from jifen.service.recovery import started
from jifen.service.shop import open_day

__all__ = ["DAYS", "EVENTS_MAX", "MEMBERS_MAX", "preview"]

DAYS = 30
"""So many closed days are replayed, and the day that is open."""
EVENTS_MAX = 200_000
"""Events that are replayed for somebody who waits at the API, at most."""
MEMBERS_MAX = 1000
"""Members who are named: those for whom it makes the greatest difference."""

_OF_PLAN = (PlanActivated, PlanPaused, PlanEnded, PlanWoundUp)
_AT_ONCE = 1 << 16
_Held = dict[str, dict[str, int]]
"""By member, what he has of each thing."""


@dataclass(frozen=True, slots=True)
class _Window:
    """What is replayed: the first day, the number of its first event, and how many events there are in all."""

    day: int
    first: int
    events: int


def preview(
    plan: Plan, progress: Progress | None = None, *, most: int | None = EVENTS_MAX, using: str = "default"
) -> dict[str, Any]:
    """Who would have got what in the last 30 days with another version; kept, so that to ask again is to read.

    ``most``: how many events may be replayed, ``None`` for any number (``InputError`` ``too_many_events``); ``busy``.
    """
    window = _window(using)
    if most is not None and window.events > most:
        message = f"{window.events} events would have to be replayed, and {most} may be"
        raise InputError(Problem("too_many_events", message, "ask at the console: jifen program preview"))
    question = digest_of(["preview", plan.digest, window.day, window.events])
    with alone():
        found = _replayed(plan, window, progress, using)
    return content_of(keep("preview", plan.digest, found, question, using=using), using)


def _window(using: str) -> _Window:
    """The last days; all of them in a shop that is younger."""
    day = max(open_day(using) - DAYS, started(using).open_day)
    first = models.Run.objects.using(using).filter(day=day - 1).values_list("batch__events", flat=True).first()
    last = models.Batch.objects.using(using).aggregate(last=Max("events"))["last"]
    return _Window(day, first or 0, last or 0)


def _replayed(plan: Plan, window: _Window, progress: Progress | None, using: str) -> dict[str, Any]:
    def tell(done: int) -> None:
        if progress is not None:
            progress(done, 2 * window.events - window.first)

    actual = started(using)
    for done, events in _days(using, 0, window.first):
        apply(actual, events)
        tell(done)
    other = _copy(actual)
    refused = len(apply(other, [PlanActivated(id="preview", day=other.open_day, plan=plan)]).refusals)
    for done, events in _days(using, window.first, window.events):
        apply(actual, events)
        # The versions that counted in these days are what the other one stands in for.
        journal = apply(other, [event for event in events if not isinstance(event, _OF_PLAN)])
        refused += len(journal.refusals)
        tell(2 * done - window.first)
    return _document(plan, window, (_held(actual), _held(other)), refused)


def _days(using: str, first: int, last: int) -> Iterator[tuple[int, list[Event]]]:
    """The log in parts that end with a close, or are long enough; each with the number of its end."""
    rows = models.Event.objects.using(using).filter(number__gte=first, number__lt=last).order_by("number")
    events: list[Event] = []
    for number, text in enumerate(rows.values_list("content", flat=True).iterator(), first + 1):
        event = parse_event(text)
        events.append(event)
        if isinstance(event, DayClosed) or len(events) == _AT_ONCE or number == last:
            yield number, events
            events = []


def _copy(world: World) -> World:
    """A second world that is equal and goes its own way."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "world"
        save_world(world, path)
        return load_world(path)


def _held(world: World) -> _Held:
    """What each member has, things of which there is nothing left out."""
    names = list(world.member_names)
    found: _Held = {name: {} for name in names}
    for held in holdings(world):
        for member, amount in enumerate(held.amounts.tolist()):
            if amount:
                found[names[member]][held.name] = int(amount)
    return found


def _document(plan: Plan, window: _Window, worlds: tuple[_Held, _Held], refused: int) -> dict[str, Any]:
    """Members for whom it makes a difference, the greatest one first, and what all have."""
    actual, other = worlds
    things = sorted({thing for held in worlds for each in held.values() for thing in each})
    changed = [
        (sum(abs(rows[thing][1] - rows[thing][0]) for thing in rows), member, rows)
        for member in actual
        if (rows := _changed(actual[member], other.get(member, {}), things))
    ]
    changed.sort(key=lambda each: (-each[0], each[1]))
    sums = {thing: tuple(sum(each.get(thing, 0) for each in held.values()) for held in worlds) for thing in things}
    return {
        "digest": plan.digest, "first_day": window.day, "events": window.events - window.first, "refused": refused,
        "members": len(actual), "changed": len(changed),
        "totals": {thing: _written(*pair) for thing, pair in sums.items()},
        "differences": [
            {"member": member, "holds": {thing: _written(*pair) for thing, pair in rows.items()}}
            for _, member, rows in changed[:MEMBERS_MAX]
        ],
    }  # fmt: skip


def _changed(before: dict[str, int], after: dict[str, int], things: list[str]) -> dict[str, tuple[int, int]]:
    pairs = {thing: (before.get(thing, 0), after.get(thing, 0)) for thing in things}
    return {thing: pair for thing, pair in pairs.items() if pair[0] != pair[1]}


def _written(before: int, after: int) -> dict[str, str]:
    return {name: format_micros(each) for name, each in
            (("actual", before), ("other", after), ("difference", after - before))}  # fmt: skip
