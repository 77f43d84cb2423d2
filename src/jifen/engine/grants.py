"""What an order gives its buyer and the pools: lots and feeds."""

from collections.abc import Iterator

from jifen.core.micros import MICRO
from jifen.engine import lines
from jifen.engine.books import Books, On
from jifen.engine.program import Step
from jifen.engine.tables import NONE
from jifen.engine.world import World
from jifen.ledger.journal import Account
from jifen.plan.model import Feed, Grant, Lots, Money

__all__ = [
    "OF_BASE",
    "OF_ORDER",
    "add_lot",
    "daily_of",
    "fed_pools",
    "feed",
    "grant",
    "release_terms",
]

_OF_GRANTED, OF_ORDER, OF_BASE = range(3)
"""What a lot's daily rate counts from."""


def fed_pools(world: World, step: Step) -> Iterator[tuple[int, int]]:
    """(pool, its part in ppm) of a rule that feeds: one pool, or each of a family."""
    pay = step.rule.pay
    if not isinstance(pay, Feed):
        return
    store = world.program.plan.stores[pay.pool]
    if isinstance(store, Money) and store.each is not None:
        rows = world.program.plan.ranks[store.each].ladder
        for row, part in zip(rows, step.share.spread, strict=True):
            yield world.pools.numbers[row.name], part
    else:
        yield world.pools.numbers[pay.pool], MICRO


def feed(books: Books, step: Step, on: tuple[int, int], pool: int, amount: int) -> int:
    """Put ``amount`` of an order into a pool, repaying the pool's debt first; the row of Feeds, or NONE.

    ``on`` is (order, weighting of its lines).
    """
    if amount <= 0:
        return NONE
    world, (order, key) = books.world, on
    row = world.feeds.add(
        order=order, before_of_order=world.orders.last_feed.item(order), pool=pool,
        rule=world.rule_names.number(step.rule.id), amount=amount, kept_then=world.kept(order, key), key=key,
    )  # fmt: skip
    world.orders.last_feed[order] = row
    books.put(step.rule.id, pool, (Account.MERCHANT, 0), amount, on=On(order=order))
    return row


def grant(books: Books, step: Step, order: int, amount: int, key: int) -> int:
    """A new lot for the buyer of ``order``, or NONE where nothing is granted."""
    pay = step.rule.pay
    if amount <= 0 or not isinstance(pay, Grant):
        return NONE
    world = books.world
    lot = add_lot(
        world, world.orders.member.item(order), pay.lots, amount, order=order, rule=step.index, key=key,
        kept_then=world.kept(order, key), **release_terms(world, pay.lots),
    )  # fmt: skip
    world.lots.daily[lot] = daily_of(world, lot)
    books.reclaim(world.orders.member.item(order), lot, amount, rule=step.rule.id)
    return lot


def release_terms(world: World, store: str) -> dict[str, int]:
    """How a new lot of a store will release, by the schedule of the day: every day, or in batches."""
    step = world.program.schedule_of(store)
    if step is None:
        return {}
    schedule = step.schedule
    if schedule.parts is not None:
        return {"parts": schedule.parts, "every": schedule.every}
    return {"daily_rate": schedule.rate, "daily_of": OF_ORDER if schedule.of == "order_amount" else _OF_GRANTED}


def add_lot(world: World, member: int, store: str, granted: int, **values: int) -> int:
    """Append a lot to the member's list in a store; its first release comes ``lag`` days later."""
    number = world.stores.numbers[store]
    chains, lots = world.chains[number], world.lots
    kind = world.program.plan.stores[store]
    lag = kind.lag if isinstance(kind, Lots) else 0
    order = values.get("order", NONE)
    row = lots.add(
        member=member, store=number, day=world.open_day, version=world.version, granted_first=granted, granted=granted,
        remaining=granted, eligible_from=world.open_day + lag,
        before_of_order=NONE if order == NONE else world.orders.last_lot.item(order), **values,
    )  # fmt: skip
    if order != NONE:
        world.orders.last_lot[order] = row
        world.lots.shrunk[row] = world.orders.returned_whole.item(order) > 0
    last = chains.last.item(member)
    if last == NONE:
        chains.first[member] = row
    else:
        lots.after[last] = row
    chains.last[member] = row
    if chains.head.item(member) == NONE:
        chains.head[member] = row
    lines.enter(world, row)
    return row


def daily_of(world: World, lot: int) -> int:
    """⌊rate × (what is granted now, or the order's net amount, or the base given by hand)⌋."""
    lots = world.lots
    of = lots.daily_of.item(lot)
    if of == _OF_GRANTED:
        base = lots.granted.item(lot)
    elif of == OF_ORDER:
        base = world.orders.kept.item(lots.order.item(lot))
    else:
        base = lots.daily_base.item(lot)
    return base * lots.daily_rate.item(lot) // MICRO
