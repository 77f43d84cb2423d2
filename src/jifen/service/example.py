"""A shop to look at: made-up members and orders of 120 days, traded through the inbox and the writer like any shop's.

What is made follows from a seed and the shop's first day. So it goes on where it was, however it ended: events that
are in the log already are only repeated, and a repeated event is the first one's.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from django.db import connections

from jifen.batch.findings import Findings
from jifen.batch.make_shop import Shop, make_shop
from jifen.batch.merge import Day, Merge, open_inputs
from jifen.core.days import DEFAULT_ZONE, shop_zone
from jifen.core.errors import InputError, Problem
from jifen.core.micros import MICRO
from jifen.engine.events import DayClosed, Event, ReserveToppedUp
from jifen.plan import load_plan
from jifen.service import models
from jifen.service.content import closing_id
from jifen.service.day_files import STATEMENTS, keep_days
from jifen.service.inbox import submit
from jifen.service.shop import Terms, create_shop
from jifen.service.writer import Writer

__all__ = ["DAYS", "PLAN", "Example", "trade"]

DAYS = 120
PLAN, _SETTINGS = "funded_points", {"reserve_share": "20%"}
"""Each order promises a quarter of its amount and puts a fifth into the reserve; the owner adds the rest."""

_SEED = 20_250_101
_TOP_UPS = {0: 1_000, 70: 6_000, 110: 10_000}
"""By day from the first one: yuan that the owner puts into the reserve."""
_ELECTION_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Example:
    """How large it is; the same numbers give the same shop."""

    days: int = DAYS
    members: int = 400
    orders: int = 4000
    made_up: Path = field(default=Path("made"))
    """Where its files are, inside of the shop's folder."""


def trade(
    folder: Path, progress: Callable[[int, int], None], *, example: Example = Example(), using: str = "default"
) -> bool:
    """Trade all days that have not been, so that today is the open one; returns whether there was anything to do.

    ``progress`` is called with days done and in all. ``InputError`` for a database that has another shop, and while
    another process writes.
    """
    first = _opened(example, using)
    done = models.Run.objects.using(using).count()
    progress(done, example.days)
    if done >= example.days:
        return False
    days = _events(folder / example.made_up, first, example)
    with _writer(folder, using) as writer:
        for day, events in days[done:]:
            submit([*events, DayClosed(id=closing_id(day), day=day)], using=using)
            while writer.step():
                pass
            progress(day - first + 1, example.days)
    keep_days(folder / STATEMENTS, using)
    connections[using].close()
    return True


def _opened(example: Example, using: str) -> int:
    """The first day of the shop, which is opened if there is none."""
    if not models.Shop.objects.using(using).exists():
        today = datetime.now(UTC).astimezone(shop_zone(DEFAULT_ZONE)).toordinal()
        create_shop(load_plan(PLAN, _SETTINGS), today - example.days, Terms("积分 demo"), using=using)
    shop = models.Shop.objects.using(using).get()
    if shop.live or shop.plan.digest != load_plan(PLAN, _SETTINGS).digest:
        message = "this database has a shop of its own"
        raise InputError(Problem("shop_exists", message, "name another folder with --out, or remove this one"))
    return int(shop.first_day)


def _events(folder: Path, first: int, example: Example) -> list[tuple[int, list[Event]]]:
    """What happens on each day, in order."""
    shop = Shop(
        members=example.members, days=example.days, start=datetime.fromordinal(first), orders=example.orders,
        largest=4000 * MICRO,
    )  # fmt: skip
    inputs = make_shop(folder, Random(_SEED), shop)  # noqa: S311 -- a made-up shop, no secret
    merge = Merge(open_inputs(inputs), inputs.zone, Findings(), until=first + example.days - 1)
    found = {day.day: [item.event for item in day.items] for day in merge.days() if isinstance(day, Day)}
    for place, yuan in _TOP_UPS.items():
        if place < example.days:
            topped = ReserveToppedUp(id=f"top-up-{place}", day=first + place, amount=yuan * MICRO)
            found.setdefault(first + place, []).insert(0, topped)
    return [(day, found.get(day, [])) for day in range(first, first + example.days)]


def _writer(folder: Path, using: str) -> Writer:
    """Be elected: a writer that was killed is taken to be alive for a few seconds more."""
    until = time.monotonic() + _ELECTION_SECONDS
    while (writer := Writer.elected(folder, using)) is None:
        if time.monotonic() > until:
            problem = Problem("writer_busy", "another process writes this shop's books", "stop it, or let it finish")
            raise InputError(problem)
        time.sleep(0.1)
    return writer
