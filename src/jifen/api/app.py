"""The API: its routers, and what it answers where something goes wrong."""

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser

from jifen import __version__
from jifen.api.bodies import read_json
from jifen.api.examples import add_examples
from jifen.api.problems import PROBLEM_TYPE, Mistake, answer_of, problem_answer
from jifen.core.errors import UserError
from jifen.service.serving.counts import FAILURES

__all__ = ["api"]

_MISTAKES = 100
"""Mistakes that one answer tells."""
_SESSION = {
    "type": "apiKey", "in": "header", "name": "X-Session-Token",
    "description": "What signing in under `/_allauth/app/v1/` answers with.",
}  # fmt: skip


class _Json(Parser):
    """Reads JSON as strictly as all of the API does."""

    def parse_body(self, request: HttpRequest) -> Any:
        """What the body says; ``ValueError`` if it is no JSON."""
        return read_json(request.body)


class _ShopApi(NinjaAPI):
    """Ninja, whose description says that problems are problem details, and both ways of being known."""

    def get_openapi_schema(self, **options: Any) -> Any:
        """The description, as OpenAPI 3.1."""
        schema = super().get_openapi_schema(**options)
        schema["components"].setdefault("securitySchemes", {})["Session"] = _SESSION
        for operations in schema["paths"].values():
            for operation in operations.values():
                for status, answer in operation["responses"].items():
                    if int(status) >= 400 and "application/json" in answer.get("content", {}):
                        answer["content"] = {PROBLEM_TYPE: answer["content"]["application/json"]}
                if operation.get("security"):
                    operation["security"].append({"Session": []})
        add_examples(schema)
        return schema


api = _ShopApi(
    title="jifen", version=__version__, urls_namespace="api", docs_url=None, parser=_Json(),
    description="Everything a shop connects to. Amounts are decimal strings such as `\"19.90\"`, never numbers.",
)  # fmt: skip


@api.exception_handler(UserError)
def _user_error(request: HttpRequest, error: UserError) -> HttpResponse:
    return answer_of(request, error)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Say all that is wrong; what was sent is not repeated, since it may be personal data."""
    mistakes = [
        Mistake(code=_code(each), message=str(each["msg"]), field=".".join(str(part) for part in each["loc"][2:]))
        for each in error.errors[:_MISTAKES]
    ]
    return problem_answer(422, mistakes[0].code if len(mistakes) == 1 else "bad_request", "see `errors`", mistakes)


def _code(error: dict[str, Any]) -> str:
    """Our own code where a type of ours refused it."""
    kind = str(error["type"])
    return kind if kind.startswith("bad_") else "bad_request"


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """What ninja itself refuses: a body that is no JSON."""
    return problem_answer(error.status_code, "bad_json" if error.status_code == 400 else "bad_request", error.message)


@api.exception_handler(Http404)
def _not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem_answer(404, "not_found", "there is nothing at this address")


@api.exception_handler(RequestDataTooBig)
def _too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    """A body that is said to have files, where none are taken."""
    return problem_answer(413, "too_large", "the body is too large; send it in parts")


@api.exception_handler(OperationalError)
@api.exception_handler(InterfaceError)
def _no_database(request: HttpRequest, error: Exception) -> HttpResponse:
    FAILURES.inc()
    return problem_answer(503, "no_database", "the database does not answer")
