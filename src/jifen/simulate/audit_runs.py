"""The daily run: settle, release, walk, serve, force out, rank."""

from fractions import Fraction

from jifen.core.micros import MICRO
from jifen.plan.model import Asset, Head, Remaining, Rule, Schedule, Share, Split, Walk
from jifen.simulate.audit_books import Books, Lot, Source
from jifen.simulate.audit_curve import forced_exits
from jifen.simulate.audit_orders import take_effect, walk
from jifen.simulate.audit_payments import Scope, asset_worth
from jifen.simulate.audit_ranks import update_ranks

__all__ = ["after_each", "run_day", "waiting"]

_Releases = list[tuple[Lot, int]]


def after_each(books: Books) -> None:
    """Do what follows every accepted event and every settlement: forced exits, and ranks that change at once."""
    forced_exits(books, "event")
    update_ranks(books, immediate_only=True)


def run_day(books: Books) -> None:
    """Run the open day, phase by phase, and open the next."""
    for order in list(books.orders.values()):
        if order.waiting and order.due is not None and order.due <= books.open_day:
            take_effect(books, order)
            after_each(books)
    daily = [rule for rule in books.plan.rules if rule.when == "daily" and not rule.off]
    if any(isinstance(rule.who, Split) for rule in daily):
        raise NotImplementedError("a pool divided in the run")
    scope = Scope(books)
    releases: _Releases = []
    for rule in daily:
        if isinstance(rule.amount, Schedule):
            releases += _release(books, scope, rule, rule.amount)
    for rule in daily:
        if isinstance(rule.who, Walk):
            _walk_releases(books, scope, rule, releases)
    scope.close()
    for rule in daily:
        if isinstance(rule.amount, Remaining) and isinstance(rule.who, Head):
            _serve(books, rule, rule.who)
    forced_exits(books, "daily")
    update_ranks(books, immediate_only=False)
    books.open_day += 1


def _release(books: Books, scope: Scope, rule: Rule, schedule: Schedule) -> _Releases:
    """Release by schedule, members in joining order, lots oldest first."""
    if schedule.parts is not None:
        raise NotImplementedError(f"rule {rule.id}: a schedule of batches")
    releases = []
    sequential = books.lot_store(schedule.lots).mode == "sequential"
    for member in books.members:
        lots = books.lots_of(member, schedule.lots)
        for lot in _in_turn(books, lots) if sequential else lots:
            points = min(lot.daily, lot.available)
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
        for receiver, rate in walk(books, rule, lot.member):
            wanted[receiver] = wanted.get(receiver, Fraction(0)) + Fraction(rate * points, MICRO)
            sources.setdefault(receiver, []).append(Source(lot.stand.again(), rate * points // MICRO))
    for member in books.members:
        if member in wanted:
            scope.reward(rule, member, int(wanted[member]), sources[member])


def waiting(books: Books, store: str) -> list[Lot]:
    """Return waiting claims in serving order, locked ones too: by unlock day, then arrival."""
    lots = [lot for lot in books.lots if lot.store == store and lot.remaining > 0]
    return sorted(lots, key=lambda lot: (lot.opens, lot.number))


def _serve(books: Books, rule: Rule, head: Head) -> None:
    """Pay the head of the line in full while the pool can; ``skip`` passes over those it cannot pay."""
    if not isinstance(rule.pay, Asset) or rule.gate is None or rule.gate.funded is None:
        raise NotImplementedError(f"rule {rule.id}: a queue that no pool serves")
    for lot in waiting(books, head.lots):
        if lot.opens > books.open_day:
            continue
        if asset_worth([(lot, lot.remaining)], rule.pay.per_point) <= books.accounts[rule.gate.funded].balance:
            Scope(books).release(rule, lot, lot.remaining)
        elif head.line == "strict":
            break
