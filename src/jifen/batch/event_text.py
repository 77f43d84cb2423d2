"""Events as lines of canonical JSON, as a journal keeps them, and back."""

import json
from dataclasses import asdict
from typing import Any

from jifen.engine.events import EVENT_TYPES, Event, Line, PlanActivated
from jifen.ledger.chain import canonical_json
from jifen.plan.text import parse_plan, plan_text

__all__ = ["event_text", "parse_event"]


def event_text(event: Event) -> str:
    """Write an event: its type under ``event``, and its fields but those that are ``None``.

    >>> from jifen.engine.events import DayClosed
    >>> event_text(DayClosed(id="day:3", day=3))
    '{"day":3,"event":"day_closed","id":"day:3"}'
    """
    if isinstance(event, PlanActivated):
        facts = {"id": event.id, "day": event.day, "plan": json.loads(plan_text(event.plan))}
        return canonical_json({"event": event.name, **facts} | ({} if event.at is None else {"at": event.at}))
    return canonical_json({"event": event.name, **asdict(event, dict_factory=_filled)})


def parse_event(text: str) -> Event:
    """Read what ``event_text`` wrote; anything else raises ``KeyError``, ``TypeError`` or ``ValueError``."""
    facts: dict[str, Any] = json.loads(text)
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


def _filled(items: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in items if value is not None}
