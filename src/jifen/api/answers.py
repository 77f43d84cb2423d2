"""What stands around every request to the API, whoever answers it: how much may be sent, and what an answer looks like.

Whatever is refused under ``/api/`` is told as problem details, be it Django or ninja that refuses it. What is read has
an ``ETag``: who sends it back in ``If-None-Match`` is told 304 as long as nothing has changed. Signing in, under
``/_allauth/``, stands under the same rules and has answers of its own.
"""

from collections.abc import Callable
from typing import cast

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers, set_response_etag

from jifen.api.bodies import read_json
from jifen.api.problems import PROBLEM_TYPE, problem_answer
from jifen.api.signing_in import in_turn, with_code

__all__ = ["BODY_MOST", "FILE_MOST", "Answers"]

_Answer = Callable[[HttpRequest], HttpResponseBase]

BODY_MOST, FILE_MOST = 2 << 20, 64 << 20
"""Bytes of a body, and of one that has files."""
_ADDRESSES, _SIGNING_IN = "/api/", "/_allauth/"
_CODES = {404: "not_found", 405: "bad_method", 413: "too_large", 415: "bad_media_type"}


class Answers:
    """A middleware for what stands under ``/api/`` and ``/_allauth/``; all else goes by as it is."""

    def __init__(self, answer: _Answer) -> None:
        """Stand around all that answers."""
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer; a body that is too large is not read."""
        if request.path_info.startswith(_SIGNING_IN):
            return _refused(request) or _no_json(request) or self._signed_in(request)
        if not request.path_info.startswith(_ADDRESSES):
            return self.answer(request)
        response = _refused(request) or _in_our_words(self.answer(request))
        response.headers.setdefault("Cache-Control", "private, no-cache")
        patch_vary_headers(response, ("Authorization", "X-Session-Token"))
        if request.method == "GET" and response.status_code == 200 and not response.streaming:
            answer = cast("HttpResponse", response)
            set_response_etag(answer)
            return get_conditional_response(request, etag=answer["ETag"], response=answer) or answer
        return response

    def _signed_in(self, request: HttpRequest) -> HttpResponseBase:
        with in_turn(request):
            response = self.answer(request)
        return with_code(request, response) or _in_our_words(response)


def _refused(request: HttpRequest) -> HttpResponseBase | None:
    """A body whose length nobody says, or that is too long: it is not read."""
    files = request.content_type == "multipart/form-data" and request.path_info.startswith(_ADDRESSES)
    most = FILE_MOST if files else BODY_MOST
    length = request.META.get("CONTENT_LENGTH") or "0"
    if "HTTP_TRANSFER_ENCODING" in request.META or not (length.isascii() and length.isdecimal()):
        return problem_answer(411, "no_length", "a request says how long it is, with Content-Length, and is sent whole")
    if len(length) > len(str(most)) or int(length) > most:
        return problem_answer(413, "too_large", f"a request has {most >> 20} MiB at most; send it in parts")
    return None


def _no_json(request: HttpRequest) -> HttpResponseBase | None:
    """What signs in is JSON, as strict as that of the API."""
    try:
        found = read_json(request.body) if request.body else {}
    except ValueError:
        found = None
    return None if isinstance(found, dict) else problem_answer(400, "bad_json", "the body is no object of JSON")


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
