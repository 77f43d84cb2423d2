"""A log of one day by column: who joins, orders, gives back and sells, in order, with numbers for members and orders."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jifen.engine.columns import Column, Narrow
from jifen.engine.events import Event, Line, MemberJoined, OrderPaid, OrderRefunded, TokensSold
from jifen.engine.kernels import bulk_columns as c
from jifen.engine.tables import NONE
from jifen.engine.world import World

__all__ = ["Log", "Logged", "digest_of"]


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


class Logged:
    """The rows of a log on their way into a world: the edge at which numbers are names."""

    def __init__(self, world: World, log: Log, handle: Callable[[Event], None]) -> None:
        """Take a log for a world; ``handle`` does one event."""
        self.world, self.log, self._handle = world, log, handle
        self.member, self.order, self.amount = log.member, log.order, log.amount
        self._first = world.members.size, world.orders.size
        self._orders = [log.ids[row] for row in np.flatnonzero(log.kind == c.ORDER).tolist()]
        self._joined = np.cumsum(log.kind == c.JOIN) - 1
        self.kind = np.where(self._known_ids(), c.OVER, log.kind).astype(np.int32)

    def _known_ids(self) -> Any:
        """Which rows have an id, or a new member's name, that somebody may have had before: handlers decide."""
        ids, log, world = list(self.log.ids), self.log, self.world
        known = np.zeros(len(ids), dtype=bool)
        if len(set(ids)) < len(ids) or not world.event_digests.keys().isdisjoint(ids):
            known |= np.fromiter(_seen(ids, world.event_digests), dtype=bool, count=len(ids))
        names = list(log.members)
        if len(set(names)) < len(names) or not world.member_ids.numbers.keys().isdisjoint(names):
            seen = np.fromiter(_seen(names, world.member_ids.numbers), dtype=bool, count=len(names))
            known[log.kind == c.JOIN] |= seen
        return known

    def handle(self, row: int) -> None:
        """Let the handlers in Python do a row."""
        self._handle(self.event(row))

    def event(self, row: int) -> Event:
        """The event that a row is."""
        log, day, name = self.log, self.world.open_day, self.log.ids[row]
        kind, amount = log.kind.item(row), log.amount.item(row)
        if kind == c.JOIN:
            return MemberJoined(
                id=name, day=day, member=log.members[int(self._joined[row])], referrer=self._member(row)
            )
        if kind == c.ORDER:
            return OrderPaid(id=name, day=day, member=self._member(row) or "", lines=(Line(amount=amount),))
        if kind == c.REFUND:
            return OrderRefunded(id=name, day=day, order=self._order(row), amount=amount)
        return TokensSold(id=name, day=day, member=self._member(row) or "", tokens=amount)

    def _member(self, row: int) -> str | None:
        number, first = self.log.member.item(row), self._first[0]
        if number == NONE:
            return None
        return self.log.members[number - first] if number >= first else self.world.member_ids.names[number]

    def _order(self, row: int) -> str:
        number, first = self.log.order.item(row), self._first[1]
        return self._orders[number - first] if number >= first else self.world.order_ids.names[number]

    def keep(self, first: int, end: int) -> None:
        """Give the world the names of what these rows have made, and the digests of their events."""
        world, log = self.world, self.log
        ids, kind = log.ids[first:end], log.kind[first:end]
        world.event_names.extend(ids)
        world.event_digests.update(zip(ids, self._digests(first, end), strict=True))
        orders = [ids[row] for row in np.flatnonzero(kind == c.ORDER).tolist()]
        _number(world.order_ids, orders)
        joined = self._joined[first:end][kind == c.JOIN].tolist()
        _number(world.member_ids, [log.members[place] for place in joined])

    def _digests(self, first: int, end: int) -> Iterator[bytes]:
        return (digest_of(self.event(row)) for row in range(first, end))


def _number(table: Any, names: list[str]) -> None:
    """Give new names the next numbers."""
    table.numbers.update(zip(names, range(len(table.names), len(table.names) + len(names)), strict=True))
    table.names.extend(names)


def _seen(names: Iterable[str], before: Any) -> Iterator[bool]:
    """Whether each name has been there before."""
    met: set[str] = set()
    for name in names:
        yield name in met or name in before
        met.add(name)


def digest_of(event: Event) -> bytes:
    """What makes two events of one id the same: a digest of their facts (the day is no fact)."""
    return hashlib.blake2b(repr(event.facts()).encode(), digest_size=16).digest()
