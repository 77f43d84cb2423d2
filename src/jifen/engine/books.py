"""The books of one batch: the one place where money moves, in the world and in the journal together.

Every movement is one transfer between two accounts. Pools and the reserve never go below zero: what they lack when
something is taken back is a receivable, repaid first by their next inflow.
"""

from typing import NamedTuple

from jifen.core.errors import BrokenInvariant, ensure
from jifen.engine.columns import SUM_MAX
from jifen.engine.tables import CASH, FROM_MERCHANT, FROM_RESERVE, NONE
from jifen.engine.world import World
from jifen.ledger.journal import Account, JournalWriter, Refusal

__all__ = [
    "NOTHING",
    "OWED",
    "WIND_UP",
    "WRITTEN_OFF",
    "Books",
    "On",
    "Place",
    "place_of",
]

OWED = "owed"
"""The unit in which the journal has claims for rewards that no lot gives and the reserve has not paid."""

WIND_UP, WRITTEN_OFF = "wind_up", "written_off"
"""What the journal calls the two things that happen to a claim when a plan is wound up."""

Place = tuple[Account, int]


class On(NamedTuple):
    """What a transfer stands on: a lot and how much of it is used up, an order, for a refund the rule taken back."""

    lot: int = NONE
    drained: int = 0
    order: int = NONE
    reason: int = NONE


NOTHING = On()

_UNCOUNTED = frozenset({Account.MERCHANT, Account.PENDING, Account.CLAIM, Account.ISSUER, Account.OUTSIDE})
"""Accounts of which the world keeps no balance: the journal has it."""


class Books:
    """One batch on one world. ``event`` and ``day`` say on whose behalf transfers are written."""

    def __init__(self, world: World) -> None:
        """Open the books of a batch."""
        self.world = world
        self.writer = JournalWriter()
        self.refusals: list[Refusal] = []
        self.accepted = 0
        self.duplicates = 0
        self.event = NONE
        self.promised: dict[int, int] = {}
        """Money of pools that drafts of this event have been promised, by pool."""
        self.unbanked: dict[int, int] = {}
        """What drafts of this event release of banked payments, by row."""

    def move(self, rule: str, source: Place, target: Place, amount: int, asset: int = CASH, on: On = NOTHING) -> None:
        """Move ``amount`` of ``asset``; ``on`` names the lot that is used up with it. Nothing at all writes nothing."""
        if amount == 0 and on.drained == 0:
            return
        if amount < 0 or on.drained < 0:
            raise BrokenInvariant(f"a transfer must not be negative: {rule} {amount} {on.drained}")
        world = self.world
        if on.drained:
            world.token_touched.add(world.lots.member.item(on.lot))
        self._change(source, asset, -amount)
        self._change(target, asset, amount)
        number = world.rule_names.number(rule)
        self.writer.transfer(
            (self.event, world.open_day, number, *source, *target, asset, amount, on.lot, on.drained, on.order, NONE,
             on.reason, world.version)
        )  # fmt: skip

    def _change(self, place: Place, asset: int, amount: int) -> None:
        kind, number = place
        if kind in _UNCOUNTED:
            return
        world = self.world
        if kind == Account.WALLET:
            held = world.wallets[asset].item(number) + amount
            if not -SUM_MAX <= held <= SUM_MAX:
                raise BrokenInvariant(f"member {world.member_names[number]} would have {held} micro-units of an asset")
            world.wallets[asset][number] = held
        elif kind == Account.POOL:
            world.pool_balance[number] += amount
            if world.pool_balance[number] < 0:
                raise BrokenInvariant(f"pool {world.pools.names[number]} below zero")
        elif kind == Account.RESERVE:
            world.reserve += amount
            ensure(world.reserve >= 0, "reserve below zero")
        elif kind == Account.WEIGHT:
            store = world.stores.numbers[world.assets.names[asset]]
            before = world.weights[store].amount.item(number)
            world.weights[store].amount[number] = before + amount
            world.issued_totals[store] += amount
            world.shared_totals[store] += max(before + amount, 0) - max(before, 0)
        elif kind == Account.RECEIVABLE:
            if number == NONE:
                world.reserve_debt -= amount
            else:
                world.pool_debt_of[number] -= amount

    def put(self, rule: str, fund: int, source: Place, amount: int, *, asset: int = CASH, on: On = NOTHING) -> None:
        """Put money into a fund (a pool, the reserve or the merchant's account), repaying what the fund owes first."""
        repaid = min(self._debt(fund), amount)
        self.move(rule, source, _owing(fund), repaid, asset, on)
        self.move(rule, source, place_of(fund), amount - repaid, asset, on)

    def draw(self, rule: str, fund: int, target: Place, amount: int, *, asset: int = CASH, on: On = NOTHING) -> None:
        """Take money that must be given out of a fund; what a pool or the reserve lacks becomes its debt.

        So a fund that owes holds nothing, and what it holds less what it owes says both: refunds may come in any order.
        """
        paid = amount if fund == FROM_MERCHANT else min(self.available(fund), amount)
        self.move(rule, place_of(fund), target, paid, asset, on)
        self.move(rule, _owing(fund), target, amount - paid, asset, on)

    def give_back(self, rule: str, fund: int, amount: int, on: On = NOTHING) -> None:
        """Return money from a fund to the merchant, who returns nothing to himself. Below 0 the merchant gives it."""
        merchant = (Account.MERCHANT, 0)
        if fund == FROM_MERCHANT:
            return
        if amount < 0:
            self.put(rule, fund, merchant, -amount, on=on)
        else:
            self.draw(rule, fund, merchant, amount, on=on)

    def available(self, fund: int) -> int:
        """What a pool or the reserve can pay now."""
        return self.world.reserve if fund == FROM_RESERVE else self.world.pool_balance[fund]

    def _debt(self, fund: int) -> int:
        """What a fund owes; the merchant's account owes nothing."""
        if fund == FROM_MERCHANT:
            return 0
        return self.world.reserve_debt if fund == FROM_RESERVE else self.world.pool_debt_of[fund]

    def claw_back(self, member: int, fund: int, asset: int, amount: int, on: On) -> None:
        """Take ``amount`` from a member back to the fund that paid it; his wallet may go below zero: a debt.

        Below 0 the fund gives it again: a release that had given way to an older one stands where that one has shrunk.
        """
        wallet = (Account.WALLET, member)
        if amount < 0:
            self.draw("refund", fund, wallet, -amount, asset=asset, on=on)
        else:
            self.put("refund", fund, wallet, amount, asset=asset, on=on)

    def on_lot(self, lot: int, reason: int) -> On:
        """What a transfer about a lot stands on: the lot and its order."""
        return On(lot=lot, order=self.world.lots.order.item(lot), reason=reason)

    def reclaim(self, member: int, lot: int, units: int, reason: int = NONE, rule: str = "refund") -> None:
        """Add ``units`` to what a lot still promises (below 0: take them away)."""
        world = self.world
        store = world.lots.store.item(lot)
        unit = world.assets.number(world.stores.names[store])
        issuer, claim = (Account.ISSUER, store), (Account.CLAIM, member)
        source, target = (issuer, claim) if units > 0 else (claim, issuer)
        world.token_touched.add(member)
        order = world.lots.order.item(lot)
        self.move(rule, source, target, abs(units), unit, On(lot=lot, order=order, reason=reason))


def place_of(fund: int) -> Place:
    """The account of a fund."""
    if fund == FROM_MERCHANT:
        return (Account.MERCHANT, 0)
    return (Account.RESERVE, 0) if fund == FROM_RESERVE else (Account.POOL, fund)


def _owing(fund: int) -> Place:
    """The account that says what a pool or the reserve owes."""
    return (Account.RECEIVABLE, NONE if fund == FROM_RESERVE else fund)
