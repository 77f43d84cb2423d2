"""The description of the API: every body has an example, and each example is what the description allows."""

import jsonschema
import pytest
from ninja import Schema
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from jifen.api.examples import example_of
from jifen.api.urls import api

DESCRIPTION = api.get_openapi_schema()
OPERATIONS = [
    pytest.param(operation, id=operation["operationId"])
    for operations in DESCRIPTION["paths"].values() for operation in operations.values()
]  # fmt: skip
DRAFT = "https://json-schema.org/draft/2020-12/schema"


def validator(schema: dict) -> jsonschema.Draft202012Validator:
    registry = Registry().with_resource("urn:api", DRAFT202012.create_resource(DESCRIPTION))
    found = {"$schema": DRAFT, "$id": "urn:api:part", "components": DESCRIPTION["components"], **schema}
    return jsonschema.Draft202012Validator(
        found, registry=registry, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_body_has_an_example_that_its_schema_allows(operation):
    bodies = {"request": operation.get("requestBody", {}), **operation["responses"]}
    for name, body in bodies.items():
        for media in body.get("content", {}).values():
            told = list(validator(media["schema"]).iter_errors(media["example"]))
            assert not told, (name, media["example"], [each.message for each in told])


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_says_what_it_does(operation):
    assert operation["summary"]
    assert operation["description"].endswith((".", ":", "```", "|"))


def test_what_is_sent_is_shown_with_values_and_not_with_dots():
    for operation in (each.values[0] for each in OPERATIONS):
        for kind, media in operation.get("requestBody", {}).get("content", {}).items():
            if kind == "multipart/form-data":  # a file stands for itself
                continue
            assert "…" not in str(media["example"]), media["example"]


def test_an_example_is_of_the_first_of_several_kinds():
    assert example_of({"anyOf": [{"$ref": "#/components/schemas/A"}, {"type": "null"}]}, {"A": {"const": 7}}) == 7
    assert example_of({"type": "object", "additionalProperties": {"type": "integer"}}, {}) == {"name": 1}


def test_no_two_kinds_of_answers_have_one_name():
    """Of two of one name the description would know one only."""
    names = [kind.__name__ for kind in everything_below(Schema) if kind.__module__.startswith("jifen.")]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


def everything_below(kind):
    for each in kind.__subclasses__():
        yield each
        yield from everything_below(each)
