"""Measures and ranks, each time counted anew from all orders."""

from collections.abc import Iterable

from jifen.plan.model import Ranks, Row, Weight
from jifen.simulate.audit_books import Books
from jifen.simulate.audit_effects import Order

__all__ = [
    "first_live_order",
    "fix_tiers",
    "has_live_order",
    "measure",
    "net_spend",
    "open_spend",
    "performance",
    "place_of",
    "rank_of",
    "update_ranks",
]


def _effective(books: Books, members: Iterable[str]) -> list[Order]:
    wanted = set(members)
    return [order for order in books.orders.values() if order.counts and order.member in wanted]


def _live(books: Books, member: str) -> list[Order]:
    """The member's orders in effect of which something is kept, in order of arrival."""
    return [order for order in _effective(books, [member]) if order.live]


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


def measure(books: Books, name: str, member: str) -> int:
    """Return a measure of a member by its name."""
    match name:
        case "cumulative":
            return net_spend(books, member)
        case "spend":
            return open_spend(books, member)
        case "performance":
            return performance(books, member)
        case "largest_order":
            return max((order.entered for order in _live(books, member)), default=0)
    raise NotImplementedError(f"the measure {name} of a member")


def has_live_order(books: Books, member: str) -> bool:
    """Whether an order of the member is in effect and not wholly refunded."""
    return bool(_live(books, member))


def first_live_order(books: Books, member: str) -> Order | None:
    """Return the first of them by arrival."""
    return next(iter(_live(books, member)), None)


def place_of(ranks: Ranks, name: str | None) -> int:
    """Place in the ladder of the day, lowest 0; -1 for none, or for a name the ladder does not have."""
    return next((place for place, row in enumerate(ranks.ladder) if row.name == name), -1)


def _higher(ranks: Ranks, one: str | None, other: str | None) -> str | None:
    best = max(place_of(ranks, one), place_of(ranks, other))
    return ranks.ladder[best].name if best >= 0 else None


def rank_of(books: Books, ranks: Ranks, member: str) -> Row | None:
    """Return the rank that counts now: the earned one, at least the appointed one."""
    person = books.members[member]
    place = place_of(ranks, _higher(ranks, person.earned.get(ranks.name), person.appointed))
    return ranks.ladder[place] if place >= 0 else None


def _reached(ranks: Ranks, amount: int) -> str | None:
    """Return the highest row whose threshold an amount reaches."""
    reached = [row.name for row in ranks.ladder if row.min is not None and row.min <= amount]
    return reached[-1] if reached else None


def fix_tiers(books: Books, order: Order) -> None:
    """Fix the row that an order reaches when it takes effect, for each ladder judged by the largest order."""
    for ranks in books.plan.ranks.values():
        name = _reached(ranks, order.entered)
        if ranks.by == "largest_order" and name is not None:
            order.tiers[ranks.name] = name


def _deserved(books: Books, ranks: Ranks, member: str) -> str | None:
    """Return the row that the member's measure, weight or live orders give now."""
    if ranks.by == "appointed":
        return None
    if isinstance(books.plan.stores.get(ranks.by), Weight):
        return _reached(ranks, books.weight(member, ranks.by))
    if ranks.by == "largest_order":
        names = [order.tiers.get(ranks.name) for order in _live(books, member)]
        return max(names, key=lambda name: place_of(ranks, name), default=None)
    return _reached(ranks, measure(books, ranks.by, member))


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
