"""Measures and ranks, each time counted anew from all orders."""

from collections.abc import Iterable

from jifen.plan.model import Ranks, Row
from jifen.simulate.audit_books import Books, Order

__all__ = ["has_live_order", "net_spend", "open_spend", "performance", "rank_of", "update_ranks"]


def _effective(books: Books, members: Iterable[str]) -> list[Order]:
    wanted = set(members)
    return [order for order in books.orders.values() if order.counts and order.member in wanted]


def net_spend(books: Books, member: str) -> int:
    """Measure ``cumulative``: the net amount of all orders in effect."""
    return sum(order.kept for order in _effective(books, [member]))


def open_spend(books: Books, member: str) -> int:
    """Measure ``spend``: the same, of the orders since the last forced exit."""
    return sum(order.kept for order in _effective(books, [member]) if not order.closed)


def performance(books: Books, member: str) -> int:
    """Measure ``performance``: the net orders in effect of the member and of all present descendants."""
    team = [other for other in books.members if other == member or member in books.ancestors(other)]
    return sum(order.kept for order in _effective(books, team))


def has_live_order(books: Books, member: str) -> bool:
    """Whether an order of the member is in effect and not wholly refunded."""
    return any(order.kept > 0 for order in _effective(books, [member]))


def _place(ranks: Ranks, name: str | None) -> int:
    """Place in the ladder of the day, lowest 0; -1 for none, or for a name the ladder does not have."""
    return next((place for place, row in enumerate(ranks.ladder) if row.name == name), -1)


def _higher(ranks: Ranks, one: str | None, other: str | None) -> str | None:
    best = max(_place(ranks, one), _place(ranks, other))
    return ranks.ladder[best].name if best >= 0 else None


def rank_of(books: Books, ranks: Ranks, member: str) -> Row | None:
    """Return the rank that counts now: the earned one, at least the appointed one."""
    person = books.members[member]
    place = _place(ranks, _higher(ranks, person.earned.get(ranks.name), person.appointed))
    return ranks.ladder[place] if place >= 0 else None


def _deserved(books: Books, ranks: Ranks, member: str) -> str | None:
    """Return the highest row whose threshold the member's measure reaches."""
    if ranks.by == "appointed":
        return None
    if ranks.by != "performance":
        raise NotImplementedError(f"ranks by {ranks.by}")
    measure = performance(books, member)
    reached = [row.name for row in ranks.ladder if row.min is not None and row.min <= measure]
    return reached[-1] if reached else None


def update_ranks(books: Books, *, immediate_only: bool) -> None:
    """Compute all earned ranks (of the ladders that change at once, if ``immediate_only``)."""
    for ranks in books.plan.ranks.values():
        if immediate_only and ranks.effective != "immediate":
            continue
        for member, person in books.members.items():
            name = _deserved(books, ranks, member)
            if ranks.demote == "never":
                name = _higher(ranks, name, person.earned.get(ranks.name))
            person.earned[ranks.name] = name
