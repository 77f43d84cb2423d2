"""The bulk lane: rows of joins, orders, refunds and sales of one day through all rules, in compiled code.

The handlers of single events say what is right; the lane does exactly the same for what it knows, row after row. A row
that it does not know how to do goes through them, and the lane goes on after it.
"""

from collections import deque
from collections.abc import Callable
from functools import lru_cache
from math import gcd
from typing import Any, get_args, get_type_hints

import numpy as np

from jifen.core.micros import MICRO
from jifen.engine.books import Books
from jifen.engine.close import after_event
from jifen.engine.columns import Narrow, Table
from jifen.engine.curve import token_store
from jifen.engine.exits import exits_of, renewed_exits
from jifen.engine.instructions import MOST_STORES, Instructions, terms_now, why_not
from jifen.engine.kernels import bulk as kernel
from jifen.engine.kernels import bulk_columns as c
from jifen.engine.log import Rows
from jifen.engine.tables import NONE
from jifen.engine.world import World
from jifen.ledger.journal import Account
from jifen.plan.model import Asset

__all__ = ["Lane", "Ways"]

_PIECE = 1 << 15
"""Rows for which room is made at a time."""
_DRAFTS, _PORTIONS = 256, 1024
"""Payments of one order, and lots that they drain: an order that would have more goes through the handlers."""
_LOTS_OF_REFUND = 256
"""Lots that stand on one order, and what they pay by rule, for a refund to be done by the lane."""
_ROOM = 4 * _PIECE
"""Transfers, releases and payments for which room is made at a time."""
_MOST_PATIENCE = 1024


class Ways:
    """Derived from ranks and sponsors: by ladder the level of each member, and who may be next above with a rank."""

    def __init__(self, ladders: list[tuple[str, bool]]) -> None:
        """Nobody yet; each ladder by the distinct rates, or by each rank's own row of it."""
        self.ladders = ladders
        self.size = 0
        self.paths = c.Paths(*(np.zeros((len(ladders), 0), dtype=np.int32) for _ in range(2)))

    def renewed(self, world: World) -> c.Paths:
        """All members, with room for as many as the table of members has room for."""
        room, count = len(world.members.parent), world.members.size
        if self.paths.levels.shape[1] < room:
            grown = [np.zeros((len(self.ladders), room), dtype=np.int32) for _ in range(2)]
            for wide, old in zip(grown, self.paths, strict=True):
                wide[:, : self.size] = old[:, : self.size]
            self.paths = c.Paths(*grown)
        if self.size < count:
            new = slice(self.size, count)
            self.paths.above[:, new] = world.members.parent[new]
            for row, (name, own) in enumerate(self.ladders):
                ladder = world.program.ladders[name]
                levels = np.array([*(range(1, len(ladder.levels) + 1) if own else ladder.levels), 0], dtype=np.int32)
                self.paths.levels[row, new] = levels[world.places(name)[new]]
            self.size = count
        return self.paths


class Lane:
    """One batch on its way through the compiled rules."""

    def __init__(self, books: Books) -> None:
        """Look whether the world's plan can be done at all: ``reason`` says why not."""
        self.books = books
        self.world = world = books.world
        self.reason = why_not(world)
        self.transfers, self.forfeits = _room(c.Transfers, 0), _room(c.Forfeits, 0)
        self.refunds = c.Refunds(*(np.zeros(_LOTS_OF_REFUND, dtype=np.int64) for _ in c.Refunds._fields))
        self._known: tuple[int, ...] = ()

    def run(self, rows: Rows) -> None:
        """Do all rows in order."""
        count, row, patience = len(rows.log.kind), 0, 1
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
        if self.reason or world.bank_of or world.lines:
            return True
        steps = world.program.by_event["event"]
        return bool(steps) and not renewed_exits(world, steps[0])

    def _run(self, rows: Rows, first: int, end: int) -> tuple[int, int]:
        """Let the kernel do rows; returns the first that it has not done, and why."""
        world, log = self.world, rows.columns
        self._renew()
        self._make_room(log.kind[first:end])
        shop = self._shop()
        sizes = (len(self.transfers.rule) - 4 * _PORTIONS, len(world.releases.lot) - 4 * _PORTIONS,
                 len(world.payments.member) - 2 * _DRAFTS)  # fmt: skip
        stopped, why = kernel.run(log, first, end, sizes, shop)
        self._take_over(shop.books, log.kind[first:stopped])
        if stopped > first:
            rows.keep(first, stopped)
        return int(stopped), int(why)

    def _renew(self) -> None:
        """Read the plan's rules again where numbers have been given meanwhile."""
        world = self.world
        known = (world.version, len(world.rule_names), len(world.terms), len(world.assets))
        if known != self._known:
            self._known, self.instructions = known, Instructions(world)
            self.drafts = _drafts(self.instructions.bases, len(self.instructions.plan.rules), len(world.pool_balance))
        if not isinstance(world.ways, Ways) or world.ways.ladders != self.instructions.ladders:
            world.ways = Ways(self.instructions.ladders)

    def _make_room(self, kinds: Narrow) -> None:
        """Make room for whatever these rows may make."""
        world, steps = self.world, self.instructions
        joins, others = int((kinds == c.JOIN).sum()), len(kinds)
        for table in _of_members(world):
            table.reserve(table.size + joins)
        for wallet, column in enumerate(world.wallets):
            if len(column) < world.members.size + joins:
                room = np.zeros(len(world.members.parent) - len(column), dtype=np.int64)
                world.wallets[wallet] = np.concatenate([column, room])
        world.orders.reserve(world.orders.size + others)
        world.lots.reserve(world.lots.size + others * steps.lots)
        world.feeds.reserve(world.feeds.size + others * steps.feeds)
        world.sales.reserve(world.sales.size + others)
        world.releases.reserve(world.releases.size + _ROOM)
        world.payments.reserve(world.payments.size + _ROOM)
        if len(self.transfers.rule) < _ROOM // 2 or len(self.forfeits.rule) < _ROOM // 2:
            self.transfers, self.forfeits = _room(c.Transfers, _ROOM), _room(c.Forfeits, _ROOM)

    def _shop(self) -> c.Shop:
        """All columns as the kernel takes them."""
        world, steps = self.world, self.instructions
        ways = world.ways
        paths = ways.renewed(world) if isinstance(ways, Ways) else c.Paths(*[np.zeros((0, 0), dtype=np.int32)] * 2)
        chains = [_group(c.Chain, world.chains[store]) for store in steps.stores]
        chains += [_no_chain(len(world.members.parent))] * (MOST_STORES - len(chains))
        return c.Shop(
            _group(c.Members, world.members), _group(c.Orders, world.orders), _group(c.Lots, world.lots), tuple(chains),
            _group(c.Releases, world.releases), _group(c.Payments, world.payments), _group(c.Feeds, world.feeds),
            _group(c.Sales, world.sales), tuple(world.wallets), paths, steps.plan, self._day(), self.drafts,
            self.refunds, self._layout(), exits_of(world), self._books(),
        )  # fmt: skip

    def _day(self) -> c.Day:
        """What is the same for all rows."""
        world, program = self.world, self.world.program
        rows, measure = program.entry_rows or ((), "")
        waits = program.settled and not world.receipts
        return c.Day(
            day=world.open_day, version=world.version, granting=int(world.granting), waits=int(program.settled),
            settles_on=world.open_day + program.refund_days if waits else NONE, reserve_share=program.reserve_share,
            entry=min((row.min or 0 for row in rows), default=0), entry_adds=int(measure == "cumulative"),
            released_until=world.released_until,
            order_rule=world.rule_names.get("order"), reserve_rule=world.rule_names.get("reserve"),
            refund_rule=world.rule_names.get("refund"), keeps_upstream=int(program.keeps_upstream),
            daily_walks=int(any(each.walks for each in world.programs)), plain_refunds=int(self._plain_refunds()),
            **self._tokens(), **self._sales(), **self._exits(),
        )  # fmt: skip

    def _tokens(self) -> dict[str, int]:
        """The curve and its tokens."""
        world, curve = self.world, self.world.program.curve
        if curve is None:
            return {"token_store": NONE, "curve": NONE, "unheld_balance": 0, "unheld_supply": 1, "at_value": 0}
        unheld = world.last_price
        if unheld is None or curve.zero_supply == "launch_price":
            unheld = curve.launch, MICRO
        return {
            "token_store": world.stores.numbers[token_store(world)],
            "curve": world.pools.numbers[curve.name] + c.FIRST_POOL,
            "unheld_balance": unheld[0], "unheld_supply": unheld[1], "at_value": int(curve.refund == "at_value"),
        }  # fmt: skip

    def _sales(self) -> dict[str, int]:
        """How tokens are sold, if the lane knows it."""
        world, steps = self.world, self.world.program.by_event["sale"]
        pay = steps[0].rule.pay if len(steps) == 1 and world.program.curve is not None else None
        if not isinstance(pay, Asset):
            return {"sale_rule": NONE, "sale_terms": NONE, "sale_keeps": 1, "sale_of": 1}
        terms, unit = terms_now(world, steps[0]), gcd(MICRO - pay.retain, MICRO)
        return {
            "sale_rule": world.rule_names.get(steps[0].rule.id), "sale_keeps": (MICRO - pay.retain) // unit,
            "sale_of": MICRO // unit, "sale_terms": world.terms.index(terms) if terms in world.terms else NONE,
        }  # fmt: skip

    def _exits(self) -> dict[str, int]:
        """At what exits are forced, if they are looked for after each row."""
        steps = self.world.program.by_event["event"]
        if not steps:
            return {"exits": 0, "exit_reaches": 1, "exit_of": 1, "exit_realised": 0}
        reaches = steps[0].gate.reaches or 0
        unit = gcd(reaches, MICRO)
        return {
            "exits": 1, "exit_reaches": reaches // unit, "exit_of": MICRO // unit,
            "exit_realised": int(steps[0].gate.realised),
        }  # fmt: skip

    def _plain_refunds(self) -> bool:
        """Whether no tier is judged again after a refund, and no place is free again."""
        amounts = [rule.amount for program in self.world.programs for rule in program.plan.rules]
        return self.world.positions.size == 0 and not any(getattr(amount, "retier", False) for amount in amounts)

    def _layout(self) -> c.Layout:
        """What a lot that is live again changes of the layout, if there is one."""
        layout = self.world.layout
        if layout is None:
            return c.Layout(np.zeros(0, dtype=np.int32), np.zeros((1, 0), dtype=np.int32), 0)
        return c.Layout(layout.positions, layout.begins, len(layout.lot_at))

    def _books(self) -> c.Books:
        """What changes with every row beside the tables."""
        world = self.world
        now = np.zeros(c.NOW, dtype=np.int64)
        now[c.EVENT], now[c.SUPPLY] = world.next_event, world.token_supply
        for place, name in _TABLES.items():
            now[place] = getattr(world, name).size
        balance = np.array([world.reserve, 0, *world.pool_balance], dtype=np.int64)
        debt = np.array([world.reserve_debt, 0, *world.pool_debt_of], dtype=np.int64)
        return c.Books(now, balance, debt, self.transfers, self.forfeits)

    def _take_over(self, books: c.Books, kinds: Narrow) -> None:
        """Give the world and the journal what the kernel has done."""
        world, now = self.world, books.now.tolist()
        first = world.orders.size
        for place, name in _TABLES.items():
            getattr(world, name).size = now[place]
        for table in _of_members(world):
            table.size = world.members.size
        world.reserve, _, *world.pool_balance = books.balance.tolist()
        world.reserve_debt, _, *world.pool_debt_of = books.debt.tolist()
        world.token_supply = now[c.SUPPLY]
        if isinstance(world.ways, Ways):
            world.ways.size = world.members.size
        if world.program.settled and not world.receipts and world.orders.size > first:
            until = world.open_day + world.program.refund_days
            world.pending.setdefault(until, deque()).extend(range(first, world.orders.size))
        count, lost, day = now[c.TRANSFERS], now[c.FORFEITS], world.open_day
        transfers, self.transfers = _cut(self.transfers, count)
        forfeits, self.forfeits = _cut(self.forfeits, lost)
        self.books.writer.columns(count, day=day, version=world.version, **transfers._asdict())
        self.books.writer.forfeits(lost, day=day, **forfeits._asdict())
        if count:
            _touch(world, transfers)
        self.books.accepted += len(kinds)


_TABLES = {
    c.MEMBERS: "members", c.ORDERS: "orders", c.LOTS: "lots", c.RELEASES: "releases", c.PAYMENTS: "payments",
    c.FEEDS: "feeds", c.SALES: "sales",
}  # fmt: skip
"""The tables by the places of their sizes."""


@lru_cache(1)
def _no_chain(members: int) -> c.Chain:
    """The chains of a store without lots."""
    return c.Chain(*(np.full(members, NONE, dtype=np.int32) for _ in c.Chain._fields))


def _group(kind: Callable[..., Any], table: Table) -> Any:
    """The columns of a table that a group of the kernel has."""
    return kind(*(table.data_of(name) for name in kind._fields))  # type: ignore[attr-defined]


def _drafts(bases: int, rules: int, pools: int) -> c.Drafts:
    """Room for one row's drafts."""
    sizes = {"bases": bases, "given": rules, "coming": pools + c.FIRST_POOL}
    sizes |= dict.fromkeys(("lot", "points", "emptied"), _PORTIONS)
    return c.Drafts(*(np.zeros(sizes.get(name, _DRAFTS), dtype=np.int64) for name in c.Drafts._fields))


def _of_members(world: World) -> list[Table]:
    """The tables with a row for each member."""
    return [world.members, *world.chains.values(), *world.ladders.values(), *world.weights.values()]


def _touch(world: World, transfers: c.Transfers) -> None:
    """Note whose ranks and forced exits must be judged again."""
    sets = [members for members in world.measured.values() if members is not None]
    exits = world.exit_heap is not None and not world.program.by_event["event"]
    if not sets and not exits:
        return
    orders = transfers.order[transfers.order != NONE]
    if sets:
        buyers = np.unique(world.orders.member[orders]).tolist()
        for members in sets:
            members.update(buyers)
    if exits:
        drained = transfers.lot[transfers.drained > 0]
        sides = (transfers.from_kind, transfers.from_id), (transfers.to_kind, transfers.to_id)
        claims = [member[kind == Account.CLAIM] for kind, member in sides]
        touched = np.concatenate([world.orders.member[orders], world.lots.member[drained], *claims])
        world.token_touched.update(np.unique(touched).tolist())


def _room(kind: Callable[..., Any], rows: int) -> Any:
    """Room for so many rows of the journal."""
    types = get_type_hints(kind)
    return kind(*(np.empty(rows, dtype=get_args(get_args(of)[1])[0]) for of in types.values()))


def _cut(rows: Any, count: int) -> tuple[Any, Any]:
    """The first ``count`` rows, and the room behind them."""
    return rows._make(column[:count] for column in rows), rows._make(column[count:] for column in rows)
