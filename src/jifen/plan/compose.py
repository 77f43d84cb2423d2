"""From plan files to one draft: shapes are checked, parts of a composition renamed and put one after the other.

In a composition, parameters, stores and ranks of equal name must be written alike, so sharing is always visible;
``{part: {old: new}}`` renames what a part calls ``old``, be it a parameter, a store, ranks or a rule. The order of
rules is file order.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from jifen.core.errors import PlanError
from jifen.plan.document import PROBLEMS_MAX, Block, Items, Place, Problems, Trail, locate, write_path
from jifen.plan.notation import REFERENCE
from jifen.plan.parameters import Parameter, dictionary
from jifen.plan.source import KEYS, RULES_MAX, PlanFile
from jifen.plan.values import did_you_mean, shown

__all__ = ["Draft", "Find", "named_path", "read_draft", "shape_problems"]

Find = Callable[[str], Any]
"""Gives the document of the plan of a name, or raises ``PlanError``."""

_NAME_KEYS = frozenset(
    (
        "schedule", "value", "balance", "remaining", "at", "of", "by", "priced_by", "each", "ranks", "split", "head",
        "drain", "funded", "closes", "from", "feed", "grant", "mint", "weight",
    )
)  # fmt: skip
"""The keys whose value may be the name of a store, of ranks or of a rule."""
_SECTIONS = ("params", "stores", "ranks")
_HOUSE_RENAMED = ("pay_asset",)
"""Parameters of the house that only rules read: one part of a composition may have its own, under another name."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan before its values are read.

    ``root`` has all the keys of a plan without ``compose``; ``definitions`` says what each parameter is. For each rule
    ``homes`` gives the pool that the word ``pool`` means in the file it comes from, and ``parts`` that file's number.
    """

    root: Block
    definitions: Mapping[str, Parameter]
    homes: tuple[str | None, ...]
    parts: tuple[int, ...]


def read_draft(document: Any, find: Find, problems: Problems, above: tuple[str, ...] = ()) -> Draft:
    """Check the shape of a document and return it as a draft, with the parts of a composition put together."""
    if not isinstance(document, Block):
        remedy = "write `preset: name`, then params, stores and rules"
        problems.add("wrong_type", "a plan file is a mapping", remedy, getattr(document, "place", Place("", 1)))
        document = Block(getattr(document, "place", Place()))
    else:
        shape_problems(PlanFile, document, (), document, problems)
    if "compose" in document:
        return _Composition(document, find, problems, above).draft()
    if "rules" not in document:
        remedy = "write `rules: [ … ]`, or `compose: [ … ]`"
        problems.add("missing_key", "the plan has no rules", remedy, document.place, "rules")
    root = _normal(document)
    count = len(root["rules"])
    return Draft(root, _definitions(root, problems), (_only_pool(root["stores"]),) * count, (0,) * count)


def shape_problems(
    model: type[BaseModel] | TypeAdapter[Any], piece: Any, trail: Trail, root: Block, problems: Problems
) -> Any:
    """Read a piece with its model and return it, or ``None`` after noting every mistake with its place."""
    try:
        if isinstance(model, TypeAdapter):
            return model.validate_python(piece)
        return model.model_validate(piece)
    except ValidationError as error:
        details = error.errors(include_url=False)
        problems.more += len(details[PROBLEMS_MAX:])
        for detail in details[:PROBLEMS_MAX]:
            _note(detail, trail, root, problems)
    return None


def _note(detail: ErrorDetails, trail: Trail, root: Block, problems: Problems) -> None:
    """Turn one mistake of the schema library into one of ours."""
    inner = tuple(part for part in detail["loc"] if not str(part).startswith(("=", "[key]")))
    path = trail + inner
    key = write_path(named_path(root, path))
    last = str(path[-1]) if path else "the file"
    context = detail.get("ctx", {})
    place = locate(root, path)
    match detail["type"]:
        case "extra_forbidden":
            remedy = did_you_mean(last, KEYS - {last}, "remove it, or look up the keys of this filling")
            problems.add("unknown_key", f"the key `{last}` is not known here", remedy, place, key)
        case "missing":
            problems.add("missing_key", f"the key `{last}` is missing", f"write `{last}: …`", place, key)
        case "unknown_filling":
            message = f"{shown(detail['input'])} is no filling of `{last}`"
            problems.add("unknown_filling", message, f"begin with one of {detail['msg']}", place, key)
        case "too_long" | "too_short":
            message = f"{shown(detail['input'])} with {context.get('actual_length')} entries is out of bounds"
            least, most = context.get("min_length"), context.get("max_length")
            remedy = f"write at most {most}" if most is not None else f"write at least {least}"
            problems.add("out_of_bounds", message, remedy, place, key)
        case kind if "remedy" in context:
            source = _raw(root, path)
            note = f" (from {source})" if isinstance(source, str) and REFERENCE.fullmatch(source) else ""
            problems.add(kind, str(context["message"]) + note, str(context["remedy"]), place, key)
        case _:
            message = f"{shown(detail['input'])} cannot stand here: {detail['msg'].lower()}"
            problems.add("wrong_type", message, "write what the plan language has here", place, key)


def _raw(root: Any, path: Trail) -> Any:
    for part in path:
        try:
            root = root[part]
        except (KeyError, IndexError, TypeError):
            return None
    return root


def named_path(root: Block, path: Trail) -> Trail:
    """Replace the index of a rule by its id, which stays the same wherever the rule is put."""
    if len(path) > 1 and path[0] == "rules":
        identity = _raw(root, (*path[:2], "id"))
        if isinstance(identity, str):
            return ("rules", identity, *path[2:])
    return path


def _block(value: Any, place: Place) -> Block:
    return value if isinstance(value, Block) else Block(place)


def _normal(document: Block) -> Block:
    """Return a copy with every section there and of the right kind, so that later steps need not ask."""
    root = Block(document.place)
    for key in ("preset", "title", "source"):
        if key in document:
            root.put(key, document[key], document.places[key])
    for key in _SECTIONS:
        root.put(key, _block(document.get(key), document.place), document.places.get(key, document.place))
    for key in ("rules", "overrides"):
        items = Items(document.places.get(key, document.place))
        given = document.get(key)
        if isinstance(given, Items):
            most = RULES_MAX if key == "rules" else len(given)
            items.extend(given[:most])
            items.places.extend(given.places[:most])
        root.put(key, items, items.place)
    return root


def _definitions(root: Block, problems: Problems) -> dict[str, Parameter]:
    """Return what each parameter of the plan is; a name that the dictionary does not have is a mistake."""
    known = dictionary().parameters
    for name in root["params"].keys() - known.keys():
        remedy = did_you_mean(name, known, "look it up in the dictionary of parameters")
        place = locate(root, ("params", name))
        problems.add("unknown_parameter", f"there is no parameter `{name}`", remedy, place, name)
    return dictionary().house | {name: known[name] for name in root["params"] if name in known}


def _mentions(value: Any, reference: str) -> bool:
    """Whether ``$name`` stands anywhere in a value."""
    if isinstance(value, dict | list):
        return any(_mentions(item, reference) for item in (value.values() if isinstance(value, dict) else value))
    return bool(value == reference)


def _only_pool(stores: Block) -> str | None:
    """Return what the word ``pool`` means in a file: the pool of that name, or else the only one."""
    pools = [name for name, store in stores.items() if isinstance(store, Block) and "pool" in store]
    if "pool" in pools:
        return "pool"
    return pools[0] if len(pools) == 1 else None


class _Composition:
    """Puts parts together. ``above`` are the plans being read, so that no plan contains itself."""

    def __init__(self, document: Block, find: Find, problems: Problems, above: tuple[str, ...]) -> None:
        self.document = document
        self.find = find
        self.problems = problems
        self.above = above
        self.root = _normal(document)
        self.own, self.root["params"] = self.root["params"], Block(document.place)
        self.definitions: dict[str, Parameter] = {}
        self.homes: list[str | None] = []
        self.parts: list[int] = []
        self.owners: dict[tuple[str, str], str] = {}
        self.house: dict[str, tuple[str, Any]] = {}

    def draft(self) -> Draft:
        for key in ("stores", "ranks", "rules"):
            if key in self.document:
                remedy = "move them into a plan file of their own, and compose that one too"
                place = self.document.places[key]
                self.problems.add("unknown_key", f"a composition has no `{key}` of its own", remedy, place, key)
                self.root[key] = Items(place) if key == "rules" else Block(place)
        parts = self.document["compose"]
        for index, entry in enumerate(parts if isinstance(parts, Items) else ()):
            place = parts.places[index]
            if isinstance(entry, str):
                self.part(entry, Block(place), place)
            elif isinstance(entry, Block) and len(entry) == 1:
                name, renames = next(iter(entry.items()))
                self.part(name, _block(renames, place), place)
        self.values()
        definitions = dictionary().house | self.definitions
        return Draft(self.root, definitions, tuple(self.homes), tuple(self.parts))

    def part(self, name: str, renames: Block, place: Place) -> None:
        if name in self.above:
            remedy = "remove it from `compose`"
            self.problems.add("compose_cycle", f"the plan `{name}` contains itself", remedy, place, "compose")
            return
        try:
            document = self.find(name)
        except PlanError as error:
            for problem in error.problems:
                self.problems.add(problem.code, problem.message, problem.remedy, place, "compose")
            return
        draft = read_draft(document, self.find, self.problems, (*self.above, name))
        self.merge(name, _renamed(draft, name, renames, self.problems), place)

    def merge(self, part: str, draft: Draft, place: Place) -> None:
        """Add a part. What has a name that is taken must be the same thing."""
        for section in _SECTIONS:
            for name, value in draft.root[section].items():
                if name not in self.root[section]:
                    self.root[section].put(name, value, draft.root[section].places[name])
                    self.owners[section, name] = part
                elif section == "params" and name in dictionary().house:
                    continue
                elif self.root[section][name] != value or not self.same_meaning(section, name, draft):
                    self.conflict(section, name, part, place)
        self.merge_house(part, draft, place)
        self.definitions = {**draft.definitions, **self.definitions}
        for key in ("rules", "overrides"):
            for index, item in enumerate(draft.root[key]):
                self.root[key].put(item, draft.root[key].places[index])
        self.homes += draft.homes
        first = max(self.parts, default=-1) + 1
        self.parts += (first + part for part in draft.parts)

    def merge_house(self, part: str, draft: Draft, place: Place) -> None:
        """Check that the parts agree on what is one for the whole plan; who says nothing means the usual."""
        for name, definition in dictionary().house.items():
            read = name not in _HOUSE_RENAMED or _mentions(draft.root["rules"], f"${name}")
            if name not in draft.definitions or not read:
                continue
            value = draft.root["params"].get(name, definition.default)
            other, before = self.house.setdefault(name, (part, value))
            if name not in self.own and before != value:
                message = f"`{name}` is {shown(before)} in `{other}` and {shown(value)} in `{part}`"
                remedy = f"it is one for the whole plan: write `params: {{{name}: …}}` beside `compose`"
                if name in _HOUSE_RENAMED:
                    remedy += f", or rename one: {{{part}: {{{name}: {part}_{name}}}}}"
                self.problems.add("compose_conflict", message, remedy, place, name)

    def conflict(self, section: str, name: str, part: str, place: Place) -> None:
        """Note that two parts mean different things by one name."""
        message = f"`{self.owners[section, name]}` and `{part}` both have {section}.{name}, written differently"
        remedy = f"make them equal, or rename one: {{{part}: {{{name}: {part}_{name}}}}}"
        self.problems.add("compose_conflict", message, remedy, place, name)

    def same_meaning(self, section: str, name: str, draft: Draft) -> bool:
        return section != "params" or self.definitions.get(name) == draft.definitions.get(name)

    def values(self) -> None:
        """Let the values written beside ``compose`` replace those of the parts."""
        for name, value in self.own.items():
            if name not in dictionary().house | self.definitions:
                remedy = did_you_mean(name, self.definitions, "name a parameter of one of the parts")
                message = f"no part has a parameter `{name}`"
                self.problems.add("unknown_parameter", message, remedy, self.own.places[name], name)
            else:
                self.root["params"].put(name, value, self.own.places[name])


def _renamed(draft: Draft, part: str, renames: Block, problems: Problems) -> Draft:
    """Return the draft with its names replaced."""
    names = {old: new for old, new in renames.items() if isinstance(new, str)}
    taken = {name for section in _SECTIONS for name in draft.root[section]} | {
        str(rule.get("id")) for rule in draft.root["rules"] if isinstance(rule, Block)
    }
    taken.update(_HOUSE_RENAMED)
    for old, new in names.items():
        place = renames.places[old]
        if old not in taken:
            remedy = did_you_mean(old, taken, "remove it")
            problems.add("compose_rename", f"nothing in `{part}` is called `{old}`", remedy, place, old)
        elif new in taken and new not in names:
            problems.add("compose_rename", f"`{part}` already has a `{new}`", "choose another name", place, old)
        elif old in dictionary().house and old not in _HOUSE_RENAMED:
            message = f"`{old}` belongs to the house and is one for the whole plan"
            problems.add("compose_rename", message, "remove it", place, old)
    if not names:
        return draft
    definitions = {
        names.get(name, name): replace(definition, house=definition.house and name not in names)
        for name, definition in draft.definitions.items()
    }
    homes = tuple(names.get(home, home) if home else home for home in draft.homes)
    root = _rename_block(draft.root, names)
    for name in names.keys() & _HOUSE_RENAMED - draft.root["params"].keys():
        root["params"].put(names[name], dictionary().house[name].default, renames.places[name])
    return Draft(root, definitions, homes, draft.parts)


def _rename_block(root: Block, names: Mapping[str, str]) -> Block:
    renamed = Block(root.place)
    for key, value in root.items():
        if key in _SECTIONS:
            section = Block(value.place)
            for name, item in value.items():
                new = item if key == "params" else _rename(item, "", names)
                section.put(names.get(name, name), new, value.places[name])
            value = section
        elif key in {"rules", "overrides"}:
            value = _rename(value, key, names)
        renamed.put(key, value, root.places[key])
    return renamed


def _rename(value: Any, key: str, names: Mapping[str, str]) -> Any:
    """Rename in a value that stands under ``key``: references everywhere, plain names where names stand."""
    if isinstance(value, Block):
        block = Block(value.place)
        for inner, item in value.items():
            name = names.get(inner, inner) if key == "override" else inner
            block.put(name, _rename(item, inner, names), value.places[inner])
        return block
    if isinstance(value, Items):
        items = Items(value.place)
        for index, item in enumerate(value):
            items.put(_rename(item, "override" if key == "overrides" else key, names), value.places[index])
        return items
    if not isinstance(value, str):
        return value
    if match := REFERENCE.fullmatch(value):
        name, column = match["name"], match["column"]
        return f"${names.get(name, name)}" + (f".{column}" if column else "")
    return names.get(value, value) if key in _NAME_KEYS or key == "id" else value
