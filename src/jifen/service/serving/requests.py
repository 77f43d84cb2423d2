"""What happens to every request: an id, one line in the log, a count, and what its page may load."""

import logging
import time
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from jifen.service.acting import acting
from jifen.service.serving.counts import REQUEST_SECONDS
from jifen.service.serving.logs import request_id

__all__ = ["LoggedRequests", "content_policy"]

_Answer = Callable[[HttpRequest], HttpResponseBase]
_log = logging.getLogger(__name__)


class LoggedRequests:
    """Logs a line for each request: its route and not its address, since that and a query may name a member."""

    def __init__(self, answer: _Answer) -> None:
        """Stand around all that answers."""
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, log and count; the id of the request is in the header ``X-Request-ID`` as well."""
        token = request_id.set(uuid.uuid4().hex)
        began = time.perf_counter()
        try:
            with acting("machine"):  # until it is known who asks
                response = self.answer(request)
            took = time.perf_counter() - began
            response["X-Request-ID"] = request_id.get()
            REQUEST_SECONDS.labels(f"{response.status_code // 100}xx").observe(took)
            facts = {
                "method": request.method if request.method in _METHODS else "",
                "route": request.resolver_match.route if request.resolver_match else "",
                "status": response.status_code,
                "milliseconds": round(took * 1000, 1),
            }
            _log.info("request", extra=facts)
            return response
        finally:
            request_id.reset(token)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def content_policy(answer: _Answer) -> _Answer:
    """Say in each answer what the page may load, unless its view has said it."""

    def answered(request: HttpRequest) -> HttpResponseBase:
        response = answer(request)
        response.headers.setdefault("Content-Security-Policy", settings.CONTENT_POLICY)
        return response

    return answered
