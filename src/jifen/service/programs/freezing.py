"""A live shop is frozen when a close shows what must not go on, and goes on when somebody has seen to it.

Joins are refused at the door; grants and rewards of those above stop because the version that counts is activated
without them (``frozen``). Refunds, releases and withdrawals go on.
"""

from datetime import UTC, datetime

from django.db import transaction

from jifen.engine.events import Event, PlanActivated, PlanEnded, PlanPaused
from jifen.plan.model import Plan
from jifen.service.acting import actor
from jifen.service.inbox import submit
from jifen.service.programs.frozen import STOPS, frozen
from jifen.service.programs.gate import Verdict, freeze_of
from jifen.service.programs.models import Freeze
from jifen.service.programs.studies import plan_of
from jifen.service.shop import keep_version, open_day
from jifen.service.standing import Standing, standing

__all__ = ["freeze", "lift"]


def freeze(found: Verdict, day: int, *, using: str = "default") -> Freeze:
    """Stop what a close has shown to have to stop, at once: the row and the event are of one transaction.

    A shop that is frozen stops more if more is found, and never less: to go on is what people decide.
    """
    with transaction.atomic(using=using):
        before = freeze_of(using)
        stops = [each for each in STOPS if each in found.stops or (before is not None and each in before.stops)]
        if before is not None and before.stops == stops:
            return before
        stands = standing(using)
        plan = plan_of(stands.digest if before is None else before.plan, using)
        stopped = frozen(plan, stops)
        if before is not None:
            _end(before, using)
        made = Freeze(
            day=day, plan=plan.digest, frozen=stopped.digest, stops=stops,
            findings=[each.id for each in found.found.found if each.level.stops or each in found.blocks],
        )  # fmt: skip
        made.save(using=using)
        if stopped.digest != stands.digest:
            keep_version(stopped, using=using)
            submit(_events(stopped, stands, using), using=using)
        return made


def lift(*, using: str = "default") -> Freeze | None:
    """End a freeze: whoever does that activates a version that need not be frozen, in the same transaction."""
    held = freeze_of(using)
    if held is not None:
        _end(held, using)
    return held


def _events(stopped: Plan, stands: Standing, using: str) -> list[Event]:
    """A plan that is paused or has ended stays so; one that was wound up has nothing left to stop."""
    day, key = open_day(using), f"{stopped.digest}:{stands.changes}"
    activated = PlanActivated(id=f"freeze:{key}", day=day, plan=stopped)
    if stands.stage == "wound_up":
        return []
    if stands.stage == "active":
        return [activated]
    kind = PlanPaused if stands.stage == "paused" else PlanEnded
    return [activated, kind(id=f"freeze-{stands.stage}:{key}", day=day)]


def _end(held: Freeze, using: str) -> None:
    held.lifted_at, held.lifted_by = datetime.now(UTC), actor()
    held.save(using=using)
