"""Rows for the bulk lane, and the edge at which numbers are names: of a log by column, or of events.

A log is of one day: who joins, orders, gives back and sells, in order, with numbers for members and orders.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jifen.engine.columns import Column, Narrow
from jifen.engine.events import Event, Line, MemberJoined, OrderPaid, OrderRefunded, TokensSold
from jifen.engine.kernels.bulk_columns import JOIN, ORDER, REFUND, SALE
from jifen.engine.tables import NONE
from jifen.engine.world import World
from jifen.ledger.journal import Names

__all__ = ["JOIN", "ORDER", "REFUND", "SALE", "EventRows", "Log", "LogRows", "Rows", "digest_of", "kind_of"]

_Flags = npt.NDArray[np.bool_]
_KINDS = {MemberJoined: JOIN, OrderPaid: ORDER, OrderRefunded: REFUND, TokensSold: SALE}


@dataclass(frozen=True, slots=True)
class Log:
    """Rows in order; ``kind`` is JOIN, ORDER, REFUND or SALE.

    ``member`` is the referrer of who joins (NONE: none), the buyer or the seller; ``order`` that of which a refund is;
    ``amount`` what is paid, given back, or how many tokens are sold. Members are numbered as in the world, from its
    size on in the order in which they join here, whether or not that is refused; orders likewise. An order has one
    line, without anything to say but its amount.
    """

    kind: Narrow
    member: Narrow
    order: Narrow
    amount: Column
    ids: Sequence[str]
    """Of the events; that of an order is its name."""
    members: Sequence[str]
    """Who join."""


class Rows:
    """Rows on their way into a world."""

    def __init__(self, world: World, log: Log, left: _Flags, handle: Callable[[Event], None]) -> None:
        """Take a log for a world; rows that are ``left`` go through ``handle``, which does one event, at once."""
        self.world, self.log, self._handle = world, log, handle
        special = np.array([*world.order_lines, *world.order_pay], dtype=np.int64)
        self.left = left | ((log.kind == REFUND) & np.isin(log.order, special)) | _known(world, log)
        self.joins, self.orders = np.cumsum(log.kind == JOIN) - 1, np.cumsum(log.kind == ORDER) - 1

    def event(self, row: int) -> Event:
        """The event that a row is."""
        raise NotImplementedError

    def handle(self, row: int) -> None:
        """Let the handlers in Python do a row."""
        self._handle(self.event(row))

    def keep(self, first: int, end: int) -> None:
        """Give the world the names of what these rows have made, and the digests of their events."""
        world, log = self.world, self.log
        ids, kind = log.ids[first:end], log.kind[first:end]
        world.event_names.extend(ids)
        world.event_digests.update(zip(ids, self.digests(first, end), strict=True))
        _number(world.order_ids, [ids[row] for row in np.flatnonzero(kind == ORDER).tolist()])
        _number(world.member_ids, [log.members[place] for place in self.joins[first:end][kind == JOIN].tolist()])

    def digests(self, first: int, end: int) -> Iterator[bytes]:
        """Those of the events of some rows."""
        return (digest_of(self.event(row)) for row in range(first, end))


class LogRows(Rows):
    """The rows of a log."""

    def __init__(self, world: World, log: Log, handle: Callable[[Event], None]) -> None:
        """Take a log for a world; ``handle`` does one event."""
        super().__init__(world, log, np.zeros(len(log.kind), dtype=bool), handle)
        self._first = world.members.size, world.orders.size
        self._orders = [log.ids[row] for row in np.flatnonzero(log.kind == ORDER).tolist()]

    def event(self, row: int) -> Event:
        """The event that a row is."""
        log, day, name = self.log, self.world.open_day, self.log.ids[row]
        kind, amount = log.kind.item(row), log.amount.item(row)
        if kind == JOIN:
            joins = log.members[self.joins.item(row)]
            return MemberJoined(id=name, day=day, member=joins, referrer=self._member(row) or None)
        if kind == ORDER:
            return OrderPaid(id=name, day=day, member=self._member(row), lines=(Line(amount=amount),))
        if kind == REFUND:
            return OrderRefunded(id=name, day=day, order=self._order(row), amount=amount)
        return TokensSold(id=name, day=day, member=self._member(row), tokens=amount)

    def _member(self, row: int) -> str:
        number, first = self.log.member.item(row), self._first[0]
        if number == NONE:
            return ""
        return self.log.members[number - first] if number >= first else self.world.member_ids.names[number]

    def _order(self, row: int) -> str:
        number, first = self.log.order.item(row), self._first[1]
        return self._orders[number - first] if number >= first else self.world.order_ids.names[number]

    def digests(self, first: int, end: int) -> Iterator[bytes]:
        """Those of the events of some rows; for most of them the text is written without making the event."""
        log, joined, names = self.log, self._first[0], self.world.member_ids.names
        columns = (column[first:end].tolist() for column in (log.kind, log.member, log.amount))
        for row, (name, kind, member, amount) in enumerate(zip(log.ids[first:end], *columns, strict=True), first):
            if kind == ORDER:
                buyer = names[member] if member < joined else log.members[member - joined]
                line = f"Line(amount={amount}, line='1', sku=None, category=None, merchant=None, zone=None"
                facts = f"('order_paid', {name!r}, None, {buyer!r}, ({line}, quantity=1, cost=0),), None, ())"
                yield hashlib.blake2b(facts.encode(), digest_size=16).digest()
            else:
                yield digest_of(self.event(row))


class EventRows(Rows):
    """Events of those kinds as rows."""

    def __init__(self, world: World, events: Sequence[Event], handle: Callable[[Event], None]) -> None:
        """Take events for a world; ``handle`` does one of them."""
        self._events = events
        numbers = _Numbers(world)
        rows = [numbers.row_of(event) for event in events]
        left, kind, member, order, amount = (np.array(column) for column in zip(*rows, strict=True))
        ids = [event.id for event in events]
        kind, member, order = (column.astype(np.int32) for column in (kind, member, order))
        super().__init__(world, Log(kind, member, order, amount, ids, numbers.joined), left, handle)

    def event(self, row: int) -> Event:
        """The event that a row is."""
        return self._events[row]


class _Numbers:
    """Numbers for the names in events, as a log has them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.joined: list[str] = []
        self._members: dict[str, int] = {}
        self._orders: dict[str, int] = {}
        self._ordered = 0

    def row_of(self, event: Event) -> tuple[bool, int, int, int, int]:
        """(left to the handlers, kind, member, order, amount) of an event."""
        left, kind, member, order, amount = event.day != self.world.open_day, _KINDS[type(event)], NONE, NONE, 0
        if isinstance(event, MemberJoined):
            member = NONE if event.referrer is None else self._member(event.referrer)
            left |= event.region is not None or (member == NONE and event.referrer is not None)
            self._members.setdefault(event.member, self.world.members.size + len(self.joined))
            self.joined.append(event.member)
        elif isinstance(event, OrderPaid):
            member, amount = self._member(event.member), event.amount
            left |= member == NONE or not _is_plain(event)
            self._orders.setdefault(event.id, NONE if left else self.world.orders.size + self._ordered)
            self._ordered += 1
        elif isinstance(event, OrderRefunded):
            order, amount = self._order(event.order), event.amount
            left |= order == NONE or event.share or event.lines != ()
        elif isinstance(event, TokensSold):
            member, amount = self._member(event.member), event.tokens or 0
            left |= member == NONE or event.tokens is None
        return left or not -_WIDE < amount < _WIDE, kind, member, order, amount if -_WIDE < amount < _WIDE else 0

    def _member(self, name: str) -> int:
        number = self.world.member_ids.get(name)
        return self._members.get(name, NONE) if number == NONE else number

    def _order(self, name: str) -> int:
        number = self.world.order_ids.get(name)
        return self._orders.get(name, NONE) if number == NONE else number


_WIDE = 1 << 62
"""Amounts beyond this do not fit into a column; no event with such a one is accepted."""


def _is_plain(event: OrderPaid) -> bool:
    """Whether an order has one line, with nothing to say but its amount."""
    if len(event.lines) != 1 or event.region is not None or event.pay:
        return False
    line = event.lines[0]
    return line.line == "1" and not (line.cost or line.sku or line.category or line.merchant or line.zone)


def kind_of(event: Event) -> int:
    """The kind of row that an event is, NONE if it is none."""
    return _KINDS.get(type(event), NONE)


def _known(world: World, log: Log) -> _Flags:
    """Which rows have an id, or a new member's name, that somebody may have had before: handlers decide."""
    known = _seen(log.ids, world.event_digests)
    joins = log.kind == JOIN
    known[joins] |= _seen(log.members, world.member_ids.numbers)
    return known


def _seen(names: Sequence[str], before: Collection[str]) -> _Flags:
    """Which names have been there before."""
    met = set(names)
    if len(met) == len(names) and met.isdisjoint(before):
        return np.zeros(len(names), dtype=bool)
    met.clear()
    seen = []
    for name in names:
        seen.append(name in met or name in before)
        met.add(name)
    return np.array(seen, dtype=bool)


def _number(table: Names, names: list[str]) -> None:
    """Give new names the next numbers."""
    table.numbers.update(zip(names, range(len(table), len(table) + len(names)), strict=True))
    table.names.extend(names)


def digest_of(event: Event) -> bytes:
    """What makes two events of one id the same: a digest of their facts (the day is no fact)."""
    return hashlib.blake2b(repr(event.facts()).encode(), digest_size=16).digest()
