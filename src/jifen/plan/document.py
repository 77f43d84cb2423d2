"""YAML read as plain values that remember where they stand.

A document is made of ``Block`` (a mapping), ``Items`` (a list), ``str``, ``int``, ``bool`` and ``None``. A number that
is not a plain integer stays the text it was written as, so 1.2 is exactly 1.2: no binary float is ever made. Aliases
and tags are refused: a plan says each thing where it stands, and no short file can grow large while it is read.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from jifen.core.errors import PlanError, Problem

__all__ = [
    "DEPTH_MAX",
    "FILE_BYTES_MAX",
    "KEYS_MAX",
    "PROBLEMS_MAX",
    "Block",
    "Items",
    "Place",
    "Problems",
    "Trail",
    "locate",
    "plain",
    "read_bytes",
    "read_text",
    "write_path",
]

FILE_BYTES_MAX = 256_000
"""Largest plan file."""
DEPTH_MAX = 20
"""Deepest nesting of a plan file."""
KEYS_MAX = 1000
"""Most keys of one mapping."""
PROBLEMS_MAX = 100
"""Most mistakes that are told at once; of the others only how many there are."""

_INTEGER = re.compile(r"[+-]?(0|[1-9]\d{0,18})", re.ASCII)
_WORDS: dict[str, bool | None] = dict.fromkeys(("", "~", "null", "Null", "NULL"))
_WORDS |= dict.fromkeys(("true", "True", "TRUE"), True) | dict.fromkeys(("false", "False", "FALSE"), False)
_CORE_TAG = "tag:yaml.org,2002:"
_TAGS = frozenset({"map", "seq", "str", "int", "float", "bool", "null", "timestamp", "merge", "value"})

Trail = tuple[str | int, ...]
"""Where a value stands in a document: keys and indexes from the root."""


class Place(NamedTuple):
    """A file and a line (from 1; 0: not from a file)."""

    file: str = ""
    line: int = 0


class Block(dict[str, Any]):
    """A mapping with the place of each of its keys."""

    def __init__(self, place: Place = Place()) -> None:  # noqa: B008 - an immutable value
        """Make an empty mapping that starts at ``place``."""
        super().__init__()
        self.place = place
        self.places: dict[str, Place] = {}

    def put(self, key: str, value: Any, place: Place) -> None:
        """Set a key and remember where it stands."""
        self[key] = value
        self.places[key] = place


class Items(list[Any]):
    """A list with the place of each of its items."""

    def __init__(self, place: Place = Place()) -> None:  # noqa: B008 - an immutable value
        """Make an empty list that starts at ``place``."""
        super().__init__()
        self.place = place
        self.places: list[Place] = []

    def put(self, value: Any, place: Place) -> None:
        """Append an item and remember where it stands."""
        self.append(value)
        self.places.append(place)


class Problems:
    """The mistakes found so far: they are collected, and raised together."""

    def __init__(self) -> None:
        """Begin with none."""
        self._found: dict[Problem, None] = {}
        self.more = 0

    @property
    def found(self) -> list[Problem]:
        """The mistakes in the order in which they were noted, each once."""
        return list(self._found)

    def add(self, code: str, message: str, remedy: str, place: Place, key: str = "") -> None:
        """Note one mistake."""
        self._found[Problem(code, message, remedy, place.file, place.line, key)] = None

    def raise_any(self) -> None:
        """Raise ``PlanError``, if there are any, with all of them (at most ``PROBLEMS_MAX``) by file and line."""
        if self._found:
            found = sorted(self._found, key=lambda problem: (problem.file, problem.line))
            raise PlanError(found[:PROBLEMS_MAX], more=self.more + len(found[PROBLEMS_MAX:]))


def locate(root: Any, path: Trail) -> Place:
    """Return where the value at ``path`` stands, or the nearest thing above it that has a place."""
    place, node = getattr(root, "place", Place()), root
    for part in path:
        if isinstance(node, Block) and part in node:
            place, node = node.places.get(str(part), place), node[str(part)]
        elif isinstance(node, Items) and isinstance(part, int) and part < len(node):
            place, node = node.places[part], node[part]
        else:
            break
    return place


def write_path(path: Trail) -> str:
    """Write a path as a key: ``("rules", 2, "amount")`` is ``rules[2].amount``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def plain(value: Any, place: Place) -> Any:
    """Turn a caller's mappings, lists and scalars into a document; anything else (a float) stays, to be refused."""
    if isinstance(value, Mapping):
        block = Block(place)
        for key, item in value.items():
            block.put(str(key), plain(item, place), place)
        return block
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        items = Items(place)
        for item in value:
            items.put(plain(item, place), place)
        return items
    return value


def read_bytes(path: Path) -> bytes:
    """Read a plan file, at most ``FILE_BYTES_MAX`` long; else ``PlanError``."""
    place = Place(str(path))
    problems = Problems()
    data = b""
    try:
        with path.open("rb") as stream:
            data = stream.read(FILE_BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no file"
        problems.add("plan_unreadable", f"the plan cannot be read: {reason}", "give the path of a YAML file", place)
    _check_size(len(data), place, problems)
    problems.raise_any()
    return data


def read_text(source: str | bytes, file: str) -> Any:
    """Read YAML as a document; ``PlanError`` with all that is wrong with it as YAML."""
    problems = Problems()
    _check_size(len(source), Place(file), problems)
    problems.raise_any()
    node = _compose(source if isinstance(source, str) else _decode(source, file), file)
    document = _Reader(file, problems).read(node) if node is not None else None
    problems.raise_any()
    return document


def _check_size(size: int, place: Place, problems: Problems) -> None:
    if size > FILE_BYTES_MAX:
        remedy = "split it, or move long lists out of it"
        problems.add("plan_too_large", f"a plan file has at most {FILE_BYTES_MAX} bytes", remedy, place)


def _decode(source: bytes, file: str) -> str:
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = Place(file, source.count(b"\n", 0, error.start) + 1)
        problem = Problem("plan_encoding", "the file is not UTF-8 text", "save the file as UTF-8", *place)
        raise PlanError(problem) from error


def _compose(text: str, file: str) -> Node | None:
    """Let the YAML library read the text. Whatever it raises on strange text is a mistake in the text."""
    try:
        node: Node | None = YAML().compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = " ".join(str(error.problem or error.context or "it cannot be read").split())
        raise _syntax(reason, Place(file, mark.line + 1 if mark else 0)) from error
    except ReaderError as error:
        reason = f"the character U+{error.character:04X} may not stand in it"
        raise _syntax(reason, Place(file, text.count("\n", 0, error.position) + 1)) from error
    except RecursionError as error:
        raise _syntax("it is nested too deeply", Place(file)) from error
    except Exception as error:
        raise _syntax(" ".join(str(error).split())[:200] or "it cannot be read", Place(file)) from error
    return node


def _syntax(reason: str, place: Place) -> PlanError:
    remedy = "mend the YAML: look at indentation, brackets, quotes and colons on this line and the one before"
    return PlanError(Problem("yaml_syntax", f"this is not YAML: {reason}", remedy, place.file, place.line))


class _Reader:
    """Turns the nodes of the YAML library into a document."""

    def __init__(self, file: str, problems: Problems) -> None:
        self.file = file
        self.problems = problems
        self.seen: set[int] = set()

    def read(self, node: Node, depth: int = 0) -> Any:
        place = Place(self.file, node.start_mark.line + 1)
        if id(node) in self.seen:
            return self.refuse("an alias (*name) is not allowed here", "write the value out where it stands", place)
        self.seen.add(id(node))
        if str(node.tag).removeprefix(_CORE_TAG) not in _TAGS:
            return self.refuse(f"a tag ({str(node.tag)[:40]}) is not allowed here", "write a plain value", place)
        if depth > DEPTH_MAX:
            return self.refuse(f"values are nested more than {DEPTH_MAX} deep", "write it flatter", place)
        if isinstance(node, MappingNode):
            return self.mapping(node, place, depth)
        if isinstance(node, SequenceNode):
            items = Items(place)
            for child in node.value:
                items.put(self.read(child, depth + 1), Place(self.file, child.start_mark.line + 1))
            return items
        return _scalar(node) if isinstance(node, ScalarNode) else None

    def mapping(self, node: MappingNode, place: Place, depth: int) -> Block:
        block = Block(place)
        if len(node.value) > KEYS_MAX:
            self.refuse(f"a mapping has more than {KEYS_MAX} keys", "write fewer", place)
            return block
        for key, child in node.value:
            at = Place(self.file, key.start_mark.line + 1)
            if not isinstance(key, ScalarNode):
                self.refuse("a key must be a word", "write a word before the colon", at)
                continue
            name = str(key.value)
            if name in block:
                first = block.places[name].line
                remedy = f"keep one of the two (the first is on line {first})"
                self.problems.add("duplicate_key", f"the key `{name}` stands twice", remedy, at, name)
                continue
            block.put(name, self.read(child, depth + 1), at)
        return block

    def refuse(self, message: str, remedy: str, place: Place) -> None:
        self.problems.add("yaml_unsupported", message, remedy, place)


def _scalar(node: ScalarNode) -> str | int | bool | None:
    text = str(node.value)
    if node.style is not None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INTEGER.fullmatch(text) and not text.startswith("+") else text
