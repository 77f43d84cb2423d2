"""What happened in the shop: events in bulk, and what became of each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from jifen.api.access import needs
from jifen.api.amounts import Id, Moment, NotNegative, Positive, Text
from jifen.api.bodies import Body
from jifen.api.limits import patience
from jifen.api.problems import Refused
from jifen.engine import events as engine
from jifen.service.current import current
from jifen.service.door import enter
from jifen.service.inbox import Result, outcome, sender
from jifen.service.rights import Right

__all__ = ["Outcome", "outcomes", "router"]

router = Router(tags=["events"])

_MOST = 1000
_LINES = 200
_WAIT = 20
_ASSETS = Literal["cash", "coin", "voucher"]
_Name = Annotated[Text, Field(min_length=1, max_length=64)]


class _Event(Body):
    """What all events share."""

    id: Id = Field(description="Your id of it: whoever sends it again gets the first one's result", examples=["o-1"])
    at: Moment | None = Field(None, description="When it happened; it counts on the day that is open here")

    def to_event(self) -> engine.Event:
        """The engine's event; the day is the writer's to say."""
        given: dict[str, Any] = {name: getattr(self, name) for name in type(self).model_fields}
        kind = engine.EVENT_TYPES[given.pop("event")]
        at = given.pop("at")
        return kind(day=0, at=None if at is None else at.isoformat(), **given)


class Joined(_Event):
    """A member joins, below another or at the top."""

    event: Literal["member_joined"]
    member: Id = Field(examples=["bob"])
    referrer: Id | None = Field(None, description="Who invited; at the top without it", examples=["ann"])
    region: _Name | None = None


class OrderLine(Body):
    """A line of an order; `amount` and `cost` are those of the whole line."""

    amount: NotNegative = Field(description="What was paid for it", examples=["39.80"])
    line: Id = Field("1", description="Its number in the order")
    sku: _Name | None = None
    category: _Name | None = None
    merchant: _Name | None = None
    zone: _Name | None = None
    quantity: int = Field(1, ge=1, le=1_000_000, strict=True)
    cost: NotNegative = Field(0, description="What it cost the shop, if known", examples=["12.00"])

    def to_line(self) -> engine.Line:
        """The engine's line."""
        return engine.Line(**{name: getattr(self, name) for name in type(self).model_fields})


class Paid(_Event):
    """An order is paid."""

    event: Literal["order_paid"]
    member: Id = Field(examples=["ann"])
    lines: list[OrderLine] = Field(min_length=1, max_length=_LINES)
    region: _Name | None = Field(None, description="Where it is delivered")
    pay: dict[_ASSETS, NotNegative] = Field(
        {}, description="What of it was paid out of the wallet, by asset", examples=[{"coin": "5.00"}]
    )

    def to_event(self) -> engine.Event:
        """The engine's event, with its lines."""
        return engine.OrderPaid(
            id=self.id, day=0, at=None if self.at is None else self.at.isoformat(), member=self.member,
            lines=tuple(line.to_line() for line in self.lines), region=self.region,
            pay=tuple(self.pay.items()),
        )  # fmt: skip


class Received(_Event):
    """The goods arrived, and the refund window begins."""

    event: Literal["order_received"]
    order: Id = Field(examples=["o-1"])


class Settled(_Event):
    """A foreign shop says that its refund window has ended."""

    event: Literal["order_settled"]
    order: Id = Field(examples=["o-1"])


class RefundedLine(Body):
    """What of one line is given back."""

    line: Id
    amount: Positive = Field(examples=["10.00"])


class Refunded(_Event):
    """A part of an order is given back, or all of it."""

    event: Literal["order_refunded"]
    order: Id = Field(examples=["o-1"])
    amount: Positive = Field(description="Of the whole order", examples=["10.00"])
    lines: list[RefundedLine] = Field([], max_length=_LINES, description="Of which lines; spread over all without them")

    def to_event(self) -> engine.Event:
        """The engine's event, with its lines."""
        return engine.OrderRefunded(
            id=self.id, day=0, at=None if self.at is None else self.at.isoformat(), order=self.order,
            amount=self.amount, lines=tuple((each.line, each.amount) for each in self.lines),
        )  # fmt: skip


class Sold(_Event):
    """A member sells tokens to the pool."""

    event: Literal["tokens_sold"]
    member: Id = Field(examples=["ann"])
    tokens: Positive | None = Field(None, description="All of them without it", examples=["12.5"])


class TaskDone(_Event):
    """A member has done a task."""

    event: Literal["task_done"]
    member: Id = Field(examples=["ann"])
    task: Text = ""


AnyEvent = Annotated[Joined | Paid | Received | Settled | Refunded | Sold | TaskDone, Field(discriminator="event")]


class Events(Body):
    """Events in the order in which they happened."""

    events: list[AnyEvent] = Field(
        min_length=1, max_length=_MOST,
        examples=[[
            {"event": "member_joined", "id": "j-ann", "member": "ann"},
            {"event": "order_paid", "id": "o-1", "member": "ann", "lines": [{"amount": "19.90"}]},
        ]],
    )  # fmt: skip
    wait: int = Field(
        0,
        ge=0,
        le=_WAIT,
        strict=True,
        description="Seconds to wait for what becomes of them; not at all while many others do",
    )


class Outcome(Schema):
    """What became of an event."""

    id: str
    state: Literal["pending", "accepted", "refused"] = Field(description="`pending`: the writer has not come to it")
    number: int | None = Field(None, description="Its place in the log, if it was accepted")
    code: str = Field("", description="Why it was refused; its id is free again", examples=["unknown_member"])
    message: str = ""


class SentEvent(Outcome):
    """What became of an event, and who had sent it."""

    sent_by: str | None = Field(
        None, description="`key:…`, `staff:…`, `member:…`, `connection:…`, `console`, `machine`; null if not noted",
        examples=["key:2414f8d65c2f"],
    )  # fmt: skip
    sent_at: datetime | None = Field(None, description="When it was sent; null if not noted")


class Outcomes(Schema):
    """What became of each event, in the order in which they were sent."""

    items: list[Outcome]


@router.post("", summary="Send events", **needs(Right.EVENTS_WRITE, answers=Outcomes))
def send_events(request: HttpRequest, body: Events) -> Outcomes:
    """Put up to 1,000 events into the inbox, all at once, and answer with what became of each.

    A request that is wrong somewhere changes nothing. Events are taken one by one after that: `refused` ones do not
    keep the others out. Who repeats a request gets the results of the first; the same id with other facts is refused
    as `conflict`.
    """
    with patience(body.wait) as seconds:
        results = enter([each.to_event() for each in body.events], using=current(), wait=seconds)
    return Outcomes(items=outcomes(results))


@router.get("/{event}", summary="What became of an event", **needs(Right.EVENTS_WRITE, answers=SentEvent))
def read_event(request: HttpRequest, event: Id) -> SentEvent:
    """What became of the event that was last sent under an id, and who sent it when."""
    found = outcome(event, using=current())
    if found is None:
        raise Refused("unknown_event", "no event was sent under this id", "send it")
    (told,) = outcomes([found])
    by, at = sender(event, using=current())
    return SentEvent(**told.dict(), sent_by=by, sent_at=at)


def outcomes(results: Sequence[Result]) -> list[Outcome]:
    """What became of events, as it is answered."""
    return [
        Outcome(id=each.key, state=each.state, number=each.number, code=each.code, message=each.message)
        for each in results
    ]
