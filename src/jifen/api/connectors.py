"""Foreign shops: the address to which they send, and the connections themselves.

The address needs no session and no key: who signed a message with the secret of the connection is let in.
"""

from datetime import datetime
from typing import Annotated, Any, Literal, cast

from django.http import HttpRequest
from ninja import Path, Query, Router, Schema
from pydantic import Field, StringConstraints

from jifen.api.access import needs
from jifen.api.bodies import Body
from jifen.api.problems import ProblemDetails, Refused, count_refused
from jifen.service.connectors.connections import change_connection, connection_of, make_connection, terms_of
from jifen.service.connectors.facts import Message, Terms
from jifen.service.connectors.intake import Outcome, retry, standing, take
from jifen.service.connectors.models import Connection, ForeignMessage
from jifen.service.current import current
from jifen.service.inbox import Result
from jifen.service.rights import Right

__all__ = [
    "ConnectionAnswer",
    "ConnectionChange",
    "ConnectionId",
    "ConnectionList",
    "Kind",
    "MessageAnswer",
    "MessageList",
    "NewConnection",
    "OrderAnswer",
    "OrderEvent",
    "OrderNumber",
    "Secret",
    "TakenAnswer",
    "create_connection",
    "incoming",
    "list_connections",
    "list_messages",
    "read_connection",
    "read_order",
    "receive",
    "retry_order",
    "router",
    "update_connection",
]

router, incoming = Router(tags=["connections"]), Router(tags=["connections"])

_MESSAGE_MOST = 1 << 20
_PAGE_MOST = 200
_WAIT_SECONDS = 2.0
"""How long one waits to be told what became of an order that enters again."""

ConnectionId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=20, pattern=r"^[a-z][a-z0-9-]*$"),
    Field(description="In the address, and before the ids of members and orders: `woo` in `woo:17`", examples=["woo"]),
]
OrderNumber = Annotated[
    str,
    StringConstraints(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_-]+$"),
    Field(description="The number of the order in the foreign shop", examples=["727"]),
]
Secret = Annotated[
    str,
    StringConstraints(min_length=1, max_length=10_000),
    Field(
        description="What signs messages; of Saleor the JWKS. It is never shown again",
        examples=["a-long-secret-of-yours"],
        json_schema_extra={"writeOnly": True},
    ),
]
Kind = Annotated[
    str,
    StringConstraints(min_length=1, max_length=40, pattern=r"^[a-z][a-z0-9_]*$"),
    Field(description="`woocommerce`, `shopify`, `saleor`, or another that is installed", examples=["woocommerce"]),
]


class NewConnection(Body):
    """A foreign shop that is to be connected."""

    id: ConnectionId
    kind: Kind
    secret: Secret
    terms: Terms = Terms()


class ConnectionChange(Body):
    """What is to be another way; what is left out stays as it is."""

    secret: Secret | None = None
    terms: Terms | None = None
    enabled: bool | None = None


class ConnectionAnswer(Schema):
    """A foreign shop that is connected."""

    id: str
    kind: str
    terms: Terms
    enabled: bool
    address: str = Field(description="Where the foreign shop sends to", examples=["/api/v1/incoming/woo"])
    created_at: datetime
    secret_since: datetime = Field(description="Since when its secret is what it is; the one before is good for a day")


class ConnectionList(Schema):
    """All connections: there are few of them."""

    items: list[ConnectionAnswer]
    next: None = None


class MessageAnswer(Schema):
    """What became of a message when it last came. Nothing of what it says is kept but the order's number."""

    number: int
    order: str = Field(description="The order that it is about, or empty", examples=["727"])
    topic: str = Field(description="As its header says, which nobody signed", examples=["order.updated"])
    outcome: Outcome
    code: str = Field(description="Why it was refused or set aside", examples=["wrong_currency"])
    times: int = Field(description="How often it came")
    first_at: datetime
    last_at: datetime


class MessageList(Schema):
    """A page of messages, the newest first."""

    items: list[MessageAnswer]
    next: str | None = Field(description="The cursor of the next page; null on the last one")


class TakenAnswer(Schema):
    """What became of a message."""

    outcome: Outcome
    code: str = Field(
        "", description="Why; `repeated` where it was taken before: it counts once", examples=["repeated"]
    )
    times: int = Field(1, description="How often it has come")


class OrderEvent(Schema):
    """An event that follows from an order, and what became of it."""

    id: str = Field(examples=["woo:727:refund:728"])
    event: str = Field(examples=["order_refunded"])
    state: Literal["pending", "accepted", "refused"]
    code: str = Field("", description="Why it is not in the log; empty if that is not known: let it enter again")
    message: str = ""


class OrderAnswer(Schema):
    """The events that follow from an order."""

    items: list[OrderEvent]


@incoming.post(
    "/{connection}", auth=None, summary="A message of a foreign shop",
    response={200: TakenAnswer, **dict.fromkeys((400, 403, 404, 411, 413, 422, 429, 503), ProblemDetails)},
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
    },
)  # fmt: skip
def receive(request: HttpRequest, connection: Path[ConnectionId]) -> TakenAnswer:
    """Take in a message as the foreign shop sent and signed it.

    It is answered with 200 whenever it is genuine, even if it cannot be used: the foreign shop would only send it
    again, and stop to send at last. The list of messages says what became of each.
    """
    body = request.read(_MESSAGE_MOST + 1)
    if len(body) > _MESSAGE_MOST:
        raise Refused("too_large", "a message has 1 MiB at most", "let the foreign shop send less with each")
    headers = {name.lower(): value for name, value in request.headers.items()}
    taken = take(connection, Message(headers, body), using=current())
    if taken.code == "repeated":
        count_refused("repeated")
    return TakenAnswer(outcome=taken.outcome, code=taken.code, times=taken.times)


@router.get("", summary="Connections", **needs(Right.CONNECT, answers=ConnectionList))
def list_connections(request: HttpRequest) -> ConnectionList:
    """All foreign shops that are connected."""
    rows = Connection.objects.using(current()).order_by("id")
    return ConnectionList(items=[_answer(row) for row in rows])


@router.post("", summary="Connect a shop", **needs(Right.CONNECT, answers=ConnectionAnswer))
def create_connection(request: HttpRequest, asked: NewConnection) -> ConnectionAnswer:
    """Connect a foreign shop under an id of your choice; who asks the same again gets the same answer."""
    return _answer(make_connection(asked.id, asked.kind, asked.secret, asked.terms, using=current()))


@router.get("/{connection}", summary="A connection", **needs(Right.CONNECT, answers=ConnectionAnswer))
def read_connection(request: HttpRequest, connection: Path[ConnectionId]) -> ConnectionAnswer:
    """What a connection is set to. Its secret is not shown."""
    return _answer(connection_of(connection, using=current()))


@router.patch("/{connection}", summary="Change a connection", **needs(Right.CONNECT, answers=ConnectionAnswer))
def update_connection(
    request: HttpRequest, connection: Path[ConnectionId], asked: ConnectionChange
) -> ConnectionAnswer:
    """Change its terms or its secret, or switch it off and on. Orders that are known keep the terms they had."""
    changes: dict[str, Any] = {
        name: getattr(asked, name) for name in ConnectionChange.model_fields if getattr(asked, name) is not None
    }
    return _answer(change_connection(connection, changes, using=current()))


@router.get("/{connection}/messages", summary="Messages", **needs(Right.CONNECT, answers=MessageList))
def list_messages(
    request: HttpRequest,
    connection: Path[ConnectionId],
    cursor: Annotated[str | None, Query(pattern=r"^[0-9]{1,18}$")] = None,
    limit: Annotated[int, Query(ge=1, le=_PAGE_MOST)] = 50,
) -> MessageList:
    """What became of the messages that came, the newest first."""
    found = connection_of(connection, using=current())
    rows = ForeignMessage.objects.using(current()).filter(connection=found).order_by("-id")
    page = list((rows if cursor is None else rows.filter(id__lt=int(cursor)))[: limit + 1])
    items = [
        MessageAnswer(
            number=row.id, order=row.order, topic=row.topic, outcome=cast("Outcome", row.outcome),
            code=row.code, times=row.times, first_at=row.first_at, last_at=row.last_at,
        )
        for row in page[:limit]
    ]  # fmt: skip
    return MessageList(items=items, next=str(items[-1].number) if len(page) > limit else None)


@router.get("/{connection}/orders/{order}", summary="An order", **needs(Right.CONNECT, answers=OrderAnswer))
def read_order(request: HttpRequest, connection: Path[ConnectionId], order: Path[OrderNumber]) -> OrderAnswer:
    """The events that follow from what is known of an order, and whether they are in the log."""
    return _order(connection, order, {})


@router.post(
    "/{connection}/orders/{order}/retry", summary="Let an order enter again",
    **needs(Right.CONNECT, answers=OrderAnswer),
)  # fmt: skip
def retry_order(request: HttpRequest, connection: Path[ConnectionId], order: Path[OrderNumber]) -> OrderAnswer:
    """Let the events of an order enter once more, after what stood against them was mended: each counts once."""
    results = retry(connection, order, using=current(), wait=_WAIT_SECONDS)
    return _order(connection, order, {result.key: result for result in results})


def _order(connection: str, order: str, results: dict[str, Result]) -> OrderAnswer:
    items = []
    for event, there in standing(connection, order, using=current()):
        result = results.get(event.id, there)
        items.append(
            OrderEvent(id=event.id, event=event.name, state=result.state, code=result.code, message=result.message)
        )
    return OrderAnswer(items=items)


def _answer(row: Connection) -> ConnectionAnswer:
    return ConnectionAnswer(
        id=row.id, kind=row.kind, terms=terms_of(row), enabled=row.enabled, address=f"/api/v1/incoming/{row.id}",
        created_at=row.created_at, secret_since=row.secret_since,
    )  # fmt: skip
