"""A plan as plain data to be shown: parameters with their labels, and stores, ranks and rules in words."""

from collections.abc import Mapping
from typing import Any

from jifen.plan.model import Plan
from jifen.plan.parameters import Parameter, dictionary
from jifen.plan.resolve import Origin
from jifen.plan.words import ranks_in_words, rule_in_words, store_in_words

__all__ = ["definitions_of", "describe"]


def describe(plan: Plan) -> dict[str, Any]:
    """Return a plan as values JSON can hold.

    ``parameters`` have ``name, label, type, house, bounds, options, optional, default, value``: the default is what the
    plan's file says, else the dictionary, the value what this version has; both as a file writes them. ``stores``,
    ``ranks`` and ``rules`` have a ``line`` in words.
    """
    definitions = definitions_of(plan)
    return {
        "name": plan.name,
        "title": dict(plan.title),
        "source": plan.source,
        "digest": plan.digest,
        "warnings": list(plan.warnings),
        "parameters": [
            _parameter(definitions[name], name, plan.params[name], _default(plan, definitions[name], name))
            for name in plan.params
        ],
        "stores": [{"name": name, "line": store_in_words(store)} for name, store in plan.stores.items()],
        "ranks": [{"name": name, "line": ranks_in_words(ranks)} for name, ranks in plan.ranks.items()],
        "rules": [
            {"id": rule.id, "when": rule.when, "off": rule.off, "line": rule_in_words(rule)} for rule in plan.rules
        ],
    }


def definitions_of(plan: Plan) -> Mapping[str, Parameter]:
    """Return what each parameter of a plan is, those a composition renamed included."""
    return plan.origin.draft.definitions if isinstance(plan.origin, Origin) else dictionary().parameters


def _default(plan: Plan, definition: Parameter, name: str) -> Any:
    """Return the value before anything was set: the file's, or the dictionary's."""
    raw = definition.default
    if isinstance(plan.origin, Origin):
        raw = plan.origin.draft.root["params"].get(name, raw)
    elif not definition.house:
        return plan.params[name]
    # The file was loaded before, so only a default that was set anew may be wrong in it: then there is none.
    mistakes: list[object] = []
    value = definition.read(raw, lambda _trail, error: mistakes.append(error))
    return None if mistakes else value


def _parameter(definition: Parameter, name: str, value: Any, default: Any) -> dict[str, Any]:
    return {
        "name": name,
        "label": dict(definition.label),
        "type": definition.type,
        "house": definition.house,
        "bounds": definition.bounds() if definition.maximum else "",
        "options": list(definition.options),
        "optional": definition.optional,
        "default": definition.write(default),
        "value": definition.write(value),
    }
