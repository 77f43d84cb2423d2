"""The staff: who is of it, keys of machines, deeds of the desk that may need a second person, and the history."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal

from django.conf import settings
from django.http import HttpRequest
from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field

from jifen.api.access import needs, principal_of
from jifen.api.amounts import Amount, NotNegative, Sum
from jifen.api.bodies import Body
from jifen.api.problems import Refused
from jifen.core.errors import InputError, Problem
from jifen.service.current import current
from jifen.service.members.accounts import shown_number
from jifen.service.members.models import Account
from jifen.service.rights import Right, Role
from jifen.service.staff import changes, deeds, people
from jifen.service.staff.models import ApiKey, Deed
from jifen.service.status.overview import readers_of

__all__ = ["router"]

router = Router(tags=["staff"])

_Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@+-]*$")]
_Line = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Wait = Annotated[float, Field(ge=0, le=10, description="Seconds to wait for the writer")]
_Kind = Literal["store_adjusted", "member_moved", "rank_set", "agent_set", "liability_booked", "pool_donated",
                "reserve_topped_up"]  # fmt: skip


class StaffAnswer(Schema):
    """Somebody of the staff."""

    code: str = Field(examples=["7kx3mw2qhvra"])
    role: Role
    phone: str = Field(description="Masked", examples=["138****8000"])
    active: bool
    joined_at: datetime


class NewStaff(Body):
    """Somebody to take on."""

    phone: Annotated[str, Field(min_length=5, max_length=32, examples=["13800138000"])]
    role: Role


class RoleBody(Body):
    """Another role."""

    role: Role


class LockBody(Body):
    """Whether the account is locked."""

    locked: bool


class KeyAnswer(Schema):
    """A key, without its secret."""

    id: str = Field(examples=["5f01c27a9be4"])
    name: str = Field(examples=["till 1"])
    scopes: list[Right]
    made_by: str = Field(examples=["staff:7kx3mw2qhvra"])
    created_at: datetime
    revoked_at: datetime | None


class MadeKey(KeyAnswer):
    """A key that has just been made."""

    key: str = Field(description="Shown this once: keep it", examples=["jk_5f01c27a9be4_…"])


class NewKey(Body):
    """A key to be made, with rights that its maker has."""

    name: _Line = Field(description="What it is for", examples=["till 1"])
    scopes: Annotated[list[Right], Field(min_length=1, max_length=len(Right))]


class DeedBody(Body):
    """A deed: its kind, and the facts that this kind has."""

    id: _Id = Field(description="Chosen by who asks: the same one counts once", examples=["d-1"])
    kind: _Kind
    reason: _Line = Field(examples=["the till was down on 31 March"])
    member: _Id | None = Field(None, examples=["ann"])
    referrer: _Id | None = Field(None, description="Of `member_moved`: the new sponsor", examples=["bob"])
    store: _Id | None = Field(None, description="Of `store_adjusted`", examples=["points"])
    pool: _Id | None = Field(None, description="Of `pool_donated`", examples=["dividend"])
    rank: _Id | None = Field(None, description="Of `rank_set`", examples=["v1"])
    region: _Id | None = Field(None, description="Of `agent_set`", examples=["330100"])
    amount: Amount | None = None
    base: Amount | None = None
    value: Amount | None = None


class DeedAnswer(Schema):
    """A deed and how it stands."""

    id: str
    kind: str
    event: dict[str, Any] = Field(description="The event, amounts in micro-units")
    reason: str
    state: deeds.State
    asked_by: str
    asked_at: datetime
    decided_by: str
    decided_at: datetime | None
    code: str = Field(description="Why the writer refused it")
    number: int | None = Field(description="Its event's place in the log")


class DeedsPage(Schema):
    """Some deeds, the newest first."""

    items: list[DeedAnswer]
    next: str | None


class Decision(Body):
    """What the second person says."""

    agree: bool


class Limits(Body):
    """Above which a second person is needed."""

    points: NotNegative = Field(description="Added to, or taken from, one member by hand")
    reserve: NotNegative = Field(description="Put into the reserve or a pool")
    moved: Annotated[int, Field(ge=0, le=1_000_000_000)] = Field(description="People who are moved together")


class LimitsAnswer(Schema):
    """Above which a second person is needed."""

    points: Sum
    reserve: Sum
    moved: int


class ChangeAnswer(Schema):
    """A change of a row: the fields that differ, before and after."""

    at: datetime
    who: str = Field(examples=["staff:7kx3mw2qhvra", "key:5f01c2", "console"])
    table: str
    row: str = Field(
        description="Its id: of an account and a person the member's or the staff's", examples=["7kx3mw2qhvra"]
    )
    kind: Literal["made", "changed", "deleted"]
    before: dict[str, Any]
    after: dict[str, Any]
    reason: str = Field(description="What the fields do not show: `password changed`, a second factor set up")


class ChangesPage(Schema):
    """Some changes, the newest first."""

    items: list[ChangeAnswer]
    next: str | None


@router.get("/people", summary="The staff", **needs(Right.STAFF_MANAGE, answers=list[StaffAnswer]))
def list_staff(request: HttpRequest) -> list[dict[str, Any]]:
    """All who are of the staff, or were."""
    return [_shown(account) for account in people.staff_of(current())]


@router.post("/people", summary="Take somebody on", **needs(Right.STAFF_MANAGE, answers=StaffAnswer, status=201))
def add_staff(request: HttpRequest, body: NewStaff) -> Any:
    """Make an account of the staff. Its rights begin when a second factor is set up at the first sign-in by code."""
    return Status(201, _shown(people.add(body.phone, body.role, using=current())))


@router.put("/people/{code}/role", summary="Another role", **needs(Right.STAFF_MANAGE, answers=StaffAnswer))
def write_role(request: HttpRequest, code: _Id, body: RoleBody) -> dict[str, Any]:
    """Give somebody another role; the last owner stays one. Sessions end."""
    return _shown(people.set_role(code, body.role, using=current()))


@router.put("/people/{code}/lock", summary="Lock somebody out", **needs(Right.STAFF_MANAGE, answers=StaffAnswer))
def lock_staff(request: HttpRequest, code: _Id, body: LockBody) -> dict[str, Any]:
    """Let somebody in no more, or again. Sessions end, and the keys that he made are revoked."""
    return _shown(people.lock(code, locked=body.locked, using=current()))


@router.get("/keys", summary="Keys", **needs(Right.STAFF_MANAGE, answers=list[KeyAnswer]))
def list_keys(request: HttpRequest) -> Any:
    """All keys, the newest first, without their secrets."""
    return ApiKey.objects.order_by("-created_at", "id")


@router.post("/keys", summary="Make a key", **needs(Right.STAFF_MANAGE, answers=MadeKey, status=201))
def make_key(request: HttpRequest, body: NewKey) -> Any:
    """Make a key, with rights that its maker has. Its text is shown this once."""
    beyond = sorted(set(body.scopes) - principal_of(request).rights)
    if beyond:
        raise Refused("not_allowed", f"a key has no more rights than its maker: {', '.join(beyond)}", "leave them out")
    key, text = ApiKey.make(body.name, sorted(set(body.scopes)), current())
    return Status(201, {**KeyAnswer.from_orm(key).model_dump(), "key": text})


@router.delete("/keys/{id}", summary="Revoke a key", **needs(Right.STAFF_MANAGE, answers=KeyAnswer))
def revoke_key(request: HttpRequest, id: _Id) -> ApiKey:  # noqa: A002
    """Let nobody in with a key any more, from this moment on."""
    key = ApiKey.objects.filter(id=id).first()
    if key is None:
        raise InputError(Problem("not_found", "there is no such key", "look for another id"))
    if key.revoked_at is None:
        key.revoke()
    return key


@router.post("/deeds", summary="Ask for a deed", **needs(None, answers=DeedAnswer))
def ask_deed(request: HttpRequest, body: DeedBody, wait: _Wait = 0.0) -> dict[str, Any]:
    """Ask for a deed of the desk. Up to the limits it is done at once, above them it waits for a second person."""
    right = deeds.right_for(body.kind)
    if not principal_of(request).may(right):
        raise Refused("not_allowed", f"this needs the right {right}", "ask the owner of the shop for it")
    facts = body.dict(exclude={"id", "kind", "reason"}, exclude_none=True)
    if body.kind in ("rank_set", "agent_set"):  # where nothing is said, it is taken back
        facts.setdefault("rank" if body.kind == "rank_set" else "region", None)
    event = deeds.event_of_deed(body.id, body.kind, _micros(body, facts))
    lots = readers_of(current(), settings.SETTINGS.var).lots
    return _deed(deeds.ask(event, body.reason, lots, using=current(), wait=wait))


@router.get("/deeds", summary="Deeds", **needs(Right.HISTORY_READ, answers=DeedsPage))
def list_deeds(
    request: HttpRequest,
    state: deeds.State | None = None,
    cursor: _Id | None = None,
    size: Annotated[int, Field(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """Deeds by id, backwards."""
    rows = Deed.objects.order_by("-id")
    rows = rows.filter(state=state) if state else rows
    found = list((rows.filter(id__lt=cursor) if cursor else rows)[: size + 1])
    return {"items": [_deed(deed) for deed in found[:size]], "next": found[size - 1].id if len(found) > size else None}


@router.post("/deeds/{id}/decision", summary="Decide a deed", **needs(Right.APPROVE, answers=DeedAnswer))
def decide_deed(request: HttpRequest, id: _Id, body: Decision, wait: _Wait = 0.0) -> dict[str, Any]:  # noqa: A002
    """Agree to a deed that waits, or reject it: not by the one who asked."""
    return _deed(deeds.decide(id, principal_of(request), agree=body.agree, using=current(), wait=wait))


@router.get("/limits", summary="Limits of the desk", **needs(Right.HISTORY_READ, answers=LimitsAnswer))
def read_limits(request: HttpRequest) -> Any:
    """Above which a second person is needed."""
    return deeds.limits(current())


@router.put("/limits", summary="Set the limits", **needs(Right.STAFF_MANAGE, answers=LimitsAnswer))
def write_limits(request: HttpRequest, body: Limits) -> Any:
    """Set above which a second person is needed."""
    return deeds.set_limits(body.points, body.reserve, body.moved, using=current())


@router.get("/history", summary="History", **needs(Right.HISTORY_READ, answers=ChangesPage))
def read_history(
    request: HttpRequest,
    who: Annotated[str, Field(max_length=80, pattern=r"^[^\x00]*$")] = "",
    table: Annotated[str, Field(max_length=40, pattern=r"^[a-z_]*$")] = "",
    row: Annotated[str, Field(max_length=64, pattern=r"^[^\x00]*$")] = "",
    cursor: Annotated[str | None, Field(max_length=120, pattern=r"^[^\x00]*$")] = None,
    size: Annotated[int, Field(ge=1, le=200)] = 50,
) -> Any:
    """Who changed what when, from what, into what; newest first."""
    return changes.changes(who=who, table=table, row=row, cursor=cursor, size=size, using=current())


def _micros(body: DeedBody, facts: dict[str, Any]) -> dict[str, Any]:
    """The facts with amounts as they are inside."""
    return {**facts, **{name: getattr(body, name) for name in ("amount", "base", "value") if name in facts}}


def _deed(deed: Deed) -> dict[str, Any]:
    return {**{name: getattr(deed, name) for name in DeedAnswer.model_fields if name != "event"},
            "event": json.loads(deed.event)}  # fmt: skip


def _shown(account: Account) -> dict[str, Any]:
    return {"code": account.code, "role": account.role, "phone": shown_number(account), "active": account.is_active,
            "joined_at": account.joined_at}  # fmt: skip
