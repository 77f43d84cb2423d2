"""A plan compiled for the engine: its rules sorted by when they run, its ladders by place and by level of rate.

A program is a pure function of its plan; it holds no state and numbers nothing that a world numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from jifen.core.micros import MICRO
from jifen.plan.model import (
    Asset,
    Curve,
    Gate,
    Grant,
    Head,
    Money,
    Per,
    Plan,
    Ranks,
    Row,
    Rule,
    Schedule,
    Share,
    Split,
    Tier,
    Walk,
    Weigh,
)

_Filling = TypeVar("_Filling")

__all__ = ["Ladder", "Program", "Step", "row_at"]


@dataclass(frozen=True, slots=True)
class Step:
    """A rule of a program, with its place among all rules of the plan (what effects remember)."""

    index: int
    rule: Rule

    @property
    def share(self) -> Share:
        """The amount, which is a share."""
        return _is(self.rule.amount, Share)

    @property
    def whole_amount(self) -> Share | None:
        """The amount of a rule that grants whole lots."""
        amount = self.rule.amount
        return amount if isinstance(amount, Share) and amount.whole is not None else None

    @property
    def schedule(self) -> Schedule:
        """The amount, which is a schedule."""
        return _is(self.rule.amount, Schedule)

    @property
    def walk(self) -> Walk:
        """The receivers, who are found by a walk."""
        return _is(self.rule.who, Walk)

    @property
    def split(self) -> Split:
        """The receivers, among whom a pool is divided."""
        return _is(self.rule.who, Split)

    @property
    def head(self) -> Head:
        """The receiver, who is the head of a queue."""
        return _is(self.rule.who, Head)

    @property
    def gate(self) -> Gate:
        """The gate, which is there."""
        return _is(self.rule.gate, Gate)

    @property
    def asset(self) -> Asset:
        """What is paid, which is an asset."""
        return _is(self.rule.pay, Asset)

    @property
    def drains(self) -> str:
        """The store the gate drains, which is named."""
        return _is(self.gate.drain, str)


def _is(filling: object, kind: type[_Filling]) -> _Filling:
    """The filling of a slot, which the plan's checks have found to be of this kind."""
    if not isinstance(filling, kind):
        raise TypeError(f"expected {kind.__name__}, got {type(filling).__name__}")
    return filling


@dataclass(frozen=True, slots=True)
class Ladder:
    """A ladder of ranks: ``places`` by name (0 lowest), the rate and its level at each place.

    ``rates`` are the distinct rates above 0, ascending, with 0 before them; ``levels[place]`` points into it.
    """

    ranks: Ranks
    places: Mapping[str, int]
    levels: tuple[int, ...]
    rates: tuple[int, ...]

    @classmethod
    def of(cls, ranks: Ranks) -> "Ladder":
        """Compile a ladder of the plan."""
        capped = [ranks.rate(row) for row in ranks.ladder]
        rates = (0, *sorted({rate for rate in capped if rate > 0}))
        return cls(
            ranks=ranks,
            places={row.name: place for place, row in enumerate(ranks.ladder)},
            levels=tuple(rates.index(max(rate, 0)) for rate in capped),
            rates=rates,
        )

    @property
    def is_earned(self) -> bool:
        """Whether some measure gives one of its ranks; else all of them are given by hand."""
        return self.ranks.by != "appointed" and any(row.min is not None for row in self.ranks.ladder)

    def rate_at(self, place: int) -> int:
        """The rate at a place, 0 for no rank (place -1)."""
        return 0 if place < 0 else self.rates[self.levels[place]]

    def column_at(self, place: int, column: str) -> int:
        """The rate in a column at a place, 0 for no rank; never above what the ladder allows."""
        if place < 0:
            return 0
        rate, most = self.ranks.ladder[place].columns.get(column, 0), self.ranks.at_most
        return rate if most is None else min(rate, most)


class Program:
    """One plan version, ready to run."""

    def __init__(self, plan: Plan) -> None:
        """Sort the rules: by event, by phase of the daily run; plan order inside each."""
        self.plan = plan
        params = plan.params
        self.settled = params["settle_at"] == "settled"
        self.refund_days = int(params["refund_days"])
        self.keeps_upstream = params["upstream"] == "keep"
        self.skus = None if params["skus"] is None else frozenset(params["skus"])
        self.reserve_funded = params["funding"] == "reserve"
        self.reserve_share = int(params["reserve_share"])
        self.on_shortfall = str(params["on_shortfall"])
        self.steps = tuple(Step(index, rule) for index, rule in enumerate(plan.rules))
        live = [step for step in self.steps if not step.rule.off]
        self.by_event = {
            when: tuple(step for step in live if step.rule.when == when)
            for when in ("order", "sale", "task", "liability", "event")
        }
        daily = [step for step in live if step.rule.when == "daily"]
        self.schedules = tuple(step for step in daily if isinstance(step.rule.amount, Schedule))
        self.walks = tuple(step for step in daily if isinstance(step.rule.who, Walk))
        self.splits = tuple(step for step in daily if isinstance(step.rule.who, Split))
        heads = [step for step in daily if isinstance(step.rule.who, Head)]
        self.queues = tuple(step for step in heads if step.rule.gate is None or step.rule.gate.reaches is None)
        exits = [step for step in heads if step not in self.queues]
        self.daily_exits = tuple(exits)
        self.ladders = {name: Ladder.of(ranks) for name, ranks in plan.ranks.items()}
        self.immediate = {
            name: ladder for name, ladder in self.ladders.items() if ladder.ranks.effective == "immediate"
        }
        """Those whose ranks count at once, not from the next run on."""
        self._schedules: dict[str, Step] = {}
        self.tickets: dict[str, Share] = {}
        """By store, how its tickets are counted."""
        for step in self.steps:
            if isinstance(step.rule.amount, Schedule):
                self._schedules.setdefault(step.rule.amount.lots, step)
            if step.whole_amount is not None and isinstance(step.rule.pay, Grant):
                self.tickets.setdefault(step.rule.pay.lots, step.whole_amount)
        amounts = (step.rule.amount for step in self.by_event["order"])
        self.by_line = tuple(amount for amount in amounts if isinstance(amount, Share) and amount.overrides)
        """The shares of orders of which some lines may have rates of their own."""
        self.curve = next((store for store in plan.stores.values() if isinstance(store, Curve)), None)
        self.pool_names = tuple(self._pool_names(plan))
        self.entry_rows = self._entry_rows()
        self.steepest = self.steepness(weights=False)
        """No rule on orders or old debts makes more points or money of their amount, in parts per million."""
        self.debt_store = self._debt_store()

    @staticmethod
    def _pool_names(plan: Plan) -> list[str]:
        names = []
        for store in plan.stores.values():
            if isinstance(store, Money) and store.each is not None:
                names += [row.name for row in plan.ranks[store.each].ladder]
            elif isinstance(store, Money | Curve):
                names.append(store.name)
        return names

    def _entry_rows(self) -> tuple[tuple[Row, ...], str] | None:
        """The tier table by an order's amount, and what it is judged at: below its first row no rule fires."""
        for step in self.by_event["order"]:
            amount = step.rule.amount
            if isinstance(amount, Tier):
                return amount.rows, amount.at
        return None

    def steepness(self, *, weights: bool) -> int:
        """The most that rules make of an amount, or of what earlier ones have made of it, in parts per million.

        ``weights``: those too, which stop at their cap.
        """
        made: dict[tuple[int, str], int] = {}
        for step in (*self.by_event["order"], *self.by_event["liability"]):
            rule, base = step.rule, getattr(step.rule.amount, "of", None) or ""
            if weights or not isinstance(rule.pay, Weigh):
                most = max(MICRO, made.get((rule.part, base), 0)) * _rate(rule.amount) // MICRO
                names = ("trigger_points",) if isinstance(rule.pay, Grant) else (rule.id,)
                for name in (*names, "trigger_weight") if isinstance(rule.pay, Weigh) else names:
                    made[rule.part, name] = made.get((rule.part, name), 0) + most
        return max(made.values(), default=0)

    def _debt_store(self) -> str | None:
        """The lots in which old debts stand: those that measure forced exits, else the first a liability grants."""
        gates = (step.rule.gate for step in self.steps)
        measures = [gate.of for gate in gates if gate is not None and gate.reaches is not None]
        booked = [step.rule.pay for step in self.steps if step.rule.when == "liability"]
        named = [of for of in measures if of not in (None, "spend")]
        return next(iter(named + [pay.lots for pay in booked if isinstance(pay, Grant)]), None)

    def in_parts(self, store: str) -> bool:
        """Whether lots of a store are granted with batches."""
        step = self.schedule_of(store)
        return step is not None and step.schedule.parts is not None

    def walks_over(self, store: str) -> tuple[Step, ...]:
        """The daily walks over what a store's lots release: those of the same part as its schedule."""
        schedule = self.schedule_of(store)
        return tuple(step for step in self.walks if schedule is not None and step.rule.part == schedule.rule.part)

    def schedule_of(self, store: str) -> Step | None:
        """The rule by which lots of a store release."""
        return self._schedules.get(store)


def _rate(amount: object) -> int:
    """The most that a rule makes of its base, in parts per million; 0 of one that has none."""
    if isinstance(amount, Share):
        return max((*amount.rates, *(override.rate for override in amount.overrides)), default=MICRO)
    if isinstance(amount, Tier):
        return max(row.columns[amount.column] for row in amount.rows) if amount.of is not None else 0
    return MICRO * MICRO // amount.unit if isinstance(amount, Per) else max(getattr(amount, "rates", (0,)))


def row_at(rows: tuple[Row, ...], measure: int) -> Row | None:
    """The row of an ascending table that holds for ``measure`` (``min`` or ``max`` inclusive), or ``None`` below it.

    In a table by ``max`` no row has a ``min``, and that of the last row is empty.
    """
    if all(row.min is None for row in rows):
        return next((row for row in rows if row.max is None or measure <= row.max), None)
    found = None
    for row in rows:
        if row.min is not None and row.min <= measure:
            found = row
    return found
