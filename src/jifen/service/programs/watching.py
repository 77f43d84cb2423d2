"""After each close: what the rules find in a shop that trades. In a live shop, what must stop is stopped.

A process asks as often as it likes; each day is looked at once, the last one that was closed.
"""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Max

from jifen.assess.documents import findings_document
from jifen.assess.metrics import upward_rules
from jifen.assess.run_facts import RunFacts, facts_of
from jifen.engine import World
from jifen.engine.snapshot import load_world
from jifen.service import models
from jifen.service.programs.freezing import freeze
from jifen.service.programs.gate import freeze_of, verdict, written_facts
from jifen.service.programs.models import RunFinding
from jifen.service.programs.studies import plan_of
from jifen.service.recovery import newest_snapshot, recover
from jifen.service.shop import shop_of
from jifen.service.standing import standing

__all__ = ["run_facts", "watch"]

_DAYS = 30
"""Over so many days it is asked who buys from himself."""


def watch(snapshots: Path, *, using: str = "default") -> RunFinding | None:
    """Look at the last day that was closed, unless that has been done; ``None`` if there is nothing new.

    ``snapshots``: the folder of the worker's snapshots.
    """
    day = models.Run.objects.using(using).aggregate(last=Max("day"))["last"]
    if day is None or RunFinding.objects.using(using).filter(day=day).exists():
        return None
    held = freeze_of(using)
    plan = plan_of(standing(using).digest if held is None else held.plan, using)
    facts = run_facts(snapshots, day, upward_rules(plan), using=using)
    found = verdict(plan, facts, using=using)
    content = {
        "facts": written_facts(facts),
        "blocks": [each.id for each in found.blocks],
        "waived": sorted({each.finding for each in found.waivers}),
        **findings_document(found.found),
    }
    with transaction.atomic(using=using):
        live = shop_of(using).live
        made, new = RunFinding.objects.using(using).get_or_create(day=day, defaults={
            "plan": plan.digest, "stops": list(found.stops) if live else list(found.found.stops),
            "content": json.dumps(content, ensure_ascii=False, sort_keys=True),
        })  # fmt: skip
        if new and live and found.stops:
            freeze(found, day, using=using)
    return made


def run_facts(snapshots: Path, day: int, upward: tuple[str, ...], *, using: str = "default") -> RunFacts:
    """What a shop shows after the close of a day, in the figures that rules ask for."""
    world = _world(snapshots, day, using)
    coverage = models.Coverage.objects.using(using).get(day=day)
    levels = (coverage.lots + coverage.queue + coverage.deferred, coverage.reserve + coverage.pools)
    return facts_of(world, levels, upward, _self_dealing(day, using))


def _world(snapshots: Path, day: int, using: str) -> World:
    """The world after a close: the snapshot that was made then, to be read, or the log's own."""
    path = newest_snapshot(using, snapshots)
    if path is not None:
        world = load_world(path, verify=False)
        if world.open_day == day + 1:
            return world
    return recover(using, snapshots)[0]


def _self_dealing(day: int, using: str) -> Fraction | None:
    """Of sales with a merchant named, in the last days: those in which the buyer is the merchant."""
    first = models.Run.objects.using(using).filter(day=day - _DAYS).values_list("batch__events", flat=True).first()
    sales = models.Event.objects.using(using).filter(number__gte=first or 0, content__contains='"merchant"')
    named = own = 0
    for text in sales.filter(content__contains='"order_paid"').values_list("content", flat=True).iterator():
        order: dict[str, Any] = json.loads(text)
        for line in order.get("lines", ()):
            if "merchant" in line:
                named += line["amount"]
                own += line["amount"] if line["merchant"] == order["member"] else 0
    return Fraction(own, named) if named else None
