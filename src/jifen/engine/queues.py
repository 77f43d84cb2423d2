"""The head of the queue, by unlock day, then arrival: paid in full while the pool can, or for so many newcomers."""

from collections.abc import Iterator

import numpy as np

from jifen.core.micros import MICRO
from jifen.engine import lines
from jifen.engine.books import Books, On, place_of
from jifen.engine.payments import Draft, Portion, affordable_points, post, take
from jifen.engine.program import Step
from jifen.engine.tables import NONE
from jifen.engine.world import World
from jifen.ledger.journal import Account
from jifen.plan.model import Asset, Head

__all__ = ["serve", "serve_newcomers"]


_AT_ONCE = 1 << 13
"""So many lots of a queue are looked at together."""


def _unlocked(world: World, store: int) -> Iterator[tuple[int, int]]:
    """(lot, what it is owed) of one queue's lots that may be served today, in serving order; few are, mostly."""
    lots, count = world.lots, world.lots.size
    unlock = lots.eligible_from[:count]
    found = np.flatnonzero((lots.store[:count] == store) & (unlock <= world.open_day))
    ordered = found[np.argsort(unlock[found], kind="stable")]
    for first in range(0, len(ordered), _AT_ONCE):
        some = ordered[first : first + _AT_ONCE]
        owed = lots.remaining[some]
        yield from zip(some[owed > 0].tolist(), owed[owed > 0].tolist(), strict=True)


def serve(books: Books, step: Step) -> None:
    """Pay heads in full while the pool has what they are owed; ``skip`` passes over those it cannot pay."""
    world, who, pay = books.world, step.rule.who, step.rule.pay
    if not isinstance(who, Head) or not isinstance(pay, Asset):
        return
    if step.gate.newcomers is not None:
        post(books, serve_newcomers(books, step))
        return
    terms = world.terms_of(pay)
    asset, per_point, fund = world.terms[terms]
    rule = world.rule_names.number(step.rule.id)
    for lot, owed in _unlocked(world, world.stores.numbers[who.lots]):
        if owed > affordable_points(books.available(fund), per_point):
            if who.line == "strict":
                return
            continue
        member, order = world.lots.member.item(lot), world.lots.order.item(lot)
        take(world, lot, owed)
        world.lots.last_release[lot] = world.releases.add(
            lot=lot, before=world.lots.last_release.item(lot), kind=2, first_day=world.open_day,
            last_day=world.open_day, rule=rule, version=world.version, base=owed, points=owed,
            terms=terms, kept_then=world.kept_of_lot(lot), returned_then=world.returned_of_lot(lot),
        )  # fmt: skip
        paid, on = owed * per_point // MICRO, On(lot=lot, drained=owed, order=order)
        books.move(step.rule.id, place_of(fund), (Account.WALLET, member), paid, asset, on)


def serve_newcomers(books: Books, step: Step) -> list[Draft]:
    """Pay the head for every ``newcomers`` that have come, each head once.

    Where the fund falls short a head keeps what it was not paid and stays in line; its newcomers are used up.
    """
    world, store, group = books.world, books.world.stores.numbers[step.head.lots], step.gate.newcomers or 1
    drafts: list[Draft] = []
    while world.newcomers.get(store, 0) >= group:
        lot = lines.first(world, store)
        if lot == NONE or world.lots.eligible_from.item(lot) > world.open_day:
            break
        world.newcomers[store] -= group
        lines.leave(world, store)
        drafts.append(_drawn(books, step, lot))
    for draft in drafts:
        if world.lots.remaining.item(draft.portions[0].lot):
            lines.enter(world, draft.portions[0].lot)
    return drafts


def _drawn(books: Books, step: Step, lot: int) -> Draft:
    """All that a head is owed, out of a pool no more than it has."""
    world = books.world
    owed, terms = world.lots.remaining.item(lot), world.terms_of(step.asset)
    _, per_point, fund = world.terms[terms]
    draft = Draft(step.rule.id, step.index, world.lots.member.item(lot), owed, terms)
    if fund >= 0:
        promised = books.promised.get(fund, 0)
        owed = min(owed, affordable_points(books.available(fund) - promised, per_point))
        books.promised[fund] = promised + owed * per_point // MICRO
    draft.portions.append(Portion(lot, take(world, lot, owed)))
    return draft
