"""Attribution: the part each source has in a payment.

A daily walk's payment sums many releases and is floored once. The part of a source is
⌊⌊rate × base⌋ × paid ÷ wanted⌋; the dust stays with the receiver. Parts are not stored: they are worked out here from
each lot's releases and the dated changes of ranks, sponsors and versions. Refund and explanation both use them.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from jifen.core.micros import MICRO
from jifen.engine import given, runs
from jifen.engine.columns import Column
from jifen.engine.program import Step
from jifen.engine.ranks import place_at
from jifen.engine.tables import NONE
from jifen.engine.walks import rates_up
from jifen.engine.world import World

__all__ = [
    "SCHEDULED",
    "Part",
    "kept_at_release",
    "losses",
    "lots_of_payment",
    "parent_at",
    "parts_of_order",
    "scheduled_rows",
    "walkers_on",
]

SCHEDULED = 1


@dataclass(frozen=True, slots=True)
class Part:
    """What an order has in one payment: ``points`` made while ``kept`` of it was kept and ``returned`` given back."""

    payment: int
    points: int
    kept: int
    returned: int
    key: int
    own: bool = False
    """Paid to the buyer himself: ``upstream: keep`` does not leave it to him."""


def parts_of_order(world: World, order: int) -> list[Part]:
    """The order's part in every payment that stands on it, oldest first: not as its releases happen to share rows."""
    payments = world.payments
    parts = []
    row = world.orders.last_payment.item(order)
    while row != NONE:
        kept, returned, key = (
            column.item(row) for column in (payments.kept_then, payments.returned_then, payments.key)
        )
        own = payments.member.item(row) == world.orders.member.item(order)
        parts.append(Part(row, payments.paid.item(row), kept, returned, key, own))
        row = payments.before_of_order.item(row)
    received: dict[int, _Received] = {}
    lot = world.orders.last_lot.item(order)
    while lot != NONE:
        for release in scheduled_rows(world, lot):
            parts += _parts_of_release(world, lot, release, received)
        lot = world.lots.before_of_order.item(lot)
    return sorted(parts, key=lambda part: part.payment)


def scheduled_rows(world: World, lot: int) -> Iterator[int]:
    """The lot's scheduled releases, newest first."""
    kind = world.program.plan.stores.get(world.stores.names[world.lots.store.item(lot)])
    if getattr(kind, "mode", "") == "tokens":
        return
    runs.end(world, lot)
    number = world.lots.last_release.item(lot)
    while number != NONE:
        if number >= 0 and world.releases.kind.item(number) == SCHEDULED:
            yield number
        number = given.release_before(world, number)


@dataclass(frozen=True, slots=True)
class _Received:
    """A member's payments, oldest first, as columns; ``payment`` are their numbers."""

    payment: Column
    day: Column
    index: Column
    version: Column
    order: Column
    wanted: Column
    paid: Column

    @classmethod
    def of(cls, world: World, member: int) -> "_Received":
        """Collect them."""
        from jifen.engine.kernels.stand import chain

        before = world.payments.before_of_member, world.phase_payments.before_of_member
        numbers = chain(world.members.last_payment.item(member), *before)
        names = ("day", "index", "version", "order", "wanted", "paid")
        return cls(numbers, *given.payments_of(world, numbers, names))

    def between(self, first: int, last: int, version: int, index: int) -> Iterator[tuple[int, int, int]]:
        """(number, wanted, paid) of the payments of one daily rule from day ``first`` to day ``last``."""
        fits = (self.day >= first) & (self.day <= last) & (self.order == NONE)
        fits &= (self.index == index) & (self.version == version)
        columns = (self.payment[fits], self.wanted[fits], self.paid[fits])
        return zip(*(column.tolist() for column in columns), strict=True)


def _parts_of_release(world: World, lot: int, release: int, received: dict[int, _Received]) -> Iterator[Part]:
    """The parts that one scheduled release (all its days) has in the payments of its owner's ancestors."""
    releases = world.releases
    base = releases.base.item(release)
    kept, returned = kept_at_release(world, release), releases.returned_then.item(release)
    key = world.lots.key.item(lot)
    day, last = releases.first_day.item(release), releases.last_day.item(release)
    while day <= last:
        version = world.version_at(world.run_event(day))
        walkers, until = walkers_on(world, lot, day, last)
        for member, step, rate in walkers:
            wanted = rate * base // MICRO
            if wanted == 0:
                continue
            if member not in received:
                received[member] = _Received.of(world, member)
            for payment, whole, paid in received[member].between(day, until, version, step.index):
                yield Part(payment, wanted * paid // whole if paid < whole else wanted, kept, returned, key)
        day = until + 1


def kept_at_release(world: World, release: int) -> int:
    """What a lot's order had kept when the lot released; 0 for a lot that stays whole, or without an order."""
    kept = world.releases.kept_then.item(release)
    return kept or world.lots.kept_then.item(world.releases.lot.item(release))


def walkers_on(world: World, lot: int, day: int, last: int) -> tuple[list[tuple[int, Step, int]], int]:
    """Who was paid by daily walks on a lot's release of ``day``: (ancestor, rule, rate); and how long so.

    The second value is the last day, at most ``last``, until which nobody on the way changed rank or sponsor and no
    other version came.
    """
    event = world.run_event(day)
    program = world.programs[world.version_at(event)]
    member = world.lots.member.item(lot)
    seen = {member}
    found = []

    def parent_of(child: int) -> int:
        seen.add(child)
        return parent_at(world, child, event)

    def place_of(ancestor: int, ladder: str) -> int:
        seen.add(ancestor)
        return place_at(world, ancestor, ladder, event)

    for step in program.walks_over(world.stores.names[world.lots.store.item(lot)]):
        for ancestor, rate in rates_up(program, step, parent_of(member), parent_of, place_of):
            if rate > 0:
                found.append((ancestor, step, rate))
    sooner = min(_changes_after(world, seen, event), default=None)
    if sooner is None:
        return found, last
    # The first run that sees the change is that of the first close at or after it.
    changed = world.first_day + bisect_left(world.run_events, sooner)
    return found, min(last, changed - 1)


def _changes_after(world: World, members: set[int], event: int) -> Iterator[int]:
    """From which later events on one of these members had another rank or sponsor, or another version counted."""
    for history in (world.parent_changes, world.appointed_changes, *world.earned_changes.values()):
        yield from filter(None, (history.next_change(member, event) for member in members))
    yield from (since for since, _ in world.version_events if since > event)


def parent_at(world: World, member: int, event: int) -> int:
    """The member's sponsor when an event was handled."""
    return world.parent_changes.at(member, event, world.members.parent.item(member))


def losses(world: World, order: int, parts: list[Part]) -> list[int]:
    """How much of each part no longer stands; what was given back under ``upstream: keep`` does not count."""
    result = []
    for part in parts:
        gone = part.kept - world.kept(order, part.key) if part.own else world.returned(order, part.key) - part.returned
        result.append(0 if gone == 0 else part.points - part.points * (part.kept - gone) // part.kept)
    return result


def lots_of_payment(world: World, payment: int) -> Iterator[int]:
    """The lots a payment drained."""
    if payment < 0:
        yield from world.portions.lot[given.portions_of(world, payment)].tolist()
        return
    payments, releases = world.payments, world.releases
    first = payments.first_release.item(payment)
    for row in range(first, first + payments.portions.item(payment)):
        yield releases.lot.item(row)
    for row in world.bank_releases.get(payment, ()):
        yield releases.lot.item(row)
