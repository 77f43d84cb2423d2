"""Runs case files: executable examples of what a plan must pay, compared with tolerance zero.

    >>> from jifen.batch.cases import load_cases, run_case
    >>> for case in load_cases("cases/plan.yaml"):  # doctest: +SKIP
    ...     for mismatch in run_case(case):
    ...         print(mismatch)

A case becomes engine events, one ``apply`` call each: its members, its events in order of arrival, and a
``DayClosed`` after all events of each day up to ``until``.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from jifen.batch.case_file import Case, CaseEvent, Claim, Expectation, load_cases
from jifen.core.errors import InputError, PlanError, Problem
from jifen.core.micros import MICRO, format_micros, mul_div
from jifen.engine import World, apply
from jifen.engine.events import (
    AgentSet,
    AssetTransferred,
    DayClosed,
    Event,
    LiabilityBooked,
    Line,
    MemberJoined,
    MemberMoved,
    OrderPaid,
    OrderRefunded,
    PlanActivated,
    PlanWoundUp,
    PoolDonated,
    RankSet,
    ReserveToppedUp,
    StoreAdjusted,
    TaskDone,
    TokensSold,
    WithdrawalRequested,
)
from jifen.ledger.journal import Journal
from jifen.plan import load_plan, preset_names, revise
from jifen.plan.load import example_names

__all__ = ["Case", "CaseResult", "Mismatch", "load_cases", "round_price", "run_case", "run_cases"]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """An expectation that does not hold: which, what was expected, what came out."""

    expectation: str
    expected: str
    got: str
    line: int = 0

    def __str__(self) -> str:
        """Write all three."""
        return f"{self.expectation}: expected {self.expected}, got {self.got}"


@dataclass(frozen=True, slots=True)
class CaseResult:
    """A case and what does not hold; ``skipped`` if its preset does not exist."""

    case: Case
    mismatches: tuple[Mismatch, ...] = ()
    skipped: bool = False


def run_cases(paths: Iterable[str | Path]) -> Iterator[CaseResult]:
    """Run all cases of files and folders (``*.yaml``), in order of name.

    Every file is read before the first case runs: the mistakes of all of them come at once, as ``InputError``.
    """
    cases: list[Case] = []
    problems: list[Problem] = []
    for path in map(Path, paths):
        files = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
        if not files:
            problems.append(Problem("no_file", "there is no *.yaml in this folder", "check the path", str(path)))
        for file in files:
            try:
                cases += load_cases(file)
            except InputError as error:
                problems += error.problems
    if problems:
        raise InputError(problems)
    presets = {*preset_names(), *example_names()}
    for case in cases:
        skipped = isinstance(case.plan, str) and case.plan not in presets
        yield CaseResult(case, () if skipped else tuple(run_case(case)), skipped)


def run_case(case: Case) -> list[Mismatch]:
    """Run one case from day 0 and compare every expectation; an empty list is a pass.

    Raises ``InputError`` where the parameters of the case make no plan, ``UserError`` if its preset does not exist.
    """
    return _Run(case).run()


# -- what is compared -----------------------------------------------------------------------------------------------


@dataclass
class _Moment:
    """The world just after an event or a run, and the journal of it alone."""

    world: World
    journal: Journal

    @cached_property
    def paid(self) -> dict[str, dict[str, int]]:
        return self.journal.paid()

    @cached_property
    def forfeited(self) -> dict[str, int]:
        return self.journal.forfeited()


_QUERIES: dict[str, Callable[..., Any]] = {
    "paid": lambda moment, member, rule: moment.paid.get(member, {}).get(rule, 0),
    "forfeited": lambda moment, member: moment.forfeited.get(member, 0),
    "lots": lambda moment, member, store: tuple(moment.world.remaining(member, store)),
    "balance": lambda moment, member, asset: moment.world.balance(member, asset),
    "weight": lambda moment, member, store: moment.world.weight(member, store),
    "pool": lambda moment, pool: moment.world.pool(pool),
    "pool_debt": lambda moment, pool: moment.world.pool_debt(pool),
    "tokens": lambda moment, member: moment.world.tokens(member),
    "supply": lambda moment: moment.world.supply(),
    "price": lambda moment: moment.world.price(),
    "rank": lambda moment, member: moment.world.rank(member),
    "performance": lambda moment, member: moment.world.performance(member),
    "referrer": lambda moment, member: moment.world.referrer(member),
    "liability": lambda moment, member: moment.world.liability(member),
    "queue": lambda moment: tuple(moment.world.queue()),
    "counter": lambda moment: moment.world.counter(),
    "issued": lambda moment: moment.world.issued(),
    "reserve": lambda moment: moment.world.reserve,
}

_PLAIN = {"counter", "rank", "referrer", "queue", "price"}
"""Keys whose values are no amounts."""


def round_price(numerator: int, denominator: int, decimals: int) -> str:
    """Write a quotient half-up to so many decimals, by integers alone.

    >>> round_price(200, 21, 2), round_price(5, 1000, 2), round_price(2, 1, 0)
    ('9.52', '0.01', '2')
    """
    units = (2 * numerator * 10**decimals + denominator) // (2 * denominator)
    whole, part = divmod(units, 10**decimals)
    return f"{whole}.{part:0{decimals}d}" if decimals else str(whole)


def _written(key: str, value: Any) -> str:
    """Write an expected or a found value as the case file would."""
    if isinstance(value, tuple):
        return "[" + ", ".join(_written(key, item) for item in value) + "]"
    if value is None:
        return "null"
    return str(value) if key in _PLAIN else format_micros(value, 0)


def _compare(moment: _Moment, claim: Claim) -> tuple[str, str] | None:
    """``None`` if the claim holds, else what was expected and what was found."""
    key, *names = claim.path
    found = _QUERIES[key](moment, *names)
    expected = claim.expected
    if key == "price":
        found = round_price(found[0], found[1], len(expected.partition(".")[2]))
    return None if found == expected else (_written(key, expected), _written(key, found))


# -- events ---------------------------------------------------------------------------------------------------------


def _order(event: CaseEvent) -> OrderPaid:
    fields = dict(event.fields)
    place = {key: fields.pop(key) for key in ("member", "region", "pay") if key in fields}
    return OrderPaid(id=event.id, day=event.day, lines=(Line(**fields),), **place)


_EVENTS: dict[str, type[Event]] = {
    "sell": TokensSold,
    "task": TaskDone,
    "adjust": StoreAdjusted,
    "donate": PoolDonated,
    "top_up": ReserveToppedUp,
    "bind": MemberMoved,
    "withdraw": WithdrawalRequested,
    "transfer": AssetTransferred,
    "liability": LiabilityBooked,
    "wind_up": PlanWoundUp,
}
"""Kinds whose fields are those of the engine's event."""


@dataclass(slots=True)
class _Run:
    """One run of a case: its world, the plan that counts now, and what has been found."""

    case: Case
    mismatches: list[Mismatch] = field(default_factory=list)
    ordered: dict[str, int] = field(default_factory=dict)
    """Amounts of accepted orders, for refunds by fraction."""

    def run(self) -> list[Mismatch]:
        case = self.case
        with _located(case, case.line):
            plan = load_plan(case.plan, overrides=case.params)
        world = World(plan)
        by_event: dict[int, list[Expectation]] = {}
        by_day: dict[int, list[Expectation]] = {}
        for expectation in case.expect:
            if expectation.event is not None:
                by_event.setdefault(expectation.event, []).append(expectation)
            elif expectation.day is not None:
                by_day.setdefault(expectation.day, []).append(expectation)
        for joining in self._members():
            self._accept(joining, apply(world, [joining]), case.line)
        for index, written in enumerate(case.events):
            self._close(world, written.day, by_day)
            if written.kind == "params":
                with _located(case, written.line):
                    plan = revise(plan, written.fields["params"])
                event: Event = PlanActivated(id=f"plan:{index}", day=written.day, plan=plan)
            else:
                event = self._event(written)
            self._after_event(written, event, _Moment(world, apply(world, [event])), by_event.get(index, []))
        self._close(world, case.until + 1, by_day)
        return self.mismatches

    def _members(self) -> Iterator[Event]:
        for member in self.case.members:
            yield MemberJoined(id=f"member:{member.id}", day=0, member=member.id, referrer=member.referrer)
            if member.rank is not None:
                yield RankSet(id=f"rank:{member.id}", day=0, member=member.id, rank=member.rank)
            if member.agent is not None:
                yield AgentSet(id=f"agent:{member.id}", day=0, member=member.id, region=member.agent)

    def _event(self, written: CaseEvent) -> Event:
        fields = dict(written.fields)
        if written.kind == "order":
            return _order(written)
        if written.kind == "refund":
            amount = fields.get("amount")
            if amount is None:
                amount = mul_div(self.ordered.get(fields["order"], 0), fields["fraction"], MICRO)
            share = fields.get("fraction") is not None
            return OrderRefunded(id=written.id, day=written.day, order=fields["order"], amount=amount, share=share)
        if written.kind == "top_up":
            fields.pop("pool", None)  # there is one reserve; the format lets a case name it
        return _EVENTS[written.kind](id=written.id, day=written.day, **fields)

    def _close(self, world: World, day: int, by_day: dict[int, list[Expectation]]) -> None:
        """Run the days before ``day`` that are still open."""
        while world.open_day < min(day, self.case.until + 1):
            today = world.open_day
            closed = DayClosed(id=f"day:{today}", day=today)
            journal = apply(world, [closed])
            self._accept(closed, journal, self.case.line)
            self._check(_Moment(world, journal), by_day.get(today, []))
            if world.open_day == today:
                return

    def _after_event(self, written: CaseEvent, event: Event, moment: _Moment, expectations: list[Expectation]) -> None:
        errors = [expectation for expectation in expectations if expectation.error is not None]
        refusals = moment.journal.refusals
        if isinstance(event, OrderPaid) and not refusals:
            self.ordered[event.id] = event.amount
        if not errors:
            self._accept(event, moment.journal, written.line)
        for expectation in errors:
            got = refusals[0].code if refusals else "accepted"
            if got != expectation.error:
                self._miss(expectation.label, str(expectation.error), got, expectation.line)
        self._check(moment, [expectation for expectation in expectations if expectation.error is None])

    def _accept(self, event: Event, journal: Journal, line: int) -> None:
        for refusal in journal.refusals:
            self._miss(f"event {event.id}", "accepted", f"{refusal.code}: {refusal.message}", line)

    def _check(self, moment: _Moment, expectations: list[Expectation]) -> None:
        for expectation in expectations:
            for claim in expectation.claims:
                found = _compare(moment, claim)
                if found is not None:
                    self._miss(f"{expectation.label} {'.'.join(claim.path)}", *found, expectation.line)

    def _miss(self, label: str, expected: str, got: str, line: int) -> None:
        self.mismatches.append(Mismatch(label, expected, got, line))


@contextmanager
def _located(case: Case, line: int) -> Iterator[None]:
    """Say in which case and line a plan does not load."""
    try:
        yield
    except PlanError as error:
        raise InputError(
            [
                replace(problem, message=f"case {case.id}: {problem.message}", file=case.file, line=line)
                for problem in error.problems
            ]
        ) from error
