"""The close of a business day: the daily rules, phase after phase, plan order inside each.

0 rewards that the reserve owes · 1 settle orders whose refund window ended · 2 ranks and weights are those of now ·
3 scheduled release of all members · 4 walks over it · 5 pools · 6 queues · 7 forced exits · 8 ranks for the next run.
Phases 3 and 4 are kernels over columns; they see merchant funding, and where the reserve falls short its share is given
back to the lots.
"""

from itertools import pairwise

import numpy as np

from jifen.core.micros import MICRO
from jifen.engine import ranks, tasks
from jifen.engine.books import FROM_MERCHANT, FROM_RESERVE, Books
from jifen.engine.claims import pay_claims
from jifen.engine.columns import Column, check_range
from jifen.engine.exits import run_exits
from jifen.engine.grants import due_today
from jifen.engine.order import settle, settling
from jifen.engine.payments import Rationing, bank, terms_of, untake
from jifen.engine.phases import Phase, asset_of, payments_of, post_scheduled, post_transfers, post_walk
from jifen.engine.program import Step
from jifen.engine.queues import serve
from jifen.engine.splits import divide_pools
from jifen.engine.tables import NONE
from jifen.engine.walks import generation_rates, peer_rate
from jifen.engine.world import World
from jifen.plan.model import Lots

__all__ = [
    "after_event",
    "close_day",
]


def close_day(books: Books) -> None:
    """Run the daily rules of the open day, then open the next."""
    world = books.world
    pay_claims(books)
    for order in settling(world, world.open_day):
        settle(books, order)
        after_event(books, since=books.event)
    _run_releases(books)
    for step in world.program.splits:
        divide_pools(books, step)
    for step in world.program.queues:
        serve(books, step)
    for step in world.program.daily_exits:
        run_exits(books, step)
    ranks.recompute(world, since=world.next_event)
    tasks.end_day(world)
    world.run_events.append(books.event)
    world.open_day += 1


def after_event(books: Books, since: int) -> None:
    """What follows every accepted event and every settlement: forced exits, then ranks that count at once."""
    world = books.world
    for step in world.program.by_event["event"]:
        run_exits(books, step)
    ranks.recompute(world, since, only_immediate=True)
    if world.exit_heap is None:
        world.token_touched.clear()


def _run_releases(books: Books) -> None:
    """Phases 3 and 4: scheduled releases, the walks over them, one funding for all, and their rows."""
    world = books.world
    phases: list[Phase] = []
    sums: dict[int, Column] = {}
    """By part of the composition: what each member's lots have released."""
    for step in world.program.schedules:
        phase, released = _scheduled(world, step)
        phases.append(phase)
        sums[step.rule.part] = sums.get(step.rule.part, 0) + released
        check_range(sums[step.rule.part], 1)
    walks = (step for step in world.program.walks if step.rule.part in sums and sums[step.rule.part].any())
    phases += [_walked(books, step, sums[step.rule.part]) for step in walks]
    _ration(books, phases)
    for phase in phases:
        if phase.payment is phase.lot:
            post_scheduled(world, phase, books.event)
        else:
            post_walk(books, phase)
        post_transfers(books, phase)


def _scheduled(world: World, step: Step) -> tuple[Phase, Column]:
    """The scheduled release of one store's lots, and its sum by member."""
    from jifen.engine.kernels.daily import release_scheduled

    amount = step.schedule
    lots, kind = world.lots, world.program.plan.stores[amount.lots]
    number = world.stores.numbers[amount.lots]
    chains = world.chains[number]
    lot, points, sums = release_scheduled(
        world.open_day, isinstance(kind, Lots) and kind.mode == "sequential", chains.head[: world.members.size],
        lots.after, (lots.remaining, due_today(world, number), lots.eligible_from, lots.emptied_on),
    )  # fmt: skip
    phase = Phase(step, terms_of(world, step.asset), lots.member[lot], lot, points, points.copy(), lot, points)
    return phase, sums


def _walked(books: Books, step: Step, sums: Column) -> Phase:
    """One daily walk: what everyone wants of his descendants' releases, taken from his lots."""
    from jifen.engine.kernels.daily import drain_wanted

    world, gate = books.world, step.rule.gate
    wanted, terms = _wanted_of(world, step, sums), terms_of(world, step.asset)
    if gate is None or gate.drain is None:
        return Phase.without_lots(step, terms, np.flatnonzero(wanted), wanted)
    chains = world.chains[world.stores.numbers[step.drains]]
    member, lot, points = drain_wanted(
        world.open_day, wanted, gate.spill == "forfeit", (chains.head[: world.members.size], world.lots.after),
        (world.lots.remaining, world.lots.emptied_on),
    )  # fmt: skip
    starts, payment = payments_of(member)
    phase = Phase(step, terms, member, lot, points, points.copy(), payment, wanted[member[starts]])
    got = np.zeros(len(wanted), dtype=np.int64)
    np.add.at(got, member, points)
    lacking = np.flatnonzero(wanted > got)
    if gate.no_lot == "bank":
        _bank_all(books, step, terms, lacking[got[lacking] == 0], wanted)
        lacking = lacking[got[lacking] > 0]
    _forfeit(books, step, lacking, (wanted - got)[lacking])
    return phase


def _wanted_of(world: World, step: Step, sums: Column) -> Column:
    """What each member wants by one walk, in points, floored once."""
    from jifen.engine.kernels import daily

    who, amount = step.walk, step.share
    upward, parent = world.upward_order(), world.members.parent
    if who.by == "generation":
        rates = generation_rates(step)
        check_range(sums, sum(rates) // MICRO + 1)
        return daily.generation_wanted(upward, parent, sums, np.array(rates, dtype=np.int64))
    ladder = world.program.ladders[who.ranks or ""]
    if who.by == "own_rank":
        depth, column = who.depth or 0, amount.column or "rate"
        check_range(sums, depth)
        below = daily.generation_wanted(upward, parent, sums, np.full(depth, MICRO))
        own = [ladder.column_at(place, column) for place in range(len(ladder.levels))]
        rate = np.array([*own, 0], dtype=np.int64)[world.places(who.ranks or "")]
        return below // MICRO * rate + below % MICRO * rate // MICRO
    levels = np.array([*ladder.levels, 0], dtype=np.int64)[world.places(who.ranks or "")]
    if who.by == "rank":
        return daily.team_wanted(upward, parent, sums, levels, np.array(ladder.rates, dtype=np.int64))
    lower = int(who.applies == "equal_or_lower")
    each = np.array([peer_rate(amount, peer) for peer in range(who.most)], dtype=np.int64)
    return daily.peer_wanted(upward, parent, sums, levels, (len(ladder.rates), lower, each))


def _bank_all(books: Books, step: Step, terms: int, members: Column, wanted: Column) -> None:
    """Bank the whole payments of members without a live lot."""
    world = books.world
    for member in members.tolist():
        points = wanted.item(member)
        row = world.payments.add(
            member=member, rule=world.rule_names.number(step.rule.id), index=step.index, version=world.version,
            event=books.event, day=world.open_day, wanted=points, paid=points, banked=points, terms=terms,
            first_release=world.releases.size, before_of_member=world.members.last_payment.item(member),
        )  # fmt: skip
        world.members.last_payment[member] = row
        bank(world, row)


def _forfeit(books: Books, step: Step, members: Column, points: Column) -> None:
    """Write what lots could not take."""
    if len(members) == 0:
        return
    rule = books.world.rule_names.number(step.rule.id)
    books.writer.forfeits(
        len(members), event=books.event, day=books.world.open_day, rule=rule, member=members, points=points
    )


def _ration(books: Books, phases: list[Phase]) -> None:
    """Cut the run's payments to what the reserve and the pools have; what is not paid returns to its lots.

    The reserve's shortfall is shared as the plan says; a pool pays in order until it is empty.
    """
    world = books.world
    for fund in sorted({world.terms[phase.terms][2] for phase in phases} - {FROM_MERCHANT}):
        paid = [phase for phase in phases if world.terms[phase.terms][2] == fund]
        wanted = sum(int(asset_of(world, phase).sum()) for phase in paid)
        rule = world.program.on_shortfall if fund == FROM_RESERVE else "defer"
        rationing = Rationing(rule, books.available(fund), wanted)
        if rationing.enough:
            continue
        for phase in paid:
            _cut(world, phase, rationing)
            if fund != FROM_RESERVE and phase.payment is not phase.lot:
                lost = np.zeros(world.members.size, dtype=np.int64)
                np.add.at(lost, phase.member, phase.due - phase.points)
                _forfeit(books, phase.step, np.flatnonzero(lost), lost[lost > 0])
                phase.due = phase.points


def _cut(world: World, phase: Phase, rationing: Rationing) -> None:
    """Cut each payment of a phase to what it is allowed; where lots gave it they have the rest again."""
    due, lots = phase.due.tolist(), phase.lot.tolist()
    starts = np.flatnonzero(np.diff(phase.payment, prepend=-1)).tolist()
    for first, end in pairwise([*starts, len(due)]):
        allowed = rationing.cut(due[first:end], world.terms[phase.terms][1])
        phase.points[first:end] = allowed
        for row, points in zip(range(first, end), allowed, strict=True):
            if lots[row] != NONE:
                untake(world, lots[row], due[row] - points)
