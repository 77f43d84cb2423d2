"""What is given by hand to those who join: a rank, or a region; and to which district orders go.

Ranks are those of the plan's ladders, regions a tree of provinces, cities and districts, each with as many of the next.
A plan without ladders has nobody appointed, one that pays no agents has no regions.
"""

from dataclasses import dataclass

import numpy as np

from jifen.core.micros import MICRO
from jifen.plan.model import Plan, Walk
from jifen.simulate.scenario import Scenario

__all__ = ["Appointed", "Appointments", "path_of"]

_LEVELS = 3
"""Provinces, cities, districts."""

Appointed = list[tuple[int, str]]
"""Members, and what each of them gets."""


@dataclass(frozen=True, slots=True)
class Appointments:
    """What a plan lets a scenario appoint."""

    scenario: Scenario
    ladders: tuple[tuple[str, ...], ...]
    """The names of the ranks of each ladder, lowest first."""
    agents_paid: bool

    @classmethod
    def of(cls, plan: Plan, scenario: Scenario) -> "Appointments":
        """Read them off the plan's rules: the table of regions is a ladder, too, but nobody's rank."""
        walks = [rule.who for rule in plan.rules if isinstance(rule.who, Walk) and not rule.off]
        regions = {walk.ranks for walk in walks if walk.tree == "region"}
        ladders = [ranks.ladder for name, ranks in plan.ranks.items() if name not in regions]
        names = tuple(tuple(row.name for row in ladder) for ladder in ladders if ladder)
        return cls(scenario, names, bool(regions) and scenario.regions.agents > 0)

    def ranks(self, random: np.random.Generator, first: int, count: int) -> Appointed:
        """The ranks of ``count`` members who join from number ``first`` on: of one ladder each, seldom a high one."""
        of = self.scenario.ranks
        if not self.ladders or not of.appointed:
            return []
        members = first + np.flatnonzero(random.random(count) * MICRO < of.appointed)
        found = []
        for member, ladder in zip(members.tolist(), random.integers(0, len(self.ladders), len(members)), strict=True):
            names, place = self.ladders[ladder], 0
            while place + 1 < len(names) and random.random() * MICRO < of.higher:
                place += 1
            found.append((member, names[place]))
        return found

    def agents(self, random: np.random.Generator, first: int, count: int) -> Appointed:
        """The regions of those of the same members who become agents: of a province, a city or a district."""
        of = self.scenario.regions
        if not self.agents_paid:
            return []
        members = first + np.flatnonzero(random.random(count) * MICRO < of.agents)
        depths = random.integers(1, _LEVELS + 1, len(members))
        numbers = random.integers(0, of.width**depths)
        return [
            (member, path_of(number, depth, of.width))
            for member, number, depth in zip(members.tolist(), numbers.tolist(), depths.tolist(), strict=True)
        ]

    def districts(self, random: np.random.Generator, count: int) -> list[str]:
        """By order the district that it goes to; nothing where nobody is paid for it."""
        if not self.agents_paid:
            return []
        width = self.scenario.regions.width
        return [path_of(number, _LEVELS, width) for number in random.integers(0, width**_LEVELS, count).tolist()]


def path_of(number: int, depth: int, width: int) -> str:
    """The region of a number among those of its depth, with ``width`` parts in each.

    >>> path_of(0, 3, 10), path_of(742, 3, 10), path_of(42, 2, 10)
    ('1/1/1', '8/5/3', '5/3')
    """
    parts = []
    for _ in range(depth):
        number, part = divmod(number, width)
        parts.append(str(part + 1))
    return "/".join(reversed(parts))
