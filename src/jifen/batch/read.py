"""Files of members, orders, refunds and other events as engine events, in the order of the rows, one file at a time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from jifen.batch.blocks import Row
from jifen.batch.cells import Cells
from jifen.batch.columns import Amount, Columns, Count, Kinds, Name, NameTables, Rows
from jifen.batch.read_events import FACTS, read_events
from jifen.batch.reader import Item, Part, Reader, When
from jifen.batch.tables import Shape, Table
from jifen.core.errors import Problem
from jifen.core.micros import AMOUNT_MAX, format_micros
from jifen.engine.events import AgentSet, Event, Line, MemberJoined, OrderPaid, OrderRefunded, RankSet

__all__ = ["KINDS", "ORDER_KINDS", "REFUND_KINDS", "Kind", "columns_of", "member_kinds"]


_MEMBER_NAMES = (
    ("member", "member"),
    ("referrer", "member"),
    ("region", "region"),
    ("rank", "rank"),
    ("agent", "region"),
)
_PAY = ("cash", "coin", "voucher")

ORDER_KINDS: Kinds = {
    "order": Name("order", required=True),
    "member": Name("member", required=True),
    "amount": Amount(2, required=True),
    "region": Name("region"),
    "line": Name("line"),
    "sku": Name("sku"),
    "category": Name("category"),
    "merchant": Name("merchant"),
    "zone": Name("zone"),
    "quantity": Count(),
    "cost": Amount(6),
    **{f"pay_{asset}": Amount(6) for asset in _PAY},
}
"""What the columns of orders are."""

REFUND_KINDS: Kinds = {
    "refund": Name("refund", required=True),
    "order": Name("order", required=True),
    "amount": Amount(2, required=True),
    "line": Name("line"),
}
"""What the columns of refunds are."""


def member_kinds(ranks: tuple[str, ...]) -> Kinds:
    """What the columns of members are; a rank is one of the plan's."""
    return {
        "member": Name("member", required=True),
        "referrer": Name("member"),
        "region": Name("region"),
        "rank": Name("rank", options=ranks),
        "agent": Name("region"),
    }


def columns_of(kind: str, table: Table, zone: ZoneInfo, names: NameTables, ranks: tuple[str, ...] = ()) -> Columns:
    """The columns of a file of members, orders or refunds; ``names`` may be shared with other files."""
    kinds = {"members": member_kinds(ranks), "orders": ORDER_KINDS, "refunds": REFUND_KINDS}[kind]
    return Columns(table, zone, kinds, KINDS[kind].shape.time, names)


def _names(rows: Rows, tables: NameTables, column: str, kind: str) -> Sequence[Any]:
    """The name in each row, ``None`` where there is none."""
    return tables[kind].names(rows.names[column]) if column in rows.names else [None] * len(rows)


def _values(rows: Rows, column: str, default: int) -> list[int]:
    return rows.values[column].tolist() if column in rows.values else [default] * len(rows)


def _member_parts(rows: Rows, tables: NameTables) -> Callable[[int, When, Row], Part]:
    facts = list(zip(*(_names(rows, tables, *of) for of in _MEMBER_NAMES), strict=True))
    return lambda place, when, row: Part(when, row, f"member:{facts[place][0]}", facts[place], "", None)


def _member_part(cells: Cells, when: When, ranks: tuple[str, ...]) -> Part:
    member, referrer, region = cells.name("member"), cells.optional_name("referrer"), cells.optional_name("region")
    facts = (member, referrer, region, cells.option("rank", ranks), cells.optional_name("agent"))
    return Part(when, cells.row, _join_id(cells), facts, "", None)


def _join_id(cells: Cells) -> str:
    return f"member:{cells.raw('member')}"


def _members(reader: Reader) -> Iterator[Item]:
    ranks = reader.ranks
    for when, row, event, facts, _, _ in reader.sound(
        member_kinds(ranks), _member_parts, lambda cells, when: _member_part(cells, when, ranks), _join_id
    ):
        member, referrer, region, rank, agent = facts
        common: dict[str, Any] = {"day": when.day, "at": when.at, "member": member}
        events: list[Event] = [MemberJoined(id=event, referrer=referrer, region=region, **common)]
        if rank is not None:
            events.append(RankSet(id=f"rank:{member}", rank=rank, **common))
        if agent is not None:
            events.append(AgentSet(id=f"agent:{member}", region=agent, **common))
        for made in events:
            yield Item(when.instant, made, reader.table, (row,), "member")


def _order_parts(rows: Rows, tables: NameTables) -> Callable[[int, When, Row], Part]:
    orders, members, regions = (_names(rows, tables, name, name) for name in ("order", "member", "region"))
    used = [(asset, rows.values[f"pay_{asset}"].tolist()) for asset in _PAY if f"pay_{asset}" in rows.values]
    facts = list(
        zip(
            _values(rows, "amount", 0),
            (line or "1" for line in _names(rows, tables, "line", "line")),
            *(_names(rows, tables, name, name) for name in ("sku", "category", "merchant", "zone")),
            _values(rows, "quantity", 1),
            _values(rows, "cost", 0),
            strict=True,
        )
    )

    def part(place: int, when: When, row: Row) -> Part:
        line = Line(*facts[place])
        pay = tuple((asset, amounts[place]) for asset, amounts in used if amounts[place])
        return Part(when, row, orders[place], (members[place], regions[place], pay), line.line, line)

    return part


def _order_part(cells: Cells, when: When) -> Part:
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
    return Part(when, cells.row, cells.name("order"), shared, line.line, line)


def _orders(reader: Reader) -> Iterator[Item]:
    sound = reader.sound(ORDER_KINDS, _order_parts, _order_part, lambda cells: cells.raw("order"))
    for parts in reader.together(sound):
        lines = tuple(part.facts for part in parts)
        if _too_large(reader, parts, sum(line.amount for line in lines)):
            continue
        when, (member, region, pay) = parts[0].when, parts[0].shared
        order = OrderPaid(id=parts[0].id, day=when.day, at=when.at, member=member, lines=lines, region=region, pay=pay)
        yield Item(when.instant, order, reader.table, tuple(part.row for part in parts), "order")


def _refund_parts(rows: Rows, tables: NameTables) -> Callable[[int, When, Row], Part]:
    refunds, orders, lines = (_names(rows, tables, name, name) for name in ("refund", "order", "line"))
    amounts = _values(rows, "amount", 0)

    def part(place: int, when: When, row: Row) -> Part:
        order, line = orders[place], lines[place]
        return Part(when, row, f"{refunds[place]}/{order}", (order, line is None), line or "", amounts[place])

    return part


def _refund_id(cells: Cells) -> str:
    return f"{cells.raw('refund')}/{cells.raw('order')}"


def _refund_part(cells: Cells, when: When) -> Part:
    cells.name("refund")
    line = cells.optional_name("line")
    shared = (cells.name("order"), line is None)
    return Part(when, cells.row, _refund_id(cells), shared, line or "", cells.amount("amount"))


def _refunds(reader: Reader) -> Iterator[Item]:
    for parts in reader.together(reader.sound(REFUND_KINDS, _refund_parts, _refund_part, _refund_id)):
        amount = sum(part.facts for part in parts)
        if _too_large(reader, parts, amount):
            continue
        when, (order, whole) = parts[0].when, parts[0].shared
        lines = () if whole else tuple((part.line, part.facts) for part in parts)
        refund = OrderRefunded(id=parts[0].id, day=when.day, at=when.at, order=order, amount=amount, lines=lines)
        yield Item(when.instant, refund, reader.table, tuple(part.row for part in parts), "refund")


def _too_large(reader: Reader, parts: list[Part], amount: int) -> bool:
    if amount <= AMOUNT_MAX:
        return False
    message = f"the lines of {parts[0].id} add up to {format_micros(amount, 0)}, above {format_micros(AMOUNT_MAX, 0)}"
    problem = Problem(
        "too_large", message, "correct it, or split the order", reader.table.file, parts[0].row.number, "amount"
    )
    reader.findings.refuse(reader.table, tuple(part.row for part in parts), (problem,), parts[0].id)
    return True


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
    "events": Kind(Shape(("event", "id", "at"), FACTS, "at"), read_events),
}
"""The kinds of files by name, in the order in which events of one time are handled."""
