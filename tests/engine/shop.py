"""A small shop for the engine's tests: each call is one event of the open day, applied at once."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from jifen.core.micros import parse_micros
from jifen.engine import World, apply
from jifen.engine.columns import Table
from jifen.engine.events import (
    DayClosed,
    Event,
    Line,
    MemberJoined,
    OrderPaid,
    OrderRefunded,
    PoolDonated,
    RankSet,
    ReserveToppedUp,
    StoreAdjusted,
    TokensSold,
)
from jifen.ledger.journal import Journal
from jifen.ledger.names import Names
from jifen.plan import Plan, load_plan

__all__ = ["Shop", "chain_of", "everything", "yuan"]

yuan = parse_micros
"""Amounts of tests are decimal texts, read as micro-units."""


class Shop:
    """A world and short ways to make its events; amounts are decimal texts."""

    def __init__(self, plan: str | Plan = "points_dividend", *, receipts: bool = False, **params: Any) -> None:
        self.plan = load_plan(plan, params) if isinstance(plan, str) else plan
        self.world = World(self.plan, 0, receipts=receipts)
        self.count = 0

    def book(self, kind: type[Event], **facts: Any) -> Journal:
        """Apply one event, whose id is made up where none is given."""
        self.count += 1
        facts.setdefault("id", f"{kind.name} {self.count}")
        facts.setdefault("day", self.world.open_day)
        return apply(self.world, [kind(**facts)])

    def join(self, **referrers: str | None) -> "Shop":
        for member, referrer in referrers.items():
            self.book(MemberJoined, member=member, referrer=referrer)
        return self

    def order(self, name: str, member: str, amount: str, **facts: Any) -> Journal:
        line = {key: facts.pop(key) for key in ("sku", "category", "merchant", "zone") if key in facts}
        pay = tuple((asset, yuan(used)) for asset, used in facts.pop("pay", {}).items())
        return self.book(
            OrderPaid, id=name, member=member, lines=(Line(amount=yuan(amount), **line),), pay=pay, **facts
        )

    def lines(self, name: str, member: str, *lines: Line) -> Journal:
        return self.book(OrderPaid, id=name, member=member, lines=lines)

    def refund(self, order: str, amount: str, **lines: str) -> Journal:
        named = tuple((line, yuan(part)) for line, part in lines.items())
        return self.book(OrderRefunded, order=order, amount=yuan(amount), lines=named)

    def adjust(self, member: str, store: str, amount: str = "0", **facts: Any) -> Journal:
        more = {key: yuan(value) for key, value in facts.items()}
        return self.book(StoreAdjusted, member=member, store=store, amount=yuan(amount), **more)

    def donate(self, pool: str, amount: str) -> Journal:
        return self.book(PoolDonated, pool=pool, amount=yuan(amount))

    def top_up(self, amount: str) -> Journal:
        return self.book(ReserveToppedUp, amount=yuan(amount))

    def rank(self, member: str, rank: str | None) -> Journal:
        return self.book(RankSet, member=member, rank=rank)

    def sell(self, member: str, tokens: str | None) -> Journal:
        return self.book(TokensSold, member=member, tokens=None if tokens is None else yuan(tokens))

    def close(self, days: int = 1) -> Journal:
        """Close so many days; the journal of the last is returned."""
        for _ in range(days):
            journal = self.book(DayClosed)
        return journal

    def cash(self, member: str) -> int:
        return self.world.balance(member, "cash")

    def remaining(self, member: str, store: str = "points") -> list[int]:
        return self.world.remaining(member, store)


def chain_of(count: int) -> dict[str, str | None]:
    """Members m0, m1, …, each below the one before."""
    return {f"m{place}": f"m{place - 1}" if place else None for place in range(count)}


DERIVED = (
    "layout", "reranked", "exit_heap", "lines", "token_touched", "programs", "taken", "agents", "measured", "ways",
    "lane",
)  # fmt: skip
"""What a world can work out again, and its compiled plans."""


def everything(world: World) -> dict[str, Any]:
    """The whole state of a world, in values that can be compared."""
    state = {name: plain(value) for name, value in vars(world).items() if name not in DERIVED}
    for place, wallet in enumerate(world.wallets):
        state[f"wallet {place}"] = wallet[: world.members.size].tolist()
    del state["wallets"]
    state["pending"] = {day: orders for day, orders in state["pending"].items() if orders}
    return state | {"plans": [program.plan.digest for program in world.programs]}


def plain(value: Any) -> Any:
    """A copy of a value, of lists and dictionaries only."""
    if isinstance(value, Table):
        names = [name for name in value.names() if name != "slot"]
        return {name: getattr(value, name)[: value.size].tolist() for name in names}
    if isinstance(value, Names):
        return list(value.names)
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return [plain(item) for item in value] if isinstance(value, (list, tuple, Iterator)) or is_queue(value) else value


def is_queue(value: Any) -> bool:
    return type(value).__name__ in ("deque", "set", "frozenset")
