"""Why a member got what came on a closed day: rule, lot, orders, rates, who was passed over, and what rounding left."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Annotated

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from jifen.api.access import member_of, needs, principal_of
from jifen.api.amounts import Id, Sum
from jifen.api.problems import Refused
from jifen.api.reading import as_date, readers
from jifen.core.micros import format_rate
from jifen.engine.explain import Explanation, Source
from jifen.service.explaining import ITEMS_MOST, SOURCES_MOST, Explained, explained
from jifen.service.rights import Right

__all__ = ["PassedOver", "SourceAnswer", "Why", "WhyAnswer", "explain_member", "router"]

router = Router(tags=["books"])

_PLACE = threading.BoundedSemaphore(1)
_PATIENCE = 5.0
"""Seconds to wait for the explanation before this one: the longest takes half a second."""


class PassedOver(Schema):
    """Somebody between the one who bought and the one who was paid who got nothing by this rule."""

    member: str = Field(examples=["bob"])
    why: str = Field(examples=["no rank"])


class SourceAnswer(Schema):
    """What one order, or what a lot released, had in an amount."""

    member: str | None = Field(description="Who bought; null where a member asks and it is another", examples=["bob"])
    generation: int | None = Field(description="How far below the member: 0 is the member; null for not below")
    order: str | None = Field(description="Null where a member asks and it is another's", examples=["o-2"])
    line: str = Field(description="The line of the order", examples=["1"])
    base: Sum = Field(description="What the rate is taken of", examples=["200.00"])
    rate: str = Field(examples=["20%"])
    points: Sum = Field(description="Its part of the payment, in points", examples=["40.00"])
    passed: list[PassedOver] = Field(
        description="Who was passed over on the way, from below; empty where a member asks"
    )


class Why(Schema):
    """One amount, and why it came."""

    rule: str = Field(examples=["generation"])
    asset: str = Field(description="What came: an asset, or the store of a lot", examples=["cash"])
    granted: bool = Field(description="True for what was promised in a lot, and is not paid yet")
    amount: Sum = Field(examples=["40.00"])
    stands: Sum = Field(description="What is left of it after refunds until the last close", examples=["20.00"])
    points: Sum = Field(description="The points that were drained, or granted", examples=["40.00"])
    lot: str = Field(description="The order, or the event, whose lot gave it; empty for none", examples=["o-1"])
    plan: str = Field(
        description="The digest of the plan version that decided",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )
    sources: list[SourceAnswer] = Field(description=f"Those with the largest part, {SOURCES_MOST} at most")
    others: int = Field(description="How many sources there are besides")
    dust: Sum = Field(description="Points that stand on no source: what rounding each part left", examples=["0.00"])
    owed: Sum = Field(description="Points of it that the reserve has not paid yet", examples=["0.00"])


class WhyAnswer(Schema):
    """All that came on a day."""

    member: str = Field(examples=["ann"])
    day: date
    open_day: date = Field(description="Refunds until the start of this day are in `stands`")
    items: list[Why] = Field(description=f"The first {ITEMS_MOST}")
    others: int = Field(description="How many amounts there are besides")


@router.get("/{member}/explain", summary="Explain a day", **needs(Right.BOOKS_READ, own=True, answers=WhyAnswer))
def explain_member(
    request: HttpRequest, member: Id, day: Annotated[date, Query(description="A business day that is closed")]
) -> WhyAnswer:
    """Say of each amount of a closed day which rule gave it, because of which orders, and how it was worked out.

    It is the attribution that a refund goes by. The parts of the sources and `dust` add up to one payment. Several lots
    may have given it: each of them names all sources then.
    """
    name = member_of(request, member)
    shown = _Shown(principal_of(request).kind != "member", name)
    with _alone():
        found = explained(readers().lots, name, day.toordinal())
        items = [shown.why(found, each) for each in found.items[:ITEMS_MOST]]
    others = max(len(found.items) - ITEMS_MOST, 0)
    return WhyAnswer(member=name, day=day, open_day=as_date(found.open_day), items=items, others=others)


class _Shown:
    """What is shown to the one who asks: a member learns of others only how far below they stand."""

    def __init__(self, everybody: bool, member: str) -> None:
        self.everybody, self.member = everybody, member

    def why(self, found: Explained, one: Explanation) -> Why:
        """One amount, with its largest sources."""
        largest = sorted(one.sources, key=lambda source: -source.points)[:SOURCES_MOST]
        mine = self.everybody or found.buyer(one.lot) in (None, self.member)
        return Why(
            rule=one.rule, asset=one.asset, granted=one.granted, amount=one.amount, stands=one.stands,
            points=one.points, lot=one.lot if mine else "", plan=one.plan,
            sources=[self._source(found, each) for each in largest], others=len(one.sources) - len(largest),
            dust=one.dust, owed=one.owed,
        )  # fmt: skip

    def _source(self, found: Explained, source: Source) -> SourceAnswer:
        open_to = self.everybody or source.member == self.member
        return SourceAnswer(
            member=source.member if open_to else None, generation=found.generation(self.member, source),
            order=source.order if open_to else None, line=source.line, base=source.base,
            rate=format_rate(source.rate), points=source.points,
            passed=[PassedOver(member=each.member, why=each.why) for each in source.passed if self.everybody],
        )  # fmt: skip


@contextmanager
def _alone() -> Iterator[None]:
    """One explanation at a time: each looks through much of a world."""
    if not _PLACE.acquire(timeout=_PATIENCE):
        raise Refused("busy", "others are being answered", "ask again in a moment", seconds=1)
    try:
        yield
    finally:
        _PLACE.release()
