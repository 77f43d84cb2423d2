"""The world: all state of one shop's plan, with questions by name.

It is made by events only (``apply``); nothing here changes an amount by itself. See ``state`` and ``tables`` for the
columns.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from jifen.core.micros import MICRO
from jifen.engine.state import ASSETS, SEMANTICS_REVISION, OrderLine, State
from jifen.engine.tables import NONE
from jifen.plan.model import Curve, Weight
from jifen.plan.model import Lots as LotsStore

__all__ = [
    "ASSETS",
    "SEMANTICS_REVISION",
    "OrderLine",
    "World",
    "name_tables",
    "price_of",
]


class World(State):
    """All state of one shop under one plan, and what anyone may ask of it. Amounts are micro-units."""

    @property
    def member_names(self) -> Sequence[str]:
        """Members' ids in joining order."""
        return self.member_ids.names

    @property
    def order_names(self) -> Sequence[str]:
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

    def agent(self, member: str) -> str | None:
        """The region path whose agent the member is."""
        region = self.members.agent.item(self.member_ids.numbers[member])
        return None if region == NONE else self.region_names.names[region]

    def performance(self, member: str) -> int:
        """Net orders in effect of the member and all his present descendants."""
        return int(self.performances()[self.member_ids.numbers[member]])

    def referrer(self, member: str) -> str | None:
        """The member's sponsor."""
        parent = self.members.parent.item(self.member_ids.numbers[member])
        return None if parent == NONE else self.member_ids.names[parent]

    def queue(self) -> list[str]:
        """Ids of the orders whose claims (or tickets, one by one) wait, in serving order, locked ones too."""
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
        return self.order_ids.names[order] if order != NONE else self.event_ids.names[self.lots.event.item(lot)]

    def weight(self, member: str, store: str) -> int:
        """What the member weighs in a store; below zero if more was taken by hand than was left after a refund."""
        return self.weights[self.stores.numbers[store]].amount.item(self.member_ids.numbers[member])

    def issued_of(self, store: str) -> int:
        """What all members weigh in a store together."""
        return self.issued_totals[self.stores.numbers[store]]

    def issued(self) -> int:
        """What all members weigh together in the plan's first weight store; 0 without one."""
        stores = self.program.plan.stores.values()
        return next((self.issued_of(store.name) for store in stores if isinstance(store, Weight)), 0)

    def owed_of(self, payment: int) -> int:
        """Points of a payment without a lot that the reserve has not paid yet."""
        payments = self.payments
        left = payments.paid.item(payment) - payments.lost.item(payment) - payments.released.item(payment)
        return max(left, 0)

    def owed(self, member: str) -> int:
        """Points of rewards without a lot that the reserve has not paid the member yet."""
        row = self.member_ids.numbers[member]
        return sum(self.owed_of(payment) for payment in self.claims if self.payments.member.item(payment) == row)

    def counter(self) -> int:
        """Newcomers nobody has been paid for yet, in the plan's first queue that counts them; 0 without one."""
        stores = self.program.plan.stores.values()
        counting = (store.name for store in stores if isinstance(store, LotsStore) and store.counts is not None)
        return next((self.newcomers.get(self.stores.numbers[name], 0) for name in counting), 0)

    def liability(self, member: str) -> int:
        """What remains of old debts."""
        store = self.program.debt_store
        return 0 if store is None else sum(self.remaining(member, store))

    # -- tables for files --------------------------------------------------------------------------------------------

    def lot_table(self) -> dict[str, Any]:
        """The columns of ``lots.parquet``: names as lists, numbers as arrays of micro-units and days."""
        lots, count = self.lots, self.lots.size
        members, orders = list(self.member_ids.names), list(self.order_ids.names)
        return {
            "member": [members[member] for member in lots.member[:count].tolist()],
            "store": [self.stores.names[store] for store in lots.store[:count].tolist()],
            "order": [None if order == NONE else orders[order] for order in lots.order[:count].tolist()],
            "granted": lots.granted[:count],
            "released": lots.granted[:count] - lots.remaining[:count],
            "remaining": lots.remaining[:count],
            "daily": lots.daily[:count],
            "eligible_from": lots.eligible_from[:count],
        }


def price_of(world: World, curve: Curve) -> tuple[int, int]:
    """Pool ÷ supply; while nobody holds, the price before the last burn or the launch price."""
    if world.token_supply > 0:
        return world.pool(curve.name), world.token_supply
    if world.last_price is None or curve.zero_supply == "launch_price":
        return curve.launch, MICRO
    return world.last_price


def name_tables(world: World) -> dict[str, Sequence[str]]:
    """The names that the numbers in a journal stand for, by table."""
    return {
        "asset": world.assets.names, "member": world.member_ids.names, "order": world.order_ids.names,
        "pool": world.pools.names, "rule": world.rule_names.names, "store": world.stores.names,
    }  # fmt: skip
