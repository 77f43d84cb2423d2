"""The history of a shop: who changed what when, from what, into what, over all tables that keep one; newest first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from typing import Any

from django.apps import apps
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db.models import Model, Q
from simple_history.models import HistoricalChanges

from jifen.core.errors import InputError, Problem

__all__ = ["Change", "Changes", "changes", "history_of", "kept_tables", "row_name"]

_KINDS = {"+": "made", "~": "changed", "-": "deleted"}
_AMONG = ("history_id", "history_date", "history_user_id", "history_change_reason", "history_type")


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one row: the fields that differ, before and after."""

    at: datetime
    who: str
    table: str
    row: str
    kind: str
    before: dict[str, Any]
    after: dict[str, Any]
    reason: str


@dataclass(frozen=True, slots=True)
class Changes:
    """Some changes; ``next`` is the cursor of older ones."""

    items: list[Change]
    next: str | None


def kept_tables() -> dict[str, type[Model]]:
    """The tables that keep a history, by the name of what they are about."""
    models = [model for model in apps.get_models() if issubclass(model, HistoricalChanges)]
    return {model.instance_type._meta.db_table: model for model in models}  # type: ignore[attr-defined]


def history_of(model: type[Model], using: str) -> Any:
    """All rows of a history, with what names the rows that they are about."""
    path = _key(model)
    rows = model._default_manager.using(using)
    return rows.select_related(path.rpartition("__")[0]) if "__" in path else rows


def row_name(row: Any) -> str:
    """What a row that has a history is called: by its key, or as its model says in ``HISTORY_KEY``; empty if gone."""
    try:
        return str(reduce(getattr, _key(type(row)).split("__"), row))
    except ObjectDoesNotExist:
        return ""


def changes(
    *, who: str = "", table: str = "", row: str = "", cursor: str | None = None, size: int = 50, using: str = "default"
) -> Changes:
    """A page of the history; ``InputError``: ``bad_cursor``, ``unknown_table``."""
    tables = kept_tables()
    if table and table not in tables:
        remedy = f"one of {', '.join(sorted(tables))}"
        raise InputError(Problem("unknown_table", "no such table keeps a history", remedy, column="table"))
    asked = {table: tables[table]} if table else tables
    before = _place(cursor)
    found = sorted(
        ((each.history_date, name, each.history_id, each) for name, model in asked.items()
         for each in _rows(name, model, Q(history_user_id=who) if who else Q(), before, using, row)[: size + 1]),
        key=lambda place: place[:3], reverse=True,
    )  # fmt: skip
    page = found[:size]
    older = f"{page[-1][0].replace(tzinfo=None).isoformat()}~{page[-1][1]}~{page[-1][2]}" if len(found) > size else None
    return Changes([_change(name, each) for _, name, _, each in page], older)


def _rows(name: str, model: type[Model], who: Q, before: tuple[datetime, str, int] | None, using: str, row: str) -> Any:
    """The rows of one table before a place, newest first."""
    rows = history_of(model, using).filter(who).order_by("-history_date", "-history_id")
    if row:
        try:
            rows = rows.filter(**{_key(model): row})
        except (ValidationError, OverflowError, ValueError):
            return rows.none()
    if before is None:
        return rows
    at, table, number = before
    among = Q(history_id__lt=number) if name == table else Q() if name < table else Q(pk=None)
    same = Q(history_date=at) & among
    return rows.filter(Q(history_date__lt=at) | same)


def _change(table: str, row: Any) -> Change:
    previous = row.prev_record if row.history_type == "~" else None
    now, then = dict(_fields(row)), dict(_fields(previous)) if previous is not None else {}
    if row.history_type == "-":
        now, then = {}, now
    differing = {name for name in now.keys() | then.keys() if now.get(name) != then.get(name) or not previous}
    return Change(
        at=row.history_date, who=row.history_user_id, table=table, row=row_name(row),
        kind=_KINDS[row.history_type], reason=row.history_change_reason or "",
        before={name: value for name, value in then.items() if name in differing},
        after={name: value for name, value in now.items() if name in differing},
    )  # fmt: skip


def _key(model: type[Model]) -> str:
    """Where a row of a history has the name of the row that it is about."""
    about: Any = model.instance_type  # type: ignore[attr-defined]
    return str(getattr(about, "HISTORY_KEY", about._meta.pk.attname))


def _fields(row: Any) -> Iterator[tuple[str, Any]]:
    """What a row of history says; bytes are sealed, and stay unsaid."""
    for field in row._meta.concrete_fields:
        value = getattr(row, field.attname)
        if field.name not in _AMONG and not isinstance(value, bytes | memoryview):
            yield field.attname, value


def _place(cursor: str | None) -> tuple[datetime, str, int] | None:
    if cursor is None:
        return None
    try:
        at, table, number = cursor.split("~")
        return datetime.fromisoformat(at).replace(tzinfo=UTC), table, int(number)
    except (ValueError, OverflowError) as error:
        raise InputError(Problem("bad_cursor", "there is no such page", "begin with the first page")) from error
