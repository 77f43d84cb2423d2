"""What went wrong, as an answer: problem details (RFC 9457) with stable codes.

``code`` is what a program looks at; the codes are those of ``docs/errors.md``, and no message has personal data.
"""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Schema
from prometheus_client import Counter
from pydantic import Field

from jifen.core.errors import Problem, UserError
from jifen.service.counters import COUNTS

__all__ = [
    "PROBLEM_TYPE",
    "STATUS_OF",
    "Mistake",
    "ProblemDetails",
    "Refused",
    "answer_of",
    "count_refused",
    "problem_answer",
]

PROBLEM_TYPE = "application/problem+json"
"""The media type of an answer that refuses."""
_REFUSED = Counter("jifen_api_refused", "Requests to the API that were refused.", ["code"], registry=COUNTS)

STATUS_OF: Mapping[str, int] = {
    "bad_json": 400, "not_signed_in": 401, "not_allowed": 403, "forged": 403, "no_shop": 404, "not_found": 404,
    "unknown_member": 404, "unknown_event": 404,
    "unknown_order": 404, "unknown_withdrawal": 404, "unknown_version": 404, "unknown_study": 404,
    "unknown_waiver": 404, "unknown_deed": 404, "no_disclosure": 404, "conflict": 409, "too_large": 413,
    "too_many": 429, "busy": 503, "no_database": 503, "stale": 403, "unknown_hook": 404, "unknown_import": 404,
    "no_length": 411,
}  # fmt: skip
"""The status of an answer by its code; 422 for all others."""


class Mistake(Schema):
    """One mistake: which field, what is wrong with it, and what to do."""

    code: str
    message: str
    remedy: str = ""
    field: str = Field("", description="Where in the request, as `lines.0.amount`")


class ProblemDetails(Schema):
    """Problem details (RFC 9457) of a request that was refused: nothing has changed."""

    type: str = Field(
        description="The code as an identifier: the documentation lists them", examples=["urn:jifen:bad_amount"]
    )
    title: str
    status: int
    code: str = Field(description="Stable: what a program looks at", examples=["bad_amount"])
    detail: str = Field("", description="For people: it may change")
    errors: list[Mistake] = Field([], description="All mistakes, where there are several")


class Refused(UserError):
    """A request that is not granted; ``seconds`` says after how long it may be tried again, where that is known."""

    def __init__(self, code: str, message: str, remedy: str = "", *, seconds: int | None = None) -> None:
        """Refuse with a code of ``STATUS_OF``."""
        super().__init__(Problem(code, message, remedy))
        self.seconds = seconds


def answer_of(request: HttpRequest, error: UserError) -> HttpResponse:
    """The answer to a request in which there is a mistake of the user."""
    first = error.problems[0]
    mistakes = [Mistake(code=each.code, message=each.message, remedy=each.remedy, field=each.column)
                for each in error.problems]  # fmt: skip
    answer = problem_answer(STATUS_OF.get(first.code, 422), first.code, first.message, mistakes)
    if isinstance(error, Refused) and error.seconds is not None:
        answer["Retry-After"] = str(error.seconds)
    return answer


def count_refused(code: str) -> None:
    """Count a request that was refused."""
    _REFUSED.labels(code).inc()


def problem_answer(status: int, code: str, message: str, mistakes: list[Mistake] | None = None) -> HttpResponse:
    """Problem details as an answer; it is counted by its code."""
    count_refused(code)
    details = ProblemDetails(
        type=f"urn:jifen:{code}", title=code.replace("_", " "), status=status, code=code,
        detail=message, errors=mistakes or [],
    )  # fmt: skip
    answer = JsonResponse(details.model_dump(), status=status, content_type=PROBLEM_TYPE)
    if status == 401:
        answer["WWW-Authenticate"] = "Bearer"
    return answer
