"""The bulk lane: rows of joins, orders, refunds and sales of one day through all rules, in compiled code.

The handlers of single events say what is right; the lane does exactly the same for what it knows, row after row. A row
that it does not know how to do goes through them, and the lane goes on after it.
"""

from collections import deque
from typing import Any

import numpy as np

from jifen.core.errors import ensure
from jifen.engine.books import Books
from jifen.engine.bulk_shop import PORTIONS, TABLES, Ways, kept_of, of_members, room_for, shop_of
from jifen.engine.close import after_event
from jifen.engine.columns import SUM_MAX, Column, Narrow
from jifen.engine.exits import renewed_exits
from jifen.engine.kernels import bulk as kernel
from jifen.engine.kernels import bulk_columns as c
from jifen.engine.log import Rows
from jifen.engine.tables import NONE
from jifen.engine.world import World
from jifen.ledger.journal import Account

__all__ = ["Lane"]

_PIECE = 1 << 15
"""Rows for which room is made at a time."""
_EACH = 4
"""Transfers, forfeits, releases, payments and sales of a row, for which room is made; if it does not last, more is."""
_AT_MOST = 4 * PORTIONS
"""No row makes more of any of them: the kernel does not begin one with less room."""
_MOST_PATIENCE = 1024
_UNCOUNTED = ("appointed", "performance")
"""What ranks go by that rows do not change, or that is always judged anew; all else is of buyers, or a weight."""


class Lane:
    """One batch on its way through the compiled rules."""

    def __init__(self, books: Books) -> None:
        """Begin with what was kept of the batch before."""
        self.books, self.world = books, books.world
        self.kept = kept_of(self.world)

    def run(self, rows: Rows) -> None:
        """Do all rows in order."""
        count, row, patience = len(rows.log.kind), 0, 1
        if not self.kept.reason:
            self._make_room_for_all(rows.log.kind)
        while row < count:
            end, why = row, kernel.LEFT
            if not self._state_is_strange():
                end, why = self._run(rows, row, min(row + _PIECE, count))
            # Where rows are left again and again, a few more at a time go through the handlers at once.
            patience = min(patience * 2, _MOST_PATIENCE) if end - row < patience else 1
            row = end
            if why == kernel.LEFT:
                for _ in range(min(patience, count - row)):
                    rows.hand_over(row)
                    row += 1
            if why == kernel.LOOK:
                self.books.event = self.world.next_event - 1
                after_event(self.books, since=self.world.next_event)

    def _state_is_strange(self) -> bool:
        """Whether the plan, or something that waits, is more than the lane knows."""
        world = self.world
        self.kept.renew(world)
        if self.kept.reason or world.bank_of or world.lines:
            return True
        steps = world.program.by_event["event"]
        far_below = min(world.issued_totals.values(), default=0) <= -SUM_MAX
        return far_below or (bool(steps) and not renewed_exits(world, steps[0]))

    def _run(self, rows: Rows, first: int, end: int) -> tuple[int, int]:
        """Let the kernel do rows; returns the first that it has not done, and why."""
        world, kept, kinds = self.world, self.kept, rows.log.kind
        self._make_room(end - first)
        shop = shop_of(world, kept)
        stopped, why = kernel.run(rows.columns, first, end, self._room(), shop)
        self._take_over(shop.books, kinds[first:stopped])
        if stopped > first:
            rows.keep(first, stopped)
        return int(stopped), int(why)

    def _make_room_for_all(self, kinds: Narrow) -> None:
        """Make room for the members and orders of the whole log: tables that grow at once are copied once."""
        world, steps = self.world, self.kept.instructions
        joins, orders = int((kinds == c.JOIN).sum()), int((kinds == c.ORDER).sum())
        for table in of_members(world):
            table.reserve(table.size + joins)
        for wallet, column in enumerate(world.wallets):
            if len(column) < world.members.size + joins:
                room = np.zeros(len(world.members.parent) - len(column), dtype=np.int64)
                world.wallets[wallet] = np.concatenate([column, room])
        for table, more in (
            (world.orders, orders),
            (world.lots, orders * steps.lots),
            (world.feeds, orders * steps.feeds),
        ):
            table.reserve(table.size + more)
        for names, more in ((world.member_ids, joins), (world.order_ids, orders), (world.event_ids, len(kinds))):
            names.reserve(more)

    def _make_room(self, count: int) -> None:
        """Make room for whatever else so many rows may make."""
        world, kept, steps = self.world, self.kept, self.kept.instructions
        room = 2 * _AT_MOST + count * _EACH
        world.lots.reserve(world.lots.size + count * steps.lots)
        world.feeds.reserve(world.feeds.size + count * steps.feeds)
        world.positions.reserve(world.positions.size + count * steps.places)
        for table in (world.releases, world.payments, world.sales, world.weighed):
            table.reserve(table.size + room)
        if len(kept.transfers.rule) < room or len(kept.forfeits.rule) < room:
            kept.transfers, kept.forfeits = room_for(c.Transfers, 2 * room), room_for(c.Forfeits, 2 * room)

    def _room(self) -> Column:
        """By the places of numbers that change: how many rows there may be when another row is begun."""
        world, kept, room = self.world, self.kept, np.zeros(c.NOW, dtype=np.int64)
        room[c.TRANSFERS], room[c.FORFEITS] = len(kept.transfers.rule), len(kept.forfeits.rule)
        room[c.RELEASES], room[c.PAYMENTS] = world.releases.capacity, world.payments.capacity
        room[c.SALES], room[c.WEIGHED] = world.sales.capacity, world.weighed.capacity
        return room - _AT_MOST

    def _take_over(self, books: c.Books, kinds: Narrow) -> None:
        """Give the world and the journal what the kernel has done."""
        world, now = self.world, books.now.tolist()
        ensure(not now[c.BEYOND], "somebody would have more of an asset than can be counted")
        first = world.orders.size
        for place, name in TABLES.items():
            getattr(world, name).size = now[place]
        for table in of_members(world):
            table.size = world.members.size
        world.reserve, _, *world.pool_balance = books.balance.tolist()
        world.reserve_debt, _, *world.pool_debt_of = books.debt.tolist()
        world.token_supply = now[c.SUPPLY]
        for place, store in enumerate(self.kept.instructions.weights):
            world.issued_totals[store] = books.issued.item(place)
            world.shared_totals[store] = books.shared.item(place)
        if isinstance(world.ways, Ways):
            world.ways.size = world.members.size
        if world.program.settled and not world.receipts and world.orders.size > first:
            until = world.open_day + world.program.refund_days
            world.pending.setdefault(until, deque()).extend(range(first, world.orders.size))
        self._write(now[c.TRANSFERS], now[c.FORFEITS])
        self.books.accepted += len(kinds)

    def _write(self, transfers: int, forfeits: int) -> None:
        """Give the journal the rows that the kernel has written; the room behind them is for the next."""
        world, kept, writer = self.world, self.kept, self.books.writer
        written, kept.transfers = _cut(kept.transfers, transfers)
        lost, kept.forfeits = _cut(kept.forfeits, forfeits)
        writer.columns(transfers, day=world.open_day, version=world.version, **written._asdict())
        writer.forfeits(forfeits, day=world.open_day, **lost._asdict())
        _touch(world, written)


def _cut(rows: Any, count: int) -> tuple[Any, Any]:
    """The first ``count`` rows, and the room behind them."""
    return rows._make(column[:count] for column in rows), rows._make(column[count:] for column in rows)


def _touch(world: World, transfers: c.Transfers) -> None:
    """Note whose ranks and forced exits must be judged again."""
    ladders = world.program.ladders.items()
    measured = (world.measured[name] for name, ladder in ladders if ladder.ranks.by not in _UNCOUNTED)
    sets = [members for members in measured if members is not None]
    exits = world.exit_heap is not None and not world.program.by_event["event"]
    if not sets and not exits:
        return
    orders = transfers.order[transfers.order != NONE]
    sides = (transfers.from_kind, transfers.from_id), (transfers.to_kind, transfers.to_id)
    weighs = [member[kind == Account.WEIGHT] for kind, member in sides]
    if sets:
        changed = np.unique(np.concatenate([world.orders.member[orders], *weighs])).tolist()
        for members in sets:
            members.update(changed)
    if exits:
        drained = transfers.lot[transfers.drained > 0]
        claims = [member[kind == Account.CLAIM] for kind, member in sides]
        touched = np.concatenate([world.orders.member[orders], world.lots.member[drained], *claims, *weighs])
        world.token_touched.update(np.unique(touched).tolist())
