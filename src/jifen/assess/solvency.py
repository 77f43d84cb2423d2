"""What a plan can pay: its figures in closed form and from the engine, side by side, and what happens when sales stop.

Without a scenario the engine runs a shop of equal orders, as many each day, each of another new member whom nobody has
referred (in a plan that pays in rounds of referrals each refers as many as one round takes). So both columns speak of
the same shop. With a scenario the simulated column is that shop's, and the closed forms stay those of equal orders.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from jifen.assess.claim_case import cases_of
from jifen.assess.closed_forms import FIGURES, Figures, closed_forms, funded_share, promised_share, response
from jifen.assess.measured import cash_end, measured, measured_funding, measured_growth, measured_promise, reserved
from jifen.assess.promises import Economics
from jifen.core.micros import MICRO, format_micros
from jifen.engine.columns import Column, exact_sum
from jifen.plan.model import Plan
from jifen.simulate.scenario import Scenario, load_scenario
from jifen.simulate.simulation import Given, Simulation, simulate

__all__ = ["EQUAL_ORDERS", "Assessment", "Stop", "assess", "equal_orders", "spending_back_share"]

EQUAL_ORDERS = "equal_orders"
"""The scenario of the shop in which a plan is assessed where nothing else is said."""
_DAYS, _DAYS_MAX = 400, 1000
_A_DAY = 10
_A_DAY_WITH_TASKS = 2
"""Every task is an event of its own, each day of each member."""
_STOP = 100
"""Sales are stopped after this day, or half-way if there are fewer days."""
_AFTER = 30
"""Days that are simulated when even the last order before the stop has been paid by schedule."""

_Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Stop:
    """What happens if sales stop; amounts in micro-units."""

    day: int
    """The last day with sales."""
    owed: int
    """What is promised at its end."""
    cash: int
    """What the operator has in hand at its end, pools and reserve included."""
    until: int
    """The day until which it was simulated: schedules have run out, unless they take years."""
    unpaid: int
    """What of it is not paid by then: claims that stay open, and payments for which there was no money."""
    members: int
    """How many are still owed something when cash has ended, or at the end."""
    joined: tuple[int, int] | None
    """The days on which the first and the last of them joined."""
    buyers: int
    """How many had bought anything."""
    paid_back: int
    """How many of them had got back what they spent when cash ended, or at the end."""
    spent: int
    """What they had spent."""
    tokens: int
    """What their tokens are quoted at, at the end."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """The figures of a plan; ``simulated`` has those of ``closed`` that the engine's run shows."""

    plan: Plan
    cost: Fraction
    order: int
    """The amount of every order of the closed forms, in micro-units."""
    a_day: int
    """How many join and buy on the first day."""
    closed: Figures
    simulated: Figures
    base: Simulation
    stop: Stop

    @property
    def economics(self) -> Economics:
        """What an order promises and brings in."""
        return Economics(self.plan, self.cost, self.order)

    @property
    def spending_back_share(self) -> Fraction | None:
        """Of the buyers, how many had got back what they spent when cash ended, or at the end."""
        return spending_back_share(self.base)

    @property
    def cash_ended(self) -> int | None:
        """The first day at whose end the operator had no cash of his own, whatever the plan promises."""
        return cash_end(self.base.days)

    @property
    def per_order(self) -> dict[str, tuple[Fraction, Fraction | None]]:
        """What one yuan of an order promises its buyer, and what it brings for that: closed form and simulated."""
        plan = self.economics
        return {
            "promised": (promised_share(plan), measured_promise(plan, self.base)),
            "funded": (funded_share(plan), measured_funding(plan, self.base)),
        }

    @property
    def reserved(self) -> Column:
        """By day what is put aside for what is promised, in micro-units."""
        return reserved(self.plan, self.base.days)

    @property
    def received_from(self) -> dict[str, int]:
        """Of all that members received, whose spending it was, in micro-units.

        Of those who joined ``earlier``, in the ``same`` days, or ``later`` than who received it; ``missing``: nobody's.
        """
        paid = self.base.cohorts.paid_by
        return {
            "earlier": exact_sum(np.tril(paid, -1).ravel()), "same": exact_sum(np.diagonal(paid).copy()),
            "later": exact_sum(np.triu(paid, 1).ravel()), "missing": exact_sum(self.base.cohorts.unfunded),
        }  # fmt: skip

    def document(self) -> dict[str, Any]:
        """As JSON has it: by figure ``{closed_form, simulated}``, numbers or null; amounts are decimal strings."""
        found: dict[str, Any] = {
            name: {"closed_form": _number(self.closed[name]), "simulated": _number(self.simulated[name])}
            for name in FIGURES
        }
        return found | {
            "plan": self.plan.name, "digest": self.plan.digest,
            "taken_for_granted": {
                "cost": _number(self.cost), "order": format_micros(self.order), "orders_a_day": self.a_day,
                "days": len(self.base.days["day"]), "scenario": self.base.scenario.name, "seed": self.base.seed,
            },
            "per_order": {
                name: {"closed_form": _number(closed), "simulated": _number(simulated)}
                for name, (closed, simulated) in self.per_order.items()
            },
            "spending_back_share": _number(self.spending_back_share),
            "sales_stop": _stop_document(self.stop),
            "received_from": {name: format_micros(amount) for name, amount in self.received_from.items()},
            "who_pays_whom": _cohorts_document(self.base),
            "by_day": self._days_document(),
        }  # fmt: skip

    def _days_document(self) -> dict[str, list[Any]]:
        days = self.base.days
        columns = {"promised": days["promised"], "reserved": self.reserved, "free_cash": days["free_cash"]}
        backed = zip(self.reserved.tolist(), days["promised"].tolist(), strict=True)
        return {
            "day": days["day"].tolist(),
            **{name: [format_micros(amount) for amount in column.tolist()] for name, column in columns.items()},
            "coverage": [held / promised if promised else None for held, promised in backed],
        }


def equal_orders(
    plan: Plan, cost: Fraction, order: int | None = None, values: Mapping[str, Any] | None = None
) -> Scenario:
    """Return the shop of equal orders in which a plan is assessed where nothing else is said.

    ``order``: the amount of every order in micro-units, else an everyday one; ``values``: others of the scenario, by
    key. A value that the scenario cannot have is an ``InputError``.

    >>> from jifen.plan import load_plan
    >>> shop = equal_orders(load_plan("points_dividend"), Fraction(1, 5))
    >>> shop.days, shop.joining.a_day, shop.orders.yuan // MICRO
    (400, 10, 1000)
    """
    economics = cases_of(plan, cost, order)[0].economics
    tasks = any(rule.when == "task" for rule in economics.rules)
    rounds = max((each.rounds for each in economics.promises), default=0)
    shop = {
        "days": min(max(_DAYS, _schedule(economics) + _STOP + _AFTER), _DAYS_MAX), "cost": _percent(cost),
        "joining.a_day": _A_DAY_WITH_TASKS if tasks else _A_DAY,
        "orders.yuan": format_micros(economics.order or 0, 2),
    }  # fmt: skip
    referrals = {"referrals.shape": "branching", "referrals.width": rounds} if rounds else {}
    return load_scenario(EQUAL_ORDERS, shop | referrals | dict(values or {}))


def assess(
    plan: Plan, scenario: Scenario, *, seed: int = 1, given: Given | None = None, progress: _Progress | None = None
) -> Assessment:
    """Assess a plan in the shop of a scenario: its cost of goods, its orders, its days.

    ``given``: what the scenario takes from files; ``progress`` is called with days done and in all.

    >>> from jifen.plan import load_plan
    >>> plan = load_plan("points_dividend", {"points_per_yuan": "1.2"})
    >>> found = assess(plan, equal_orders(plan, Fraction(1, 5), values={"days": 160}))
    >>> found.closed["cash_negative_day"], found.simulated["cash_negative_day"]
    (152, 152)
    """
    cost = Fraction(scenario.cost, MICRO)
    economics = cases_of(plan, cost, scenario.orders.yuan)[0].economics
    last = min(_STOP, max(scenario.days // 2, 1), max((scenario.orders.stop or scenario.days) - 1, 1))
    schedule = _schedule(economics)
    until = max(scenario.days, last + min(schedule, _DAYS_MAX) + _AFTER)
    stopped = replace(scenario, days=until, orders=replace(scenario.orders, stop=last + 1))
    shops = [scenario, stopped]
    if 0 < schedule <= _DAYS_MAX and closed_forms(economics, 1, 1)["growth_required_daily"] is not None:
        shops.append(equal_orders(plan, cost, economics.order, {"days": schedule, "orders.stop": 2}))
    made = _run_all(plan, shops, seed, given, progress)
    base = made[0]
    closed = closed_forms(economics, max(base.members.buyers, 1), scenario.days)
    simulated = measured(economics, base)
    if len(made) > 2:
        simulated["growth_required_daily"] = measured_growth(economics, made[2])
    a_day = scenario.joining.at_start + scenario.joining.a_day
    return Assessment(plan, cost, scenario.orders.yuan, a_day, closed, simulated, base, _stop(made[1], last))


def spending_back_share(made: Simulation) -> Fraction | None:
    """Of the buyers, how many had got back what they spent when cash ended, or at the end; ``None`` without buyers."""
    members = made.members_then
    return Fraction(members.paid_back, members.buyers) if members.buyers else None


def _run_all(
    plan: Plan, shops: list[Scenario], seed: int, given: Given | None, progress: _Progress | None
) -> list[Simulation]:
    """Simulate several shops one after the other."""
    days, made = sum(shop.days for shop in shops), []
    for place, shop in enumerate(shops):
        before = sum(each.days for each in shops[:place])

        def told(done: int, _: int, before: int = before) -> None:
            if progress is not None:
                progress(before + done, days)

        made.append(simulate(plan, shop, seed, given=given, progress=told))
    return made


def _schedule(plan: Economics) -> int:
    """Days from an order until schedules have paid everything."""
    return max((len(response(plan, each)) for each in plan.promises), default=0)


def _stop(made: Simulation, last: int) -> Stop:
    """What is owed on the last day with sales, and what becomes of it."""
    days, then = made.days, made.members_then
    missing = max(-days["free_cash"].item(-1), 0)
    waiting = then.joined[then.promised > 0]
    joined = (int(waiting.min()), int(waiting.max())) if len(waiting) else None
    owed, cash = days["promised"].item(last - 1), days["cash"].item(last - 1)
    unpaid, members = days["promised"].item(-1) + missing, made.members
    spent, tokens = exact_sum(members.spent), exact_sum(members.tokens)
    return Stop(
        last, owed, cash, len(days["day"]), unpaid, len(waiting), joined, members.buyers, then.paid_back, spent, tokens
    )


def _stop_document(stop: Stop) -> dict[str, Any]:
    return {
        "day": stop.day, "owed": format_micros(stop.owed), "cash": format_micros(stop.cash),
        "until": stop.until, "unpaid": format_micros(stop.unpaid), "members": stop.members, "joined": stop.joined,
        "buyers": stop.buyers, "paid_back": stop.paid_back,
    }  # fmt: skip


def _cohorts_document(made: Simulation) -> list[dict[str, Any]]:
    """A line for each cohort: what it spent and received, and from the spending of which cohorts."""
    table = made.cohorts
    rows = zip(table.members, table.spent, table.received, table.unfunded, table.paid_by, strict=True)
    days = table.first_day.tolist()
    return [
        {"first_day": day, "members": int(members)}
        | {name: format_micros(int(amount)) for name, amount in
           (("spent", spent), ("received", received), ("missing", missing))}
        | {"from": {str(of): format_micros(int(amount)) for of, amount in zip(days, paid, strict=True)}}
        for day, (members, spent, received, missing, paid) in zip(days, rows, strict=True)
    ]  # fmt: skip


def _percent(share: Fraction) -> str:
    return f"{format_micros(int(share * 100 * MICRO), 4)}%"


def _number(value: Fraction | float | int | None) -> float | int | None:
    return float(value) if isinstance(value, Fraction) else value
