"""What a random history remembers, and what the back office and the members' wallets do in it."""

from random import Random
from typing import Any

from jifen.core.micros import CENT, MICRO
from jifen.engine.events import (
    AssetTransferred,
    Event,
    LiabilityBooked,
    PoolDonated,
    ReserveToppedUp,
    StoreAdjusted,
    TaskDone,
    TokensSold,
    WithdrawalPaid,
    WithdrawalRejected,
    WithdrawalRequested,
)
from jifen.plan import Plan
from jifen.plan.model import Curve, Lots, Mint, Money, Per, Share, Tier, Weight

__all__ = ["Desk"]

_ASSETS = ("cash", "coin", "voucher")


class Desk:
    """The history so far, and what its writer remembers of it to make the next event likely to matter.

    Each method makes one event, or ``None`` where the plan leaves nothing to do.
    """

    def __init__(self, random: Random, plan: Plan) -> None:
        """Begin on day 0 with nobody there."""
        self.random = random
        self.plan = plan
        self.events: list[Event] = []
        self.members: list[str] = []
        self.orders: dict[str, dict[str, int]] = {}
        """What is left of each order, line by line, if all its refunds are accepted."""
        self.buyers: list[str] = []
        self.debtors: list[str] = []
        self.withdrawals: list[str] = []
        self.gifts: list[tuple[str, str, int]] = []
        """Assets given by the back office, or coming of old debts: member, asset, amount."""
        self.day = 0

    def _id(self, kind: str) -> str:
        return f"{kind}{len(self.events)}"

    def _member(self) -> str:
        return self.random.choice(self.members) if self.random.random() < 0.98 else "nobody"

    def _likely(self, members: list[str]) -> str:
        """Draw one of some members, now and then anybody."""
        return self.random.choice(members) if members and self.random.random() < 0.8 else self._member()

    def _money(self, most: int = 5000_00) -> int:
        """Draw an amount in whole cents; now and then nothing, or less."""
        cents = self.random.choice((1, 12_34, 100_00, 333_33, self.random.randint(1, most)))
        return cents * CENT if self.random.random() < 0.97 else self.random.choice((0, -CENT))

    def _steps(self) -> list[int]:
        """Return the amounts at which something changes: steps of tables, units that are counted."""
        tables = [rule.amount.rows for rule in self.plan.rules if isinstance(rule.amount, Tier)]
        tables += [ranks.ladder for ranks in self.plan.ranks.values() if ranks.by != "performance"]
        steps = [row.min or row.max or 0 for rows in tables for row in rows]
        for amount in (rule.amount for rule in self.plan.rules):
            unit = amount.unit if isinstance(amount, Per) else amount.whole if isinstance(amount, Share) else None
            steps += [unit, unit, unit // 2, 3 * unit] if unit else []
        return [step // CENT * CENT for step in steps if step >= CENT]

    # -- the back office --------------------------------------------------------------------------------------------

    def _task(self) -> Event:
        """Let a member do a task, more likely one who has bought."""
        return TaskDone(id=self._id("k"), day=self.day, member=self._likely(self.buyers))

    def _debt(self) -> Event:
        """Book an old debt; what comes of it may be used to pay."""
        member, amount = self._likely(self.debtors), self._money()
        self.debtors.append(member)
        self.gifts.append((member, "coin", amount // self.random.choice((2, 3, 10)) // CENT * CENT))
        return LiabilityBooked(id=self._id("i"), day=self.day, member=member, amount=amount)

    def _adjustment(self) -> Event:
        """Add to or take from a store or an asset; tokens that only the back office gives go to those with debts."""
        names = [name for name, store in self.plan.stores.items() if isinstance(store, Lots | Weight)]
        name = self.random.choice([*names, *names, *_ASSETS, *3 * self._unminted(), "nowhere"])
        store = self.plan.stores.get(name)
        priced = isinstance(store, Lots) and store.priced_by is not None
        amount = self._money() * self.random.choice((1, 1, -1))
        if isinstance(store, Weight):
            amount = amount // self.random.choice((1, 1000)) // self.random.choice((1, 7))
        base = value = None
        if amount > 0 and isinstance(store, Lots) and not priced and self.random.random() < 0.5:
            base = self._money()
        if priced and self.random.random() < 0.3:
            amount, value = 0, amount
        member = self._likely(self.debtors) if priced else self._member()
        if name in _ASSETS and store is None and amount > 0:
            self.gifts.append((member, name, amount))
        facts: dict[str, Any] = {"member": member, "store": name, "amount": amount, "base": base, "value": value}
        return StoreAdjusted(id=self._id("x"), day=self.day, **facts)

    def _unminted(self) -> list[str]:
        """Return the tokens that no rule mints."""
        minted = {rule.pay.tokens for rule in self.plan.rules if isinstance(rule.pay, Mint)}
        stores = [store for store in self.plan.stores.values() if isinstance(store, Lots) and store.priced_by]
        return [store.name for store in stores if store.name not in minted]

    def _donation(self) -> Event | None:
        """Give to a pool, to each of a family alike."""
        pools = []
        for name, store in self.plan.stores.items():
            family = store.each if isinstance(store, Money) else None
            if isinstance(store, Money | Curve):
                pools += [name] if family is None else [row.name for row in self.plan.ranks[family].ladder]
        if not pools:
            return None
        pool = self.random.choice([*pools, *pools, *pools, "nowhere"])
        return PoolDonated(id=self._id("d"), day=self.day, pool=pool, amount=self._money())

    def _top_up(self) -> Event:
        return ReserveToppedUp(id=self._id("t"), day=self.day, amount=self._money())

    # -- wallets ----------------------------------------------------------------------------------------------------

    def _sale(self) -> Event | None:
        """Sell some or all tokens."""
        if not any(isinstance(store, Curve) for store in self.plan.stores.values()):
            return None
        part = self.random.randint(1, 300) * MICRO // self.random.randint(1, 7)
        tokens = None if self.random.random() < 0.4 else part
        member = self._likely([*self.buyers, *self.debtors])
        return TokensSold(id=self._id("s"), day=self.day, member=member, tokens=tokens)

    def _gift(self, assets: tuple[str, ...], most: int) -> tuple[str, str, int]:
        """Return a member, an asset and an amount: likely one that he was given."""
        if self.gifts and self.random.random() < 0.5:
            member, asset, given = self.random.choice(self.gifts)
            return member, asset, max(1, given // self.random.choice((1, 2, 7)))
        return self._member(), self.random.choice(assets), self._money(most)

    def _withdrawal(self) -> Event:
        """Ask for money, or end a withdrawal that was asked for."""
        if self.withdrawals and self.random.random() < 0.4:
            ends = self.random.choice((WithdrawalPaid, WithdrawalRejected))
            return ends(id=self._id("u"), day=self.day, withdrawal=self.random.choice(self.withdrawals))
        member, asset, amount = self._gift(_ASSETS, 200_00)
        name = self._id("w")
        self.withdrawals.append(name)
        return WithdrawalRequested(id=name, day=self.day, member=member, amount=amount, asset=asset)

    def _transfer(self) -> Event:
        """Send an asset to another member."""
        member, asset, amount = self._gift(("coin", "coin", "cash"), 100_00)
        facts: dict[str, Any] = {"member": member, "to": self._member(), "amount": amount, "asset": asset}
        return AssetTransferred(id=self._id("y"), day=self.day, **facts)
