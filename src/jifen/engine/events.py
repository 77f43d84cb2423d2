"""What can happen to a shop: the events, as values.

An event has an ``id`` (its idempotency key: all ids share one name space), the business ``day`` that is open when it is
accepted, the time ``at`` which it occurred, and its facts. Amounts are micro-units (``int``), rates parts per million.
Business days are integers; files use ``datetime.date.toordinal()``. Field for field this is the event table of the
architecture; ``day`` is no fact, all else is.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, ClassVar

from jifen.plan.model import Plan

__all__ = [
    "EVENT_TYPES",
    "AgentSet",
    "AssetTransferred",
    "DayClosed",
    "Event",
    "LiabilityBooked",
    "Line",
    "MemberJoined",
    "MemberMoved",
    "OrderPaid",
    "OrderReceived",
    "OrderRefunded",
    "OrderSettled",
    "PlanActivated",
    "PlanEnded",
    "PlanPaused",
    "PlanWoundUp",
    "PoolDonated",
    "RankSet",
    "ReserveToppedUp",
    "StoreAdjusted",
    "TaskDone",
    "TokensSold",
    "WithdrawalPaid",
    "WithdrawalRejected",
    "WithdrawalRequested",
]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order: ``amount`` and ``cost`` are totals of the line in micro-units."""

    amount: int
    line: str = "1"
    sku: str | None = None
    category: str | None = None
    merchant: str | None = None
    zone: str | None = None
    quantity: int = 1
    cost: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What all events share."""

    name: ClassVar[str] = ""
    id: str
    day: int
    at: str | None = None

    def facts(self) -> tuple[Any, ...]:
        """Everything but the day: two events of one id are the same event if their facts are equal."""
        return (self.name, *_FACTS[type(self)](self))


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberJoined(Event):
    """A member joins below ``referrer`` (``None``: a root)."""

    name: ClassVar[str] = "member_joined"
    member: str
    referrer: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberMoved(Event):
    """A member gets another referrer; ``by`` is ``admin`` or ``member``; later rewards only."""

    name: ClassVar[str] = "member_moved"
    member: str
    referrer: str
    by: str = "admin"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankSet(Event):
    """A rank is appointed (a floor under what is earned); ``None`` takes the appointment back."""

    name: ClassVar[str] = "rank_set"
    member: str
    rank: str | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSet(Event):
    """The member becomes the agent of ``region``; ``None`` takes it back."""

    name: ClassVar[str] = "agent_set"
    member: str
    region: str | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPaid(Event):
    """An order is paid; its event id is the order's id. ``pay``: assets of the wallet used, ``(asset, amount)``."""

    name: ClassVar[str] = "order_paid"
    member: str
    lines: tuple[Line, ...]
    region: str | None = None
    pay: tuple[tuple[str, int], ...] = ()

    @property
    def amount(self) -> int:
        """The whole amount of the order in micro-units."""
        return sum(line.amount for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReceived(Event):
    """The goods arrived: the refund window starts on this day (where a shop sends receipts)."""

    name: ClassVar[str] = "order_received"
    order: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSettled(Event):
    """A foreign shop that keeps its own refund window says that it has ended."""

    name: ClassVar[str] = "order_settled"
    order: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRefunded(Event):
    """A part of an order is given back: ``amount`` of the whole order, or ``lines`` with their amounts.

    ``share``: the amount was worked out as a share of the order, so it may be finer than a cent.
    """

    name: ClassVar[str] = "order_refunded"
    order: str
    amount: int
    lines: tuple[tuple[str, int], ...] = ()
    share: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensSold(Event):
    """A member sells tokens to the pool; ``tokens=None`` sells all."""

    name: ClassVar[str] = "tokens_sold"
    member: str
    tokens: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDone(Event):
    """A member completed a task."""

    name: ClassVar[str] = "task_done"
    member: str
    task: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetTransferred(Event):
    """A member sends ``amount`` of ``asset`` to another."""

    name: ClassVar[str] = "asset_transferred"
    member: str
    to: str
    amount: int
    asset: str = "coin"


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalRequested(Event):
    """A member asks for money: the amount is reserved. The event id is the withdrawal's id."""

    name: ClassVar[str] = "withdrawal_requested"
    member: str
    amount: int
    asset: str = "cash"


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalPaid(Event):
    """A requested withdrawal has been paid."""

    name: ClassVar[str] = "withdrawal_paid"
    withdrawal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalRejected(Event):
    """A requested withdrawal was rejected: the amount returns to the wallet."""

    name: ClassVar[str] = "withdrawal_rejected"
    withdrawal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LiabilityBooked(Event):
    """An old debt to a member is booked."""

    name: ClassVar[str] = "liability_booked"
    member: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreAdjusted(Event):
    """The back office adds to or (``amount`` below 0) takes from a store or asset of a member.

    ``base``: yuan whose daily rate the new lot releases; ``value``: yuan of tokens at the price, instead of ``amount``.
    """

    name: ClassVar[str] = "store_adjusted"
    member: str
    store: str
    amount: int = 0
    base: int | None = None
    value: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolDonated(Event):
    """Money from outside is put into a pool."""

    name: ClassVar[str] = "pool_donated"
    pool: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveToppedUp(Event):
    """Money from outside is put into the plan's reserve."""

    name: ClassVar[str] = "reserve_topped_up"
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanActivated(Event):
    """A plan version counts from now on, for later events and this day's run."""

    name: ClassVar[str] = "plan_activated"
    plan: Plan

    def facts(self) -> tuple[Any, ...]:
        """The digest stands for the plan."""
        return (self.name, self.id, self.at, self.plan.digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPaused(Event):
    """New orders count in measures only, and no rule fires, until a plan is activated again; what is open goes on."""

    name: ClassVar[str] = "plan_paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanEnded(Event):
    """No new grants; open lots run off."""

    name: ClassVar[str] = "plan_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanWoundUp(Event):
    """The plan has ended for good: its money is paid out to open claims, what is not paid is written off."""

    name: ClassVar[str] = "plan_wound_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class DayClosed(Event):
    """The business day ends: the daily rules run."""

    name: ClassVar[str] = "day_closed"


EVENT_TYPES: dict[str, type[Event]] = {
    kind.name: kind
    for kind in (
        MemberJoined, MemberMoved, RankSet, AgentSet, OrderPaid, OrderReceived, OrderSettled, OrderRefunded, TokensSold,
        TaskDone, AssetTransferred, WithdrawalRequested, WithdrawalPaid, WithdrawalRejected, LiabilityBooked,
        StoreAdjusted, PoolDonated, ReserveToppedUp, PlanActivated, PlanPaused, PlanEnded, PlanWoundUp,
        DayClosed,
    )
}  # fmt: skip

_FACTS: dict[type[Event], Callable[[Event], tuple[Any, ...]]] = {
    kind: attrgetter(*(field.name for field in fields(kind) if field.name != "day")) for kind in EVENT_TYPES.values()
}
