"""Explain a lot: the rule and the order (or liability) that granted it, and what it gives by itself."""

from collections.abc import Iterator
from dataclasses import dataclass

from jifen.core.micros import MICRO
from jifen.engine import given, sources
from jifen.engine.books import WIND_UP, WRITTEN_OFF
from jifen.engine.grants import OF_ORDER
from jifen.engine.tables import NONE
from jifen.engine.world import World
from jifen.plan.model import Share

__all__ = ["Explanation", "Passed", "Source", "granted", "lot_source"]


@dataclass(frozen=True, slots=True)
class Passed:
    """Someone between a source and the receiver who got nothing by this rule, and why."""

    member: str
    why: str


@dataclass(frozen=True, slots=True)
class Source:
    """What one order, or one lot's release, had in a payment. ``base`` and ``points`` are micro-units, ``rate`` ppm."""

    member: str
    order: str
    line: str
    base: int
    rate: int
    points: int
    passed: tuple[Passed, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """One amount of a member on one day. ``stands`` is what is left of it after refunds."""

    day: int
    rule: str
    amount: int
    stands: int
    asset: str
    points: int
    lot: str
    """The order (or adjustment) whose lot was drained or granted."""
    plan: str
    """The digest of the plan version that decided."""
    sources: tuple[Source, ...] = ()
    dust: int = 0
    """Points of the payment that stand on no source: what rounding each part left."""
    owed: int = 0
    """Points of it that the reserve has not paid yet."""
    granted: bool = False
    """Promised in a lot of the store ``asset``, not paid; a store may bear an asset's name."""


def granted(world: World, lot: int, day: int | None) -> Iterator[Explanation]:
    """The lot's grant."""
    lots = world.lots
    if day not in (None, lots.day.item(lot)):
        return
    version, index = lots.version.item(lot), lots.rule.item(lot)
    plan = world.programs[version].plan
    order = lots.order.item(lot)
    rule = plan.rules[index].id if index != NONE else "admin" if order == NONE else "mint"
    unit, amount = world.stores.names[lots.store.item(lot)], lots.granted_first.item(lot)
    yield Explanation(
        day=lots.day.item(lot), rule=rule, amount=amount, stands=lots.granted.item(lot), asset=unit, points=amount,
        lot=world.cause_of(lot), plan=plan.digest, sources=_grant_sources(world, lot), granted=True,
    )  # fmt: skip


def _grant_sources(world: World, lot: int) -> tuple[Source, ...]:
    """What a lot was granted for: an order or its lines, a whole unit of spend, a liability; by hand nothing."""
    lots = world.lots
    order, index, amount = lots.order.item(lot), lots.rule.item(lot), lots.granted_first.item(lot)
    if order == NONE:
        return () if index == NONE else (_liability(world, lot),)
    whole = None if index == NONE else world.programs[lots.version.item(lot)].steps[index].whole_amount
    if whole is None or whole.whole is None:
        return _order_sources(world, order, amount, lots.kept_then.item(lot))
    owner = world.member_ids.names[lots.member.item(lot)]
    return (Source(owner, world.order_ids.names[order], "1", whole.whole, whole.rates[0], amount),)


def _order_sources(world: World, order: int, amount: int, kept: int) -> tuple[Source, ...]:
    """An order's lines as the sources of what it granted: each line's share of ``amount`` by what it brought."""
    buyer, name = world.member_ids.names[world.orders.member.item(order)], world.order_ids.names[order]
    lines = [line for line in world.order_lines.get(order, []) if line.inside]
    whole = sum(line.line.amount for line in lines)
    rate = amount * MICRO // max(kept, 1)
    if len(lines) < 2 or whole == 0:
        return (Source(buyer, name, lines[0].line.line if lines else "1", kept, rate, amount),)
    return tuple(
        Source(buyer, name, line.line.line, line.line.amount, rate, amount * line.line.amount // whole)
        for line in lines
    )


def _liability(world: World, lot: int) -> Source:
    """The liability that granted a lot."""
    lots = world.lots
    amount, version = lots.granted_first.item(lot), lots.version.item(lot)
    share = world.programs[version].plan.rules[lots.rule.item(lot)].amount
    rate = share.rates[0] if isinstance(share, Share) and share.rates[0] else MICRO
    owner = world.member_ids.names[lots.member.item(lot)]
    return Source(owner, world.cause_of(lot), "1", -(-amount * MICRO // rate), rate, amount)


def lot_source(world: World, lot: int, release: int) -> tuple[Source, ...]:
    """What caused a lot, as the source of what it gives by itself: by schedule, to a task, as the head of a queue.

    What the back office granted or removed, and what an exit closed, has none; what ended with the plan has the lot.
    """
    lots, taken = world.lots, given.release_at(world, release)
    by_hand = lots.order.item(lot) == NONE and lots.rule.item(lot) == NONE
    member = world.member_ids.names[lots.member.item(lot)]
    if world.rule_names.names[taken.rule] == WIND_UP:
        base, rate = _share_at_end(world, lot, release)
        return (Source(member, world.cause_of(lot), "1", base, rate, taken.points),)
    if world.rule_names.names[taken.rule] == WRITTEN_OFF:
        return (Source(member, world.cause_of(lot), "1", taken.points, MICRO, taken.points),)
    if by_hand or world.terms[taken.terms][1] == 0:
        return ()
    base, rate = (taken.points, MICRO) if taken.kind == 0 else (lots.granted.item(lot), MICRO)
    if taken.kind == sources.SCHEDULED:
        parts = lots.parts.item(lot)
        rate = MICRO // parts if parts else lots.daily_rate.item(lot)
        if lots.daily_of.item(lot) == OF_ORDER:
            base = sources.kept_at_release(world, release)
    return (Source(member, world.cause_of(lot), "1", base, rate, taken.points),)


def _share_at_end(world: World, lot: int, release: int) -> tuple[int, int]:
    """When the plan was wound up: (points that were left in a lot, what of all claims could be paid, in ppm)."""
    end = next(end for end in world.wound_up if end.lots > lot)
    taken = given.release_at(world, release)
    base, after, number = taken.points, NONE, world.lots.last_release.item(lot)
    while number != release:
        after, number = number, given.release_before(world, number)
    if after != NONE:
        rest = given.release_at(world, after)
        base += rest.points if world.rule_names.names[rest.rule] == WRITTEN_OFF else 0
    return base, MICRO if end.claimed <= end.available else end.available * MICRO // end.claimed
