"""The head of the queue: claims in order of unlock day, then arrival, each paid in full while the pool can."""

from collections.abc import Iterator

from jifen.core.micros import MICRO
from jifen.engine.books import Books, On, place_of
from jifen.engine.payments import affordable_points, take, terms_of
from jifen.engine.program import Step
from jifen.engine.tables import NONE
from jifen.engine.world import World
from jifen.ledger.journal import Account
from jifen.plan.model import Asset, Head

__all__ = ["serve"]


def _unlocked(world: World, store: int) -> Iterator[int]:
    """The lots of one queue that may be served today, in serving order."""
    for lot in world.waiting():
        if world.lots.store.item(lot) == store and world.lots.eligible_from.item(lot) <= world.open_day:
            yield lot


def serve(books: Books, step: Step) -> None:
    """Pay heads in full while the pool has what they are owed; ``skip`` passes over those it cannot pay."""
    world, who, pay = books.world, step.rule.who, step.rule.pay
    if not isinstance(who, Head) or not isinstance(pay, Asset):
        return
    terms = terms_of(world, pay)
    asset, per_point, fund = world.terms[terms]
    rule = world.rule_names.number(step.rule.id)
    for lot in _unlocked(world, world.stores.numbers[who.lots]):
        owed = world.lots.remaining.item(lot)
        if owed > affordable_points(books.available(fund), per_point):
            if who.line == "strict":
                return
            continue
        member, order = world.lots.member.item(lot), world.lots.order.item(lot)
        take(world, lot, owed)
        world.lots.last_release[lot] = world.releases.add(
            lot=lot, before=world.lots.last_release.item(lot), kind=2, first_day=world.open_day,
            last_day=world.open_day, event=books.event, rule=rule, version=world.version, base=owed, points=owed,
            terms=terms, kept_then=0 if order == NONE else world.kept(order, world.lots.key.item(lot)),
            returned_then=0 if order == NONE else world.returned(order, world.lots.key.item(lot)),
        )  # fmt: skip
        paid, on = owed * per_point // MICRO, On(lot=lot, drained=owed, order=order)
        books.move(step.rule.id, place_of(fund), (Account.WALLET, member), paid, asset, on)
