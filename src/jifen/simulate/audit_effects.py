"""Effects: what an order, or the back office, made, and what stands of it now.

Nothing is summed up and thrown away. A lot knows each drain of it, a payment knows each of its sources and portions,
an order knows each of its feeds, and each of these knows on which order it stands and what was kept of that order when
it was made. So what stands today is always a function of what is kept today.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import mul

from jifen.core.micros import MICRO
from jifen.engine.events import Line
from jifen.plan.model import Tier

__all__ = [
    "MERCHANT",
    "RESERVE",
    "Direct",
    "Drain",
    "Fed",
    "Lot",
    "Order",
    "Payment",
    "Place",
    "Source",
    "Stand",
    "Terms",
    "Weighed",
    "weighed",
]

MERCHANT, RESERVE = "@merchant", "@reserve"
"""The plan's own account, which pays whatever is asked, and its reserve. No pool can have these names."""


@dataclass(slots=True, eq=False)
class Order:
    """An order, line by line: what is left of each, and what was refunded of it while upstream is reversed."""

    id: str
    member: str
    lines: tuple[Line, ...]
    tender: tuple[tuple[str, int], ...]
    due: int | None
    """The day in whose run it settles, ``None`` if it took effect at once or waits for its receipt."""
    region: str | None = None
    left: list[int] = field(init=False)
    basis: list[int] = field(init=False)  # what was left of each line after the last refund that named lines
    returned: list[int] = field(init=False)
    even: tuple[int, ...] = field(init=False)
    """1 for each line that takes part in the plan, 0 for the others, and for all until the order takes effect."""
    waiting: bool = True
    """It has not taken effect yet."""
    counts: bool = False
    """It took effect in the plan, be it only for spend and performance."""
    closed: bool = False
    """It was there when the member was forced out, and counts in ``spend`` no more."""
    entered: int = 0
    """Its net amount when it took effect."""
    tiers: dict[str, str] = field(default_factory=dict)
    """By ladder judged by ``largest_order``: the row it reached when it took effect."""
    fed: list["Fed"] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin with nothing refunded."""
        self.left = [line.amount for line in self.lines]
        self.basis = list(self.left)
        self.returned = [0] * len(self.lines)
        self.even = (0,) * len(self.lines)

    @property
    def amount(self) -> int:
        """The whole amount, as it was paid."""
        return sum(line.amount for line in self.lines)

    @property
    def net(self) -> int:
        """What is left of the whole amount."""
        return sum(self.left)

    @property
    def kept(self) -> int:
        """What is left of it in the plan: of the lines that take part."""
        return weighed(self.left, self.even)

    @property
    def live(self) -> bool:
        """Whether it is in effect and something of it is kept."""
        return self.counts and self.kept > 0


def weighed(amounts: Iterable[int], rates: Iterable[int]) -> int:
    """Return Σ amount × rate, line by line."""
    return sum(map(mul, amounts, rates))


@dataclass(frozen=True, slots=True)
class Stand:
    """An order, or none, as it was when an effect of it was made.

    ``rates`` say how much of the effect each line bears; ``kept`` and ``returned`` are weighed by them.
    """

    order: Order | None = None
    rates: tuple[int, ...] = ()
    kept: int = 0
    returned: int = 0

    @classmethod
    def on(cls, order: Order, rates: tuple[int, ...]) -> "Stand":
        """Stand on an order as it is now."""
        return cls(order, rates, weighed(order.left, rates), weighed(order.returned, rates))

    def again(self) -> "Stand":
        """Stand on the same lines as they are now; on no order: for ever."""
        return Stand.on(self.order, self.rates) if self.order else self

    def of_buyer(self, amount: int) -> int:
        """Return what survives of the buyer's own: ⌊amount × kept now ÷ kept then⌋."""
        return amount * weighed(self.order.left, self.rates) // self.kept if self.order else amount

    def of(self, member: str, amount: int) -> int:
        """Return what survives of a member's: of another than the buyer, refunds under ``upstream: keep`` count not."""
        if self.order is None or member == self.order.member:
            return self.of_buyer(amount)
        return amount * (self.kept + self.returned - weighed(self.order.returned, self.rates)) // self.kept


@dataclass(slots=True, eq=False)
class Fed:
    """Money an order put into an account."""

    account: str
    amount: int
    stand: Stand

    @property
    def standing(self) -> int:
        """What stands of it now."""
        return self.stand.of_buyer(self.amount)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a lot keeps from the day it was granted: its daily rate and the rate's base, batches, its table."""

    rate: int = 0
    of: str = "granted"
    base: int | None = None
    """The yuan whose rate is released, where no order says: of a liability, or given by the back office."""
    parts: int | None = None
    every: int = 1
    table: Tier | None = None
    """The table by which it is judged again after a refund."""


@dataclass(slots=True, eq=False)
class Lot:
    """A bounded promise. ``opens``: the first day in whose run it releases or may be served."""

    number: int
    source: str
    """Id of the order, the liability or the adjustment that made it."""
    member: str
    store: str
    made_on: int
    opens: int
    stand: Stand
    original: int
    terms: Terms
    judged: int | None = None
    """The points it was judged to deserve at the last refund of its order, if it is retiered."""
    whole: bool = False
    """A ticket of an order: it stays whole, or is gone."""
    gone: bool = False
    counted: bool = False
    """A ticket that added 1 to the counter."""
    drains: list["Drain"] = field(default_factory=list)
    held: int = 0
    """Points planned, not yet paid, by the event or run at work."""
    closed: bool = False
    """Its plan was wound up: whatever comes back to it is written off."""
    emptied_on: int | None = None
    """The day on which a release or removal emptied it while it was the oldest live lot."""

    @property
    def granted(self) -> int:
        """Points granted as of now."""
        if self.whole:
            return 0 if self.gone else self.original
        return self.judged if self.judged is not None else self.stand.of_buyer(self.original)

    @property
    def remaining(self) -> int:
        """Points not drained yet."""
        return self.granted - sum(drain.standing for drain in self.drains)

    @property
    def available(self) -> int:
        """Points neither drained nor planned to be."""
        return self.remaining - self.held

    @property
    def daily(self) -> int:
        """Points a day by schedule."""
        if self.terms.of == "granted":
            return self.terms.rate * self.granted // MICRO
        base = self.stand.order.kept if self.stand.order else self.terms.base or 0
        return self.terms.rate * base // MICRO

    def batch(self, day: int) -> int:
        """Points of the batch of a day, 0 on any other; the last batch, and each later batch day, takes the rest."""
        number, rest = divmod(day - self.made_on, self.terms.every)
        if self.terms.parts is None or rest or number < 1:
            return 0
        return self.granted // self.terms.parts if number < self.terms.parts else self.remaining

    def ground(self) -> Stand:
        """Return what a drain of it stands on: its order, but for tickets, which are exempt from proportion."""
        return Stand() if self.whole else self.stand.again()


@dataclass(slots=True, eq=False)
class Drain:
    """Points one payment, sale or removal took from one lot, and the asset they became.

    ``points`` never change; ``standing`` and ``credited`` are what stands of them and of the asset.
    """

    lot: Lot
    points: int
    stand: Stand
    standing: int
    asset: str = ""
    per_point: int = 0
    account: str = MERCHANT
    credited: int = 0
    proceeds: int | None = None
    """A sale's: the part of its proceeds that stands on this lot, instead of ``per_point``."""
    gross: int = 0
    """A sale's: ⌊tokens × price⌋, until a forced exit."""
    member: str = ""
    removal: bool = False
    """Taken by the back office, or closed by an exit: no payment, only the lot's own order counts for it."""

    @property
    def worth(self) -> int:
        """The asset that belongs to what stands."""
        if self.proceeds is not None:
            return self.stand.of_buyer(self.proceeds)
        return self.standing * self.per_point // MICRO


@dataclass(frozen=True, slots=True)
class Source:
    """One cause of a payment: the order it stands on and ⌊rate × base⌋."""

    stand: Stand
    share: int


def _surviving(member: str, sources: list[Source], paid: int, wanted: int) -> int:
    """Return what stands of a member's payment or weight: paid − Σ (part − what survives of the part)."""
    parts = [(source.stand, source.share * paid // wanted) for source in sources]
    return paid - sum(part - stand.of(member, part) for stand, part in parts)


@dataclass(slots=True, eq=False)
class Direct:
    """What a payment without a lot credited so far: points, and the asset they became."""

    asset: str
    per_point: int
    account: str
    points: int = 0
    credited: int = 0


@dataclass(slots=True, eq=False)
class Payment:
    """A payment: receiver and rule, what was wanted, what was paid (or banked, or is owed) for which sources, how."""

    member: str
    rule: str
    store: str
    wanted: int
    sources: list[Source]
    paid: int = 0
    drains: list[Drain] = field(default_factory=list)
    direct: Direct | None = None
    banked: bool = False
    held: int = 0
    closed: bool = False
    """Its plan was wound up: nothing more of it is paid."""

    @property
    def standing(self) -> int:
        """What stands of it by its sources, before the lots have their say."""
        return _surviving(self.member, self.sources, self.paid, self.wanted)

    @property
    def in_bank(self) -> int:
        """What the bank still holds of it: the newest portion, after all that was released."""
        waits = self.banked and not self.closed
        return max(0, self.standing - sum(drain.points for drain in self.drains)) if waits else 0

    @property
    def owed(self) -> int:
        """What the reserve still owes of it: a refund lowers this first."""
        return max(0, self.standing - self.direct.points) if self.direct and not self.closed else 0


@dataclass(slots=True, eq=False)
class Weighed:
    """Weight given to a member: what was wanted, and what the cap let pass."""

    member: str
    store: str
    wanted: int
    amount: int
    sources: list[Source]

    @property
    def standing(self) -> int:
        """What stands of it now."""
        return _surviving(self.member, self.sources, self.amount, self.wanted) if self.wanted else self.amount


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Place ``number`` below a sponsor, taken by an order; free again when nothing is kept of that order."""

    store: str
    sponsor: str
    number: int
    order: Order
