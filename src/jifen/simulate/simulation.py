"""A simulation: a plan, a scenario and a seed make events day by day, and the engine that runs a shop runs them.

The same (seed, run) gives the same events, journal and figures, on every machine and however many run at once.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from jifen.core.micros import CENT, MICRO
from jifen.engine import World
from jifen.engine.columns import Column, Narrow
from jifen.engine.forget import forget_past, past_rows
from jifen.engine.tables import CASH
from jifen.ledger.journal import Journal
from jifen.plan.model import Plan
from jifen.simulate.appointments import Appointments
from jifen.simulate.behaviour import amounts, chosen, generators, numbers_joining, returns
from jifen.simulate.cohorts import Cohorts, CohortTable
from jifen.simulate.days import ROW_LETTERS, Day, apply_day, asks_for_cost, taker_of
from jifen.simulate.outcomes import MemberTable, QueueTable, member_table, queue_tables
from jifen.simulate.population import Forest, referrers_of
from jifen.simulate.scenario import Scenario
from jifen.simulate.series import Series

__all__ = ["Given", "Run", "Simulation", "simulate"]

_PAST_ROWS_MAX = 200_000
"""Of payments and releases a run in which nothing is given back keeps so many and those of a day; then they go."""

_Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Given:
    """What a scenario takes from files: who is above whom, in the order of joining; the amounts of orders."""

    forest: Forest | None = None
    amounts: Column | None = None


@dataclass(frozen=True, slots=True)
class Simulation:
    """What came out. Amounts are micro-units, days count from 1."""

    plan: Plan
    scenario: Scenario
    seed: int
    run: int
    days: dict[str, Column]
    """By figure a number for each day; ``series`` says what each is."""
    members: MemberTable
    members_then: MemberTable
    """The same at the end of the first day on which ``free_cash`` was below zero; at the end if it never was.

    What merchant funding pays later is money that the operator does not have.
    """
    cohorts: CohortTable
    queues: dict[str, QueueTable]
    """By store of lots that wait in a queue."""

    @property
    def digest(self) -> str:
        """SHA-256 of all figures: the same for the same simulation."""
        digest = sha256()
        for name, column in (*self.days.items(), *self.members.columns().items()):
            digest.update(name.encode() + b"\0" + np.ascontiguousarray(column, dtype="<i8").tobytes())
        return digest.hexdigest()


class Run:
    """One run of a scenario, day by day."""

    def __init__(self, plan: Plan, scenario: Scenario, seed: int = 1, run: int = 0, given: Given | None = None) -> None:
        """Begin before the first day. ``ValueError`` without what the scenario takes from files."""
        given = given or Given()
        self.plan, self.scenario, self.seed, self.run, self.given = plan, scenario, seed, run, given
        self.world = World(plan, first_day=1)
        self.series = Series(plan, self.world, scenario.cost)
        self.cohorts = Cohorts(self.world, scenario.days, scenario.cost)
        self._random = generators(seed, run)
        self._joining = numbers_joining(scenario, self._random["joining"])
        if scenario.referrals.shape == "forest":
            self._joining = np.diff(
                np.minimum(np.cumsum(self._joining), 0 if given.forest is None else len(given.forest)), prepend=0
            )
        self._referrers = referrers_of(scenario.referrals, self._random["referrers"], given.forest)
        self._returns: dict[int, list[tuple[Narrow, Column]]] = defaultdict(list)
        self._appointments = Appointments.of(plan, scenario)
        self._whens = {rule.when for rule in plan.rules if not rule.off}
        self._cost = scenario.cost if asks_for_cost(plan) else None
        self._withdrawn = np.zeros(int(self._joining.sum()), dtype=np.int64)
        self._then: MemberTable | None = None
        self._rows = 0
        """Rows so far: what the next one's id says."""

    @property
    def finished(self) -> bool:
        """Whether all days have been simulated."""
        return self.world.open_day > self.scenario.days

    def day(self) -> list[Journal]:
        """Simulate the next day, and return its journals."""
        world, today = self.world, self.world.open_day
        self.cohorts.begin_day(today)
        day = self._day(today)
        before, rows = world.orders.size, self._rows
        journals = list(apply_day(world, day, rows, self._cost))
        self._rows += sum(map(len, (day.referrers, day.refunded, day.sellers, day.buyers)))
        self._count(day, journals, before, rows)
        if not self.scenario.refunds.share and past_rows(world) > _PAST_ROWS_MAX:
            forget_past(world)
        return journals

    def result(self) -> Simulation:
        """What has come out so far."""
        members = self._members()
        return Simulation(
            self.plan, self.scenario, self.seed, self.run, self.series.columns(),
            members, self._then or members, self.cohorts.table(),
            queue_tables(self.world),
        )  # fmt: skip

    def _members(self) -> MemberTable:
        return member_table(self.plan, self.world, self.cohorts, self._withdrawn)

    # -- a day's events ----------------------------------------------------------------------------------------------

    def _day(self, today: int) -> Day:
        """What members do on a day."""
        world, scenario, random = self.world, self.scenario, self._random
        there = world.members.size
        selling = scenario.orders.stop is None or today < scenario.orders.stop
        joining = self._joining.item(today - 1)
        first = chosen(random["first"], joining, scenario.orders.first) + np.int32(there)
        again = chosen(random["again"], there, scenario.orders.again if selling else 0)
        paid = [
            amounts(scenario.orders, random[f"{when}_amounts"], len(buyers), self.given.amounts)
            for when, buyers in (("first", first), ("again", again))
        ]
        gone, back = _joined(self._returns.pop(today, []))
        sellers, tokens = self._sales(today)
        takers, taken = self._withdrawals()
        attendance = scenario.tasks.attendance if "task" in self._whens else 0
        self._first_buyers = len(first)
        return Day(
            referrers=self._referrers(there, joining), buyers=np.concatenate([first, again]),
            paid=np.concatenate(paid), refunded=gone, returned=back, sellers=sellers, tokens=tokens,
            doers=chosen(random["tasks"], there, attendance), takers=takers, taken=taken,
            ranks=self._appointments.ranks(random["ranks"], there, joining),
            agents=self._appointments.agents(random["agents"], there, joining),
            districts=self._appointments.districts(random["districts"], len(first) + len(again)),
        )  # fmt: skip

    def _sales(self, today: int) -> tuple[Narrow, Column]:
        """Who sells tokens, and how many."""
        scenario, held = self.scenario, self.world.members.tokens[: self.world.members.size]
        if not self.world.token_supply:
            return np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int64)
        holders = np.flatnonzero(held > 0).astype(np.int32)
        if today == scenario.panic.day:
            sellers = chosen(self._random["panic"], holders, scenario.panic.share)
            return sellers, held[sellers]
        sellers = chosen(self._random["tokens"], holders, scenario.tokens.sold)
        whole, rest = np.divmod(held[sellers], MICRO)
        part = whole * scenario.tokens.part + rest * scenario.tokens.part // MICRO
        return sellers[part > 0], part[part > 0]

    def _withdrawals(self) -> tuple[Narrow, Column]:
        """Who takes out cash, and how much: whole cents."""
        share, least = self.scenario.withdrawals.share, self.scenario.withdrawals.least
        wallet = self.world.wallets[CASH][: self.world.members.size]
        able = np.flatnonzero(wallet >= least).astype(np.int32) if share else np.zeros(0, dtype=np.int32)
        takers = chosen(self._random["withdrawals"], able, share)
        return takers, wallet[takers] // CENT * CENT

    # -- what the engine made of it ----------------------------------------------------------------------------------

    def _count(self, day: Day, journals: list[Journal], before: int, rows: int) -> None:
        """Add the day to the figures, and plan what will be given back of its orders."""
        world = self.world
        refused = [refusal.event for journal in journals for refusal in journal.refusals]
        lost = [int(name[1:]) - rows for name in refused if name[0] in ROW_LETTERS]
        withdrawn = ~np.isin(day.takers, [taker_of(name) for name in refused if name[0] == "w"])
        takers, taken = day.takers[withdrawn], day.taken[withdrawn]
        refunded = len(day.referrers) + len(day.sellers) + np.arange(len(day.refunded))
        kept = ~np.isin(refunded, lost)
        refunds, back = day.refunded[kept], day.returned[kept]
        orders = slice(before, world.orders.size)
        buyers, paid = world.orders.member[orders], world.orders.whole[orders]
        self.cohorts.spend(buyers, paid)
        self.cohorts.spend(world.orders.member[refunds], back, sign=-1)
        self.cohorts.withdraw(takers, taken)
        self._withdrawn[takers] += taken
        self.cohorts.end_day()
        counts = {
            "joined": len(day.referrers), "orders": len(buyers), "refused": len(refused),
            "sold": int(paid.sum()), "refunded": int(back.sum()),
        }  # fmt: skip
        self.series.add(counts, journals)
        if self._then is None and self.series.rows[-1]["free_cash"] < 0:
            self._then = self._members()
        self._plan_returns(before, paid)

    def _plan_returns(self, before: int, paid: Column) -> None:
        """Draw what will be given back of the orders of the day; first orders and later ones from their own numbers."""
        today, last = self.world.open_day - 1, self.scenario.days
        first = min(self._first_buyers, len(paid))
        for when, start, part in (("first", 0, paid[:first]), ("again", first, paid[first:])):
            found = returns(self.scenario.refunds, self._random[f"{when}_returns"], part)
            for after in np.unique(found.after).tolist():
                on = found.after == after
                if today + after <= last:
                    self._returns[today + after].append((before + start + found.place[on], found.amount[on]))


def simulate(
    plan: Plan, scenario: Scenario, seed: int = 1, run: int = 0, *, given: Given | None = None,
    progress: _Progress | None = None,
) -> Simulation:  # fmt: skip
    """Simulate a plan under a scenario. ``progress`` is called with days done and days in all.

    >>> from jifen.plan import load_plan
    >>> from jifen.simulate.scenario import load_scenario
    >>> made = simulate(load_plan("member_rebate"), load_scenario("steady", {"days": 3}), seed=1)
    >>> made.days["day"].tolist()
    [1, 2, 3]
    """
    one = Run(plan, scenario, seed, run, given)
    while not one.finished:
        one.day()
        if progress is not None:
            progress(one.world.open_day - 1, scenario.days)
    return one.result()


def _joined(parts: list[tuple[Narrow, Column]]) -> tuple[Narrow, Column]:
    """Refunds of a day that were planned on several days."""
    orders = np.concatenate([np.zeros(0, dtype=np.int32), *(orders for orders, _ in parts)]).astype(np.int32)
    return orders, np.concatenate([np.zeros(0, dtype=np.int64), *(back for _, back in parts)])
