"""Which version of the plan counts by the log, and whether new orders earn by it."""

from dataclasses import dataclass
from typing import Literal

from jifen.engine.events import PlanPaused
from jifen.service import models
from jifen.service.shop import shop_of

__all__ = ["Stage", "Standing", "standing"]

Stage = Literal["active", "paused", "ended", "wound_up"]
_STAGES: dict[str, Stage] = {PlanPaused.name: "paused", "plan_ended": "ended", "plan_wound_up": "wound_up"}


@dataclass(frozen=True, slots=True)
class Standing:
    """Which version counts, and whether new orders earn by it."""

    digest: str
    stage: Stage
    changes: int
    """How many changes of the plan the log has: what the next one's key is made of."""


def standing(using: str = "default") -> Standing:
    """How the plan of a shop stands by the log; ``InputError`` for a database without a shop."""
    changes = models.PlanChange.objects.using(using).order_by("-event")
    last = changes.first()
    digest = changes.filter(plan__isnull=False).values_list("plan_id", flat=True).first()
    return Standing(
        digest or shop_of(using).plan_id, _STAGES.get(last.kind, "active") if last else "active", changes.count()
    )
