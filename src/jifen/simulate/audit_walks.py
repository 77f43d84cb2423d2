"""Who receives: ancestors up the referral tree, agents of a delivery address, the sponsor whose place is taken."""

from jifen.plan.model import Cycle, Positions, Ranks, Rule, Share, Tier, Walk
from jifen.simulate.audit_bases import Trigger, row_of
from jifen.simulate.audit_books import Books
from jifen.simulate.audit_effects import Order, Place
from jifen.simulate.audit_ranks import has_live_order, rank_of

__all__ = ["receivers", "walk"]

_Rated = list[tuple[str, int]]
"""Members from the nearest up, each with a rate."""
_LEVELS = ("province", "city", "district")
"""The levels of a region path, by the number of its parts."""


def receivers(books: Books, rule: Rule, trigger: Trigger) -> _Rated:
    """Return whom a rule pays at an order, a debt or a task, each with the rate."""
    if isinstance(rule.amount, Cycle):
        return _in_turn(books, rule, rule.amount, trigger)
    rates = _rates(books, rule, trigger)
    if isinstance(rule.who, Walk):
        return walk(books, rule, trigger.member, rates, trigger.order)
    if rule.who is not None or len(rates) > 1:
        raise NotImplementedError(f"rule {rule.id}: {rule.who} with {rule.amount}")
    return [(trigger.member, rate) for rate in rates]


def _rates(books: Books, rule: Rule, trigger: Trigger) -> tuple[int, ...]:
    """Return the rates of a rule: the share's own, the one of the tier's row, or one that says nothing (per unit)."""
    if isinstance(rule.amount, Tier):
        row = row_of(books, rule.amount, trigger)
        return (row.columns[rule.amount.column],) if row else ()
    return rule.amount.rates if isinstance(rule.amount, Share) else (1,)


def _in_turn(books: Books, rule: Rule, cycle: Cycle, trigger: Trigger) -> _Rated:
    """Let the order take the lowest free place at the buyer's sponsor, and return the rate of that place."""
    sponsor, order, store = books.members[trigger.member].referrer, trigger.order, books.plan.stores[cycle.at]
    if sponsor is None or order is None or not isinstance(rule.who, Walk) or not isinstance(store, Positions):
        return []
    if rule.who.own_order and not has_live_order(books, sponsor):
        return []
    taken = [place for place in books.places if place.store == cycle.at and place.order.live]
    if store.counts == "persons" and any(place.order.member == trigger.member for place in taken):
        return []
    numbers = {place.number for place in taken if place.sponsor == sponsor}
    number = next(free for free in range(len(numbers) + 1) if free not in numbers)
    books.places.append(Place(cycle.at, sponsor, number, order))
    return [(sponsor, cycle.rates[number % len(cycle.rates)])]


def walk(books: Books, rule: Rule, member: str, rates: tuple[int, ...], order: Order | None = None) -> _Rated:
    """Return the ancestors (or agents) a rule pays, from the parent up, each with its rate."""
    who = rule.who
    if not isinstance(who, Walk):
        return [(member, rate) for rate in rates]
    ranks = books.plan.ranks.get(who.ranks or "")
    ancestors = books.ancestors(member)
    if who.tree == "region":
        found = _by_rank(_agents(books, ranks, order.region if order else None))
    elif who.by == "generation":
        found = _by_generation(who, rates, ancestors)
    elif ranks is None:
        raise NotImplementedError(f"rule {rule.id}: a walk by {who.by} without ranks")
    elif who.by == "own_rank":
        column = getattr(rule.amount, "column", None) or ""
        found = [(ancestor, _column(books, ranks, ancestor, column)) for ancestor in ancestors[: who.depth]]
    else:
        rated = [(ancestor, _rate(books, ranks, ancestor)) for ancestor in ancestors[: who.depth]]
        found = _by_rank(rated) if who.by == "rank" else _by_peer(who, rates, rated)
    return [(ancestor, rate) for ancestor, rate in found if not who.own_order or has_live_order(books, ancestor)]


def _rate(books: Books, ranks: Ranks, member: str) -> int:
    row = rank_of(books, ranks, member)
    return ranks.rate(row) if row else 0


def _column(books: Books, ranks: Ranks, member: str, column: str) -> int:
    """Return what a column says of a member's own rank: 0 without one, at most what any rank counts for."""
    row = rank_of(books, ranks, member)
    rate = row.columns.get(column, 0) if row else 0
    return rate if ranks.at_most is None else min(rate, ranks.at_most)


def _agents(books: Books, ranks: Ranks | None, region: str | None) -> _Rated:
    """Return the agents of a delivery address, longest part of the path first, each with the rate of the level."""
    if ranks is None or not region:
        return []
    names, rates = region.split("/"), {row.name: ranks.rate(row) for row in ranks.ladder}
    found = []
    for count in range(min(len(names), len(_LEVELS)), 0, -1):
        path = "/".join(names[:count])
        agents = [person.id for person in books.members.values() if person.agent_of == path]
        found += [(agent, rates.get(_LEVELS[count - 1], 0)) for agent in agents[:1]]
    return found


def _by_generation(who: Walk, rates: tuple[int, ...], ancestors: list[str]) -> _Rated:
    """Give the i-th ancestor the i-th rate; one rate serves ``depth`` generations."""
    if who.depth is not None:
        rates = rates * who.depth if len(rates) == 1 else rates[: who.depth]
    return list(zip(ancestors, rates, strict=False))


def _by_rank(rated: _Rated) -> _Rated:
    """Who has a higher rate than all met gets the difference."""
    covered, found = 0, []
    for ancestor, rate in rated:
        if rate > covered:
            found.append((ancestor, rate - covered))
            covered = rate
    return found


def _by_peer(who: Walk, rates: tuple[int, ...], rated: _Rated) -> _Rated:
    """Who has the highest rate met so far (or, by choice, a lower one) gets the award, ``most`` of them a height.

    One rate serves all; of a list of rates the i-th peer of a height gets the i-th.
    """
    covered, awarded, found = 0, 0, []
    awards = rates * who.most if len(rates) == 1 else rates[: who.most]
    for ancestor, rate in rated:
        if rate > covered:
            covered, awarded = rate, 0
            continue
        applies = rate == covered if who.applies == "equal" else rate > 0
        if covered > 0 and applies and awarded < len(awards):
            found.append((ancestor, awards[awarded]))
            awarded += 1
    return found
