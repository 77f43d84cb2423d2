"""The shop itself: made in an empty database, live or as a sandbox, and that for good."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max

from jifen.core.days import DEFAULT_ZONE, shop_zone
from jifen.core.errors import InputError, Problem
from jifen.plan.model import Plan
from jifen.plan.text import plan_text
from jifen.service import models

__all__ = ["Terms", "check_funding", "create_shop", "keep_version", "open_day", "shop_of"]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a shop is, and remains. ``seat`` is a country code; ``live`` is False for a sandbox."""

    name: str
    seat: str = "CN"
    zone: str = DEFAULT_ZONE
    currency: str = "CNY"
    live: bool = False
    receipts: bool = False


def create_shop(plan: Plan, first_day: int, terms: Terms, *, using: str = "default") -> None:
    """Open the books with a plan on a day.

    ``InputError`` if there is a shop already, no such zone, or a plan that a live shop may not have.
    """
    shop_zone(terms.zone)
    check_funding(plan, live=terms.live)
    with transaction.atomic(using=using):
        if models.Shop.objects.using(using).exists():
            raise InputError(Problem("shop_exists", "this database has a shop", "give each shop a database of its own"))
        keep_version(plan, using=using)
        models.Shop.objects.using(using).create(
            name=terms.name, seat=terms.seat, zone=terms.zone, currency=terms.currency, live=terms.live,
            receipts=terms.receipts, first_day=first_day, plan_id=plan.digest,
        )  # fmt: skip


def check_funding(plan: Plan, *, live: bool) -> None:
    """Refuse a live shop's plan that pays what it has not: ``InputError`` (``merchant_funding``)."""
    if live and plan.params["funding"] == "merchant":
        message = f"{plan.name} pays whatever it says, from no account: a live shop pays from a reserve"
        remedy = "set funding=reserve and a reserve_share, or open a sandbox"
        raise InputError(Problem("merchant_funding", message, remedy))


def keep_version(plan: Plan, *, using: str = "default") -> None:
    """Keep a plan under its digest, from which it can be activated."""
    models.PlanVersion.objects.using(using).get_or_create(digest=plan.digest, defaults={"content": plan_text(plan)})


def shop_of(using: str = "default") -> models.Shop:
    """The shop of a database; ``InputError`` (``no_shop``) if there is none."""
    shop = models.Shop.objects.using(using).first()
    if shop is None:
        raise InputError(Problem("no_shop", "this database has no shop", "create one: jifen shop create"))
    return shop


def open_day(using: str = "default") -> int:
    """The business day that is open: the one after the last that was closed, as an ordinal."""
    last: int | None = models.Run.objects.using(using).aggregate(last=Max("day"))["last"]
    return shop_of(using).first_day if last is None else last + 1
