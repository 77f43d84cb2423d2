"""The inbox: where all events of a shop enter, each under its key, and where what became of them is found."""

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Literal

from django.db import OperationalError, connections, transaction
from django.utils import timezone

from jifen.core.errors import InputError, Problem
from jifen.engine.events import Event
from jifen.service import models
from jifen.service.acting import actor
from jifen.service.content import content_of

__all__ = ["MOST", "Result", "busy_is_told", "outcome", "sender", "submit"]

MOST = 100_000
"""Events that are submitted at once, at most."""
_AT_ONCE = 500
"""Keys that one question names."""
_SOONEST, _LATEST = 0.001, 0.01
"""Seconds between two looks at what one waits for."""
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('jifen inbox'))"

_State = Literal["pending", "accepted", "refused"]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an event. ``number`` is its place in the log if it was accepted, ``code`` says why it was not."""

    key: str
    state: _State
    number: int | None = None
    code: str = ""
    message: str = ""


def submit(events: Iterable[Event], *, using: str = "default", wait: float = 0.0) -> list[Result]:
    """Put events into the inbox, in order and all at once, and return what became of each after ``wait`` seconds.

    An event's key is its id, and the day that it names does not count. What was accepted, or waits, is not asked for
    again: who repeats a request gets the first one's result, or ``conflict`` where the facts are others. A refused
    event may be sent again. ``ValueError`` for more than ``MOST``; ``InputError`` (``busy``) if the database could not
    be written to for a while: nothing was asked for then, and the same request may be sent again.
    """
    asked = [(event.id, content_of(event)) for event in islice(events, MOST + 1)]
    if len(asked) > MOST:
        raise ValueError(f"at most {MOST} events at once")
    if not asked:
        return []
    with busy_is_told(), transaction.atomic(using=using):
        if _insert(using, asked) == len(asked) and not wait:
            return [Result(key, "pending") for key, _ in asked]
        found = _found(using, "code = '' AND key", [key for key, _ in asked])
    lines = [line for line, _, _ in found.values()]
    until = time.monotonic() + wait
    pause = _SOONEST
    while wait and _waits(using, lines) and time.monotonic() < until:
        time.sleep(pause)
        pause = min(pause * 1.5, _LATEST)
    if wait:
        found = _found(using, "id", lines)
    conflict = "another event has this id"
    return [
        found[key][2] if found[key][1] == content else Result(key, "refused", None, "conflict", conflict)
        for key, content in asked
    ]


def outcome(key: str, *, using: str = "default") -> Result | None:
    """What became of the event that was last submitted under a key; ``None`` if none ever was.

    A refused one is forgotten as soon as another takes its key.
    """
    rows = _found(using, "code = '' AND key", [key]) or _found(using, "code <> '' AND key", [key])
    return rows[key][2] if rows else None


def sender(key: str, *, using: str = "default") -> tuple[str | None, datetime | None]:
    """Who sent the event of which ``outcome`` tells, and when; nothing of what came before that was noted."""
    rows = models.Inbox.objects.using(using).filter(key=key).order_by("code", "-id")
    return rows.values_list("sent_by", "sent_at").first() or (None, None)


@contextmanager
def busy_is_told() -> Iterator[None]:
    """Say it in words where SQLite gives up to wait for the one who writes."""
    try:
        yield
    except OperationalError as error:
        if getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        message = "the books are being written, which takes longer than usual"
        raise InputError(Problem("busy", message, "send the same request again: it counts once")) from error


def _insert(using: str, asked: Sequence[tuple[str, str]]) -> int:
    """Add what is not there yet, and return how many that is.

    On PostgreSQL one caller comes after the other, so that lines appear in their order.
    """
    conflict, who = "ON CONFLICT (key) WHERE code = '' DO NOTHING", actor()
    now = connections[using].ops.adapt_datetimefield_value(timezone.now())
    into = "INSERT INTO inbox (key, content, sent_by, sent_at)"
    with connections[using].cursor() as cursor:
        if connections[using].vendor == "postgresql":
            cursor.execute(_LOCK)
            # Two texts are quoted at once; of two arrays each text is quoted by itself, which takes five times as long.
            columns = [json.dumps(column, ensure_ascii=False) for column in zip(*asked, strict=True)]
            rows = "FROM ROWS FROM (json_array_elements_text(%s), json_array_elements_text(%s)) AS asked(key, content)"
            cursor.execute(f"{into} SELECT key, content, %s, %s::timestamptz {rows} {conflict}", [who, now, *columns])
        else:
            cursor.executemany(f"{into} VALUES (%s, %s, %s, %s) {conflict}", [(*each, who, now) for each in asked])
        return int(cursor.rowcount)


def _found(using: str, column: str, values: Sequence[str | int]) -> dict[str, tuple[int, str, Result]]:
    """By key the line that stands under it, its content, and what became of it."""
    found = {}
    for line, key, content, batch, *rest in _asked(
        using, "id, key, content, batch, event, code, message", column, values
    ):
        state: _State = "pending" if batch is None else "refused" if rest[1] else "accepted"
        found[key] = line, content, Result(key, state, *rest)
    return found


def _waits(using: str, places: Sequence[int]) -> bool:
    return any(_asked(using, "1", "batch IS NULL AND id", places[-1:])) or any(
        _asked(using, "1", "batch IS NULL AND id", places)
    )


def _asked(using: str, columns: str, where: str, values: Sequence[str | int]) -> Iterable[tuple[Any, ...]]:
    """Rows of the inbox in which a column has one of some values."""
    for first in range(0, len(values), _AT_ONCE):
        some = values[first : first + _AT_ONCE]
        places = ", ".join(["%s"] * len(some))
        with connections[using].cursor() as cursor:
            cursor.execute(f"SELECT {columns} FROM inbox WHERE {where} IN ({places})", some)
            yield from cursor.fetchall()
