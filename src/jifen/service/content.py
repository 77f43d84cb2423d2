"""An event as the inbox has it: canonical JSON without its day, which is the one that is open when it is accepted."""

import re

from jifen.batch.event_text import event_text
from jifen.engine.events import DayClosed, Event, PlanActivated

__all__ = ["closing_id", "content_of", "dated_id", "day_begun", "is_activation", "is_closing", "with_day"]

_DAY = re.compile(r'"day":-?\d+,(?="event":)')
_DATED = re.compile(r"plan:[0-9a-f]+:(\d+)")
_EVENT = '"event":'
_CLOSING = f'{_EVENT}"{DayClosed.name}"'
_ACTIVATION = f'{_EVENT}"{PlanActivated.name}"'


def content_of(event: Event) -> str:
    """Write an event without its day.

    >>> content_of(DayClosed(id="day:3", day=3))
    '{"event":"day_closed","id":"day:3"}'
    """
    return _DAY.sub("", event_text(event), count=1)


def with_day(content: str, day: int) -> str:
    """Put a day in, where canonical JSON has it: no key of an event stands between ``day`` and ``event``.

    A text cannot hold what is looked for here, since the quotes in it are escaped.

    >>> with_day('{"event":"day_closed","id":"day:3"}', 3)
    '{"day":3,"event":"day_closed","id":"day:3"}'
    """
    return content.replace(_EVENT, f'"day":{day},{_EVENT}', 1)


def is_closing(content: str) -> bool:
    """Whether it closes a day.

    >>> is_closing('{"event":"day_closed","id":"day:3"}')
    True
    """
    return _CLOSING in content


def is_activation(content: str) -> bool:
    """Whether it brings a plan version."""
    return _ACTIVATION in content


def closing_id(day: int) -> str:
    """The id of the event that closes a day: to ask for it twice is to ask for it once."""
    return f"day:{day}"


def dated_id(digest: str, day: int) -> str:
    """The id of the event with which a plan version begins on a day."""
    return f"plan:{digest}:{day}"


def day_begun(key: str, content: str) -> int | None:
    """The day that a line of the inbox is the first event of, if it may only be that.

    >>> day_begun(dated_id("3f", 12), '{"event":"plan_activated","id":"plan:3f:12","plan":{}}')
    12
    """
    dated = _DATED.fullmatch(key)
    return int(dated[1]) if dated and is_activation(content) else None
