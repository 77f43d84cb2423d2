"""The world as the bulk lane's kernel takes it: its columns in groups, and what is the same for all rows of a day."""

from collections.abc import Callable
from functools import lru_cache
from math import gcd
from typing import Any, get_args, get_type_hints

import numpy as np

from jifen.core.micros import AMOUNT_MAX, MICRO
from jifen.engine.columns import SUM_MAX, Table
from jifen.engine.curve import token_store
from jifen.engine.exits import exits_of
from jifen.engine.instructions import MOST_STORES, MOST_WEIGHTS, Instructions, terms_now, why_not
from jifen.engine.kernels import bulk_columns as c
from jifen.engine.kernels import bulk_tables as t
from jifen.engine.positions import taken_places
from jifen.engine.tables import NONE
from jifen.engine.world import World
from jifen.plan.model import Asset

__all__ = ["PORTIONS", "TABLES", "Kept", "Ways", "kept_of", "of_members", "room_for", "shop_of"]

_DRAFTS, PORTIONS = 256, 1024
"""Payments of one order, and lots that they drain: an order that would have more goes through the handlers."""
_LOTS_OF_REFUND = 256
"""Lots that stand on one order, and what they pay by rule, for a refund to be done by the lane."""

TABLES = {
    c.MEMBERS: "members", c.ORDERS: "orders", c.LOTS: "lots", c.RELEASES: "releases", c.PAYMENTS: "payments",
    c.FEEDS: "feeds", c.SALES: "sales", c.WEIGHED: "weighed", c.PLACES: "positions",
}  # fmt: skip
"""The tables by the places of their sizes."""


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


class Kept:
    """What the lane keeps from one batch to the next: the plan's rules as it reads them, and room."""

    def __init__(self) -> None:
        """Nothing read yet, no room."""
        self._known: tuple[int, ...] = ()
        self.reason = ""
        """Why the plan does not go through the lane; nothing if it does."""
        self.instructions: Instructions
        self.drafts: c.Drafts
        self.refunds = c.Refunds(*(np.zeros(_LOTS_OF_REFUND, dtype=np.int64) for _ in c.Refunds._fields))
        self.transfers, self.forfeits = room_for(c.Transfers, 0), room_for(c.Forfeits, 0)

    def renew(self, world: World) -> None:
        """Read the plan's rules again where numbers have been given meanwhile."""
        known = (world.version, len(world.rule_names), len(world.terms), len(world.assets), len(world.wound_up))
        if known != self._known:
            self._known, self.reason = known, why_not(world)
            if not self.reason:
                self.instructions = Instructions(world)
                self.drafts = _drafts(self.instructions, len(world.pool_balance))
        if not self.reason and (not isinstance(world.ways, Ways) or world.ways.ladders != self.instructions.ladders):
            world.ways = Ways(self.instructions.ladders)


def kept_of(world: World) -> Kept:
    """What the lane keeps for a world, as its plan is now."""
    kept = world.lane = world.lane if isinstance(world.lane, Kept) else Kept()
    kept.renew(world)
    return kept


def _drafts(steps: Instructions, pools: int) -> c.Drafts:
    """Room for one row's drafts."""
    sizes = {"bases": steps.bases, "given": len(steps.plan.rules), "coming": pools + c.FIRST_POOL}
    sizes |= dict.fromkeys(("lot", "points", "emptied"), PORTIONS)
    return c.Drafts(*(np.zeros(sizes.get(name, _DRAFTS), dtype=np.int64) for name in c.Drafts._fields))


def room_for(kind: Callable[..., Any], rows: int) -> Any:
    """Room for so many rows of the journal."""
    return kind(*(np.empty(rows, dtype=dtype) for dtype in _types_of(kind)))


@lru_cache
def _types_of(kind: Callable[..., Any]) -> list[Any]:
    """What the columns of a group are made of."""
    return [get_args(get_args(column)[1])[0] for column in get_type_hints(kind).values()]


def of_members(world: World) -> list[Table]:
    """The tables with a row for each member."""
    return [world.members, *world.chains.values(), *world.ladders.values(), *world.weights.values()]


def shop_of(world: World, kept: Kept) -> c.Shop:
    """All columns as the kernel takes them."""
    steps, ways = kept.instructions, world.ways
    paths = ways.renewed(world) if isinstance(ways, Ways) else Ways([]).paths
    chains = [_group(t.Chain, world.chains[store]) for store in steps.stores]
    chains += [_no_chain(len(world.members.parent))] * (MOST_STORES - len(chains))
    weights = [world.weights[store].amount for store in steps.weights]
    weights += [np.zeros(0, dtype=np.int64)] * (MOST_WEIGHTS - len(weights))
    return c.Shop(
        _group(t.Members, world.members), _group(t.Orders, world.orders), _group(t.Lots, world.lots), tuple(chains),
        _group(t.Releases, world.releases), _group(t.Payments, world.payments), _group(t.Phases, world.phases),
        _group(t.PhasePayments, world.phase_payments), _group(t.Portions, world.portions),
        _group(t.Feeds, world.feeds), _group(t.Sales, world.sales), _group(t.Weighed, world.weighed),
        _group(t.Places, world.positions), taken_places(world).columns,
        tuple(world.wallets), tuple(weights), paths, steps.plan, _day_of(world), kept.drafts, kept.refunds,
        _layout_of(world), exits_of(world), _books_of(world, kept),
    )  # fmt: skip


def _group(kind: Callable[..., Any], table: Table) -> Any:
    """The columns of a table that a group of the kernel has."""
    return kind(*(table.data_of(name) for name in kind._fields))  # type: ignore[attr-defined]


@lru_cache(1)
def _no_chain(members: int) -> t.Chain:
    """The chains of a store without lots."""
    return t.Chain(*(np.full(members, NONE, dtype=np.int32) for _ in t.Chain._fields))


def _books_of(world: World, kept: Kept) -> c.Books:
    """What changes with every row beside the tables."""
    now = np.zeros(c.NOW, dtype=np.int64)
    now[c.EVENT], now[c.SUPPLY] = world.next_event, world.token_supply
    for place, name in TABLES.items():
        now[place] = getattr(world, name).size
    balance = np.array([world.reserve, 0, *world.pool_balance], dtype=np.int64)
    debt = np.array([world.reserve_debt, 0, *world.pool_debt_of], dtype=np.int64)
    weights = np.zeros((2, MOST_WEIGHTS), dtype=np.int64)
    for place, store in enumerate(kept.instructions.weights):
        weights[:, place] = world.issued_totals[store], world.shared_totals[store]
    return c.Books(now, balance, debt, weights[0], weights[1], kept.transfers, kept.forfeits)


def _layout_of(world: World) -> c.Layout:
    """What a lot that is live again changes of the layout, if there is one."""
    layout = world.layout
    if layout is None:
        return c.Layout(np.zeros(0, dtype=np.int32), np.zeros((1, 0), dtype=np.int32), 0)
    return c.Layout(layout.positions, layout.begins, len(layout.lot_at))


def _day_of(world: World) -> c.Day:
    """What is the same for all rows."""
    program = world.program
    rows, measure = program.entry_rows or ((), "")
    waits = program.settled and not world.receipts
    return c.Day(
        day=world.open_day, version=world.version, granting=int(world.granting), waits=int(program.settled),
        settles_on=world.open_day + program.refund_days if waits else NONE, reserve_share=program.reserve_share,
        most=min(AMOUNT_MAX, SUM_MAX * MICRO // max(program.steepest, 1)),
        entry=min((row.min or 0 for row in rows), default=0), entry_adds=int(measure == "cumulative"),
        released_until=world.released_until, phases=world.phases.size,
        order_rule=world.rule_names.get("order"), reserve_rule=world.rule_names.get("reserve"),
        refund_rule=world.rule_names.get("refund"), keeps_upstream=int(program.keeps_upstream),
        daily_walks=int(any(each.walks for each in world.programs)), plain_refunds=int(_plain_refunds(world)),
        **_tokens(world), **_sales(world), **_exits(world),
    )  # fmt: skip


def _tokens(world: World) -> dict[str, int]:
    """The curve and its tokens."""
    curve = world.program.curve
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


def _sales(world: World) -> dict[str, int]:
    """How tokens are sold, if the lane knows it."""
    steps = world.program.by_event["sale"]
    pay = steps[0].rule.pay if len(steps) == 1 and world.program.curve is not None else None
    if not isinstance(pay, Asset):
        return {"sale_rule": NONE, "sale_terms": NONE, "sale_keeps": 1, "sale_of": 1}
    terms, unit = terms_now(world, steps[0]), gcd(MICRO - pay.retain, MICRO)
    return {
        "sale_rule": world.rule_names.get(steps[0].rule.id), "sale_keeps": (MICRO - pay.retain) // unit,
        "sale_of": MICRO // unit, "sale_terms": world.terms.index(terms) if terms in world.terms else NONE,
    }  # fmt: skip


def _exits(world: World) -> dict[str, int]:
    """At what exits are forced, if they are looked for after each row."""
    steps = world.program.by_event["event"]
    if not steps:
        return {"exits": 0, "exit_reaches": 1, "exit_of": 1, "exit_realised": 0}
    reaches = steps[0].gate.reaches or 0
    unit = gcd(reaches, MICRO)
    realised = int(steps[0].gate.realised)
    return {"exits": 1, "exit_reaches": reaches // unit, "exit_of": MICRO // unit, "exit_realised": realised}


def _plain_refunds(world: World) -> bool:
    """Whether no tier is judged again after a refund."""
    amounts = [rule.amount for program in world.programs for rule in program.plan.rules]
    return not any(getattr(amount, "retier", False) for amount in amounts)
