"""What a claim is held against: a plan for orders of one amount, its figures, and small shops of the engine."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from jifen.assess.closed_forms import Figures, closed_forms, response
from jifen.assess.promises import RESERVE, Economics, Promise
from jifen.assess.texts import Statement
from jifen.assess.trials import Fall, Trial, price_falls, referred, steady
from jifen.core.errors import InputError, Problem
from jifen.core.micros import MICRO, format_micros
from jifen.plan.model import Curve, Lots, Mint, Plan, Share, Tier

__all__ = ["DAYS_RUN_MAX", "LOTS_MAX", "MEMBERS", "Case", "cases_of", "order_amounts"]

MEMBERS = 100
"""Members, and days, of the shop that examples are taken from."""
DAYS_RUN_MAX = 400
"""Examples are not looked for in longer histories."""
LOTS_MAX = 100
"""Most lots of a whole amount each that one order of an example makes."""
_USUAL_ORDER = 1000 * MICRO


@dataclass(frozen=True)
class Case:
    """A plan at a cost of goods, for orders of one amount (micro-units)."""

    plan: Plan
    cost: Fraction
    order: int

    @cached_property
    def economics(self) -> Economics:
        """What an order promises and brings in."""
        return Economics(self.plan, self.cost, self.order)

    @cached_property
    def figures(self) -> Figures:
        """The figures in closed form."""
        return closed_forms(self.economics, MEMBERS, DAYS_RUN_MAX)

    @cached_property
    def scheduled(self) -> tuple[Promise, ...]:
        """What is released day by day."""
        return tuple(each for each in self.economics.promises if each.by("schedule"))

    @cached_property
    def promised(self) -> Fraction:
        """What a buyer who refers nobody is entitled to, on one yuan, at once and later."""
        alone = (each.multiple.low for each in self.economics.promises if not each.rounds)
        return sum(alone, sum(self.at_once.values(), Fraction(0)))

    @cached_property
    def at_once(self) -> dict[str, Fraction]:
        """By asset what a buyer is paid when his order takes effect, on one yuan."""
        found: dict[str, Fraction] = {}
        for rule, pay in self.economics.paid_back():
            found[pay.asset] = found.get(pay.asset, Fraction(0)) + self.economics.amount(rule).low
        return {asset: share for asset, share in found.items() if share}

    @cached_property
    def has_tasks(self) -> bool:
        """Whether something is paid for tasks."""
        return any(each.by("task") for each in self.economics.promises)

    @cached_property
    def has_tokens(self) -> bool:
        """Whether something is priced by a pool."""
        return any(isinstance(store, Lots) and store.priced_by for store in self.plan.stores.values())

    @cached_property
    def _daily(self) -> list[Fraction]:
        """What one yuan is paid by schedule, by age in days."""
        paid = [self.paid_daily(each) for each in self.scheduled]
        longest = max(map(len, paid), default=0)
        return [sum((each[age] for each in paid if age < len(each)), Fraction(0)) for age in range(longest)]

    def paid_daily(self, promise: Promise) -> list[Fraction]:
        """What one yuan of an order is paid of a promise by schedule, by age in days."""
        return response(self.economics, promise)

    def paid_by(self, days: int | None) -> Fraction:
        """What one yuan is paid at once and by schedule within so many days of the order; ``None``: in all."""
        counts = days is None or days >= self.economics.delay
        at_once = sum(self.at_once.values(), Fraction(0)) if counts else Fraction(0)
        return sum(self._daily[: None if days is None else days + 1], at_once)

    def paid_in(self, days: int) -> Fraction:
        """What schedules pay of one yuan in so many days from the first on which they pay."""
        first = next((age for age, paid in enumerate(self._daily) if paid), 0)
        return sum(self._daily[first : first + days], Fraction(0))

    @property
    def schedule_days(self) -> int:
        """Days from the order until schedules have paid everything."""
        return max(len(self._daily) - 1, 0)

    @cached_property
    def inflow(self) -> Fraction:
        """What an order leaves for what the plan's own account has to pay."""
        feeds = self.economics.feeds
        return 1 - self.cost - sum((each for pool, each in feeds.items() if pool != RESERVE), Fraction(0))

    @cached_property
    def is_set_aside(self) -> bool:
        """Whether every order puts aside, where nothing else is paid from, what its schedules will pay its buyer."""
        plan = self.economics
        if self.at_once and plan.net_per_order < 0:
            return False
        pools = {pool for each in self.scheduled for pool in each.pools}
        by_pool = ([each for each in plan.promises if pool in each.pools] for pool in pools)
        if any(sum((each.multiple.high for each in owed), Fraction(0)) > _fed(plan, owed) for owed in by_pool):
            return False
        if any(each.pool in pools for each in plan.rewards):
            return False
        if not any(map(plan.from_own_account, self.scheduled)):
            return True
        return plan.reserve_funded and self.reserve_lacks <= 0

    @cached_property
    def owed_itself(self) -> Fraction:
        """What one yuan of an order makes the plan's own account pay, at most."""
        plan = self.economics
        above = (each.share.high for each in plan.rewards if each.drains is None and not each.pool)
        return sum((*map(plan.debt, plan.promises), *above), Fraction(0))

    @property
    def reserve_lacks(self) -> Fraction:
        """How much less of an order is put into the reserve than what the reserve has to pay for it."""
        return self.owed_itself - self.economics.feeds.get(RESERVE, Fraction(0))

    @cached_property
    def quoted(self) -> Fraction:
        """What the tokens that one yuan mints are quoted at."""
        mints = (rule for rule in self.economics.rules if isinstance(rule.pay, Mint))
        return sum((self.economics.amount(rule).low for rule in mints), Fraction(0))

    @cached_property
    def minted(self) -> Fraction:
        """What is minted of what an order puts into the pool that prices tokens; 0 without tokens."""
        fed = sum((self.economics.feeds.get(name, Fraction(0)) for name in self._curves), Fraction(0))
        return self.quoted / fed if fed else Fraction(0)

    @cached_property
    def _curves(self) -> tuple[str, ...]:
        return tuple(name for name, store in self.plan.stores.items() if isinstance(store, Curve))

    @cached_property
    def falls(self) -> tuple[Fall, ...]:
        """After which events the price of tokens falls."""
        return price_falls(self.plan, self.order, self.cost)

    def trial(self, days: int) -> Trial:
        """The shop at constant sales for so many days."""
        known = self._trials
        if days not in known:
            known[days] = steady(self.plan, self.order, self.cost, days)
        return known[days]

    @cached_property
    def _trials(self) -> dict[int, Trial]:
        return {}

    def referrer(self, persons: int, days: int) -> tuple[int, ...]:
        """What a buyer with so many referrals has got by the end of each day."""
        return referred(self.plan, self.order, self.cost, persons, days)

    # -- examples ---------------------------------------------------------------------------------------------------

    def lacking(self, times: Fraction, age: int, days: int) -> Statement | None:
        """The first member who at that age (0: on the last day) does not have so many times his order.

        ``None``: all have it who are old enough in a shop of so many days. Tokens are sold on the last day only.
        """
        trial, claimed = self.trial(days), times * self.order
        for member in range(1, days - age + 1):
            day = member + age if age and not trial.sold_out else days
            has = trial.got(member, day)
            if has < claimed:
                numbers = {"member": member, "members": days, "bought": member, "day": day, "order": self.order}
                name = "member_sells" if trial.sold_out else "member_has"
                return Statement(name, {**numbers, "has": has, "claimed": claimed})
        return None

    def waiting(self, day: int) -> dict[str, int | Fraction]:
        """How many wait on a day at constant sales for how much of what is promised, and what there is to pay it."""
        trial, promised = self.trial(day), self.promised * self.order
        left = [promised - trial.got(member, day) for member in range(1, day + 1)]
        owed = [each for each in left if each > 0]
        held = trial.pools + self._own_money(trial)
        return {"day": day, "members": day, "unpaid": len(owed), "owed": sum(owed, Fraction(0)), "held": held}

    def _own_money(self, trial: Trial) -> Fraction:
        """What there is beside the pools for what they do not pay."""
        if not self.at_once and not any(map(self.economics.from_own_account, self.economics.promises)):
            return Fraction(0)
        return Fraction(trial.reserve) if self.economics.reserve_funded else trial.in_hand[-1]

    def cash_end(self) -> Statement | None:
        """The day on which the money ends at constant sales, as the engine has it; ``None``: it does not, or late."""
        expected = self.figures["cash_negative_day"]
        if not isinstance(expected, int):
            return None
        in_hand = self.trial(expected).in_hand
        day = next((day for day, held in enumerate(in_hand, 1) if held < 0), None)
        return None if day is None else Statement("cash_ends", self.waiting(day))

    @property
    def never_paid(self) -> Fraction:
        """Share of buyers who wait in a line and have nothing at any time."""
        of_cycle = any(each.rounds for each in self.economics.promises)
        return Fraction(0) if of_cycle else Fraction(self.figures["never_paid_share"] or 0)

    def ceilings(self, times: Fraction) -> Iterator[Statement]:
        """What bounds all members together, where so many times the price lies above it."""
        exits_at = max((each.exits_at for each in self.economics.promises), default=Fraction(0))
        exits, returned = self.figures["exit_ceiling_share"], self.figures["return_ceiling_share"]
        if exits is not None and exits < 1 and times >= exits_at:
            yield Statement("exit_ceiling", {"share": exits})
        if returned is not None and returned < times:
            yield Statement("all_ceiling", {"share": returned})
        if self.never_paid:
            yield Statement("never_paid", {"share": self.never_paid})


def order_amounts(plan: Plan) -> list[int]:
    """Amounts of orders (micro-units) that differ in what the plan makes of them: an everyday one, and each tier's."""
    amounts = [rule.amount for rule in plan.rules if rule.when == "order" and not rule.off]
    tiers = {row.min or 0 for amount in amounts if isinstance(amount, Tier) for row in amount.rows}
    units = {amount.whole for amount in amounts if isinstance(amount, Share) and amount.whole}
    usual = max(_USUAL_ORDER, min(tiers, default=0), *units)
    return sorted({usual, *(tier for tier in tiers if tier > usual)})


def cases_of(plan: Plan, cost: Fraction, order: int | None) -> list[Case]:
    """The plan for orders of one amount; without one for each amount that it tells apart.

    An order that would make more than ``LOTS_MAX`` lots of a whole amount each is an ``InputError``.
    """
    units = [rule.amount.whole for rule in plan.rules if isinstance(rule.amount, Share) and rule.amount.whole]
    if order is not None and units and order > LOTS_MAX * min(units):
        most = format_micros(LOTS_MAX * min(units), 0)
        message = f"an order of {format_micros(order, 0)} makes too many lots of {format_micros(min(units), 0)} each"
        raise InputError(Problem("bad_option", message, f"write an amount of at most {most}", column="--order"))
    return [Case(plan, cost, amount) for amount in ([order] if order is not None else order_amounts(plan))]


def _fed(plan: Economics, promises: list[Promise]) -> Fraction:
    pools = {pool for each in promises for pool in each.pools}
    return sum((plan.feeds.get(pool, Fraction(0)) for pool in pools), Fraction(0))
