"""Coverage by day: what a shop owes its members when a day is closed, and what stands behind it.

It is what a run over files and an assessment call by these names. What wallets hold has been paid for already, one to
one, and stands apart: coverage is what the reserve and the pools of money hold, of what lots, queues and deferred
rewards promise. Lots count with what a unit pays at most; tokens have a price and promise nothing, so neither they nor
their pool count. Everything follows from the log, so an audit compares it.
"""

from collections import Counter
from dataclasses import asdict, dataclass

from django.db import connections

from jifen.core.micros import MICRO, mul_div
from jifen.engine import World
from jifen.engine.books import OWED
from jifen.engine.columns import exact_sum
from jifen.engine.flows import REFUND
from jifen.engine.world import ASSETS
from jifen.ledger.journal import NONE, Account
from jifen.plan.model import Asset, Curve, Lots
from jifen.plan.worth import yuan_per_unit
from jifen.service import models
from jifen.simulate.outcomes import unpaid_rewards

__all__ = ["Coverage", "coverage_days", "coverage_of", "coverage_row"]

_OWN = (Account.WALLET, Account.PENDING)
_KINDS = ", ".join(str(int(kind)) for kind in (Account.RESERVE, Account.WALLET, Account.CLAIM))
_MOVED = f"""
    SELECT source & 15, target & 15, (source | target) >> 4 & 65535, rule, reason, SUM(amount) FROM transfer
    WHERE number >= %s AND number < %s AND used = 0 AND (source & 15 IN ({_KINDS}) OR target & 15 IN ({_KINDS}))
    GROUP BY 1, 2, 3, 4, 5
"""
"""What moved of a day: between which kinds of accounts, of which asset, by which rule and because of which."""
_LAST = "SELECT COALESCE(MAX(batch.transfers), 0) FROM batch JOIN run ON run.batch = batch.number WHERE run.day < %s"
"""How many lines the books had when the day began."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """The coverage of a day, in micro-units; levels are those after its close, flows those of the whole day."""

    day: int
    wallets: int
    """What members can spend or withdraw, of all assets at their face."""
    lots: int
    queue: int
    """Open lots that wait in a queue."""
    deferred: int
    """Rewards without a lot that the reserve could not pay yet."""
    reserve: int
    pools: int
    promised: int
    """Granted that day, and rewards deferred that day."""
    paid: int
    """Credited to wallets, less what refunds took back."""
    reserve_in: int
    reserve_out: int

    @property
    def owed(self) -> int:
        """What is promised and not paid."""
        return self.lots + self.queue + self.deferred

    @property
    def backed(self) -> int:
        """What can pay it."""
        return self.reserve + self.pools

    @property
    def is_short(self) -> bool:
        """Whether more is owed than can be paid."""
        return self.owed > self.backed

    @property
    def share(self) -> int | None:
        """Backed ÷ owed in parts per million, rounded down; ``None`` where nothing is owed.

        >>> Coverage(1, 0, lots=300, queue=0, deferred=0, reserve=100, pools=0,
        ...          promised=0, paid=0, reserve_in=0, reserve_out=0).share
        333333
        """
        return mul_div(self.backed, MICRO, self.owed) if self.owed else None


def coverage_of(using: str, world: World, day: int, lines: int) -> Coverage:
    """The coverage of a day that the world has just closed, and whose ``lines`` (in all) stand in the database."""
    levels, flows = _levels(world), _flows(using, world, day, lines)
    return Coverage(day=day, **levels, **flows)


def coverage_days(using: str = "default", last: int | None = None) -> list[Coverage]:
    """The days that have been closed, in order; with ``last`` only so many of the newest."""
    rows = models.Coverage.objects.using(using).order_by("-day").values(*Coverage.__dataclass_fields__)
    return [Coverage(**row) for row in reversed(rows[:last])]


def coverage_row(using: str, world: World, day: int, batch: int, lines: int) -> models.Coverage:
    """The row of a day, as the close writes it and the audit expects it."""
    return models.Coverage(batch=batch, **asdict(coverage_of(using, world, day, lines)))


def _levels(world: World) -> dict[str, int]:
    """What stands at the end of the day."""
    plan, held = world.program.plan, world.control
    worth = {"lots": 0, "queue": 0}
    for number in world.chains:
        name = world.stores.names[number]
        store = plan.stores.get(name)
        kind = "queue" if isinstance(store, Lots) and store.mode == "queue" else "lots"
        worth[kind] += mul_div(held[f"claim {name}"], yuan_per_unit(plan, name), MICRO)
    curves = {name for name, store in plan.stores.items() if isinstance(store, Curve)}
    return {
        **worth,
        "wallets": sum(held[f"wallet {asset}"] for asset in ASSETS),
        "deferred": exact_sum(unpaid_rewards(world)[1]),
        "reserve": world.reserve,
        "pools": sum(world.pool(name) for name in world.pools.names if name not in curves),
    }


def _flows(using: str, world: World, day: int, lines: int) -> dict[str, int]:
    """What moved on the day, the close included."""
    found = dict.fromkeys(("promised", "paid", "reserve_in", "reserve_out"), 0)
    granted: Counter[str] = Counter()
    deferred: Counter[str] = Counter()
    for source, target, asset, rule, reason, amount in _moved(using, day, lines):
        taken_back = _rule(world, rule) == REFUND
        because = _rule(world, rule if reason == NONE else reason)
        if target == Account.WALLET and source not in _OWN and because != REFUND:
            found["paid"] += amount
        if source == Account.WALLET and target not in _OWN and taken_back:
            found["paid"] -= amount
        if target == Account.CLAIM and not taken_back:
            unit = world.assets.names[asset]
            (deferred if unit == OWED else granted)[because if unit == OWED else unit] += amount
        found["reserve_in"] += amount if target == Account.RESERVE else 0
        found["reserve_out"] += amount if source == Account.RESERVE else 0
    plan = world.program.plan
    rates = {rule.id: rule.pay.per_point for rule in plan.rules if isinstance(rule.pay, Asset)}
    found["promised"] = sum(mul_div(units, yuan_per_unit(plan, store), MICRO) for store, units in granted.items())
    found["promised"] += sum(mul_div(points, rates.get(rule, MICRO), MICRO) for rule, points in deferred.items())
    return found


def _moved(using: str, day: int, lines: int) -> list[tuple[int, ...]]:
    with connections[using].cursor() as cursor:
        cursor.execute(_LAST, [day])
        (first,) = cursor.fetchone()
        cursor.execute(_MOVED, [first, lines])
        return [tuple(map(int, row)) for row in cursor.fetchall()]


def _rule(world: World, number: int) -> str:
    return str(world.rule_names.names[number]) if number != NONE else ""
