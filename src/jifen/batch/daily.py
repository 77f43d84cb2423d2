"""What a run did day by day: sums of its events and transfers, exact, and what stood at the end of each day."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from jifen.batch.decimals import AMOUNT_TYPE, date_column
from jifen.core.micros import MICRO
from jifen.engine import World
from jifen.engine.books import OWED
from jifen.engine.events import Event, OrderPaid, OrderRefunded
from jifen.engine.flows import REFUND, Drain, Flow, drains_of, flows_of
from jifen.ledger.journal import Account, Journal
from jifen.ledger.sums import grouped_sums
from jifen.plan.model import Asset, Plan
from jifen.plan.worth import is_tokens, yuan_per_unit

__all__ = ["Daily"]

_OWN = (Account.WALLET, Account.PENDING)
_FLOWS = ("sold", "refunded", "granted", "released", "forfeited", "owed")


@dataclass(slots=True)
class Daily:
    """Sums by day. A row maps a column to micro-units; columns of rules, stores and pools are ``kind:name``.

    Flows of the day: ``sold, refunded, granted, released, forfeited``, ``paid:<rule>`` (credited to wallets; the rule
    ``refund`` is negative, and leaves out what buyers get back of what they paid with), ``granted:<store>``,
    ``released:<store>`` and ``weighed:<store>`` in units of the store.
    Levels at its end: ``owed`` (wallets, open lots and claims, at what a unit pays), ``reserve``, ``pool:<name>``,
    ``wallets``, ``claims`` (points the reserve owes), ``lots:<store>``, ``weight:<store>``, and ``counter`` of a queue
    that counts newcomers. The totals ``granted, released, owed`` leave out lots of tokens, which are worth what their
    pool has.
    """

    plan: Plan
    world: World
    days: list[int] = field(default_factory=list)
    rows: list[dict[str, int]] = field(default_factory=list)
    wallets: int = 0
    lots: Counter[str] = field(default_factory=Counter)
    weights: Counter[str] = field(default_factory=Counter)
    claims: Counter[str] = field(default_factory=Counter)
    """What is not paid yet of claims, in points, by rule."""
    flows: Counter[Flow] = field(default_factory=Counter)
    drains: Counter[Drain] = field(default_factory=Counter)
    forfeits: Counter[str] = field(default_factory=Counter)
    """Points lost, by rule."""
    costs: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """By order: the cost of each of its lines, where any is given."""
    without_cost: int = 0
    """Orders that have a line without a cost."""

    accepted: int = 0
    """Accepted events, the closes of days included."""

    def add(self, day: int, events: Iterable[Event], journal: Journal) -> None:
        """Add a closed day: its accepted events, and its journal; ``world`` is as the close left it."""
        row: Counter[str] = Counter(dict.fromkeys(_FLOWS, 0))
        for event in events:
            if isinstance(event, OrderPaid):
                row["sold"] += event.amount
                self._note_cost(event)
            elif isinstance(event, OrderRefunded):
                row["refunded"] += event.amount
        flows, drains = flows_of(journal, self.world), drains_of(journal, self.world)
        for flow, amount in flows.items():
            self._count(flow, amount, row)
        for drain, amount in drains.items():
            self._release(drain, amount, row)
        for block in journal.forfeits.blocks():
            for (rule,), lost in grouped_sums([block["rule"]], block.column("points", np.int64)):
                self.forfeits[journal.rules[rule]] += lost
                row["forfeited"] += lost
        self._levels(row)
        self.flows.update(flows)
        self.drains.update(drains)
        self.accepted += journal.accepted
        self.days.append(day)
        self.rows.append(dict(row))

    def total(self, column: str) -> int:
        """The sum of a flow over all days."""
        return sum(row.get(column, 0) for row in self.rows)

    def totals(self, kind: str) -> dict[str, int]:
        """The sums of all columns ``kind:name``, by name."""
        names = dict.fromkeys(column for row in self.rows for column in row if column.startswith(f"{kind}:"))
        return {column.partition(":")[2]: self.total(column) for column in names}

    def table(self) -> pa.Table:
        """One row a day: ``day`` as a date, everything else as a decimal with six places."""
        columns: dict[str, Any] = {"day": date_column(np.array(self.days, dtype=np.int64))}
        for name in dict.fromkeys(column for row in self.rows for column in row):
            amounts = pa.array([row.get(name, 0) for row in self.rows], pa.decimal128(38, 0))
            columns[name] = pa.Array.from_buffers(AMOUNT_TYPE, len(amounts), amounts.buffers())
        return pa.table(columns)

    def _note_cost(self, order: OrderPaid) -> None:
        costs = tuple(line.cost for line in order.lines)
        self.without_cost += not all(costs)
        if any(costs):
            self.costs[order.id] = costs

    def _count(self, flow: Flow, amount: int, row: Counter[str]) -> None:
        """Add movements of one kind to the day's flows and to what stands."""
        if flow.target == Account.WALLET:
            self.wallets += amount
            if amount and flow.source not in _OWN and flow.rule != REFUND:
                row[f"paid:{REFUND if flow.taken_back else flow.rule}"] += amount
        elif flow.target == Account.CLAIM:
            self._promise(flow, flow.source_name, amount, row)
        elif flow.target == Account.WEIGHT:
            self._weigh(flow.source_name, amount, row)
        if flow.source == Account.WALLET:
            self.wallets -= amount
            if flow.taken_back and flow.target not in _OWN:
                row[f"paid:{REFUND}"] -= amount
        elif flow.source == Account.CLAIM:
            self._promise(flow, flow.target_name, -amount, row)
        elif flow.source == Account.WEIGHT:
            self._weigh(flow.target_name, -amount, row)

    def _promise(self, flow: Flow, store: str, amount: int, row: Counter[str]) -> None:
        """More or less is promised: in a claim, or in lots. What a refund puts back into a lot is no grant."""
        if flow.asset == OWED:
            self.claims[flow.rule] += amount
            return
        self.lots[store] += amount
        if amount > 0 and not flow.taken_back:
            row[f"granted:{store}"] += amount
            row["granted"] += 0 if is_tokens(self.plan, store) else amount

    def _weigh(self, store: str, amount: int, row: Counter[str]) -> None:
        self.weights[store] += amount
        row[f"weighed:{store}"] += amount

    def _release(self, drain: Drain, amount: int, row: Counter[str]) -> None:
        self.lots[drain.store] -= amount
        row[f"released:{drain.store}"] += amount
        row["released"] += 0 if is_tokens(self.plan, drain.store) else amount

    def _levels(self, row: Counter[str]) -> None:
        world = self.world
        row["wallets"] = row["owed"] = self.wallets
        for store, amount in self.lots.items():
            row[f"lots:{store}"] = amount
            row["owed"] += amount * yuan_per_unit(self.plan, store) // MICRO
        for store, amount in self.weights.items():
            row[f"weight:{store}"] = amount
        if self.claims:
            row["claims"] = sum(self.claims.values())
            row["owed"] += self.claims_worth()
        if world.newcomers:
            row["counter"] = world.counter() * MICRO
        row["reserve"] = world.reserve
        for pool in world.pools.names:
            row[f"pool:{pool}"] = world.pool(pool)

    def claims_worth(self) -> int:
        """What claims will be paid, at the rates of their rules now."""
        rates = {rule.id: rule.pay.per_point for rule in self.plan.rules if isinstance(rule.pay, Asset)}
        return sum(points * rates.get(rule, MICRO) // MICRO for rule, points in self.claims.items())
