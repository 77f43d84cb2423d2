"""An event as the inbox has it: canonical JSON without its day, which is the one that is open when it is accepted."""

import re

from jifen.batch.event_text import event_text
from jifen.engine.events import DayClosed, Event, PlanActivated

__all__ = ["closing_id", "content_of", "is_activation", "is_closing", "with_day"]

_DAY = re.compile(r'"day":-?\d+,(?="event":)')
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
