"""A shop at a glance: its plan, its day, its writer, its money. Asked of the database alone, without the world."""

import json
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Sum

from jifen.ledger.chain import NAME_TABLES
from jifen.ledger.journal import Account
from jifen.service import models
from jifen.service.accounts import parts_of
from jifen.service.closing import Progress, progress
from jifen.service.coverage import Coverage, coverage_days
from jifen.service.lease import is_held
from jifen.service.shop import shop_of
from jifen.service.standing import Standing, standing
from jifen.service.versions import Version, versions

__all__ = ["Status", "status"]


@dataclass(frozen=True, slots=True)
class Status:
    """What a shop is and where it stands. Amounts are micro-units, days ordinals."""

    name: str
    live: bool
    seat: str
    zone: str
    currency: str
    plan_name: str
    plan: Standing
    versions: list[Version]
    closes: Progress
    writer: bool
    """Whether there is one."""
    waiting: int
    """Events in the inbox that are not decided."""
    members: int
    orders: int
    events: int
    batches: int
    reserve: int
    pools: dict[str, int]
    coverage: Coverage | None
    """As of the last close; ``None`` before the first."""


def status(now: datetime, *, using: str = "default") -> Status:
    """Ask how a shop stands; ``InputError`` for a database without a shop."""
    shop = shop_of(using)
    last = models.Batch.objects.using(using).order_by("-number").values_list("number", "events").first() or (-1, 0)
    days, stands = coverage_days(using, 1), standing(using)
    plan = models.PlanVersion.objects.using(using).values_list("content", flat=True).get(digest=stands.digest)
    return Status(
        name=shop.name, live=shop.live, seat=shop.seat, zone=shop.zone, currency=shop.currency,
        plan_name=json.loads(plan)["name"], plan=stands, versions=versions(using),
        closes=progress(now, using=using), writer=is_held(using),
        waiting=models.Inbox.objects.using(using).filter(batch=None).count(),
        members=_named(using, "member"), orders=_named(using, "order"), events=last[1], batches=last[0] + 1,
        reserve=_held(using, Account.RESERVE), pools=_pools(using), coverage=days[0] if days else None,
    )  # fmt: skip


def _named(using: str, table: str) -> int:
    """How many names a table has: they are numbered from 0."""
    names = models.Name.objects.using(using).filter(kind=NAME_TABLES.index(table))
    most: int | None = names.aggregate(most=Max("number"))["most"]
    return 0 if most is None else most + 1


def _held(using: str, kind: Account) -> int:
    """What all accounts of a kind hold together."""
    rows = models.Balance.objects.using(using).filter(kind=int(kind))
    return int(rows.aggregate(held=Sum("amount"))["held"] or 0)


def _pools(using: str) -> dict[str, int]:
    """By pool what it holds; one that never held anything has no account yet."""
    names = models.Name.objects.using(using).filter(kind=NAME_TABLES.index("pool")).order_by("number")
    rows = models.Balance.objects.using(using).filter(kind=int(Account.POOL)).values_list("account", "amount")
    held = {parts_of(account)[1]: amount for account, amount in rows}
    return {name: held.get(number, 0) for number, name in names.values_list("number", "name")}
