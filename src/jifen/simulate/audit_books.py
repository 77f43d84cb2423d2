"""What the auditor remembers: everything, explicitly.

Nothing is summed up and thrown away. A lot knows each drain of it, a payment knows each of its sources and portions,
an order knows each of its feeds, and each of these knows on which order it stands and what was kept of that order when
it was made. So what stands today is always a function of what is kept today.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from operator import mul

from jifen.core.errors import ensure
from jifen.core.micros import MICRO
from jifen.engine.events import Event, Line
from jifen.plan.model import Curve, Lots, Money, Plan, Tier

__all__ = [
    "MERCHANT",
    "RESERVE",
    "Account",
    "Books",
    "Drain",
    "Fed",
    "Lot",
    "Member",
    "Order",
    "Outcome",
    "Payment",
    "Source",
    "Stand",
    "Terms",
    "weighed",
]

MERCHANT, RESERVE = "@merchant", "@reserve"
"""The plan's own account, which pays whatever is asked, and its reserve. No pool can have these names."""


@dataclass(slots=True)
class Outcome:
    """What one event, or one run, did: the refusal's code, credits by (member, rule), points lost by member."""

    refused: str | None = None
    paid: dict[tuple[str, str], int] = field(default_factory=dict)
    by_lot: dict[tuple[int, str], tuple[int, int]] = field(default_factory=dict)
    """By the lot's number and rule: points drained to pay, and the asset paid for them (rule ``refund``: below 0)."""
    forfeited: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Account:
    """Money with a name: a pool or the reserve. Never below zero; what it lacks is its debt, repaid first."""

    balance: int = 0
    debt: int = 0

    def put(self, amount: int) -> None:
        """Take in ``amount``, repaying the debt first."""
        repaid = min(self.debt, amount)
        self.debt -= repaid
        self.balance += amount - repaid

    def give_back(self, amount: int) -> None:
        """Give ``amount``; what is not there is owed."""
        given = min(self.balance, amount)
        self.balance -= given
        self.debt += amount - given

    def pay(self, amount: int) -> None:
        """Pay ``amount``, which must be there."""
        ensure(0 <= amount <= self.balance, f"an account of {self.balance} cannot pay {amount}")
        self.balance -= amount


@dataclass(slots=True)
class Member:
    """A member and the place in the tree; ``earned`` is the rank of each ladder, ``appointed`` the floor under it."""

    id: str
    referrer: str | None
    appointed: str | None = None
    earned: dict[str, str | None] = field(default_factory=dict)
    assets: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Order:
    """An order, line by line: what is left of each, and what was refunded of it while upstream is reversed."""

    id: str
    member: str
    lines: tuple[Line, ...]
    tender: tuple[tuple[str, int], ...]
    due: int | None
    """The day in whose run it settles, ``None`` if it took effect at once or waits for its receipt."""
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

    def of_others(self, amount: int) -> int:
        """Return what survives of another member's: refunds under ``upstream: keep`` do not count."""
        if self.order is None:
            return amount
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
    """What a lot keeps from the day it was granted: its daily rate and the rate's base, its table if it is retiered."""

    rate: int = 0
    of: str = "granted"
    table: Tier | None = None
    base: int | None = None
    """A lot of the back office: yuan whose rate is released; without them it has no daily release."""


@dataclass(slots=True, eq=False)
class Lot:
    """A bounded promise. ``opens``: the first day in whose run it releases or may be served."""

    number: int
    source: str
    """Id of the order or the adjustment that made it."""
    member: str
    store: str
    opens: int
    stand: Stand
    original: int
    terms: Terms
    multiple: int | None = None
    """The multiple it was judged to deserve at the last refund of its order, if it is retiered."""
    drains: list["Drain"] = field(default_factory=list)
    held: int = 0
    """Points planned, not yet paid, by the event or run at work."""
    emptied_on: int | None = None
    """The day on which a release or removal emptied it while it was the oldest live lot."""

    @property
    def granted(self) -> int:
        """Points granted as of now."""
        if self.multiple is not None and self.stand.order:
            return self.multiple * self.stand.order.kept // MICRO
        return self.stand.of_buyer(self.original)

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
        if self.stand.order is None:
            return self.terms.rate * (self.terms.base or 0) // MICRO
        base = self.granted if self.terms.of == "granted" else self.stand.order.kept
        return self.terms.rate * base // MICRO


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


@dataclass(slots=True, eq=False)
class Payment:
    """A payment: receiver and rule, what was wanted, what was paid (or banked) for which sources, out of which lots."""

    member: str
    rule: str
    store: str
    wanted: int
    sources: list[Source]
    paid: int = 0
    drains: list[Drain] = field(default_factory=list)
    banked: bool = False
    held: int = 0

    @property
    def standing(self) -> int:
        """What stands of it by its sources, before the lots have their say."""
        parts = [(source.stand, source.share * self.paid // self.wanted) for source in self.sources]
        return self.paid - sum(part - stand.of_others(part) for stand, part in parts)

    @property
    def in_bank(self) -> int:
        """What the bank still holds of it: the newest portion, after all that was released."""
        return max(0, self.standing - sum(drain.points for drain in self.drains)) if self.banked else 0


@dataclass(slots=True)
class Books:
    """All the auditor's state."""

    plan: Plan
    open_day: int
    members: dict[str, Member] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    lots: list[Lot] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    accounts: dict[str, Account] = field(default_factory=lambda: {RESERVE: Account()})
    last_price: dict[str, Fraction] = field(default_factory=dict)
    """Of each curve: the price before its last burn."""
    known: dict[str, Event] = field(default_factory=dict)
    withdrawals: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    """Open ones: member, asset, amount."""
    paused: bool = False
    """New orders that take effect count in measures only."""
    receipts: bool = False
    """The refund window starts on the day of receipt."""
    outcome: Outcome = field(default_factory=Outcome)

    def adopt(self, plan: Plan) -> None:
        """Make ``plan`` count from now on; its new pools start empty."""
        self.plan = plan
        for store in plan.stores.values():
            if isinstance(store, Money | Curve):
                self.accounts.setdefault(store.name, Account())

    def lots_of(self, member: str, store: str) -> list[Lot]:
        """All lots of a member in a store, oldest first."""
        return [lot for lot in self.lots if lot.member == member and lot.store == store]

    def live_lots(self, member: str, store: str) -> list[Lot]:
        """Those that have something left, oldest first."""
        return [lot for lot in self.lots_of(member, store) if lot.available > 0]

    def lot_store(self, name: str) -> Lots:
        """Return the lot store of that name; another kind: ``KeyError``."""
        store = self.plan.stores[name]
        if not isinstance(store, Lots):
            raise KeyError(name)
        return store

    def ancestors(self, member: str) -> list[str]:
        """Parent, grandparent, … up to the root."""
        above = []
        referrer = self.members[member].referrer
        while referrer is not None:
            above.append(referrer)
            referrer = self.members[referrer].referrer
        return above

    def move(self, member: str, asset: str, amount: int) -> None:
        """Change a wallet without a rule: tender, transfers, withdrawals."""
        assets = self.members[member].assets
        assets[asset] = assets.get(asset, 0) + amount

    def credit(self, member: str, rule: str, asset: str, amount: int) -> None:
        """Credit a wallet by a rule (a negative amount debits it)."""
        self.move(member, asset, amount)
        key = (member, rule)
        self.outcome.paid[key] = self.outcome.paid.get(key, 0) + amount

    def note(self, drain: "Drain", rule: str, points: int, asset: int) -> None:
        """Note what one lot gave to a payment."""
        key = (drain.lot.number, rule)
        earlier = self.outcome.by_lot.get(key, (0, 0))
        self.outcome.by_lot[key] = (earlier[0] + points, earlier[1] + asset)

    def forfeit(self, member: str, points: int) -> None:
        """Note points that are lost."""
        if points:
            self.outcome.forfeited[member] = self.outcome.forfeited.get(member, 0) + points

    def pay_from(self, account: str, amount: int) -> None:
        """Take a payment out of an account."""
        if account != MERCHANT:
            self.accounts[account].pay(amount)

    def return_to(self, account: str, amount: int) -> None:
        """Put what was clawed back (below 0: what is paid after all) where it came from."""
        if account == MERCHANT:
            return
        if amount >= 0:
            self.accounts[account].put(amount)
        else:
            self.accounts[account].give_back(-amount)

    def drain(self, drain: Drain) -> None:
        """Drain a lot, and note the day if this empties the oldest live one."""
        lot = drain.lot
        lot.drains.append(drain)
        older = [other for other in self.lots_of(lot.member, lot.store) if other.number < lot.number]
        if lot.remaining == 0 and all(other.remaining == 0 for other in older):
            lot.emptied_on = self.open_day
