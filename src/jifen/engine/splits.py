"""Pools divided among members: by weight, or by heads, in whole cents by largest remainder.

Everyone gets ⌊cents × weight ÷ all weights⌋, the cents left over go to the largest remainders, ties to the earlier
joined; what is below a cent stays in the pool. Where the parts drain lots nobody gets more than his lots have: the
excess stays in the pool (``carry_over``), or is divided again among those who can take it (``redistribute``).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from jifen.core.errors import ensure
from jifen.core.micros import CENT
from jifen.engine.books import Books
from jifen.engine.columns import SUM_MAX, Column, Narrow, check_range, exact_sum
from jifen.engine.phases import Phase, post_transfers, post_walk
from jifen.engine.program import Step
from jifen.engine.tables import NONE
from jifen.engine.world import World
from jifen.plan.model import Balance, Money, Split

__all__ = ["Division", "divide_pools", "divisions", "split_cents"]


@dataclass(frozen=True, slots=True)
class _Sharers:
    """Who shares a pool, descendants first: members, their positions in that order, their weights, the room in lots."""

    members: Narrow
    positions: Column
    weights: Column
    room: Column | None = None
    """None: no limit."""

    def those(self, some: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> "_Sharers":
        """Some of them."""
        if some.all():
            return self
        room = None if self.room is None else self.room[some]
        return _Sharers(self.members[some], self.positions[some], self.weights[some], room)


@dataclass(frozen=True, slots=True)
class Division:
    """One pool divided: ``amount`` micro-units by ``weight`` in all; ``phase`` says who gets what, from which lots."""

    pool: int
    amount: int
    weight: int
    phase: Phase


def divide_pools(books: Books, step: Step) -> None:
    """Run one rule that divides a pool, or the pools of a family, the lowest first."""
    for division in divisions(books.world, step):
        books.world.divisions.add(
            event=books.event, rule=step.index, pool=division.pool, amount=division.amount, weight=division.weight
        )
        post_walk(books, division.phase)
        post_transfers(books, division.phase)


def divisions(world: World, step: Step) -> Iterator[Division]:
    """Divide one pool after the other; the parts are taken from the lots, where there are any, and not yet posted."""
    for pool, place in _pools(world, step):
        if world.pool_balance[pool] < CENT:
            continue
        sharers = _sharers(world, step, place)
        gate = step.rule.gate
        again = gate is not None and gate.excess == "redistribute"
        parts = _parts(world.pool_balance[pool], sharers, redistribute=again)
        if parts.any():
            yield _divided(world, step, pool, sharers, parts)


def _pools(world: World, step: Step) -> Iterator[tuple[int, int]]:
    """(pool, place of its row in the ladder or NONE) of what a rule divides."""
    amount = step.rule.amount
    if not isinstance(amount, Balance):
        return
    store = world.program.plan.stores[amount.pool]
    if isinstance(store, Money) and store.each is not None:
        for place, row in enumerate(world.program.plan.ranks[store.each].ladder):
            yield world.pools.numbers[row.name], place
    else:
        yield world.pools.numbers[amount.pool], NONE


def _sharers(world: World, step: Step, place: int) -> _Sharers:
    """Those who have a share in a pool; ``place`` is its row in the ladder, NONE for a pool of its own."""
    who, gate, count = step.split, step.rule.gate, world.members.size
    if who.by == "heads":
        weights = np.ones(count, dtype=np.int64)
    else:
        weights = world.weights[world.stores.numbers[who.by]].amount[:count]
    shares = weights > 0
    if who.ranks is not None:
        places = world.places(who.ranks)
        shares &= _admitted(who, places, place)
    everyone = world.laid_out().members
    positions = np.flatnonzero(shares[everyone])
    members = everyone[positions]
    sharers = _Sharers(members, positions, weights[members])
    if gate is None or gate.drain is None:
        return sharers
    from jifen.engine.daily import room_of

    sharers = replace(sharers, room=room_of(world, world.stores.numbers[gate.drain], positions))
    return sharers.those(sharers.room > 0) if who.retire and sharers.room is not None else sharers


def _admitted(who: Split, places: Column, place: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whose rank admits him to the pool of a row: any rank to a pool of its own, else that rank or one above it."""
    if place == NONE:
        return places >= 0
    return places >= place if who.lower_too else places == place


def _parts(balance: int, sharers: _Sharers, *, redistribute: bool) -> Column:
    """What each sharer gets of a balance, in micro-units."""
    ensure(balance <= SUM_MAX, f"a pool of {balance} micro-units is more than can be divided")
    room, weights, members = sharers.room, sharers.weights, sharers.members
    if room is None:
        return split_cents(balance // CENT, weights, members) * CENT
    if not redistribute:
        return np.minimum(split_cents(balance // CENT, weights, members) * CENT, room)
    parts = np.zeros(len(members), dtype=np.int64)
    staying = np.arange(len(parts))
    while len(staying):
        shares = split_cents(balance // CENT, weights[staying], members[staying]) * CENT
        short = room[staying] < shares
        if not short.any():
            parts[staying] = shares
            break
        parts[staying[short]] = room[staying[short]]
        balance -= exact_sum(room[staying[short]])
        staying = staying[~short]
    return parts


def split_cents(cents: int, weights: Column, members: Column | Narrow) -> Column:
    """Divide whole cents by weights above 0: floors, then one more to the largest remainders, ties to the first joined.

    >>> split_cents(100_000, np.array([1_000_000, 100_000, 2_000_000]), np.arange(3)).tolist()
    [32258, 3226, 64516]
    """
    from jifen.engine.kernels.split import floors_and_rests

    check_range(weights, 1)
    total = exact_sum(weights)
    if total == 0:
        return np.zeros(len(weights), dtype=np.int64)
    parts, rests = floors_and_rests(cents, weights, total)
    left = cents - exact_sum(parts)
    if left:
        least = np.partition(rests, len(rests) - left)[len(rests) - left]
        parts[rests > least] += 1
        equal = np.flatnonzero(rests == least)
        first = np.argsort(members[equal])[: left - int((rests > least).sum())]
        parts[equal[first]] += 1
    return parts


def _divided(world: World, step: Step, pool: int, sharers: _Sharers, parts: Column) -> Division:
    """Take the parts from the lots, where there are any; those who get nothing are left out."""
    terms = world.terms_number(world.assets.numbers[step.asset.asset], step.asset.per_point, pool)
    amount, weight = exact_sum(parts), exact_sum(sharers.weights)
    some = parts > 0
    given, takers = parts[some], sharers.those(some)
    if takers.room is None:
        phase = Phase.without_lots(step, terms, takers.members, given, takers.weights)
    else:
        from jifen.engine.daily import drain_lots

        phase = drain_lots(world, step, takers.positions, given)
        phase.terms, phase.wanted = terms, takers.weights
    return Division(pool, amount, weight, phase)
