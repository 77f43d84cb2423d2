"""Explain: where each amount of a member came from, and who was passed over on the way.

The same attribution as a refund's (``sources``): the part of a source is ⌊⌊rate × base⌋ × paid ÷ wanted⌋, the dust
stays with the receiver. Nothing is stored for it: trees, ranks and versions of that day are looked up in their dated
changes. Reading one member needs no compiled code.
"""

from collections.abc import Iterator

import numpy as np

from jifen.core.micros import MICRO
from jifen.engine import given, sources
from jifen.engine.books import WIND_UP, WRITTEN_OFF
from jifen.engine.curve import standing_sales
from jifen.engine.explain_lots import Explanation, Passed, Source, granted, lot_source
from jifen.engine.explain_walks import Detail, passed_over, payment_sources
from jifen.engine.refund import is_tokens, standing_rows
from jifen.engine.tables import NONE
from jifen.engine.weights import standing_weight
from jifen.engine.world import World

__all__ = ["Explanation", "Passed", "Source", "explain", "passed_over"]


def explain(world: World, member: str, day: int | None = None, most: int = 20) -> list[Explanation]:
    """Everything the member was granted and paid on ``day`` (``None``: on all days, without sources of daily walks).

    ``most`` limits how many sources of one payment say who was passed over. ``LookupError`` for an unknown member.
    """
    if member not in world.member_ids.numbers:
        raise LookupError(f"no member {member!r}")
    row = world.member_ids.numbers[member]
    detail = Detail(0 if day is None else most)
    found: list[Explanation] = []
    for store in world.chains:
        for lot in world.lots_of(row, store):
            found += granted(world, lot, day)
            found += _sold(world, lot, day) if is_tokens(world, lot) else _released(world, lot, day, detail)
    found += _paid(world, row, day, detail)
    found += _weighed(world, row, day)
    return sorted(found, key=lambda each: each.day)


def _released(world: World, lot: int, day: int | None, detail: Detail) -> Iterator[Explanation]:
    """Everything that was taken out of a lot of points."""
    taken = [(given.release_at(world, row[0]), row) for row in standing_rows(world, lot)]
    # On one day events come first, then what the lot gives by itself, then the walks of the run.
    for release, (number, first, last, stands) in sorted(taken, key=lambda each: each[0].kind):
        for on in range(first, last + 1) if day is None else [day] if first <= day <= last else []:
            asset, per_point, _ = world.terms[release.terms]
            if release.payment == NONE:
                parts, dust = lot_source(world, lot, number), 0
            else:
                parts = payment_sources(world, release.payment, detail)
                dust = given.payment_at(world, release.payment).paid - sum(part.points for part in parts)
            scheduled = release.kind == sources.SCHEDULED
            version = world.version_at(world.run_event(on)) if scheduled else release.version
            yield Explanation(
                day=on, rule=world.rule_names.names[release.rule],
                amount=release.points * per_point // MICRO, stands=stands * per_point // MICRO,
                asset=world.assets.names[asset] if per_point else world.stores.names[world.lots.store.item(lot)],
                points=release.points, lot=world.cause_of(lot),
                plan=world.programs[version].plan.digest, sources=parts, dust=dust,
            )  # fmt: skip


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


def _paid(world: World, member: int, day: int | None, detail: Detail) -> Iterator[Explanation]:
    """Every payment that no lot gave, oldest first, and what the reserve paid of it later."""
    payments = world.payments
    rows, number = [], world.members.last_payment.item(member)
    while number != NONE:
        if number >= 0 and payments.released.item(number) != NONE:
            rows.append(number)
        number = given.payment_before(world, number)
    for row in reversed(rows):
        dated = list(_dated(world, row))
        asset, per_point, _ = world.terms[payments.terms.item(row)]
        stands, before = payments.paid.item(row) - payments.lost.item(row), 0
        for on, rule, part in dated:
            upto = before + part if rule != WRITTEN_OFF else before
            amount, left = (
                end * per_point // MICRO - start * per_point // MICRO
                for start, end in ((before, upto), (min(before, stands), min(upto, stands)))
            )
            before = upto
            if day not in (None, on):
                continue
            parts = payment_sources(world, row, detail)
            yield Explanation(
                day=on, rule=rule, amount=amount, stands=left,
                asset=world.assets.names[asset], points=part, lot="",
                plan=world.programs[payments.version.item(row)].plan.digest, sources=parts,
                dust=payments.paid.item(row) - sum(each.points for each in parts), owed=world.owed_of(row),
            )  # fmt: skip


def _dated(world: World, payment: int) -> Iterator[tuple[int, str, int]]:
    """(day, rule, points) of a payment that no lot gave: at once, in later runs, and when the plan was wound up."""
    payments, owings = world.payments, world.owings
    found = np.flatnonzero(owings.payment[: owings.size] == payment).tolist() if owings.size else []
    later = [(owings.event.item(each), owings.day.item(each), -owings.points.item(each)) for each in found]
    rule = world.rule_names.names[payments.rule.item(payment)]
    yield payments.day.item(payment), rule, payments.paid.item(payment) + sum(part for _, _, part in later[:1])
    ends = {end.event: WIND_UP for end in world.wound_up} | {NONE: WRITTEN_OFF}
    for event, day, part in later[1:]:
        yield day, ends.get(event, rule), part


def _weighed(world: World, member: int, day: int | None) -> Iterator[Explanation]:
    """Everything the member was given of weights, oldest first."""
    weighed = world.weighed
    rows, row = [], world.members.last_weighed.item(member)
    while row != NONE:
        if day in (None, weighed.day.item(row)):
            rows.append(row)
        row = weighed.before_of_member.item(row)
    for row in reversed(rows):
        order, amount = weighed.order.item(row), weighed.amount.item(row)
        plan = world.programs[weighed.version.item(row)].plan
        parts: tuple[Source, ...] = ()
        cause = world.event_ids.names[weighed.event.item(row)]
        if order != NONE:
            cause, kept = world.order_ids.names[order], weighed.kept_then.item(row)
            buyer = world.member_ids.names[world.orders.member.item(order)]
            parts = (Source(buyer, cause, "1", kept, amount * MICRO // kept, amount),)
        yield Explanation(
            day=weighed.day.item(row), rule="admin" if order == NONE else plan.rules[weighed.rule.item(row)].id,
            amount=amount, stands=standing_weight(world, row), asset=world.stores.names[weighed.store.item(row)],
            points=amount, lot=cause, plan=plan.digest, sources=parts,
        )  # fmt: skip
