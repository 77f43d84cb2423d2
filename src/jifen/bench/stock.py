"""What members of a made world have: orders and the lots, weights, pools and ranks that come of them, by column.

Everything is read off the plan's rules and stores: whatever an order grants, mints or weighs is there in the amounts in
which the rules give it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from jifen.bench.sizes import Size, standard
from jifen.core.micros import CENT, MICRO
from jifen.engine import World, ranks
from jifen.engine.columns import Column, exact_sum
from jifen.engine.grants import release_terms
from jifen.engine.order import IN_EFFECT
from jifen.engine.program import Step
from jifen.engine.tables import NONE
from jifen.plan.model import Asset, Curve, Grant, Lots, Mint, Money, Per, Share, Tier, Weigh, Weight

__all__ = ["Stock", "amounts_at_random", "fill", "pool_balances", "refill"]

_LEAST = 100 * MICRO
"""The smallest order where the plan asks for none."""
_MOST = 16
"""The largest order is so many times the smallest. Most are small: the logarithm goes by the square of chance."""
_YEAR = 365
_DAY_OF_SALES = 500
"""A pool holds this part of all that was ever bought: some three quarters of a day's worth."""
_NEARLY_EMPTY = 30
"""Of a thousand lots, those that have less left than a day's release."""


@dataclass(frozen=True, slots=True)
class Stock:
    """All orders: whose, how much, on which day; in order of arrival."""

    rng: np.random.Generator
    member: Column
    amount: Column
    day: Column

    @classmethod
    def of(cls, world: World, size: Size, rng: np.random.Generator) -> "Stock":
        """As many orders as it takes for the lots that are asked for; by anybody, in random order."""
        count = max(1, size.lots // max(1, len(list(_granting(world)))))
        day = world.open_day - _YEAR + np.arange(count) * _YEAR // count
        return cls(rng, rng.integers(0, size.members, count), amounts_at_random(world, rng, count), day)


def amounts_at_random(world: World, rng: np.random.Generator, count: int) -> Column:
    """Amounts of orders that take part in the plan, in whole cents."""
    entry = world.program.entry_rows
    least = _LEAST if entry is None else max(entry[0][0].min or 0, _LEAST)
    amounts: Column = (least / CENT * np.exp(rng.random(count) ** 2 * np.log(_MOST))).astype(np.int64) * CENT
    return amounts


def fill(world: World, size: Size, stock: Stock) -> None:
    """Give a world of members without anything all that they have."""
    _add_orders(world, size, stock)
    for step, store in _granting(world):
        _add_lots(world, stock, step, store)
    for weights in world.weights:
        _weigh(world, stock, weights)
    _rank(world, size, stock)
    for number, chains in world.chains.items():
        mine = world.lots.store[: world.lots.size] == number
        chains.stock[: world.members.size] = _sums(world, world.lots.remaining[: world.lots.size] * mine)
        world.control[f"claim {world.stores.names[number]}"] = exact_sum(world.lots.remaining[: world.lots.size][mine])
    refill(world)


def refill(world: World) -> None:
    """Put into the pools, and into the reserve of a plan that pays from it, what a day's payments can come from."""
    world.pool_balance = pool_balances(world)
    if world.program.reserve_funded:
        world.reserve = max(exact_sum(world.lots.remaining[: world.lots.size]), MICRO)
    world.control[f"fund {NONE}"] = world.reserve
    for number, balance in enumerate(world.pool_balance):
        world.control[f"fund {number}"] = balance


def pool_balances(world: World) -> list[int]:
    """By pool: what its tokens are worth, all that its lots still promise, or a part of what was ever bought."""
    bought = exact_sum(world.orders.amount[: world.orders.size])
    balances = [max(bought // _DAY_OF_SALES, MICRO)] * len(world.pool_balance)
    for store in world.program.plan.stores.values():
        if isinstance(store, Curve):
            balances[world.pools.numbers[store.name]] = world.token_supply * store.launch // MICRO
    for step in world.program.schedules:
        pay = step.rule.pay
        if isinstance(pay, Asset) and isinstance(world.program.plan.stores.get(pay.source or ""), Money):
            promised = world.control[f"claim {step.schedule.lots}"]
            balances[world.pools.numbers[pay.source or ""]] = promised
    return balances


def _granting(world: World) -> Iterator[tuple[Step, str]]:
    """The rules that make lots of what members buy or are owed, and the store they make them in."""
    for step in (*world.program.by_event["order"], *world.program.by_event["liability"]):
        if isinstance(step.rule.pay, Grant):
            yield step, step.rule.pay.lots
        elif isinstance(step.rule.pay, Mint):
            yield step, step.rule.pay.tokens


def _add_orders(world: World, size: Size, stock: Stock) -> None:
    """Orders in effect; where performance says nothing (in a chain everybody above has it all) they count in none."""
    count, members = len(stock.member), world.members.size
    before, last = _linked(stock.member, members)
    world.orders.extend(
        count, member=stock.member, day=stock.day, whole=stock.amount, amount=stock.amount, kept=stock.amount,
        margin=stock.amount * 3 // 10, state=IN_EFFECT, before_of_member=before, kept_then=stock.amount,
    )  # fmt: skip
    world.members.last_order[:members] = last
    world.members.live_orders[:members] = np.bincount(stock.member, minlength=members)
    bought = np.zeros(members, dtype=np.int64)
    np.add.at(bought, stock.member, stock.amount)
    world.members.spend[:members] = bought
    world.members.own_net[:members] = bought if size.shape == "tree" else 0


def _add_lots(world: World, stock: Stock, step: Step, store: str) -> None:
    """One open lot of each order, in order of arrival, with what a random number of days has left of it."""
    lots, count, rng = world.lots, len(stock.member), stock.rng
    number, kind = world.stores.numbers[store], world.program.plan.stores[store]
    granted = np.maximum(_amounts(step, stock), MICRO)
    terms = release_terms(world, store)
    base = stock.amount if terms.get("daily_of") else granted
    daily = _times(base, terms.get("daily_rate", 0))
    remaining = granted - granted // 1000 * rng.integers(0, 950, count)
    scarce = rng.integers(0, 1000, count) < _NEARLY_EMPTY
    remaining = np.where(scarce & (daily > 1), rng.integers(1, np.maximum(daily, 2)), remaining)
    tokens = isinstance(kind, Lots) and kind.mode == "tokens"
    remaining = granted if tokens else np.minimum(remaining, granted)
    first = lots.size
    lots.extend(
        count, member=stock.member, store=number, order=np.arange(count), day=stock.day, rule=step.index,
        granted_first=granted, granted=granted, remaining=remaining, daily=daily, kept_then=stock.amount,
        eligible_from=stock.day + (kind.lag if isinstance(kind, Lots) else 0),
        before_of_order=world.orders.last_lot[:count], **terms,
    )  # fmt: skip
    rows = np.arange(first, first + count)
    world.orders.last_lot[:count] = rows
    _chain(world, number, stock.member, rows)
    if tokens:
        np.add.at(world.members.tokens, stock.member, remaining)
        world.token_supply += exact_sum(remaining)


def _chain(world: World, store: int, member: Column, rows: Column) -> None:
    """Link each member's lots in order of arrival."""
    members, chains = world.members.size, world.chains[store]
    before, last = _linked(member, members)
    linked = before != NONE
    world.lots.after[rows[before[linked]]] = rows[linked]
    chains.first[member[~linked]] = rows[~linked]
    chains.last[:members] = np.where(last == NONE, NONE, rows[last])
    chains.head[:members] = chains.first[:members]


def _linked(key: Column, keys: int) -> tuple[Column, Column]:
    """(for each row the one before it with the same key, for each key its last row), NONE where there is none."""
    order = np.argsort(key, kind="stable")
    same = key[order[1:]] == key[order[:-1]]
    before = np.full(len(key), NONE, dtype=np.int64)
    before[order[1:][same]] = order[:-1][same]
    last = np.full(keys, NONE, dtype=np.int64)
    ends = np.flatnonzero(np.append(~same, True))
    last[key[order[ends]]] = order[ends]
    return before, last


def _amounts(step: Step, stock: Stock) -> Column:
    """What a rule gives for each order's amount; its whole amount where more than that would have to be known."""
    amount, bought = step.rule.amount, stock.amount
    if isinstance(amount, Share) and amount.rates:
        if amount.whole is not None:
            return np.full(len(bought), amount.whole * amount.rates[0] // MICRO, dtype=np.int64)
        return _times(bought, amount.rates[0])
    if isinstance(amount, Per):
        return bought // CENT * MICRO // (amount.unit // CENT)
    if isinstance(amount, Tier):
        rows = [row for row in amount.rows if row.min is not None]
        places = np.searchsorted(np.array([row.min for row in rows]), bought, side="right") - 1
        factors = np.array([row.columns.get(amount.column, 0) for row in rows], dtype=np.int64)[np.maximum(places, 0)]
        return _times(bought, factors) if amount.of else factors // amount.parts
    return bought


def _times(amounts: Column, rate: Column | int) -> Column:
    """⌊amount × rate⌋, the rate in ppm."""
    return amounts // MICRO * rate + amounts % MICRO * rate // MICRO


def _weigh(world: World, stock: Stock, store: int) -> None:
    """What members weigh: by their orders where a rule says so, else some of them a few units given by hand."""
    members, name, weights = world.members.size, world.stores.names[store], world.weights[store]
    steps = [step for step in world.program.by_event["order"] if step.rule.pay == Weigh(name) and step.rule.who is None]
    total = np.zeros(members, dtype=np.int64)
    for step in steps:
        np.add.at(total, stock.member, _amounts(step, stock))
    if not steps:
        total = stock.rng.integers(1, 100, members) * MICRO * (stock.rng.integers(0, 10, members) == 0)
    kind = world.program.plan.stores[name]
    if isinstance(kind, Weight) and kind.cap is not None and exact_sum(total) > kind.cap:
        total = total // (exact_sum(total) // kind.cap + 1)
    weights.amount[:members] = total
    world.issued_totals[store] = world.shared_totals[store] = exact_sum(total)
    world.control[f"weight {name}"] = exact_sum(total)


def _rank(world: World, size: Size, stock: Stock) -> None:
    """Ranks by each ladder's own measure; where performance says nothing, as many are appointed as a forest has."""
    for name, order_ranks in world.order_ranks.items():
        order_ranks.extend(world.orders.size)
        rows = [row for row in world.program.ladders[name].ranks.ladder if row.min is not None]
        numbers = np.array([*(world.rank_names.number(row.name) for row in rows), NONE], dtype=np.int64)
        place = np.searchsorted(np.array([row.min for row in rows]), stock.amount, side="right") - 1
        order_ranks.rank[: world.orders.size] = numbers[place]
        best = np.full(world.members.size, NONE, dtype=np.int64)
        np.maximum.at(best, stock.member, place)
        world.ladders[name].earned[: world.members.size] = numbers[best]
        world.measured[name] = set()
    ranks.recompute(world, since=0)
    for ladder in world.program.ladders.values():
        if size.shape != "tree" and ladder.ranks.by == "performance":
            shares = np.cumsum(standard()["appointed"][: len(ladder.ranks.ladder)])
            drawn = np.searchsorted(shares, stock.rng.integers(0, MICRO, world.members.size), side="right")
            names = [world.rank_names.number(row.name) for row in ladder.ranks.ladder[: len(shares)]]
            world.members.appointed[: world.members.size] = np.array([*names, NONE], dtype=np.int64)[drawn]


def _sums(world: World, values: Column) -> Column:
    """By member, what his lots have of something together."""
    sums = np.zeros(world.members.size, dtype=np.int64)
    np.add.at(sums, world.lots.member[: world.lots.size], values)
    return sums
