"""Small shops run through the engine, to show by example what a plan does: amounts are exact, micro-units.

All orders are of one amount, all of a day that is counted from 1. They are made to be read: a hundred members, not a
market; what thousands do is simulated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from jifen.core.errors import ensure
from jifen.engine import World, apply
from jifen.engine.events import (
    DayClosed,
    Event,
    Line,
    MemberJoined,
    OrderPaid,
    OrderRefunded,
    StoreAdjusted,
    TaskDone,
    TokensSold,
)
from jifen.plan.model import Lots, Plan

__all__ = ["Fall", "Trial", "price_falls", "referred", "steady"]


@dataclass(frozen=True, slots=True)
class Trial:
    """A shop at constant sales, day by day; member m (from 1) joins and buys on day m, nobody refers anybody."""

    order: int
    delay: int
    """Days until an order takes effect."""
    received: tuple[tuple[int, ...], ...]
    """By day, by member who has bought: what he has got by the end of the day, in all assets."""
    in_hand: tuple[Fraction, ...]
    """By day: sales less cost of goods and all that was paid, and less what pools hold for their own rules."""
    pools: int
    """What the pools hold in the end."""
    reserve: int
    """What the reserve holds in the end."""
    sold_out: tuple[int, ...] = ()
    """By member: what he has in the end if all sell their tokens after the last day, first come first."""

    @property
    def days(self) -> int:
        """How many days were run."""
        return len(self.received)

    def got(self, member: int, day: int) -> int:
        """What a member has got by the end of a day; on the last day with the proceeds of his tokens."""
        if day == self.days and self.sold_out:
            return self.sold_out[member - 1]
        return self.received[day - 1][member - 1]


@dataclass(frozen=True, slots=True)
class Fall:
    """An event after which tokens are quoted lower than before it."""

    after: str
    """``order``, ``refund``, ``grant`` (by hand, without money) or ``relaunch`` (an order after all have sold)."""
    before: Fraction
    price: Fraction


class _Shop:
    """A world and the few events that trials are made of."""

    def __init__(self, plan: Plan, order: int, cost: Fraction) -> None:
        self.world = World(plan, 1)
        self.line = Line(amount=order, cost=int(order * cost), sku=next(iter(plan.params["skus"] or ()), None))
        self.count = 0

    def book(self, kind: type[Event], *, name: str = "", **facts: Any) -> bool:
        """Apply one event; say whether it was accepted."""
        return not apply(self.world, [self._event(kind, name, facts)]).refusals

    def book_all(self, kind: type[Event], members: int, **facts: Any) -> None:
        """Apply one event of each of the first members, in joining order."""
        numbers = range(1, members + 1)
        apply(self.world, [self._event(kind, "", {"member": f"member {number}", **facts}) for number in numbers])

    def _event(self, kind: type[Event], name: str, facts: Mapping[str, Any]) -> Event:
        self.count += 1
        return kind(id=name or f"event {self.count}", day=self.world.open_day, **facts)

    def buy(self, member: str, referrer: str | None = None) -> None:
        """A new member, and his order."""
        self.book(MemberJoined, member=member, referrer=referrer)
        ensure(
            self.book(OrderPaid, name=f"order of {member}", member=member, lines=(self.line,)), "an order is refused"
        )

    def close(self, days: int = 1) -> None:
        """Close so many days."""
        for _ in range(days):
            self.book(DayClosed)

    def received(self, members: int) -> tuple[int, ...]:
        """What the first members have in their wallets; nothing leaves these."""
        wallets = [wallet[:members].tolist() for wallet in self.world.wallets]
        return tuple(map(sum, zip(*wallets, strict=True)))

    def pools(self) -> int:
        """What the pools of the plan hold."""
        return sum(map(self.world.pool, self.world.program.pool_names))


def steady(plan: Plan, order: int, cost: Fraction, days: int, sales_end: int | None = None) -> Trial:
    """One new member a day buys, until ``sales_end``; everyone does the day's task, if the plan has tasks."""
    shop = _Shop(plan, order, cost)
    tasks = any(rule.when == "task" and not rule.off for rule in plan.rules)
    received: list[tuple[int, ...]] = []
    in_hand: list[Fraction] = []
    members = 0
    for day in range(1, days + 1):
        if sales_end is None or day <= sales_end:
            members += 1
            shop.buy(f"member {members}")
        if tasks:
            shop.book_all(TaskDone, members)
        shop.close()
        received.append(shop.received(members))
        in_hand.append(members * order * (1 - cost) - sum(received[-1]) - shop.pools())
    held = shop.pools(), shop.world.reserve - shop.world.reserve_debt
    return Trial(order, _delay(plan), tuple(received), tuple(in_hand), *held, _all_sell(shop, plan, members))


def _all_sell(shop: _Shop, plan: Plan, members: int) -> tuple[int, ...]:
    """Everyone sells all tokens, in joining order; nothing, if the plan has none that can be sold."""
    if not any(rule.when == "sale" for rule in plan.rules):
        return ()
    shop.book_all(TokensSold, members, tokens=None)
    return shop.received(members)


def referred(plan: Plan, order: int, cost: Fraction, persons: int, days: int) -> tuple[int, ...]:
    """What a buyer has got by the end of each day, if on day 1 so many whom he refers buy as much as he did."""
    shop = _Shop(plan, order, cost)
    shop.buy("member 1")
    for number in range(persons):
        shop.buy(f"member {number + 2}", referrer="member 1")
    got: list[int] = []
    for _ in range(days):
        shop.close()
        got += shop.received(1)
    return tuple(got)


def price_falls(plan: Plan, order: int, cost: Fraction) -> tuple[Fall, ...]:
    """By which of the events that move a price it falls in a shop of three members; nothing without a curve.

    >>> from jifen.plan import load_plan
    >>> price_falls(load_plan("appreciation"), 1_000_000_000, Fraction(0))
    ()
    """
    tokens = next((name for name, store in plan.stores.items() if isinstance(store, Lots) and store.priced_by), None)
    if tokens is None:
        return ()
    falls = (_fall(kind, _priced_shop(plan, order, cost), tokens) for kind in _MOVES)
    return tuple(fall for fall in falls if fall is not None)


_MOVES = ("order", "refund", "grant", "relaunch")


def _priced_shop(plan: Plan, order: int, cost: Fraction) -> _Shop:
    """Three members have bought, and their orders are in effect."""
    shop = _Shop(plan, order, cost)
    for member in (1, 2, 3):
        shop.buy(f"member {member}")
    shop.close(_delay(plan) + 1)
    return shop


def _fall(kind: str, shop: _Shop, tokens: str) -> Fall | None:
    """Let one thing happen; a fall of the price, if there is one."""
    first = _price(shop)
    if kind == "refund":
        shop.book(OrderRefunded, order="order of member 3", amount=shop.line.amount)
    elif kind == "grant":
        shop.book(StoreAdjusted, member="member 1", store=tokens, value=shop.line.amount)
    else:
        if kind == "relaunch":
            shop.book_all(TokensSold, 3, tokens=None)
        first = max(first, _price(shop))
        shop.buy("member 4")
        shop.close(_delay(shop.world.program.plan) + 1)
    then = _price(shop)
    return Fall(kind, first, then) if then < first else None


def _price(shop: _Shop) -> Fraction:
    quote, supply = shop.world.price()
    return Fraction(quote, supply) if supply else Fraction(0)


def _delay(plan: Plan) -> int:
    return int(plan.params["refund_days"]) if plan.params["settle_at"] == "settled" else 0
