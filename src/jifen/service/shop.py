"""A new shop in an empty database."""

from dataclasses import dataclass

from django.db import transaction

from jifen.core.days import DEFAULT_ZONE, shop_zone
from jifen.core.errors import InputError, Problem
from jifen.plan.model import Plan
from jifen.plan.text import plan_text
from jifen.service import models

__all__ = ["Terms", "create_shop"]


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
    """Open the books with a plan on a day; ``InputError`` if there is a shop already, or no such zone."""
    shop_zone(terms.zone)
    with transaction.atomic(using=using):
        if models.Shop.objects.using(using).exists():
            raise InputError(Problem("shop_exists", "this database has a shop", "give each shop a database of its own"))
        models.PlanVersion.objects.using(using).create(digest=plan.digest, content=plan_text(plan))
        models.Shop.objects.using(using).create(
            name=terms.name, seat=terms.seat, zone=terms.zone, currency=terms.currency, live=terms.live,
            receipts=terms.receipts, first_day=first_day, plan_id=plan.digest,
        )  # fmt: skip
