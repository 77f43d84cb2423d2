"""The figures of a plan that can be computed with a pencil: exact shares, and sums day by day.

All are for one shop: equal orders, each of another buyer who refers nobody, settled as the plan says; goods cost a
fixed share of sales. What is owed is counted in days of sales, days from 1. Where a plan has no such figure it is
``None``; the simulation stands beside all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate

from jifen.assess.promises import Economics, Promise

__all__ = [
    "FIGURES", "Figures", "closed_forms", "funded_share", "growth_required", "pays_itself", "promised_share",
    "response",
]  # fmt: skip

FIGURES = (
    "net_per_order",
    "static_multiple",
    "owed_steady_days",
    "cash_peak_day",
    "cash_negative_day",
    "growth_required_daily",
    "never_paid_share",
    "return_ceiling_share",
    "exit_ceiling_share",
    "paid_share",
    "wait_over_age",
    "coverage",
)
"""By name what an assessment says of a plan, in the order in which it is told."""

Figures = dict[str, Fraction | float | int | None]
"""By name; shares and rates as fractions, ``growth_required_daily`` the root of an equation."""

_RESPONSE_MAX = 36_600
"""A schedule that takes more days than this is cut: a century."""


@dataclass(frozen=True, slots=True)
class _Case:
    """A plan, and how many orders there are in all, each of another buyer."""

    plan: Economics
    orders: int
    days: int


def closed_forms(plan: Economics, orders: int, days: int) -> Figures:
    """All figures that a plan has in closed form, for so many orders in all and so many days at constant sales."""
    case = _Case(plan, orders, days)
    scheduled = [each for each in plan.promises if each.by("schedule")]
    paid_out = _total([response(plan, each) for each in scheduled if plan.from_own_account(each)])
    cash = _cash(plan, paid_out, days) if paid_out else None
    found: Figures = dict.fromkeys(FIGURES)
    found["net_per_order"] = plan.net_per_order
    found["static_multiple"] = plan.static_multiple.low
    found["owed_steady_days"] = sum((_owed(plan, each) for each in scheduled), Fraction(0)) if scheduled else None
    if cash is not None:
        found["cash_peak_day"] = max(range(len(cash)), key=cash.__getitem__) + 1
        found["cash_negative_day"] = next((day for day, held in enumerate(cash, 1) if held < 0), None)
        found["growth_required_daily"] = growth_required(paid_out, plan.inflow)
    found["never_paid_share"] = _never_paid(case)
    found["return_ceiling_share"] = _return_ceiling(plan)
    found["exit_ceiling_share"] = _exit_ceiling(plan)
    found["paid_share"] = _paid_share(case)
    found["wait_over_age"] = _wait(plan)
    return found


def promised_share(plan: Economics) -> Fraction:
    """What a buyer is entitled to on one yuan, in all assets, at the lowest tier and if he refers a whole round."""
    at_once = (plan.amount(rule).low for rule, _ in plan.paid_back())
    return sum((each.multiple.low for each in plan.promises), sum(at_once, Fraction(0)))


def funded_share(plan: Economics) -> Fraction:
    """What one yuan of an order brings for that: into the pools that pay, and into the own account where it pays.

    >>> from jifen.plan import load_plan
    >>> plan = Economics(load_plan("rebate_queue"), Fraction(1, 5))
    >>> promised_share(plan), funded_share(plan)
    (Fraction(1, 1), Fraction(1, 5))
    """
    pools = {pool for promise in plan.promises for pool in promise.pools}
    fed = sum((plan.feeds.get(pool, Fraction(0)) for pool in pools), Fraction(0))
    return fed + (plan.inflow if pays_itself(plan) else 0)


def pays_itself(plan: Economics) -> bool:
    """Whether the plan's own account pays some promise."""
    at_once = any(pay.source is None for _, pay in plan.paid_back())
    return at_once or any(plan.from_own_account(each) or (each.rounds and not each.pools) for each in plan.promises)


def response(plan: Economics, promise: Promise) -> list[Fraction]:
    """What one yuan of an order is paid by schedule, by age in days: first on the day of the order itself.

    >>> from jifen.plan import load_plan
    >>> plan = Economics(load_plan("points_dividend", {"points_per_yuan": "1.2"}))
    >>> paid = response(plan, plan.promises[0])
    >>> len(paid), float(paid[0]), float(paid[1]), float(sum(paid))
    (101, 0.0, 0.012, 1.2)
    """
    release = promise.by("schedule")
    if release is None or release.daily is None or not release.daily.low:
        return []
    left, daily = promise.multiple.low, release.daily.low
    paid = [Fraction(0)] * (plan.delay + promise.lag)
    while left > 0 and len(paid) < _RESPONSE_MAX:
        paid.append(min(daily, left))
        left -= paid[-1]
    return paid


def growth_required(paid: Sequence[Fraction], inflow: Fraction) -> float | None:
    """By how much sales have to grow each day, for ever, so that what comes in pays what is due: Σ paid ÷ (1+g)^age.

    0 where they need not grow; ``None`` where no growth is enough, since more is due at once than comes in.

    >>> round(growth_required([Fraction(0), *[Fraction(12, 1000)] * 100], Fraction(8, 10)), 6)
    0.008679
    """
    if sum(paid) <= inflow:
        return 0.0
    if not paid or paid[0] >= inflow:
        return None
    dues, most = [float(each) for each in paid], float(inflow)
    low, high = 0.0, 1.0
    while _worth(dues, high) > most:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if _worth(dues, middle) > most else (low, middle)
    return high


def _worth(dues: Sequence[float], growth: float) -> float:
    worth = 0.0
    for due in reversed(dues):
        worth = worth / (1 + growth) + due
    return worth


def _total(responses: Sequence[Sequence[Fraction]]) -> list[Fraction]:
    length = max(map(len, responses), default=0)
    return [sum((each[age] for each in responses if age < len(each)), Fraction(0)) for age in range(length)]


def _cash(plan: Economics, paid: Sequence[Fraction], days: int) -> list[Fraction]:
    """What is in hand after each day, in days of sales, if each day sells as much."""
    due = list(accumulate([*paid[:days], *[Fraction(0)] * (days - len(paid))]))
    return list(accumulate(plan.inflow - each for each in due))


def _owed(plan: Economics, promise: Promise) -> Fraction:
    """What is still to be paid after a day when as much is granted as paid, in days of sales."""
    left = [promise.multiple.low - given for given in accumulate(response(plan, promise))]
    return sum(left[plan.delay :], Fraction(0))


def _never_paid(case: _Case) -> Fraction | None:
    """Share of those entitled who never get anything."""
    orders = case.orders
    for promise in case.plan.promises:
        served = promise.by("newcomers")
        if served is not None:
            lots = case.plan.plan.stores[promise.store]
            after_head = getattr(lots, "counts", None) == "after_head"
            return 1 - Fraction((orders - after_head) // served.group, orders)
        if promise.rounds:
            return 1 - Fraction(-(-(orders - 1) // promise.rounds), orders)
        if promise.by("queue") is not None:
            return 1 - _part(case.plan.fed(promise), promise.multiple.low)
    return None


def _paid_share(case: _Case) -> Fraction | None:
    """Share of what is promised that is ever paid at constant sales."""
    plan = case.plan
    for promise in plan.promises:
        if promise.by("newcomers") is not None:
            never = _never_paid(case)
            return None if never is None else 1 - never
        if promise.rounds:
            return Fraction((case.orders - 1) // promise.rounds, case.orders)
        if promise.pools and promise.by("price") is None:
            return _part(plan.fed(promise), promise.multiple.low)
        if promise.by("schedule") is not None:
            return _part(plan.inflow, promise.multiple.low)
    return None


def _part(paid: Fraction, promised: Fraction) -> Fraction:
    """What is paid of what is promised, at most all of it: of nothing, all."""
    return min(paid / promised, Fraction(1)) if promised else Fraction(1)


def _return_ceiling(plan: Economics) -> Fraction | None:
    """Most that all members together can get back of what they spend, out of sales alone."""
    if not plan.promises:
        return None
    pools = {pool for promise in plan.promises for pool in promise.pools}
    fed = sum((plan.feeds.get(pool, Fraction(0)) for pool in pools), Fraction(0))
    own = sum((plan.debt(promise) for promise in plan.promises), Fraction(0))
    turns = sum((each.multiple.low / each.rounds for each in plan.promises if each.rounds), Fraction(0))
    return min(fed, _promised(plan, pools)) + min(own + turns, plan.inflow)


def _promised(plan: Economics, pools: set[str]) -> Fraction:
    """What is promised out of these pools; what tokens are worth has no bound but the pool."""
    out_of = [each for each in plan.promises if set(each.pools) & pools]
    if any(each.by("price") for each in out_of):
        return sum((plan.feeds.get(pool, Fraction(0)) for pool in pools), Fraction(0))
    return sum((each.multiple.low for each in out_of), Fraction(0))


def _exit_ceiling(plan: Economics) -> Fraction | None:
    """Share of orders that could ever be forced out at the multiple: what an order brings ÷ what an exit takes."""
    for promise in plan.promises:
        price = promise.by("price")
        if price is not None and promise.exits_at:
            taken = promise.exits_at * (1 - promise.retained)
            return _part(plan.fed(promise), taken)
    return None


def _wait(plan: Economics) -> Fraction | None:
    """How long a buyer waits, by the age of the shop when he bought."""
    for promise in plan.promises:
        served = promise.by("newcomers")
        if served is not None:
            return Fraction(served.group - 1)
        if promise.by("queue") is not None and plan.fed(promise):
            return max(promise.multiple.low / plan.fed(promise) - 1, Fraction(0))
    return None
