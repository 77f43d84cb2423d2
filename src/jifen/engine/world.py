"""The world: all state of one shop's plan, in columns, with questions by name.

It is made by events only (``apply``); nothing here changes an amount by itself. See ``tables`` for the columns.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from jifen.core.micros import MICRO
from jifen.engine.columns import Column, check_range
from jifen.engine.events import Line
from jifen.engine.program import Program
from jifen.engine.tables import (
    NONE,
    Banked,
    Chains,
    Feeds,
    Lots,
    Members,
    Orders,
    Payments,
    Ranked,
    Releases,
    Sales,
)
from jifen.ledger.journal import Names
from jifen.plan.model import Curve, Plan
from jifen.plan.model import Lots as LotsStore

if TYPE_CHECKING:
    from collections import deque


__all__ = [
    "ASSETS",
    "SEMANTICS_REVISION",
    "History",
    "OrderLine",
    "World",
    "price_of",
]

SEMANTICS_REVISION = 1
"""Raised by every change that gives other amounts for the same events."""

ASSETS = ("cash", "coin", "voucher")


History = dict[int, list[tuple[int, int]]]
"""By member: (number of the event from which it counts, value), oldest first; the first is what was there before."""


@dataclass(slots=True)
class OrderLine:
    """What is left of one line of an order with several lines, or with a line that says more than its amount."""

    line: Line
    kept: int
    """Of what takes part in the plan."""
    returned: int = 0
    """Of that, given back under ``upstream: reverse``."""
    given_back: int = 0
    """In all."""
    basis: int = 0
    """What was left of it after the last refund that named lines: refunds of the whole order are spread by it."""
    inside: bool = True


class World:
    """All state of one shop under one plan. ``receipts``: the refund window starts when goods are received."""

    def __init__(self, plan: Plan, first_day: int = 0, *, receipts: bool = False) -> None:
        """Open the books on ``first_day`` with ``plan`` as version 0."""
        self.open_day = first_day
        self.receipts = receipts
        self.members, self.orders, self.lots = Members(), Orders(), Lots()
        self.releases, self.payments = Releases(), Payments()
        self.feeds, self.sales, self.banked = Feeds(), Sales(), Banked()
        self.member_ids, self.order_ids = Names(), Names()
        self.event_names: list[str] = []
        self.rank_names, self.rule_names, self.stores = Names(), Names(), Names()
        self.pools, self.assets = Names(), Names.of(ASSETS)
        self.event_digests: dict[str, bytes] = {}
        self.chains: dict[int, Chains] = {}
        self.wallets: list[Column] = [np.zeros(0, dtype=np.int64) for _ in ASSETS]
        self.pool_balance: list[int] = []
        self.pool_debt_of: list[int] = []
        self.reserve = 0
        self.reserve_debt = 0
        self.token_supply = 0
        self.control: Counter[str] = Counter()
        """What the journal says that funds, wallets and lots hold, added up by itself (see ``invariants``)."""
        self.last_price: tuple[int, int] | None = None
        self.pending: dict[int, deque[int]] = {}
        self.order_lines: dict[int, list[OrderLine]] = {}
        self.line_rates: list[tuple[int, ...]] = []
        self.order_pay: dict[int, tuple[tuple[int, int], ...]] = {}
        self.bank_of: dict[int, list[int]] = {}
        self.bank_releases: dict[int, list[int]] = {}
        self.withdrawals: dict[str, tuple[int, int, int, str]] = {}
        self.parent_changes: History = {}
        self.appointed_changes: History = {}
        self.earned_changes: dict[str, History] = {}
        self.ladders: dict[str, Ranked] = {}
        self.regions: dict[int, str] = {}
        self.agents: dict[int, str] = {}
        self.programs: list[Program] = []
        self.version_events: list[tuple[int, int]] = []
        self.first_day = first_day
        self.run_events: list[int] = []
        """The numbers of the events that closed the days, from ``first_day`` on."""
        self.terms: list[tuple[int, int, int]] = []
        self.granting = True
        self.upward: Column | None = None
        self.token_touched: set[int] = set()
        self.exit_heap: object = None
        """Derived by ``exits``; never saved."""
        self.activate(plan)

    # -- versions ----------------------------------------------------------------------------------------------------

    @property
    def program(self) -> Program:
        """The version that counts now."""
        return self.programs[-1]

    @property
    def version(self) -> int:
        """The number of the version that counts now."""
        return len(self.programs) - 1

    def activate(self, plan: Plan) -> None:
        """Make ``plan`` the version for later events and the open day's run."""
        self.programs.append(Program(plan))
        self.version_events.append((self.next_event, self.version))
        for name, store in plan.stores.items():
            number = self.stores.number(name)
            if isinstance(store, LotsStore) and number not in self.chains:
                self.chains[number] = Chains()
                self.chains[number].extend(self.members.size)
        for ladder in plan.ranks:
            if ladder not in self.ladders:
                self.ladders[ladder] = Ranked()
                self.ladders[ladder].extend(self.members.size)
                self.earned_changes[ladder] = {}
        for pool in self.program.pool_names:
            if self.pools.number(pool) == len(self.pool_balance):
                self.pool_balance.append(0)
                self.pool_debt_of.append(0)
        self.granting = True

    @property
    def next_event(self) -> int:
        """The number of the next event: what is done now counts from it on."""
        return len(self.event_names)

    def version_at(self, event: int) -> int:
        """The version that counted when an event was handled."""
        return next(version for since, version in reversed(self.version_events) if since <= event)

    def run_event(self, day: int) -> int:
        """The number of the event that closed a day."""
        return self.run_events[day - self.first_day]

    def terms_number(self, asset: int, per_point: int, pool: int) -> int:
        """The number of (asset, asset per point in ppm, pool or NONE): how releases are paid."""
        terms = (asset, per_point, pool)
        if terms not in self.terms:
            self.terms.append(terms)
        return self.terms.index(terms)

    # -- growing -----------------------------------------------------------------------------------------------------

    def add_member(self, name: str, parent: int, day: int) -> int:
        """A new member below ``parent``."""
        self.member_ids.number(name)
        member = self.members.add(parent=parent, joined=day)
        for chains in self.chains.values():
            chains.add()
        for ranked in self.ladders.values():
            ranked.add()
        if member >= len(self.wallets[0]):
            room = np.zeros(max(64, member), dtype=np.int64)
            self.wallets = [np.concatenate([wallet, room]) for wallet in self.wallets]
        self.upward = None
        return member

    # -- questions, by number ----------------------------------------------------------------------------------------

    def kept(self, order: int, key: int) -> int:
        """What is kept of an order now; with a ``key``, its lines weighted by their rates."""
        if key == NONE:
            return self.orders.kept.item(order)
        return sum(line.kept * rate for line, rate in zip(self.order_lines[order], self.line_rates[key], strict=True))

    def returned(self, order: int, key: int) -> int:
        """What was given back of an order while others' rewards were taken back too, weighted like ``kept``."""
        if key == NONE:
            return self.orders.returned.item(order)
        return sum(
            line.returned * rate for line, rate in zip(self.order_lines[order], self.line_rates[key], strict=True)
        )

    def first_live(self, member: int, store: int) -> int:
        """The member's oldest lot with something remaining, or NONE."""
        chains, lots = self.chains[store], self.lots
        lot = chains.head.item(member)
        while lot != NONE and lots.remaining.item(lot) == 0:
            lot = lots.after.item(lot)
        return lot

    def lots_of(self, member: int, store: int) -> Iterator[int]:
        """All the member's lots in a store, oldest first."""
        lot = self.chains[store].first.item(member)
        while lot != NONE:
            yield lot
            lot = self.lots.after.item(lot)

    def has_own_order(self, member: int) -> bool:
        """Whether the member has a live order (in effect, something kept)."""
        orders = self.orders
        owned = orders.member[: orders.size] == member
        live = (orders.state[: orders.size] == 1) | (orders.state[: orders.size] == 2)
        return bool(np.any(owned & live & (orders.kept[: orders.size] > 0)))

    def upward_order(self) -> Column:
        """Members, everyone after all his descendants."""
        if self.upward is None:
            from jifen.engine.kernels.daily import upward_order

            self.upward = upward_order(self.members.parent, self.members.size)
        return self.upward

    def performances(self) -> Column:
        """Each member's own net amount plus that of all his present descendants."""
        from jifen.engine.kernels.daily import subtree_sums

        check_range(self.members.own_net[: self.members.size], 1)
        return subtree_sums(self.upward_order(), self.members.parent, self.members.own_net)

    def place_of(self, member: int, ladder: str) -> int:
        """The member's place in a ladder of the day, -1 for no rank: the higher of the earned and the appointed."""
        places = self.program.ladders[ladder].places
        names = self.rank_names.names
        ranks = (self.ladders[ladder].earned.item(member), self.members.appointed.item(member))
        return max(-1 if rank == NONE else places.get(names[rank], -1) for rank in ranks)

    def places(self, ladder: str) -> Column:
        """Every member's place in a ladder of the day, -1 for no rank."""
        places = self.program.ladders[ladder].places
        of_name = np.array([*(places.get(name, -1) for name in self.rank_names.names), -1], dtype=np.int64)
        count = self.members.size
        return np.maximum(of_name[self.ladders[ladder].earned[:count]], of_name[self.members.appointed[:count]])

    # -- questions, by name ------------------------------------------------------------------------------------------

    @property
    def member_names(self) -> list[str]:
        """Members' ids in joining order."""
        return self.member_ids.names

    @property
    def order_names(self) -> list[str]:
        """Orders' ids in order of arrival."""
        return self.order_ids.names

    def balance(self, member: str, asset: str) -> int:
        """What the member has of an asset; a debt is below zero."""
        return self.wallets[self.assets.numbers[asset]].item(self.member_ids.numbers[member])

    def remaining(self, member: str, store: str) -> list[int]:
        """What remains of all lots ever granted, oldest first."""
        number, row = self.stores.numbers[store], self.member_ids.numbers[member]
        return [self.lots.remaining.item(lot) for lot in self.lots_of(row, number)]

    def tokens(self, member: str) -> int:
        """Tokens held."""
        return self.members.tokens.item(self.member_ids.numbers[member])

    def supply(self) -> int:
        """Tokens of all members."""
        return self.token_supply

    def price(self) -> tuple[int, int]:
        """The price of a token as an exact quotient of two integers."""
        curve = self.program.curve
        if curve is None:
            return (0, 1)
        return price_of(self, curve)

    def pool(self, name: str) -> int:
        """The balance of a pool."""
        return self.pool_balance[self.pools.numbers[name]]

    def pool_debt(self, name: str) -> int:
        """What a pool still owes."""
        return self.pool_debt_of[self.pools.numbers[name]]

    def rank(self, member: str) -> str | None:
        """The member's rank (of the first ladder in which he has one)."""
        row = self.member_ids.numbers[member]
        for name, ladder in self.program.ladders.items():
            place = self.place_of(row, name)
            if place >= 0:
                return ladder.ranks.ladder[place].name
        return None

    def performance(self, member: str) -> int:
        """Net orders in effect of the member and all his present descendants."""
        return int(self.performances()[self.member_ids.numbers[member]])

    def referrer(self, member: str) -> str | None:
        """The member's sponsor."""
        parent = self.members.parent.item(self.member_ids.numbers[member])
        return None if parent == NONE else self.member_ids.names[parent]

    def queue(self) -> list[str]:
        """Ids of the orders whose claims wait, in serving order, locked ones too."""
        return [self.cause_of(lot) for lot in self.waiting() if self.lots.order.item(lot) != NONE]

    def waiting(self) -> list[int]:
        """All lots that wait in a queue, in serving order (by unlock day, then arrival), locked ones too."""
        stores = self.program.plan.stores.values()
        kinds = (store for store in stores if isinstance(store, LotsStore) and store.mode == "queue")
        queues = [self.stores.numbers[store.name] for store in kinds]
        lots, count = self.lots, self.lots.size
        live = np.flatnonzero(np.isin(lots.store[:count], queues) & (lots.remaining[:count] > 0))
        ordered: list[int] = live[np.argsort(lots.eligible_from[live], kind="stable")].tolist()
        return ordered

    def cause_of(self, lot: int) -> str:
        """The id of the order, or of the adjustment, that granted a lot."""
        order = self.lots.order.item(lot)
        return self.order_ids.names[order] if order != NONE else self.event_names[self.lots.event.item(lot)]

    def weight(self, member: str, store: str) -> int:
        """What the member weighs in a store."""
        raise NotImplementedError(f"weights are not built yet: {store} of {member}")

    def liability(self, member: str) -> int:
        """What remains of old debts."""
        return sum(self.remaining(member, "debt"))

    # -- tables for files --------------------------------------------------------------------------------------------

    def lot_table(self) -> dict[str, Any]:
        """The columns of ``lots.parquet``: names as lists, numbers as arrays of micro-units and days."""
        lots, count = self.lots, self.lots.size
        orders = self.order_ids.names
        return {
            "member": [self.member_ids.names[member] for member in lots.member[:count].tolist()],
            "store": [self.stores.names[store] for store in lots.store[:count].tolist()],
            "order": [None if order == NONE else orders[order] for order in lots.order[:count].tolist()],
            "granted": lots.granted[:count],
            "released": lots.granted[:count] - lots.remaining[:count],
            "remaining": lots.remaining[:count],
            "daily": lots.daily[:count],
            "eligible_from": lots.eligible_from[:count],
        }

    def balance_rows(self) -> Iterator[tuple[str, str, int]]:
        """(member, asset, micro-units): every asset and store of every member."""
        sums: list[tuple[str, Column]] = [
            (asset, self.wallets[number][: self.members.size]) for number, asset in enumerate(ASSETS)
        ]
        lots, count = self.lots, self.lots.size
        for store in self.chains:
            total = np.zeros(self.members.size, dtype=np.int64)
            mine = lots.store[:count] == store
            np.add.at(total, lots.member[:count][mine], lots.remaining[:count][mine])
            sums.append((self.stores.names[store], total))
        for member, name in enumerate(self.member_ids.names):
            for asset, total in sums:
                yield name, asset, total.item(member)


def price_of(world: World, curve: Curve) -> tuple[int, int]:
    """Pool ÷ supply; while nobody holds, the price before the last burn or the launch price."""
    if world.token_supply > 0:
        return world.pool(curve.name), world.token_supply
    if world.last_price is None or curve.zero_supply == "launch_price":
        return curve.launch, MICRO
    return world.last_price
