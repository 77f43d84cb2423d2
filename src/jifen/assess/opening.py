"""Carrying what is open over to another plan: the events that open its books, and what each account came to.

What members hold is carried over point for point, and released as much a day as before, where the new plan has the
same lots. Where it has not, what is owed in money becomes coin; what was only a bound on a share of later sales ends,
and is listed as written off. What the pools and the reserve held goes along; what is missing the shop must bring.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jifen.core.errors import ensure
from jifen.core.micros import AMOUNT_MAX, MICRO
from jifen.engine import World
from jifen.engine.events import Event, PoolDonated, ReserveToppedUp, StoreAdjusted
from jifen.engine.world import ASSETS, price_of
from jifen.plan.model import Asset, Curve, Lots, Money, Plan, Schedule, Split, Weight

__all__ = ["Carried", "Opening", "open_books"]

_REASON = "carried over"


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of one store of the old plan: micro-units of its own kind; of what is converted, its worth."""

    store: str
    before: int
    carried: int
    """In the same store of the new plan."""
    converted: int
    """Paid out as coin instead."""
    written_off: int
    """Ended: nobody is owed it any more."""
    paid_as: tuple[str, str] = ("", "")
    """The asset that it becomes, in the old plan and in the new one; empty where nothing is paid out of it."""


@dataclass(frozen=True, slots=True)
class Opening:
    """The opening entries of a new plan, balanced: what is carried, and the money that stands behind it."""

    events: tuple[Event, ...]
    stores: tuple[Carried, ...]
    needed: int
    """What the reserve must hold so that all that it owes can be paid."""
    brought: int
    """Of it what the old reserve and the old pools had."""
    missing: int
    """Of it what the shop must bring from elsewhere."""


class _Entries:
    """Events as they are written, with ids of their own."""

    def __init__(self, day: int) -> None:
        self.day = day
        self.events: list[Event] = []

    def give(self, member: str, store: str, amount: int, **facts: Any) -> None:
        """Give a member of the new plan something; nothing makes no entry."""
        if amount > 0:
            self._add(StoreAdjusted, member=member, store=store, amount=amount, **({"reason": _REASON} | facts))

    def donate(self, pool: str, amount: int) -> None:
        """Put money into a pool."""
        if amount > 0:
            self._add(PoolDonated, pool=pool, amount=amount)

    def top_up(self, amount: int) -> None:
        """Put money into the reserve."""
        if amount > 0:
            self._add(ReserveToppedUp, amount=amount)

    def _add(self, kind: type[Event], **facts: Any) -> None:
        self.events.append(kind(id=f"opening {len(self.events) + 1}", day=self.day, **facts))


def open_books(world: World, after: Plan) -> Opening:
    """Return what opens the books of ``after`` with all that is open in a world (which is only read)."""
    before = world.program.plan
    entries = _Entries(world.open_day)
    carried = [*_wallets(world, entries), *_lots(world, before, after, entries)]
    carried += [*_tokens(world, before, entries), *_weights(world, before, after, entries), *_owed(world, entries)]
    left = world.reserve - world.reserve_debt + _pools(world, after, entries)
    needed = sum(each for each in _reserve_owes(carried, after)) if after.params["funding"] == "reserve" else 0
    paid_out = sum(each.converted for each in carried)
    brought = min(max(left - paid_out, 0), needed)
    entries.top_up(needed)
    for each in carried:
        whole = each.before == each.carried + each.converted + each.written_off
        ensure(whole, f"what {each.store} held is not what became of it")
    return Opening(tuple(entries.events), tuple(carried), needed, brought, needed - brought)


def _wallets(world: World, entries: _Entries) -> Iterator[Carried]:
    """Wallets as they are; a debt cannot be given, so it is written off."""
    for asset in ASSETS:
        held = {member: world.balance(member, asset) for member in world.member_names}
        for member, amount in held.items():
            entries.give(member, asset, amount)
        total, given = sum(held.values()), sum(amount for amount in held.values() if amount > 0)
        if given or total:
            yield Carried(asset, total, given, 0, total - given)


def _lots(world: World, before: Plan, after: Plan, entries: _Entries) -> Iterator[Carried]:
    """Lots one by one, oldest first; tokens are apart."""
    table = world.lot_table()
    rows = list(
        zip(*(_listed(table[name]) for name in ("store", "member", "order", "remaining", "daily")), strict=True)
    )
    for store in before.stores.values():
        if not isinstance(store, Lots) or store.mode == "tokens":
            continue
        mine = [row[1:] for row in rows if row[0] == store.name and row[3] > 0]
        total = sum(remaining for _, _, remaining, _ in mine)
        if isinstance(after.stores.get(store.name), Lots):
            for member, order, remaining, daily in mine:
                entries.give(member, store.name, remaining, base=_base(after, store.name, daily), reason=_from(order))
            yield Carried(store.name, total, total, 0, 0, (_asset(before, store.name), _asset(after, store.name)))
        elif _is_debt(before, store.name):
            worth = 0
            for member, order, remaining, _ in mine:
                coin = remaining * _per_point(before, store.name) // MICRO
                entries.give(member, "coin", coin, reason=_from(order))
                worth += coin
            yield Carried(store.name, worth, 0, worth, 0, (_asset(before, store.name), "coin"))
        elif total:
            yield Carried(store.name, total, 0, 0, total)


def _owed(world: World, entries: _Entries) -> Iterator[Carried]:
    """Rewards without a lot that the reserve has not paid are paid now; what waits for a lot ends."""
    payments, worth = world.payments, 0
    for payment in sorted(world.claims):
        asset, per_point, _ = world.terms[payments.terms.item(payment)]
        amount = world.owed_of(payment) * per_point // MICRO
        entries.give(world.member_names[payments.member.item(payment)], ASSETS[asset], amount)
        worth += amount
    if worth:
        yield Carried("owed", worth, 0, worth, 0)
    rows = zip(*(world.banked.columns()[name].tolist() for name in ("payment", "released")), strict=True)
    waiting = sum(payments.paid.item(each) - payments.lost.item(each) - released for each, released in rows)
    if waiting:
        yield Carried("banked", waiting, 0, 0, waiting)


def _from(order: str | None) -> str:
    return _REASON if order is None else f"{_REASON} from {order}"


def _listed(column: Any) -> list[Any]:
    listed: list[Any] = column.tolist() if hasattr(column, "tolist") else column
    return listed


def _base(after: Plan, store: str, daily: int) -> int | None:
    """The yuan of which the new plan's rate releases as much a day as before; a lot that releases nothing has none."""
    for rule in after.rules:
        if daily and isinstance(rule.amount, Schedule) and rule.amount.lots == store and rule.amount.rate:
            # Rounded up, as the engine rounds down what the rate makes of it.
            return min(-(-daily * MICRO // rule.amount.rate), AMOUNT_MAX)
    return None


def _payers(plan: Plan, store: str) -> list[tuple[bool, Asset]]:
    """The rules that pay out of a store: whether they divide a pool, and what they pay."""
    return [
        (isinstance(rule.who, Split), rule.pay)
        for rule in plan.rules
        if rule.gate is not None and rule.gate.drain == store and isinstance(rule.pay, Asset)
    ]


def _is_debt(plan: Plan, store: str) -> bool:
    """Whether lots are owed in money, and are no mere bound on a part of later sales."""
    return any(not divides for divides, _ in _payers(plan, store))


def _asset(plan: Plan, store: str) -> str:
    return next((pay.asset for _, pay in _payers(plan, store)), "")


def _per_point(plan: Plan, store: str) -> int:
    return max((pay.per_point for _, pay in _payers(plan, store)), default=0)


def _tokens(world: World, before: Plan, entries: _Entries) -> Iterator[Carried]:
    """Tokens are paid out at their price, of which the pool has all."""
    curve = next((store for store in before.stores.values() if isinstance(store, Curve)), None)
    store = next((each.name for each in before.stores.values() if isinstance(each, Lots) and each.priced_by), None)
    if curve is None or store is None or not world.supply():
        return
    pool, supply = price_of(world, curve)
    worth = 0
    for member in world.member_names:
        coin = world.tokens(member) * pool // supply
        entries.give(member, "coin", coin)
        worth += coin
    yield Carried(curve.name, world.pool(curve.name), 0, worth, world.pool(curve.name) - worth)


def _weights(world: World, before: Plan, after: Plan, entries: _Entries) -> Iterator[Carried]:
    for name, store in before.stores.items():
        if isinstance(store, Weight):
            held = {member: world.weight(member, name) for member in world.member_names}
            total, kept = sum(held.values()), isinstance(after.stores.get(name), Weight)
            for member, amount in held.items() if kept else ():
                entries.give(member, name, amount)
            given = sum(amount for amount in held.values() if amount > 0) if kept else 0
            yield Carried(name, total, given, 0, total - given)


def _pools(world: World, after: Plan, entries: _Entries) -> int:
    """Pools of money go along by name; what others held is left for the reserve."""
    left = 0
    kept = {name for name, store in after.stores.items() if isinstance(store, Money) and store.each is None}
    for name in world.program.pool_names:
        held = world.pool(name) - world.pool_debt(name)
        if name in kept:
            entries.donate(name, held)
        else:
            left += held
    return left


def _reserve_owes(carried: list[Carried], after: Plan) -> Iterator[int]:
    """What of the lots carried over the reserve has to pay, at what a point pays."""
    for each in carried:
        payers = [pay for _, pay in _payers(after, each.store) if pay.source is None]
        if payers and isinstance(after.stores.get(each.store), Lots):
            yield each.carried * max(pay.per_point for pay in payers) // MICRO
