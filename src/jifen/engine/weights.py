"""Numbers per member: shares, contributions, stakes. What an order gave of them stands in proportion to what is kept.

A weight may go below zero: what was taken by hand is gone, and a refund then takes back what the order gave. A store
may have a cap on what is issued in all; what is taken back is free to be issued again.
"""

from collections.abc import Iterator

from jifen.engine.books import Books, On
from jifen.engine.columns import SUM_MAX
from jifen.engine.program import Step
from jifen.engine.tables import NONE
from jifen.engine.world import World
from jifen.ledger.journal import Account
from jifen.plan.model import Weigh, Weight

__all__ = ["add_weight", "adjust_weight", "lower_weights", "room_of", "standing_weight", "standing_weights", "weigh"]


def room_of(world: World, store: str) -> int:
    """How much of a weight may still be issued."""
    kind = world.program.plan.stores.get(store)
    # Pools are divided by the weights above 0, which must add up in 64 bits whatever is below 0.
    room = SUM_MAX - 1 - world.shared_totals[world.stores.numbers[store]]
    if isinstance(kind, Weight) and kind.cap is not None:
        room = min(room, kind.cap - world.issued_of(store))
    return max(room, 0)


def weigh(books: Books, step: Step, member: int, amount: int, on: tuple[int, int]) -> int:
    """Give a member weight for an order, as much as may be issued; ``on`` is (order, weighting of its lines)."""
    pay, world, (order, key) = step.rule.pay, books.world, on
    if not isinstance(pay, Weigh):
        return 0
    amount = min(amount, room_of(world, pay.weight))
    if amount <= 0:
        return 0
    row = world.weighed.add(
        order=order, before_of_order=world.orders.last_weighed.item(order), member=member,
        before_of_member=world.members.last_weighed.item(member), store=world.stores.numbers[pay.weight],
        rule=step.index, version=world.version, event=books.event, day=world.open_day, amount=amount,
        kept_then=world.kept(order, key), returned_then=world.returned(order, key), key=key,
    )  # fmt: skip
    world.orders.last_weighed[order] = row
    world.members.last_weighed[member] = row
    add_weight(books, step.rule.id, member, pay.weight, amount, On(order=order))
    return amount


def add_weight(books: Books, rule: str, member: int, store: str, amount: int, on: On) -> None:
    """Add to what a member weighs (below 0: take away)."""
    world = books.world
    issuer, holder = (Account.ISSUER, world.stores.numbers[store]), (Account.WEIGHT, member)
    source, target = (issuer, holder) if amount > 0 else (holder, issuer)
    books.move(rule, source, target, abs(amount), world.assets.number(store), on)
    world.touch(member)


def adjust_weight(books: Books, member: int, store: str, amount: int) -> None:
    """Add by hand, or take at most what is there."""
    world = books.world
    there = max(world.weights[world.stores.numbers[store]].amount.item(member), 0)
    amount = max(amount, -there)
    if amount == 0:
        return
    world.members.last_weighed[member] = world.weighed.add(
        member=member, before_of_member=world.members.last_weighed.item(member), store=world.stores.numbers[store],
        version=world.version, event=books.event, day=world.open_day, amount=amount,
    )  # fmt: skip
    add_weight(books, "admin", member, store, amount, On())


def standing_weight(world: World, row: int) -> int:
    """What stands of a weight that was given; ``upstream: keep`` leaves what others than the buyer got."""
    weighed = world.weighed
    order, then = weighed.order.item(row), weighed.kept_then.item(row)
    if order == NONE:
        return weighed.amount.item(row)
    key = weighed.key.item(row)
    kept = world.kept(order, key)
    if weighed.member.item(row) != world.orders.member.item(order):
        kept = then - (world.returned(order, key) - weighed.returned_then.item(row))
    return weighed.amount.item(row) * kept // then


def standing_weights(world: World, order: int) -> Iterator[tuple[int, int]]:
    """(row, amount that stands) of what an order gave."""
    row = world.orders.last_weighed.item(order)
    while row != NONE:
        yield row, standing_weight(world, row)
        row = world.weighed.before_of_order.item(row)


def lower_weights(books: Books, order: int, before: dict[int, int]) -> None:
    """Take back what no longer stands of an order's weights; ``before`` is what stood, by row."""
    world, weighed = books.world, books.world.weighed
    for row, amount in standing_weights(world, order):
        store = world.stores.names[weighed.store.item(row)]
        plan = world.programs[weighed.version.item(row)].plan
        reason = world.rule_names.number(plan.rules[weighed.rule.item(row)].id)
        add_weight(
            books, "refund", weighed.member.item(row), store, amount - before[row], On(order=order, reason=reason)
        )
