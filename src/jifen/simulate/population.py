"""Who refers whom: for those who join, in order, the member above each of them."""

from collections.abc import Callable

import numpy as np

from jifen.core.micros import MICRO
from jifen.engine.columns import Narrow
from jifen.engine.tables import NONE
from jifen.simulate.scenario import Referrals

__all__ = ["Forest", "Referrers", "referrers_of"]

Referrers = Callable[[int, int], Narrow]
"""Of ``count`` members from number ``first`` on the number of the one above each, who joined before, or ``NONE``."""

Forest = Narrow
"""The same for all members of a file."""


def referrers_of(referrals: Referrals, random: np.random.Generator, forest: Forest | None = None) -> Referrers:
    """How those who join find who refers them; ``forest`` is what the shape ``forest`` needs.

    >>> from jifen.simulate.scenario import Referrals
    >>> referrers_of(Referrals("branching", 1_000_000, 3), np.random.default_rng(1))(0, 6).tolist()
    [-1, 0, 0, 0, 1, 1]
    """

    def attachment(first: int, count: int) -> Narrow:
        # Who is found in proportion to those he has referred already is at ⌊i × u²⌋ among the first i.
        numbers = np.arange(first, first + count)
        found = (numbers * random.random(count) ** 2).astype(np.int32)
        referred = random.random(count) * MICRO < referrals.referred
        found[~referred | (numbers == 0)] = NONE
        return found

    def branching(first: int, count: int) -> Narrow:
        return ((np.arange(first, first + count) - 1) // referrals.width).astype(np.int32)

    def chain(first: int, count: int) -> Narrow:
        return np.arange(first - 1, first + count - 1, dtype=np.int32)

    def star(first: int, count: int) -> Narrow:
        found = np.zeros(count, dtype=np.int32)
        found[: first == 0] = NONE
        return found

    def none(first: int, count: int) -> Narrow:
        return np.full(count, NONE, dtype=np.int32)

    def given(first: int, count: int) -> Narrow:
        if forest is None:
            raise ValueError("the shape `forest` needs the members above")
        return forest[first : first + count]

    shapes = {
        "attachment": attachment, "branching": branching, "chain": chain, "star": star, "none": none, "forest": given,
    }  # fmt: skip
    return shapes[referrals.shape]
