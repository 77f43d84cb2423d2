"""Pools divided among members: by weight, or by heads, in whole cents by largest remainder.

Everyone gets ⌊cents × weight ÷ all weights⌋, the cents left over go to the largest remainders, ties to the earlier
joined; what is below a cent stays in the pool. Where the parts drain lots nobody gets more than his lots have: the
excess stays in the pool (``carry_over``), or is divided again among those who can take it (``redistribute``).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from jifen.core.errors import ensure
from jifen.core.micros import CENT
from jifen.engine.books import Books
from jifen.engine.columns import SUM_MAX, Column, check_range, exact_sum
from jifen.engine.phases import Phase, post_transfers, post_walk
from jifen.engine.program import Step
from jifen.engine.tables import NONE
from jifen.engine.world import World
from jifen.plan.model import Balance, Money, Split

__all__ = ["divide_pools", "split_cents"]


@dataclass(frozen=True, slots=True)
class _Sharers:
    """Who shares a pool: members in joining order, their weights, and what their lots can take (None: no limit)."""

    members: Column
    weights: Column
    room: Column | None


def divide_pools(books: Books, step: Step) -> None:
    """Run one rule that divides a pool, or the pools of a family, the lowest first."""
    world = books.world
    for pool, place in _pools(world, step):
        if world.pool_balance[pool] < CENT:
            continue
        sharers = _sharers(world, step, place)
        if len(sharers.members):
            gate = step.rule.gate
            again = gate is not None and gate.excess == "redistribute"
            parts = _parts(world.pool_balance[pool], sharers, redistribute=again)
            _post(books, step, pool, sharers, parts)


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
    room = None
    if gate is not None and gate.drain is not None:  # no part of a pool needs more room than ``SUM_MAX``
        room = np.minimum(world.held_in(world.stores.numbers[gate.drain]), SUM_MAX).astype(np.int64)
    if room is not None and who.retire:
        shares &= room > 0
    members = np.flatnonzero(shares)
    return _Sharers(members, weights[members], None if room is None else room[members])


def _admitted(who: Split, places: Column, place: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whose rank admits him to the pool of a row: any rank to a pool of its own, else that rank or one above it."""
    if place == NONE:
        return places >= 0
    return places >= place if who.lower_too else places == place


def _parts(balance: int, sharers: _Sharers, *, redistribute: bool) -> Column:
    """What each sharer gets of a balance, in micro-units."""
    ensure(balance <= SUM_MAX, f"a pool of {balance} micro-units is more than can be divided")
    room = sharers.room
    if room is None:
        return split_cents(balance // CENT, sharers.weights) * CENT
    if not redistribute:
        return np.minimum(split_cents(balance // CENT, sharers.weights) * CENT, room)
    parts = np.zeros(len(sharers.members), dtype=np.int64)
    staying = np.arange(len(parts))
    while len(staying):
        shares = split_cents(balance // CENT, sharers.weights[staying]) * CENT
        short = room[staying] < shares
        if not short.any():
            parts[staying] = shares
            break
        parts[staying[short]] = room[staying[short]]
        balance -= exact_sum(room[staying[short]])
        staying = staying[~short]
    return parts


def split_cents(cents: int, weights: Column) -> Column:
    """Divide whole cents by weights above 0: floors, then one more to the largest remainders, ties to the first.

    >>> split_cents(100_000, np.array([1_000_000, 100_000, 2_000_000])).tolist()
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
        parts[equal[: left - int((rests > least).sum())]] += 1
    return parts


def _post(books: Books, step: Step, pool: int, sharers: _Sharers, parts: Column) -> None:
    """Take the parts from the lots, where there are any, and from the pool, and credit them."""
    world = books.world
    if not parts.any():
        return
    world.divisions.add(
        event=books.event, rule=step.index, pool=pool, amount=exact_sum(parts), weight=exact_sum(sharers.weights)
    )
    terms = world.terms_number(world.assets.numbers[step.asset.asset], step.asset.per_point, pool)
    some = parts > 0
    members, weights = sharers.members[some].astype(np.int32), sharers.weights[some]
    if sharers.room is None:
        phase = Phase.without_lots(step, terms, members, parts[some], weights)
    else:
        from jifen.engine.daily import drain_lots

        phase = drain_lots(world, step, members, parts[some])
        phase.terms, phase.wanted = terms, weights
    post_walk(books, phase)
    post_transfers(books, phase)
