"""Pools divided in the run: in whole cents, by weights or by heads, as far as the drained lots can take it."""

from fractions import Fraction

from jifen.core.micros import CENT
from jifen.plan.model import Balance, Gate, Money, Rule, Split, Weight
from jifen.simulate.audit_books import Books
from jifen.simulate.audit_payments import Scope
from jifen.simulate.audit_ranks import place_of, rank_of

__all__ = ["divide", "split_pools"]


def divide(amount: int, weights: dict[str, int]) -> dict[str, int]:
    """Divide ⌊amount⌋ in whole cents: each its floor, the cents left over by largest remainder, ties to the earlier.

    >>> divide(1_000_000_000, {"A": 5, "B": 3, "C": 1})
    {'A': 555560000, 'B': 333330000, 'C': 111110000}
    """
    cents, total = amount // CENT, sum(weights.values())
    exact = {member: Fraction(cents * weight, total) for member, weight in weights.items()}
    parts = {member: int(share) for member, share in exact.items()}
    left_over = cents - sum(parts.values())
    by_remainder = sorted(parts, key=lambda member: parts[member] - exact[member])
    for member in by_remainder[:left_over]:
        parts[member] += 1
    return {member: part * CENT for member, part in parts.items()}


def split_pools(books: Books, rule: Rule) -> None:
    """Divide the pool of a rule, or those of a family, lowest row first."""
    if not isinstance(rule.amount, Balance) or not isinstance(rule.who, Split):
        raise NotImplementedError(f"rule {rule.id}: a division of {rule.amount}")
    store = books.plan.stores[rule.amount.pool]
    family = books.plan.ranks[store.each].ladder if isinstance(store, Money) and store.each is not None else None
    if family is None:
        _split(books, rule, rule.who, rule.amount.pool, None)
    for place, row in enumerate(family or ()):
        _split(books, rule, rule.who, row.name, place)


def _split(books: Books, rule: Rule, split: Split, pool: str, place: int | None) -> None:
    """Pay each participant the part, at most the credits left; what they cannot take stays, or is divided again."""
    gate, weights = rule.gate or Gate(), _participants(books, rule, split, place)
    credits_of = {member: _credits(books, gate, member) for member in weights}
    paid: dict[str, int] = {}
    rest = books.accounts[pool].balance
    while weights:
        parts = divide(rest, weights)
        short = [member for member, part in parts.items() if _least(part, credits_of[member]) < part]
        if gate.excess == "carry_over" or not short:
            paid |= {member: _least(part, credits_of[member]) for member, part in parts.items()}
            break
        for member in short:
            paid[member] = _least(parts[member], credits_of[member])
            rest -= paid[member]
            del weights[member]
    for member in books.members:
        Scope(books).reward(rule, member, paid.get(member, 0), [], pool=pool)


def _least(part: int, most: int | None) -> int:
    return part if most is None else min(part, most)


def _credits(books: Books, gate: Gate, member: str) -> int | None:
    """Return what a member's lots can take, ``None`` where no lots are drained."""
    if gate.drain is None:
        return None
    lots = books.live_lots(member, gate.drain)
    return sum(lot.available for lot in (lots[:1] if gate.spill == "forfeit" else lots))


def _participants(books: Books, rule: Rule, split: Split, place: int | None) -> dict[str, int]:
    """Return who shares a pool, in joining order, each with the weight that counts."""
    found = {}
    for member in books.members:
        weight = books.weight(member, split.by) if isinstance(books.plan.stores.get(split.by), Weight) else 1
        retired = split.retire and rule.gate is not None and rule.gate.drain is not None \
            and books.left(member, rule.gate.drain) == 0  # fmt: skip
        if weight > 0 and not retired and _has_rank(books, split, member, place):
            found[member] = weight
    return found


def _has_rank(books: Books, split: Split, member: str, place: int | None) -> bool:
    """Whether a member has a rank that shares the pool: any of the ladder, or the pool's own (or a higher one)."""
    if split.ranks is None:
        return True
    ranks = books.plan.ranks[split.ranks]
    row = rank_of(books, ranks, member)
    if row is None or place is None:
        return row is not None
    own = place_of(ranks, row.name)
    return own == place or (split.lower_too and own > place)
