"""From a draft to a plan: values are read, ``$name`` is replaced, pieces are built, and the whole is checked."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pydantic import TypeAdapter

from jifen.plan import model
from jifen.plan.build import Tables, build_ranks, build_rule, build_store
from jifen.plan.check import check
from jifen.plan.compose import Draft, named_path, shape_problems
from jifen.plan.digest import digest
from jifen.plan.document import Block, Items, Place, Problems, Trail, locate, plain, write_path
from jifen.plan.notation import REFERENCE
from jifen.plan.parameters import Parameter
from jifen.plan.sited import Sited
from jifen.plan.source import LINE_KEYS, OverrideSource, RanksSource, RuleSource, StoreSource
from jifen.plan.values import BadValueError, did_you_mean

__all__ = ["Origin", "resolve"]

_STORE: TypeAdapter[Any] = TypeAdapter(StoreSource)
_PIECES: dict[str, Any] = {"stores": _STORE, "ranks": RanksSource, "rules": RuleSource}
_LINE_TYPES = {"rate", "ratio"}
_COLUMN_SLOTS = {"amount.share", "amount.tier", "amount.spread"}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a plan comes from: what it takes to load it again with other values."""

    draft: Draft
    overrides: Mapping[str, Any]


def resolve(draft: Draft, overrides: Mapping[str, Any], problems: Problems) -> model.Plan | None:
    """Return the plan, or ``None`` after noting every mistake."""
    return _Resolver(draft, overrides, problems).plan()


class _Resolver:
    """Holds what is known while a draft becomes a plan."""

    def __init__(self, draft: Draft, overrides: Mapping[str, Any], problems: Problems) -> None:
        self.draft = draft
        self.problems = problems
        self.applied = dict(overrides)
        self.given = self._given()
        self.values: dict[str, Any] = {}
        self.broken: set[str] = set()
        self.used: set[str] = set()
        self.lines: set[tuple[str, str, str]] = set()
        self.spoilt = False
        self.emptied = False

    def plan(self) -> model.Plan | None:
        self._read_values()
        tables = Tables(self.values)
        stores = {name: build_store(name, source) for name, source in self._pieces("stores")}
        ranks = {name: build_ranks(name, source, tables) for name, source in self._pieces("ranks")}
        by_parameter = self._overrides()
        rules: dict[int, model.Rule] = {}
        for index, source in self._pieces("rules"):
            own = by_parameter.get(_share_parameter(self.draft.root["rules"][index]), ())
            rule = build_rule(source, tables, self.draft.homes[index], own, self.emptied)
            rules[index] = replace(rule, part=self.draft.parts[index])
        ranks |= tables.ranks
        built = _switched(tuple(rules.values()), ranks)
        root = self.draft.root
        name = str(root.get("preset", ""))
        written = root.get("title")
        title = {language: str(text) for language, text in written.items()} if isinstance(written, Block) else {}
        plan = model.Plan(
            name,
            title or {"en": name, "zh": name},
            "",
            self.values,
            stores,
            ranks,
            built,
            source=str(root.get("source", "")),
        )
        whole = len(stores) + len(ranks) - len(tables.ranks) + len(built) == sum(len(root[key]) for key in _PIECES)
        warnings = check(plan, Sited(root, tuple(rules), whole, self.problems))
        if whole:
            self._unused()
        if self.problems.found:
            return None
        origin = Origin(self.draft, self.applied)
        return replace(plan, digest=digest(plan), warnings=tuple(warnings), origin=origin)

    # -- parameters -------------------------------------------------------------------------------------------------

    def _given(self) -> Block:
        """Return every parameter as it is written: the dictionary's, then the plan's, then the caller's."""
        given = Block()
        for name, definition in self.draft.definitions.items():
            if definition.house:
                given.put(name, definition.default, Place("parameters.yaml"))
        for name, value in self.draft.root["params"].items():
            given.put(name, value, self.draft.root["params"].places[name])
        for name, value in self.applied.items():
            given.put(str(name), plain(value, Place()), Place())
        return given

    def _read_values(self) -> None:
        definitions = self.draft.definitions
        for name, raw in self.given.items():
            if name in definitions:
                self.values[name] = definitions[name].read(raw, partial(self._bad_value, name))
            elif name in self.applied and name != "overrides":
                remedy = did_you_mean(name, definitions)
                self.problems.add("unknown_parameter", f"this plan has no parameter `{name}`", remedy, Place(), name)

    def _bad_value(self, name: str, trail: Trail, error: BadValueError) -> None:
        self.broken.add(name)
        path = (name, *trail)
        place, key = locate(self.given, path), write_path(path)
        self.problems.add(error.code, error.message, error.remedy, place, key)

    def _unused(self) -> None:
        for name, definition in self.draft.definitions.items():
            if not definition.house and name not in self.used:
                place = locate(self.given, (name,))
                remedy = f"remove it, or write `${name}` where its value belongs"
                self.problems.add("unused_parameter", f"no rule uses `{name}`", remedy, place, name)

    # -- pieces -----------------------------------------------------------------------------------------------------

    def _pieces(self, section: str) -> Any:
        """Yield the name or index and the checked source of every piece that can be built."""
        pieces = self.draft.root[section]
        for name, piece in list(enumerate(pieces) if isinstance(pieces, Items) else pieces.items()):
            self.spoilt = self.emptied = False
            trail = (section, name)
            replaced = self._replaced(piece, trail)
            source = shape_problems(_PIECES[section], replaced, trail, self.draft.root, self.problems)
            if source is not None and not self.spoilt:
                yield name, source

    def _replaced(self, value: Any, trail: Trail) -> Any:
        """Return a value with each ``$name`` replaced by what the parameter is; tables stay to be named."""
        if isinstance(value, Block):
            block = Block(value.place)
            for key, item in value.items():
                block.put(key, self._replaced(item, (*trail, key)), value.places[key])
            return block
        if isinstance(value, Items):
            items = Items(value.place)
            for index, item in enumerate(value):
                items.put(self._replaced(item, (*trail, index)), value.places[index])
            return items
        return self._looked_up(value, trail) if isinstance(value, str) and value.startswith("$") else value

    def _looked_up(self, text: str, trail: Trail) -> Any:
        match = REFERENCE.fullmatch(text)
        name, column = (match["name"], match["column"]) if match else (text[1:], None)
        definition = self.draft.definitions.get(name)
        if definition is None:
            self._refuse(trail, "unknown_reference", f"there is no parameter `{name}`", did_you_mean(name, self.given))
            return text
        self.used.add(name)
        if name in self.broken or name not in self.values:
            self.spoilt = True
            return text
        if column is not None or definition.is_table:
            self._check_table(definition, text, column, trail)
        else:
            if self.values[name] is None and trail[0] == "rules":
                self.emptied = True
                return 1
            return self.given[name]
        return text

    def _check_table(self, definition: Parameter, text: str, column: str | None, trail: Trail) -> None:
        """Check that a table, or a column of one, stands where such a thing belongs, and that all rows have it."""
        slot = "ladder" if trail[0] == "ranks" else ".".join(map(str, trail[2:]))
        if column is None:
            if (definition.type, slot) not in {("ladder", "ladder"), ("regions", "amount.share")}:
                remedy = f"write `{text}.column`" if definition.columns else "share it in a walk of regions"
                self._refuse(trail, "wrong_type", f"`{text}` is a whole table", remedy)
        elif column not in (columns := definition.value_columns):
            remedy = did_you_mean(column, columns) if columns else "name a parameter that is a table"
            message = f"`{definition.name}` has no column of numbers called `{column}`"
            self._refuse(trail, "unknown_reference", message, remedy)
        elif slot not in _COLUMN_SLOTS:
            remedy = "write a value here; columns belong to `share`, `tier` and `spread`"
            self._refuse(trail, "wrong_type", f"`{text}` is a column of a table", remedy)
        else:
            self._check_column(text[1:].partition(".")[0], definition, column)

    def _check_column(self, name: str, definition: Parameter, column: str) -> None:
        for index, row in enumerate(self.values[name]):
            if column not in definition.cells(row):
                path = (name, index)
                self.spoilt = True
                message = f"row `{row.name}` has no `{column}`, which a rule uses"
                place, key = locate(self.given, path), write_path((*path, column))
                self.problems.add("missing_column", message, f"write `{column}: …` in this row", place, key)

    def _refuse(self, trail: Trail, code: str, message: str, remedy: str) -> None:
        self.spoilt = True
        root = self.draft.root
        self.problems.add(code, message, remedy, locate(root, trail), write_path(named_path(root, trail)))

    # -- overrides by line ------------------------------------------------------------------------------------------

    def _overrides(self) -> dict[str, tuple[model.Override, ...]]:
        """Return the overrides of each parameter, in order of precedence."""
        given = self.given.get("overrides", self.draft.root["overrides"])
        root = Block()
        root.put("overrides", given, getattr(given, "place", Place()))
        found: dict[str, list[model.Override]] = {}
        if not isinstance(given, Items):
            self.problems.add("wrong_type", "overrides are a list", "write [{where: {…}, …}]", Place(), "overrides")
            return {}
        for index, entry in enumerate(given):
            trail = ("overrides", index)
            source = shape_problems(OverrideSource, entry, trail, root, self.problems)
            if source is not None:
                (key, equals), *_ = source.where.items()
                for name in entry.keys() - {"where"}:
                    self._override(root, (*trail, name), (key, equals), found)
        order = {key: position for position, key in enumerate(LINE_KEYS)}
        return {name: tuple(sorted(items, key=lambda item: order[item.key])) for name, items in found.items()}

    def _override(
        self, root: Block, trail: Trail, line: tuple[str, str], found: dict[str, list[model.Override]]
    ) -> None:
        name, place, key = str(trail[-1]), locate(root, trail), write_path(trail)
        shares = self._shared_parameters()
        if name not in shares:
            message = f"`{name}` cannot differ by line: it is no rate or ratio of a `share`"
            self.problems.add("override_parameter", message, did_you_mean(name, shares), place, key)
            return

        def bad_value(inner: Trail, error: BadValueError) -> None:
            self.problems.add(error.code, error.message, error.remedy, place, key)

        rate = self.draft.definitions[name].read(root["overrides"][trail[1]][name], bad_value)
        if rate is None:
            return
        if (name, *line) in self.lines:
            message = f"`{name}` is given twice for {line[0]} `{line[1]}`"
            self.problems.add("override_duplicate", message, "keep one of the two", place, key)
        self.lines.add((name, *line))
        found.setdefault(name, []).append(model.Override(*line, rate))

    def _shared_parameters(self) -> list[str]:
        return [
            name
            for rule in self.draft.root["rules"]
            if (name := _share_parameter(rule)) in self.draft.definitions
            and self.draft.definitions[name].type in _LINE_TYPES
        ]


def _share_parameter(rule: Any) -> str:
    """Return the parameter that a rule shares, as it is written; empty if there is none."""
    amount = rule.get("amount") if isinstance(rule, Block) else None
    share = amount.get("share") if isinstance(amount, Block) else None
    return share[1:] if isinstance(share, str) and share.startswith("$") else ""


def _switched(rules: tuple[model.Rule, ...], ranks: Mapping[str, model.Ranks]) -> tuple[model.Rule, ...]:
    """Switch off every rule that can pay nothing: no rate, no row, no receiver, or a base that is off."""
    done: list[model.Rule] = []
    for rule in rules:
        base = getattr(rule.amount, "of", None)
        bases = [other for other in done if (other.id, other.when, other.part) == (base, rule.when, rule.part)]
        dead = (bool(bases) and all(base.off for base in bases)) or _empty(rule, ranks)
        done.append(replace(rule, off=rule.off or dead))
    return tuple(done)


def _empty(rule: model.Rule, ranks: Mapping[str, model.Ranks]) -> bool:
    named = ranks.get(getattr(rule.who, "ranks", None) or "")
    if named is not None and not named.ladder:
        return True
    if isinstance(rule.who, model.Walk) and rule.who.by == "peer" and rule.who.most == 0:
        return True
    match rule.amount:
        case model.Share(column=str() as column, overrides=()):
            return named is not None and not any(row.columns.get(column) for row in named.ladder)
        case model.Share(rates=rates, overrides=overrides):
            return not any(rates) and not any(override.rate for override in overrides)
        case model.Cycle(rates=rates):
            return not any(rates)
        case model.Tier(rows=rows, column=column):
            return not any(row.columns.get(column) for row in rows)
        case model.Schedule(rate=rate, parts=parts):
            return not rate and parts is None
    return False
