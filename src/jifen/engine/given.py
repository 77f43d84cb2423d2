"""Payments and releases by number, in whichever table they are.

What a run pays out of lots is most of all that a world remembers. It has tables with few columns (``PhasePayments``,
``Portions``), and what is alike in all of a rule's payments of a run is said once (``Phases``). Their rows are numbered
from -2 down, so that a member's payments and a lot's releases are one chain each, through both kinds of tables.
"""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from jifen.engine.columns import Column
from jifen.engine.state import State
from jifen.engine.tables import NONE

__all__ = [
    "IN_RUN", "Payment", "Release", "days_of", "kind_of", "mirrored", "payment_at", "payment_before", "payments_of",
    "portions_of", "reason_of", "release_at", "release_before",
]  # fmt: skip

IN_RUN = 2
"""The kind of releases that a run takes for a payment."""


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment; see the columns of ``Payments``."""

    member: int
    rule: int
    index: int
    version: int
    event: int
    day: int
    order: int
    wanted: int
    paid: int
    terms: int


@dataclass(frozen=True, slots=True)
class Release:
    """A release; see the columns of ``Releases``."""

    lot: int
    kind: int
    rule: int
    version: int
    points: int
    payment: int
    terms: int


def mirrored(rows: Any) -> Any:
    """The numbers of rows of ``PhasePayments`` or ``Portions``, or the rows with such numbers: one or many."""
    return NONE - 1 - rows


def payment_at(world: State, number: int) -> Payment:
    """A payment by its number."""
    if number >= 0:
        return Payment(**{field.name: getattr(world.payments, field.name).item(number) for field in fields(Payment)})
    payments, phases, row = world.phase_payments, world.phases, mirrored(number)
    phase = int(_phases_of(world, row))
    rule, index, version, event, day, terms = (
        getattr(phases, name).item(phase) for name in ("rule", "index", "version", "event", "day", "terms")
    )
    member, wanted, paid = (getattr(payments, name).item(row) for name in ("member", "wanted", "paid"))
    return Payment(member, rule, index, version, event, day, NONE, wanted, paid, terms)


def release_at(world: State, number: int) -> Release:
    """A release by its number."""
    if number >= 0:
        return Release(**{field.name: getattr(world.releases, field.name).item(number) for field in fields(Release)})
    portions, row = world.portions, mirrored(number)
    number = mirrored(portions.payment.item(row))
    payment = payment_at(world, number)
    lot, points = portions.lot.item(row), portions.points.item(row)
    return Release(lot, IN_RUN, payment.rule, payment.version, points, number, payment.terms)


def reason_of(world: State, number: int) -> tuple[int, int]:
    """(rule, terms) of a release by its number."""
    if number >= 0:
        return world.releases.rule.item(number), world.releases.terms.item(number)
    phase = int(_phases_of(world, world.portions.payment.item(mirrored(number))))
    return world.phases.rule.item(phase), world.phases.terms.item(phase)


def kind_of(world: State, number: int) -> int:
    """The kind of a release by its number."""
    return IN_RUN if number < 0 else world.releases.kind.item(number)


def payment_before(world: State, number: int) -> int:
    """The receiver's payment before this one, or NONE."""
    if number >= 0:
        return world.payments.before_of_member.item(number)
    return world.phase_payments.before_of_member.item(mirrored(number))


def release_before(world: State, number: int) -> int:
    """The lot's release before this one, or NONE."""
    if number >= 0:
        return world.releases.before.item(number)
    return world.portions.before.item(mirrored(number))


def portions_of(world: State, number: int) -> slice:
    """The rows of ``Portions`` of a payment of a phase."""
    payments, row = world.phase_payments, mirrored(number)
    last = row + 1 == payments.size
    return slice(payments.first.item(row), world.portions.size if last else payments.first.item(row + 1))


def days_of(world: State, numbers: Column) -> tuple[Column, Column]:
    """(first day, last day) of releases by number."""
    single, releases = numbers >= 0, world.releases
    first, last = np.empty((2, len(numbers)), dtype=np.int64)
    first[single], last[single] = releases.first_day[numbers[single]], releases.last_day[numbers[single]]
    phases = _phases_of(world, world.portions.payment[mirrored(numbers[~single])])
    first[~single] = last[~single] = world.phases.day[phases]
    return first, last


def payments_of(world: State, numbers: Column, names: tuple[str, ...]) -> list[Column]:
    """Fields of ``Payment``, each as a column, of payments by number."""
    single = numbers >= 0
    rows = mirrored(numbers[~single])
    phase, found = _phases_of(world, rows), []
    for name in names:
        column = np.full(len(numbers), NONE, dtype=np.int64)
        column[single] = getattr(world.payments, name)[numbers[single]]
        if name in world.phases.names():
            column[~single] = getattr(world.phases, name)[phase]
        elif name in world.phase_payments.names():
            column[~single] = getattr(world.phase_payments, name)[rows]
        found.append(column)
    return found


def _phases_of(world: State, rows: Any) -> Any:
    """The phases of rows of ``PhasePayments``, one or many."""
    return np.searchsorted(world.phases.first[: world.phases.size], rows, side="right") - 1
