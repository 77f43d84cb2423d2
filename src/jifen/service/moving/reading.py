"""What a shop brings along, read by a column map: each row as a value, or as a problem with its file and line.

No message says what stands in a cell that may be personal.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from jifen.core.errors import InputError, Problem
from jifen.core.micros import AMOUNT_MAX, MICRO, mul_div, parse_micros
from jifen.service.members.numbers import parse_number
from jifen.service.moving.maps import Cell, ColumnMap, Source
from jifen.service.moving.sheets import BYTES_MOST, Row, Sheet, open_sheets

__all__ = ["BalanceRow", "FundRow", "Given", "LotRow", "MemberRow", "OrderRow", "Place", "read_given"]

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+-]{0,63}", re.ASCII)
_PERSONAL = re.compile(r"(\+?86)?1[3-9]\d{9}|\d{17}[\dXx]", re.ASCII)
"""A mobile number or a number of identity of China: the log is for good, and names nobody."""
_TEXT = re.compile(r"[^\x00-\x1f\x7f]{0,200}")
_YES, _NO = ("yes", "1", "true"), ("", "no", "0", "false")
_PERSON = ("name", "id_number", "bank", "bank_account")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands: the place of its source in the map, the file, and the line."""

    source: int
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member; ``sponsor`` is an id, ``None`` for a root. ``phone`` is in E.164, or empty."""

    at: Place
    member: str
    sponsor: str | None
    joined: datetime | None
    phone: str
    person: dict[str, str]
    invite_code: str
    region: str | None
    rank: str | None
    agent: str | None
    locked: bool


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order of before; micro-units."""

    at: Place
    order: str
    member: str
    amount: int
    refunded: int
    paid: datetime | None


@dataclass(frozen=True, slots=True)
class FundRow:
    """Money that stands behind what is owed: ``reserve``, or the ``pool`` of a name."""

    at: Place
    fund: str
    name: str
    amount: int


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """What a member has of an asset in a ``wallet``, or of a ``weight``."""

    at: Place
    member: str
    kind: str
    asset: str
    amount: int


@dataclass(frozen=True, slots=True)
class LotRow:
    """An open lot: what remains of it, and what it releases of that a day; 0 for one that releases otherwise."""

    at: Place
    member: str
    store: str
    remaining: int
    daily: int
    starts: date | None
    cause: str


@dataclass(slots=True)
class Given:
    """All that was read: good rows in the order of their files, and the problems of the others."""

    digest: str
    """SHA-256 of the map and of all tables that were read."""
    members: list[MemberRow] = field(default_factory=list)
    orders: list[OrderRow] = field(default_factory=list)
    funds: list[FundRow] = field(default_factory=list)
    balances: list[BalanceRow] = field(default_factory=list)
    lots: list[LotRow] = field(default_factory=list)
    refused: list[Problem] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    """Columns and tables that the map says nothing of, as ``eb_user.csv: integral``."""


def read_given(
    path: Path, how: ColumnMap, most: int = BYTES_MOST, progress: Callable[[int, int], None] = lambda done, total: None
) -> Given:
    """Read a folder, zip, workbook or table by a map; ``InputError`` for what cannot be read as a whole."""
    with open_sheets(path, most) as sheets:
        named = [sheets[source.file] for source in how.sources if source.file in sheets]
        given = Given(_digest(how, named), unread=_unread(how, sheets))
        rows = 0
        for number, source in enumerate(how.sources):
            sheet = sheets.get(source.file)
            if sheet is None:
                if not source.optional:
                    message = f"the table {source.file} is missing"
                    raise InputError(Problem("missing_table", message, f"add {source.file}.csv", str(path)))
                continue
            _check_columns(source, sheet)
            for row in sheet.rows():
                _read_row(given, source, row, Place(number, sheet.file, row.line))
                rows += 1
                progress(rows, 0)
    return given


def _digest(how: ColumnMap, sheets: list[Sheet]) -> str:
    total = hashlib.sha256(how.model_dump_json().encode())
    for sheet in sheets:
        with sheet.path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()


def _unread(how: ColumnMap, sheets: dict[str, Sheet]) -> list[str]:
    """What nobody reads, so that nobody believes it was brought along."""
    known: dict[str, set[str]] = {}
    for source in how.sources:
        columns = known.setdefault(source.file, set(source.only))
        columns |= {cell.column for cell in source.columns.values()}
    found = [sheet.file for name, sheet in sheets.items() if name not in known]
    for name in known.keys() & sheets.keys():
        sheet = sheets[name]
        found += [f"{sheet.file}: {column}" for column in sheet.columns() if column and column not in known[name]]
    return sorted(found)


def _check_columns(source: Source, sheet: Sheet) -> None:
    """``InputError`` for columns that are missing."""
    there = set(sheet.columns())
    missing = [cell.column for cell in source.columns.values() if cell.column and not cell.optional]
    problems = [
        Problem("missing_column", f"the column {name} is missing", "add it", sheet.file, 1, name)
        for name in missing if name not in there
    ]  # fmt: skip
    if problems:
        raise InputError(problems)


def _read_row(given: Given, source: Source, row: Row, at: Place) -> None:
    """Read one row into its table, or note what is wrong with it; rows that are not asked for are left out."""
    for column, values in source.only.items():
        if column in row.cells and row.cells[column].strip() not in values:
            return
    cells = _Cells(source.columns, row, at)
    try:
        made = _READERS[source.table](cells)
    except InputError as error:
        given.refused += error.problems
        return
    if made is not None:
        getattr(given, source.table).append(made)


class _Cells:
    """The cells of a row by our names; each getter raises ``InputError`` with the place of what it cannot read."""

    def __init__(self, cells: dict[str, Cell], row: Row, at: Place) -> None:
        self._cells, self._row, self.at = cells, row, at

    def raw(self, name: str) -> str:
        cell = self._cells.get(name)
        if cell is None:
            return ""
        text = self._row.cells.get(cell.column, "").strip() if cell.column else cell.value
        return "" if text in cell.none else text

    def refuse(self, name: str, code: str, message: str, remedy: str) -> InputError:
        cell = self._cells.get(name)
        column = cell.column if cell else name
        return InputError(Problem(code, message, remedy, self.at.file, self.at.line, column))

    def name(self, column: str) -> str:
        """An id, which stands in the log for good."""
        text = self.raw(column)
        if not _ID.fullmatch(text):
            raise self.refuse(column, "bad_id", "this is no id", "1 to 64 letters, digits and . _ : @ + -")
        if column in ("member", "sponsor") and _PERSONAL.fullmatch(text):
            message = "a number of a phone or of a person stands in the log for good"
            raise self.refuse(column, "personal_id", message, "give members ids that say nothing")
        return text

    def optional_name(self, column: str) -> str | None:
        return self.name(column) if self.raw(column) else None

    def text(self, column: str) -> str:
        text = self.raw(column)
        if not _TEXT.fullmatch(text):
            raise self.refuse(column, "bad_text", "the text is too long, or not plain", "200 letters in one line")
        return text

    def amount(self, column: str) -> int:
        """Micro-units, below zero too; an empty cell is 0."""
        text = self.raw(column) or "0"
        try:
            amount = parse_micros(text)
        except ValueError:
            amount = AMOUNT_MAX + 1
        cell = self._cells.get(column)
        amount = mul_div(amount, parse_micros(cell.times), MICRO) if cell else amount
        if abs(amount) > AMOUNT_MAX:
            raise self.refuse(column, "bad_amount", "this is no amount", "a decimal number such as 19.90")
        return amount

    def positive(self, column: str) -> int:
        amount = self.amount(column)
        if amount < 0:
            raise self.refuse(column, "debt", "a debt cannot be opened", "settle it before, or leave it behind")
        return amount

    def moment(self, column: str) -> datetime | None:
        """A time of day, or none; without a zone it is taken as it is written."""
        text, cell = self.raw(column), self._cells.get(column)
        if not text or cell is None:
            return None
        try:
            if cell.time == "unix":
                return datetime.fromtimestamp(int(text), UTC)
            found = datetime.fromisoformat(text)
        except (ValueError, OverflowError, OSError) as error:
            raise self.refuse(column, "bad_time", "this is no time", "write it as 2026-03-01 12:00:00") from error
        return found if found.tzinfo else found.replace(tzinfo=UTC)

    def day(self, column: str) -> date | None:
        found = self.moment(column)
        return None if found is None else found.date()

    def yes(self, column: str) -> bool:
        text = self.raw(column).lower()
        if text not in _YES + _NO:
            raise self.refuse(column, "bad_value", "this is neither yes nor no", "write yes or no")
        return text in _YES

    def phone(self, column: str) -> str:
        text = self.raw(column)
        try:
            return parse_number(text) if text else ""
        except InputError as error:
            raise self.refuse(column, "bad_number", "this is not a phone number", "correct it or empty it") from error


def _member(cells: _Cells) -> MemberRow:
    return MemberRow(
        at=cells.at, member=cells.name("member"), sponsor=cells.optional_name("sponsor"),
        joined=cells.moment("joined"), phone=cells.phone("phone"),
        person={name: text for name in _PERSON if (text := cells.text(name))},
        invite_code=cells.optional_name("invite_code") or "", region=cells.text("region") or None,
        rank=cells.text("rank") or None, agent=cells.text("agent") or None, locked=cells.yes("locked"),
    )  # fmt: skip


def _order(cells: _Cells) -> OrderRow:
    amount, refunded = cells.positive("amount"), cells.positive("refunded")
    if refunded > amount:
        raise cells.refuse("refunded", "too_much", "more was given back than was paid", "look at the order")
    return OrderRow(cells.at, cells.name("order"), cells.name("member"), amount, refunded, cells.moment("paid"))


def _fund(cells: _Cells) -> FundRow | None:
    fund, amount = cells.raw("fund"), cells.positive("amount")
    if fund not in ("reserve", "pool"):
        raise cells.refuse("fund", "bad_value", "there is no such fund", "write reserve or pool")
    return FundRow(cells.at, fund, cells.text("name"), amount) if amount else None


def _balance(cells: _Cells) -> BalanceRow | None:
    kind, amount = cells.raw("kind") or "wallet", cells.positive("amount")
    if kind not in ("wallet", "weight"):
        remedy = "pay it before, or write it as what it is worth in a wallet"
        raise cells.refuse("kind", "not_openable", "no entry can open this", remedy)
    return BalanceRow(cells.at, cells.name("member"), kind, cells.text("asset"), amount) if amount else None


def _lot(cells: _Cells) -> LotRow | None:
    remaining = cells.positive("remaining")
    row = LotRow(
        cells.at, cells.name("member"), cells.text("store"), remaining, cells.positive("daily"), cells.day("starts"),
        cells.text("cause"),
    )  # fmt: skip
    return row if remaining else None


_READERS: dict[str, Callable[[_Cells], Any]] = {
    "members": _member, "orders": _order, "funds": _fund, "balances": _balance, "lots": _lot,
}  # fmt: skip
