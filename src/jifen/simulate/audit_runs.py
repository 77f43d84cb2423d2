"""The daily run: what is owed, settle, release, walk, divide, serve, force out, rank."""

from fractions import Fraction

from jifen.core.micros import MICRO
from jifen.plan.model import Asset, Head, Nothing, Remaining, Rule, Schedule, Share, Split, Weigh
from jifen.simulate.audit_books import Books
from jifen.simulate.audit_curve import forced_exits
from jifen.simulate.audit_effects import Lot, Source
from jifen.simulate.audit_orders import take_effect, weigh
from jifen.simulate.audit_payments import Scope
from jifen.simulate.audit_pools import split_pools
from jifen.simulate.audit_queues import serve
from jifen.simulate.audit_ranks import update_ranks
from jifen.simulate.audit_walks import walk

__all__ = ["after_each", "run_day"]

_Releases = list[tuple[Lot, int]]


def after_each(books: Books) -> None:
    """Do what follows every accepted event and every settlement: forced exits, and ranks that change at once."""
    forced_exits(books, "event")
    update_ranks(books, immediate_only=True)


def run_day(books: Books) -> None:
    """Run the open day, phase by phase, and open the next."""
    Scope(books).pay_what_is_owed()
    for order in list(books.orders.values()):
        if order.waiting and order.due is not None and order.due <= books.open_day:
            take_effect(books, order)
            after_each(books)
    daily = [rule for rule in books.plan.rules if rule.when == "daily" and not rule.off]
    _release_and_walk(books, daily)
    for rule in daily:
        if isinstance(rule.who, Split) and not books.wound_up:
            split_pools(books, rule)
    for rule in daily:
        if isinstance(rule.amount, Remaining):
            scope = Scope(books)
            serve(books, scope, rule)
            scope.close()
    forced_exits(books, "daily")
    update_ranks(books, immediate_only=False)
    books.stock = {}
    for lot in books.lots:
        owner = (lot.member, lot.store)
        books.stock[owner] = books.stock.get(owner, 0) + lot.remaining
    books.tasks = {}
    books.open_day += 1


def _release_and_walk(books: Books, daily: list[Rule]) -> None:
    """Release by schedule, then let every other rule walk up from what was released."""
    scope = Scope(books)
    releases: dict[int, _Releases] = {}
    for rule in daily:
        if isinstance(rule.amount, Schedule):
            releases.setdefault(rule.part, []).extend(_release(books, scope, rule, rule.amount))
    for rule in daily:
        if isinstance(rule.amount, Share):
            _walk_releases(books, scope, rule, releases.get(rule.part, []))
        elif not isinstance(rule.amount, Schedule) and not isinstance(rule.who, Split | Head):
            raise NotImplementedError(f"rule {rule.id}: {rule.amount} every day")
    scope.close()


def _release(books: Books, scope: Scope, rule: Rule, schedule: Schedule) -> _Releases:
    """Release by schedule, members in joining order, lots oldest first."""
    releases = []
    sequential = books.lot_store(schedule.lots).mode == "sequential"
    for member in books.members:
        lots = books.lots_of(member, schedule.lots)
        for lot in _in_turn(books, lots) if sequential else lots:
            wanted = lot.daily if schedule.parts is None else lot.batch(books.open_day)
            points = min(wanted, lot.available)
            if points > 0 and lot.opens <= books.open_day:
                scope.release(rule, lot, points)
                releases.append((lot, points))
    return releases


def _in_turn(books: Books, lots: list[Lot]) -> list[Lot]:
    """Of sequential lots: the oldest live one, unless an older one was emptied today and still is."""
    for lot in lots:
        if lot.available > 0:
            return [lot]
        if lot.emptied_on == books.open_day and lot.granted > 0:
            return []
    return []


def _walk_releases(books: Books, scope: Scope, rule: Rule, releases: _Releases) -> None:
    """Walk from the owner of each release; a receiver gets one payment for all of them."""
    amount = rule.amount
    if not isinstance(amount, Share) or amount.of != "static_release":
        raise NotImplementedError(f"rule {rule.id}: a daily walk whose base is no static release")
    wanted: dict[str, Fraction] = {}
    sources: dict[str, list[Source]] = {}
    for lot, points in releases:
        for receiver, rate in walk(books, rule, lot.member, amount.rates):
            wanted[receiver] = wanted.get(receiver, Fraction(0)) + Fraction(rate * points, MICRO)
            sources.setdefault(receiver, []).append(Source(lot.stand.again(), rate * points // MICRO))
    for member in books.members:
        if member not in wanted:
            continue
        if isinstance(rule.pay, Weigh) and rule.gate is None:
            weigh(books, rule.pay.weight, member, int(wanted[member]), sources[member])
        elif isinstance(rule.pay, Asset | Nothing):
            scope.reward(rule, member, int(wanted[member]), sources[member])
        else:
            raise NotImplementedError(f"rule {rule.id}: {rule.pay} for what is released")
