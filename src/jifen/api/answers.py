"""What stands around every request to the API, whoever answers it: how much may be sent, and what an answer looks like.

Whatever is refused under ``/api/`` is told as problem details, be it Django or ninja that refuses it. What is read has
an ``ETag``: who sends it back in ``If-None-Match`` is told 304 as long as nothing has changed.
"""

import json
from collections.abc import Callable
from typing import cast

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers, set_response_etag
from prometheus_client import Counter

from jifen.api.problems import PROBLEM_TYPE, problem_answer
from jifen.service.counters import COUNTS

__all__ = ["BODY_MOST", "FILE_MOST", "Answers"]

_Answer = Callable[[HttpRequest], HttpResponseBase]

BODY_MOST, FILE_MOST = 2 << 20, 64 << 20
"""Bytes of a body, and of one that has files."""
_ADDRESSES, _SIGN_IN = "/api/", "/_allauth/"
_OVER = {
    409: ("code_over", "nothing waits for this: the code has been used, is too old, or was wrong too often"),
    429: ("too_many", "too many requests"),
}
_REFUSED = Counter("jifen_sign_in_refused", "Requests for signing in that were refused.", ["code"], registry=COUNTS)
_CODES = {404: "not_found", 405: "bad_method", 413: "too_large", 415: "bad_media_type"}


class Answers:
    """A middleware for what stands under ``/api/``; all else goes by as it is."""

    def __init__(self, answer: _Answer) -> None:
        """Stand around all that answers."""
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer; a body that is too large is not read."""
        if request.path_info.startswith(_SIGN_IN):
            return _told_of_signing_in(self.answer(request))
        if not request.path_info.startswith(_ADDRESSES):
            return self.answer(request)
        response = self._refused(request) or _in_our_words(self.answer(request))
        response.headers.setdefault("Cache-Control", "private, no-cache")
        patch_vary_headers(response, ("Authorization", "X-Session-Token"))
        if request.method == "GET" and response.status_code == 200 and not response.streaming:
            answer = cast("HttpResponse", response)
            set_response_etag(answer)
            return get_conditional_response(request, etag=answer["ETag"], response=answer) or answer
        return response

    def _refused(self, request: HttpRequest) -> HttpResponseBase | None:
        most = FILE_MOST if request.content_type == "multipart/form-data" else BODY_MOST
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isascii() and length.isdecimal() and int(length) <= most:
            return None
        return problem_answer(413, "too_large", f"a request has {most >> 20} MiB at most; send it in parts")


def _in_our_words(response: HttpResponseBase) -> HttpResponseBase:
    """Problem details in place of a page of Django's or a line of ninja's."""
    status = response.status_code
    if status < 400 or response.headers.get("Content-Type", "").startswith(PROBLEM_TYPE):
        return response
    code = _CODES.get(status, "internal_error" if status >= 500 else "bad_request")
    told = problem_answer(status, code, "it is our mistake" if status >= 500 else "see the description of the API")
    for name in ("Allow", "Retry-After"):
        if name in response.headers:
            told.headers[name] = response.headers[name]
    return told


def _told_of_signing_in(response: HttpResponseBase) -> HttpResponseBase:
    """Count what allauth refuses, and give a code to what it tells by the status alone; 401 is how it asks for more."""
    if response.status_code < 400 or response.status_code == 401 or not isinstance(response, HttpResponse):
        return response
    try:
        told = json.loads(response.content)
    except ValueError:
        told = {"status": response.status_code}
    if not told.get("errors"):
        code, message = _OVER.get(response.status_code, ("bad_request", "see the description of the addresses"))
        told["errors"] = [{"code": code, "message": message}]
        response.content = json.dumps(told).encode()
        response.headers["Content-Type"] = "application/json"
        response.headers["Content-Length"] = str(len(response.content))
    _REFUSED.labels(told["errors"][0].get("code", "bad_request")).inc()
    return response
