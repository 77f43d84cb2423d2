"""The region tree: agents of a province, a city, a district, paid on what is delivered there.

A path is written "province/city/district". The walk goes from the longest part of an order's path to the shortest: an
agent whose rate is above all met gets the difference. Of two agents of one path the earlier joined counts.
"""

from collections.abc import Callable, Iterator

import numpy as np

from jifen.engine.program import Program, Step
from jifen.engine.tables import NONE
from jifen.engine.world import World

__all__ = ["agent_at", "agent_of", "rates_by_region", "set_agent"]

_LEVELS = ("province", "city", "district")
"""The names of the levels, from the shortest path to the longest."""


def set_agent(world: World, member: int, region: int) -> None:
    """Make a member the agent of a region (NONE: of none) for later events."""
    before = world.members.agent.item(member)
    world.agent_changes.change(member, world.next_event, before, region)
    world.members.agent[member] = region
    world.agents = None


def agent_of(world: World, region: int) -> int:
    """The earliest joined agent of a region, or NONE."""
    if world.agents is None:
        world.agents = {}
        for member, path in enumerate(world.members.agent[: world.members.size].tolist()):
            if path != NONE:
                world.agents.setdefault(path, member)
    return world.agents.get(region, NONE)


def agent_at(world: World, region: int, event: int) -> int:
    """The earliest joined agent of a region when an event was handled, or NONE."""
    if region == NONE:
        return NONE
    now = world.members.agent
    candidates = set(np.flatnonzero(now[: world.members.size] == region).tolist()) | set(
        world.agent_changes.members().tolist()
    )
    fits = (each for each in candidates if world.agent_changes.at(each, event, now.item(each)) == region)
    return min(fits, default=NONE)


def rates_by_region(
    world: World, program: Program, step: Step, region: int, agent: Callable[[int], int]
) -> Iterator[tuple[int, int]]:
    """(agent, rate) from the longest part of a region's path to the shortest; rate 0 for an agent passed over."""
    ladder = program.ladders[step.walk.ranks or ""]
    parts = [] if region == NONE else world.region_names.names[region].split("/")
    covered = 0
    for length in range(min(len(parts), len(_LEVELS)), 0, -1):
        member = agent(world.region_names.get("/".join(parts[:length])))
        if member == NONE:
            continue
        rate = ladder.rate_at(ladder.places.get(_LEVELS[length - 1], NONE))
        yield member, max(rate - covered, 0)
        covered = max(covered, rate)
