"""Changes of the plan as the log has them: versions that were activated, pauses, ends. They follow from the events."""

from jifen.batch.event_text import parse_event
from jifen.engine.events import PlanActivated
from jifen.ledger.chain import Batch
from jifen.service import models

__all__ = ["changes_in"]

_OF_PLAN = '"event":"plan_'
"""What stands in the text of such an event, and of no other: quotes inside of a text are escaped."""


def changes_in(batch: Batch, first: int) -> list[models.PlanChange]:
    """What the events of a batch change of the plan; ``first`` is the number of its first event in the log."""
    found = []
    for number, text in enumerate(batch.events, first):
        if _OF_PLAN in text:
            event = parse_event(text)
            plan = event.plan.digest if isinstance(event, PlanActivated) else None
            found.append(
                models.PlanChange(event=number, batch=batch.number, day=event.day, kind=event.name, plan_id=plan)
            )
    return found
