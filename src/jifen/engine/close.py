"""The close of a business day: the daily rules, phase after phase, plan order inside each.

1 settle orders whose refund window ended · 2 ranks and weights are those of now · 3 scheduled release of all members ·
4 walks over it · 5 pools · 6 queues · 7 forced exits · 8 ranks for the next run. Phases 3 and 4 are kernels over
columns; they see merchant funding, and where the reserve falls short its share is given back to the lots.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from jifen.core.micros import MICRO
from jifen.engine import ranks
from jifen.engine.books import FROM_RESERVE, Books, place_of
from jifen.engine.columns import Column, check_range
from jifen.engine.exits import run_exits
from jifen.engine.order import settle, settling
from jifen.engine.payments import Rationing, bank, terms_of, untake
from jifen.engine.program import Step
from jifen.engine.queues import serve
from jifen.engine.tables import NONE
from jifen.engine.walks import generation_rates
from jifen.engine.world import World
from jifen.ledger.journal import FORFEIT, TRANSFER, Account
from jifen.plan.model import Lots

__all__ = [
    "after_event",
    "close_day",
]


@dataclass(slots=True)
class _Phase:
    """What one daily rule takes from lots: portions in order; those of one payment stand together.

    ``payment`` numbers the payments from 0 (each lot by itself for a scheduled release).
    """

    step: Step
    terms: int
    member: Column
    lot: Column
    due: Column
    """Points before the reserve fell short."""
    points: Column
    payment: Column
    wanted: Column
    """Of each payment."""


def close_day(books: Books) -> None:
    """Run the daily rules of the open day, then open the next."""
    world = books.world
    for order in settling(world, world.open_day):
        settle(books, order)
        after_event(books, since=books.event)
    _run_releases(books)
    for step in world.program.queues:
        serve(books, step)
    for step in world.program.daily_exits:
        run_exits(books, step)
    ranks.recompute(world, since=world.next_event)
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
    phases: list[_Phase] = []
    sums = np.zeros(world.members.size, dtype=np.int64)
    for step in world.program.schedules:
        phase, released = _scheduled(world, step)
        phases.append(phase)
        sums += released
    check_range(sums, 1)
    if sums.any():
        phases += [_walked(books, step, sums) for step in world.program.walks]
    _ration(world, [phase for phase in phases if world.terms[phase.terms][2] == FROM_RESERVE])
    for phase in phases:
        if phase.payment is phase.lot:
            _post_scheduled(world, phase, books.event)
        else:
            _post_walk(world, phase, books.event)
        _post_transfers(books, phase)


def _scheduled(world: World, step: Step) -> tuple[_Phase, Column]:
    """The scheduled release of one store's lots, and its sum by member."""
    from jifen.engine.kernels.daily import release_scheduled

    amount = step.schedule
    lots, kind = world.lots, world.program.plan.stores[amount.lots]
    chains = world.chains[world.stores.numbers[amount.lots]]
    lot, points, sums = release_scheduled(
        world.open_day, isinstance(kind, Lots) and kind.mode == "sequential", chains.head[: world.members.size],
        lots.after, (lots.remaining, lots.daily, lots.eligible_from, lots.emptied_on),
    )  # fmt: skip
    phase = _Phase(step, terms_of(world, step.asset), lots.member[lot], lot, points, points.copy(), lot, points)
    return phase, sums


def _walked(books: Books, step: Step, sums: Column) -> _Phase:
    """One daily walk: what everyone wants of his descendants' releases, taken from his lots."""
    from jifen.engine.kernels.daily import drain_wanted

    world, gate = books.world, step.gate
    wanted = _wanted_of(world, step, sums)
    chains = world.chains[world.stores.numbers[step.drains]]
    member, lot, points = drain_wanted(
        world.open_day, wanted, gate.spill == "forfeit", (chains.head[: world.members.size], world.lots.after),
        (world.lots.remaining, world.lots.emptied_on),
    )  # fmt: skip
    terms = terms_of(world, step.asset)
    starts = np.flatnonzero(np.diff(member, prepend=-1))
    payment = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(member))))
    phase = _Phase(step, terms, member, lot, points, points.copy(), payment, wanted[member[starts]])
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
    levels = np.array([*ladder.levels, 0], dtype=np.int64)[world.places(who.ranks or "")]
    if who.by == "rank":
        return daily.team_wanted(upward, parent, sums, levels, np.array(ladder.rates, dtype=np.int64))
    lower = int(who.applies == "equal_or_lower")
    return daily.peer_wanted(upward, parent, sums, levels, (len(ladder.rates), amount.rates[0], who.most, lower))


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
    rows = np.empty(len(members), dtype=FORFEIT)
    rows["event"], rows["day"] = books.event, books.world.open_day
    rows["rule"] = books.world.rule_names.number(step.rule.id)
    rows["member"], rows["points"] = members, points
    books.writer.forfeits(rows)


def _ration(world: World, phases: list[_Phase]) -> None:
    """Cut the run's payments to what the reserve has; what is not paid returns to its lots."""
    rationing = Rationing(world, sum(int(_asset_of(world, phase).sum()) for phase in phases))
    if rationing.enough:
        return
    for phase in phases:
        due, lots = phase.due.tolist(), phase.lot.tolist()
        starts = np.flatnonzero(np.diff(phase.payment, prepend=-1)).tolist()
        for first, end in pairwise([*starts, len(due)]):
            allowed = rationing.cut(due[first:end], world.terms[phase.terms][1])
            phase.points[first:end] = allowed
            for row, points in zip(range(first, end), allowed, strict=True):
                untake(world, lots[row], due[row] - points)


def _asset_of(world: World, phase: _Phase) -> Column:
    """What each portion pays: ⌊points × per_point⌋."""
    per_point = world.terms[phase.terms][1]
    return phase.points // MICRO * per_point + phase.points % MICRO * per_point // MICRO


def _post_scheduled(world: World, phase: _Phase, event: int) -> None:
    """Rows of scheduled releases; one that goes on as yesterday only lives a day longer."""
    lots, releases = world.lots, world.releases
    going = lots.open_release[phase.lot]
    same = (
        (going != NONE)
        & (releases.last_day[going] == world.open_day - 1)
        & (releases.base[going] == phase.due)
        & (releases.points[going] == phase.points)
        & (releases.terms[going] == phase.terms)
        & (releases.rule[going] == world.rule_names.number(phase.step.rule.id))
    )
    releases.last_day[going[same]] = world.open_day
    new = np.flatnonzero(~same)
    lot = phase.lot[new]
    order = lots.order[lot]
    first = releases.extend(
        len(new), lot=lot, before=lots.last_release[lot], kind=1, first_day=world.open_day, last_day=world.open_day,
        event=event, rule=world.rule_names.number(phase.step.rule.id), version=world.version, base=phase.due[new],
        points=phase.points[new], terms=phase.terms, kept_then=_kept_now(world, lot, order),
        returned_then=_returned_now(world, lot, order),
    )  # fmt: skip
    rows = np.arange(first, first + len(new))
    lots.last_release[lot] = rows
    lots.open_release[lot] = rows


def _post_walk(world: World, phase: _Phase, event: int) -> None:
    """Rows of a walk's payments and their portions."""
    paid = phase.points > 0
    member, lot, points, payment = phase.member[paid], phase.lot[paid], phase.points[paid], phase.payment[paid]
    if len(lot) == 0:
        return
    payments, releases, lots = world.payments, world.releases, world.lots
    numbers, starts, counts = np.unique(payment, return_index=True, return_counts=True)
    cumulated = np.cumsum(points) - points
    totals = np.add.reduceat(points, starts)
    rule = world.rule_names.number(phase.step.rule.id)
    receivers = member[starts]
    first = payments.extend(
        len(numbers), member=receivers, rule=rule, index=phase.step.index, version=world.version, event=event,
        day=world.open_day, wanted=phase.wanted[numbers], paid=totals, terms=phase.terms,
        first_release=releases.size + starts, portions=counts, before_of_member=world.members.last_payment[receivers],
    )  # fmt: skip
    rows = np.arange(first, first + len(numbers))
    world.members.last_payment[receivers] = rows
    order = lots.order[lot]
    start = releases.extend(
        len(lot), lot=lot, before=lots.last_release[lot], kind=2, first_day=world.open_day, last_day=world.open_day,
        event=event, rule=rule, version=world.version, base=points, points=points,
        payment=np.repeat(rows, counts), older=cumulated - np.repeat(cumulated[starts], counts), terms=phase.terms,
        kept_then=_kept_now(world, lot, order), returned_then=_returned_now(world, lot, order),
    )  # fmt: skip
    lots.last_release[lot] = np.arange(start, start + len(lot))


def _kept_now(world: World, lot: Column, order: Column) -> Column:
    """What each lot's order has kept (weighted by lines where the lot stands on such a weighting), 0 without one."""
    kept = np.where(order == NONE, 0, world.orders.kept[order])
    for at in np.flatnonzero(world.lots.key[lot] != NONE).tolist():
        kept[at] = world.kept(int(order[at]), int(world.lots.key[lot[at]]))
    return kept


def _returned_now(world: World, lot: Column, order: Column) -> Column:
    """What each lot's order has given back under ``upstream: reverse``, weighted like ``_kept_now``."""
    returned = np.where(order == NONE, 0, world.orders.returned[order])
    for at in np.flatnonzero(world.lots.key[lot] != NONE).tolist():
        returned[at] = world.returned(int(order[at]), int(world.lots.key[lot[at]]))
    return returned


def _post_transfers(books: Books, phase: _Phase) -> None:
    """The transfers of a phase, and the balances they change."""
    world = books.world
    amounts = _asset_of(world, phase)
    written = (amounts > 0) | (phase.points > 0)
    amounts, member, lot = amounts[written], phase.member[written], phase.lot[written]
    asset, _, fund = world.terms[phase.terms]
    kind, number = place_of(fund)
    rows = np.empty(len(lot), dtype=TRANSFER)
    rows["event"], rows["day"], rows["version"] = books.event, world.open_day, world.version
    rows["rule"] = world.rule_names.number(phase.step.rule.id)
    rows["from_kind"], rows["from_id"] = kind, number
    rows["to_kind"], rows["to_id"] = Account.WALLET, member
    rows["asset"], rows["amount"], rows["lot"] = asset, amounts, lot
    rows["drained"], rows["order"] = phase.points[written], world.lots.order[lot]
    rows["line"], rows["reason"] = NONE, NONE
    books.writer.transfers(rows)
    np.add.at(world.wallets[asset], member, amounts)
    if fund == FROM_RESERVE:
        world.reserve -= int(amounts.sum())
