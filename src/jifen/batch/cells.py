"""What may stand in a cell, and the cells of one row as values: each mistake is a ``Problem`` with its place."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from jifen.batch.blocks import Row
from jifen.batch.kernels.names import ID_MAX
from jifen.batch.kernels.parse import COUNT_MAX
from jifen.batch.tables import Table
from jifen.core.days import Moment, parse_moment
from jifen.core.errors import Problem
from jifen.core.micros import AMOUNT_MAX, MICRO, format_micros

__all__ = ["Amount", "Cells", "Count", "Kinds", "Name"]

_DECIMAL = re.compile(r"(?P<sign>[+-]?)(?P<whole>\d+)(\.(?P<part>\d*))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Name:
    """A column of names: of which kind, whether it must be filled, and among which names (``None``: any)."""

    kind: str
    required: bool = False
    options: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Amount:
    """A column of amounts not below zero with at most so many decimals; an empty cell is 0 unless it must be filled."""

    decimals: int
    required: bool = False


@dataclass(frozen=True, slots=True)
class Count:
    """A column of whole numbers from 1 on; an empty cell is 1."""


Kinds = Mapping[str, Name | Amount | Count]
"""What each column of a file is, in the order in which mistakes are told; the column of times is none of them."""


class Cells:
    """Reads one row after the other of a table; ``problems`` are those of the present row.

    A getter returns the value, or a harmless stand-in after it has noted a problem: a row with problems is refused.
    """

    def __init__(self, table: Table, zone: ZoneInfo) -> None:
        """Stand before the first row."""
        self.table = table
        self.row: Row
        self.problems: list[Problem] = []
        self._zone = zone
        self._texts: dict[str, str] = {}

    def read(self, row: Row) -> bool:
        """Go to ``row``; whether it has as many cells as the header."""
        self.row, self.problems = row, []
        values = row.values
        self._texts = dict(zip(self.table.columns, map(str.strip, values), strict=False))
        count = len(values)
        if count == len(self.table.columns):
            return True
        names = list(self.table.columns)
        message = f"the row has {count} values, the header has {len(names)}"
        self.note(Problem("bad_row", message, "quote values with commas"), names[min(count, len(names) - 1)])
        return False

    def note(self, problem: Problem, column: str) -> None:
        """Add a problem of this row."""
        self.problems.append(replace(problem, file=self.table.file, line=self.row.number, column=column))

    def raw(self, column: str) -> str:
        """The cell as it stands, without blanks around it; empty if the file has no such column."""
        return self._texts.get(column, "")

    def value(self, column: str, kind: Name | Amount | Count) -> str | int | None:
        """The name (``None`` where the cell is empty), the amount in micro-units or the count in a column."""
        match kind:
            case Name(options=tuple() as options):
                return self.option(column, options)
            case Name():
                return self.name(column) if kind.required else self.optional_name(column)
            case Amount():
                filled = kind.required or self.raw(column)
                return self.amount(column, kind.decimals) if filled else 0
        return self.count(column, 1)

    def name(self, column: str) -> str:
        """An id that must be there."""
        name = self.optional_name(column)
        if name is None and not self.raw(column):
            self.note(Problem("empty_value", "the value is missing", f"fill in {column}"), column)
        return name or ""

    def optional_name(self, column: str) -> str | None:
        """An id, or ``None`` where the cell is empty."""
        text = self.raw(column)
        if not text:
            return None
        if len(text) > ID_MAX or not text.isprintable():
            message = (
                f"longer than {ID_MAX} characters" if len(text) > ID_MAX else "it has characters that cannot be shown"
            )
            self.note(Problem("bad_name", f"{text[:20]!r}… is no id: {message}", "correct it"), column)
            return None
        return text

    def option(self, column: str, options: tuple[str, ...]) -> str | None:
        """One of some names, or ``None`` where the cell is empty."""
        text = self.raw(column)
        if text and text not in options:
            remedy = f"write one of: {', '.join(options)}" if options else "leave it empty: the plan has none"
            self.note(Problem("unknown_name", f"{text[:40]!r} is not known here", remedy), column)
        return text or None

    def moment(self, column: str) -> Moment | None:
        """A time; ``None`` if it is missing or cannot be read."""
        text = self.raw(column)
        found = (
            parse_moment(text, self._zone)
            if text
            else Problem("empty_value", "the time is missing", f"fill in {column}")
        )
        if isinstance(found, Problem):
            self.note(found, column)
            return None
        return found

    def amount(self, column: str, decimals: int = 2, *, signed: bool = False) -> int:
        """An amount in micro-units, at most ``AMOUNT_MAX``."""
        text = self.raw(column)
        match = _DECIMAL.fullmatch(text)
        if not text:
            self.note(Problem("empty_value", "the amount is missing", f"fill in {column}"), column)
        elif not match:
            remedy = "write a plain number such as 1234.50: no signs of currency, no separators, no words"
            self.note(Problem("not_a_number", f"{text[:40]!r} is not a plain number", remedy), column)
        elif match["sign"] == "-" and not signed:
            self.note(Problem("negative", f"{text[:40]} is below zero", "give what is taken back as a refund"), column)
        elif len((match["part"] or "").rstrip("0")) > decimals:
            message = f"{text[:40]} has more than {decimals} decimals"
            self.note(Problem("too_many_decimals", message, f"round it to {decimals} decimals"), column)
        else:
            return self._within_bounds(_micros(match), column)
        return 0

    def _within_bounds(self, amount: int, column: str) -> int:
        if abs(amount) <= AMOUNT_MAX:
            return amount
        message = f"{self.raw(column)[:40]} is above {format_micros(AMOUNT_MAX, 0)}"
        self.note(Problem("too_large", message, "correct it, or split the order"), column)
        return 0

    def count(self, column: str, default: int) -> int:
        """A whole number of at least 1, ``default`` where the cell is empty."""
        text = self.raw(column)
        if not text:
            return default
        if text.isascii() and text.isdigit() and len(text) <= len(str(COUNT_MAX)) and 1 <= int(text) <= COUNT_MAX:
            return int(text)
        self.note(Problem("bad_count", f"{text[:40]!r} is no whole number from 1 to {COUNT_MAX}", "correct it"), column)
        return default


def _micros(match: re.Match[str]) -> int:
    """Micro-units of a number with at most six decimals; one with too many digits to be read is far above any bound."""
    whole, part = match["whole"].lstrip("0"), (match["part"] or "").rstrip("0")
    amount = int(whole[: len(str(AMOUNT_MAX)) + 1] or "0") * MICRO + int(part.ljust(6, "0"))
    return -amount if match["sign"] == "-" else amount
