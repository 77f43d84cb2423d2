"""The entries that open the books: events of what a shop brings along, tried on an empty world before they are asked.

What the files have and what the books would have are added up apart, by kind and name; what is missing was refused.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from jifen.core.errors import Problem, ensure
from jifen.core.micros import AMOUNT_MAX, MICRO
from jifen.engine import World, apply
from jifen.engine.events import (
    AgentSet,
    Event,
    MemberJoined,
    MemberMoved,
    PoolDonated,
    RankSet,
    ReserveToppedUp,
    StoreAdjusted,
)
from jifen.engine.world import ASSETS
from jifen.plan.model import Lots, Plan, Schedule, Weight
from jifen.plan.text import parse_plan
from jifen.service import models
from jifen.service.moving.maps import ColumnMap
from jifen.service.moving.reading import BalanceRow, FundRow, Given, LotRow, MemberRow, OrderRow, Place, read_given
from jifen.service.moving.sheets import BYTES_MOST
from jifen.service.moving.tree import grown
from jifen.service.shop import open_day, shop_of
from jifen.service.standing import standing

__all__ = ["IDS", "KEPT", "REFUSED_SHOWN", "Draft", "Total", "draft", "held"]

IDS = "import:"
"""What the ids of the events begin with."""
REFUSED_SHOWN = 100
"""Refused rows that are told."""
KEPT = 12
"""Digits of the digest in an event's id."""
_AT_ONCE = 10_000
_REASON = "import"

_Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Total:
    """A control total, in micro-units of its own kind: what good rows say, and what the books would have of it."""

    kind: str
    """``wallet``, ``weight``, ``lots``, ``pool`` or ``reserve``."""
    name: str
    read: int
    opened: int


@dataclass(frozen=True, slots=True)
class Draft:
    """What an import would do; nothing is written."""

    digest: str
    map: str
    members: list[MemberRow]
    orders: list[OrderRow]
    events: list[Event]
    counts: dict[str, int]
    totals: list[Total]
    refused: list[Problem]
    notes: list[Problem]
    """What is brought along otherwise than it was."""
    unread: list[str]
    """Columns and tables of which nothing is brought along."""


def draft(
    path: Path, how: ColumnMap, *, most: int = BYTES_MOST, using: str = "default",
    progress: _Progress = lambda done, total: None,
) -> Draft:  # fmt: skip
    """Read files of ``most`` bytes by a map, and try what they say on the books as they would be.

    ``InputError`` as ``read_given``.
    """
    given = read_given(path, how, most, progress)
    tree = grown(given.members)
    plan = parse_plan(models.PlanVersion.objects.using(using).get(digest=standing(using).digest).content, using)
    world = World(plan, open_day(using), receipts=shop_of(using).receipts)
    entries = _Entries(given, tree.members, plan, world.open_day)
    made = [(entry, at) for entry, at in entries.all() if isinstance(entry, Event)]
    wrong = _tried(world, [event for event, _ in made], progress)
    refused = [*given.refused, *tree.refused, *entries.refused]
    refused += [replace(wrong[event.id], file=at.file, line=at.line) for event, at in made if event.id in wrong]
    events = [event for event, _ in made if event.id not in wrong]
    orders = _orders(given.orders, {row.member for row in tree.members}, refused)
    kinds = Counter(kind[0] for event in events if (kind := _kind(plan, event)))
    counts = {
        "members": len(tree.members), "sponsored": sum(row.sponsor is not None for row in tree.members),
        "orders": len(orders), "balances": kinds["wallet"] + kinds["weight"], "lots": kinds["lots"],
        "funds": kinds["reserve"] + kinds["pool"], "refused": len(refused), "events": len(events),
    }  # fmt: skip
    refused.sort(key=lambda problem: (problem.file, problem.line))
    totals = _totals(world, given, events)
    return Draft(
        given.digest, how.name, tree.members, orders, events, counts, totals, refused, entries.notes, given.unread
    )


def held(world: World) -> Counter[tuple[str, str]]:
    """What a world has, by kind and name."""
    plan, found = world.program.plan, Counter[tuple[str, str]]()
    for asset in ASSETS:
        found["wallet", asset] = sum(world.balance(member, asset) for member in world.member_names)
    for name, store in plan.stores.items():
        if isinstance(store, Weight):
            found["weight", name] = world.issued_of(name)
        if isinstance(store, Lots):
            found["lots", name] = int(world.held_in(world.stores.numbers[name]).sum())
    for pool in world.program.pool_names:
        found["pool", pool] = world.pool(pool)
    found["reserve", ""] = world.reserve
    return found


class _Entries:
    """Events and where each comes from, in the order in which they open the books; rows of which none can be made."""

    def __init__(self, given: Given, members: list[MemberRow], plan: Plan, day: int) -> None:
        self._given, self._members, self._plan, self._day = given, members, plan, day
        self._ranks = {rank.name for ladder in plan.ranks.values() for rank in ladder.ladder}
        self._weights = {name for name, store in plan.stores.items() if isinstance(store, Weight)}
        self.refused: list[Problem] = []
        self.notes: list[Problem] = []

    def all(self) -> Iterator[tuple[Event | None, Place]]:
        """All events; ``None`` for a row that was refused."""
        yield from self._joins()
        yield from self._moves()
        for row in self._members:
            yield self._rank(row), row.at
            yield self._agent(row), row.at
        for fund in self._given.funds:
            yield self._fund(fund), fund.at
        for balance in self._given.balances:
            yield self._balance(balance), balance.at
        for lot in self._given.lots:
            yield self._lot(lot), lot.at

    def _joins(self) -> Iterator[tuple[Event, Place]]:
        """Members in the order of their file: ties are broken by it. A sponsor who stands further down comes later."""
        there: set[str] = set()
        for row in self._members:
            referrer = row.sponsor if row.sponsor in there else None
            there.add(row.member)
            name = self._id(row.at, ":join")
            joined = MemberJoined(id=name, day=self._day, member=row.member, referrer=referrer, region=row.region)
            yield joined, row.at

    def _moves(self) -> Iterator[tuple[Event, Place]]:
        there: set[str] = set()
        for row in self._members:
            if row.sponsor is not None and row.sponsor not in there:
                name = self._id(row.at, ":sponsor")
                moved = MemberMoved(id=name, day=self._day, member=row.member, referrer=row.sponsor, reason=_REASON)
                yield moved, row.at
            there.add(row.member)

    def _rank(self, row: MemberRow) -> Event | None:
        if row.rank is None:
            return None
        if row.rank not in self._ranks:
            self._refuse(row.at, "unknown_rank", "the plan has no such rank", "rank")
            return None
        return RankSet(id=self._id(row.at, ":rank"), day=self._day, member=row.member, rank=row.rank, reason=_REASON)

    def _agent(self, row: MemberRow) -> Event | None:
        if row.agent is None:
            return None
        return AgentSet(
            id=self._id(row.at, ":agent"), day=self._day, member=row.member, region=row.agent, reason=_REASON
        )

    def _fund(self, row: FundRow) -> Event:
        if row.fund == "reserve":
            return ReserveToppedUp(id=self._id(row.at), day=self._day, amount=row.amount)
        return PoolDonated(id=self._id(row.at), day=self._day, pool=row.name, amount=row.amount)

    def _balance(self, row: BalanceRow) -> Event | None:
        if row.asset not in (self._weights if row.kind == "weight" else ASSETS):
            self._refuse(row.at, "unknown_store", f"there is no such {row.kind}", "asset")
            return None
        return StoreAdjusted(
            id=self._id(row.at), day=self._day, member=row.member, store=row.asset, amount=row.amount, reason=_REASON
        )

    def _lot(self, row: LotRow) -> Event | None:
        """A lot that releases as much a day as before, by the rate that the plan has now."""
        store = self._plan.stores.get(row.store)
        if not isinstance(store, Lots):
            self._refuse(row.at, "unknown_store", "the plan has no lots of this name", "store")
            return None
        base, rate = None, _rate(self._plan, row.store)
        if row.daily:
            # Rounded up, as the engine rounds down what the rate makes of it.
            base = -(-row.daily * MICRO // rate) if rate else 0
            if not 0 < base <= AMOUNT_MAX:
                self._refuse(row.at, "no_schedule", "the plan releases nothing of these lots by day", "daily")
                return None
        starts = date.fromordinal(self._day + store.lag)
        if row.starts is not None and row.starts > starts:
            message = f"the lot begins to release on {starts}, and not later as it did"
            self.notes.append(Problem("starts_earlier", message, "", row.at.file, row.at.line, "starts"))
        return StoreAdjusted(
            id=self._id(row.at), day=self._day, member=row.member, store=row.store, amount=row.remaining, base=base,
            reason=f"{_REASON} {row.cause}".strip(),
        )  # fmt: skip

    def _id(self, at: Place, what: str = "") -> str:
        return f"{IDS}{self._given.digest[:KEPT]}:{at.source}:{at.line}{what}"

    def _refuse(self, at: Place, code: str, message: str, column: str) -> None:
        remedy = "activate a plan that has it, or correct the file"
        self.refused.append(Problem(code, message, remedy, at.file, at.line, column))


def _rate(plan: Plan, store: str) -> int:
    """The part of its base that a lot of a store releases a day; 0 where none of its rules does that."""
    rates = (rule.amount.rate for rule in plan.rules if isinstance(rule.amount, Schedule) and rule.amount.lots == store)
    return next(rates, 0)


def _tried(world: World, events: list[Event], progress: _Progress) -> dict[str, Problem]:
    """Apply events to a world; by id why some are refused."""
    found: dict[str, Problem] = {}
    for first in range(0, len(events), _AT_ONCE):
        for refusal in apply(world, events[first : first + _AT_ONCE]).refusals:
            found[refusal.event] = Problem(refusal.code, refusal.message, "correct the file")
        progress(min(first + _AT_ONCE, len(events)), len(events))
    return found


def _orders(rows: list[OrderRow], members: set[str], refused: list[Problem]) -> list[OrderRow]:
    """The orders of members that are there, each once; the others are noted as refused."""
    good: dict[str, OrderRow] = {}
    for row in rows:
        if row.member not in members:
            refused.append(Problem("unknown_member", "nobody has this id", "add the member", row.at.file, row.at.line))
        elif row.order in good:
            refused.append(Problem("repeated", "this order is there before", "take one away", row.at.file, row.at.line))
        else:
            good[row.order] = row
    return list(good.values())


def _totals(world: World, given: Given, events: list[Event]) -> list[Total]:
    """Control totals: what the files say, what the entries say, and what the books have of it; the last two agree."""
    read, opened = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for balance in given.balances:
        read[balance.kind, balance.asset] += balance.amount
    for lot in given.lots:
        read["lots", lot.store] += lot.remaining
    for fund in given.funds:
        read[fund.fund, fund.name if fund.fund == "pool" else ""] += fund.amount
    for event in events:
        kind = _kind(world.program.plan, event)
        if kind is not None:
            opened[kind] += event.amount  # type: ignore[attr-defined]
    booked = held(world)
    for key, amount in booked.items():
        ensure(amount == opened[key], f"{' '.join(key)}: {opened[key]} was opened, and the books have {amount}")
    return [Total(*key, read[key], opened[key]) for key in sorted(read.keys() | opened.keys())]


def _kind(plan: Plan, event: Any) -> tuple[str, str] | None:
    match event:
        case StoreAdjusted():
            store = plan.stores.get(event.store)
            kind = "weight" if isinstance(store, Weight) else "lots" if isinstance(store, Lots) else "wallet"
            return kind, event.store
        case PoolDonated():
            return "pool", event.pool
        case ReserveToppedUp():
            return "reserve", ""
    return None
