"""The JSON Schema of plan files, for editors that complete and check while one writes.

It knows shapes, words and types; what a plan means as a whole is checked by loading it.
"""

import json
from typing import Any

from jifen.plan.notation import NUMBER_SCHEMA
from jifen.plan.parameters import ITEMS_MAX, REGION_LEVELS, Parameter, dictionary
from jifen.plan.source import PlanFile
from jifen.plan.values import TEXT_MAX

__all__ = ["json_schema", "schema_text"]

_TEXT: dict[str, Any] = {"type": ["string", "integer"], "maxLength": TEXT_MAX}


def json_schema() -> dict[str, Any]:
    """Return the schema, made from the models of the language and the dictionary of parameters.

    >>> json_schema()["properties"]["params"]["properties"]["retier"]["type"]
    'boolean'
    """
    schema: dict[str, Any] = _without_defaults(PlanFile.model_json_schema())
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "A jifen plan"
    parameters = {name: _described(parameter) for name, parameter in dictionary().parameters.items()}
    # A composition may rename parameters, so a name that the dictionary lacks is left to loading.
    schema["properties"]["params"] = {"type": "object", "properties": parameters}
    return schema


def _without_defaults(node: Any) -> Any:
    """Leave defaults out: whether pydantic can write one depends on what else the process has loaded."""
    if isinstance(node, dict):
        return {key: _without_defaults(value) for key, value in node.items() if key != "default"}
    return [_without_defaults(item) for item in node] if isinstance(node, list) else node


def schema_text() -> str:
    """Return the schema as the text that is published with the documentation."""
    return json.dumps(json_schema(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _described(parameter: Parameter) -> dict[str, Any]:
    schema = _typed(parameter)
    if parameter.optional:
        schema = {"anyOf": [schema, {"type": "null"}]}
    bounds = f" ({parameter.bounds()})" if parameter.maximum else ""
    return {**schema, "description": f"{parameter.label['en']} · {parameter.label['zh']}{bounds}"}


def _typed(parameter: Parameter) -> dict[str, Any]:
    match parameter.type:
        case "bool":
            return {"type": "boolean"}
        case "choice":
            return {"enum": list(parameter.options)}
        case "count" | "days":
            return {"type": "integer", "minimum": parameter.minimum, "maximum": parameter.maximum}
        case "rates":
            return {"type": "array", "items": NUMBER_SCHEMA, "maxItems": ITEMS_MAX}
        case "skus":
            return {"type": "array", "items": _TEXT, "maxItems": ITEMS_MAX}
        case "text":
            return _TEXT
        case "regions":
            levels = dict.fromkeys(REGION_LEVELS, NUMBER_SCHEMA)
            return {"type": "object", "properties": levels, "additionalProperties": False}
        case "ladder":
            columns = {name: _described(column) for name, column in parameter.columns.items()}
            row = {"type": "object", "properties": columns, "additionalProperties": False}
            return {"type": "array", "items": row, "maxItems": ITEMS_MAX}
    return NUMBER_SCHEMA
