"""Events as lines of canonical JSON, as a journal keeps them, and back."""

import json
from dataclasses import fields
from typing import Any

from jifen.engine.events import EVENT_TYPES, Event, Line, OrderPaid, PlanActivated
from jifen.ledger.chain import canonical_json, canonical_text
from jifen.plan.text import parse_plan, plan_text

__all__ = ["event_of", "event_text", "parse_event"]


def event_text(event: Event) -> str:
    """Write an event: its type under ``event``, and its fields but those that are ``None``.

    >>> from jifen.engine.events import DayClosed
    >>> event_text(DayClosed(id="day:3", day=3))
    '{"day":3,"event":"day_closed","id":"day:3"}'
    """
    if isinstance(event, PlanActivated):
        facts = {"id": event.id, "day": event.day, "plan": json.loads(plan_text(event.plan))}
        return canonical_json({"event": event.name, **facts} | ({} if event.at is None else {"at": event.at}))
    facts = _facts(event)
    if "lines" in facts and isinstance(event, OrderPaid):
        facts["lines"] = [_facts(line) for line in event.lines]
    return canonical_text({"event": event.name, **facts})


def parse_event(text: str) -> Event:
    """Read what ``event_text`` wrote; anything else raises ``KeyError``, ``TypeError`` or ``ValueError``."""
    return event_of(json.loads(text))


def event_of(facts: dict[str, Any]) -> Event:
    """Make an event of its facts as JSON has them, which are used up; the same errors."""
    kind = EVENT_TYPES[facts.pop("event")]
    if "plan" in facts:
        facts["plan"] = parse_plan(json.dumps(facts["plan"]), facts["id"])
    if "lines" in facts:
        is_order = kind.name == "order_paid"
        facts["lines"] = tuple(Line(**line) if is_order else tuple(line) for line in facts["lines"])
    if "pay" in facts:
        facts["pay"] = tuple((asset, amount) for asset, amount in facts["pay"])
    for field in _NULLABLE.get(kind.name, ()):
        facts.setdefault(field, None)
    return kind(**facts)


_NULLABLE = {"rank_set": ("rank",), "agent_set": ("region",), "tokens_sold": ("tokens",)}
"""Facts that may be ``None`` and have no default."""


def _facts(record: Event | Line) -> dict[str, Any]:
    """The fields of an event or a line but those that are ``None``."""
    names = _FIELDS[type(record)]
    return {name: value for name in names if (value := getattr(record, name)) is not None}


_KINDS: tuple[type[Event | Line], ...] = (Line, *EVENT_TYPES.values())
_FIELDS = {kind: tuple(field.name for field in fields(kind)) for kind in _KINDS}
