"""The figures of a plan as a simulation shows them, by the names of ``closed_forms.FIGURES``.

What orders bring and add to debts is taken per yuan sold; orders of the last days that have not taken effect yet are
left out of it. Where members give back, what counts at payment is held against gross sales, what counts later against
net ones.
"""

from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from jifen.assess.closed_forms import FIGURES, Figures, growth_required, pays_itself, response
from jifen.assess.promises import RESERVE, Economics
from jifen.core.micros import MICRO
from jifen.engine.columns import Column, exact_sum
from jifen.plan.model import Asset, Money, Plan
from jifen.plan.worth import is_tokens, yuan_per_unit
from jifen.simulate.outcomes import QueueTable
from jifen.simulate.simulation import Simulation

__all__ = ["cash_end", "measured", "measured_funding", "measured_growth", "measured_promise", "reserved"]

_SETTLED_AGE = 100
"""Waits are compared with the shop's age from this day on; before, whole days and orders are too coarse."""
_MONTH = 30
"""What is owed is compared with the sales of so many days."""


def measured(plan: Economics, made: Simulation) -> Figures:
    """Return all figures that the simulation shows; none without sales, and never the growth (``measured_growth``)."""
    measure = _Measure(plan, made)
    found: Figures = dict.fromkeys(FIGURES)
    if not measure.gross or not measure.net or not made.members.buyers:
        return found
    found["net_per_order"] = 1 - measure.goods - measure.fed - measure.own
    found["static_multiple"] = measure.entitled(cash_only=True)
    found |= _schedules(measure)
    found["never_paid_share"], found["paid_share"] = _never_paid(measure), _paid(measure)
    found["return_ceiling_share"] = _ceiling(measure)
    found["exit_ceiling_share"] = _exits(measure)
    found["wait_over_age"] = _wait(measure)
    promised = made.days["promised"].item(-1)
    found["coverage"] = Fraction(reserved(made.plan, made.days).item(-1), promised) if promised else None
    return found


def measured_growth(plan: Economics, made: Simulation) -> float | None:
    """The growth that pays what the orders of one day are paid; ``made`` has sales on its first day only."""
    measure = _Measure(plan, made, delay=0)
    if not measure.gross:
        return None
    paid = [Fraction(amount, measure.gross) for amount in made.days["paid"].tolist()]
    return growth_required(paid, 1 - measure.goods - measure.fed)


def measured_promise(plan: Economics, made: Simulation) -> Fraction | None:
    """What buyers were entitled to of one yuan sold, in all assets."""
    measure = _Measure(plan, made)
    return measure.entitled(cash_only=False) if measure.gross else None


def measured_funding(plan: Economics, made: Simulation) -> Fraction | None:
    """What one yuan sold has brought for it: into pools, and of what is left into the plan's own account."""
    measure = _Measure(plan, made)
    if not measure.gross or not measure.net:
        return None
    pools = {pool for promise in plan.promises for pool in promise.pools}
    return sum(map(measure.pool, pools), 1 - measure.goods - measure.fed if pays_itself(plan) else Fraction(0))


def cash_end(days: Mapping[str, Column]) -> int | None:
    """The first day at whose end the operator has less than nothing of his own; ``None``: there is none."""
    below = np.flatnonzero(days["free_cash"] < 0)
    return int(below[0]) + 1 if len(below) else None


def reserved(plan: Plan, days: Mapping[str, Column]) -> Column:
    """By day what is put aside for what is promised: the reserve, and pools that back no tokens (micro-units)."""
    priced = {getattr(store, "priced_by", None) for name, store in plan.stores.items() if is_tokens(plan, name)}
    pools = (days[name] for name in days if name.startswith("pool:") and name.removeprefix("pool:") not in priced)
    held: Column = sum(pools, days["reserve"])
    return held


class _Measure:
    """A simulation, per yuan sold."""

    def __init__(self, plan: Economics, made: Simulation, delay: int | None = None) -> None:
        self.plan, self.made = plan, made
        self.delay = plan.delay if delay is None else delay
        self.gross = self._sum("sold")
        self.net = self.gross - self._sum("refunded")

    def _sum(self, figure: str) -> int:
        """The sum of a flow of orders that have taken effect."""
        flow = self.made.days.get(figure)
        return 0 if flow is None else exact_sum(flow[: len(flow) - self.delay])

    def total(self, figure: str) -> int:
        """The sum of a flow over all days."""
        return exact_sum(self.made.days[figure]) if figure in self.made.days else 0

    def _counted(self, figure: str) -> Fraction:
        """A flow that orders cause when they take effect, of one yuan."""
        return Fraction(self.total(figure), self.net if self.plan.delay else self.gross)

    @property
    def goods(self) -> Fraction:
        """What goods cost."""
        return Fraction(self._sum("goods"), self.net)

    @property
    def fed(self) -> Fraction:
        """What goes into pools; the reserve stays in the plan's own account."""
        return sum((self.pool(pool) for pool in self.plan.feeds if pool != RESERVE), Fraction(0))

    def pool(self, pool: str) -> Fraction:
        """What goes into one pool of the plan, which may be several: one for each row of a ladder."""
        store = self.plan.plan.stores.get(pool)
        ladder = store.each if isinstance(store, Money) else None
        names = [row.name for row in self.plan.plan.ranks[ladder].ladder] if ladder else [pool]
        return sum((self._counted(f"fed:{name}") for name in names), Fraction(0))

    def granted(self, store: str) -> Fraction:
        """What is granted of a store, as what it becomes."""
        return self._counted(f"granted:{store}") * Fraction(yuan_per_unit(self.plan.plan, store), MICRO)

    def open(self, store: str) -> Fraction:
        """What open lots of a store come to at the end, in micro-units."""
        lots = self.made.days.get(f"lots:{store}")
        return Fraction(0 if lots is None else lots.item(-1) * yuan_per_unit(self.plan.plan, store), MICRO)

    @property
    def own(self) -> Fraction:
        """What orders have added to the debts of the plan's own account, as they are paid in the long run."""
        debts = Fraction(0)
        for promise in self.plan.promises:
            served = promise.by("newcomers")
            if served is not None:
                debts += self._paid(served.rule)
            elif self.plan.from_own_account(promise) and promise.by("price") is None:
                debts += self.granted(promise.store)
        walks = (reward.rule for reward in self.plan.rewards if reward.drains is None and not reward.pool)
        at_once = (rule.id for rule, pay in self.plan.paid_back() if pay.source is None)
        return sum(map(self._paid, {*walks, *at_once}), debts)

    def _paid(self, rule: str) -> Fraction:
        return Fraction(self.total(f"paid:{rule}"), self.net)

    def entitled(self, *, cash_only: bool) -> Fraction:
        """What was granted to buyers; tokens and referrals at what is held out to them."""
        at_once = {rule.id for rule, pay in self.plan.paid_back() if not cash_only or self.plan.becomes_cash(pay.asset)}
        total = sum(map(self._paid, at_once), Fraction(0))
        for promise in self.plan.promises:
            if cash_only and not self.plan.becomes_cash(promise.asset):
                continue
            held_out = promise.by("price") is not None or not promise.store
            total += promise.multiple.low if held_out else self.granted(promise.store)
        return total

    def queue(self, store: str) -> QueueTable | None:
        """A queue in which somebody stood."""
        queue = self.made.queues.get(store)
        return queue if queue is not None and len(queue.paid) else None


def _schedules(measure: _Measure) -> Figures:
    """What is owed of schedules at the end, once they have run their course, and the operator's cash by day."""
    plan, days = measure.plan, measure.made.days
    scheduled = [each for each in plan.promises if each.by("schedule")]
    found: Figures = {}
    longest = max((len(response(plan, each)) for each in scheduled), default=0)
    sold = exact_sum(days["sold"][-_MONTH:])
    if longest and sold and len(days["sold"]) >= longest + _MONTH:
        owed = sum((measure.open(each.store) for each in scheduled), Fraction(0))
        found["owed_steady_days"] = owed * _MONTH / sold
    by_day = [*scheduled, *(each for each in plan.promises if each.by("task"))]
    if any(map(plan.from_own_account, by_day)):
        found["cash_peak_day"] = int(days["free_cash"].argmax()) + 1
        found["cash_negative_day"] = cash_end(days)
    return found


def _never_paid(measure: _Measure) -> Fraction | None:
    members = measure.made.members
    for promise in measure.plan.promises:
        queue = measure.queue(promise.store)
        if promise.by("newcomers") is not None and queue is not None:
            return 1 - Fraction(queue.served, len(queue.paid))
        if promise.rounds:
            return Fraction(members.paid_nothing, members.buyers)
        if promise.by("queue") is not None and queue is not None:
            return Fraction(exact_sum(queue.remaining), max(exact_sum(queue.amount), 1))
    return None


def _paid(measure: _Measure) -> Fraction | None:
    members = measure.made.members
    for promise in measure.plan.promises:
        queue = measure.queue(promise.store)
        if promise.by("newcomers") is not None and queue is not None:
            return Fraction(queue.served, len(queue.paid))
        if promise.rounds:
            return Fraction(members.paid_back, members.buyers)
        if not promise.store or not (granted := measure.granted(promise.store)):
            continue
        if promise.by("schedule") is not None:
            pools = sum(map(measure.pool, promise.pools), Fraction(0))
            return min((pools if promise.pools else 1 - measure.goods - measure.fed) / granted, Fraction(1))
        if promise.pools and promise.by("price") is None:
            return Fraction(measure.total(f"released:{promise.store}"), measure.total(f"granted:{promise.store}"))
    return None


def _ceiling(measure: _Measure) -> Fraction | None:
    """Most that members together can get: what pools were fed, and what the own account can pay of its debts."""
    if not measure.plan.promises:
        return None
    pools = {pool for promise in measure.plan.promises for pool in promise.pools}
    return sum(map(measure.pool, pools), min(measure.own, 1 - measure.goods - measure.fed))


def _exits(measure: _Measure) -> Fraction | None:
    """What an order brings into the pool ÷ what an exit takes out of it, on average; none if members sell as well."""
    members, plan, scenario = measure.made.members, measure.plan, measure.made.scenario
    if scenario.tokens.sold or scenario.panic.day is not None:
        return None
    left = int(np.count_nonzero((members.spent > 0) & (members.tokens == 0)))
    for promise in plan.promises:
        if promise.exits_at and left:
            drained = [each for each in plan.rules if each.gate is not None and each.gate.drain == promise.store]
            taken = sum(measure.total(f"paid:{each.id}") for each in drained if isinstance(each.pay, Asset))
            fed = sum(map(measure.pool, promise.pools), Fraction(0)) * measure.gross / measure.total("orders")
            return min(fed * left / taken, Fraction(1)) if taken else None
    return None


def _wait(measure: _Measure) -> Fraction | None:
    """How long those waited who were served last, by the age of the shop when they came."""
    for promise in measure.plan.promises:
        queue = measure.queue(promise.store)
        if queue is not None:
            late = np.flatnonzero((queue.paid >= _SETTLED_AGE) & (queue.arrived > 0))
            waits, ages = exact_sum(queue.wait[late]), exact_sum(queue.arrived[late])
            return Fraction(waits, ages) if ages else None
    return None
