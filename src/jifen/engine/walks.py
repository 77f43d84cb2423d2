"""Who is paid on an order's way up the referral tree: by generation, by rank, by equal rank.

The daily walks over everyone's releases are kernels (``kernels/daily.py``); these are the same walks for one order.
"""

from collections.abc import Callable, Iterator

from jifen.engine.program import Program, Step
from jifen.engine.tables import NONE
from jifen.engine.world import World
from jifen.plan.model import Walk

__all__ = ["Awarded", "peer_step", "rates_up", "walked"]

Awarded = tuple[int, int, int, int]
"""(receiver, rate in ppm, base in micro-units, weighting of lines)."""


def walked(world: World, step: Step, order: int, base_of: Callable[[str, int, str], int]) -> Iterator[Awarded]:
    """Everyone whom the order's walk pays, nearest first."""
    who, amount, gate = step.walk, step.share, step.rule.gate
    store = "" if gate is None or gate.drain is None else gate.drain
    start = world.members.parent.item(world.orders.member.item(order))
    ways = rates_up(world.program, step, start, world.members.parent.item, world.place_of)
    for receiver, rate in ways:
        if rate > 0 and not (who.own_order and not world.has_own_order(receiver)):
            yield receiver, rate, base_of(amount.of, receiver, store), NONE


def rates_up(
    program: Program,
    step: Step,
    start: int,
    parent_of: Callable[[int], int],
    place_of: Callable[[int, str], int],
) -> Iterator[tuple[int, int]]:
    """(ancestor, rate) from ``start`` up; rate 0 for those passed over. Any day's parents and places will do."""
    who, amount = step.walk, step.share
    member = start
    if who.by == "generation":
        rates = amount.rates * (who.depth or 1) if len(amount.rates) == 1 else amount.rates
        for rate in rates[: who.depth]:
            if member == NONE:
                return
            yield member, rate
            member = parent_of(member)
        return
    ladder = program.ladders[who.ranks or ""]
    covered, peers = 0, 0
    while member != NONE and not (covered == ladder.rates[-1] and (who.by == "rank" or peers >= who.most)):
        rate = ladder.rate_at(place_of(member, who.ranks or ""))
        if who.by == "rank":
            yield member, max(rate - covered, 0)
        else:
            paid, peers = peer_step(rate, covered, peers, who)
            yield member, amount.rates[0] if paid else 0
        if rate > covered:
            covered, peers = rate, 0
        member = parent_of(member)


def peer_step(rate: int, covered: int, peers: int, who: Walk) -> tuple[bool, int]:
    """Whether a member with ``rate`` gets the peer award, and how many at this height have got it then."""
    fits = 0 < rate <= covered if who.applies == "equal_or_lower" else rate == covered > 0
    return (True, peers + 1) if fits and peers < who.most else (False, peers)
