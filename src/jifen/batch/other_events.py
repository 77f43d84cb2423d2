"""The file of other events: one row an event, its facts by the kind of event."""

from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from jifen.batch.cells import Cells
from jifen.batch.reader import Item, Reader, rank_names
from jifen.core.errors import PlanError, Problem
from jifen.engine.events import EVENT_TYPES, Event, PlanActivated
from jifen.plan import Plan, load_plan, revise
from jifen.plan.document import read_text

__all__ = ["FACTS", "read_events"]

_OWN_FILES = {"member_joined": "members", "order_paid": "orders", "order_refunded": "refunds"}
_BY_THE_RUN = ("day_closed",)
_NAMES = tuple(name for name in EVENT_TYPES if name not in (*_OWN_FILES, *_BY_THE_RUN))
_COMMON = ("id", "day", "at")
FACTS = (
    *dict.fromkeys(fact.name for name in _NAMES for fact in fields(EVENT_TYPES[name]) if fact.name not in _COMMON),
    "set",
)
"""The columns beside kind, id and time: what any event may say."""


def read_events(reader: Reader) -> Iterator[Item]:
    """Yield the events of a file; what a row changes of the plan counts for the rows below it."""
    plan, ranks = reader.plan, reader.ranks
    for cells, when in reader.single(lambda cells: cells.raw("id")):
        name, event_id = cells.raw("event"), cells.name("id")
        if name not in _NAMES:
            own = _OWN_FILES.get(name)
            remedy = f"give it in the file of {own}" if own else f"write one of: {', '.join(_NAMES)}"
            cells.note(Problem("unknown_event", f"an event {name[:40]!r} cannot stand here", remedy), "event")
        options = {"rank": ranks, "by": ("admin", "member")}
        if name == PlanActivated.name:
            plan = _next_plan(cells, plan) or plan
            facts: dict[str, Any] = {"plan": plan}
            ranks = ranks if plan is None else tuple(dict.fromkeys((*ranks, *rank_names(plan))))
        else:
            facts = _event_facts(cells, EVENT_TYPES[name], options) if name in _NAMES else {}
        if cells.problems:
            reader.findings.refuse(reader.table, (cells.row,), cells.problems, event_id)
            continue
        event = EVENT_TYPES[name](id=event_id, day=when.day, at=when.at, **facts)
        yield Item(when.instant, event, reader.table, (cells.row,), "id")


def _next_plan(cells: Cells, plan: Plan | None) -> Plan | None:
    """The plan of a dated change: the preset or file in ``plan`` (else the one before), with what ``set`` changes."""
    source, text = cells.raw("plan"), cells.raw("set")
    changes: Any = {}
    try:
        if text:
            changes = read_text(text, cells.table.file)
        if not isinstance(changes, dict) or not (source or text):
            remedy = "name a preset or plan file under plan, or write changes under set, such as {daily_rate: 2%}"
            cells.note(Problem("bad_change", "the row does not say what changes", remedy), "set" if text else "plan")
            return None
        if source:
            file = Path(cells.table.file).parent / source
            return load_plan(file if file.is_file() else source, changes)
        return None if plan is None else revise(plan, changes)
    except PlanError as error:
        for problem in error.problems:
            where = f"{problem.column}: " if problem.column else ""
            told = Problem(problem.code, where + problem.message, problem.remedy)
            cells.note(told, "plan" if source and not text else "set")
    return None


def _event_facts(cells: Cells, kind: type[Event], options: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    """The facts of one event by the types of its fields; a filled cell that is no fact of it is a problem."""
    facts: dict[str, Any] = {}
    for field in fields(kind):
        if field.name in _COMMON:
            continue
        text, number = cells.raw(field.name), "int" in str(field.type)
        optional = "None" in str(field.type)
        if field.name == "tokens":
            facts["tokens"] = None if text == "all" else cells.amount("tokens", 6)
        elif not text and field.default is not MISSING:
            continue
        elif not text and optional:
            facts[field.name] = None
        elif number:
            facts[field.name] = cells.amount(field.name, 6, signed=kind.name == "store_adjusted")
        elif field.name in options:
            facts[field.name] = cells.option(field.name, options[field.name])
        else:
            facts[field.name] = cells.name(field.name)
    for column in FACTS:
        if cells.raw(column) and column not in facts:
            cells.note(Problem("not_a_fact", f"{kind.name} has no {column}", "leave the cell empty"), column)
    return facts
