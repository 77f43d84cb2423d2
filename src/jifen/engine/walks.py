"""Who is paid on an order's way up the referral tree: by generation, by rank, by equal rank.

The daily walks over everyone's releases are kernels (``kernels/daily.py``); these are the same walks for one order.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from math import gcd
from typing import Protocol

from jifen.core.micros import MICRO
from jifen.engine.events import Line
from jifen.engine.program import Program, Step
from jifen.engine.regions import agent_of, rates_by_region
from jifen.engine.tables import NONE
from jifen.engine.tiers import tier_value
from jifen.engine.world import World
from jifen.plan.model import Override, Share, Tier, Walk

__all__ = [
    "Awarded", "BaseOf", "generation_rates", "peer_rate", "peer_step", "rate_by_lines", "rates_up", "walked",
    "weights_of",
]  # fmt: skip

Awarded = tuple[int, int, int]
"""(receiver, wanted in micro-units, the weighting of lines it stands on)."""


class BaseOf(Protocol):
    """Gives a base of the plan language for a receiver."""

    def __call__(self, name: str, receiver: int) -> int:
        """In micro-units."""


def walked(world: World, step: Step, order: int, base_of: BaseOf) -> Iterator[Awarded]:
    """Everyone whom the order's walk pays, nearest first."""
    who, amount = step.walk, step.rule.amount
    by_lines = isinstance(amount, Share) and bool(amount.overrides) and order in world.order_lines
    for receiver, rate in _ways(world, step, order):
        if rate == 0 or (who.own_order and not world.has_own_order(receiver)):
            continue
        if isinstance(amount, Tier):
            yield receiver, tier_value(world, order, amount, partial(base_of, receiver=receiver)), NONE
            continue
        override, key = rate_by_lines(world, order, step.share) if by_lines else (rate, NONE)
        if key != NONE:
            yield receiver, world.kept(order, key) * override // MICRO, key
        else:
            yield receiver, override * base_of(step.share.of, receiver) // MICRO, NONE


def _ways(world: World, step: Step, order: int) -> Iterator[tuple[int, int]]:
    """(receiver, rate) on the way of an order: up the referral tree, or over the regions of its delivery."""
    if step.walk.tree == "region":
        region = world.orders.region.item(order)
        return rates_by_region(world, world.program, step, region, lambda path: agent_of(world, path))
    share = step.rule.amount
    by_lines = isinstance(share, Share) and bool(share.overrides) and order in world.order_lines
    start = world.members.parent.item(world.orders.member.item(order))
    walk = _paid_at_all(step) if by_lines else step
    return rates_up(world.program, walk, start, world.members.parent.item, world.place_of)


def _paid_at_all(step: Step) -> Step:
    """The same walk with rate 1 for all whom it pays: lines that override the rate decide how much."""
    return replace(step, rule=replace(step.rule, amount=replace(step.share, rates=(1,))))


def rate_by_lines(world: World, order: int, amount: Share) -> tuple[int, int]:
    """The one rate that all lines of the order share, or the unit of their different rates and the weighting by it."""
    rate = amount.rates[0] if amount.rates else 0
    lines = world.order_lines.get(order)
    if not amount.overrides or amount.of != "trigger_amount" or lines is None:
        return rate, NONE
    unit, weights = weights_of([line.line for line in lines if line.inside], amount)
    if set(weights) == {1}:
        return unit, NONE
    places = iter(weights)
    key = tuple(next(places) if line.inside else 0 for line in lines)
    if key not in world.line_rates:
        world.line_rates.append(key)
    return unit, world.line_rates.index(key)


def weights_of(lines: Sequence[Line], amount: Share) -> tuple[int, tuple[int, ...]]:
    """The rates of an order's lines as one unit (ppm) and whole weights; lines of one rate all weigh 1."""
    rates = [_rate_of(line, amount) for line in lines]
    unit = gcd(*rates)
    return unit, tuple(rate // unit for rate in rates) if unit else (1,) * len(rates)


def _rate_of(line: Line, amount: Share) -> int:
    """The rate for a line: the first override that fits it, else the plan's."""
    fits = (override for override in amount.overrides if getattr(line, override.key) == override.equals)
    found: Override | None = next(fits, None)
    return amount.rates[0] if found is None else found.rate


def rates_up(
    program: Program,
    step: Step,
    start: int,
    parent_of: Callable[[int], int],
    place_of: Callable[[int, str], int],
) -> Iterator[tuple[int, int]]:
    """(ancestor, rate) from ``start`` up; rate 0 for those passed over. Any day's parents and places will do."""
    who = step.walk
    member = start
    if who.by == "generation":
        for rate in generation_rates(step):
            if member == NONE:
                return
            yield member, rate
            member = parent_of(member)
        return
    ladder = program.ladders[who.ranks or ""]
    if who.by == "own_rank":
        left = -1 if who.depth is None else who.depth
        while member != NONE and left != 0:
            yield member, ladder.column_at(place_of(member, who.ranks or ""), step.share.column or "rate")
            member, left = parent_of(member), left - 1
        return
    covered, peers = 0, 0
    while member != NONE and not (covered == ladder.rates[-1] and (who.by == "rank" or peers >= who.most)):
        rate = ladder.rate_at(place_of(member, who.ranks or ""))
        if who.by == "rank":
            yield member, max(rate - covered, 0)
        else:
            paid, peers = peer_step(rate, covered, peers, who)
            yield member, peer_rate(step.share, peers - 1) if paid else 0
        if rate > covered:
            covered, peers = rate, 0
        member = parent_of(member)


def peer_rate(amount: Share, peer: int) -> int:
    """The rate of the peer number ``peer`` (from 0) of one height: of a list each has its own."""
    return amount.rates[peer if len(amount.rates) > 1 else 0]


def generation_rates(step: Step) -> tuple[int, ...]:
    """The rate of each generation; one rate alone counts for as many as ``depth`` says."""
    amount, depth = step.rule.amount, step.walk.depth
    rates = amount.rates if isinstance(amount, Share) else (MICRO,)
    return (rates * (depth or 1) if len(rates) == 1 else rates)[:depth]


def peer_step(rate: int, covered: int, peers: int, who: Walk) -> tuple[bool, int]:
    """Whether a member with ``rate`` gets the peer award, and how many at this height have got it then."""
    fits = 0 < rate <= covered if who.applies == "equal_or_lower" else rate == covered > 0
    return (True, peers + 1) if fits and peers < who.most else (False, peers)
