"""What the auditor remembers: everything, explicitly."""

from dataclasses import dataclass, field
from fractions import Fraction

from jifen.core.errors import ensure
from jifen.engine.events import Event
from jifen.plan.model import Curve, Lots, Money, Plan
from jifen.simulate.audit_effects import MERCHANT, RESERVE, Drain, Lot, Order, Payment, Place, Weighed

__all__ = ["Account", "Books", "Member", "Outcome", "pool_names"]


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
    agent_of: str | None = None
    earned: dict[str, str | None] = field(default_factory=dict)
    assets: dict[str, int] = field(default_factory=dict)


def pool_names(plan: Plan) -> list[str]:
    """Return the pools of a plan: each of a family, lowest row first, and the curves."""
    names = []
    for store in plan.stores.values():
        if isinstance(store, Money) and store.each is not None:
            names += [row.name for row in plan.ranks[store.each].ladder]
        elif isinstance(store, Money | Curve):
            names.append(store.name)
    return names


@dataclass(slots=True)
class Books:
    """All the auditor's state."""

    plan: Plan
    open_day: int
    members: dict[str, Member] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    lots: list[Lot] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    weighed: list[Weighed] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    accounts: dict[str, Account] = field(default_factory=lambda: {RESERVE: Account()})
    last_price: dict[str, Fraction] = field(default_factory=dict)
    """Of each curve: the price before its last burn."""
    counters: dict[str, int] = field(default_factory=dict)
    """Newcomers of each queue that have not paid for anybody yet; below 0: how many must come first."""
    stock: dict[tuple[str, str], int] = field(default_factory=dict)
    """What remained to (member, store) after the last run."""
    tasks: dict[str, int] = field(default_factory=dict)
    """Tasks of the open day by member."""
    known: dict[str, Event] = field(default_factory=dict)
    withdrawals: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    """Open ones: member, asset, amount."""
    paused: bool = False
    """New orders that take effect count in measures only."""
    wound_up: bool = False
    """The plan has ended for good, until another is activated."""
    receipts: bool = False
    """The refund window starts on the day of receipt."""
    outcome: Outcome = field(default_factory=Outcome)

    def adopt(self, plan: Plan) -> None:
        """Make ``plan`` count from now on; its new pools start empty."""
        self.plan = plan
        for name in pool_names(plan):
            self.accounts.setdefault(name, Account())

    def lots_of(self, member: str, store: str) -> list[Lot]:
        """All lots of a member in a store, oldest first."""
        return [lot for lot in self.lots if lot.member == member and lot.store == store]

    def live_lots(self, member: str, store: str) -> list[Lot]:
        """Those that have something left, oldest first."""
        return [lot for lot in self.lots_of(member, store) if lot.available > 0]

    def left(self, member: str, store: str) -> int:
        """All that a member's lots of a store have left."""
        return sum(lot.available for lot in self.live_lots(member, store))

    def lot_store(self, name: str) -> Lots:
        """Return the lot store of that name; another kind: ``KeyError``."""
        store = self.plan.stores[name]
        if not isinstance(store, Lots):
            raise KeyError(name)
        return store

    def weight(self, member: str, store: str) -> int:
        """A member's weight, counted anew; below 0 after a removal by hand and a refund."""
        return sum(given.standing for given in self.weighed if (given.member, given.store) == (member, store))

    def issued(self, store: str) -> int:
        """All weights of a store."""
        return sum(given.standing for given in self.weighed if given.store == store)

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

    def note(self, drain: Drain, rule: str, points: int, asset: int) -> None:
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

    def remove(self, lot: Lot, points: int) -> Drain:
        """Return a drain by the back office or an exit: nothing is paid."""
        return Drain(lot, points, lot.ground(), points, member=lot.member, removal=True)
