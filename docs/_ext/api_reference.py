"""The directive ``{operations} TAG``: all operations of the API with a tag, as its own description has them.

Each is a section: its address, who may ask, what it does, the fields of what is sent and answered, and examples.
"""

import json
import os
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from exact import ROOT

API = ROOT / "src" / "jifen" / "api"
ORDER = ("get", "post", "put", "patch", "delete")
KINDS = {"string": "text", "integer": "number", "boolean": "yes or no", "array": "list", "object": "object"}
FORMATS = {"date": "date", "date-time": "time", "binary": "file"}
DEEP = 4


@cache
def description() -> dict[str, Any]:
    """What the API says of itself."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jifen.service.settings")
    import django

    django.setup()
    from jifen.api.urls import api

    found: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema()))
    return found


def operations(tag: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of each operation with a tag, in the order in which they stand."""
    for path, found in description()["paths"].items():
        for method in ORDER:
            if tag in found.get(method, {}).get("tags", ()):
                yield method.upper(), path, found[method]


def resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema that is meant: of a name, or of the first of those that are something."""
    if "$ref" in schema:
        return resolved(description()["components"]["schemas"][schema["$ref"].rpartition("/")[2]] | told(schema))
    for word in ("anyOf", "allOf"):
        some = [each for each in schema.get(word, ()) if each.get("type") != "null"]
        if some:
            return resolved(some[0]) | told(schema)
    return schema


def told(schema: Mapping[str, Any]) -> dict[str, Any]:
    """What a field says of itself, which goes before what its kind says."""
    return {name: schema[name] for name in ("description", "default") if name in schema}


def kind_of(schema: Mapping[str, Any]) -> str:
    """What a field holds, in a word or two."""
    found = resolved(schema)
    if "const" in found:
        return f"`{found['const']}`"
    if "enum" in found:
        return ", ".join(f"`{each}`" for each in found["enum"])
    if found.get("examples") == ["19.90"]:
        return "amount"
    kind = FORMATS.get(found.get("format", ""), KINDS.get(found.get("type", ""), "object"))
    return f"list of {kind_of(found['items'])}" if kind == "list" and "items" in found else kind


def fields(schema: Mapping[str, Any], before: str = "", depth: int = 0) -> Iterator[tuple[str, str, str]]:
    """Each field of a body: its name, with what it stands inside before it, what it holds, and what it means."""
    found = resolved(schema)
    if "oneOf" in found and depth < DEEP:
        for each in found["oneOf"]:
            yield from fields(each, before, depth)
    elif found.get("type") == "array" and "items" in found:
        yield from fields(found["items"], f"{before}[]", depth + 1)
    required = found.get("required", ())
    for name, field in found.get("properties", {}).items() if depth < DEEP else ():
        whole = f"{before}.{name}" if before else name
        note = "" if name in required or "default" not in field or field["default"] is None else (
            f" Without it: `{json.dumps(field['default'], ensure_ascii=False)}`."
        )  # fmt: skip
        text = field.get("description") or ""
        yield whole, kind_of(field), f"{text}{'.' if text and note else ''}{note}".strip()
        inside = resolved(field)
        if inside.get("type") in ("object", "array") or "oneOf" in inside:
            yield from fields(field, whole, depth + 1)


def table(heading: tuple[str, str, str], rows: list[tuple[str, str, str]]) -> list[str]:
    """A table in Markdown; none where it would be empty."""
    if not rows:
        return []
    lines = [f"| `{name}` | {kind} | {text.replace('|', '/')} |" for name, kind, text in dict.fromkeys(rows)]
    return [f"| {' | '.join(heading)} |", "|---|---|---|", *lines, ""]


def example(media: Mapping[str, Any]) -> list[str]:
    """What is sent or answered, say."""
    text = json.dumps(media["example"], ensure_ascii=False, indent=2)
    return ["```json", *text.splitlines(), "```", ""]


def body(content: Mapping[str, Any], heading: str) -> list[str]:
    """The fields of a body, and an example."""
    for kind, media in content.items():
        rows = list(fields(media["schema"]))
        if kind in ("application/json", "application/problem+json"):
            return [f"**{heading}**", "", *table(("field", "kind", "what"), rows), *example(media)]
        return [f"**{heading}** `{kind}`", "", *table(("field", "kind", "what"), rows)]
    return []


def written(method: str, path: str, operation: Mapping[str, Any]) -> list[str]:
    """An operation in Markdown."""
    right, own = operation.get("x-right"), operation.get("x-own")
    who = f"Right `{right}`" if right else "Whoever is signed in" if operation.get("security") else "Open"
    asked = [
        (each["name"], kind_of(each["schema"]), each.get("description") or each["schema"].get("description") or "")
        for each in operation.get("parameters", ())
    ]
    status, answer = next((code, each) for code, each in operation["responses"].items() if int(code) < 400)
    return [
        f"`{method} {path}` · {who}{', or the member itself' if own else ''}.", "",
        *operation.get("description", "").splitlines(), "",
        *table(("in the address", "kind", "what"), asked),
        *body(operation.get("requestBody", {}).get("content", {}), "Sent"),
        *body(answer.get("content", {}), f"Answer {status}"),
    ]  # fmt: skip


class Operations(Directive):
    """The operations with a tag, a section each."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the sections; the page is made anew when the API changes."""
        environment = self.state.document.settings.env
        for file in API.glob("*.py"):
            environment.note_dependency(str(file))
        sections: list[nodes.Node] = []
        for method, path, operation in operations(self.arguments[0]):
            section = nodes.section(ids=[nodes.make_id(f"{method} {path}")])
            section += nodes.title("", operation["summary"])
            text = StringList(written(method, path, operation), source=path)
            self.state.nested_parse(text, self.content_offset, section)
            sections.append(section)
        if not sections:
            raise self.error(f"no operation has the tag {self.arguments[0]}")
        return sections


def setup(app: Any) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("operations", Operations)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
