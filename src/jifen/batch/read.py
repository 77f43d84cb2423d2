"""Files of members, orders, refunds and other events as engine events, in the order of the rows, one file at a time."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, dataclass, fields
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from jifen.batch.cells import Cells
from jifen.batch.findings import Findings
from jifen.batch.tables import Row, Shape, Table
from jifen.core.days import Moment
from jifen.core.errors import PlanError, Problem
from jifen.core.micros import AMOUNT_MAX, format_micros
from jifen.engine.events import (
    EVENT_TYPES,
    AgentSet,
    Event,
    Line,
    MemberJoined,
    OrderPaid,
    OrderRefunded,
    PlanActivated,
    RankSet,
)
from jifen.plan import Plan, load_plan, revise
from jifen.plan.document import read_text

__all__ = ["KINDS", "Item", "Kind", "Reader", "rank_names"]


class Item(NamedTuple):
    """An event with its place in the input: the rows it was made of. ``instant`` sorts it among other files' events."""

    instant: datetime
    event: Event
    table: Table
    rows: tuple[Row, ...]
    key: str
    """The column with its id."""


class _Part(NamedTuple):
    """One row of an order or refund: the event's id, what all its rows share, the line's number and its facts."""

    moment: Moment
    row: Row
    id: str
    shared: tuple[Any, ...]
    line: str
    facts: Any


_NO_MOMENT = Moment(datetime.min.replace(tzinfo=UTC), 0, "")
"""Stands for a time that could not be read, in a row that will be refused."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one table; refused rows go to ``findings``. ``plan`` is the one that counts when the run begins."""

    table: Table
    zone: ZoneInfo
    findings: Findings
    shape: Shape
    plan: Plan | None = None

    @property
    def ranks(self) -> tuple[str, ...]:
        """The names a member's rank may have."""
        return () if self.plan is None else rank_names(self.plan)

    def rows(self, event_id: Callable[[Cells], str]) -> Iterator[tuple[Cells, Moment]]:
        """Each row with its time; what is wrong with the time is in ``cells.problems``, as all that is found later."""
        cells = Cells(self.table, self.zone)
        last: Moment | None = None
        for row in self.table.rows():
            if not cells.read(row):
                self.refuse(cells, event_id(cells))
                continue
            moment = cells.moment(self.shape.time)
            if moment is not None and last is not None and moment.instant < last.instant:
                message = f"{moment.at} is before the row above it ({last.at})"
                cells.note(Problem("out_of_order", message, f"sort by {self.shape.time}"), self.shape.time)
            else:
                last = moment or last
            yield cells, moment or _NO_MOMENT

    def refuse(self, cells: Cells, event: str) -> None:
        """Refuse the present row with its problems."""
        self.findings.refuse(self.table, (cells.row,), cells.problems, event)

    def parts(self, read: Callable[[Cells, Moment], _Part], event_id: Callable[[Cells], str]) -> Iterator[list[_Part]]:
        """The rows of one id at one time, together: what is left of them without repeated and contradicting ones."""
        sound = self._sound_parts(read, event_id)
        for _, at_once in groupby(sound, key=lambda part: part.moment.instant):
            by_id: dict[str, list[_Part]] = {}
            for part in at_once:
                by_id.setdefault(part.id, []).append(part)
            for parts in by_id.values():
                kept = self._agreeing(parts)
                if kept:
                    yield kept

    def _sound_parts(self, read: Callable[[Cells, Moment], _Part], event_id: Callable[[Cells], str]) -> Iterator[_Part]:
        for cells, moment in self.rows(event_id):
            part = read(cells, moment)
            if cells.problems:
                self.refuse(cells, part.id)
            else:
                yield part

    def _agreeing(self, parts: list[_Part]) -> list[_Part]:
        """The rows that make up one event. None, if another row of it was refused: a part of an order is no order.

        A line's number that comes again with equal facts is counted, with other facts it is refused and the first one
        stands. A new line that contradicts the others (another member, say) makes the whole event refused.
        """
        first = parts[0]
        rows = tuple(part.row for part in parts)
        cause = self.findings.lost(first.id)
        if cause is not None:
            self.findings.follow(self.table, rows, cause, first.id)
            return []
        if len(parts) == 1:
            return parts
        kept: dict[str, _Part] = {}
        for part in parts:
            same = kept.setdefault(part.line, part)
            if (part.shared, part.facts) == (first.shared, same.facts):
                self.findings.duplicates += same is not part
            elif same is not part:
                self.findings.refuse(self.table, (part.row,), (self._conflict(part, same),))
            else:
                self.findings.refuse(self.table, rows, (self._conflict(part, first),), first.id)
                return []
        return list(kept.values())

    def _conflict(self, part: _Part, other: _Part) -> Problem:
        return Problem(
            "conflict", f"{part.id} is in row {other.row.number} already, with other facts",
            "give each event an id of its own, and each line of an order a number", self.table.file, part.row.number,
            self.shape.required[0],
        )  # fmt: skip


def _members(reader: Reader) -> Iterator[Item]:
    for cells, moment in reader.rows(_join_id):
        member, event = cells.name("member"), _join_id(cells)
        referrer, region = cells.optional_name("referrer"), cells.optional_name("region")
        rank, agent = cells.option("rank", reader.ranks), cells.optional_name("agent")
        if cells.problems:
            reader.refuse(cells, event)
            continue
        common: dict[str, Any] = {"day": moment.day, "at": moment.at, "member": member}
        events: list[Event] = [MemberJoined(id=event, referrer=referrer, region=region, **common)]
        if rank is not None:
            events.append(RankSet(id=f"rank:{member}", rank=rank, **common))
        if agent is not None:
            events.append(AgentSet(id=f"agent:{member}", region=agent, **common))
        for made in events:
            yield Item(moment.instant, made, reader.table, (cells.row,), "member")


def _join_id(cells: Cells) -> str:
    return f"member:{cells.raw('member')}"


_PAY = ("cash", "coin", "voucher")


def _order_part(cells: Cells, moment: Moment) -> _Part:
    pay = tuple((asset, cells.optional_amount(f"pay_{asset}") or 0) for asset in _PAY)
    line = Line(
        amount=cells.amount("amount"),
        line=cells.optional_name("line") or "1",
        sku=cells.optional_name("sku"),
        category=cells.optional_name("category"),
        merchant=cells.optional_name("merchant"),
        zone=cells.optional_name("zone"),
        quantity=cells.count("quantity", 1),
        cost=cells.optional_amount("cost") or 0,
    )
    shared = (cells.name("member"), cells.optional_name("region"), tuple(part for part in pay if part[1]))
    return _Part(moment, cells.row, cells.name("order"), shared, line.line, line)


def _orders(reader: Reader) -> Iterator[Item]:
    for parts in reader.parts(_order_part, lambda cells: cells.raw("order")):
        lines = tuple(part.facts for part in parts)
        if _too_large(reader, parts, sum(line.amount for line in lines)):
            continue
        moment, (member, region, pay) = parts[0].moment, parts[0].shared
        order = OrderPaid(
            id=parts[0].id, day=moment.day, at=moment.at, member=member, lines=lines, region=region, pay=pay
        )
        yield Item(moment.instant, order, reader.table, tuple(part.row for part in parts), "order")


def _refund_id(cells: Cells) -> str:
    return f"{cells.raw('refund')}/{cells.raw('order')}"


def _refund_part(cells: Cells, moment: Moment) -> _Part:
    cells.name("refund")
    line = cells.optional_name("line")
    shared = (cells.name("order"), line is None)
    return _Part(moment, cells.row, _refund_id(cells), shared, line or "", cells.amount("amount"))


def _refunds(reader: Reader) -> Iterator[Item]:
    for parts in reader.parts(_refund_part, _refund_id):
        amount = sum(part.facts for part in parts)
        if _too_large(reader, parts, amount):
            continue
        moment, (order, whole) = parts[0].moment, parts[0].shared
        lines = () if whole else tuple((part.line, part.facts) for part in parts)
        refund = OrderRefunded(id=parts[0].id, day=moment.day, at=moment.at, order=order, amount=amount, lines=lines)
        yield Item(moment.instant, refund, reader.table, tuple(part.row for part in parts), "refund")


def _too_large(reader: Reader, parts: list[_Part], amount: int) -> bool:
    if amount <= AMOUNT_MAX:
        return False
    message = f"the lines of {parts[0].id} add up to {format_micros(amount, 0)}, above {format_micros(AMOUNT_MAX, 0)}"
    problem = Problem(
        "too_large", message, "correct it, or split the order", reader.table.file, parts[0].row.number, "amount"
    )
    reader.findings.refuse(reader.table, tuple(part.row for part in parts), (problem,), parts[0].id)
    return True


_OWN_FILES = {"member_joined": "members", "order_paid": "orders", "order_refunded": "refunds"}
_BY_THE_RUN = ("day_closed",)
_NAMES = tuple(name for name in EVENT_TYPES if name not in (*_OWN_FILES, *_BY_THE_RUN))
_COMMON = ("id", "day", "at")
_FACTS = (
    *dict.fromkeys(fact.name for name in _NAMES for fact in fields(EVENT_TYPES[name]) if fact.name not in _COMMON),
    "set",
)


def _events(reader: Reader) -> Iterator[Item]:
    plan, ranks = reader.plan, reader.ranks
    for cells, moment in reader.rows(lambda cells: cells.raw("id")):
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
            reader.refuse(cells, event_id)
            continue
        event = EVENT_TYPES[name](id=event_id, day=moment.day, at=moment.at, **facts)
        yield Item(moment.instant, event, reader.table, (cells.row,), "id")


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


def rank_names(plan: Plan) -> tuple[str, ...]:
    """The names of all ranks of a plan."""
    return tuple(dict.fromkeys(row.name for ladder in plan.ranks.values() for row in ladder.ladder))


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
    for column in _FACTS:
        if cells.raw(column) and column not in facts:
            cells.note(Problem("not_a_fact", f"{kind.name} has no {column}", "leave the cell empty"), column)
    return facts


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of input file: its columns and how its rows become events."""

    shape: Shape
    items: Callable[[Reader], Iterable[Item]]


KINDS: dict[str, Kind] = {
    "members": Kind(Shape(("member", "referrer", "joined_at"), ("region", "rank", "agent"), "joined_at"), _members),
    "orders": Kind(
        Shape(
            ("order", "member", "paid_at", "amount"),
            (
                "region",
                "line",
                "sku",
                "category",
                "merchant",
                "zone",
                "cost",
                "quantity",
                *(f"pay_{asset}" for asset in _PAY),
            ),
            "paid_at",
        ),
        _orders,
    ),
    "refunds": Kind(Shape(("refund", "order", "refunded_at", "amount"), ("line",), "refunded_at"), _refunds),
    "events": Kind(Shape(("event", "id", "at"), _FACTS, "at"), _events),
}
"""The kinds of files by name, in the order in which events of one time are handled."""
