"""The daily rules over all members: scheduled release, walks up the referral tree, drains of the receivers' lots.

Lots of one member and store form a list in order of grant: ``head`` → ``after`` → …; lots before the head are empty.
``upward`` lists members so that everyone comes after all his descendants.
"""

import numpy as np

from jifen.engine.columns import Column
from jifen.engine.kernels import compiled
from jifen.engine.kernels.divide import MILLION

__all__ = [
    "drain_wanted", "generation_wanted", "peer_wanted", "release_scheduled", "subtree_sums", "team_wanted",
    "upward_order",
]  # fmt: skip


@compiled
def upward_order(parent: Column, count: int) -> Column:
    """All members, every one after all his descendants: sorted by depth, deepest first."""
    depth = np.full(count, -1, dtype=np.int64)
    path = np.empty(count, dtype=np.int64)
    deepest = 0
    for member in range(count):
        length = 0
        node = member
        while node >= 0 and depth[node] < 0:
            path[length] = node
            length += 1
            node = parent[node]
        level = depth[node] if node >= 0 else -1
        for step in range(length - 1, -1, -1):
            level += 1
            depth[path[step]] = level
        deepest = max(deepest, level)
    starts = np.zeros(deepest + 2, dtype=np.int64)
    for member in range(count):
        starts[deepest - depth[member] + 1] += 1
    starts = np.cumsum(starts)
    order = np.empty(count, dtype=np.int64)
    for member in range(count):
        place = deepest - depth[member]
        order[starts[place]] = member
        starts[place] += 1
    return order


@compiled
def subtree_sums(upward: Column, parent: Column, own: Column) -> Column:
    """Each member's own number plus those of all his descendants."""
    total = own[: len(upward)].copy()
    for member in upward:
        above = parent[member]
        if above >= 0:
            total[above] += total[member]
    return total


@compiled
def release_scheduled(
    day: int, sequential: bool, heads: Column, after: Column, lots: tuple[Column, ...]
) -> tuple[Column, Column, Column]:
    """Release what is due on ``day``; return (lot, points) in joining order, and each member's sum.

    ``lots`` is (remaining, daily, eligible_from, emptied_on). A sequential list releases its oldest live lot only, and
    nothing on the day on which an older one was emptied. Heads move on past lots emptied on earlier days.
    """
    remaining, daily, eligible_from, emptied_on = lots
    count = len(heads)
    found = np.empty(64, dtype=np.int64)
    points = np.empty(64, dtype=np.int64)
    sums = np.zeros(count, dtype=np.int64)
    size = 0
    for member in range(count):
        lot = heads[member]
        while lot >= 0 and remaining[lot] == 0 and emptied_on[lot] != day:
            lot = after[lot]
        heads[member] = lot
        while lot >= 0:
            if remaining[lot] > 0:
                if eligible_from[lot] <= day and daily[lot] > 0:
                    due = min(daily[lot], remaining[lot])
                    if size == len(found):
                        found = np.concatenate((found, np.empty(size, dtype=np.int64)))
                        points = np.concatenate((points, np.empty(size, dtype=np.int64)))
                    found[size] = lot
                    points[size] = due
                    size += 1
                    remaining[lot] -= due
                    sums[member] += due
                    if remaining[lot] == 0:
                        emptied_on[lot] = day
                if sequential:
                    break
            elif sequential and emptied_on[lot] == day:
                break
            lot = after[lot]
    return found[:size], points[:size], sums


@compiled
def generation_wanted(upward: Column, parent: Column, base: Column, rates: Column) -> Column:
    """⌊Σ over generations i of rates[i] × (what the descendants i + 1 levels below have as base)⌋ for each member."""
    count = len(upward)
    below = base.copy()
    whole = np.zeros(count, dtype=np.int64)
    parts = np.zeros(count, dtype=np.int64)
    for rate in rates:
        sums = np.zeros(count, dtype=np.int64)
        for member in range(count):
            above = parent[member]
            if above >= 0:
                sums[above] += below[member]
        for member in range(count):
            whole[member] += sums[member] // MILLION * rate
            parts[member] += sums[member] % MILLION * rate
        below = sums
    return whole + parts // MILLION


@compiled
def team_wanted(upward: Column, parent: Column, base: Column, level: Column, rates: Column) -> Column:
    """The differential walk without walking: what each member's rank adds to the highest rank met below him.

    ``level[member]`` is the place of his rate among ``rates`` (ascending; level 0 is rate 0). Going up, ``mass[k]`` is
    how much of a subtree's base has met highest level k so far.
    """
    count = len(upward)
    levels = len(rates)
    mass = np.zeros((count, levels), dtype=np.int64)
    wanted = np.zeros(count, dtype=np.int64)
    for member in upward:
        mine = level[member]
        whole = 0
        parts = 0
        for low in range(mine):
            amount = mass[member, low]
            if amount:
                step = rates[mine] - rates[low]
                whole += amount // MILLION * step
                parts += amount % MILLION * step
                mass[member, mine] += amount
                mass[member, low] = 0
        wanted[member] = whole + parts // MILLION
        above = parent[member]
        if above >= 0:
            for at in range(levels):
                mass[above, at] += mass[member, at]
            mass[above, 0] += base[member]
    return wanted


@compiled
def peer_wanted(upward: Column, parent: Column, base: Column, level: Column, terms: tuple[int, int, Column]) -> Column:
    """The equal-rank award: rate × what arrives with the member's own level as the highest met.

    ``terms`` is (levels, lower, rates): the peer number c of one height gets ``rates[c]``, further ones nothing; with
    ``lower`` 1 also of what arrives with a higher level. ``mass[k, c]`` is how much has met highest level k and since
    then c peers.
    """
    levels, lower, rates = terms
    count, most = len(upward), len(rates)
    mass = np.zeros((count, levels, most + 1), dtype=np.int64)
    wanted = np.zeros(count, dtype=np.int64)
    for member in upward:
        mine = level[member]
        if mine > 0:
            whole = 0
            parts = 0
            for high in range(mine, levels if lower else mine + 1):
                for peers in range(most - 1, -1, -1):
                    amount = mass[member, high, peers]
                    whole += amount // MILLION * rates[peers]
                    parts += amount % MILLION * rates[peers]
                    mass[member, high, peers + 1] += amount
                    mass[member, high, peers] = 0
            wanted[member] = whole + parts // MILLION
            for low in range(mine):
                for peers in range(most + 1):
                    mass[member, mine, 0] += mass[member, low, peers]
                    mass[member, low, peers] = 0
        above = parent[member]
        if above >= 0:
            for at in range(levels):
                for peers in range(most + 1):
                    mass[above, at, peers] += mass[member, at, peers]
            mass[above, 0, 0] += base[member]
    return wanted


@compiled
def drain_wanted(
    day: int, wanted: Column, only_head: bool, chains: tuple[Column, Column], lots: tuple[Column, Column]
) -> tuple[Column, Column, Column]:
    """Take what each member wants from his lots, oldest first; return (member, lot, points) portions.

    ``chains`` is (heads, after), ``lots`` is (remaining, emptied_on). With ``only_head`` only the
    oldest live lot gives.
    """
    heads, after = chains
    remaining, emptied_on = lots
    who = np.empty(64, dtype=np.int64)
    which = np.empty(64, dtype=np.int64)
    points = np.empty(64, dtype=np.int64)
    size = 0
    for member in range(len(wanted)):
        left = wanted[member]
        lot = heads[member]
        while left > 0 and lot >= 0:
            if remaining[lot] > 0:
                taken = min(left, remaining[lot])
                if size == len(who):
                    room = np.empty(size, dtype=np.int64)
                    who = np.concatenate((who, room))
                    which = np.concatenate((which, room))
                    points = np.concatenate((points, room))
                who[size] = member
                which[size] = lot
                points[size] = taken
                size += 1
                left -= taken
                remaining[lot] -= taken
                if remaining[lot] == 0:
                    emptied_on[lot] = day
                if only_head:
                    break
            lot = after[lot]
    return who[:size], which[:size], points[:size]
