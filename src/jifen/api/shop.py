"""The shop itself: what it is, and how far it is."""

from datetime import UTC, date, datetime

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from jifen.api.access import needs
from jifen.api.amounts import Day
from jifen.api.bodies import Body
from jifen.api.limits import patience
from jifen.api.problems import Refused
from jifen.api.reading import readers
from jifen.service.closing import ask_closes, progress
from jifen.service.current import current
from jifen.service.rights import Right
from jifen.service.serving.catching_up import moment_after
from jifen.service.shop import open_day, shop_of

__all__ = ["router"]

router = Router(tags=["shop"])


class ShopAnswer(Schema):
    """A shop."""

    name: str
    seat: str = Field(description="The country whose law it is under", examples=["CN"])
    zone: str = Field(examples=["Asia/Shanghai"])
    currency: str = Field(examples=["CNY"])
    live: bool = Field(description="False for a sandbox, with play payments only")
    open_day: date = Field(description="The business day that is open")


@router.get("", summary="The shop", **needs(None, answers=ShopAnswer))
def read_shop(request: HttpRequest) -> ShopAnswer:
    """What the shop is, and the business day that is open."""
    shop = shop_of(current())
    return ShopAnswer(
        name=shop.name, seat=shop.seat, zone=shop.zone, currency=shop.currency, live=shop.live,
        open_day=date.fromordinal(open_day(current())),
    )  # fmt: skip


_SNAPSHOT = 2.0
"""Seconds for which who has waited for a close waits for what is read of it, which is kept a moment later."""


class Closing(Body):
    """Which days to close."""

    until: Day | None = Field(None, description="The last of them; all that have ended without it")
    wait: int = Field(0, ge=0, le=20, strict=True, description="Seconds to wait until they are closed")


class Closes(Schema):
    """How far the closes are."""

    open_day: date = Field(description="The business day that is open")
    due: int = Field(description="Days that are to be closed still")
    doing: str = Field("", description="What the writer is at, if it is closing a day")


@router.post("/closes", summary="Close days", **needs(Right.PLANS_WRITE, answers=Closes))
def close_shop(request: HttpRequest, body: Closing) -> Closes:
    """Ask for the close of the days that have ended, as a worker does by itself; to ask again is to ask once.

    A sandbox also closes days that have not ended, so that a plan of a hundred days is tried in a minute.
    """
    using, now = current(), datetime.now(UTC)
    moment = now if body.until is None else moment_after(body.until, now, using=using)
    with patience(body.wait) as seconds:
        results = ask_closes(moment, using=using, wait=seconds, again=True)
    refused = [each for each in results if each.code]
    if refused:
        raise Refused(refused[0].code, refused[0].message, "ask who runs the shop")
    found = progress(moment, using=using)
    if body.wait and not found.due:
        readers().lots.wait_for(found.open_day, _SNAPSHOT)
    return Closes(open_day=date.fromordinal(found.open_day), due=found.due, doing=found.doing)
