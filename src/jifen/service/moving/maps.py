"""Column maps: data files that say in which table and column of an export what we ask for stands.

A map has sources. Each reads rows of one of our tables out of a table of theirs: of one of theirs, several of ours may
be read. What a map says nothing of is left out, and told.
"""

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from jifen.core.errors import InputError, Problem
from jifen.core.micros import AMOUNT_MAX, parse_micros

__all__ = ["MAPS", "TABLES", "Cell", "ColumnMap", "Source", "load_map"]

TABLES: dict[str, tuple[str, ...]] = {
    "members": (
        "member", "sponsor", "joined", "phone", "name", "id_number", "bank", "bank_account", "invite_code", "region",
        "rank", "agent", "locked",
    ),
    "orders": ("order", "member", "amount", "refunded", "paid"),
    "funds": ("fund", "name", "amount"),
    "balances": ("member", "kind", "asset", "amount"),
    "lots": ("member", "store", "remaining", "daily", "granted", "starts", "cause"),
}  # fmt: skip
"""Our tables and their columns, as they are exported and imported."""
MAPS = ("jifen", "crmeb", "likeshop")
"""Maps that come along."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _is_factor(text: str) -> str:
    if not 0 < parse_micros(text) <= AMOUNT_MAX:
        raise ValueError("a factor is above 0")
    return text


class Cell(_Strict):
    """Where a value comes from: a ``column`` of theirs, or ``value``, the same for all rows."""

    column: str = ""
    value: str = ""
    none: tuple[str, ...] = ()
    """What they write where there is none, such as ``0`` for a sponsor."""
    times: Annotated[str, AfterValidator(_is_factor)] = "1"
    """What one of theirs is in our units, as a decimal number: an amount is multiplied by it and rounded down."""
    time: Literal["text", "unix"] = "text"
    """Whether a time is written as a text, or as seconds since 1970."""
    optional: bool = False
    """Whether the value is left empty where they have no such column."""


class Source(_Strict):
    """Rows of our ``table`` out of their table ``file``; ``only`` those whose columns have one of these values.

    A column of ``only`` that the file has not is not looked at: releases differ.
    """

    table: Literal["members", "orders", "funds", "balances", "lots"]
    file: str
    columns: dict[str, Cell]
    only: dict[str, tuple[str, ...]] = {}
    optional: bool = False
    """Whether their table may be missing."""


class ColumnMap(_Strict):
    """A column map."""

    name: str
    sources: tuple[Source, ...]


def load_map(name: str) -> ColumnMap:
    """A map that comes along, by name, or one from a YAML file; ``InputError``: ``no_file``, ``bad_map``."""
    try:
        if name in MAPS:
            text = files("jifen.service.moving").joinpath("maps", f"{name}.yaml").read_text(encoding="utf-8")
        else:
            text = Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        remedy = f"give a file, or one of {', '.join(MAPS)}"
        raise InputError(Problem("no_file", "there is no such map", remedy, name)) from error
    try:
        found = ColumnMap.model_validate(_long(YAML(typ="safe").load(text)))
    except (YAMLError, ValidationError, TypeError, AttributeError, KeyError) as error:
        reason = str(error).splitlines()
        raise InputError(Problem("bad_map", f"this is no column map: {' '.join(reason[:3])}", "", name)) from error
    for source in found.sources:
        unknown = source.columns.keys() - set(TABLES[source.table])
        if unknown:
            message = f"{source.table} has no column {min(unknown)!r}"
            raise InputError(Problem("bad_map", message, f"it has {', '.join(TABLES[source.table])}", name))
    return found


def _long(document: Any) -> Any:
    """A map with cells written out: a mere text is the name of a column."""
    for source in document["sources"]:
        cells = source["columns"].items()
        source["columns"] = {ours: {"column": cell} if isinstance(cell, str) else cell for ours, cell in cells}
    return document
