"""Rows for the bulk lane, and the edge at which numbers are names: of a log by column, or of events.

A log is of one day: who joins, orders, gives back and sells, in order, with numbers for members and orders.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from jifen.engine.columns import Column, Narrow
from jifen.engine.digests import digest_of, numbered
from jifen.engine.events import Event, Line, MemberJoined, OrderPaid, OrderRefunded, TokensSold
from jifen.engine.kernels import bulk_columns as c
from jifen.engine.kernels.bulk_columns import JOIN, ORDER, REFUND, SALE
from jifen.engine.kernels.hashing import hashes_of
from jifen.engine.tables import NONE
from jifen.engine.world import World
from jifen.ledger.names import Names, Texts

__all__ = ["JOIN", "ORDER", "REFUND", "SALE", "EventRows", "Log", "LogRows", "More", "Rows", "kind_of"]

_Flags = npt.NDArray[np.bool_]
_KINDS = {MemberJoined: JOIN, OrderPaid: ORDER, OrderRefunded: REFUND, TokensSold: SALE}


@dataclass(frozen=True, slots=True)
class Log:
    """Rows in order; ``kind`` is JOIN, ORDER, REFUND or SALE.

    ``member`` is the referrer of who joins (NONE: none), the buyer or the seller; ``order`` that of which a refund is;
    ``amount`` what is paid, given back, or how many tokens are sold. Members are numbered as in the world, from its
    size on in the order in which they join here, whether or not that is refused; orders likewise. An order has one
    line, without anything to say but its amount, and no event has a time.
    """

    kind: Narrow
    member: Narrow
    order: Narrow
    amount: Column
    ids: Texts
    """Of the events; that of an order is its name."""
    members: Texts
    """Who join."""


class More(NamedTuple):
    """What events say beyond a log, by row: whether it is ``left`` to the handlers, an order's margin and region."""

    left: _Flags
    margin: Column
    region: Narrow


class Rows:
    """Rows on their way into a world."""

    def __init__(self, world: World, log: Log, more: More, handle: Callable[[Event], None]) -> None:
        """Take a log for a world; ``handle`` does one event, at once."""
        self.world, self.log, self._handle = world, log, handle
        joins, orders = log.kind == JOIN, log.kind == ORDER
        self._ids, self._members = hashes_of(log.ids), hashes_of(log.members)
        known = _known(log.ids, self._ids, world.event_ids)
        known[joins] |= _known(log.members, self._members, world.member_ids)
        for row in np.flatnonzero(log.kind == REFUND).tolist():
            known[row] |= log.order.item(row) in world.order_lines or log.order.item(row) in world.order_pay
        place = np.where(joins, np.cumsum(joins), np.cumsum(orders)) - 1
        members, numbers = (np.full(int(made.sum()), NONE, dtype=np.int32) for made in (joins, orders))
        self.columns = c.Log(
            np.where(more.left | known, c.OVER, log.kind).astype(np.int32), log.member, log.order, log.amount,
            more.margin, more.region, place.astype(np.int32),
            world.members.size, members, world.orders.size, numbers,
        )  # fmt: skip
        """The rows for the kernel, with room for the numbers of what they make."""

    def event(self, row: int) -> Event:
        """The event that a row is."""
        raise NotImplementedError

    def hand_over(self, row: int) -> None:
        """Let the handlers in Python do a row, and note the number of what it has made."""
        world, columns = self.world, self.columns
        members, orders = world.members.size, world.orders.size
        self._handle(self.event(row))
        if world.members.size > members:
            columns.members[columns.place[row]] = members
        if world.orders.size > orders:
            columns.orders[columns.place[row]] = orders

    def keep(self, first: int, end: int) -> None:
        """Give the world the names of what these rows have made, and the digests of their events."""
        world, log, rows = self.world, self.log, slice(first, end)
        ids, hashes, orders = log.ids.part(first, end), self._ids[rows], log.kind[rows] == ORDER
        world.event_ids.extend(ids, hashes)
        world.order_ids.extend(ids.chosen(orders), hashes[orders])
        joined = self.columns.place[rows][log.kind[rows] == JOIN]
        if len(joined):
            begin, last = joined.item(0), joined.item(-1) + 1
            world.member_ids.extend(log.members.part(begin, last), self._members[begin:last])
        halves = self.digests(first, end)
        world.event_digests.extend(end - first, first=halves[0], second=halves[1])

    def digests(self, first: int, end: int) -> tuple[Column, Column]:
        """Those of the events of some rows that the lane has done."""
        raise NotImplementedError


class LogRows(Rows):
    """The rows of a log."""

    def __init__(self, world: World, log: Log, handle: Callable[[Event], None]) -> None:
        """Take a log for a world; ``handle`` does one event."""
        count = len(log.kind)
        nothing = More(np.zeros(count, dtype=bool), log.amount, np.full(count, NONE, dtype=np.int32))
        super().__init__(world, log, nothing, handle)
        self._orders = np.flatnonzero(log.kind == ORDER)

    def event(self, row: int) -> Event:
        """The event that a row is."""
        log, day, name = self.log, self.world.open_day, self.log.ids[row]
        kind, amount = log.kind.item(row), log.amount.item(row)
        if kind == JOIN:
            joins = log.members[self.columns.place.item(row)]
            return MemberJoined(id=name, day=day, member=joins, referrer=self._member(row) or None)
        if kind == ORDER:
            return OrderPaid(id=name, day=day, member=self._member(row), lines=(Line(amount=amount),))
        if kind == REFUND:
            return OrderRefunded(id=name, day=day, order=self._order(row), amount=amount)
        return TokensSold(id=name, day=day, member=self._member(row), tokens=amount)

    def _member(self, row: int) -> str:
        number, first = self.log.member.item(row), self.columns.first_member
        if number == NONE:
            return ""
        return self.log.members[number - first] if number >= first else self.world.member_ids.names[number]

    def _order(self, row: int) -> str:
        number, first = self.log.order.item(row), self.columns.first_order
        return (
            self.log.ids[self._orders.item(number - first)] if number >= first else self.world.order_ids.names[number]
        )

    def digests(self, first: int, end: int) -> tuple[Column, Column]:
        """Those of the events of some rows that the lane has done, by their numbers."""
        columns, rows = self.columns, slice(first, end)
        kind, amount = self.log.kind[rows].astype(np.int64), self.log.amount[rows].copy()
        number = _resolved(columns.member[rows], columns.first_member, columns.members)
        refunds, joins = kind == REFUND, kind == JOIN
        number[refunds] = _resolved(columns.order[rows][refunds], columns.first_order, columns.orders)
        amount[joins] = number[joins]
        number[joins] = columns.members[columns.place[rows][joins]]
        return numbered(kind, number, amount)


class EventRows(Rows):
    """Events of those kinds as rows."""

    def __init__(self, world: World, events: Sequence[Event], handle: Callable[[Event], None]) -> None:
        """Take events for a world; ``handle`` does one of them."""
        self._events = events
        numbers = _Numbers(world)
        rows = [numbers.row_of(event) for event in events]
        left, kind, member, order, amount, margin, region = (np.array(column) for column in zip(*rows, strict=True))
        kind, member, order, region = (column.astype(np.int32) for column in (kind, member, order, region))
        ids, joined = Texts.of(event.id for event in events), Texts.of(numbers.joined)
        super().__init__(world, Log(kind, member, order, amount, ids, joined), More(left, margin, region), handle)

    def event(self, row: int) -> Event:
        """The event that a row is."""
        return self._events[row]

    def digests(self, first: int, end: int) -> tuple[Column, Column]:
        """Those of the events of some rows that the lane has done."""
        both = np.array([digest_of(self.world, event) for event in self._events[first:end]], dtype=np.int64)
        return both[:, 0], both[:, 1]


class _Numbers:
    """Numbers for the names in events, as a log has them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.joined: list[str] = []
        self._members: dict[str, int] = {}
        self._orders: dict[str, int] = {}
        self._ordered = 0

    def row_of(self, event: Event) -> tuple[bool, int, int, int, int, int, int]:
        """(left to the handlers, kind, member, order, amount, margin, region) of an event."""
        left, kind, member, order, amount = event.day != self.world.open_day, _KINDS[type(event)], NONE, NONE, 0
        margin, region = 0, NONE
        if isinstance(event, MemberJoined):
            member = NONE if event.referrer is None else self._member(event.referrer)
            left |= event.region is not None or (member == NONE and event.referrer is not None)
            self._members.setdefault(event.member, self.world.members.size + len(self.joined))
            self.joined.append(event.member)
        elif isinstance(event, OrderPaid):
            member, amount = self._member(event.member), event.amount
            region = NONE if event.region is None else self.world.region_names.get(event.region)
            left |= member == NONE or not _is_plain(event) or (region == NONE and event.region is not None)
            margin = max(0, amount - event.lines[0].cost) if event.lines else 0
            self._orders.setdefault(event.id, NONE if left else self.world.orders.size + self._ordered)
            self._ordered += 1
        elif isinstance(event, OrderRefunded):
            order, amount = self._order(event.order), event.amount
            left |= order == NONE or event.share or event.lines != ()
        elif isinstance(event, TokensSold):
            member, amount = self._member(event.member), event.tokens or 0
            left |= member == NONE or event.tokens is None
        if not -_WIDE < amount < _WIDE > margin:
            left, amount, margin = True, 0, 0
        return left, kind, member, order, amount, margin, region

    def _member(self, name: str) -> int:
        number = self.world.member_ids.get(name)
        return self._members.get(name, NONE) if number == NONE else number

    def _order(self, name: str) -> int:
        number = self.world.order_ids.get(name)
        return self._orders.get(name, NONE) if number == NONE else number


_WIDE = 1 << 62
"""Amounts beyond this do not fit into a column; no event with such a one is accepted."""


def _is_plain(event: OrderPaid) -> bool:
    """Whether an order is paid with money from outside, and has one line that is of no kind."""
    if len(event.lines) != 1 or event.pay:
        return False
    line = event.lines[0]
    return line.line == "1" and line.cost >= 0 and not (line.sku or line.category or line.merchant or line.zone)


def kind_of(event: Event) -> int:
    """The kind of row that an event is, NONE if it is none."""
    return _KINDS.get(type(event), NONE)


def _known(texts: Texts, hashes: Column, names: Names) -> _Flags:
    """Which texts have a name that somebody has had before, or seem to repeat one another: handlers decide."""
    known = names.numbers.known(texts, hashes)
    alike = np.sort(hashes)
    if (alike[1:] == alike[:-1]).any():
        first = np.unique(hashes, return_index=True)[1]
        again = np.ones(len(hashes), dtype=bool)
        again[first] = False
        known |= again
    return known


def _resolved(numbers: Narrow, first: int, later: Narrow) -> Column:
    """The numbers that the world has for numbers of a log."""
    found = numbers.astype(np.int64)
    new = found >= first
    found[new] = later[found[new] - first]
    return found
