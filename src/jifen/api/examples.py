"""Examples of what is sent and answered, made of the description itself: they cannot say other than it does.

Every field has an example of its own, or only one value, or a kind that says enough; a test holds each against its
schema.
"""

from collections.abc import Mapping
from typing import Any

__all__ = ["add_examples", "example_of"]

_Schema = Mapping[str, Any]

_OF_FORMAT = {"date": "2026-03-31", "date-time": "2026-03-31T09:30:00+08:00", "uri": "https://shop.example/hook"}
_OF_TYPE: dict[str, Any] = {"integer": 1, "number": 1, "boolean": True, "null": None, "string": "…"}


def add_examples(description: dict[str, Any]) -> None:
    """Give an example to every body that is sent or answered."""
    schemas = description["components"]["schemas"]
    for operations in description["paths"].values():
        for operation in operations.values():
            bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
            for media in (each for body in bodies for each in body.get("content", {}).values()):
                if "schema" in media and "example" not in media:
                    media["example"] = example_of(media["schema"], schemas)


def example_of(schema: _Schema, schemas: Mapping[str, _Schema]) -> Any:
    """A value that a schema allows; ``schemas`` has those that are referred to by name.

    >>> example_of({"type": "array", "items": {"type": "string", "examples": ["19.90"]}}, {})
    ['19.90']
    """
    if "$ref" in schema:
        return example_of({**schemas[schema["$ref"].rpartition("/")[2]], **_told(schema)}, schemas)
    if schema.get("examples"):
        return schema["examples"][0]
    for word in ("const", "default"):
        if schema.get(word) is not None and schema[word] not in ([], {}):
            return schema[word]
    if "enum" in schema:
        return schema["enum"][0]
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema:
            return example_of({**schema[word][0], **_told(schema)}, schemas)
    return _of_type(schema, schemas)


def _told(schema: _Schema) -> dict[str, Any]:
    """What stands beside a reference, and is said of what is referred to."""
    return {"examples": schema["examples"]} if schema.get("examples") else {}


def _of_type(schema: _Schema, schemas: Mapping[str, _Schema]) -> Any:
    kind = schema.get("type")
    if kind == "array":
        return [example_of(schema["items"], schemas)] if "items" in schema else []
    if kind == "object" or kind is None:
        told = {name: example_of(each, schemas) for name, each in schema.get("properties", {}).items()}
        more = schema.get("additionalProperties")
        if not told and isinstance(more, dict) and more:
            names = schema.get("propertyNames", {}).get("enum", ["name"])
            told[names[0]] = example_of(more, schemas)
        return told
    return _OF_FORMAT.get(schema.get("format", ""), _OF_TYPE[kind])
