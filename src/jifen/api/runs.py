"""Runs 日结: the closed days of the shop, newest first."""

import json
from datetime import date
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Path, Router, Schema
from pydantic import Field

from jifen.api.access import needs
from jifen.api.amounts import Sum
from jifen.api.reading import Cursor, Size, as_date, readers
from jifen.core.micros import MICRO
from jifen.service.current import current
from jifen.service.day_files import closed_days
from jifen.service.rights import Right
from jifen.service.runs import DayRun, Moved, moved_on, run_of, runs

__all__ = ["CoverageAnswer", "MovedAnswer", "RunAnswer", "RunDetail", "RunPage", "list_runs", "read_run", "router"]

router = Router(tags=["runs"])

_HASH = ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]


class CoverageAnswer(Schema):
    """What was owed when the day was closed, and what stood behind it; then what moved on the whole day."""

    share: str | None = Field(description="Backed ÷ owed, cut off; null where nothing is owed", examples=["0.333333"])
    owed: Sum = Field(description="Open lots, queues and deferred rewards", examples=["300.00"])
    backed: Sum = Field(description="The reserve, and pools of money", examples=["100.00"])
    lots: Sum
    queue: Sum
    deferred: Sum = Field(description="Rewards that the reserve could not pay yet")
    reserve: Sum
    pools: Sum
    wallets: Sum = Field(description="What members can spend or withdraw: it has been paid for")
    promised: Sum = Field(description="Granted or deferred that day")
    paid: Sum = Field(description="Credited to wallets that day, less what refunds took back")
    reserve_in: Sum
    reserve_out: Sum


class RunAnswer(Schema):
    """The close of a day."""

    day: date
    batch: int = Field(description="The batch that closed it", examples=[17])
    hash: str = Field(description="Of that batch: it stands on all before", examples=_HASH)
    segment: str = Field(description="The file of the day's journal", examples=["day-738001.parquet"])
    sha256: str = Field(description="Of that file", examples=_HASH)
    events: int = Field(description="Accepted that day")
    lines: int = Field(description="Of the books")
    coverage: CoverageAnswer
    blocks: list[str] | None = Field(
        description="What blocks by the rules, unwaived; null for a day after which nobody looked", examples=[["CN-04"]]
    )
    stops: list[str] = Field(description="What had to stop after it", examples=[["grants"]])

    @classmethod
    def of(cls, run: DayRun, **more: Any) -> "RunAnswer":
        """As answered."""
        covered, found, closed = run.coverage, run.findings, run.closed
        levels = {name: getattr(covered, name) for name in CoverageAnswer.model_fields if name != "share"}
        return cls(
            day=as_date(closed.day), batch=closed.batch, hash=closed.hash, segment=run.segment, sha256=run.sha256,
            events=closed.events, lines=closed.last - closed.first,
            coverage=CoverageAnswer(share=_share(covered.share), **levels),
            blocks=None if found is None else json.loads(found.content)["blocks"],
            stops=[] if found is None else found.stops, **more,
        )  # fmt: skip


class RunPage(Schema):
    """Closed days, the newest first."""

    items: list[RunAnswer]
    next: str | None


class MovedAnswer(Schema):
    """What one rule moved that day between two kinds of accounts."""

    rule: str = Field(examples=["daily_release"])
    reason: str | None = Field(description="Of what a refund takes back: the rule that had paid it")
    source: str = Field(examples=["reserve"])
    target: str = Field(examples=["wallet"])
    asset: str = Field(examples=["cash"])
    amount: Sum
    lines: int

    @classmethod
    def of(cls, moved: Moved) -> "MovedAnswer":
        """As answered."""
        return cls(**{name: getattr(moved, name) for name in cls.model_fields})


class RunDetail(RunAnswer):
    """The close of a day, with all that moved on it."""

    moved: list[MovedAnswer]


@router.get("", summary="Runs", **needs(Right.BOOKS_READ, answers=RunPage))
def list_runs(request: HttpRequest, cursor: Cursor = None, size: Size = 50) -> RunPage:
    """The closed days with their coverage, the newest first. A cursor counts from the first day, so it stays good."""
    closed = closed_days(current())
    upto = len(closed) if cursor is None else min(int(cursor, 16), len(closed))
    items = [RunAnswer.of(each) for each in runs(closed[max(upto - size, 0) : upto][::-1], current())]
    return RunPage(items=items, next=f"{upto - size:x}" if upto > size else None)


@router.get("/{day}", summary="A run", **needs(Right.BOOKS_READ, answers=RunDetail))
def read_run(
    request: HttpRequest, day: Annotated[date, Path(description="A business day that is closed")]
) -> RunAnswer:
    """The close of one day, with what each rule moved between which kinds of accounts."""
    found = run_of(closed_days(current()), day.toordinal(), current())
    return RunDetail.of(found, moved=[MovedAnswer.of(each) for each in moved_on(found.closed, readers().directory)])


def _share(share: int | None) -> str | None:
    return None if share is None else f"{share // MICRO}.{share % MICRO:06d}"
