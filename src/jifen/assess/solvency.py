"""What a plan can pay: its figures in closed form and from the engine, side by side, and what happens when sales stop.

The engine runs a shop of equal orders, as many each day, each of another new member whom nobody has referred (in a plan
that pays for referrals each refers as many as one round takes). So both columns speak of the same shop; what more a
shop does is for a scenario of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from jifen.assess.closed_forms import FIGURES, Figures, closed_forms, growth_required, response
from jifen.assess.promises import RESERVE, Economics
from jifen.core.micros import MICRO, format_micros
from jifen.engine.columns import exact_sum
from jifen.plan.model import Plan
from jifen.plan.worth import yuan_per_unit
from jifen.simulate.scenario import load_scenario
from jifen.simulate.simulation import Simulation, simulate

__all__ = ["Assessment", "Stop", "assess"]

_SCENARIO = "equal_orders"
_DAYS = 400
_A_DAY = 10
_SETTLED_AGE = 100
"""Waits are compared with the shop's age from this day on; before, whole days and orders are too coarse."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Stop:
    """What happens if sales stop; amounts in micro-units."""

    day: int
    """The last day with sales."""
    owed: int
    """What is promised at its end."""
    cash: int
    """What the operator has in hand at its end, pools and reserve included."""
    unpaid: int
    """What of it is never paid: claims that stay open, and payments for which there was no money."""
    members: int
    """How many are still owed something when cash has ended, or at the end."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """The figures of a plan; ``simulated`` has those of ``closed`` that the engine's run shows."""

    plan: Plan
    cost: Fraction
    order: int
    """The amount of every order, in micro-units."""
    a_day: int
    closed: Figures
    simulated: Figures
    base: Simulation
    stop: Stop

    @property
    def spending_back_share(self) -> Fraction | None:
        """Of the buyers, how many had got back what they spent when cash ended, or at the end."""
        members = self.base.members_then
        return Fraction(members.paid_back, members.buyers) if members.buyers else None

    def document(self) -> dict[str, Any]:
        """As JSON has it: by figure ``{closed_form, simulated}``, numbers or null."""
        found: dict[str, Any] = {
            name: {"closed_form": _number(self.closed[name]), "simulated": _number(self.simulated[name])}
            for name in FIGURES
        }
        return found | {
            "plan": self.plan.name, "digest": self.plan.digest, "cost": float(self.cost),
            "order": format_micros(self.order), "orders_a_day": self.a_day, "days": len(self.base.days["day"]),
            "spending_back_share": _number(self.spending_back_share),
            "sales_stop": {
                "day": self.stop.day, "owed": format_micros(self.stop.owed), "cash": format_micros(self.stop.cash),
                "unpaid": format_micros(self.stop.unpaid), "members": self.stop.members,
            },
        }  # fmt: skip


def assess(
    plan: Plan, cost: Fraction, order: int, *, a_day: int = _A_DAY, days: int | None = None,
    progress: Progress | None = None,
) -> Assessment:  # fmt: skip
    """Assess a plan for orders of one amount (micro-units) at a cost of goods. ``progress``: days done and in all."""
    economics = Economics(plan, cost, order)
    schedule = max((len(response(economics, each)) for each in economics.promises), default=0)
    days = days or max(_DAYS, schedule + 30)
    shop = _Shop(plan, economics, order, a_day, days, progress)
    base = shop.run({}, 0)
    last = days // 2
    stopped = shop.run({"orders.stop": last + 1}, 1)
    closed = closed_forms(economics, base.members.buyers, days)
    simulated = _Measured(economics, base).figures()
    if closed["growth_required_daily"] is not None:
        simulated["growth_required_daily"] = _growth(economics, shop.run({"orders.stop": 2}, 2))
    return Assessment(plan, cost, order, a_day, closed, simulated, base, _stop(stopped, last))


@dataclass(frozen=True, slots=True)
class _Shop:
    """The shop of equal orders in which a plan is assessed."""

    plan: Plan
    economics: Economics
    order: int
    a_day: int
    days: int
    progress: Progress | None

    def run(self, values: Mapping[str, Any], place: int) -> Simulation:
        """Simulate it with other values; ``place``: the first, second or third of three runs."""
        rounds = max((each.rounds for each in self.economics.promises), default=0)
        referrals = {"referrals.shape": "branching", "referrals.width": rounds} if rounds else {}
        cost = f"{format_micros(int(self.economics.cost * 100 * MICRO), 4)}%"
        shop = {
            "days": self.days, "cost": cost, "joining.a_day": self.a_day, "orders.yuan": format_micros(self.order, 2),
        }  # fmt: skip
        told = self.progress

        def shown(done: int, days: int) -> None:
            if told is not None:
                told(place * days + done, 3 * days)

        scenario = load_scenario(_SCENARIO, shop | referrals | dict(values))
        return simulate(self.plan, scenario, progress=shown)


class _Measured:
    """The figures of a plan as a simulation shows them."""

    def __init__(self, plan: Economics, made: Simulation) -> None:
        self.plan, self.made = plan, made
        self.sold = self._sum("sold")

    def figures(self) -> Figures:
        """All of them."""
        found: Figures = dict.fromkeys(FIGURES)
        if not self.sold:
            return found
        found["net_per_order"] = self._net()
        found["static_multiple"] = self._multiple()
        found |= self._cash()
        found["never_paid_share"], found["paid_share"] = self._never_paid(), self._paid()
        found["return_ceiling_share"] = self._ceiling()
        found["exit_ceiling_share"] = self._exits()
        found["wait_over_age"] = self._wait()
        found["coverage"] = self._coverage()
        return found

    def _sum(self, figure: str) -> int:
        return exact_sum(self.made.days[figure]) if figure in self.made.days else 0

    def _granted(self, store: str) -> int:
        """What was granted of a store, in micro-units of what it becomes."""
        return self._sum(f"granted:{store}") * yuan_per_unit(self.plan.plan, store) // MICRO

    def _fed(self) -> int:
        return sum(self._sum(f"fed:{pool}") for pool in self.plan.feeds if pool != RESERVE)

    def _margin(self) -> int:
        """What sales leave in the plan's own account."""
        return self.sold - self._sum("goods") - self._fed()

    def _own(self) -> int:
        """What orders have added to the debts of the plan's own account, as they are paid in the long run."""
        debts = 0
        for promise in self.plan.promises:
            served = promise.by("newcomers")
            if served is not None:
                debts += self._sum(f"paid:{served.rule}")
            elif self.plan.from_own_account(promise) and promise.by("price") is None:
                debts += self._granted(promise.store)
        walks = (reward.rule for reward in self.plan.rewards if reward.drains is None and not reward.pool)
        return debts + sum(self._sum(f"paid:{rule}") for rule in walks)

    def _net(self) -> Fraction:
        return Fraction(self._margin() - self._own(), self.sold)

    def _multiple(self) -> Fraction:
        """What buyers were entitled to: what was granted, tokens and referrals at what is held out to them."""
        total = Fraction(0)
        for promise in self.plan.promises:
            if not self.plan.becomes_cash(promise.asset):
                continue
            granted = Fraction(self._granted(promise.store), self.sold) if promise.store else promise.multiple.low
            total += promise.multiple.low if promise.by("price") is not None else granted
        return total

    def _cash(self) -> Figures:
        scheduled = [each for each in self.plan.promises if each.by("schedule")]
        if not scheduled:
            return {}
        days, found = self.made.days, Figures()
        found["owed_steady_days"] = Fraction(days["promised"].item(-1), days["sold"].item(-1))
        if any(self.plan.from_own_account(each) for each in scheduled):
            below = np.flatnonzero(days["free_cash"] < 0)
            found["cash_peak_day"] = int(days["free_cash"].argmax()) + 1
            found["cash_negative_day"] = int(below[0]) + 1 if len(below) else None
        return found

    def _never_paid(self) -> Fraction | None:
        members = self.made.members
        for promise in self.plan.promises:
            queue = self.made.queues.get(promise.store)
            if promise.by("newcomers") is not None and queue is not None and len(queue.paid):
                return 1 - Fraction(queue.served, len(queue.paid))
            if promise.rounds:
                return Fraction(members.paid_nothing, members.buyers)
            if promise.by("queue") is not None and queue is not None:
                return Fraction(exact_sum(queue.remaining), max(exact_sum(queue.amount), 1))
        return None

    def _paid(self) -> Fraction | None:
        members = self.made.members
        for promise in self.plan.promises:
            queue = self.made.queues.get(promise.store)
            if promise.by("newcomers") is not None and queue is not None and len(queue.paid):
                return Fraction(queue.served, len(queue.paid))
            if promise.rounds:
                return Fraction(members.paid_back, members.buyers)
            granted = self._granted(promise.store) if promise.store else 0
            if promise.pools and promise.by("price") is None and granted:
                fed = sum(self._sum(f"fed:{pool}") for pool in promise.pools)
                return min(Fraction(fed, granted), Fraction(1))
            if promise.by("schedule") is not None and granted:
                return min(Fraction(self._margin(), granted), Fraction(1))
        return None

    def _ceiling(self) -> Fraction | None:
        """Most that members together can get: what pools were fed, and what the own account can pay of its debts."""
        if not self.plan.promises:
            return None
        pools = {pool for promise in self.plan.promises for pool in promise.pools}
        fed = sum(self._sum(f"fed:{pool}") for pool in pools)
        return Fraction(fed + min(self._own(), self._margin()), self.sold)

    def _exits(self) -> Fraction | None:
        """What an order brings into the pool ÷ what an exit takes out of it."""
        for promise in self.plan.promises:
            left = int(np.count_nonzero(self.made.members.received > 0))
            if promise.exits_at and left:
                fed = Fraction(sum(self._sum(f"fed:{pool}") for pool in promise.pools), self._sum("orders"))
                return min(fed / Fraction(self._sum("paid"), left), Fraction(1))
        return None

    def _wait(self) -> Fraction | None:
        """How long those waited who were served last, by the age of the shop when they came."""
        for promise in self.plan.promises:
            queue = self.made.queues.get(promise.store)
            if queue is not None:
                late = np.flatnonzero(queue.paid >= _SETTLED_AGE)
                waits, ages = exact_sum(queue.wait[late]), exact_sum(queue.arrived[late])
                return Fraction(waits, ages) if ages else None
        return None

    def _coverage(self) -> Fraction | None:
        """What backs what is promised at the end: pools and reserve, and the operator's cash where he pays himself."""
        days = self.made.days
        promised = days["promised"].item(-1)
        if not promised:
            return None
        free = 0 if self.plan.reserve_funded else max(days["free_cash"].item(-1), 0)
        pools = sum(column.item(-1) for name, column in days.items() if name.startswith("pool:"))
        return Fraction(days["reserve"].item(-1) + pools + free, promised)


def _growth(plan: Economics, made: Simulation) -> float | None:
    """The growth that pays what the orders of one day are paid, day by day."""
    days, sold = made.days, exact_sum(made.days["sold"])
    fed = sum(exact_sum(days[f"fed:{pool}"]) for pool in plan.feeds if pool != RESERVE and f"fed:{pool}" in days)
    paid = [Fraction(amount, sold) for amount in days["paid"].tolist()]
    return growth_required(paid, Fraction(sold - exact_sum(days["goods"]) - fed, sold))


def _stop(made: Simulation, last: int) -> Stop:
    """What is owed on the last day with sales, and what becomes of it."""
    days, then = made.days, made.members_then
    missing = max(-days["free_cash"].item(-1), 0)
    unpaid = days["promised"].item(-1) + missing
    members = int(np.count_nonzero(then.promised > 0))
    at = last - 1
    return Stop(last, days["promised"].item(at), days["cash"].item(at), unpaid, members)


def _number(value: Fraction | float | int | None) -> float | int | None:
    return float(value) if isinstance(value, Fraction) else value
