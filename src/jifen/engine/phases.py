"""What one daily rule takes from lots or a pool, in columns; how it is written into the world and the journal.

Portions stand in order; those of one payment stand together.
"""

from dataclasses import dataclass

import numpy as np

from jifen.core.errors import ensure
from jifen.core.micros import MICRO
from jifen.engine.books import Books, place_of
from jifen.engine.columns import Column, Narrow
from jifen.engine.given import mirrored
from jifen.engine.payments import owe
from jifen.engine.program import Step
from jifen.engine.runs import kept_now
from jifen.engine.tables import FROM_RESERVE, NONE
from jifen.engine.world import World
from jifen.ledger.journal import Account
from jifen.ledger.rows import Computed, Field
from jifen.plan.model import Schedule

__all__ = ["Phase", "asset_of", "post_transfers", "post_walk"]


@dataclass(slots=True)
class Phase:
    """What one rule of a run takes from lots, or a fund alone: portions, those of one payment beside one another.

    Payments stand in the order in which they were found: of a pass over all members, descendants first.
    """

    step: Step
    terms: int
    member: Narrow
    lot: Narrow
    """NONE throughout where no lot gives it."""
    due: Column
    """Points before the reserve fell short."""
    points: Column
    wanted: Column
    """Of each payment: the points wanted; where a pool is divided the receiver's weight."""
    begins: Narrow | None = None
    """Of each payment: where its portions begin. ``None`` where each has one, as scheduled releases have."""
    by_day: bool = False
    """A scheduled release that has a row for each day."""

    @classmethod
    def scheduled(cls, step: Step, terms: int, given: tuple[Narrow, Narrow, Column], *, by_day: bool) -> "Phase":
        """A scheduled release; ``given`` is (owner, lot, points)."""
        owners, lots, points = given
        return cls(step, terms, owners, lots, points, points, points, by_day=by_day)

    @classmethod
    def without_lots(cls, step: Step, terms: int, members: Narrow, points: Column, wanted: Column) -> "Phase":
        """What these members get, where no lot needs to give it."""
        return cls(step, terms, members, np.full(len(members), NONE, dtype=np.int32), points, points, wanted)

    @property
    def starts(self) -> Narrow:
        """Of each payment: where its portions begin."""
        return np.arange(len(self.lot), dtype=np.int32) if self.begins is None else self.begins

    @property
    def free(self) -> bool:
        """Whether no lot gives it."""
        return len(self.lot) > 0 and self.lot.item(0) == NONE

    @property
    def is_scheduled(self) -> bool:
        """Whether lots give it by themselves."""
        return isinstance(self.step.rule.amount, Schedule)


def asset_of(world: World, phase: Phase) -> Column:
    """What each portion pays: ⌊points × per_point⌋."""
    per_point = world.terms[phase.terms][1]
    if per_point == MICRO:
        return phase.points
    return phase.points // MICRO * per_point + phase.points % MICRO * per_point // MICRO


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
    payments, portions, lots = world.phase_payments, world.portions, world.lots
    member, lot, points, starts, wanted = _paid(phase)
    if len(lot) == 0:
        return
    world.phases.add(
        first=payments.size, rule=world.rule_names.number(phase.step.rule.id), index=phase.step.index,
        version=world.version, event=event, day=world.open_day, terms=phase.terms,
    )  # fmt: skip
    receivers = member[starts]
    first = payments.extend(
        len(starts), member=receivers, wanted=wanted, paid=np.add.reduceat(points, starts),
        first=portions.size + starts, before_of_member=world.members.last_payment[receivers],
    )  # fmt: skip
    rows = np.arange(first, payments.size, dtype=np.int32)
    world.members.last_payment[receivers] = mirrored(rows)
    start = portions.extend(
        len(lot), lot=lot, before=lots.last_release[lot], points=points,
        payment=np.repeat(rows, np.diff(starts, append=len(lot))),
    )  # fmt: skip
    for name, column in zip(("kept_then", "returned_then"), kept_now(world, lot), strict=True):
        portions.put(name, start, column)
    lots.last_release[lot] = mirrored(np.arange(start, portions.size, dtype=np.int32))


def _paid(phase: Phase) -> tuple[Narrow, Narrow, Column, Narrow, Column]:
    """(member, lot, points, starts, wanted) of what is paid at all."""
    if phase.points.all():
        return phase.member, phase.lot, phase.points, phase.starts, phase.wanted
    paid = phase.points > 0
    counts = np.diff(phase.starts, append=len(phase.lot))
    payment = np.repeat(np.arange(len(counts)), counts)[paid]
    numbers, starts = np.unique(payment, return_index=True)
    return phase.member[paid], phase.lot[paid], phase.points[paid], starts.astype(np.int32), phase.wanted[numbers]


def post_transfers(books: Books, phase: Phase) -> None:
    """The transfers of a phase, and the balances they change."""
    from jifen.engine.kernels.run import credit

    world = books.world
    amounts, member, lot, points = asset_of(world, phase), phase.member, phase.lot, phase.points
    written = points > 0
    if not written.all():
        amounts, member, lot, points = amounts[written], member[written], lot[written], points[written]
    asset, _, fund = world.terms[phase.terms]
    kind, number = place_of(fund)
    order = Computed(lambda lots: world.lots.order[lots], (lot,))
    on_lot: dict[str, Field] = {} if phase.free else {"lot": lot, "drained": points, "order": order}
    books.writer.columns(
        len(lot), event=books.event, day=world.open_day, rule=world.rule_names.number(phase.step.rule.id),
        from_kind=kind, from_id=number, to_kind=Account.WALLET, to_id=member, asset=asset, amount=amounts,
        version=world.version, **on_lot,
    )  # fmt: skip
    ensure(credit(world.wallets[asset], member, amounts), "a member would have more of an asset than can be counted")
    gate = phase.step.rule.gate
    if gate is not None and gate.drain == world.program.debt_store:
        world.token_touched.update(member.tolist())  # what is left of these lots may be what an exit goes by
    if fund == FROM_RESERVE:
        world.reserve -= int(amounts.sum())
    elif fund >= 0:
        world.pool_balance[fund] -= int(amounts.sum())
