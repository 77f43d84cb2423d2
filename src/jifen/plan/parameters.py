"""The dictionary of parameters: what each is, may be, and is called.

``parameters.yaml`` defines every parameter once, for all plans. ``Parameter.read`` turns a value as it is written into
the value a plan holds (rates and ratios: parts per million; yuan: micro-units; tables: ``Row`` values).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from itertools import pairwise
from types import MappingProxyType
from typing import Any, cast

from jifen.core.micros import AMOUNT_MAX, MICRO, format_micros, format_rate
from jifen.plan.document import Block, Trail, read_text
from jifen.plan.model import Row
from jifen.plan.values import (
    COUNT_MAX,
    RATIO_MAX,
    BadValueError,
    did_you_mean,
    read_count,
    read_flag,
    read_option,
    read_ratio,
    read_word,
    read_yuan,
    shown,
)

__all__ = [
    "ITEMS_MAX",
    "NAME_COLUMNS",
    "REGION_LEVELS",
    "Dictionary",
    "Parameter",
    "dictionary",
    "read_parameter",
]

ITEMS_MAX = 1000
"""Most rows of a table and most items of a list."""
REGION_LEVELS = ("district", "city", "province")
"""The levels of a region path, nearest to the address first."""
NAME_COLUMNS = ("rank", "name")
"""The columns that name a row."""

_Report = Callable[[Trail, BadValueError], None]

_READERS: dict[str, Callable[[object], int]] = {
    "rate": read_ratio,
    "rates": read_ratio,
    "ratio": read_ratio,
    "regions": read_ratio,
    "yuan": read_yuan,
    "count": read_count,
    "days": read_count,
}
_MAXIMA = {
    "rate": MICRO, "rates": MICRO, "regions": MICRO, "ratio": RATIO_MAX, "yuan": AMOUNT_MAX,
    "count": COUNT_MAX, "days": COUNT_MAX,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parameter:
    """One entry of the dictionary. ``minimum`` and ``maximum`` are allowed, ``above`` is not, as a plan holds them."""

    name: str
    type: str
    label: Mapping[str, str]
    house: bool = False
    options: tuple[str, ...] = ()
    columns: Mapping[str, "Parameter"] = field(default_factory=dict)
    minimum: int = 0
    maximum: int = 0
    above: int | None = None
    optional: bool = False
    default: Any = None

    @property
    def value_columns(self) -> list[str]:
        """The columns whose numbers a rule can give: neither names nor the ends of rows."""
        return [name for name, column in self.columns.items() if column.type != "text" and not column.optional]

    @property
    def is_table(self) -> bool:
        """Whether its value is a table, which only ``$name`` or ``$name.column`` of a rule can name."""
        return self.type in {"ladder", "regions"}

    def read(self, value: object, report: _Report) -> Any:
        """Return the value as a plan holds it; every mistake is reported with its place inside the value."""
        if value is None and self.optional:
            return None
        if self.type == "ladder":
            return _read_ladder(self, value, report)
        if self.type == "regions":
            return _read_regions(self, value, report)
        if self.type in {"rates", "skus"}:
            return _read_list(self, value, report)
        return self._read_one(value, (), report)

    def _read_one(self, value: object, trail: Trail, report: _Report) -> Any:
        try:
            return self._one(value)
        except BadValueError as error:
            report(trail, error)
            return None

    def _one(self, value: object) -> int | str | bool:
        if value is None:
            raise BadValueError("wrong_type", "a value is missing", f"write a {self.type}")
        if self.type == "bool":
            return read_flag(value)
        if self.type == "choice":
            return read_option(value, self.options)
        if self.type in {"skus", "text"}:
            return read_word(value)
        number = _READERS[self.type](value)
        if number < self.minimum or number > self.maximum or (self.above is not None and number <= self.above):
            raise BadValueError("out_of_bounds", f"{shown(value)} is out of bounds", f"write {self.bounds()}")
        return number

    def bounds(self) -> str:
        """Return the bounds in words."""
        if self.above is not None:
            return f"more than {self.write(self.above)}, at most {self.write(self.maximum)}"
        return f"{self.write(self.minimum)} to {self.write(self.maximum)}"

    def write(self, value: Any) -> str:
        """Write a value of a plan as a file has it."""
        if value is None:
            return "null"
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, Mapping):
            return "{" + ", ".join(f"{level}: {format_rate(rate)}" for level, rate in value.items()) + "}"
        if isinstance(value, tuple):
            return "[" + ", ".join(self._write_item(item) for item in value) + "]"
        if self.type in {"rate", "rates"}:
            return format_rate(value)
        return format_micros(value, 0) if self.type in {"ratio", "yuan"} else str(value)

    def _write_item(self, item: Any) -> str:
        if not isinstance(item, Row):
            return self.write(item)
        cells = [f"{name}: {self.columns[name].write(cell)}" for name, cell in self.cells(item).items()]
        return "{" + ", ".join(cells) + "}"

    def cells(self, row: Row) -> dict[str, Any]:
        """Return the cells of a row of this ladder in the order of its columns; columns left out are left out."""
        held: dict[str, Any] = {"min": row.min, "max": row.max, **dict.fromkeys(NAME_COLUMNS, row.name), **row.columns}
        return {name: held[name] for name in self.columns if name in held}


@dataclass(frozen=True, slots=True)
class Dictionary:
    """All parameters by name, and the columns of ladders."""

    parameters: Mapping[str, Parameter]
    columns: Mapping[str, Parameter]

    @property
    def house(self) -> dict[str, Parameter]:
        """The parameters that every plan has."""
        return {name: parameter for name, parameter in self.parameters.items() if parameter.house}


@cache
def dictionary() -> Dictionary:
    """Return the dictionary that is shipped with the package."""
    file = files("jifen.plan") / "parameters.yaml"
    document = cast("Block", read_text(file.read_bytes(), "parameters.yaml"))
    columns = {name: read_parameter(name, entry, {}) for name, entry in document["columns"].items()}
    parameters = {
        name: read_parameter(name, entry, columns, house=section == "house")
        for section in ("house", "plan")
        for name, entry in document[section].items()
    }
    return Dictionary(parameters, columns)


def read_parameter(
    name: str, entry: Block, columns: Mapping[str, Parameter] = MappingProxyType({}), *, house: bool = False
) -> Parameter:
    """Make one entry of a dictionary. A mistake in it is ours: a ``KeyError`` or ``BadValueError``, as it comes."""
    kind = str(entry["type"])
    read = _READERS.get(kind)
    return Parameter(
        name=name,
        type=kind,
        label=dict(entry.get("label", {})),
        house=house,
        options=tuple(entry.get("options", ())),
        columns={column: columns[column] for column in entry.get("columns", ())},
        minimum=read(entry["min"]) if read and "min" in entry else 0,
        maximum=read(entry["max"]) if read and "max" in entry else _MAXIMA.get(kind, 0),
        above=read(entry["above"]) if read and "above" in entry else None,
        optional=bool(entry.get("optional", False)),
        default=entry.get("default"),
    )


def _listed(value: object, what: str, report: _Report) -> list[object]:
    """Return the items of a list, or none with a report."""
    if not isinstance(value, list):
        report((), BadValueError("wrong_type", f"{shown(value)} is not a list", f"write a list of {what}: [ … ]"))
        return []
    if len(value) > ITEMS_MAX:
        report((), BadValueError("out_of_bounds", f"the list has {len(value)} items", f"write at most {ITEMS_MAX}"))
        return []
    return value


def _read_list(parameter: Parameter, value: object, report: _Report) -> tuple[Any, ...]:
    items = _listed(value, "rates" if parameter.type == "rates" else "product codes", report)
    return tuple(parameter._read_one(item, (index,), report) for index, item in enumerate(items))


def _read_regions(parameter: Parameter, value: object, report: _Report) -> dict[str, int]:
    if not isinstance(value, dict):
        report((), BadValueError("wrong_type", f"{shown(value)} is no table of regions", "write {district: 3%}"))
        return {}
    for key in value.keys() - set(REGION_LEVELS):
        remedy = did_you_mean(key, REGION_LEVELS)
        report((key,), BadValueError("unknown_column", f"`{key}` is no level of a region", remedy))
    return {level: parameter._read_one(value.get(level, 0), (level,), report) or 0 for level in REGION_LEVELS}


def _read_ladder(parameter: Parameter, value: object, report: _Report) -> tuple[Row, ...]:
    mistakes: list[BadValueError] = []

    def note(trail: Trail, error: BadValueError) -> None:
        mistakes.append(error)
        report(trail, error)

    rows = [
        row
        for index, item in enumerate(_listed(value, "rows", note))
        if (row := _read_row(parameter, index, item, note)) is not None
    ]
    if not mistakes:
        _check_steps(rows, "max" in parameter.columns, report)
    return tuple(rows)


def _read_row(parameter: Parameter, index: int, item: object, report: _Report) -> Row | None:
    if not isinstance(item, dict):
        example = "{" + ", ".join(f"{name}: …" for name in parameter.columns) + "}"
        report((index,), BadValueError("wrong_type", f"{shown(item)} is not a row", f"write {example}"))
        return None
    for key in item.keys() - parameter.columns.keys():
        remedy = did_you_mean(key, parameter.columns)
        report((index, key), BadValueError("unknown_column", f"the table has no column `{key}`", remedy))
    for bound in ("min", "max"):
        if bound in parameter.columns and bound not in item:
            remedy = f"write `{bound}: …` (or `{bound}: null`)"
            report((index,), BadValueError("missing_column", f"the row has no `{bound}`", remedy))
    cells = {
        name: None if item[name] is None and column.optional else column._read_one(item[name], (index, name), report)
        for name, column in parameter.columns.items()
        if name in item
    }
    names = [cells.pop(name) for name in NAME_COLUMNS if name in cells]
    low, high = cells.pop("min", None), cells.pop("max", None)
    name = (names[0] if names else None) or str(index)
    return Row(name, low, high, {key: value for key, value in cells.items() if value is not None})


def _check_steps(rows: list[Row], open_ended: bool, report: _Report) -> None:
    """Check that rows and rates ascend, that only the last row has no upper end, and that no two have one name."""
    steps = [(index, row.min) for index, row in enumerate(rows) if row.min is not None]
    steps += [(index, row.max) for index, row in enumerate(rows) if row.max is not None]
    for (_, before), (index, after) in pairwise(steps):
        if after <= before:
            message = f"{format_micros(after, 0)} is not above {format_micros(before, 0)}, the row before it"
            report((index,), BadValueError("ladder_order", message, "put the rows in ascending order"))
    for index, (before_row, row) in enumerate(pairwise(rows), 1):
        rates = [item.columns.get("rate") for item in (before_row, row)]
        if rates[0] is not None and rates[1] is not None and rates[1] <= rates[0]:
            message = f"the rate of `{row.name}` is not above that of `{before_row.name}`, the row before it"
            report((index, "rate"), BadValueError("rates_not_rising", message, "let rates rise with rank"))
    for index, row in enumerate(rows if open_ended else ()):
        if (row.max is None) != (index == len(rows) - 1):
            remedy = "let the last row, and only the last, have `max: null`"
            report((index,), BadValueError("ladder_order", "the last row of the table, alone, is open", remedy))
    names = [row.name for row in rows]
    for index, name in enumerate(names):
        if name in names[:index]:
            report((index,), BadValueError("duplicate_name", f"two rows are called `{name}`", "rename one of them"))
