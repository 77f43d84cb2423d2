"""What an order brings into a plan and what it promises, read off the plan's rules.

One order of one yuan, at a given cost of goods, is the measure of everything here: every number is an exact share of
the order's amount. Whatever the engine does later, it can only pay what is listed here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from jifen.assess.span import Span
from jifen.core.micros import MICRO
from jifen.engine.program import row_at
from jifen.plan.model import (
    Amount,
    Asset,
    Cycle,
    Feed,
    Grant,
    Head,
    Lots,
    Mint,
    Per,
    Plan,
    Rule,
    Schedule,
    Share,
    Split,
    Tier,
    Walk,
    Weigh,
)

__all__ = ["RESERVE", "Economics", "Promise", "Release", "Reward", "Span"]

_MARGIN = "trigger_margin"
_RELEASE = "static_release"
_OWN = ("own_amount", "own_granted", "own_remaining", "own_claim", "lesser", "largest_order", "cumulative", "spend")
"""Bases and measures that are nothing without an order of one's own."""
RESERVE = "reserve"
"""The name of the pool that pays whatever names no pool."""


@dataclass(frozen=True, slots=True)
class Release:
    """By which rule lots of a store become money.

    ``way``: ``schedule`` (day by day), ``queue`` (the head is paid whole when a pool can), ``newcomers`` (the head is
    paid when enough others have come), ``split`` (a pool is divided by weight or by heads), ``price`` (tokens are sold
    at the price, or forced out at it), ``task`` (a reward a day), ``walk`` (only when others buy).
    """

    way: str
    rule: str
    pool: str | None
    """The pool that pays; ``None``: the plan's own account, which the reserve is when the plan is funded by one."""
    daily: Span | None = None
    """Of a schedule by rate: what one yuan releases a day."""
    group: int = 0
    """Of ``newcomers``: how many for one payment."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What one yuan of an order entitles its buyer to, in lots of one store; ``store`` empty: no lots stand for it."""

    store: str
    multiple: Span
    """The amount in all, by what it becomes: points × what a point pays."""
    asset: str
    releases: tuple[Release, ...]
    parallel: bool
    lag: int
    exits_at: Fraction = Fraction(0)
    """Of tokens: the multiple of his spending at which a member is forced out, ``0``: never."""
    retained: Fraction = Fraction(0)
    """Of tokens: what stays in the pool when they are sold."""
    rounds: int = 0
    """Of a cycle of referrals: how many it takes to get all of it; ``0``: it does not hang on referrals."""

    @property
    def pools(self) -> tuple[str, ...]:
        """The pools that pay it, each once."""
        return tuple(dict.fromkeys(each.pool for each in self.releases if each.pool is not None))

    def by(self, way: str) -> Release | None:
        """How it is released in a given way, if it is."""
        return next((each for each in self.releases if each.way == way), None)


@dataclass(frozen=True, slots=True)
class Reward:
    """What those above get when somebody below orders, or when somebody's lots release."""

    rule: str
    tree: str
    by: str
    depth: int | None
    """Most generations that one order pays; ``None``: no limit."""
    share: Span
    """What all get together of the order, or of the release (``of_release``): if nobody has a rank, and at most."""
    usual: Fraction
    """The same in the long run: of a cycle the mean of its rates, else the most."""
    of_release: bool
    drains: str | None
    """The store of the receiver's own lots out of which it is paid: an acceleration, no new debt."""
    pool: str | None
    asset: str
    """Empty: he is given lots, tokens or weight instead."""
    needs_order: bool
    """Whether a receiver must have bought before."""


@dataclass(frozen=True)
class Economics:
    """A plan at a cost of goods (share of sales, exact), and perhaps for orders of one amount."""

    plan: Plan
    cost: Fraction = Fraction(0)
    order: int | None = None
    """The amount of every order (micro-units), which decides its tier; ``None``: all tiers, as spans."""

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """Those that are not switched off."""
        return tuple(rule for rule in self.plan.rules if not rule.off)

    @cached_property
    def feeds(self) -> dict[str, Fraction]:
        """By pool (the reserve among them) what one yuan of an order brings into it."""
        found: dict[str, Fraction] = {}
        for rule in self.rules:
            if rule.when == "order" and isinstance(rule.pay, Feed):
                found[rule.pay.pool] = found.get(rule.pay.pool, Fraction(0)) + self.amount(rule).high
        if self.reserve_funded:
            found[RESERVE] = Fraction(self.plan.params["reserve_share"], MICRO)
        return found

    @property
    def delay(self) -> int:
        """Days from an order until it takes effect."""
        return int(self.plan.params["refund_days"]) if self.plan.params["settle_at"] == "settled" else 0

    @property
    def reserve_funded(self) -> bool:
        """Whether what names no pool is paid from the reserve, and no further than it has."""
        return bool(self.plan.params["funding"] == "reserve")

    @cached_property
    def promises(self) -> tuple[Promise, ...]:
        """What the buyer is entitled to, by store in the order of the rules."""
        granted: dict[str, Span] = {}
        for rule in self.rules:
            store = rule.pay.lots if isinstance(rule.pay, Grant) else ""
            if rule.when == "order" and rule.who is None and store:
                granted[store] = granted.get(store, Span.of(0)) + self.amount(rule)
        found = [self._promise(store, points) for store, points in granted.items()]
        return (*found, *self._tokens(), *self._cycles())

    @cached_property
    def walks(self) -> tuple[Reward, ...]:
        """What walks give, those of the referral tree and of the regions: assets, lots, weight."""
        return tuple(self._reward(rule, rule.who) for rule in self.rules if isinstance(rule.who, Walk))

    @cached_property
    def rewards(self) -> tuple[Reward, ...]:
        """The walks that pay an asset."""
        return tuple(each for each in self.walks if each.asset)

    @cached_property
    def immediate(self) -> Fraction:
        """Most of an order that leaves at once for others: rewards that drain nothing, and feeds of all pools."""
        above = (each.share.high for each in self.rewards if each.drains is None and not each.pool)
        return sum((*above, *self._to_buyers, *self.feeds.values()), Fraction(0))

    @cached_property
    def _to_buyers(self) -> tuple[Fraction, ...]:
        """What buyers themselves are paid at once from the plan's own account."""
        return tuple(self.amount(rule).high for rule, pay in self.paid_back() if pay.source is None)

    @cached_property
    def net_per_order(self) -> Fraction:
        """What one yuan of an order leaves when all has been paid that it entitles to, at the lowest tier.

        What a pool pays is limited by what feeds it, which is counted as a feed; the reserve is no cost beside the
        debts that it pays; rewards out of lots are no new debt.
        """
        promised = (self.debt(each) for each in self.promises)
        above = (each.usual for each in self.rewards if each.drains is None and not each.pool)
        return self.inflow - sum((*promised, *above, *self._to_buyers), Fraction(0))

    @cached_property
    def inflow(self) -> Fraction:
        """What one yuan of an order leaves in the plan's own account, the reserve with it."""
        pools = (share for pool, share in self.feeds.items() if pool != RESERVE)
        return 1 - self.cost - sum(pools, Fraction(0))

    @cached_property
    def static_multiple(self) -> Span:
        """What a buyer is entitled to that is cash or can be made cash, on one yuan: at once, and later."""
        at_once = (self.amount(rule) for rule, pay in self.paid_back() if self.becomes_cash(pay.asset))
        return sum((each.multiple for each in self.promises if self.becomes_cash(each.asset)), sum(at_once, Span.of(0)))

    def becomes_cash(self, asset: str) -> bool:
        """Whether an asset is cash, or coin that may be withdrawn."""
        return asset == "cash" or (asset == "coin" and bool(self.plan.params["coin_withdrawable"]))

    def debt(self, promise: Promise) -> Fraction:
        """What one yuan of an order adds to what the plan's own account has to pay, at the lowest tier."""
        if not self.from_own_account(promise):
            return Fraction(0)
        served = promise.by("newcomers")
        return promise.multiple.low / (served.group if served else 1)

    def from_own_account(self, promise: Promise) -> bool:
        """Whether some way of release is not limited by a pool of the plan."""
        return any(each.pool is None and each.way != "walk" for each in promise.releases)

    def fed(self, promise: Promise) -> Fraction:
        """What one yuan of an order brings into the pools that pay a promise."""
        return sum((self.feeds.get(pool, Fraction(0)) for pool in promise.pools), Fraction(0))

    # -- one rule ---------------------------------------------------------------------------------------------------

    def paid_back(self) -> Iterator[tuple[Rule, Asset]]:
        """The rules that pay the buyer himself when he orders, and out of no lots of his."""
        for rule in self.rules:
            if rule.when == "order" and rule.who is None and isinstance(rule.pay, Asset) and _drains(rule) is None:
                yield rule, rule.pay

    def _promise(self, store: str, points: Span) -> Promise:
        releases = tuple(self._releases(store, points))
        paid = [rule.pay for rule in self.rules if _drains(rule) == store and isinstance(rule.pay, Asset)]
        per_point = max((each.per_point for each in paid), default=0)
        lots = self.plan.stores[store]
        if not isinstance(lots, Lots):
            raise TypeError(f"{store} is no store of lots")
        worth = points * Span.of(Fraction(per_point, MICRO))
        asset = paid[0].asset if paid else ""
        return Promise(store, worth, asset, releases, lots.mode == "parallel", lots.lag)

    def _releases(self, store: str, points: Span) -> Iterator[Release]:
        """The rules that pay out of lots of a store."""
        for rule in self.rules:
            if _drains(rule) != store or not isinstance(rule.pay, Asset):
                continue
            pool, gate, who = rule.pay.source, rule.gate, rule.who
            if isinstance(rule.amount, Schedule):
                yield Release("schedule", rule.id, pool, self._daily(rule.amount, points, rule.pay))
            elif isinstance(who, Split):
                yield Release("split", rule.id, pool)
            elif isinstance(who, Walk):
                yield Release("walk", rule.id, pool)
            elif isinstance(who, Head) and gate is not None and gate.newcomers is not None:
                yield Release("newcomers", rule.id, pool, group=gate.newcomers)
            elif isinstance(who, Head):
                yield Release("queue", rule.id, pool)
            elif rule.when == "task":
                yield Release("task", rule.id, pool)

    @staticmethod
    def _daily(schedule: Schedule, points: Span, pay: Asset) -> Span:
        """What one yuan of an order releases a day, as an asset."""
        if schedule.parts is not None:
            rate = Span.of(Fraction(1, schedule.parts * schedule.every)) * points
        else:
            rate = Span.of(Fraction(schedule.rate, MICRO)) * (points if schedule.of == "granted" else Span.of(1))
        return rate * Span.of(Fraction(pay.per_point, MICRO))

    def _tokens(self) -> Iterator[Promise]:
        """Tokens that orders mint: what they are quoted at when minted, and what an exit holds out."""
        for rule in self.rules:
            if not isinstance(rule.pay, Mint):
                continue
            drained = [each for each in self.rules if _drains(each) == rule.pay.tokens]
            held_out = [
                each.gate.reaches for each in drained if each.gate and each.gate.reaches and each.gate.of == "spend"
            ]
            paid = [each.pay for each in drained if isinstance(each.pay, Asset)]
            exits_at = Fraction(max(held_out, default=0), MICRO)
            quoted = self.amount(rule)
            # What is held out is the exit; without one a buyer has what his tokens are quoted at.
            worth = Span.of(exits_at) if exits_at else quoted
            releases = tuple(Release("price", rule.id, each.source) for each in paid[:1])
            retained = Fraction(max((each.retain for each in paid), default=0), MICRO)
            asset = paid[0].asset if paid else ""
            yield Promise(rule.pay.tokens, worth, asset, releases, True, 0, exits_at, retained)

    def _cycles(self) -> Iterator[Promise]:
        """What comes back in parts, one for each that a buyer refers, over one round."""
        for rule in self.rules:
            if isinstance(rule.amount, Cycle) and isinstance(rule.pay, Asset):
                multiple = Span.of(Fraction(sum(rule.amount.rates), MICRO))
                releases = (Release("walk", rule.id, rule.pay.source),)
                yield Promise(
                    "", multiple, rule.pay.asset, releases, parallel=False, lag=0, rounds=len(rule.amount.rates)
                )

    def _reward(self, rule: Rule, who: Walk) -> Reward:
        pay = rule.pay
        base = getattr(rule.amount, "of", "")
        of_release = base == _RELEASE
        share = self._walked(rule, who)
        base_share = Span.of(1) if of_release else self._base(base, rule.part)
        usual = share.high
        if isinstance(rule.amount, Cycle):
            usual = Fraction(sum(rule.amount.rates), MICRO * len(rule.amount.rates))
        return Reward(
            rule.id, who.tree, who.by, _depth(rule, who),
            share * base_share, usual * base_share.high, of_release, _drains(rule),
            pay.source if isinstance(pay, Asset) else None, pay.asset if isinstance(pay, Asset) else "",
            self._needs_order(rule, who),
        )  # fmt: skip

    def _needs_order(self, rule: Rule, who: Walk) -> bool:
        """Whether only who has bought is paid: by the rule, out of his lots, by his orders, by a rank they give."""
        base, ladder = getattr(rule.amount, "of", ""), self.plan.ranks.get(who.ranks or "")
        if who.own_order or _drains(rule) or base in _OWN or (ladder is not None and ladder.by in _OWN):
            return True
        # Weight is worth something only to who has lots, if every division by it drains some.
        divided = [each for each in self.rules if isinstance(each.who, Split) and Weigh(each.who.by) == rule.pay]
        return bool(divided) and all(_drains(each) for each in divided)

    def _walked(self, rule: Rule, who: Walk) -> Span:
        """What all receivers of a walk get of its base, at least (nobody has a rank) and at most."""
        rates: tuple[int, ...]
        if isinstance(rule.amount, Cycle):
            return Span(Fraction(min(rule.amount.rates), MICRO), Fraction(max(rule.amount.rates), MICRO))
        ladder = self.plan.ranks.get(who.ranks or "")
        share = rule.amount
        if who.by == "rank" and ladder is not None:
            return Span(Fraction(0), Fraction(max(map(ladder.rate, ladder.ladder), default=0), MICRO))
        if who.by == "own_rank" and ladder is not None and isinstance(share, Share):
            column = share.column or "rate"
            rates = tuple(row.columns.get(column, 0) for row in ladder.ladder)
            return Span(Fraction(0), Fraction(max(rates, default=0) * (who.depth or 1), MICRO))
        if isinstance(share, Tier):
            return self._of(share, rule.part) * Span.of(who.depth or 1)
        rates = share.rates if isinstance(share, Share) else ()
        if who.by == "peer" and ladder is not None:
            heights = len({ladder.rate(row) for row in ladder.ladder if ladder.rate(row)})
            each = sum(rates) if len(rates) > 1 else sum(rates) * who.most
            return Span(Fraction(0), Fraction(each * heights, MICRO))
        if who.tree == "region":
            return Span(Fraction(0), Fraction(max(rates, default=0), MICRO))
        total = sum(rates) if len(rates) > 1 else sum(rates) * (who.depth or 1)
        return Span.of(Fraction(total, MICRO))

    # -- amounts ----------------------------------------------------------------------------------------------------

    def amount(self, rule: Rule) -> Span:
        """What a rule gives of one yuan."""
        return self._of(rule.amount, rule.part)

    def _of(self, amount: Amount, part: int) -> Span:
        if isinstance(amount, Tier):
            rows = amount.rows if self.order is None else tuple(filter(None, [row_at(amount.rows, self.order)]))
            # Without a base it is a sum, which is most of the smallest order of its row.
            wholes = [MICRO if amount.of is not None else self.order or row.min or 0 for row in rows]
            values = [
                Fraction(row.columns.get(amount.column, 0), whole)
                for row, whole in zip(rows, wholes, strict=True)
                if whole
            ]
            span = Span(min(values, default=Fraction(0)), max(values, default=Fraction(0)))
            return span if amount.of is None else span * self._base(amount.of, part)
        if isinstance(amount, Share):
            return Span.of(Fraction(sum(amount.rates[:1]), MICRO)) * self._base(amount.of, part)
        if isinstance(amount, Per):
            return Span.of(Fraction(MICRO, amount.unit)) * self._base(amount.of, part)
        return Span.of(0)

    def _base(self, name: str, part: int) -> Span:
        """What a base is of one yuan: the margin, points granted, what an earlier rule gave; others are the order."""
        if name == _MARGIN:
            return Span.of(1 - self.cost)
        mine = [rule for rule in self.rules if rule.part == part and rule.when == "order"]
        if name == "trigger_points":
            points = [self.amount(rule) for rule in mine if isinstance(rule.pay, Grant) and rule.who is None]
            return sum(points, Span.of(0))
        named = [self.amount(rule) for rule in mine if rule.id == name and rule.who is None]
        return sum(named, Span.of(0)) if named else Span.of(1)


def _drains(rule: Rule) -> str | None:
    return None if rule.gate is None else rule.gate.drain


def _depth(rule: Rule, who: Walk) -> int | None:
    """Most generations one order pays, ``None`` without limit."""
    if who.tree == "region":
        return 0
    if who.depth is not None:
        return who.depth
    if who.by == "generation":
        rates = rule.amount.rates if isinstance(rule.amount, Share | Cycle) else ()
        return max((place for place, rate in enumerate(rates, 1) if rate), default=0)
    return None
