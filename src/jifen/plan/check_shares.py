"""What the rules take from one order together: never more than the order.

Counted are feeds into pools and assets from the plan's own account, at the highest rate anyone can get. What drains the
receiver's own lots was promised before, and what a pool pays was fed before: neither counts. A margin counts as if it
were the whole amount, and so do bases that are not of the order (the receiver's own order, say). A fixed sum counts at
the lowest order amount at which it is paid. Feeds and the share put into the reserve may not exceed the order either.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import prod

from jifen.core.micros import MICRO, format_micros, format_rate
from jifen.plan.model import Asset, Cycle, Feed, Grant, Per, Plan, Rule, Share, Tier, Walk, Weigh
from jifen.plan.sited import Sited
from jifen.plan.source import LINE_KEYS

__all__ = ["check_shares", "order_shares"]

_LINES_MAX = 20_000
"""Most combinations of overridden lines that are tried one by one; beyond, each share counts at its highest."""

_Line = Mapping[str, str]


def check_shares(plan: Plan, sited: Sited) -> list[str]:
    """Refuse a plan whose rules together can take more than 100 % of an order; return what has no such bound."""
    costs = [_Cost(plan, order, order_shares(plan, order.line, order.amount)) for order in _orders(plan)]
    worst = max(costs, key=lambda cost: cost.total)
    if worst.total <= MICRO:
        worst = max((cost.into_reserve() for cost in costs), key=lambda cost: cost.total)
    if worst.total > MICRO:
        largest = max(worst.shares, key=lambda position: worst.shares[position])
        remedy = "lower the rates to 100% together, let them drain lots, or pay them from a pool"
        sited.refuse(sited.rule(largest, "amount"), "shares_above_all", str(worst), remedy)
    return list(_unbounded(plan))


def order_shares(plan: Plan, line: _Line | None = None, amount: int | None = None) -> dict[int, Fraction]:
    """Return what each counted rule, by its position, can take at most of one order, in parts per million.

    ``line`` says what the order is of, by sku, category, merchant, zone; ``None``: whatever costs most. ``amount`` is
    what it costs (micro-units), for fixed sums; ``None``: they take nothing.
    """
    order = _Order(line, amount)
    return {position: _cost(position, plan, order) for position, rule in _at_orders(plan) if _counts(rule)}


@dataclass(frozen=True, slots=True)
class _Order:
    """A kind of order: what it is of, and its amount, as far as rules tell it apart."""

    line: _Line | None
    amount: int | None

    def __str__(self) -> str:
        facts = [f"{key} {equals}" for key, equals in (self.line or {}).items()]
        facts += [] if self.amount is None else [f"{format_micros(self.amount, 0)} yuan"]
        return "an order" + (f" of {', '.join(facts)}" if facts else "")


@dataclass(frozen=True, slots=True)
class _Cost:
    """What one kind of order costs, by rule, and what the house puts into the reserve."""

    plan: Plan
    order: _Order
    shares: Mapping[int, Fraction]
    reserve: int = 0

    def into_reserve(self) -> "_Cost":
        """Leave out what is paid, and count the reserve that pays it."""
        feeds = {place: share for place, share in self.shares.items() if isinstance(self.plan.rules[place].pay, Feed)}
        reserve = self.plan.params.get("reserve_share") or 0
        return _Cost(self.plan, self.order, feeds, reserve)

    @property
    def total(self) -> Fraction:
        return sum(self.shares.values(), Fraction(self.reserve))

    def __str__(self) -> str:
        parts = [f"{self._name(place)} {_percent(share)}" for place, share in self.shares.items()]
        parts += [f"the reserve {_percent(self.reserve)}"] if self.reserve else []
        return f"{self.order} can cost {_percent(self.total)} of itself: {', '.join(parts)}"

    def _name(self, place: int) -> str:
        """Return the id of a rule; of several of one id, feeds are told apart by their pools, others by their place."""
        rule = self.plan.rules[place]
        if [self.plan.rules[other].id for other in self.shares].count(rule.id) == 1:
            return rule.id
        return f"{rule.id} into `{rule.pay.pool}`" if isinstance(rule.pay, Feed) else f"{rule.id} (rule {place + 1})"


def _at_orders(plan: Plan) -> list[tuple[int, Rule]]:
    return [(position, rule) for position, rule in enumerate(plan.rules) if rule.when == "order" and not rule.off]


def _counts(rule: Rule) -> bool:
    if getattr(rule.amount, "of", None) is None and not isinstance(rule.amount, Tier):
        return False
    drains = rule.gate is not None and rule.gate.drain is not None
    return isinstance(rule.pay, Feed) or (isinstance(rule.pay, Asset) and rule.pay.source is None and not drains)


def _unbounded(plan: Plan) -> Iterator[str]:
    """Tell what a small order may not bring: sums without a lowest amount, and shares of another order."""
    for _, rule in _at_orders(plan):
        if _counts(rule) and any(lowest is None and value for lowest, value in _steps(rule)):
            yield f"rule `{rule.id}` pays a fixed sum for orders of any amount: a small order may cost more than itself"
        if _counts(rule) and getattr(rule.amount, "of", None) == "own_amount":
            yield f"rule `{rule.id}` counts from the receiver's own order, which may be larger than the one that pays"


# -- kinds of orders ------------------------------------------------------------------------------------------------


def _orders(plan: Plan) -> list[_Order]:
    """Return every kind of order that is told apart: by its lines, and by the amounts at which fixed sums begin."""
    steps = [step for _, rule in _at_orders(plan) if _counts(rule) for step in _steps(rule)]
    amounts: list[int | None] = [*sorted({lowest for lowest, _ in steps if lowest is not None})]
    return [_Order(line, amount) for line in _lines(plan, len(amounts)) for amount in amounts or [None]]


def _steps(rule: Rule) -> list[tuple[int | None, int]]:
    """Return the rows of a fixed sum: the lowest order amount, if it is known and above 0, and the sum."""
    tier = rule.amount
    if not isinstance(tier, Tier) or tier.of is not None:
        return []
    ends = [None, *(row.max for row in tier.rows)]
    lowest = [before if row.min is None else row.min for row, before in zip(tier.rows, ends, strict=False)]
    sums = [row.columns.get(tier.column, 0) for row in tier.rows]
    return [
        (low or None if tier.at == "single_order" else None, value) for low, value in zip(lowest, sums, strict=True)
    ]


def _lines(plan: Plan, amounts: int) -> list[_Line | None]:
    """Return every kind of line that overrides tell apart, and the plain one; of lines with equal rates only one."""
    effects: dict[tuple[str, str], dict[int, int]] = {}
    for position, rule in enumerate(plan.rules):
        for override in getattr(rule.amount, "overrides", ()):
            effects.setdefault((override.key, override.equals), {})[position] = override.rate
    alike = {(key, *effect.items()): (key, equals) for (key, equals), effect in sorted(effects.items(), reverse=True)}
    choices: list[list[str | None]] = [
        [None, *(equals for key, equals in alike.values() if key == wanted)] for wanted in LINE_KEYS
    ]
    if prod(map(len, choices)) * max(amounts, 1) > _LINES_MAX:
        return [None]
    return [
        {key: value for key, value in zip(LINE_KEYS, line, strict=True) if value is not None}
        for line in product(*choices)
    ]


# -- what a rule takes ----------------------------------------------------------------------------------------------


def _cost(position: int, plan: Plan, order: _Order) -> Fraction:
    """Return what a rule takes of the order, as money: points that are paid count at what one is worth."""
    pay = plan.rules[position].pay
    per_point = pay.per_point if isinstance(pay, Asset) else MICRO
    return Fraction(_taken(position, plan, order) * per_point, MICRO)


def _taken(position: int, plan: Plan, order: _Order) -> Fraction:
    return _rate(plan.rules[position], plan, order) * _base(position, plan, order)


def _base(position: int, plan: Plan, order: _Order) -> Fraction:
    """Return how large the base of a rule can be, as a part of the order."""
    base, part = getattr(plan.rules[position].amount, "of", None), plan.rules[position].part
    before = [(place, rule) for place, rule in _at_orders(plan) if place < position and rule.part == part]
    given = {"trigger_points": Grant, "trigger_weight": Weigh}.get(base or "")
    if given is not None:
        gifts = [place for place, rule in before if isinstance(rule.pay, given) and rule.who is None]
        return Fraction(sum((_taken(place, plan, order) for place in gifts), Fraction()), MICRO)
    named = [place for place, rule in before if rule.id == base]
    return Fraction(_taken(named[0], plan, order), MICRO) if named else Fraction(1)


def _rate(rule: Rule, plan: Plan, order: _Order) -> Fraction:
    """Return the most that a rule gives to all its receivers, in parts per million of its base, or of the order."""
    match rule.amount:
        case Share() as share:
            rate = _walked(rule, plan, _at_line(share, order.line))
            return Fraction(rate * sum(share.spread), MICRO) if share.spread else Fraction(rate)
        case Cycle(rates=rates):
            return Fraction(max(rates, default=0))
        case Tier(rows=rows, column=column, parts=parts, of=str()):
            return Fraction(max((row.columns.get(column, 0) for row in rows), default=0), parts)
        case Tier(parts=parts):
            sums = [value for lowest, value in _steps(rule) if lowest and order.amount and lowest <= order.amount]
            receivers = (rule.who.depth or 1) if isinstance(rule.who, Walk) else 1
            return Fraction(sums[-1] * receivers * MICRO, parts * (order.amount or 1)) if sums else Fraction()
        case Per(unit=unit):
            return Fraction(MICRO * MICRO, unit)
    return Fraction()


def _at_line(share: Share, line: _Line | None) -> tuple[int, ...]:
    """Return the rates of a share for a line: the first override that fits, else its own."""
    if not share.overrides:
        return share.rates
    if line is None:
        return (max([*share.rates, *(override.rate for override in share.overrides)]),)
    fitting = (override.rate for override in share.overrides if line.get(override.key) == override.equals)
    return next(((rate,) for rate in fitting), share.rates)


def _walked(rule: Rule, plan: Plan, rates: tuple[int, ...]) -> int:
    who, column = rule.who, getattr(rule.amount, "column", None)
    if not isinstance(who, Walk):
        return sum(rates)
    ranks = plan.ranks.get(who.ranks or "")
    rows = ranks.ladder if ranks else ()
    heights = {ranks.rate(row) for row in rows} - {0} if ranks else set()
    match who.by:
        case "rank":
            return max(heights, default=0)
        case "own_rank":
            most = max((row.columns.get(column or "", 0) for row in rows), default=0)
            return (most if ranks is None or ranks.at_most is None else min(most, ranks.at_most)) * (who.depth or 1)
        case "peer":
            return (rates[0] * who.most if len(rates) == 1 else sum(rates[: who.most])) * len(heights)
    return sum(rates) * (who.depth or 1) if len(rates) == 1 else sum(rates)


def _percent(share: int | Fraction) -> str:
    return format_rate(-(-Fraction(share).numerator // Fraction(share).denominator))
