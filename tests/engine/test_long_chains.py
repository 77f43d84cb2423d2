"""A million members one below the other, and by night ten: nothing recurses, and no sum wraps around."""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from jifen.core.micros import MICRO
from jifen.engine import World
from jifen.engine.columns import Column
from jifen.engine.daily import run_pass
from jifen.engine.tables import NONE
from jifen.plan import load_plan

MILLION = 1_000_000
RATES = {"low": 100_000, "middle": 200_000, "high": 260_000}
GENERATIONS = 500_000, 300_000
each_length = pytest.mark.parametrize("count", [MILLION, pytest.param(10 * MILLION, marks=pytest.mark.nightly)])


def chain(count: int, ranked: dict[int, str]) -> World:
    """Each member below the one before, with one lot that releases enough to come near the bounds of 64 bits."""
    ranks = [{"rank": name, "min": None, "rate": f"{rate // 10_000}%"} for name, rate in RATES.items()]
    rates = [f"{rate // 10_000}%" for rate in GENERATIONS]
    terms = {"ranks": ranks, "rank_by": "appointed", "peer_rate": "0%", "generations": rates, "funding": "merchant"}
    world = World(load_plan("green_points", terms), 0)
    world.members.extend(count, parent=np.arange(-1, count - 1))
    for table in (*world.chains.values(), *world.ladders.values(), *world.weights.values()):
        table.extend(count)
    for member, rank in ranked.items():
        world.members.appointed[member] = world.rank_names.number(rank)
    world.lots.extend(
        count, member=np.arange(count), store=world.stores.numbers["points"], granted=10**18, remaining=10**18,
        daily=released(count),
    )  # fmt: skip
    return world


def released(count: int) -> Column:
    """What each releases: all together 10^18 and a little, a quarter of what half of 64 bits hold."""
    return 10**18 // count + np.arange(count) * 7919 % MILLION


def by_generation(each: Column) -> Column:
    """⌊50 % of what the next below releases + 30 % of the one after⌋."""
    below = np.append(each, [0, 0])
    return (below[1:-1] * GENERATIONS[0] + below[2:] * GENERATIONS[1]) // MICRO


def by_rank(each: Column, ranked: dict[int, str]) -> Iterator[tuple[int, int]]:
    """(member, wanted): of what each stretch below him releases, his rate less the highest that came before."""
    places = sorted(ranked)
    sums = [0, *np.cumsum(each).tolist()]
    for member in places:
        wanted = covered = 0
        lower = places[bisect_right(places, member) :]
        for above, until in pairwise([member, *lower, len(each) - 1]):
            covered = max(covered, RATES[ranked[above]] if above != member else 0)
            if covered >= RATES[ranked[member]]:
                break
            wanted += (sums[until + 1] - sums[above + 1]) * (RATES[ranked[member]] - covered)
        if wanted >= MICRO:
            yield member, wanted // MICRO


@each_length
def test_a_run_over_a_chain_pays_what_sums_over_its_stretches_say(count: int) -> None:
    """Ranks stand every 9973 members, so that the highest pays over hundreds of stretches, the first over all."""
    names = list(RATES)
    ranked = {0: "high"} | {place: names[place // 9973 % 7 % 3] for place in range(9973, count, 9973)}
    each = released(count)
    assert int(each.sum()) > 10**18
    world = chain(count, ranked)
    found = run_pass(world)
    (static,) = (phase for phase in found.phases if phase.is_scheduled)
    assert np.array_equal(static.points[np.argsort(static.member)], each)
    phases = {phase.step.rule.id: phase for phase in found.phases}
    generation, team = phases["generation"], phases["team"]
    assert np.array_equal(generation.member, np.arange(count - 2, -1, -1)), "all but the last, from below"
    assert np.array_equal(generation.wanted[::-1], by_generation(each)[:-1])
    assert dict(zip(team.member.tolist(), team.wanted.tolist(), strict=True)) == dict(by_rank(each, ranked))
    assert all(np.array_equal(phase.points, phase.wanted) for phase in (generation, team)), "one lot gives each"
    assert [len(walk.receivers) for walk in found.walks] == [0, 0], "nobody lacks anything"
    assert world.lots.emptied_on[np.arange(3)].tolist() == [NONE] * 3


@each_length
def test_the_performance_of_a_chain_is_exact_beyond_64_bits(count: int) -> None:
    """All together 10^19 micro-units and a little, one more at each place: the first member has all of them."""
    world = chain(count, {})
    own = 10**19 // count + np.arange(count)
    world.members.own_net[:count] = own
    found = world.performances()
    looked = [0, 1, count // 2, count - 2, count - 1]
    first = 10**19 // count
    assert [found[place] for place in looked] == [
        (count - place) * first + (count * (count - 1) - place * (place - 1)) // 2 for place in looked
    ]
