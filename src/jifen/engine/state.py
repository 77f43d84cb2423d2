"""All state of one shop's plan, in columns, with questions by number (``world`` has those by name).

It is made by events only (``apply``); nothing here changes an amount by itself. See ``tables`` for the columns.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from jifen.engine.columns import Column
from jifen.engine.events import Line
from jifen.engine.history import History
from jifen.engine.program import Program
from jifen.engine.tables import (
    CASH,
    FROM_MERCHANT,
    FROM_RESERVE,
    NONE,
    Banked,
    Chains,
    Digests,
    Divisions,
    Feeds,
    Lots,
    Members,
    OrderRanks,
    Orders,
    Owings,
    Payments,
    PhasePayments,
    Phases,
    Places,
    Portions,
    Ranked,
    Releases,
    Sales,
    Weighed,
    Weights,
)
from jifen.ledger.names import Names
from jifen.ledger.sums import exactly, sums_by
from jifen.plan.model import Asset, Nothing, Plan, Weight
from jifen.plan.model import Lots as LotsStore

if TYPE_CHECKING:
    from collections import deque

    from jifen.engine.layout import Layout


__all__ = ["ASSETS", "SEMANTICS_REVISION", "OrderLine", "State", "WindUp"]

SEMANTICS_REVISION = 1
"""Raised by every change that gives other amounts for the same events."""

ASSETS = ("cash", "coin", "voucher")


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


class WindUp(NamedTuple):
    """A plan was wound up. Earlier lots and payments are closed for good; ``available ÷ claimed`` is what they got."""

    event: int
    lots: int
    payments: int
    available: int
    claimed: int


class State:
    """The columns of one shop under one plan. ``receipts``: the refund window starts when goods are received."""

    def __init__(self, plan: Plan, first_day: int = 0, *, receipts: bool = False) -> None:
        """Open the books on ``first_day`` with ``plan`` as version 0."""
        self.open_day = first_day
        self.receipts = receipts
        self.members, self.orders, self.lots = Members(), Orders(), Lots()
        self.releases, self.payments = Releases(), Payments()
        self.phases, self.phase_payments, self.portions = Phases(), PhasePayments(), Portions()
        self.feeds, self.sales, self.banked = Feeds(), Sales(), Banked()
        self.positions, self.weighed, self.divisions, self.owings = Places(), Weighed(), Divisions(), Owings()
        self.member_ids, self.order_ids = Names(), Names()
        self.event_ids, self.event_digests = Names(), Digests()
        self.rank_names, self.rule_names, self.stores, self.region_names = Names(), Names(), Names(), Names()
        self.pools, self.assets = Names(), Names.of(ASSETS)
        self.chains: dict[int, Chains] = {}
        self.weights: dict[int, Weights] = {}
        self.issued_totals: dict[int, int] = {}
        """By weight store, what all members weigh together."""
        self.shared_totals: dict[int, int] = {}
        """By weight store, the same of those who weigh more than nothing."""
        self.wallets: list[Column] = [np.zeros(0, dtype=np.int64) for _ in ASSETS]
        self.pool_balance: list[int] = []
        self.pool_debt_of: list[int] = []
        self.reserve = self.reserve_debt = self.token_supply = 0
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
        self.parent_changes, self.appointed_changes, self.agent_changes = History(), History(), History()
        self.earned_changes: dict[str, History] = {}
        self.ladders: dict[str, Ranked] = {}
        self.order_ranks: dict[str, OrderRanks] = {}
        self.regions: dict[int, str] = {}
        self.agents: dict[int, int] | None = None
        """Derived by ``regions``: by region the agent who counts."""
        self.programs: list[Program] = []
        self.version_events: list[tuple[int, int]] = []
        self.first_day = first_day
        self.run_events: list[int] = []
        """The numbers of the events that closed the days, from ``first_day`` on."""
        self.terms: list[tuple[int, int, int]] = []
        self.granting = True
        self.wound_up: list[WindUp] = []
        self.released_until = first_day - 1
        """The last day on which lots have released by schedule."""
        self.reranked: set[int] = set()
        """Derived: whose rank has changed since the last run."""
        self.layout: Layout | None = None
        """Derived by ``laid_out``; ``None`` after a member has moved."""
        self.token_touched: set[int] = set()
        self.measured: dict[str, set[int] | None] = {}
        """By ladder, whose measures have changed since its last recomputation; ``None``: it judges everyone anew."""
        self.claims: dict[int, None] = {}
        """Payments that the reserve could not pay in full, in order of arrival; derived from ``payments``."""
        self.newcomers: dict[int, int] = {}
        """By queue that counts them: the newcomers nobody has been paid for yet; below zero after refunds."""
        self.lines: dict[int, list[tuple[int, int]]] = {}
        """Derived by ``lines``; never saved."""
        self.exit_heap: object = None
        self.taken: object = None
        self.ways: object = None
        self.lane: object = None
        """Derived by ``exits``, ``positions`` and ``bulk`` (``ways``: ``None`` after a rank or sponsor has changed)."""
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
        """Make ``plan`` the version for later events and the open day's run; no lot may be in a run (``runs``) then."""
        if self.layout is not None:
            self.layout.levels = None
        self.programs.append(Program(plan))
        self.ways = None
        self.version_events.append((self.next_event, self.version))
        for name, store in plan.stores.items():
            number = self.stores.number(name)
            if isinstance(store, LotsStore) and number not in self.chains:
                self.chains[number] = Chains()
                self.chains[number].extend(self.members.size)
            if isinstance(store, Weight) and number not in self.weights:
                self.weights[number] = Weights()
                self.weights[number].extend(self.members.size)
                self.issued_totals[number] = self.shared_totals[number] = 0
        for ladder in plan.ranks:
            self.measured[ladder] = None
            if ladder not in self.ladders:
                self.ladders[ladder] = Ranked()
                self.ladders[ladder].extend(self.members.size)
                self.earned_changes[ladder] = History()
            if plan.ranks[ladder].by == "largest_order" and ladder not in self.order_ranks:
                self.order_ranks[ladder] = OrderRanks()
                self.order_ranks[ladder].extend(self.orders.size)
        for pool in self.program.pool_names:
            if self.pools.number(pool) == len(self.pool_balance):
                self.pool_balance.append(0)
                self.pool_debt_of.append(0)
        self.granting = True

    @property
    def is_wound_up(self) -> bool:
        """Whether the plan that counts now has been wound up."""
        return bool(self.wound_up) and self.wound_up[-1].event >= self.version_events[-1][0]

    @property
    def closed_lots(self) -> int:
        """Lots before this number have been wound up: what comes back to them is written off."""
        return self.wound_up[-1].lots if self.wound_up else 0

    @property
    def closed_payments(self) -> int:
        """The reserve owes nothing of payments before this number any more, and none of them waits for a lot."""
        return self.wound_up[-1].payments if self.wound_up else 0

    @property
    def next_event(self) -> int:
        """The number of the next event: what is done now counts from it on."""
        return len(self.event_ids)

    def version_at(self, event: int) -> int:
        """The version that counted when an event was handled."""
        return next(version for since, version in reversed(self.version_events) if since <= event)

    def run_event(self, day: int) -> int:
        """The number of the event that closed a day."""
        return self.run_events[day - self.first_day]

    def terms_of(self, pay: Asset | Nothing) -> int:
        """How a rule pays: asset, per point, and the fund (the named pool, else the reserve or the merchant)."""
        if isinstance(pay, Nothing):
            return self.terms_number(CASH, 0, FROM_MERCHANT)
        if pay.source is not None:
            fund = self.pools.numbers[pay.source]
        else:
            fund = FROM_RESERVE if self.program.reserve_funded else FROM_MERCHANT
        return self.terms_number(self.assets.numbers[pay.asset], pay.per_point, fund)

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
        for table in (*self.ladders.values(), *self.weights.values()):
            table.add()
        if member >= len(self.wallets[0]):
            room = np.zeros(max(64, member), dtype=np.int64)
            self.wallets = [np.concatenate([wallet, room]) for wallet in self.wallets]
        return member

    def touch(self, member: int) -> None:
        """Something that ranks and forced exits are judged by has changed for a member."""
        self.token_touched.add(member)
        for members in self.measured.values():
            if members is not None:
                members.add(member)

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

    def kept_of_lot(self, lot: int) -> int:
        """What is kept now of a lot's order; 0 for a lot that stays whole, or without an order."""
        lots = self.lots
        return 0 if lots.kept_then.item(lot) == 0 else self.kept(lots.order.item(lot), lots.key.item(lot))

    def returned_of_lot(self, lot: int) -> int:
        """What was given back of a lot's order while others' rewards were taken back too, like ``kept_of_lot``."""
        lots = self.lots
        return 0 if lots.kept_then.item(lot) == 0 else self.returned(lots.order.item(lot), lots.key.item(lot))

    def first_live(self, member: int, store: int) -> int:
        """The member's oldest lot with something remaining, or NONE; the next time it is looked for from there on."""
        chains, lots = self.chains[store], self.lots
        lot = chains.head.item(member)
        while lot != NONE and lots.remaining.item(lot) == 0:
            lot = lots.after.item(lot)
        chains.head[member] = lot
        return lot

    def lots_of(self, member: int, store: int) -> Iterator[int]:
        """All the member's lots in a store, oldest first."""
        lot = self.chains[store].first.item(member)
        while lot != NONE:
            yield lot
            lot = self.lots.after.item(lot)

    def lots_of_order(self, order: int) -> Iterator[int]:
        """The lots an order granted, newest first."""
        lot = self.orders.last_lot.item(order)
        while lot != NONE:
            yield lot
            lot = self.lots.before_of_order.item(lot)

    def has_own_order(self, member: int) -> bool:
        """Whether the member has a live order (in effect, something kept)."""
        return self.members.live_orders.item(member) > 0

    def live_orders(self, member: int) -> Iterator[int]:
        """The member's live orders, newest first."""
        orders = self.orders
        order = self.members.last_order.item(member)
        while order != NONE:
            if orders.state.item(order) in (1, 2) and orders.kept.item(order) > 0:
                yield order
            order = orders.before_of_member.item(order)

    def laid_out(self) -> "Layout":
        """Members in postorder and their lots beside one another, with all that has been added."""
        from jifen.engine.layout import Layout

        if self.layout is None:
            self.layout = Layout()
        self.layout.renew(self.members, self.lots, self.chains)
        return self.layout

    def performances(self) -> npt.NDArray[Any]:
        """Each member's own net amount plus that of all his present descendants, exact however large."""
        return exactly(self.laid_out().subtree_sums, self.members.own_net[: self.members.size])

    def held_in(self, store: int) -> npt.NDArray[Any]:
        """By member what all his lots of a store still hold, exact however much."""
        lots, count = self.lots, self.lots.size
        rows = np.flatnonzero(lots.store[:count] == store)
        return sums_by(lots.member[rows], lots.remaining[rows], self.members.size)

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
