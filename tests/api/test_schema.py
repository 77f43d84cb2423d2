"""Whatever comes in, each operation answers as its description says, and never with a mistake of ours."""

import os

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.api.conftest import joins, key, order

from jifen.api.limits import BUCKETS
from jifen.service.inbox import submit
from jifen.service.rights import Right
from jifen.service.writer import Writer

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = int(os.environ.get("JIFEN_SCHEMA_EXAMPLES", "8"))


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_every_operation_answers_as_it_is_described(open_shop, folder):
    submit([*joins("ann", "bob"), order("o-1", "ann", 100)], using=open_shop)
    with Writer.elected(folder, open_shop) as writer:
        while writer.step():
            pass
    caller = key(*Right)
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application(), base_url="http://localhost")
    tried, wrong = 0, []
    for operation in (found.ok() for found in schema.get_all_operations()):

        @given(case=operation.as_strategy())
        @settings(
            max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate], derandomize=True,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        def holds(case):
            BUCKETS.clear()
            response = case.call(headers={**caller.headers, "Host": "localhost"})
            case.validate_response(response, checks=CHECKS)

        try:
            holds()
        except Exception as error:  # all of them are told together
            wrong.append(f"{operation.label}: {error}")
        tried += 1
    assert tried > 60
    assert not wrong, "\n\n".join(wrong)
