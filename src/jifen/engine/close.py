"""The close of a business day: the daily rules, phase after phase, plan order inside each.

0 rewards that the reserve owes · 1 settle orders whose refund window ended · 2 ranks and weights are those of now ·
3 scheduled release of all members · 4 walks over it · 5 pools · 6 queues · 7 forced exits · 8 ranks for the next run.
Phases 3 and 4 are one pass over all members (``daily``); it sees merchant funding, and where the reserve falls short
its share is given back to the lots.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from jifen.engine import ranks, runs, tasks
from jifen.engine.books import Books
from jifen.engine.claims import pay_claims
from jifen.engine.columns import Column, Narrow, exact_sum
from jifen.engine.exits import run_exits
from jifen.engine.order import settle, settling
from jifen.engine.payments import Rationing, bank, untake
from jifen.engine.phases import Phase, asset_of, post_transfers, post_walk
from jifen.engine.program import Step
from jifen.engine.queues import serve
from jifen.engine.splits import divide_pools
from jifen.engine.tables import FROM_MERCHANT, FROM_RESERVE, NONE
from jifen.engine.world import World

if TYPE_CHECKING:
    from jifen.engine.daily import Found, Walked

__all__ = [
    "after_event",
    "close_day",
    "run_queues",
]


def close_day(books: Books) -> None:
    """Run the daily rules of the open day, then open the next."""
    world = books.world
    pay_claims(books)
    for order in settling(world, world.open_day):
        settle(books, order)
        after_event(books, since=books.event)
    _run_releases(books)
    world.released_until = world.open_day
    if not world.is_wound_up:
        for step in world.program.splits:
            divide_pools(books, step)
    run_queues(books)
    ranks.recompute(world, since=world.next_event)
    tasks.end_day(world)
    world.run_events.append(books.event)
    world.open_day += 1


def run_queues(books: Books) -> None:
    """Phases 6 and 7: queues, forced exits."""
    program = books.world.program
    for step in program.queues:
        serve(books, step)
    for step in program.daily_exits:
        run_exits(books, step)


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
    if not world.program.schedules or world.lots.size == 0:
        return
    from jifen.engine.daily import run_pass

    found = run_pass(world)
    for walk in found.walks:
        _without(books, walk)
    short = list(_shortfalls(books, found.phases))
    _end_runs(world, found, [phase for phase, _ in short if phase.is_scheduled])
    for phase, rationing in short:
        _cut(books, phase, rationing)
    for phase in found.phases:
        if phase.by_day:
            runs.add_releases(world, phase.step, phase.lot, (world.open_day, world.open_day), phase.due, phase.points)
        elif not phase.is_scheduled:
            post_walk(books, phase)
        post_transfers(books, phase)


def _without(books: Books, walk: "Walked") -> None:
    """What receivers' lots could not give of a walk: the whole of it may wait for their next lot, else it is lost."""
    step, some = walk.step, np.ones(len(walk.given), dtype=np.bool_)
    if step.gate.no_lot == "bank":
        some = walk.given > 0
        _bank_all(books, step, walk.receivers[~some], walk.wanted[~some])
    _forfeit(books, step, walk.receivers[some], walk.wanted[some] - walk.given[some])


def _bank_all(books: Books, step: Step, members: Narrow, wanted: Column) -> None:
    """Bank the whole payments of members without a live lot."""
    world, terms = books.world, books.world.terms_of(step.asset)
    for member, points in zip(members.tolist(), wanted.tolist(), strict=True):
        row = world.payments.add(
            member=member, rule=world.rule_names.number(step.rule.id), index=step.index, version=world.version,
            event=books.event, day=world.open_day, wanted=points, paid=points, banked=points, terms=terms,
            first_release=world.releases.size, before_of_member=world.members.last_payment.item(member),
        )  # fmt: skip
        world.members.last_payment[member] = row
        bank(world, row)


def _forfeit(books: Books, step: Step, members: Narrow, points: Column) -> None:
    """Write what lots could not take."""
    if len(members) == 0:
        return
    rule = books.world.rule_names.number(step.rule.id)
    books.writer.forfeits(
        len(members), event=books.event, day=books.world.open_day, rule=rule, member=members, points=points
    )


def _end_runs(world: World, found: "Found", short: list[Phase]) -> None:
    """Write the runs of equal days that have ended: in a store that is paid in part today, all of them yesterday."""
    today, ended = world.open_day, found.ended
    world.lots.run_first[ended.lots] = ended.first
    for phase in short:
        runs.end_runs(world, phase.lot, today - 1)
        phase.by_day = True
    going = np.flatnonzero(world.lots.run_first[ended.lots] != NONE)
    going = going[np.argsort(ended.lots[going])]  # the pass finds them in no order that lasts
    lots, beyond = ended.lots[going], ended.beyond[going]
    runs.end_runs(world, lots, ended.full[going])
    for phase in found.phases:
        if phase.is_scheduled:
            store = world.stores.numbers[phase.step.schedule.lots]
            last = np.flatnonzero((beyond > 0) & (world.lots.store[lots] == store))
            runs.add_releases(world, phase.step, lots[last], (today, today), beyond[last])


def _shortfalls(books: Books, phases: list[Phase]) -> Iterator[tuple[Phase, Rationing]]:
    """The phases that the reserve or a pool cannot pay in full, in plan order, with what cuts them.

    The reserve's shortfall is shared as the plan says; a pool pays in order until it is empty.
    """
    world = books.world
    for fund in sorted({world.terms[phase.terms][2] for phase in phases} - {FROM_MERCHANT}):
        paid = [phase for phase in phases if world.terms[phase.terms][2] == fund]
        wanted = sum(exact_sum(asset_of(world, phase)) for phase in paid)
        rule = world.program.on_shortfall if fund == FROM_RESERVE else "defer"
        rationing = Rationing(rule, books.available(fund), wanted)
        if not rationing.enough:
            yield from ((phase, rationing) for phase in paid)


def _cut(books: Books, phase: Phase, rationing: Rationing) -> None:
    """Cut each payment of a phase to what it is allowed, receivers in joining order; lots have the rest again.

    What a pool does not have for a walk is lost.
    """
    world, due, lots = books.world, phase.due.tolist(), phase.lot.tolist()
    phase.points = phase.due.copy()
    bounds = [*phase.starts.tolist(), len(due)]
    for payment in np.argsort(phase.member[phase.starts], kind="stable").tolist():
        first, end = bounds[payment], bounds[payment + 1]
        allowed = rationing.cut(due[first:end], world.terms[phase.terms][1])
        phase.points[first:end] = allowed
        for row, points in zip(range(first, end), allowed, strict=True):
            if lots[row] != NONE:
                untake(world, lots[row], due[row] - points)
    if world.terms[phase.terms][2] != FROM_RESERVE and not phase.is_scheduled:
        lost = np.zeros(world.members.size, dtype=np.int64)
        np.add.at(lost, phase.member, phase.due - phase.points)
        _forfeit(books, phase.step, np.flatnonzero(lost).astype(np.int32), lost[lost > 0])
        phase.due = phase.points
