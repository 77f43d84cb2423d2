"""Signing in, which allauth answers: each refusal has a stable code beside what allauth says, and is counted by it.

Requests that try a code are answered one after the other where they are of one session. Otherwise who sends a hundred
at once would have a hundred tries, since each would see the count from before the others.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from jifen.api.problems import PROBLEM_TYPE, count_refused
from jifen.service.current import current

__all__ = ["in_turn", "with_code"]

_TRIES = ("/auth/phone/verify", "/auth/code/confirm", "/auth/2fa/authenticate")
"""Where a code is tried."""
_RESENT = ("/auth/phone/verify/resend", "/auth/code/resend")
_CODES = {401: "not_signed_in", 403: "not_allowed", 404: "not_found", 410: "not_signed_in", 429: "too_many"}
_OURS = {
    "bad_invite_code": "bad_invite_code", "bad_number": "bad_number", "incorrect_code": "wrong_code",
    "phone_password_mismatch": "wrong_password", "phone_taken": "number_taken", "too_many_login_attempts": "too_many",
}  # fmt: skip
"""Our code for one of allauth's, or of our own forms; all others are ``bad_request``."""


@contextmanager
def in_turn(request: HttpRequest) -> Iterator[None]:
    """Hold the session in which a code is tried, inside of a ``with``."""
    token = request.headers.get("X-Session-Token", "")
    if not token or not request.path_info.endswith(_TRIES):
        yield
        return
    using = current()
    with transaction.atomic(using=using):
        Session.objects.using(using).select_for_update().filter(session_key=token).first()
        yield


def with_code(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase | None:
    """An answer of allauth's, with our ``code`` in it if it refuses; ``None`` for what is none of its answers."""
    kind = response.headers.get("Content-Type", "")
    if response.status_code < 400 or kind.startswith(PROBLEM_TYPE):
        return response
    if not isinstance(response, HttpResponse) or not kind.startswith("application/json"):
        return None
    said = json.loads(response.content)
    code = _code(request, response.status_code, said)
    if code:
        count_refused(code)
        response.content = json.dumps({**said, "code": code}).encode()
        response["Content-Length"] = str(len(response.content))
    return response


def _code(request: HttpRequest, status: int, said: dict[str, Any]) -> str:
    """Why it is refused; empty where signing in only goes on, which allauth says with 401."""
    if status == 401 and any(flow.get("is_pending") for flow in said.get("data", {}).get("flows", ())):
        return ""
    errors = said.get("errors") or [{}]
    if status == 409:
        known = _OURS.get(errors[0].get("code", ""))
        return known or ("code_over" if request.path_info.endswith(_TRIES + _RESENT) else "signed_in")
    return _CODES.get(status) or _OURS.get(errors[0].get("code", ""), "bad_request")
