"""What a run did day by day: sums of its events and transfers, exact, and what stood at the end of each day."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from jifen.batch.decimals import AMOUNT_TYPE, date_column
from jifen.core.micros import MICRO
from jifen.engine import World
from jifen.engine.columns import exact_sum
from jifen.engine.events import Event, OrderPaid, OrderRefunded
from jifen.ledger.journal import Account, Journal
from jifen.plan.model import Asset, Lots, Plan

__all__ = ["Daily", "Numbers", "yuan_per_unit"]

_REFUND = "refund"
"""The rule under which amounts are taken back."""

Numbers = npt.NDArray[np.int64]


@dataclass(slots=True)
class Daily:
    """Sums by day. A row maps a column to micro-units; columns of rules, stores and pools are ``kind:name``.

    Flows of the day: ``sold, refunded, granted, released, forfeited``, ``paid:<rule>`` (credited to wallets; the rule
    ``refund`` is negative), ``granted:<store>`` and ``released:<store>`` in units of the store. Levels at its end:
    ``owed`` (wallets and open lots, at what a unit pays), ``reserve``, ``pool:<name>``, ``wallets``, ``lots:<store>``.
    The totals ``granted, released, owed`` leave out lots of tokens, which are worth what their pool has.
    """

    plan: Plan
    world: World
    days: list[int] = field(default_factory=list)
    rows: list[dict[str, int]] = field(default_factory=list)
    wallets: int = 0
    lots: Counter[str] = field(default_factory=Counter)

    accepted: int = 0
    """Accepted events, the closes of days included."""

    def add(self, day: int, events: Iterable[Event], journal: Journal) -> None:
        """Add a closed day: its accepted events, and its journal; ``world`` is as the close left it."""
        row: Counter[str] = Counter(dict.fromkeys(("sold", "refunded", "granted", "released", "forfeited", "owed"), 0))
        for event in events:
            if isinstance(event, OrderPaid):
                row["sold"] += event.amount
            elif isinstance(event, OrderRefunded):
                row["refunded"] += event.amount
        for rule, amount in _paid(journal).items():
            row[f"paid:{rule}"] += amount
        row["forfeited"] += exact_sum(journal.forfeits["points"])
        self._lots(journal, row)
        self._levels(journal, row)
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

    def _lots(self, journal: Journal, row: Counter[str]) -> None:
        """Grants and releases by store: an amount from an issuer, and what is drained of a lot."""
        world, transfers = self.world, journal.transfers
        made = transfers[(transfers["from_kind"] == Account.ISSUER) & (transfers["to_kind"] == Account.CLAIM)]
        gone = transfers[(transfers["from_kind"] == Account.CLAIM) & (transfers["to_kind"] == Account.ISSUER)]
        drained = transfers[transfers["drained"] > 0]
        by_refund = made["rule"] == _number(journal.rules, _REFUND)
        granted = _by_store(made["from_id"][~by_refund], made["amount"][~by_refund], world)
        returned = _by_store(made["from_id"][by_refund], made["amount"][by_refund], world)
        withdrawn = _by_store(gone["to_id"], gone["amount"], world)
        released = _by_store(world.lots.store[drained["lot"]], drained["drained"], world)
        for store, amount in granted.items():
            row[f"granted:{store}"] += amount
            row["granted"] += 0 if self._is_tokens(store) else amount
        for store, amount in released.items():
            row[f"released:{store}"] += amount
            row["released"] += 0 if self._is_tokens(store) else amount
        for change, sign in ((granted, 1), (returned, 1), (withdrawn, -1), (released, -1)):
            for store, amount in change.items():
                self.lots[store] += sign * amount

    def _levels(self, journal: Journal, row: Counter[str]) -> None:
        world, transfers = self.world, journal.transfers
        self.wallets += exact_sum(transfers["amount"][transfers["to_kind"] == Account.WALLET])
        self.wallets -= exact_sum(transfers["amount"][transfers["from_kind"] == Account.WALLET])
        row["wallets"] = row["owed"] = self.wallets
        for store, amount in self.lots.items():
            row[f"lots:{store}"] = amount
            row["owed"] += amount * yuan_per_unit(self.plan, store) // MICRO
        row["reserve"] = world.reserve
        for pool in world.pools.names:
            row[f"pool:{pool}"] = world.pool(pool)

    def _is_tokens(self, store: str) -> bool:
        found = self.plan.stores.get(store)
        return isinstance(found, Lots) and found.mode == "tokens"


def yuan_per_unit(plan: Plan, store: str) -> int:
    """What a unit of a store's lots pays at most, in parts per million; 0 for tokens, which have a price instead."""
    found = plan.stores.get(store)
    if isinstance(found, Lots) and found.mode == "tokens":
        return 0
    rates = [
        rule.pay.per_point
        for rule in plan.rules
        if isinstance(rule.pay, Asset)
        and store in (getattr(rule.amount, "lots", None), rule.gate.drain if rule.gate else None)
    ]
    return max(rates, default=MICRO)


def _paid(journal: Journal) -> Mapping[str, int]:
    """What was credited to wallets by rule, but for what members sent each other or got back from a review."""
    transfers = journal.transfers
    own = (Account.WALLET, Account.PENDING)
    credited = transfers[(transfers["to_kind"] == Account.WALLET) & ~np.isin(transfers["from_kind"], own)]
    debited = transfers[(transfers["from_kind"] == Account.WALLET) & ~np.isin(transfers["to_kind"], own)]
    debited = debited[debited["rule"] == _number(journal.rules, _REFUND)]
    paid: Counter[str] = Counter()
    for rows, sign in ((credited, 1), (debited, -1)):
        for rule in np.unique(rows["rule"]).tolist():
            paid[journal.rules[rule]] += sign * exact_sum(rows["amount"][rows["rule"] == rule])
    return paid


def _by_store(stores: Numbers, amounts: Numbers, world: World) -> dict[str, int]:
    return {world.stores.names[store]: exact_sum(amounts[stores == store]) for store in np.unique(stores).tolist()}


def _number(rules: Any, rule: str) -> int:
    return rules.index(rule) if rule in rules else -1
