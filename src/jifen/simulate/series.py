"""What a simulation did day by day, in columns of integers: flows of each day, and what stood at its end.

Everything is read off the journals and the world; nothing is computed beside the engine. Amounts are micro-units.

Flows of the day: ``joined``, ``orders``, ``refused`` (events), ``sold``, ``refunded``, ``goods`` (what the goods cost
that were sold and not given back), ``paid`` (into members' wallets, of all assets at their face, less what refunds took
back), ``paid:<rule>``, ``granted:<store>`` and ``released:<store>`` in units of the store, ``fed:<pool>`` and
``fed:reserve`` (by orders), ``forfeited`` (points), ``exits`` (members forced out, in a plan that does so).

Levels at its end: ``members``; ``promised``, what open lots, places in queues and unpaid rewards come to at what a unit
pays (tokens have a price, and promise nothing); ``wallets``; ``owed``, both together; ``lots:<store>``,
``weight:<store>``; ``reserve``; ``pool:<name>``; ``supply`` and ``price`` of tokens; ``cash``; ``free_cash``.

``cash`` is what the operator has in hand if members take at once all that they are paid: sales less refunds, less the
cost of goods, less ``paid``, since the first day; money in pools and in the reserve is part of it, and below zero it is
missing. ``free_cash`` is cash less what lies in pools, which the operator may not use for anything else.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from jifen.core.micros import MICRO, mul_div
from jifen.engine import World
from jifen.engine.books import OWED
from jifen.engine.columns import Column, exact_sum
from jifen.engine.flows import Flow, flows_of
from jifen.engine.world import ASSETS
from jifen.ledger.journal import Account, Journal
from jifen.plan.model import Plan
from jifen.plan.worth import is_tokens, yuan_per_unit
from jifen.simulate.outcomes import unpaid_rewards

__all__ = ["FIGURES", "Series"]

FIGURES = (
    "members", "joined", "orders", "refused", "sold", "refunded", "goods", "paid", "forfeited", "promised", "wallets",
    "owed", "reserve", "supply", "price", "cash", "free_cash",
)  # fmt: skip
"""The figures that every plan has; the others are named after its rules, stores and pools."""

_OWN = (Account.WALLET, Account.PENDING)


class Series:
    """The figures of a world, day by day; ``cost`` of goods in parts per million."""

    def __init__(self, plan: Plan, world: World, cost: int) -> None:
        """Begin before the first day."""
        self.plan, self.world, self.cost = plan, world, cost
        self.rows: list[dict[str, int]] = []
        self._net = self._goods = self._cash = 0
        self._lots: Counter[str] = Counter()
        self._exits = [rule.id for rule in plan.rules if rule.gate is not None and rule.gate.reaches is not None]

    def add(self, counts: dict[str, int], journals: Sequence[Journal]) -> None:
        """Add a closed day. ``counts``: what was ``joined``, ``orders``, ``refused``, ``sold`` and ``refunded``."""
        row: Counter[str] = Counter(dict.fromkeys(FIGURES, 0) | counts)
        for journal in journals:
            for flow, amount in flows_of(journal, self.world).items():
                _count(row, flow, amount)
                self._promise(row, flow, amount)
            row["forfeited"] += sum(exact_sum(chunk.column("points", np.int64)) for chunk in journal.forfeits.chunks)
        if self._exits:
            row["exits"] = len({member for journal in journals for member in self._forced_out(journal)})
        self._net += row["sold"] - row["refunded"]
        goods = mul_div(self._net, self.cost, MICRO)
        row["goods"], self._goods = goods - self._goods, goods
        self._levels(row)
        self.rows.append(dict(row))

    def columns(self) -> dict[str, Column]:
        """All figures by name, a number for each day; those of a rule or store that came later begin with 0."""
        names = dict.fromkeys(name for row in self.rows for name in row)
        days = {"day": np.arange(1, len(self.rows) + 1, dtype=np.int64)}
        return days | {name: np.array([row.get(name, 0) for row in self.rows], dtype=np.int64) for name in names}

    def _forced_out(self, journal: Journal) -> Iterator[int]:
        """Whom a forced exit has paid, one row for each lot of his."""
        rules = [number for number, name in enumerate(journal.rules) if name in self._exits]
        for block in journal.transfers.chunks:
            rule, kind = (block.column(name, np.int32) for name in ("rule", "to_kind"))
            paid = np.isin(rule, rules) & (kind == Account.WALLET)
            yield from block.column("to_id", np.int64)[paid].tolist()

    def _promise(self, row: Counter[str], flow: Flow, amount: int) -> None:
        """Add what is granted or taken back of lots to what must be released or still be there."""
        if flow.target == Account.CLAIM and flow.asset != OWED:
            row[f"released:{flow.source_name}"] += amount
        elif flow.source == Account.CLAIM and flow.asset != OWED:
            row[f"released:{flow.target_name}"] -= amount

    def _levels(self, row: Counter[str]) -> None:
        world, held = self.world, self.world.control
        row["members"] = world.members.size
        row["wallets"] = sum(held[f"wallet {asset}"] for asset in ASSETS)
        row["promised"] = exact_sum(unpaid_rewards(world)[1])
        for number in world.chains:
            store = world.stores.names[number]
            # What was promised and is not there any more has been released.
            row[f"released:{store}"] += self._lots[store] - held[f"claim {store}"]
            row[f"lots:{store}"] = self._lots[store] = held[f"claim {store}"]
            row["promised"] += mul_div(held[f"claim {store}"], yuan_per_unit(self.plan, store), MICRO)
        for number in world.weights:
            store = world.stores.names[number]
            row[f"weight:{store}"] = held[f"weight {store}"]
        row["owed"] = row["promised"] + row["wallets"]
        row["reserve"], row["supply"] = world.reserve, world.token_supply
        for pool in world.pools.names:
            row[f"pool:{pool}"] = world.pool(pool)
        if any(is_tokens(self.plan, store) for store in self.plan.stores):
            row["price"] = mul_div(world.price()[0], MICRO, world.price()[1])
        self._cash += row["sold"] - row["refunded"] - row["goods"] - row["paid"]
        row["cash"], row["free_cash"] = self._cash, self._cash - sum(world.pool_balance)


def _count(row: Counter[str], flow: Flow, amount: int) -> None:
    """Add one kind of movement to the flows of a day."""
    if flow.target == Account.WALLET and flow.source not in _OWN:
        row["paid"] += amount
        row[f"paid:{flow.rule}"] += amount
    elif flow.source == Account.WALLET and flow.taken_back and flow.target not in _OWN:
        row["paid"] -= amount
        row[f"paid:{flow.rule}"] -= amount
    elif flow.target == Account.CLAIM and flow.asset != OWED and not flow.taken_back:
        row[f"granted:{flow.source_name}"] += amount
    elif flow.source == Account.MERCHANT and flow.target in (Account.POOL, Account.RESERVE) and not flow.taken_back:
        row[f"fed:{flow.target_name or 'reserve'}"] += amount
