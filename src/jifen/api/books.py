"""What the books have of a member: balances, statement, and open lots with what is released tomorrow."""

from datetime import date

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from jifen.api.access import member_of, needs
from jifen.api.amounts import Id, Sum
from jifen.api.reading import Cursor, Size, as_date, readers
from jifen.service.reads import balances
from jifen.service.rights import Right

__all__ = ["router"]

router = Router(tags=["books"])

_BATCH = Field(description="The last batch of the books that it has: it grows with time", examples=[17])


class Balance(Schema):
    """What a member has of one asset in one kind of account; a debt is below zero."""

    kind: str = Field(description="`wallet`, `pending` until a withdrawal ends, `claim` in open lots, `weight`")
    asset: str = Field(examples=["cash"])
    amount: Sum


class Balances(Schema):
    """All that a member has."""

    member: str
    items: list[Balance]
    batch: int = _BATCH


@router.get("/{member}/balances", summary="Balances", **needs(Right.BOOKS_READ, own=True, answers=Balances))
def read_balances(request: HttpRequest, member: Id) -> Balances:
    """What the member has, of each asset and kind of account."""
    name = member_of(request, member)
    found = balances(name, readers().directory)
    items = [Balance(kind=kind, asset=asset, amount=amount) for (kind, asset), amount in found.amounts.items()]
    return Balances(member=name, items=items, batch=found.batch)


class Side(Schema):
    """One side of a movement: a kind of account, and whose it is."""

    kind: str = Field(examples=["reserve"])
    holder: str | None = Field(None, description="The pool or store; a member only if it is the one asked about")


class Entry(Schema):
    """A line of a statement."""

    day: date
    account: str
    asset: str
    amount: Sum = Field(description="Below zero where it leaves the account")
    other: Side = Field(description="Where it comes from, or goes to")
    rule: str = Field(description="The rule that moved it", examples=["daily_release"])
    reason: str | None = Field(None, description="Of what a refund takes back: the rule that had paid it")
    order: str | None = Field(None, description="The order because of which it moved, on the day that is open")
    batch: int
    version: int = Field(description="The place of the plan version that decided")


class Statement(Schema):
    """A page of a statement, newest first."""

    items: list[Entry]
    next: str | None = Field(description="The cursor of the next page, the older lines")
    batch: int = _BATCH
    open_day: date = Field(description="The day that was open then")


@router.get("/{member}/statement", summary="Statement", **needs(Right.BOOKS_READ, own=True, answers=Statement))
def read_statement(request: HttpRequest, member: Id, cursor: Cursor = None, size: Size = 50) -> Statement:
    """The member's lines, the newest first; a cursor stays good while new lines arrive."""
    name = member_of(request, member)
    page = readers().statements.page(name, older=cursor, size=size)
    items = [
        Entry(
            day=as_date(each.day), account=each.account.kind, asset=each.asset, amount=each.amount,
            other=Side(kind=each.other.kind, holder=_shown(each.other.kind, each.other.holder, name)), rule=each.rule,
            reason=each.reason, order=each.order, batch=each.batch, version=each.version,
        )
        for each in page.entries
    ]  # fmt: skip
    return Statement(items=items, next=page.older, batch=page.as_of.batch, open_day=as_date(page.as_of.day))


def _shown(kind: str, holder: str | None, member: str) -> str | None:
    """Who is on the other side; another member is nobody's business."""
    return None if kind in _MEMBERS_OWN and holder != member else holder


_MEMBERS_OWN = ("wallet", "pending", "claim", "weight")


class Lot(Schema):
    """An open lot; amounts are units of its store."""

    store: str
    cause: str = Field(description="The order, or the event, that granted it")
    granted: Sum
    remaining: Sum
    daily: Sum = Field(description="What it releases a day; 0 for one that releases otherwise")
    eligible_from: date = Field(description="The day from which it releases")
    next_release: Sum = Field(
        description="What its schedule releases of it when the open day is closed, if there is money for all of it"
    )


class Lots(Schema):
    """Open lots, oldest first, as of the last close."""

    items: list[Lot]
    day: date | None = Field(description="As of the start of this day; null before the first close")
    next_release: dict[str, Sum] = Field(description="By store what is released of all lots with the next close")


@router.get("/{member}/lots", summary="Open lots", **needs(Right.BOOKS_READ, own=True, answers=Lots))
def read_lots(request: HttpRequest, member: Id) -> Lots:
    """The member's open lots, and what will be released of them tomorrow: with the close of the open day.

    Walks and other rewards that take from lots as well are not in it: they depend on what others do.
    """
    asked, name = readers(), member_of(request, member)
    asked.directory.member(name)
    found = asked.lots.of(name)
    total: dict[str, int] = {}
    for lot in found.lots:
        total[lot.store] = total.get(lot.store, 0) + lot.next_release(found.day or 0)
    items = [
        Lot(
            store=each.store, cause=each.cause, granted=each.granted, remaining=each.remaining, daily=each.daily,
            eligible_from=as_date(each.eligible_from), next_release=each.next_release(found.day or 0),
        )
        for each in found.lots
    ]  # fmt: skip
    return Lots(items=items, day=None if found.day is None else as_date(found.day), next_release=total)
