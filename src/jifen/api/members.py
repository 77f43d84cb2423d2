"""Members 会员: their accounts, who brought them, and their personal data, masked unless somebody may see it."""

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field

from jifen.api.access import member_of, needs, principal_of
from jifen.api.bodies import Body
from jifen.api.problems import Refused
from jifen.core.errors import InputError, Problem
from jifen.service.current import current
from jifen.service.members.accounts import account_of, change_password, make_account, sign_out
from jifen.service.members.models import Account
from jifen.service.members.personal import erase, is_erased, keep_person, personal, shown_person
from jifen.service.rights import Right
from jifen.service.sign_in.joining import join

__all__ = ["router"]

router = Router(tags=["members"])

_PAGE = 50
_MOST = 200
_Code = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@+-]*$")]
_Line = Annotated[str, Field(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]


class MemberAnswer(Schema):
    """A member's account."""

    member: str = Field(description="The id in the books", examples=["7kx3mw2qhvra"])
    phone: str = Field(description="Masked", examples=["138****8000"])
    active: bool = Field(description="False if the account is locked or erased: nobody can sign in")
    erased: bool
    joined_at: datetime
    invite_code: str = Field(description="What a new member gives to be placed below this one", examples=["m4tq8w"])
    sponsor: str | None = Field(description="Who brought this member", examples=["w9d2kq5hnvra"])
    name: str = Field(description="Masked", examples=["王*"])
    bank: str = Field(examples=["招商银行"])
    bank_account: str = Field(description="Masked", examples=["6214****1234"])


class MembersPage(Schema):
    """Some members, the newest first."""

    items: list[MemberAnswer]
    next: str | None = Field(description="The cursor of the next page, if there is one")


class Registration(Body):
    """Somebody whom the shop knows, and who has said to be 18 or over."""

    phone: Annotated[str, Field(min_length=5, max_length=32, examples=["13800138000"])]
    invite_code: _Code | None = Field(None, description="Of the member who brought this one", examples=["m4tq8w"])
    adult: bool = Field(description="The member has said to be 18 or over")


class PersonBody(Body):
    """What is known of the person: fields that are left out stay as they are, an empty text takes one away."""

    name: _Line | None = Field(None, examples=["王小明"])
    id_number: _Line | None = Field(None, description="Of the identity card", examples=["110101199003070000"])
    bank: _Line | None = Field(None, examples=["招商银行"])
    bank_account: _Line | None = Field(None, examples=["6225880000000000"])


class PersonalAnswer(Schema):
    """All personal data of one person, in full."""

    member: str
    phone: str
    phone_verified: bool
    phone_country: str
    joined_at: datetime
    sponsor: str | None
    invite_code: str
    name: str
    id_number: str
    bank: str
    bank_account: str


class PasswordBody(Body):
    """Another password."""

    password: Annotated[str, Field(min_length=8, max_length=128, pattern=r"^[^\x00]*$", examples=["seven blue herons"])]


class Done(Schema):
    """It is done."""

    done: bool


class Locking(Body):
    """Whether the account is locked."""

    locked: bool


@router.get("", summary="Members", **needs(Right.MEMBERS_READ, answers=MembersPage))
def list_members(
    request: HttpRequest,
    cursor: Annotated[str | None, Field(pattern=r"^[0-9]{1,18}$")] = None,
    size: Annotated[int, Field(ge=1, le=_MOST)] = _PAGE,
) -> dict[str, Any]:
    """The accounts of members, the newest first, masked."""
    rows = Account.objects.filter(role="").select_related("sponsor", "person").order_by("-id")
    if cursor is not None:
        rows = rows.filter(id__lt=int(cursor))
    found = list(rows[: size + 1])
    return {
        "items": [_shown(account) for account in found[:size]],
        "next": str(found[size - 1].pk) if len(found) > size else None,
    }


@router.post("", summary="Register a member", **needs(Right.MEMBERS_WRITE, answers=MemberAnswer, status=201))
def register_member(request: HttpRequest, body: Registration) -> Any:
    """Make the account of somebody whom the shop knows. The first sign-in by a code shows whose the number is."""
    if not body.adult:
        raise InputError(Problem("not_adult", "members are 18 or over", "ask the member", column="adult"))
    sponsor = _sponsor(body.invite_code) if body.invite_code else None
    account = make_account(body.phone, sponsor=sponsor, using=current())
    join(account, using=current())
    return Status(201, _shown(account))


@router.get("/{member}", summary="A member", **needs(Right.MEMBERS_READ, own=True, answers=MemberAnswer))
def read_member(request: HttpRequest, member: _Code) -> dict[str, Any]:
    """A member's account, masked."""
    return _shown(_member(request, member))


@router.put("/{member}/lock", summary="Lock an account", **needs(Right.MEMBERS_WRITE, answers=MemberAnswer))
def lock_member(request: HttpRequest, member: _Code, body: Locking) -> dict[str, Any]:
    """Lock the account of a member, whose sessions end; or open it again. The books go on either way."""
    account = _member(request, member)
    if is_erased(account):
        raise InputError(Problem("erased", "this member has been erased", "the member may sign up anew"))
    account.is_active = not body.locked
    account.save()
    sign_out(account)
    return _shown(account)


@router.put("/{member}/person", summary="Who a member is", **needs(Right.PERSONAL_READ, own=True, answers=MemberAnswer))
def write_person(request: HttpRequest, member: _Code, body: PersonBody) -> dict[str, Any]:
    """Keep name and bank account, sealed. Only the member does that, or who may see personal data."""
    account = _member(request, member)
    keep_person(account, body.dict(exclude_none=True))
    return _shown(account)


@router.put("/{member}/password", summary="Change the password", **needs(Right.PERSONAL_ERASE, own=True, answers=Done))
def write_password(request: HttpRequest, member: _Code, body: PasswordBody) -> dict[str, bool]:
    """Give oneself another password, within ten minutes of a sign-in by code; all sessions end."""
    account = _member(request, member)
    if not principal_of(request).is_member(account.code):
        raise Refused("not_allowed", "a password is the member's own affair", "lock the account instead")
    change_password(account, request.session, body.password)
    return {"done": True}


@router.get("/{member}/personal", **needs(Right.PERSONAL_READ, own=True, answers=PersonalAnswer))
def read_personal(request: HttpRequest, member: _Code) -> dict[str, Any]:
    """All that is known of one person, in full: what a person may ask for."""
    return personal(_member(request, member))


@router.delete("/{member}/personal", **needs(Right.PERSONAL_ERASE, own=True, answers=MemberAnswer))
def erase_personal(request: HttpRequest, member: _Code, confirm: _Code) -> dict[str, Any]:
    """Forget a person, for good. ``confirm`` is the member's id. The books keep an id that says nothing."""
    account = _member(request, member)
    if confirm != account.code:
        raise InputError(Problem("not_confirmed", "this is not the member's id", "repeat the id", column="confirm"))
    erase(account, using=current())
    return _shown(account)


def _member(request: HttpRequest, member: str) -> Account:
    account = account_of(member_of(request, member), using=current())
    if account.role:
        raise InputError(Problem("unknown_member", "there is no such member", "look for another id"))
    return account


def _sponsor(invite_code: str) -> Account:
    found = Account.objects.filter(invite_code=invite_code, phone_verified=True, role="").first()
    if found is None:
        message = "nobody has this invite code"
        raise InputError(Problem("bad_invite_code", message, "ask the sponsor", column="invite_code"))
    return found


def _shown(account: Account) -> dict[str, Any]:
    return {
        "member": account.code, "active": account.is_active, "erased": is_erased(account),
        "joined_at": account.joined_at, "invite_code": account.invite_code,
        "sponsor": account.sponsor.code if account.sponsor else None, **shown_person(account),
    }  # fmt: skip
