"""The end of a plan: what is there is paid out to those to whom it is owed, and the rest is written off openly.

Wallets, and withdrawals that have been asked for, are no part of it: nothing in them is touched. A curve's pool belongs
to those who hold its tokens: a token is a share of that pool and promises nothing else, so its holders get the pool,
each by what he holds, and have no part in the rest. The reserve and all other pools together pay all other open claims
at one rate: what lots and queues still hold at what their rules pay, and rewards that the reserve owes. Each receiver
gets ⌊claim × available ÷ all claims⌋ of each kind of claim, in the asset of its rule, so no order of visiting matters.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np

from jifen.core.micros import MICRO
from jifen.engine import runs
from jifen.engine.books import OWED, WIND_UP, WRITTEN_OFF, Books, On, place_of
from jifen.engine.curve import add_sale, burn
from jifen.engine.events import PlanWoundUp
from jifen.engine.payments import owe, take
from jifen.engine.removals import remove_points
from jifen.engine.state import WindUp
from jifen.engine.tables import CASH, FROM_MERCHANT, FROM_RESERVE, NONE
from jifen.engine.world import World, price_of
from jifen.ledger.journal import Account
from jifen.plan.model import Asset, Lots, Value
from jifen.plan.worth import paying_rule

__all__ = ["Due", "Part", "Waterfall", "waterfall", "wind_up", "write_off_again"]


class Due(NamedTuple):
    """One row of a claim: a lot, or (``OWED``) a payment that the reserve owes. Amounts are micro-units."""

    row: int
    units: int
    """What is left of it, in points or tokens."""
    worth: int
    """What that pays by the rules."""
    asset: int
    per_point: int
    before: int = 0
    """Points of the payment that were paid earlier: all of them become the asset in one quotient."""
    used: int = 0
    """Of ``units``, those that are paid; the others are written off."""
    paid: int = 0
    """What they come to."""


@dataclass(frozen=True, slots=True)
class Part:
    """All that one member is owed of one kind: a store of lots, or ``owed``."""

    member: int
    kind: str
    dues: tuple[Due, ...]

    @property
    def worth(self) -> int:
        """What he is owed."""
        return sum(due.worth for due in self.dues)

    @property
    def paid(self) -> int:
        """What he gets."""
        return sum(due.paid for due in self.dues)


@dataclass(frozen=True, slots=True)
class Waterfall:
    """Who gets what if the plan is wound up now. Amounts are micro-units."""

    wallets: int
    """Cash of members, with what they have asked to withdraw: untouched."""
    debts: int
    """Cash that members owe, which what they get lowers first."""
    funds: tuple[tuple[str, int], ...]
    """What the reserve (``reserve``) and each pool has."""
    available: int
    """What is there for the claims that share one rate."""
    claimed: int
    """These claims."""
    parts: tuple[Part, ...]
    """Members in joining order, of each the kinds in the order of the world's stores, ``owed`` last."""
    holders: tuple[Part, ...]
    """The same of tokens, which get what their pool has."""
    set_off: int
    """How much of what is paid only lowers debts of its receivers."""

    @property
    def paid(self) -> int:
        """All that is paid."""
        return sum(part.paid for part in (*self.parts, *self.holders))

    @property
    def written_off(self) -> int:
        """What is owed and not paid, in money."""
        return sum(part.worth for part in (*self.parts, *self.holders)) - self.paid

    @property
    def left(self) -> int:
        """What stays in the reserve: what rounding leaves, or what nobody has a claim to."""
        return sum(amount for _, amount in self.funds) - self.paid

    @property
    def rate(self) -> int:
        """What each claim but tokens gets, in parts per million, rounded down; all of it where nothing is claimed."""
        return MICRO if self.claimed <= self.available else self.available * MICRO // self.claimed

    def kinds(self) -> dict[str, tuple[int, int, int, int]]:
        """By kind of claim: (receivers, units, what they are worth, what is paid)."""
        found: dict[str, tuple[int, int, int, int]] = {}
        for part in (*self.parts, *self.holders):
            people, units, worth, paid = found.get(part.kind, (0, 0, 0, 0))
            more = sum(due.units for due in part.dues)
            found[part.kind] = (people + 1, units + more, worth + part.worth, paid + part.paid)
        return found


def waterfall(world: World) -> Waterfall:
    """Work out who would get what, and change nothing."""
    tokens = _token_stores(world)
    holders = tuple(_shared_out(world, part) for part in _parts(world, _lots_left(world, tokens, inside=True)))
    funds = (("reserve", world.reserve), *zip(world.pools.names, world.pool_balance, strict=True))
    available = sum(amount for _, amount in funds) - sum(part.paid for part in holders)
    claims = _parts(world, (*_lots_left(world, tokens, inside=False), *_owed(world)))
    claimed = sum(part.worth for part in claims)
    parts = tuple(_paid(part, available, claimed) for part in claims)
    cash = world.wallets[CASH][: world.members.size].tolist()
    asked = (amount for _, asset, amount, at in world.withdrawals.values() if (asset, at) == (CASH, "requested"))
    return Waterfall(
        wallets=sum(amount for amount in cash if amount > 0) + sum(asked),
        debts=-sum(amount for amount in cash if amount < 0),
        funds=funds, available=available, claimed=claimed, parts=parts, holders=holders,
        set_off=_set_off(world, (*parts, *holders)),
    )  # fmt: skip


_Row = tuple[int, str, Due]


def _lots_left(world: World, tokens: set[int], *, inside: bool) -> Iterator[_Row]:
    """(owner, store, what is left) of all lots with something left: of tokens, or of all else."""
    lots, count = world.lots, world.lots.size
    live = np.flatnonzero(lots.remaining[:count] > 0)
    live = live[np.isin(lots.store[live], list(tokens)) == inside]
    columns = (lots.member[live], lots.store[live], lots.remaining[live])
    pays = {store: _pays(world, store) for store in np.unique(lots.store[live]).tolist()}
    for row, member, store, units in zip(live.tolist(), *(column.tolist() for column in columns), strict=True):
        asset, per_point = pays[store]
        yield member, world.stores.names[store], Due(row, units, units * per_point // MICRO, asset, per_point)


def _pays(world: World, store: int) -> tuple[int, int]:
    """(asset, asset per point) of what a store's lots become; nothing where no rule pays for them."""
    name, plan = world.stores.names[store], world.program.plan
    sales = (rule.pay for rule in plan.rules if isinstance(rule.amount, Value) and rule.amount.tokens == name)
    sale = next(sales, None)
    if isinstance(sale, Asset):
        return world.assets.numbers[sale.asset], 0
    rule = paying_rule(plan, name)
    return (CASH, 0) if rule is None else (world.assets.numbers[rule.asset], rule.per_point)


def _owed(world: World) -> Iterator[_Row]:
    """The same of rewards that the reserve owes."""
    payments = world.payments
    for row in sorted(world.claims):
        units, before = world.owed_of(row), payments.released.item(row)
        asset, per_point, _ = world.terms[payments.terms.item(row)]
        worth = (before + units) * per_point // MICRO - before * per_point // MICRO
        yield payments.member.item(row), OWED, Due(row, units, worth, asset, per_point, before)


def _parts(world: World, rows: Iterator[_Row] | tuple[_Row, ...]) -> list[Part]:
    """Rows by member and kind, in joining order."""
    found: dict[tuple[int, str], list[Due]] = {}
    for member, kind, due in rows:
        found.setdefault((member, kind), []).append(due)
    place = {name: number for number, name in enumerate((*world.stores.names, OWED))}
    keys = sorted(found, key=lambda key: (key[0], place[key[1]]))
    return [Part(member, kind, tuple(found[member, kind])) for member, kind in keys]


def _paid(part: Part, available: int, claimed: int) -> Part:
    """What a part gets: ⌊claim × available ÷ all claims⌋, shared out over its rows by what each is worth."""
    worth = part.worth
    sum_paid = worth if claimed <= available else worth * available // claimed
    reached = [sum_paid * upto // max(worth, 1) for upto in accumulate(due.worth for due in part.dues)]
    shares = (after - before for before, after in pairwise([0, *reached]))
    return Part(part.member, part.kind, tuple(map(_used, part.dues, shares)))


def _used(due: Due, share: int) -> Due:
    """The fewest points of ``share``; one less if, a point being worth more than a micro-unit, they pass it."""
    if share == 0:
        return due
    earlier = due.before * due.per_point // MICRO
    points = -(-(earlier + share) * MICRO // due.per_point) - due.before
    if (due.before + points) * due.per_point // MICRO - earlier > share:
        points -= 1
    return due._replace(used=points, paid=(due.before + points) * due.per_point // MICRO - earlier)


# -- tokens ---------------------------------------------------------------------------------------------------------


def _token_stores(world: World) -> set[int]:
    """The numbers of stores whose lots are tokens in some version of the plan."""
    stores = (store for program in world.programs for store in program.plan.stores.values())
    return {world.stores.numbers[store.name] for store in stores if isinstance(store, Lots) and store.mode == "tokens"}


def _shared_out(world: World, part: Part) -> Part:
    """A holder gets ⌊tokens × pool ÷ supply⌋; what rounding lot by lot leaves goes with the newest lot."""
    balance, supply = _price(world)
    tokens = sum(due.units for due in part.dues)
    worth = tokens * balance // supply
    shares = [worth * due.units // tokens for due in part.dues]
    shares[-1] += worth - sum(shares)
    rows = (due._replace(worth=share, used=due.units, paid=share) for due, share in zip(part.dues, shares, strict=True))
    return Part(part.member, part.kind, tuple(rows))


def _price(world: World) -> tuple[int, int]:
    """Pool ÷ supply while somebody holds tokens; of a plan that has given up its pool nothing."""
    curve = world.program.curve
    return (0, 1) if curve is None else price_of(world, curve)


# -- the event ------------------------------------------------------------------------------------------------------


def wind_up(books: Books, event: PlanWoundUp) -> None:
    """Pay out what is there, write off what is not paid; no lot, reward or token is left."""
    del event
    world = books.world
    runs.end_all(world)
    found, price = waterfall(world), _price(world)
    _lose_banked(books)
    world.granting = False
    rows = world.lots.size, world.payments.size
    world.wound_up.append(WindUp(books.event, *rows, found.available, found.claimed))
    for part in found.holders:
        _pay_holder(books, part, price)
    for pool, balance in enumerate(world.pool_balance):
        books.move(WIND_UP, place_of(pool), place_of(FROM_RESERVE), balance)
    for part in found.parts:
        for due in part.dues:
            (_pay_owed if part.kind == OWED else _pay_lot)(books, part.member, due)


def _pay_lot(books: Books, member: int, due: Due) -> None:
    """What a lot gives is an effect like any release; what is not paid is written off."""
    world, lot = books.world, due.row
    if due.used:
        take(world, lot, due.used)
        terms = world.terms_number(due.asset, due.per_point, FROM_RESERVE)
        world.lots.last_release[lot] = world.releases.add(
            lot=lot, before=world.lots.last_release.item(lot), kind=0, first_day=world.open_day,
            last_day=world.open_day, rule=world.rule_names.number(WIND_UP), version=world.version, base=due.used,
            points=due.used, terms=terms, kept_then=world.kept_of_lot(lot), returned_then=world.returned_of_lot(lot),
        )  # fmt: skip
        on = On(lot=lot, drained=due.used, order=world.lots.order.item(lot))
        books.move(WIND_UP, place_of(FROM_RESERVE), (Account.WALLET, member), due.paid, due.asset, on)
    _write_off(books, lot)


def _write_off(books: Books, lot: int) -> None:
    """Empty a lot without paying; no other lot waits for the day on which it was emptied."""
    world = books.world
    remove_points(books, lot, world.lots.remaining.item(lot), WRITTEN_OFF)
    world.lots.emptied_on[lot] = NONE


def _pay_owed(books: Books, member: int, due: Due) -> None:
    """Pay a part of what the reserve owes, and cancel the rest of it in the journal; ``owed_of`` is 0 by now."""
    payments = books.world.payments
    reason, order = payments.rule.item(due.row), payments.order.item(due.row)
    payments.released[due.row] += due.used
    wallet, on = (Account.WALLET, member), On(order=order)
    books.move(WIND_UP, place_of(FROM_RESERVE), wallet, due.paid, due.asset, on)
    if due.used:
        owe(books, due.row, WIND_UP, -due.used, reason)
    if due.units > due.used:
        owe(books, due.row, WRITTEN_OFF, due.used - due.units, reason)


def _pay_holder(books: Books, part: Part, price: tuple[int, int]) -> None:
    """A holder's tokens leave for his share of their pool."""
    world, curve = books.world, books.world.program.curve
    fund = FROM_MERCHANT if curve is None else world.pools.numbers[curve.name]
    rule, tokens = world.rule_names.number(WIND_UP), sum(due.units for due in part.dues)
    for due in part.dues:
        terms, order = world.terms_number(due.asset, MICRO, fund), world.lots.order.item(due.row)
        proceeds = part.worth * due.units // tokens
        add_sale(books, due.row, rule, terms, tokens=due.units, proceeds=proceeds, dust=due.paid - proceeds)
        on = On(lot=due.row, drained=due.units, order=order)
        books.move(WIND_UP, place_of(fund), (Account.WALLET, part.member), due.paid, due.asset, on)
        burn(world, part.member, due.row, due.units, price)


def _lose_banked(books: Books) -> None:
    """What waits for a lot that will never come is lost."""
    world, banked, payments = books.world, books.world.banked, books.world.payments
    rule = world.rule_names.number(WRITTEN_OFF)
    for row in range(banked.size):
        payment = banked.payment.item(row)
        left = payments.paid.item(payment) - payments.lost.item(payment) - banked.released.item(row)
        if left > 0 and payment >= world.closed_payments:
            books.writer.forfeit((books.event, world.open_day, rule, banked.member.item(row), left))


def write_off_again(books: Books, lots: list[int]) -> None:
    """What a refund has brought back to lots of a plan that was wound up is written off at once."""
    world = books.world
    tokens = _token_stores(world)
    for lot in lots:
        left = world.lots.remaining.item(lot)
        if left == 0 or lot >= world.closed_lots:
            continue
        if world.lots.store.item(lot) not in tokens:
            _write_off(books, lot)
            continue
        member, terms = world.lots.member.item(lot), world.terms_number(CASH, 0, FROM_MERCHANT)
        add_sale(books, lot, world.rule_names.number(WRITTEN_OFF), terms, tokens=left)
        burn(world, member, lot, left, world.last_price or (0, 1))
        books.reclaim(member, lot, -left, rule=WRITTEN_OFF)


def _set_off(world: World, parts: tuple[Part, ...]) -> int:
    """What of the payments lowers debts of their receivers, asset by asset."""
    gets: Counter[tuple[int, int]] = Counter()
    for part in parts:
        for due in part.dues:
            gets[part.member, due.asset] += due.paid
    return sum(min(paid, max(0, -world.wallets[asset].item(member))) for (member, asset), paid in gets.items())
