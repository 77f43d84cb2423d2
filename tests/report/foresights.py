"""Small simulations whose reports are looked at: by name, made once and kept."""

from fractions import Fraction
from functools import cache

from jifen.assess.solvency import assess, equal_orders
from jifen.plan import load_plan
from jifen.report.foresight import Fan, Foresight
from jifen.simulate.scenario import load_scenario
from jifen.simulate.simulation import Simulation, simulate

NAMES = ("fan", "assessed", "price", "queue", "pool", "nobody")


@cache
def simulated(plan: str, days: int, run: int = 0, **sections: object) -> Simulation:
    """A plan with three new members a day, each of whom buys once."""
    values = {key.replace("__", "."): value for key, value in sections.items()}
    return simulate(load_plan(plan), load_scenario("steady", {"joining.a_day": 3, "days": days, **values}), 1, run)


@cache
def foresight(name: str) -> Foresight:
    """One by its name."""
    if name == "fan":
        runs = [simulated("points_dividend", 60, run) for run in range(3)]
        return Foresight(runs[0], fan=Fan.of_simulations(runs))
    if name == "assessed":
        # 1.2 times the price comes back in 100 days: cash ends on day 152 (the closed form).
        plan = load_plan("points_dividend", {"points_per_yuan": "1.2"})
        found = assess(plan, equal_orders(plan, Fraction(1, 5), 3_000_000_000, {"joining.a_day": 2, "days": 160}))
        return Foresight(found.base, found)
    if name == "price":
        return Foresight(simulated("appreciation", 40, tokens__sold="2%"))
    if name == "queue":
        return Foresight(simulated("rebate_queue", 50, refunds__share="20%"))
    if name == "pool":
        return Foresight(simulated("member_rebate", 40))
    return Foresight(simulated("points_dividend", 5, joining__a_day=0))
