"""All that the first page says, worked out at one moment."""

import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path

from jifen.core.days import shop_zone
from jifen.core.errors import InputError, Problem
from jifen.plan.model import Plan
from jifen.plan.text import parse_plan
from jifen.service import models
from jifen.service.closing import days_due
from jifen.service.coverage import Coverage
from jifen.service.directory import Directory
from jifen.service.lease import is_held
from jifen.service.network import NetworkReader
from jifen.service.reads import LotReader, Standing, standing
from jifen.service.statements import Statements
from jifen.service.status.history import DayDone, days_done
from jifen.service.writer import SNAPSHOTS

__all__ = ["Overview", "Readers", "readers_of"]

_SUMS_SECONDS = 2.0
"""The sums of all balances are asked for again after so long, if anything has happened since."""


@dataclass(frozen=True, slots=True)
class Overview:
    """How a shop stands. Amounts are micro-units, days ordinals."""

    shop: models.Shop
    plan: Plan
    version: int
    """Which of the shop's plan versions counts, from 1 on."""
    now: datetime
    """By the shop's clock."""
    open_day: int
    due: int
    writing: bool
    doing: str
    waiting: int
    """Lines of the inbox that are not decided."""
    batch: int
    events: int
    members: int
    days: list[DayDone]
    standing: list[Standing]

    @property
    def coverage(self) -> Coverage | None:
        """As of the last close; ``None`` before the first."""
        return self.days[-1].coverage if self.days else None


@dataclass(slots=True)
class Readers:
    """Everything that reads one shop, for the threads of one process."""

    using: str
    folder: Path
    directory: Directory = field(init=False)
    statements: Statements = field(init=False)
    lots: LotReader = field(init=False)
    networks: NetworkReader = field(init=False)
    _sums: tuple[float, int, list[Standing]] = field(init=False, default=(0.0, -2, []))
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Read through one directory of names."""
        self.directory = Directory(self.using)
        self.statements = Statements(self.folder, self.using, directory=self.directory)
        self.lots = LotReader(self.folder / SNAPSHOTS, self.using)
        self.networks = NetworkReader(self.lots)

    def overview(self, now: datetime) -> Overview:
        """How the shop stands; ``InputError`` for a database without one."""
        shop = models.Shop.objects.using(self.using).first()
        if shop is None:
            raise InputError(Problem("no_shop", "this database has no shop", "create one"))
        last = models.Batch.objects.using(self.using).order_by("-number").first()
        plan = _plan(self.using, shop.plan_id if last is None else last.plan_id)
        view = self.statements.look()
        lease = models.Lease.objects.using(self.using).first()
        held = self._standing(-1 if last is None else last.number)
        due = days_due(now, using=self.using)
        return Overview(
            shop=shop, plan=plan, version=models.PlanVersion.objects.using(self.using).count(),
            now=now.astimezone(shop_zone(shop.zone)), open_day=due.start, due=len(due),
            writing=is_held(self.using), doing=lease.doing if lease else "",
            waiting=models.Inbox.objects.using(self.using).filter(batch=None).count(),
            batch=-1 if last is None else last.number, events=0 if last is None else last.events,
            members=self.directory.count(), days=days_done(view.closed, self.using), standing=held,
        )  # fmt: skip

    def _standing(self, batch: int) -> list[Standing]:
        with self._lock:
            asked, known, held = self._sums
            if known != batch and time.monotonic() - asked > _SUMS_SECONDS:
                held, known = standing(self.directory)
                self._sums = time.monotonic(), known, held
            return held


@cache
def readers_of(using: str, folder: Path) -> Readers:
    """The readers of a shop: the same ones for all who ask in this process."""
    return Readers(using, folder)


@cache
def _plan(using: str, digest: str) -> Plan:
    return parse_plan(models.PlanVersion.objects.using(using).get(digest=digest).content, digest)
