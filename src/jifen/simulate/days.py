"""The events of one day by column, and the one function that hands them to the engine.

Joins, orders, refunds and sales of tokens go as a log, which the engine takes by column; so few events of other kinds
are rows of their own. What a column cannot say of an order, what its goods cost and where they go, is said by events
instead, for the plans that ask for it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from jifen.core.micros import MICRO, mul_div
from jifen.engine import World, apply
from jifen.engine.apply import apply_log
from jifen.engine.columns import Column, Narrow
from jifen.engine.events import (
    AgentSet,
    DayClosed,
    Event,
    Line,
    OrderPaid,
    RankSet,
    TaskDone,
    WithdrawalPaid,
    WithdrawalRequested,
)
from jifen.engine.log import JOIN, ORDER, REFUND, SALE, Log
from jifen.engine.tables import NONE
from jifen.ledger.journal import Journal
from jifen.ledger.names import Texts
from jifen.plan.model import Plan
from jifen.simulate.appointments import Appointed

__all__ = ["ROW_LETTERS", "Day", "apply_day", "asks_for_cost", "numbered", "taker_of"]

_DIGITS = 10
ROW_LETTERS = "jors"
"""What the ids of rows begin with: joins, orders, refunds, sales. Those of withdrawals begin with ``w``."""
_LETTER_OF = dict(zip((JOIN, ORDER, REFUND, SALE), ROW_LETTERS.encode(), strict=True))
_LETTERS = np.array([_LETTER_OF[kind] for kind in range(len(_LETTER_OF))], dtype=np.uint8)
"""By kind of row the letter that its id begins with."""


def _no_members() -> Narrow:
    return np.zeros(0, dtype=np.int32)


def _no_amounts() -> Column:
    return np.zeros(0, dtype=np.int64)


@dataclass(slots=True)
class Day:
    """What members do on one day. Members and orders are numbers, as the world has them, new ones from its size on."""

    referrers: Narrow = field(default_factory=_no_members)
    """Of those who join, in order: the member above, or ``NONE``."""
    buyers: Narrow = field(default_factory=_no_members)
    paid: Column = field(default_factory=_no_amounts)
    refunded: Narrow = field(default_factory=_no_members)
    """Orders of which something is given back."""
    returned: Column = field(default_factory=_no_amounts)
    sellers: Narrow = field(default_factory=_no_members)
    tokens: Column = field(default_factory=_no_amounts)
    doers: Narrow = field(default_factory=_no_members)
    """Who do a task."""
    takers: Narrow = field(default_factory=_no_members)
    """Who withdraw cash."""
    taken: Column = field(default_factory=_no_amounts)
    ranks: Appointed = field(default_factory=list)
    """Who gets which rank by hand."""
    agents: Appointed = field(default_factory=list)
    """Who becomes the agent of which region."""
    districts: list[str] = field(default_factory=list)
    """By order where it goes; empty where that does not matter."""

    def log(self, world: World, first: int) -> Log:
        """Joins, sales, refunds and orders as rows; the ids of rows count from ``first`` over the whole simulation."""
        counts = [len(each) for each in (self.referrers, self.sellers, self.refunded, self.buyers)]
        kind = np.repeat(np.array([JOIN, SALE, REFUND, ORDER], dtype=np.int32), counts)
        nobody, nothing = np.full(counts[2], NONE, dtype=np.int32), np.zeros(counts[0], dtype=np.int64)
        order = np.full(len(kind), NONE, dtype=np.int32)
        order[kind == REFUND] = self.refunded
        return Log(
            kind,
            np.concatenate([self.referrers, self.sellers, nobody, self.buyers]).astype(np.int32),
            order,
            np.concatenate([nothing, self.tokens, self.returned, self.paid]),
            numbered(_LETTERS[kind], np.arange(first, first + len(kind))),
            numbered("m", np.arange(counts[0]) + world.members.size),
        )


def numbered(letter: str | npt.NDArray[np.uint8], numbers: Column) -> Texts:
    """Names of one length: a letter (one for all, or the code of each) and the number.

    >>> list(numbered("m", np.array([7, 12])))
    ['m0000000007', 'm0000000012']
    """
    content = np.empty((len(numbers), _DIGITS + 1), dtype=np.uint8)
    content[:, 0] = ord(letter) if isinstance(letter, str) else letter
    left = np.array(numbers, dtype=np.int64)
    for place in range(_DIGITS, 0, -1):
        left, digit = np.divmod(left, 10)
        content[:, place] = digit + ord("0")
    return Texts(content.ravel(), np.arange(len(numbers) + 1, dtype=np.int64) * (_DIGITS + 1))


def asks_for_cost(plan: Plan) -> bool:
    """Whether some rule goes by what is left of an order above the cost of its goods."""
    return any(getattr(rule.amount, "of", "") == "trigger_margin" for rule in plan.rules)


def apply_day(world: World, day: Day, first: int, cost: int | None = None) -> Iterator[Journal]:
    """Hand a day to the engine and close it; the journals of what the members did, and of the close with the rest.

    With ``cost``, in parts per million of the price, orders say what their goods cost.
    """
    log = day.log(world, first)
    orders: list[Event] = []
    if cost is not None or day.districts:
        log, orders = _without_orders(log), list(_orders(world, day, log, cost or 0))
    if len(log.kind):
        yield apply_log(world, log)
    if orders:
        yield apply(world, orders)
    today = world.open_day
    yield apply(world, [*_others(world, day), DayClosed(id=f"d{today}", day=today)])


def _without_orders(log: Log) -> Log:
    others = log.kind != ORDER
    columns = (log.kind[others], log.member[others], log.order[others], log.amount[others])
    return Log(*columns, log.ids.chosen(others), log.members)


def _orders(world: World, day: Day, log: Log, cost: int) -> Iterator[Event]:
    """Orders as events, of goods with a cost, that go somewhere."""
    ids = log.ids[len(log.kind) - len(day.buyers) :]
    known, new = world.member_ids.names, log.members
    places: Sequence[str | None] = day.districts or [None] * len(day.buyers)
    for name, buyer, amount, place in zip(ids, day.buyers.tolist(), day.paid.tolist(), places, strict=True):
        member = known[buyer] if buyer < len(known) else new[buyer - len(known)]
        line = Line(amount=amount, cost=mul_div(amount, cost, MICRO))
        yield OrderPaid(id=name, day=world.open_day, member=member, lines=(line,), region=place)


def _others(world: World, day: Day) -> Iterator[Event]:
    """Appointments, tasks and withdrawals, one event each; a withdrawal is paid at once."""
    today, names = world.open_day, world.member_ids.names
    for member, rank in day.ranks:
        yield RankSet(id=f"k{today}.{member}", day=today, member=names[member], rank=rank)
    for member, region in day.agents:
        yield AgentSet(id=f"g{today}.{member}", day=today, member=names[member], region=region)
    for doer in day.doers.tolist():
        yield TaskDone(id=f"t{today}.{doer}", day=today, member=names[doer], task="task")
    for taker, amount in zip(day.takers.tolist(), day.taken.tolist(), strict=True):
        name = f"w{today}.{taker}"
        yield WithdrawalRequested(id=name, day=today, member=names[taker], amount=amount)
        yield WithdrawalPaid(id=f"{name}.paid", day=today, withdrawal=name)


def taker_of(name: str) -> int:
    """The number of the member whose withdrawal has this id, or the id of its payment.

    >>> taker_of("w12.7"), taker_of("w12.7.paid")
    (7, 7)
    """
    return int(name.split(".")[1])
