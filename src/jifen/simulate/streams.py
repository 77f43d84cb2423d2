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

from jifen.core.micros import CENT
from jifen.engine.events import (
    AgentSet,
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
    RankSet,
    ReserveToppedUp,
)
from jifen.plan import Plan
from jifen.plan.model import Walk
from jifen.simulate.stream_desk import Desk
from jifen.simulate.switches import CATALOGUE, random_plan, random_revision

__all__ = ["random_stream"]

_AMOUNTS = (1, 99_99, 100_00, 500_00, 1000_00, 3000_00, 9000_00)
"""Amounts of random orders in cents, where no table gives any."""
_REGIONS = ("P", "P/C", "P/C/D", "P/C/D/S", "P/C/E", "P/B", "Q", "Q/C/D")
"""Region paths of one to four parts."""


def random_stream(seed: int, plan: Plan | str | Path, *, revisions: bool = True) -> tuple[Plan, list[Event]]:
    """Return a plan like ``plan`` (or of that name) with random switches, and a random history from day 0.

    Every event's day is the open day, but for a few that come too late and must be refused. With ``revisions`` the
    parameters change in the middle.
    """
    random = Random(seed)  # noqa: S311 - a reproducible history, no secret
    drawn = random_plan(random, plan)
    return drawn, _History(random, drawn, revisions).write()


_Maker = Callable[[], Event | None]


class _History(Desk):
    """The whole history: members, orders and refunds, plan changes, what is refused, and all that the desk does."""

    def __init__(self, random: Random, plan: Plan, revisions: bool) -> None:
        super().__init__(random, plan)
        self.revisions = revisions
        self.stopped = False
        self.shape = random.choice(("chain", "star", "tree"))
        self.makers = self._makers()

    def _makers(self) -> list[tuple[int, _Maker]]:
        """Return what may happen, each with its weight: what the plan has no rule for happens now and then."""
        whens = {rule.when for rule in self.plan.rules}
        regions = any(isinstance(rule.who, Walk) and rule.who.tree == "region" for rule in self.plan.rules)
        return [
            (40, self._order),
            (20, self._refund),
            (4, self._receipt),
            (2, self._settlement),
            (20 if self._unminted() else 10, self._adjustment),
            (8 if self.plan.ranks else 1, self._appointment),
            (12 if regions else 1, self._agent),
            (25 if "task" in whens else 1, self._task),
            (15 if "liability" in whens else 1, self._debt),
            (3, self._move),
            (15 if self._unminted() else 4, self._donation),
            (8 if self.plan.params["funding"] == "reserve" else 2, self._top_up),
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
        if self.random.random() < 0.3:
            self._give_all_back()
        return self.events

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

    def _agent(self) -> Event:
        """Make a member the agent of a region, shared with others or not; now and then of none."""
        region = self.random.choice([*_REGIONS, *_REGIONS, None])
        return AgentSet(id=self._id("g"), day=self.day, member=self._member(), region=region)

    # -- orders -----------------------------------------------------------------------------------------------------

    def _amount(self) -> int:
        """Draw an order's amount: at a step, a cent beside it, or any."""
        steps = self._steps()
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
                pay = (*pay, (self.random.choice(("cash", "coin", "voucher")), CENT))
        name = self._id("o")
        lines = self._lines(amount)
        self.orders[name] = {line.line: line.amount for line in lines}
        self.buyers.append(member)
        region = self.random.choice([*_REGIONS, *_REGIONS[2:5], None])
        return OrderPaid(id=name, day=self.day, member=member, lines=lines, region=region, pay=pay)

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

    def _give_all_back(self) -> None:
        """Refund all that is left of every order, twice each: in halves, and last of the last first."""
        for order in reversed(self.orders):
            for last in (False, True):
                left = sum(self.orders[order].values())
                amount = left if last else left // 2 // CENT * CENT
                if amount:
                    self._give_back(order, amount)
                    self.events.append(OrderRefunded(id=self._id("r"), day=self.day + 1, order=order, amount=amount))

    # -- the plan ---------------------------------------------------------------------------------------------------

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
