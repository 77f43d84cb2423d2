"""Who a payment came from: the order or the releases it stands on, the rate of each, and who was passed over.

Trees, ranks, agents and versions of that moment are looked up in their dated changes. The part of a source is
⌊⌊rate × base⌋ × paid ÷ wanted⌋, as a refund counts it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from jifen.core.micros import MICRO
from jifen.engine import given, ranks, runs, sources
from jifen.engine.explain_lots import Passed, Source
from jifen.engine.given import Payment
from jifen.engine.positions import place_taken
from jifen.engine.program import Ladder, Program, Step
from jifen.engine.regions import agent_at, rates_by_region
from jifen.engine.tables import NONE
from jifen.engine.walks import generation_rates, peer_rate, rates_up
from jifen.engine.world import World
from jifen.plan.model import Cycle, Share, Split, Tier, Walk

__all__ = ["Detail", "passed_over", "payment_sources"]


@dataclass(frozen=True, slots=True)
class Detail:
    """How much is told, and what several payments of one run share: the tree and everyone's rates then."""

    most: int
    children: dict[int, dict[int, list[int]]] = field(default_factory=dict)
    rates: dict[tuple[str, int], list[int]] = field(default_factory=dict)

    def children_at(self, world: World, event: int) -> dict[int, list[int]]:
        """Everyone's direct referrals when an event was handled."""
        if event not in self.children:
            self.children[event] = _children_at(world, event)
        return self.children[event]

    def rates_at(self, world: World, ladder: Ladder, event: int) -> list[int]:
        """The rate of each member's rank when an event was handled."""
        key = (ladder.ranks.name, event)
        if key not in self.rates:
            self.rates[key] = _rates_of_all(world, ladder, event)
        return self.rates[key]


def payment_sources(world: World, payment: int, detail: Detail) -> tuple[Source, ...]:
    """The sources of a payment, the largest first; of a daily walk none where ``detail.most`` is 0."""
    made, step = _made(world, payment)
    order, points = made.order, made.paid
    if order == NONE and isinstance(step.rule.who, Split):
        return (_divided(world, made, step),)
    if order == NONE:
        return () if detail.most == 0 else _walk_sources(world, payment, detail)
    member = world.orders.member.item(order)
    rate = _rate_of(world, made, step)
    base = -(-made.wanted * MICRO // rate) if rate else made.wanted
    passed = passed_over(world, payment, member) if isinstance(step.rule.who, Walk) else ()
    return (Source(world.member_ids.names[member], world.order_ids.names[order], "1", base, rate, points, passed),)


def _made(world: World, payment: int) -> tuple[Payment, Step]:
    """A payment, and the rule that made it, as its plan version has it."""
    made = given.payment_at(world, payment)
    return made, world.programs[made.version].steps[made.index]


def _divided(world: World, made: Payment, step: Step) -> Source:
    """A member's part of a divided pool: his weight (``base``), and what a whole unit of weight got (``rate``)."""
    divisions, count = world.divisions, world.divisions.size
    _, _, pool = world.terms[made.terms]
    fits = (divisions.event[:count] == made.event) & (divisions.pool[:count] == pool)
    row = int(np.flatnonzero(fits & (divisions.rule[:count] == step.index))[0])
    rate = divisions.amount.item(row) * MICRO // divisions.weight.item(row)
    return Source("", f"pool {world.pools.names[pool]}", "", made.wanted, rate, made.paid)


def _rate_of(world: World, made: Payment, step: Step) -> int:
    """The rate at which an order's payment was made; 100 % for a fixed sum or what is used up."""
    amount, order = step.rule.amount, made.order
    if isinstance(amount, Cycle):
        place = place_taken(world, amount.at, order)
        return amount.rates[place % len(amount.rates)]
    if isinstance(amount, Tier) or not isinstance(step.rule.who, Walk):
        return MICRO
    return dict(_rates_at(world, step, order, made.event)).get(made.member, 0)


def _rates_at(world: World, step: Step, order: int, event: int) -> Iterator[tuple[int, int]]:
    """(receiver, rate) on the way of an order by the trees, ranks and ladders when an event was handled."""
    if step.walk.tree == "region":
        program, region = world.programs[world.version_at(event)], world.orders.region.item(order)
        return rates_by_region(world, program, step, region, lambda path: agent_at(world, path, event))
    return _rates_above(world, step, world.orders.member.item(order), event)


def _rates_above(world: World, step: Step, member: int, event: int) -> Iterator[tuple[int, int]]:
    """(ancestor, rate) going up from ``member`` by the tree, ranks and ladder when an event was handled."""
    return rates_up(
        world.programs[world.version_at(event)], step, sources.parent_at(world, member, event),
        lambda child: sources.parent_at(world, child, event),
        lambda ancestor, ladder: ranks.place_at(world, ancestor, ladder, event),
    )  # fmt: skip


def passed_over(world: World, payment: int, source: int, most: int = 200) -> tuple[Passed, ...]:
    """Everyone between a source and the receiver who got nothing by this rule, nearest to the source first.

    Only the nearest ``most`` ancestors are looked at; where the way is longer, the last entry says so.
    """
    made, step = _made(world, payment)
    event, receiver, order = made.event, made.member, made.order
    if isinstance(step.rule.amount, Cycle):
        return ()
    ways = _rates_above(world, step, source, event) if order == NONE else _rates_at(world, step, order, event)
    ladder = None if step.walk.tree == "region" else step.walk.ranks
    found = []
    for count, (ancestor, rate) in enumerate(ways):
        if ancestor == receiver:
            break
        if count == most:
            found.append(Passed("…", "the way is longer than what is shown here"))
            break
        if rate == 0:
            place = -1 if ladder is None else ranks.place_at(world, ancestor, ladder, event)
            found.append(Passed(world.member_ids.names[ancestor], _why_not(place, step.walk)))
        elif step.walk.own_order and not _was_paid(world, ancestor, made):
            found.append(Passed(world.member_ids.names[ancestor], "no live order of his own"))
        elif not _was_paid(world, ancestor, made):
            drains = step.rule.gate is not None and step.rule.gate.drain is not None
            why = "no live lot: forfeited, not passed up" if drains else "nothing was left to pay him from"
            found.append(Passed(world.member_ids.names[ancestor], why))
    return tuple(found)


def _why_not(place: int, who: Walk) -> str:
    """Why someone with this place in the ladder gets nothing."""
    if who.tree == "region":
        return "rate not above that of the smaller region"
    if place < 0:
        return "no rank"
    if who.by == "own_rank":
        return "nothing is paid at his rank"
    if who.by == "peer":
        return "rank differs from the highest met, or enough peers were paid"
    return "rank not above the highest met"


def _was_paid(world: World, member: int, like: Payment) -> bool:
    """Whether a member got a payment by the same rule of the same event, not just one of the same name."""
    number = world.members.last_payment.item(member)
    while number != NONE and (made := given.payment_at(world, number)).event >= like.event:
        if (made.event, made.index) == (like.event, like.index):
            return True
        number = given.payment_before(world, number)
    return False


def _walk_sources(world: World, payment: int, detail: Detail) -> tuple[Source, ...]:
    """The sources of a daily walk's payment: the releases of that day below the receiver, with his rate on each."""
    runs.end_all(world)
    releases, lots = world.releases, world.lots
    made, step = _made(world, payment)
    day, receiver, wanted, paid = made.day, made.member, made.wanted, made.paid
    rates = _rates_below(world, step, receiver, made.event, detail)
    rewarded = np.zeros(world.members.size, dtype=bool)
    rewarded[[member for member, rate in rates.items() if rate > 0]] = True
    count = releases.size
    open_then = (releases.kind[:count] == sources.SCHEDULED) & (releases.first_day[:count] <= day)
    rows = np.flatnonzero(open_then & (releases.last_day[:count] >= day))
    rows = rows[rewarded[lots.member[releases.lot[rows]]]]
    program = world.programs[world.version_at(made.event)]
    walked = [number for number, store in enumerate(world.stores.names) if step in program.walks_over(store)]
    rows = rows[np.isin(lots.store[releases.lot[rows]], walked)]
    rows = rows[np.argsort(releases.lot[rows])]  # equal parts in order of grant: rows stand as runs happen to end
    found = []
    for row in rows.tolist():
        lot = releases.lot.item(row)
        member = lots.member.item(lot)
        base, rate = releases.base.item(row), rates.get(member, 0)
        points = base * rate // MICRO * paid // max(wanted, 1)
        if points:
            found.append((points, member, world.cause_of(lot), base, rate))
    found.sort(key=lambda each: -each[0])
    return tuple(
        Source(
            world.member_ids.names[member], order, "1", base, rate, points,
            passed_over(world, payment, member) if place < detail.most else (),
        )
        for place, (points, member, order, base, rate) in enumerate(found)
    )  # fmt: skip


def _rates_below(world: World, step: Step, receiver: int, event: int, detail: Detail) -> dict[int, int]:
    """The receiver's rate on the release of each of his descendants in a run, worked out from him downwards."""
    who, amount = step.walk, step.share
    children = detail.children_at(world, event)
    program = world.programs[world.version_at(event)]
    table = _rates_by_depth(world, program, step, receiver, event)
    met: dict[int, _Met] = {receiver: _Met()}
    rates: dict[int, int] = {}
    level, depth = [receiver], 0
    climb = _Climb(who, [] if who.ranks is None else detail.rates_at(world, program.ladders[who.ranks], event))
    mine = climb.rates[receiver] if climb.rates else 0
    while level and (table is None or depth < len(table)):
        below = []
        for member in level:
            state = met.pop(member) if member == receiver else climb.past(met.pop(member), member)
            for child in children.get(member, ()):
                rates[child] = climb.rate(state, mine, amount) if table is None else table[depth]
                met[child] = state
                below.append(child)
        level, depth = below, depth + 1
    return rates


def _rates_by_depth(world: World, program: Program, step: Step, receiver: int, event: int) -> tuple[int, ...] | None:
    """The receiver's rate on each generation below him; ``None`` where it goes by whom a walk has met."""
    who = step.walk
    if who.by == "generation":
        return generation_rates(step)
    if who.by != "own_rank":
        return None
    name = who.ranks or ""
    place = ranks.place_at(world, receiver, name, event)
    return (program.ladders[name].column_at(place, step.share.column or "rate"),) * (who.depth or 0)


@dataclass(frozen=True, slots=True)
class _Met:
    """What a walk going up has met between a source and the receiver.

    The highest rate, how many had a rate, how many had the highest, and how many stood above the lowest of these.
    """

    highest: int = 0
    ranked: int = 0
    equal: int = 0
    above: int = 0


@dataclass(frozen=True, slots=True)
class _Climb:
    """The rank rules of one walk of one run; ``rates`` are those of all members' ranks then."""

    who: Walk
    rates: list[int]

    def past(self, met: _Met, member: int) -> _Met:
        """What is met by sources below ``member``, who stands below all that were met so far."""
        if self.who.by == "generation":
            return met
        rate = self.rates[member]
        if rate == 0 or rate < met.highest:
            return _Met(met.highest, met.ranked + (rate > 0), met.equal, met.above)
        return _Met(rate, met.ranked + 1, met.equal + 1 if rate == met.highest else 1, met.ranked)

    def rate(self, met: _Met, rate: int, amount: Share) -> int:
        """What a receiver whose rank has ``rate`` gets on a source that has met all this on its way."""
        if self.who.by == "rank":
            return max(rate - met.highest, 0)
        lower = self.who.applies == "equal_or_lower"
        fits = 0 < rate <= met.highest if lower else rate == met.highest > 0
        peers = met.above if lower else met.equal - 1
        return peer_rate(amount, peers) if fits and peers < self.who.most else 0


def _rates_of_all(world: World, ladder: Ladder, event: int) -> list[int]:
    """The rate of each member's rank when an event was handled."""
    rate_of = [ladder.rate_at(ladder.places.get(name, -1)) for name in world.rank_names.names] + [0]
    ranked = ((world.ladders[ladder.ranks.name].earned, world.earned_changes[ladder.ranks.name]),
              (world.members.appointed, world.appointed_changes))  # fmt: skip
    rates = [0] * world.members.size
    for now, changes in ranked:
        then = now[: world.members.size].tolist()
        for member in changes.members().tolist():
            then[member] = changes.at(member, event, then[member])
        rates = [max(rate, rate_of[rank]) for rate, rank in zip(rates, then, strict=True)]
    return rates


def _children_at(world: World, event: int) -> dict[int, list[int]]:
    """Everyone's direct referrals when an event was handled."""
    parents = world.members.parent[: world.members.size].tolist()
    for member in world.parent_changes.members().tolist():
        parents[member] = sources.parent_at(world, member, event)
    children: dict[int, list[int]] = {}
    for member, parent in enumerate(parents):
        if parent != NONE:
            children.setdefault(parent, []).append(member)
    return children
