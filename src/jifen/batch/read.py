"""What the files of members, orders, refunds and other events have in their columns, and the events their rows are."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from jifen.batch.cells import Amount, Count, Kinds, Name
from jifen.batch.other_events import FACTS, read_events
from jifen.batch.reader import Item, Part, Reader
from jifen.batch.stretches import Stretch, cut, cut_repeats, whole_times
from jifen.batch.tables import Shape
from jifen.core.errors import Problem
from jifen.core.micros import AMOUNT_MAX, format_micros
from jifen.engine.events import AgentSet, Event, Line, MemberJoined, OrderPaid, OrderRefunded, RankSet

__all__ = ["KINDS", "Kind"]

_PAY = ("cash", "coin", "voucher")

_ORDER: Kinds = {
    **{f"pay_{asset}": Amount(6) for asset in _PAY},
    "amount": Amount(2, required=True),
    "line": Name("line"),
    "sku": Name("sku"),
    "category": Name("category"),
    "merchant": Name("merchant"),
    "zone": Name("zone"),
    "quantity": Count(),
    "cost": Amount(6),
    "member": Name("member", required=True),
    "region": Name("region"),
    "order": Name("order", required=True),
}

_REFUND: Kinds = {
    "refund": Name("refund", required=True),
    "line": Name("line"),
    "order": Name("order", required=True),
    "amount": Amount(2, required=True),
}


def _member(ranks: tuple[str, ...]) -> Kinds:
    """The columns of members; a rank is one of the plan's."""
    return {
        "member": Name("member", required=True),
        "referrer": Name("member"),
        "region": Name("region"),
        "rank": Name("rank", options=ranks),
        "agent": Name("region"),
    }


def _read_members(reader: Reader) -> Iterator[Stretch | Item]:
    """Stretches of rows that are a joining each; a row that appoints the member too is several events."""
    for stretch in reader.stretches(_member(reader.ranks), lambda cells: f"member:{cells.raw('member')}"):
        appointed = (stretch.names("rank") >= 0) | (stretch.names("agent") >= 0)
        for more, part in cut(stretch, appointed):
            if more:
                yield from _joins(reader, [part])
            else:
                yield part


def _joins(reader: Reader, stretches: Iterable[Stretch]) -> Iterator[Item]:
    for stretch in stretches:
        facts = zip(*map(stretch.texts, ("member", "referrer", "region", "rank", "agent")), strict=True)
        for when, row, of in zip(stretch.times(), stretch.cells(), facts, strict=True):
            member, referrer, region, rank, agent = of
            common: dict[str, Any] = {"day": when.day, "at": when.at, "member": member}
            events: list[Event] = [MemberJoined(id=f"member:{member}", referrer=referrer, region=region, **common)]
            if rank is not None:
                events.append(RankSet(id=f"rank:{member}", rank=rank, **common))
            if agent is not None:
                events.append(AgentSet(id=f"agent:{member}", region=agent, **common))
            for event in events:
                yield Item(when.instant, event, reader.table, (row,), "member")


def _read_orders(reader: Reader) -> Iterator[Stretch | Item]:
    """Stretches of orders of one row, and orders of several."""
    for whole in whole_times(reader.stretches(_ORDER, lambda cells: cells.raw("order"))):
        for repeated, some in cut_repeats(whole, "order"):
            yield from _orders(reader, some) if repeated else some


def _orders(reader: Reader, stretches: Iterable[Stretch]) -> Iterator[Item]:
    for parts in reader.together(chain.from_iterable(map(_order_parts, stretches))):
        lines = tuple(part.facts for part in parts)
        if _too_large(reader, parts, sum(line.amount for line in lines)):
            continue
        when, (member, region, pay) = parts[0].when, parts[0].shared
        order = OrderPaid(id=parts[0].id, day=when.day, at=when.at, member=member, lines=lines, region=region, pay=pay)
        yield Item(when.instant, order, reader.table, tuple(part.row for part in parts), "order")


def _order_parts(stretch: Stretch) -> Iterator[Part]:
    lines = map(
        Line,
        stretch.values("amount").tolist(),
        (line or "1" for line in stretch.texts("line")),
        *map(stretch.texts, ("sku", "category", "merchant", "zone")),
        stretch.values("quantity", 1).tolist(),
        stretch.values("cost").tolist(),
    )
    paid = zip(*(stretch.values(f"pay_{asset}").tolist() for asset in _PAY), strict=True)
    pays = (tuple((asset, amount) for asset, amount in zip(_PAY, used, strict=True) if amount) for used in paid)
    shared = zip(stretch.texts("member"), stretch.texts("region"), pays, strict=True)
    rows = zip(stretch.times(), stretch.cells(), stretch.texts("order"), shared, lines, strict=True)
    return (Part(when, row, order, of, line.line, line) for when, row, order, of, line in rows)


def _read_refunds(reader: Reader) -> Iterator[Stretch | Item]:
    """Stretches of refunds that are the only one at their time: of others, the ids are compared as texts."""
    for whole in whole_times(reader.stretches(_REFUND, lambda cells: f"{cells.raw('refund')}/{cells.raw('order')}")):
        for repeated, some in cut_repeats(whole, None):
            yield from _refunds(reader, some) if repeated else some


def _refunds(reader: Reader, stretches: Iterable[Stretch]) -> Iterator[Item]:
    for parts in reader.together(chain.from_iterable(map(_refund_parts, stretches))):
        amount = sum(part.facts for part in parts)
        if _too_large(reader, parts, amount):
            continue
        when, (order, whole) = parts[0].when, parts[0].shared
        lines = () if whole else tuple((part.line, part.facts) for part in parts)
        refund = OrderRefunded(id=parts[0].id, day=when.day, at=when.at, order=order, amount=amount, lines=lines)
        yield Item(when.instant, refund, reader.table, tuple(part.row for part in parts), "refund")


def _refund_parts(stretch: Stretch) -> Iterator[Part]:
    facts = zip(*map(stretch.texts, ("refund", "order", "line")), stretch.values("amount").tolist(), strict=True)
    for when, row, (refund, order, line, amount) in zip(stretch.times(), stretch.cells(), facts, strict=True):
        yield Part(when, row, f"{refund}/{order}", (order, line is None), line or "", amount)


def _too_large(reader: Reader, parts: list[Part], amount: int) -> bool:
    if amount <= AMOUNT_MAX:
        return False
    message = f"the lines of {parts[0].id} add up to {format_micros(amount, 0)}, above {format_micros(AMOUNT_MAX, 0)}"
    problem = Problem(
        "too_large", message, "correct it, or split the order", reader.table.file, parts[0].row.number, "amount"
    )
    reader.findings.refuse(reader.table, tuple(part.row for part in parts), (problem,), parts[0].id)
    return True


def _no_events(reader: Reader, stretches: Iterable[Stretch]) -> Iterator[Item]:
    """Other events never come in stretches."""
    return iter(())


def _no_ids(stretch: Stretch) -> Iterator[str]:
    """Who joins stands or falls by one row."""
    return iter(())


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of input file: its columns, how it is read, and how the rows of stretches become events.

    ``ids`` are those of the events of a stretch that other rows can be a part of.
    """

    shape: Shape
    read: Callable[[Reader], Iterator[Stretch | Item]]
    events: Callable[[Reader, Iterable[Stretch]], Iterator[Item]] = _no_events
    ids: Callable[[Stretch], Iterator[str]] = _no_ids

    def items(self, reader: Reader) -> Iterator[Item]:
        """All events of a file, in the order of the rows."""
        for piece in self.read(reader):
            if isinstance(piece, Stretch):
                yield from self.events(reader, [piece])
            else:
                yield piece


KINDS: dict[str, Kind] = {
    "members": Kind(
        Shape(("member", "referrer", "joined_at"), ("region", "rank", "agent"), "joined_at"), _read_members, _joins
    ),
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
        _read_orders,
        _orders,
        lambda stretch: iter(stretch.texts("order")),
    ),
    "refunds": Kind(
        Shape(("refund", "order", "refunded_at", "amount"), ("line",), "refunded_at"),
        _read_refunds,
        _refunds,
        lambda stretch: (part.id for part in _refund_parts(stretch)),
    ),
    "events": Kind(Shape(("event", "id", "at"), FACTS, "at"), read_events),
}
"""The kinds of files by name, in the order in which events of one time are handled."""
