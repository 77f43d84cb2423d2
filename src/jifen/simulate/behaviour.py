"""What members do on a day, drawn by column.

Every purpose has a generator of its own, made from (seed, run, purpose): more refunds change no order, and more orders
change nobody's referrer. What is drawn is a float only until it is a number of members or whole cents.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from jifen.core.micros import AMOUNT_MAX, CENT, MICRO
from jifen.engine.columns import Column, Narrow
from jifen.simulate.scenario import Joining, Orders, Refunds, Scenario

__all__ = ["PURPOSES", "Returns", "amounts", "chosen", "generators", "joining_curve", "numbers_joining", "returns"]

PURPOSES = (
    "joining", "referrers", "first", "first_amounts", "again", "again_amounts", "first_returns", "again_returns",
    "tokens", "panic", "tasks", "withdrawals", "ranks", "agents", "districts",
)  # fmt: skip
"""What is drawn, each from its own generator. A new one goes to the end, so that the others stay as they are."""

_Floats = npt.NDArray[np.float64]


def generators(seed: int, run: int) -> dict[str, np.random.Generator]:
    """A generator for every purpose, the same for the same (seed, run)."""
    return {
        purpose: np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(run, number)))
        for number, purpose in enumerate(PURPOSES)
    }


def joining_curve(joining: Joining, days: int) -> _Floats:
    """How many would join on each day, before anything is drawn or anybody stops.

    The logistic curve is that of a town: each day ``growth`` of those who are there, at least ``a_day``, find somebody,
    and of those whom they find only the part that is not there yet can join.

    >>> from jifen.simulate.scenario import load_scenario
    >>> joining_curve(load_scenario("growth").joining, 3).round(3).tolist()
    [10.0, 10.1, 10.201]
    """
    growth = joining.growth / MICRO
    if joining.curve == "constant":
        return np.full(days, float(joining.a_day))
    if joining.curve == "exponential":
        with np.errstate(over="ignore"):
            grown: _Floats = np.minimum(joining.a_day * np.power(1 + growth, np.arange(days)), float(joining.most))
        return grown
    curve, there = np.zeros(days), float(joining.at_start)
    for day in range(days):
        curve[day] = max(joining.a_day, growth * there) * max(1 - there / joining.most, 0.0)
        there += curve[day]
    return curve


def numbers_joining(scenario: Scenario, random: np.random.Generator) -> Column:
    """How many join on each day of a scenario."""
    joining, days = scenario.joining, scenario.days
    curve = joining_curve(joining, days)
    last = min(joining.until or days, (scenario.orders.stop or days + 1) - 1)
    curve[last:] = 0
    if joining.drawn:
        found = random.poisson(curve).astype(np.int64)
        found[last:] = 0
    else:
        # The whole members of the sum so far: what a day is short of, a later one has.
        found = _steps(np.floor(np.cumsum(curve) + 1e-9).astype(np.int64))
    found[0] += joining.at_start if last > 0 else 0
    return _steps(np.minimum(np.cumsum(found), joining.most))


def _steps(sums: Column) -> Column:
    """What has been added on each day to have these sums."""
    added = sums.copy()
    added[1:] -= sums[:-1]
    return added


def amounts(orders: Orders, random: np.random.Generator, count: int, given: Column | None = None) -> Column:
    """So many amounts of orders in micro-units, in whole cents; ``given`` are those of a file."""
    if orders.amount == "fixed":
        return np.full(count, orders.yuan, dtype=np.int64)
    if orders.amount == "file":
        if given is None:
            raise ValueError("amounts from a file need the file's amounts")
        return given[random.integers(0, len(given), count)]
    drawn = random.lognormal(np.log(orders.yuan / CENT), orders.spread / MICRO, count)
    return np.clip(np.rint(drawn), 1, AMOUNT_MAX // CENT).astype(np.int64) * CENT


def chosen(random: np.random.Generator, among: Narrow | int, share: int) -> Narrow:
    """Of some members (or of the first so many) a share in parts per million, each by chance, in rising order."""
    size = among if isinstance(among, int) else len(among)
    count = int(random.binomial(size, share / MICRO)) if size and share else 0
    places = np.sort(random.choice(size, count, replace=False)).astype(np.int32) if count else np.zeros(0, np.int32)
    return places if isinstance(among, int) else among[places]


class Returns(NamedTuple):
    """What will be given back of some orders: which of them, how many days later, how much."""

    place: Narrow
    after: Narrow
    amount: Column


def returns(refunds: Refunds, random: np.random.Generator, paid: Column) -> Returns:
    """What will be given back of orders of these amounts.

    As much is drawn for an order that is kept as for one that is not, so that the others stay as they are.
    """
    drawn = random.random((len(paid), 4)) if refunds.share else np.ones((len(paid), 4))
    place = np.flatnonzero(drawn[:, 0] * MICRO < refunds.share).astype(np.int32)
    _, after, whole, part = drawn[place].T
    parts = np.maximum((paid[place] // CENT * part).astype(np.int64), 1) * CENT
    amount = np.where((whole * MICRO < refunds.whole) | (parts > paid[place]), paid[place], parts)
    return Returns(place, (1 + after * refunds.days).astype(np.int32), amount)
