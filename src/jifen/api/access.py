"""Who asks, and whether they may: each operation says what it needs with ``needs``, and nothing is open without it.

An operation of a member is one with ``{member}`` in its path. Its own member may ask for it where it says ``own``;
``{member}`` may be ``me`` then.
"""

from typing import Any

from allauth.headless.internal.sessionkit import authenticate_by_x_session_token
from django.http import HttpRequest
from ninja.security.base import AuthBase

from jifen.api.limits import check_rate
from jifen.api.problems import ProblemDetails, Refused
from jifen.service.acting import act_as
from jifen.service.members.accounts import signed_in_as
from jifen.service.rights import Principal, Right
from jifen.service.staff.models import ApiKey

__all__ = ["Access", "member_of", "needs", "principal_of"]

_ANSWERS = (400, 401, 403, 404, 409, 411, 413, 422, 429, 503)


class Access(AuthBase):
    """Lets in those who have ``right``, and with ``own`` the member in the path. ``None``: whoever is signed in."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __init__(self, right: Right | None, *, own: bool = False) -> None:
        """Say what is needed."""
        super().__init__()
        self.right, self.own = right, own

    def __call__(self, request: HttpRequest) -> Principal:
        """Who asks; raises ``Refused`` (``not_signed_in``, ``not_allowed``)."""
        principal = _found(request)
        check_rate(request, principal)
        if principal is None:
            raise Refused("not_signed_in", "nobody is signed in", "send a key as `Authorization: Bearer …`, or sign in")
        request.principal = principal  # type: ignore[attr-defined]
        act_as(str(principal))
        if self.right is None or principal.may(self.right):
            return principal
        given = request.resolver_match.kwargs.get("member") if request.resolver_match else None
        if self.own and principal.kind == "member" and given in ("me", principal.name):
            return principal
        raise Refused("not_allowed", f"this needs the right {self.right}", "ask the owner of the shop for it")


def needs(right: Right | None, *, own: bool = False, answers: type[Any] | Any, status: int = 200) -> dict[str, Any]:
    """The options of an operation: who may ask, what it answers, and all the ways in which it is refused.

    ``@router.get("/members/{member}/balances", **needs(Right.BOOKS_READ, own=True, answers=Balances))``
    """
    return {
        "auth": Access(right, own=own),
        "response": {status: answers, **dict.fromkeys(_ANSWERS, ProblemDetails)},
        "openapi_extra": {"x-right": None if right is None else str(right), "x-own": own},
    }


def principal_of(request: HttpRequest) -> Principal:
    """The one who asks."""
    principal: Principal = request.principal  # type: ignore[attr-defined]
    return principal


def member_of(request: HttpRequest, member: str) -> str:
    """The member that a path means: ``me`` is the one who asks."""
    return principal_of(request).name if member == "me" else member


def _found(request: HttpRequest) -> Principal | None:
    """A key goes before a session."""
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        key = ApiKey.of(text.strip())
        return None if key is None else key.principal()
    token = request.headers.get("X-Session-Token", "")
    found = authenticate_by_x_session_token(token) if token else None
    if found is None:
        return None
    account, request.session = found
    return signed_in_as(account, request.session)
