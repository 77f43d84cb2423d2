"""Scenarios: how many join, who refers them, what they buy, sell, give back and withdraw. A scenario is a YAML file.

``keys.yaml`` has every key with its type, its bounds and its default; a file gives other values, in sections::

    scenario: slow_start
    joining: {curve: logistic, a_day: 10, growth: 3%, most: 20000}

An unknown key, or a value out of its bounds, stops the load; all mistakes of a file come at once.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeGuard

from jifen.core.errors import InputError, PlanError, Problem
from jifen.plan.document import Block, Place, Problems, locate, plain, read_bytes, read_text
from jifen.plan.parameters import Parameter, read_parameter
from jifen.plan.values import TEXT_MAX, BadValueError, did_you_mean, shown

__all__ = [
    "Joining", "Orders", "Panic", "Ranks", "Referrals", "Refunds", "Regions", "Scenario", "Tasks", "Tokens",
    "Withdrawals", "key_help", "load_scenario", "load_scenario_text", "range_of", "scenario_keys", "scenario_names",
    "scenario_text",
]  # fmt: skip

_SUFFIX = ".yaml"
_HEADINGS = ("scenario", "title")


@dataclass(frozen=True, slots=True)
class Joining:
    """How many members join. ``growth`` is in parts per million a day."""

    curve: str
    at_start: int
    a_day: int
    growth: int
    most: int
    until: int | None
    drawn: bool


@dataclass(frozen=True, slots=True)
class Referrals:
    """Who refers those who join. ``referred`` is in parts per million."""

    shape: str
    referred: int
    width: int


@dataclass(frozen=True, slots=True)
class Ranks:
    """Who gets a rank by hand. Shares in parts per million."""

    appointed: int
    higher: int


@dataclass(frozen=True, slots=True)
class Regions:
    """Who becomes an agent, and of how many regions. ``agents`` is in parts per million."""

    agents: int
    width: int


@dataclass(frozen=True, slots=True)
class Orders:
    """What members buy. Shares and ``spread`` in parts per million, ``yuan`` in micro-units."""

    first: int
    again: int
    amount: str
    yuan: int
    spread: int
    stop: int | None


@dataclass(frozen=True, slots=True)
class Refunds:
    """What they give back. Shares in parts per million."""

    share: int
    days: int
    whole: int


@dataclass(frozen=True, slots=True)
class Tokens:
    """What holders sell. Shares in parts per million."""

    sold: int
    part: int


@dataclass(frozen=True, slots=True)
class Panic:
    """A day on which many sell all. ``share`` in parts per million."""

    day: int | None
    share: int


@dataclass(frozen=True, slots=True)
class Tasks:
    """Who does the tasks. ``attendance`` in parts per million."""

    attendance: int


@dataclass(frozen=True, slots=True)
class Withdrawals:
    """Who takes out cash. ``share`` in parts per million, ``least`` in micro-units."""

    share: int
    least: int


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario. ``cost`` is in parts per million of sales; days count from 1."""

    name: str
    title: Mapping[str, str]
    days: int
    cost: int
    joining: Joining
    referrals: Referrals
    ranks: Ranks
    regions: Regions
    orders: Orders
    refunds: Refunds
    tokens: Tokens
    panic: Panic
    tasks: Tasks
    withdrawals: Withdrawals

    def values(self) -> dict[str, Any]:
        """By key, as a scenario holds them."""
        return {key: _held(self, key) for key in scenario_keys()}

    def text(self) -> str:
        """The scenario as a file that has every key."""
        english, chinese = (json.dumps(self.title[language], ensure_ascii=False) for language in ("en", "zh"))
        lines = [f'scenario: "{self.name}"', f"title: {{en: {english}, zh: {chinese}}}"]
        section = ""
        for key, value in self.values().items():
            head, _, rest = key.rpartition(".")
            if head and head != section:
                lines.append(f"{head}:")
            section = head
            lines.append(f"{'  ' if head else ''}{rest}: {scenario_keys()[key].write(value)}")
        return "\n".join(lines) + "\n"


_SECTIONS: dict[str, type[Any]] = {
    "joining": Joining, "referrals": Referrals, "ranks": Ranks, "regions": Regions, "orders": Orders,
    "refunds": Refunds, "tokens": Tokens, "panic": Panic, "tasks": Tasks, "withdrawals": Withdrawals,
}  # fmt: skip


@cache
def scenario_keys() -> dict[str, Parameter]:
    """Every key of a scenario, sections with a dot, in the order in which a file has them.

    >>> scenario_keys()["joining.growth"].default
    '1%'
    """
    return {key: read_parameter(key, entry) for key, entry in _document().items()}


def range_of(key: str) -> str:
    """What the value of a key may be, in words.

    >>> range_of("cost"), range_of("joining.drawn")
    ('0% to 100%', 'true, false')
    """
    parameter = scenario_keys()[key]
    if parameter.type == "bool":
        return "true, false"
    return ", ".join(parameter.options) or parameter.bounds()


@cache
def key_help(language: str = "en") -> dict[str, str]:
    """By key what it means, in a few words: ``en``, else ``zh``."""
    return {key: str(entry["help" if language == "en" else "zh"]) for key, entry in _document().items()}


def _document() -> Block:
    document: Block = read_text(files("jifen.simulate").joinpath("keys.yaml").read_text(encoding="utf-8"), "keys.yaml")
    return document


@cache
def scenario_names() -> tuple[str, ...]:
    """The scenarios that come with the package.

    >>> "steady" in scenario_names()
    True
    """
    entries = files("jifen.simulate").joinpath("scenarios").iterdir()
    names = (entry.name for entry in entries)
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)))


def scenario_text(name: str) -> str:
    """The text of a scenario that comes with the package; an unknown name is an ``InputError``."""
    if name not in scenario_names():
        remedy = did_you_mean(name, scenario_names())
        raise InputError(Problem("unknown_scenario", f"there is no scenario called {shown(name)}", remedy))
    return files("jifen.simulate").joinpath("scenarios", f"{name}{_SUFFIX}").read_text(encoding="utf-8")


def load_scenario(source: str | Path, overrides: Mapping[str, Any] | None = None) -> Scenario:
    """Load a scenario that comes with the package by its name, or a file by its path; mistakes are an ``InputError``.

    ``overrides`` are other values by key, written as in a file.

    >>> load_scenario("steady", {"joining.a_day": 7}).joining.a_day
    7
    """
    if isinstance(source, str) and source in scenario_names():
        return load_scenario_text(scenario_text(source), f"{source}{_SUFFIX}", overrides)
    path = Path(source)
    if isinstance(source, str) and not path.suffix:
        scenario_text(source)
    if not path.is_file():
        raise InputError(Problem("no_file", "there is no such file", "check the path", str(source)))
    try:
        return load_scenario_text(read_bytes(path), str(path), overrides)
    except PlanError as error:
        raise InputError(error.problems, error.more) from error


def load_scenario_text(text: str | bytes, file: str = "", overrides: Mapping[str, Any] | None = None) -> Scenario:
    """Load a scenario from text; ``file`` is the name that mistakes are reported under."""
    problems = Problems()
    try:
        root = read_text(text, file)
        found = _Reader(root, file, problems).scenario(overrides or {})
        problems.raise_any()
    except PlanError as error:
        raise InputError(error.problems, error.more) from error
    return found


class _Reader:
    """Reads one scenario, collecting problems."""

    def __init__(self, root: Any, file: str, problems: Problems) -> None:
        self.problems = problems
        self.file = file
        self.root = root if isinstance(root, Block) else Block(Place(file, 1))
        if not isinstance(root, Block):
            remedy = "begin with `scenario: name`"
            problems.add("wrong_type", f"a scenario is a mapping of keys, not {shown(root)}", remedy, Place(file, 1))

    def scenario(self, overrides: Mapping[str, Any]) -> Scenario:
        written = {key: (value, locate(self.root, tuple(key.split(".")))) for key, value in self._written()}
        place = Place("--set")
        for key, value in overrides.items():
            if key not in scenario_keys():
                self._unknown(key, place)
            written[key] = (plain(value, place), place)
        values = {key: self._value(parameter, *written.get(key, ())) for key, parameter in scenario_keys().items()}
        name, title = self._headings()
        sections = {
            section: kind(**{field.name: values[f"{section}.{field.name}"] for field in fields(kind)})
            for section, kind in _SECTIONS.items()
        }
        return Scenario(name, title, values["days"], values["cost"], **sections)

    def _written(self) -> Iterator[tuple[str, Any]]:
        """The keys that the file has and the language knows, sections with a dot."""
        for key, value in self.root.items():
            if key in _SECTIONS and isinstance(value, Block):
                for inner, item in value.items():
                    whole = f"{key}.{inner}"
                    if whole in scenario_keys():
                        yield whole, item
                    else:
                        self._unknown(whole, value.places[inner])
            elif key in _SECTIONS:
                keys = ", ".join(field.name for field in fields(_SECTIONS[key]))
                message = f"`{key}` is a section, not {shown(value)}"
                self.problems.add("wrong_type", message, f"write {key}: {{…}} with {keys}", self.root.places[key], key)
            elif key in scenario_keys():
                yield key, value
            elif key not in _HEADINGS:
                self._unknown(key, self.root.places[key])

    def _unknown(self, key: str, place: Place) -> None:
        known = [*scenario_keys(), *_HEADINGS, *_SECTIONS]
        remedy = did_you_mean(key, known, "see `jifen simulate --keys`")
        self.problems.add("unknown_key", f"a scenario has no key `{key}`", remedy, place, key)

    def _value(self, parameter: Parameter, value: Any = None, place: Place | None = None) -> Any:
        """The value that is written, or the default."""

        def report(trail: Any, error: BadValueError) -> None:
            self.problems.add(error.code, error.message, error.remedy, place or Place(self.file), parameter.name)

        return parameter.read(parameter.default if place is None else value, report)

    def _headings(self) -> tuple[str, dict[str, str]]:
        name, title = self.root.get("scenario"), self.root.get("title")
        if not _is_line(name) or not name.isidentifier():
            code = "missing_key" if name is None else "wrong_type"
            place = self.root.places.get("scenario", self.root.place)
            message = "the scenario has no name" if name is None else f"{shown(name)} is not a name"
            self.problems.add(code, message, "write `scenario: name`, in small letters", place, "scenario")
            return "", {"en": "", "zh": ""}
        if title is None:
            return name, {"en": name, "zh": name}
        texts = dict(title) if isinstance(title, Block) else {}
        if texts.keys() != {"en", "zh"} or not all(_is_line(text) for text in texts.values()):
            place = self.root.places["title"]
            remedy = f"write `title: {{en: …, zh: …}}`, a line of at most {TEXT_MAX} characters each"
            self.problems.add("wrong_type", f"{shown(title)} is no title in two languages", remedy, place, "title")
        return name, texts


def _is_line(text: object) -> TypeGuard[str]:
    return isinstance(text, str) and text.isprintable() and len(text) <= TEXT_MAX


def _held(scenario: Scenario, key: str) -> Any:
    section, _, name = key.rpartition(".")
    return getattr(getattr(scenario, section) if section else scenario, name)
