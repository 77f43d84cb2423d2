"""What one daily rule takes from lots or a pool, in columns; how it is written into the world and the journal.

Portions stand in order; those of one payment stand together.
"""

from dataclasses import dataclass

import numpy as np

from jifen.core.micros import MICRO
from jifen.engine.books import FROM_RESERVE, Books, place_of
from jifen.engine.columns import Column
from jifen.engine.payments import owe
from jifen.engine.program import Step
from jifen.engine.tables import NONE
from jifen.engine.world import World
from jifen.ledger.journal import Account

__all__ = ["Phase", "asset_of", "payments_of", "post_scheduled", "post_transfers", "post_walk"]


@dataclass(slots=True)
class Phase:
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
    """Of each payment: the points wanted; where a pool is divided the receiver's weight."""

    @classmethod
    def without_lots(cls, step: Step, terms: int, members: Column, wanted: Column) -> "Phase":
        """What these members want, where no lot needs to give it; ``wanted`` is by member."""
        points, nothing = wanted[members], np.full(len(members), NONE, dtype=np.int64)
        return cls(step, terms, members, nothing, points, points.copy(), np.arange(len(members)), points)

    @property
    def free(self) -> bool:
        """Whether no lot gives it."""
        return len(self.lot) > 0 and self.lot.item(0) == NONE


def payments_of(member: Column) -> tuple[Column, Column]:
    """(where each payment starts, the payment of each portion) of portions that stand by receiver."""
    starts = np.flatnonzero(np.diff(member, prepend=-1))
    return starts, np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(member))))


def asset_of(world: World, phase: Phase) -> Column:
    """What each portion pays: ⌊points × per_point⌋."""
    per_point = world.terms[phase.terms][1]
    return phase.points // MICRO * per_point + phase.points % MICRO * per_point // MICRO


def post_scheduled(world: World, phase: Phase, event: int) -> None:
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


def post_walk(books: Books, phase: Phase) -> None:
    """Rows of payments of a run that stand on others' releases, or on a pool; and their portions."""
    if phase.free:
        _post_free(books, phase)
    else:
        _post_portions(books.world, phase, books.event)


def _post_free(books: Books, phase: Phase) -> None:
    """Rows of payments that no lot gives; what the reserve could not pay of them it owes."""
    world, payments = books.world, books.world.payments
    first = payments.extend(
        len(phase.member), member=phase.member, rule=world.rule_names.number(phase.step.rule.id),
        index=phase.step.index, version=world.version, event=books.event, day=world.open_day, wanted=phase.wanted,
        paid=phase.due, released=phase.points, terms=phase.terms, first_release=world.releases.size,
        before_of_member=world.members.last_payment[phase.member],
    )  # fmt: skip
    world.members.last_payment[phase.member] = np.arange(first, first + len(phase.member))
    for at in np.flatnonzero(phase.due > phase.points).tolist():
        owe(books, first + at, phase.step.rule.id, int(phase.due[at] - phase.points[at]))


def _post_portions(world: World, phase: Phase, event: int) -> None:
    """Rows of payments that lots give, and of each lot's portion."""
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
    """What each lot's order has kept (by lines where it stands on a weighting of them), 0 for one that stays whole."""
    kept = np.where(world.lots.kept_then[lot] == 0, 0, world.orders.kept[order])
    for at in np.flatnonzero(world.lots.key[lot] != NONE).tolist():
        kept[at] = world.kept(int(order[at]), int(world.lots.key[lot[at]]))
    return kept


def _returned_now(world: World, lot: Column, order: Column) -> Column:
    """What each lot's order has given back under ``upstream: reverse``, weighted like ``_kept_now``."""
    returned = np.where(world.lots.kept_then[lot] == 0, 0, world.orders.returned[order])
    for at in np.flatnonzero(world.lots.key[lot] != NONE).tolist():
        returned[at] = world.returned(int(order[at]), int(world.lots.key[lot[at]]))
    return returned


def post_transfers(books: Books, phase: Phase) -> None:
    """The transfers of a phase, and the balances they change."""
    world = books.world
    amounts = asset_of(world, phase)
    written = (amounts > 0) | (phase.points > 0)
    amounts, member, lot = amounts[written], phase.member[written], phase.lot[written]
    asset, _, fund = world.terms[phase.terms]
    kind, number = place_of(fund)
    on_lot = {} if phase.free else {"lot": lot, "drained": phase.points[written], "order": world.lots.order[lot]}
    books.writer.columns(
        len(lot), event=books.event, day=world.open_day, rule=world.rule_names.number(phase.step.rule.id),
        from_kind=kind, from_id=number, to_kind=Account.WALLET, to_id=member, asset=asset, amount=amounts,
        version=world.version, **on_lot,
    )  # fmt: skip
    np.add.at(world.wallets[asset], member, amounts)
    gate = phase.step.rule.gate
    if gate is not None and gate.drain == world.program.debt_store:
        world.token_touched.update(member.tolist())  # what is left of these lots may be what an exit goes by
    if fund == FROM_RESERVE:
        world.reserve -= int(amounts.sum())
    elif fund >= 0:
        world.pool_balance[fund] -= int(amounts.sum())
