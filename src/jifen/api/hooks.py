"""Webhooks: where the shop tells other systems what has happened, and what became of each message."""

from datetime import UTC, datetime
from typing import Annotated

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field, StringConstraints

from jifen.api.access import needs
from jifen.api.bodies import Body
from jifen.service.current import current
from jifen.service.hooks import endpoints
from jifen.service.hooks.addresses import LONGEST
from jifen.service.hooks.messages import HookType
from jifen.service.hooks.models import Delivery, Endpoint, State
from jifen.service.rights import Right

__all__ = [
    "Change", "DeliveryAnswer", "DeliveryPage", "DeliveryQuery", "HookAnswer", "HookMade", "HookPage", "NewHook",
    "NewSecret", "Replay", "Replayed", "Rotation", "change_hook", "list_deliveries", "list_hooks", "make_hook",
    "ping_hook", "read_hook", "remove_hook", "replay_hook", "rotate_hook", "router",
]  # fmt: skip

router = Router(tags=["webhooks"])

_Id = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$")]
_Url = Annotated[str, StringConstraints(min_length=8, max_length=LONGEST, pattern=r"^https?://[!-~]+$")]
_Types = Annotated[list[HookType], Field(max_length=len(HookType))]
_ALL = "What it is told of; an empty list: all"
_PAGE = 50
_HIGHEST = (1 << 63) - 1


class NewHook(Body):
    """An endpoint that is to be made."""

    id: _Id = Field(description="Chosen by you: to ask twice is to ask once", examples=["warehouse"])
    url: _Url = Field(description="By https, and not in a private network", examples=["https://erp.example/jifen"])
    types: _Types = Field([], description=_ALL)


class Change(Body):
    """What is to change; the rest stays."""

    url: _Url | None = Field(None, examples=["https://erp.example/jifen"])
    types: _Types | None = None
    active: bool | None = Field(None, description="True: go on where it stopped")


class HookAnswer(Schema):
    """An endpoint."""

    id: str = Field(examples=["warehouse"])
    url: str = Field(examples=["https://erp.example/jifen"])
    types: list[HookType]
    active: bool
    why: str = Field(description="Why the shop itself sends no more: `gone` (it answered 410) or `failing` for 5 days")
    failing_since: datetime | None
    created_at: datetime


class HookMade(HookAnswer):
    """An endpoint, with the secret by which it knows that a message is ours."""

    secret: str = Field(description="Keep it where nobody sees it", examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])


class HookPage(Schema):
    """All endpoints: there are 20 at most."""

    items: list[HookAnswer]
    next: str | None = None


class Rotation(Body):
    """For how long the old secret signs too."""

    overlap_hours: int = Field(endpoints.OVERLAP_HOURS, ge=0, le=168)


class NewSecret(Schema):
    """A secret that has just been made."""

    secret: str


class DeliveryAnswer(Schema):
    """A message to an endpoint."""

    id: int
    message: str = Field(description="As in the header `webhook-id`", examples=["msg_1204"])
    type: str
    state: State
    attempts: int
    next_at: datetime | None = Field(description="When it is tried next, where it waits")
    status: int | None = Field(description="The status of the last answer")
    error: str = Field(description="Why there was no answer: `timeout`, `tls`, `unreachable`, `bad_answer`, …")
    made_at: datetime
    ended_at: datetime | None


class DeliveryQuery(Schema):
    """Which messages, and which page of them."""

    state: State | None = None
    cursor: Annotated[str, StringConstraints(max_length=19, pattern=r"^[0-9]+$")] | None = None
    limit: int = Field(_PAGE, ge=1, le=500)


class DeliveryPage(Schema):
    """Messages, the newest first."""

    items: list[DeliveryAnswer]
    next: str | None = None


class Replay(Body):
    """What is to be sent again."""

    deliveries: list[Annotated[int, Field(ge=1, le=_HIGHEST)]] = Field(
        [], max_length=500, description="Their ids; an empty list: all dead letters"
    )


class Replayed(Schema):
    """How much is sent again."""

    count: int


@router.get("", summary="Endpoints", **needs(Right.CONNECT, answers=HookPage))
def list_hooks(request: HttpRequest) -> HookPage:
    """All endpoints, without their secrets."""
    return HookPage(items=[_shown(each) for each in Endpoint.objects.using(current()).order_by("id")])


@router.post("", summary="Make an endpoint", **needs(Right.CONNECT, answers=HookMade, status=201))
def make_hook(request: HttpRequest, body: NewHook) -> Status[HookMade]:
    """Make an endpoint, which is told of all that happens from now on. Asked again, it answers the same."""
    made = endpoints.make_endpoint(body.id, body.url, body.types, using=current())
    return Status(201, HookMade(**_shown(made).dict(), secret=endpoints.secret_of(made)))


@router.get("/{hook}", summary="An endpoint", **needs(Right.CONNECT, answers=HookAnswer))
def read_hook(request: HttpRequest, hook: _Id) -> HookAnswer:
    """An endpoint, without its secret."""
    return _shown(endpoints.endpoint_of(hook, using=current()))


@router.patch("/{hook}", summary="Change an endpoint", **needs(Right.CONNECT, answers=HookAnswer))
def change_hook(request: HttpRequest, hook: _Id, body: Change) -> HookAnswer:
    """Change the address or the types, or stop and start it."""
    changed = endpoints.change_endpoint(hook, url=body.url, types=body.types, active=body.active, using=current())
    return _shown(changed)


@router.delete("/{hook}", summary="Remove an endpoint", **needs(Right.CONNECT, answers=None, status=204))
def remove_hook(request: HttpRequest, hook: _Id) -> Status[None]:
    """Remove an endpoint, and all that waits for it."""
    endpoints.remove_endpoint(hook, using=current())
    return Status(204, None)


@router.post("/{hook}/secret", summary="Make a new secret", **needs(Right.CONNECT, answers=NewSecret))
def rotate_hook(request: HttpRequest, hook: _Id, body: Rotation) -> NewSecret:
    """Make a new secret. For a while messages are signed with the old one too, so that none is refused meanwhile."""
    now = datetime.now(UTC)
    return NewSecret(secret=endpoints.rotate_secret(hook, now, hours=body.overlap_hours, using=current()))


@router.post("/{hook}/ping", summary="Send a test", **needs(Right.CONNECT, answers=DeliveryAnswer, status=202))
def ping_hook(request: HttpRequest, hook: _Id) -> Status[DeliveryAnswer]:
    """Send a message of type `ping`; what became of it is seen among the deliveries."""
    return Status(202, _delivery(endpoints.ping(hook, datetime.now(UTC), using=current())))


@router.get("/{hook}/deliveries", summary="Messages to an endpoint", **needs(Right.CONNECT, answers=DeliveryPage))
def list_deliveries(request: HttpRequest, hook: _Id, asked: Query[DeliveryQuery]) -> DeliveryPage:
    """Messages and what became of them, the newest first; `state=dead` shows dead letters."""
    found = endpoints.endpoint_of(hook, using=current()).deliveries.using(current()).order_by("-id")
    if asked.state is not None:
        found = found.filter(state=asked.state.value)
    if asked.cursor is not None:
        found = found.filter(id__lt=min(int(asked.cursor), _HIGHEST))
    rows = list(found[: asked.limit + 1])
    more = len(rows) > asked.limit
    return DeliveryPage(
        items=[_delivery(each) for each in rows[: asked.limit]], next=str(rows[asked.limit - 1].id) if more else None
    )


@router.post("/{hook}/replay", summary="Send messages again", **needs(Right.CONNECT, answers=Replayed))
def replay_hook(request: HttpRequest, hook: _Id, body: Replay) -> Replayed:
    """Send dead letters again, or messages that are named; each keeps its `webhook-id`."""
    return Replayed(count=endpoints.replay(hook, body.deliveries, datetime.now(UTC), using=current()))


def _shown(endpoint: Endpoint) -> HookAnswer:
    return HookAnswer.from_orm(endpoint)


def _delivery(delivery: Delivery) -> DeliveryAnswer:
    answer = DeliveryAnswer.from_orm(delivery)
    answer.next_at = delivery.next_at if delivery.state == State.WAITING else None
    return answer
