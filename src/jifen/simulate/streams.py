"""Random histories of a small shop: a plan with random switches, and events that press on its edges.

The same seed gives the same history. Orders stand at the steps of tables or a cent beside them, refunds come twice in a
row, reserves are short, ids come again, some events are refused. Lines of one order differ in all that a plan may ask
of them. Nothing is known of what the events will do: the history is written first, and whoever applies it decides, even
whether the shop sends receipts.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random

from jifen.core.micros import CENT, MICRO
from jifen.engine.events import (
    AssetTransferred,
    DayClosed,
    Event,
    Line,
    MemberJoined,
    MemberMoved,
    OrderPaid,
    OrderReceived,
    OrderRefunded,
    OrderSettled,
    PlanActivated,
    PlanEnded,
    PlanPaused,
    PoolDonated,
    RankSet,
    ReserveToppedUp,
    StoreAdjusted,
    TokensSold,
    WithdrawalRequested,
)
from jifen.plan import Plan
from jifen.plan.model import Curve, Lots, Money, Tier
from jifen.simulate.switches import CATALOGUE, random_plan, random_revision

__all__ = ["random_stream"]

_ASSETS = ("cash", "coin", "voucher")
_AMOUNTS = (1, 99_99, 100_00, 500_00, 1000_00, 3000_00, 9000_00)
"""Amounts of random orders in cents, where no table gives any."""


def random_stream(seed: int, plan: Plan | str | Path, *, revisions: bool = True) -> tuple[Plan, list[Event]]:
    """Return a plan like ``plan`` (or of that name) with random switches, and a random history from day 0.

    Every event's day is the open day, but for a few that come too late and must be refused. With ``revisions`` the
    parameters change in the middle.
    """
    random = Random(seed)  # noqa: S311 - a reproducible history, no secret
    drawn = random_plan(random, plan)
    return drawn, _History(random, drawn, revisions).write()


_Maker = Callable[[], Event | None]


class _History:
    """The history so far, and what its writer remembers of it to make the next event likely to matter."""

    def __init__(self, random: Random, plan: Plan, revisions: bool) -> None:
        self.random = random
        self.plan = plan
        self.revisions = revisions
        self.events: list[Event] = []
        self.members: list[str] = []
        self.orders: dict[str, dict[str, int]] = {}
        """What is left of each order, line by line, if all its refunds are accepted."""
        self.buyers: list[str] = []
        self.gifts: list[tuple[str, str, int]] = []
        """Assets given by the back office: member, asset, amount."""
        self.day = 0
        self.stopped = False
        self.shape = random.choice(("chain", "star", "tree"))
        self.makers: list[tuple[int, _Maker]] = [
            (40, self._order),
            (20, self._refund),
            (4, self._receipt),
            (2, self._settlement),
            (10, self._adjustment),
            (4, self._appointment),
            (3, self._move),
            (4, self._donation),
            (4, self._top_up),
            (10, self._sale),
            (3, self._withdrawal),
            (2, self._transfer),
            (3, self._revision),
            (2, self._stop),
            (3, self._again),
            (2, self._late),
            (2, self._join),
        ]

    def write(self) -> list[Event]:
        """Write the whole history."""
        for _ in range(self.random.randint(5, 9)):
            self.events.append(self._join())
        for day in range(self.random.randint(8, 30)):
            self.day = day
            if self.stopped and self.random.random() < 0.4:
                self.events.append(self._activation(self.plan))
            busy = self.random.random() < 0.7
            for _ in range(self.random.randint(1, 6) if busy else 0):
                weights, makers = zip(*self.makers, strict=True)
                event = self.random.choices(makers, weights)[0]()
                if event is not None:
                    self.events.append(event)
            self.events.append(DayClosed(id=f"close {self.day}", day=self.day))
        return self.events

    def _id(self, kind: str) -> str:
        return f"{kind}{len(self.events)}"

    def _member(self) -> str:
        return self.random.choice(self.members) if self.random.random() < 0.98 else "nobody"

    def _money(self, most: int = 5000_00) -> int:
        """Draw an amount in whole cents; now and then nothing, or less."""
        cents = self.random.choice((1, 12_34, 100_00, 333_33, self.random.randint(1, most)))
        return cents * CENT if self.random.random() < 0.97 else self.random.choice((0, -CENT))

    # -- members ----------------------------------------------------------------------------------------------------

    def _join(self) -> Event:
        """Add a member below the last, the first, or anybody."""
        member = f"m{len(self.members)}"
        sponsors = {"chain": self.members[-1:], "star": self.members[:1], "tree": self.members}[self.shape]
        referrer = self.random.choice(sponsors) if sponsors and self.random.random() < 0.95 else None
        self.members.append(member)
        return MemberJoined(id=self._id("j"), day=self.day, member=member, referrer=referrer)

    def _move(self) -> Event:
        by = self.random.choice(("admin", "admin", "member"))
        return MemberMoved(id=self._id("b"), day=self.day, member=self._member(), referrer=self._member(), by=by)

    def _appointment(self) -> Event | None:
        names = [row.name for ranks in self.plan.ranks.values() for row in ranks.ladder]
        if not names:
            return None
        rank = self.random.choice([*names, None])
        return RankSet(id=self._id("a"), day=self.day, member=self._member(), rank=rank)

    # -- orders -----------------------------------------------------------------------------------------------------

    def _amount(self) -> int:
        """Draw an order's amount: at a step of a table, a cent beside it, or any."""
        steps = [
            row.min for rule in self.plan.rules if isinstance(rule.amount, Tier) for row in rule.amount.rows if row.min
        ]
        amount = self.random.choice(steps) if steps else self.random.choice(_AMOUNTS) * CENT
        beside = self.random.choice((0, 0, CENT, -CENT, self.random.randint(1, 2000_00) * CENT))
        if self.random.random() < 0.02:
            return amount + 1
        return max(CENT, amount + beside)

    def _lines(self, amount: int) -> tuple[Line, ...]:
        """Divide an amount among one to three lines of different kinds; some are sold below their cost."""
        if self.random.random() < 0.1:
            return (Line(amount=amount),)
        count = self.random.choice((1, 1, 1, 2, 2, 3))
        cuts = {self.random.randint(0, amount // CENT) * CENT for _ in range(count - 1)}
        steps = sorted(cuts - {0, amount}) if self.random.random() < 0.98 else sorted(cuts)
        parts = [high - low for low, high in pairwise([0, *steps, amount])]
        first = self.random.choice((1, 1, 1, 4))
        return tuple(self._line(str(number), part) for number, part in enumerate(parts, first))

    def _line(self, name: str, amount: int) -> Line:
        kind = {key: self.random.choice((values[0], *values, None)) for key, values in CATALOGUE.items()}
        cost = amount * self.random.randint(0, 12) // 10
        return Line(amount=amount, line=name, cost=cost, quantity=self.random.randint(1, 3), **kind)

    def _order(self) -> Event:
        """Buy; sometimes several lines, sometimes paid in part from the wallet."""
        amount = self._amount()
        member = self._member()
        pay: tuple[tuple[str, int], ...] = ()
        if self.gifts and self.random.random() < 0.3:
            member, asset, given = self.random.choice(self.gifts)
            pay = ((asset, max(CENT, min(given, amount) // self.random.choice((1, 2, 3)) // CENT * CENT)),)
            if self.random.random() < 0.2:
                pay = (*pay, (self.random.choice(_ASSETS), CENT))
        name = self._id("o")
        lines = self._lines(amount)
        self.orders[name] = {line.line: line.amount for line in lines}
        self.buyers.append(member)
        return OrderPaid(id=name, day=self.day, member=member, lines=lines, pay=pay)

    def _any_order(self) -> str | None:
        """Draw an order, more likely one of the last; now and then one that is not there."""
        if not self.orders:
            return None
        names = list(self.orders)
        return self.random.choice([*names, *names[-3:], *names[-3:]]) if self.random.random() < 0.97 else "nothing"

    def _receipt(self) -> Event | None:
        order = self._any_order()
        return None if order is None else OrderReceived(id=self._id("v"), day=self.day, order=order)

    def _settlement(self) -> Event | None:
        order = self._any_order()
        return None if order is None else OrderSettled(id=self._id("z"), day=self.day, order=order)

    def _refund(self) -> Event | None:
        """Give back a part or all that is left, of the whole or by line; the next often meets the same order."""
        open_orders = [name for name, left in self.orders.items() if any(left.values())]
        if not open_orders:
            return None
        last = self.events[-1]
        again = isinstance(last, OrderRefunded) and last.order in open_orders and self.random.random() < 0.5
        order = last.order if again and isinstance(last, OrderRefunded) else self.random.choice(open_orders)
        if self.random.random() < 0.35:
            return self._refund_by_line(order)
        left = sum(self.orders[order].values())
        part = self.random.choice((1, 2, 3, 7))
        amount = left if part == 1 else max(CENT, left // part // CENT * CENT)
        if self.random.random() < 0.04:
            amount += CENT
        if self.random.random() < 0.02:
            order = "nothing"
        else:
            self._give_back(order, amount)
        return OrderRefunded(id=self._id("r"), day=self.day, order=order, amount=amount)

    def _give_back(self, order: str, amount: int) -> None:
        """Lower the lines by what is left of them."""
        lines = self.orders[order]
        total, seen, given = sum(lines.values()), 0, 0
        for line, left in lines.items():
            seen += left
            part = min(amount, total) * seen // total - given
            given += part
            lines[line] = left - part

    def _refund_by_line(self, order: str) -> Event | None:
        """Name some of the lines that have something left; now and then a line too much, or one that is not there."""
        lines = self.orders[order]
        parts = {line: left // CENT // self.random.choice((1, 1, 2, 3)) * CENT for line, left in lines.items()}
        parts = {line: part for line, part in parts.items() if part and self.random.random() < 0.7}
        if not parts:
            return None
        wrong = self.random.random()
        if wrong < 0.03:
            parts[self.random.choice(list(parts))] += CENT
        elif wrong < 0.05:
            parts["9"] = CENT
        else:
            for line, part in parts.items():
                lines[line] -= part
        amount = sum(parts.values()) + (CENT if 0.05 < wrong < 0.06 else 0)
        named = [*parts.items()]
        if wrong > 0.9:
            line, part = named.pop()
            half = part // CENT // 2 * CENT
            named += [(line, half), (line, part - half)] if half else [(line, part)]
        return OrderRefunded(id=self._id("r"), day=self.day, order=order, amount=amount, lines=tuple(named))

    # -- the back office --------------------------------------------------------------------------------------------

    def _adjustment(self) -> Event:
        """Add to or take from a store or an asset."""
        stores = [name for name, store in self.plan.stores.items() if isinstance(store, Lots)]
        store = self.random.choice([*stores, *stores, *_ASSETS, "nowhere"])
        lots = self.plan.stores.get(store)
        amount = self._money() * self.random.choice((1, 1, -1))
        base = value = None
        if amount > 0 and isinstance(lots, Lots) and not lots.priced_by and self.random.random() < 0.5:
            base = self._money()
        if isinstance(lots, Lots) and lots.priced_by and self.random.random() < 0.3:
            amount, value = 0, amount
        name = self._id("x")
        member = self._member()
        if store in _ASSETS and amount > 0:
            self.gifts.append((member, store, amount))
        return StoreAdjusted(id=name, day=self.day, member=member, store=store, amount=amount, base=base, value=value)

    def _donation(self) -> Event | None:
        pools = [name for name, store in self.plan.stores.items() if isinstance(store, Money | Curve)]
        if not pools:
            return None
        pool = self.random.choice([*pools, *pools, *pools, "nowhere"])
        return PoolDonated(id=self._id("d"), day=self.day, pool=pool, amount=self._money())

    def _top_up(self) -> Event:
        return ReserveToppedUp(id=self._id("t"), day=self.day, amount=self._money())

    def _revision(self) -> Event | None:
        """Change parameters; a plan that comes out the same is not activated, unless the plan has been stopped."""
        revised = random_revision(self.random, self.plan) if self.revisions else self.plan
        if revised.digest == self.plan.digest and not self.stopped:
            return None
        return self._activation(revised)

    def _activation(self, plan: Plan) -> Event:
        self.plan, self.stopped = plan, False
        return PlanActivated(id=self._id("p"), day=self.day, plan=plan)

    def _stop(self) -> Event:
        self.stopped = True
        return self.random.choice((PlanPaused, PlanEnded))(id=self._id("q"), day=self.day)

    # -- wallets ----------------------------------------------------------------------------------------------------

    def _sale(self) -> Event | None:
        if not any(isinstance(store, Curve) for store in self.plan.stores.values()):
            return None
        part = self.random.randint(1, 300) * MICRO // self.random.randint(1, 7)
        tokens = None if self.random.random() < 0.4 else part
        member = self.random.choice(self.buyers) if self.buyers and self.random.random() < 0.8 else self._member()
        return TokensSold(id=self._id("s"), day=self.day, member=member, tokens=tokens)

    def _withdrawal(self) -> Event:
        asset = self.random.choice(_ASSETS)
        amount = self._money(200_00)
        return WithdrawalRequested(id=self._id("w"), day=self.day, member=self._member(), amount=amount, asset=asset)

    def _transfer(self) -> Event:
        asset = self.random.choice(("coin", "coin", "cash"))
        amount = self._money(100_00)
        name, member, to = self._id("y"), self._member(), self._member()
        return AssetTransferred(id=name, day=self.day, member=member, to=to, amount=amount, asset=asset)

    # -- what is refused --------------------------------------------------------------------------------------------

    def _again(self) -> Event | None:
        """Repeat an id: the same event on this day, or another event."""
        earlier = self.random.choice(self.events)
        if self.random.random() < 0.6:
            return replace(earlier, day=self.day)
        return ReserveToppedUp(id=earlier.id, day=self.day, amount=CENT)

    def _late(self) -> Event | None:
        """Send an event of a day that is closed."""
        if self.day == 0:
            return None
        return ReserveToppedUp(id=self._id("l"), day=self.day - 1, amount=CENT)
