"""A simulation: members who join day by day, each with an order, through the engine, with all its figures.

One run counts: it is thousands of batches, and another would take as long again.
"""

import time
from dataclasses import dataclass

from jifen.bench import ours
from jifen.bench.sizes import Size, check_between
from jifen.bench.timing import Say, peak_bytes, quiet, reset_peak
from jifen.plan.model import Plan
from jifen.simulate.scenario import Scenario, load_scenario, scenario_keys
from jifen.simulate.simulation import simulate

__all__ = ["SimulateFigures", "arrivals", "bench_simulate"]

_SCENARIO = "steady"


@dataclass(frozen=True, slots=True)
class SimulateFigures:
    """What one run took, by the clock and of the processor; ``orders`` is how many the engine took."""

    preset: str
    members: int
    days: int
    orders: int
    seconds: float
    cpu_seconds: float
    peak_bytes: int


def bench_simulate(plan: Plan, members: int, days: int, say: Say = quiet) -> SimulateFigures:
    """Simulate so many members over so many days."""
    ours.check_memory(Size(members, members), posted=False)
    scenario = arrivals(members, days)
    say("simulating a few members, compiling what has not been compiled")
    simulate(plan, arrivals(60, 20))
    say(f"simulating {members:,} members")
    reset_peak()
    clock, processor = time.perf_counter(), time.process_time()
    made = simulate(plan, scenario, progress=lambda done, _: say(f"simulating {members:,} members, day {done}"))
    seconds, cpu_seconds = time.perf_counter() - clock, time.process_time() - processor
    return SimulateFigures(
        preset=plan.name, members=len(made.members.joined), days=days, orders=int(made.days["orders"].sum()),
        seconds=seconds, cpu_seconds=cpu_seconds, peak_bytes=peak_bytes(),
    )  # fmt: skip


def arrivals(members: int, days: int) -> Scenario:
    """So many members, as many on each day, those who are left over on the first; each buys once.

    More than a scenario can have are an ``InputError``.
    """
    keys = scenario_keys()
    check_between("--days", days, 1, keys["days"].maximum)
    check_between("--members", members, 2, keys["joining.most"].maximum)
    each, rest = divmod(members, days)
    return load_scenario(
        _SCENARIO, {"days": days, "joining.a_day": each, "joining.at_start": rest, "joining.drawn": False}
    )
