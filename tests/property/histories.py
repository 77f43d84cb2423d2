"""Worlds to compare: their whole visible state, copies that go their own way, refunds still possible."""

import copy
from collections import Counter
from collections.abc import Iterable
from random import Random
from typing import Any

from jifen.core.micros import CENT
from jifen.engine import World, apply
from jifen.engine.events import DayClosed, Event, OrderRefunded
from jifen.ledger.journal import Account, Journal
from jifen.plan.model import Lots, Tier, Weight
from jifen.simulate.streams import random_stream

__all__ = [
    "ASSETS", "after_stream", "books_of", "branch", "close_days", "left_of", "refund", "refunds", "retiers",
    "run", "state", "went_out",
]  # fmt: skip

ASSETS = ("cash", "coin", "voucher")
CASH = 0
FUNDS = (Account.POOL, Account.RESERVE, Account.RECEIVABLE)


def after_stream(seed: int, name: str, **options: Any) -> World:
    """The world at the end of a random history."""
    plan, events = random_stream(seed, name, **options)
    world = World(plan, 0)
    apply(world, events)
    return world


def branch(world: World) -> World:
    """A copy that goes its own way; compiled plans are shared."""
    shared = {id(program): program for program in world.programs}
    shared |= {id(step): step for program in world.programs for step in program.steps}
    return copy.deepcopy(world, shared)


def run(world: World, events: Iterable[Event]) -> Journal:
    """Apply events, none of which may be refused."""
    journal = apply(world, events)
    assert journal.refusals == ()
    return journal


def refund(world: World, number: int, order: str, amount: int) -> OrderRefunded:
    share = amount % CENT != 0
    return OrderRefunded(id=f"refund {number}", day=world.open_day, order=order, amount=amount, share=share)


def left_of(world: World, order: str) -> int:
    """What of an order is not yet given back."""
    row = world.order_ids.numbers[order]
    return world.orders.whole.item(row) - world.orders.returned_whole.item(row)


def refunds(world: World, random: Random, most: int = 4, pieces: int = 2) -> list[OrderRefunded]:
    """Refunds of some orders, of one or several of each, in whole cents, all within what is left."""
    left = {order: left_of(world, order) // CENT for order in world.order_names}
    orders = [order for order, cents in left.items() if cents > 0]
    found = []
    for order in random.sample(orders, min(most, len(orders))):
        for _ in range(random.randint(1, min(pieces, left[order]))):
            if left[order]:
                cents = random.choice((left[order], -(-left[order] // 2), random.randint(1, left[order])))
                left[order] -= cents
                found.append(refund(world, len(found), order, cents * CENT))
    return found


def close_days(world: World, days: int) -> list[Journal]:
    return [run(world, [DayClosed(id=f"later close {world.open_day}", day=world.open_day)]) for _ in range(days)]


def state(world: World) -> dict[str, Any]:
    """What can be asked about a world, by name; lots without anything remaining are left out."""
    plan = world.program.plan
    found: dict[str, Any] = {"queue": world.queue(), "reserve": world.reserve - world.reserve_debt}
    for member in world.member_names:
        found |= {f"{member} {asset}": world.balance(member, asset) for asset in ASSETS}
        found[f"{member} rank"], found[f"{member} performance"] = world.rank(member), world.performance(member)
        for name, store in plan.stores.items():
            if isinstance(store, Lots):
                found[f"{member} {name}"] = [left for left in world.remaining(member, name) if left]
            if isinstance(store, Weight):
                found[f"{member} {name}"] = world.weight(member, name)
        found[f"{member} owed"] = world.owed(member)
    for name in world.program.pool_names:
        found[f"{name}"], found[f"{name} debt"] = world.pool(name), world.pool_debt(name)
    return found | {"supply": world.supply(), "issued": world.issued(), "counter": world.counter()}


def retiers(world: World) -> bool:
    """Whether any lot may be judged again by cumulative spend."""
    amounts = [rule.amount for program in world.programs for rule in program.plan.rules]
    return any(isinstance(amount, Tier) and amount.retier and amount.at == "cumulative" for amount in amounts)


def went_out(journals: Iterable[Journal]) -> bool:
    """Whether somebody was forced out."""
    return any("exit" in journal.rules[rule] for journal in journals for rule in journal.transfers["rule"].tolist())


def books_of(journal: Journal) -> "Counter[tuple[Any, ...]]":
    """All balances as the fold of all transfers says: (account kind, id, asset), lots by their number.

    A pool that pays coin holds money all the same: of a fund all assets count as one.
    """
    found: Counter[tuple[Any, ...]] = Counter()
    for row in journal.transfers:
        for side, sign in (("from", -1), ("to", 1)):
            kind = int(row[f"{side}_kind"])
            asset = CASH if kind in FUNDS else int(row["asset"])
            found[kind, int(row[f"{side}_id"]), asset] += sign * int(row["amount"])
        if row["to_kind"] == Account.CLAIM:
            found["lot", int(row["lot"])] += int(row["amount"])
        if row["from_kind"] == Account.CLAIM:
            found["lot", int(row["lot"])] -= int(row["amount"])
        found["lot", int(row["lot"])] -= int(row["drained"])
    return found
