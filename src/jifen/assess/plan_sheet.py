"""A plan as its file would have it, to be changed slot by slot and written again.

A slot that names a parameter is changed where the parameter is; only what a file writes in place is changed there.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from jifen.core.errors import PlanError
from jifen.core.micros import format_micros, format_rate
from jifen.plan.load import load_plan_text
from jifen.plan.model import Plan
from jifen.plan.parameters import dictionary
from jifen.plan.resolve import Origin
from jifen.plan.show import definitions_of

__all__ = ["Reason", "Sheet"]

_REFERENCE = re.compile(r"\$(\w+)(?:\.\w+)?")
_BARE = re.compile(r"[\w$%.\u4e00-\u9fff][\w$%.\u4e00-\u9fff-]*")
_WORDS = ("true", "false", "null", "True", "False", "Null", "NULL", "yes", "no")
_SECTIONS = ("stores", "ranks", "rules")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is changed: a sentence of the texts, and the rules of law that ask for it."""

    name: str
    rules: tuple[str, ...] = ()


class Sheet:
    """The parameters, stores, ranks and rules of a plan; ``rules[i]`` is the i-th rule of the plan."""

    def __init__(self, plan: Plan) -> None:
        """Take a plan that was loaded from a file; its parameters have the values it was loaded with."""
        if not isinstance(plan.origin, Origin):
            raise TypeError("this plan was not loaded from a file, so it cannot be written as one")
        root = plan.origin.draft.root
        given = {name: value for name, value in plan.origin.overrides.items() if name != "overrides"}
        self.plan = plan
        self.params: dict[str, Any] = _copy(root["params"]) | _copy(given)
        self.stores: dict[str, Any] = _copy(root["stores"])
        self.ranks: dict[str, Any] = _copy(root["ranks"])
        self.rules: list[dict[str, Any]] = _copy(root["rules"])
        pools = sum("pool" in store for store in self.stores.values())
        for index, home in enumerate(plan.origin.draft.homes):
            # In one file with several pools the word `pool` no longer says which: the part's own is meant.
            if pools > 1 and self.value(index, "pay", "from") == "pool" and home is not None:
                self.rules[index]["pay"]["from"] = home
        self.reasons: dict[str, list[Reason]] = {}

    # -- changes ----------------------------------------------------------------------------------------------------

    def set_param(self, name: str, value: Any, reason: Reason) -> None:
        """Give a parameter another value."""
        self.params[name] = value
        self._note(name, reason)

    def slot(self, rule: int, *path: str) -> Any:
        """What a slot of a rule says; ``None``, if it is not there."""
        found: Any = self.rules[rule]
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        return found

    def value(self, rule: int, *path: str) -> Any:
        """The same; of a slot that names a parameter, the parameter's value."""
        raw = self.slot(rule, *path)
        name = self._parameter(raw)
        return raw if name is None else self.params.get(name, raw)

    def set_slot(self, reason: Reason, value: Any, rule: int, *path: str) -> None:
        """Change a slot of a rule, or the parameter that it names."""
        name = self._parameter(self.slot(rule, *path))
        if name is not None:
            self.set_param(name, value, reason)
            return
        block = self.rules[rule]
        for key in path[:-1]:
            block = block[key]
        block[path[-1]] = value
        self._note(f"rules.{self.rules[rule]['id']}", reason)

    def set_share(self, reason: Reason, millionths: int, rule: int, *path: str) -> None:
        """Change a rate or a ratio, given in parts per million, in the way its slot writes it."""
        name = self._parameter(self.slot(rule, *path))
        ratio = name is not None and definitions_of(self.plan)[name].type == "ratio"
        self.set_slot(reason, format_micros(millionths, 0) if ratio else format_rate(millionths), rule, *path)

    def set_store(self, reason: Reason, value: Any, store: str, key: str) -> None:
        """Change a slot of a store, or the parameter that it names; ``None`` takes the slot away."""
        name = self._parameter(self.stores[store].get(key))
        if name is not None and value is not None:
            self.set_param(name, value, reason)
            return
        self.stores[store].pop(key)
        if value is not None:
            self.stores[store][key] = value
        self._note(f"stores.{store}", reason)

    def set_column(self, reason: Reason, table: str, column: str, values: list[str]) -> None:
        """Change a column of a table, row by row."""
        rows = _copy(self.params[table])
        for row, value in zip(rows, values, strict=True):
            row[column] = value
        self.params[table] = rows
        self._note(f"{table}.{column}", reason)

    def remove(self, rule: int, reason: Reason) -> None:
        """Take a rule out; those behind it move up."""
        self._note(f"rules.{self.rules.pop(rule)['id']}", reason)

    def drop_store(self, name: str, reason: Reason) -> None:
        """Take a store out."""
        del self.stores[name]
        self._note(f"stores.{name}", reason)

    def clear(self) -> None:
        """Leave no stores, ranks and rules."""
        self.stores, self.ranks, self.rules = {}, {}, []

    def add(self, stores: dict[str, Any], rules: list[dict[str, Any]], reason: Reason) -> None:
        """Put stores and rules at the end."""
        self.stores |= stores
        self.rules += rules
        for key in (*(f"stores.{name}" for name in stores), *(f"rules.{rule['id']}" for rule in rules)):
            self._note(key, reason)

    def switch_off(self, rule: int, reason: Reason) -> None:
        """Switch a rule off by a parameter, if it has one that does; else take it out."""
        kept = (deepcopy(self.params), deepcopy(self.reasons))
        for name, value in self._switches(rule):
            self.set_param(name, value, reason)
            try:
                if self.load().rules[rule].off:
                    return
            except PlanError:
                pass
            self.params, self.reasons = deepcopy(kept)
        table, _, column = str(self.slot(rule, "amount", "share")).removeprefix("$").partition(".")
        if column:
            self.set_column(reason, table, column, ["0%"] * len(self.params[table]))
            if self.load().rules[rule].off:
                return
            self.params, self.reasons = kept
        self.remove(rule, reason)

    def _switches(self, rule: int) -> Iterator[tuple[str, Any]]:
        """Parameters that may switch a rule off, and how."""
        amount = self.rules[rule]["amount"]
        named = amount.get("share") or amount.get("tier") or self.slot(rule, "gate", "reaches")
        match = _REFERENCE.fullmatch(named) if isinstance(named, str) else None
        if match is None:
            return
        name = match[1]
        empty: Any = {"rate": "0%", "rates": [], "ladder": [], "ratio": None}.get(
            definitions_of(self.plan)[name].type, ""
        )
        if empty != "":
            yield name, empty

    def _parameter(self, raw: Any) -> str | None:
        """The parameter that a slot names whole."""
        match = _REFERENCE.fullmatch(raw) if isinstance(raw, str) else None
        return match[1] if match is not None and "." not in match[0] else None

    def _note(self, key: str, reason: Reason) -> None:
        known = self.reasons.setdefault(key, [])
        if reason not in known:
            known.append(reason)

    # -- the file ---------------------------------------------------------------------------------------------------

    def load(self) -> Plan:
        """Load what is written so far; ``PlanError``, if it is no plan."""
        return load_plan_text(self.text())

    def text(self) -> str:
        """Write the plan as a file."""
        pieces = {section: self._inlined(getattr(self, section)) for section in _SECTIONS}
        used = set(_names(list(pieces.values())))
        known = dictionary().parameters
        params = {name: value for name, value in self.params.items() if name in used or _is_house(name)}
        title = {
            language: f"{text}{_SAFER[language]}" for language, text in self.plan.title.items() if language in _SAFER
        }
        lines = [f"preset: {self.plan.name}_safer", f"title: {_flow(title)}"]
        lines.append(f"source: {_flow(f'made by jifen downgrade from {self.plan.name} {self.plan.digest[:12]}')}")
        lines += ["params:", *(f"  {name}: {_flow(value)}" for name, value in params.items() if name in known)]
        for section in ("stores", "ranks"):
            if pieces[section]:
                lines += [f"{section}:", *(f"  {name}: {_flow(piece)}" for name, piece in pieces[section].items())]
        lines += ["rules:", *(f"  - {_flow(rule)}" for rule in pieces["rules"])]
        return "\n".join(lines) + "\n"

    def _inlined(self, value: Any) -> Any:
        """A value in which names that a composition gave are replaced by what they stand for."""
        if isinstance(value, dict):
            return {key: self._inlined(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._inlined(item) for item in value]
        name = self._parameter(value)
        return self.params[name] if name is not None and name not in dictionary().parameters else value


_SAFER = {"en": ", safer", "zh": "（稳妥版）"}


def _is_house(name: str) -> bool:
    """Whether every plan has a parameter."""
    definition = dictionary().parameters.get(name)
    return definition is not None and definition.house


def _copy(value: Any) -> Any:
    """A value of plain dictionaries and lists."""
    if isinstance(value, dict):
        return {str(key): _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list | tuple) else value


def _names(value: Any) -> Iterator[str]:
    """The parameters that a piece names."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _names(item)
    elif isinstance(value, str) and (match := _REFERENCE.fullmatch(value)):
        yield match[1]


def _flow(value: Any) -> str:
    """Write a value in one line of YAML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = str(value)
    if _BARE.fullmatch(text) and text not in _WORDS:
        return text
    return "'" + text.replace("'", "''") + "'"
