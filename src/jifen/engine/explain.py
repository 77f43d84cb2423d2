"""Explain: where each amount of a member came from, and who was passed over on the way.

The same attribution as a refund's (``sources``): the part of a source is ⌊⌊rate × base⌋ × paid ÷ wanted⌋, the dust
stays with the receiver. Nothing is stored for it: trees, ranks and versions of that day are looked up in their dated
changes. Reading one member needs no compiled code.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from jifen.core.micros import MICRO
from jifen.engine import ranks, sources
from jifen.engine.curve import standing_sales
from jifen.engine.grants import OF_ORDER
from jifen.engine.program import Ladder, Step
from jifen.engine.refund import is_tokens, standing_rows
from jifen.engine.tables import NONE
from jifen.engine.walks import generation_rates, rates_up
from jifen.engine.world import World
from jifen.plan.model import Walk

__all__ = ["Explanation", "Passed", "Source", "explain", "passed_over"]


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


@dataclass(frozen=True, slots=True)
class _Detail:
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


def explain(world: World, member: str, day: int | None = None, most: int = 20) -> list[Explanation]:
    """Everything the member was granted and paid on ``day`` (``None``: on all days, without sources of daily walks).

    ``most`` limits how many sources of one payment say who was passed over. ``LookupError`` for an unknown member.
    """
    if member not in world.member_ids.numbers:
        raise LookupError(f"no member {member!r}")
    row = world.member_ids.numbers[member]
    detail = _Detail(0 if day is None else most)
    found: list[Explanation] = []
    for store in world.chains:
        for lot in world.lots_of(row, store):
            found += _granted(world, lot, day)
            found += _sold(world, lot, day) if is_tokens(world, lot) else _released(world, lot, day, detail)
    return sorted(found, key=lambda each: each.day)


def _granted(world: World, lot: int, day: int | None) -> Iterator[Explanation]:
    """The lot's grant."""
    lots = world.lots
    if day not in (None, lots.day.item(lot)):
        return
    version, index = lots.version.item(lot), lots.rule.item(lot)
    plan = world.programs[version].plan
    order = lots.order.item(lot)
    rule = "admin" if order == NONE else plan.rules[index].id if index != NONE else "mint"
    unit, amount = world.stores.names[lots.store.item(lot)], lots.granted_first.item(lot)
    given = () if order == NONE else _order_sources(world, order, amount, lots.kept_then.item(lot))
    yield Explanation(
        day=lots.day.item(lot), rule=rule, amount=amount, stands=lots.granted.item(lot), asset=unit, points=amount,
        lot=world.cause_of(lot), plan=plan.digest, sources=given,
    )  # fmt: skip


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


def _released(world: World, lot: int, day: int | None, detail: _Detail) -> Iterator[Explanation]:
    """Everything that was taken out of a lot of points."""
    releases = world.releases
    for row, first, last, stands in standing_rows(world, lot):
        for on in range(first, last + 1) if day is None else [day] if first <= day <= last else []:
            asset, per_point, _ = world.terms[releases.terms.item(row)]
            payment = releases.payment.item(row)
            if payment == NONE:
                parts, dust = _lot_source(world, lot, row), 0
            else:
                parts = _payment_sources(world, payment, detail)
                dust = world.payments.paid.item(payment) - sum(part.points for part in parts)
            scheduled = releases.kind.item(row) == sources.SCHEDULED
            version = world.version_at(world.run_event(on)) if scheduled else releases.version.item(row)
            yield Explanation(
                day=on, rule=world.rule_names.names[releases.rule.item(row)],
                amount=releases.points.item(row) * per_point // MICRO, stands=stands * per_point // MICRO,
                asset=world.assets.names[asset], points=releases.points.item(row), lot=world.cause_of(lot),
                plan=world.programs[version].plan.digest, sources=parts, dust=dust,
            )  # fmt: skip


def _lot_source(world: World, lot: int, release: int) -> tuple[Source, ...]:
    """The order of a lot as the source of what the lot releases by schedule or is served; by hand there is none."""
    lots, order = world.lots, world.lots.order.item(lot)
    kind = world.releases.kind.item(release)
    if order == NONE or kind == 0:
        return ()
    rate = lots.daily_rate.item(lot) if kind == sources.SCHEDULED else MICRO
    of_order = kind == sources.SCHEDULED and lots.daily_of.item(lot) == OF_ORDER
    base = world.releases.kept_then.item(release) if of_order else lots.granted.item(lot)
    member, points = world.member_ids.names[lots.member.item(lot)], world.releases.points.item(release)
    return (Source(member, world.order_ids.names[order], "1", base, rate, points),)


def _sold(world: World, lot: int, day: int | None) -> Iterator[Explanation]:
    """Everything that left a lot of tokens."""
    sales = world.sales
    for _, _, proceeds, row in reversed(standing_sales(world, lot)):
        if day not in (None, sales.day.item(row)):
            continue
        asset, _, _ = world.terms[sales.terms.item(row)]
        yield Explanation(
            day=sales.day.item(row), rule=world.rule_names.names[sales.rule.item(row)],
            amount=sales.proceeds.item(row) + sales.dust.item(row), stands=proceeds + sales.dust.item(row),
            asset=world.assets.names[asset], points=sales.tokens.item(row), lot=world.cause_of(lot),
            plan=world.programs[world.version_at(sales.event.item(row))].plan.digest,
        )  # fmt: skip


def _payment_sources(world: World, payment: int, detail: _Detail) -> tuple[Source, ...]:
    """The sources of a payment, the largest first; of a daily walk none where ``detail.most`` is 0."""
    payments = world.payments
    order = payments.order.item(payment)
    if order == NONE:
        return () if detail.most == 0 else _walk_sources(world, payment, detail)
    member, points = world.orders.member.item(order), payments.paid.item(payment)
    step = _step_of(world, payment)
    rate = dict(_rates_at(world, step, member, payments.event.item(payment))).get(payments.member.item(payment), 0)
    base = -(-payments.wanted.item(payment) * MICRO // rate) if rate else payments.wanted.item(payment)
    source = Source(
        world.member_ids.names[member], world.order_ids.names[order], "1", base, rate, points,
        passed_over(world, payment, member),
    )  # fmt: skip
    return (source,)


def _step_of(world: World, payment: int) -> Step:
    """The rule that made a payment, as its plan version has it."""
    return world.programs[world.payments.version.item(payment)].steps[world.payments.index.item(payment)]


def _rates_at(world: World, step: Step, member: int, event: int) -> Iterator[tuple[int, int]]:
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
    payments, step = world.payments, _step_of(world, payment)
    event, receiver = payments.event.item(payment), payments.member.item(payment)
    ladder = step.walk.ranks
    found = []
    for count, (ancestor, rate) in enumerate(_rates_at(world, step, source, event)):
        if ancestor == receiver:
            break
        if count == most:
            found.append(Passed("…", "the way is longer than what is shown here"))
            break
        if rate == 0:
            place = -1 if ladder is None else ranks.place_at(world, ancestor, ladder, event)
            found.append(Passed(world.member_ids.names[ancestor], _why_not(place, step.walk)))
        elif not _was_paid(world, ancestor, payment):
            found.append(Passed(world.member_ids.names[ancestor], "no live lot: forfeited, not passed up"))
    return tuple(found)


def _why_not(place: int, who: Walk) -> str:
    """Why someone with this place in the ladder gets nothing."""
    if place < 0:
        return "no rank"
    if who.by == "peer":
        return "rank differs from the highest met, or enough peers were paid"
    return "rank not above the highest met"


def _was_paid(world: World, member: int, like: int) -> bool:
    """Whether a member got a payment by the same rule of the same event."""
    payments = world.payments
    row = world.members.last_payment.item(member)
    while row != NONE and payments.event.item(row) >= payments.event.item(like):
        if payments.event.item(row) == payments.event.item(like) and payments.rule.item(row) == payments.rule.item(
            like
        ):
            return True
        row = payments.before_of_member.item(row)
    return False


def _walk_sources(world: World, payment: int, detail: _Detail) -> tuple[Source, ...]:
    """The sources of a daily walk's payment: the releases of that day below the receiver, with his rate on each."""
    payments, releases, lots = world.payments, world.releases, world.lots
    day, receiver, step = payments.day.item(payment), payments.member.item(payment), _step_of(world, payment)
    rates = _rates_below(world, step, receiver, payments.event.item(payment), detail)
    rewarded = np.zeros(world.members.size, dtype=bool)
    rewarded[[member for member, rate in rates.items() if rate > 0]] = True
    count = releases.size
    open_then = (releases.kind[:count] == sources.SCHEDULED) & (releases.first_day[:count] <= day)
    rows = np.flatnonzero(open_then & (releases.last_day[:count] >= day))
    rows = rows[rewarded[lots.member[releases.lot[rows]]]]
    wanted, paid = payments.wanted.item(payment), payments.paid.item(payment)
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


def _rates_below(world: World, step: Step, receiver: int, event: int, detail: _Detail) -> dict[int, int]:
    """The receiver's rate on the release of each of his descendants in a run, worked out from him downwards."""
    who, amount = step.walk, step.share
    children = detail.children_at(world, event)
    program, table = world.programs[world.version_at(event)], generation_rates(step)
    met: dict[int, _Met] = {receiver: _Met()}
    rates: dict[int, int] = {}
    level, depth = [receiver], 0
    climb = _Climb(who, [] if who.ranks is None else detail.rates_at(world, program.ladders[who.ranks], event))
    mine = climb.rates[receiver] if climb.rates else 0
    while level and (who.by != "generation" or depth < len(table)):
        below = []
        for member in level:
            state = met.pop(member) if member == receiver else climb.past(met.pop(member), member)
            for child in children.get(member, ()):
                rates[child] = table[depth] if who.by == "generation" else climb.rate(state, mine, amount.rates)
                met[child] = state
                below.append(child)
        level, depth = below, depth + 1
    return rates


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

    def rate(self, met: _Met, rate: int, rates: tuple[int, ...]) -> int:
        """What a receiver whose rank has ``rate`` gets on a source that has met all this on its way."""
        if self.who.by == "rank":
            return max(rate - met.highest, 0)
        lower = self.who.applies == "equal_or_lower"
        fits = 0 < rate <= met.highest if lower else rate == met.highest > 0
        peers = met.above if lower else met.equal - 1
        return rates[0] if fits and peers < self.who.most else 0


def _rates_of_all(world: World, ladder: Ladder, event: int) -> list[int]:
    """The rate of each member's rank when an event was handled."""
    rate_of = [ladder.rate_at(ladder.places.get(name, -1)) for name in world.rank_names.names] + [0]
    ranked = ((world.ladders[ladder.ranks.name].earned, world.earned_changes[ladder.ranks.name]),
              (world.members.appointed, world.appointed_changes))  # fmt: skip
    rates = [0] * world.members.size
    for now, changes in ranked:
        then = now[: world.members.size].tolist()
        for member in changes:
            then[member] = ranks.value_at(changes, member, event, then[member])
        rates = [max(rate, rate_of[rank]) for rate, rank in zip(rates, then, strict=True)]
    return rates


def _children_at(world: World, event: int) -> dict[int, list[int]]:
    """Everyone's direct referrals when an event was handled."""
    parents = world.members.parent[: world.members.size].tolist()
    for member in world.parent_changes:
        parents[member] = sources.parent_at(world, member, event)
    children: dict[int, list[int]] = {}
    for member, parent in enumerate(parents):
        if parent != NONE:
            children.setdefault(parent, []).append(member)
    return children
