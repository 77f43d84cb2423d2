"""What the rules take from one order together: never more than the order.

Counted are feeds into pools and assets from the plan's own account, at the highest rate anyone can get. What drains the
receiver's own lots was promised before, and what a pool pays was fed before: neither counts. Bases that are not of the
order (the receiver's own order, say) count as if they were as large as it.
"""

from collections.abc import Mapping
from fractions import Fraction
from itertools import product
from math import prod

from jifen.core.micros import MICRO, format_rate
from jifen.plan.model import Asset, Cycle, Feed, Grant, Per, Plan, Rule, Share, Tier, Walk
from jifen.plan.sited import Sited
from jifen.plan.source import LINE_KEYS

__all__ = ["check_shares", "order_shares"]

_LINES_MAX = 20_000
"""Most combinations of overridden lines that are tried one by one; beyond, each share counts at its highest."""

_Line = Mapping[str, str]


def check_shares(plan: Plan, sited: Sited) -> None:
    """Refuse a plan whose rules together can take more than 100 % of an order."""
    costs = ((line, order_shares(plan, line)) for line in _lines(plan))
    line, shares = max(costs, key=lambda cost: sum(cost[1].values()))
    total = sum(shares.values())
    if total > MICRO:
        parts = ", ".join(f"{plan.rules[position].id} {_percent(share)}" for position, share in shares.items())
        where = " of " + ", ".join(f"{key} {equals}" for key, equals in line.items()) if line else ""
        message = f"an order{where} can cost {_percent(total)} of itself: {parts}"
        largest = max(shares, key=lambda position: shares[position])
        remedy = "lower the rates to 100% together, let them drain lots, or pay them from a pool"
        sited.refuse(sited.rule(largest, "amount"), "shares_above_all", message, remedy)


def order_shares(plan: Plan, line: _Line | None = None) -> dict[int, Fraction]:
    """Return what each counted rule, by its position, can take at most of one order, in parts per million.

    ``line`` says what the order is of, by sku, category, merchant, zone; ``None``: whatever costs most.
    """
    return {
        position: _taken(position, plan, line)
        for position, rule in enumerate(plan.rules)
        if rule.when == "order" and not rule.off and _counts(rule)
    }


def _counts(rule: Rule) -> bool:
    if getattr(rule.amount, "of", None) is None:
        return False
    drains = rule.gate is not None and rule.gate.drain is not None
    return isinstance(rule.pay, Feed) or (isinstance(rule.pay, Asset) and rule.pay.source is None and not drains)


def _lines(plan: Plan) -> list[_Line | None]:
    """Return every kind of line that overrides tell apart, and the plain one; of lines with equal rates only one."""
    effects: dict[tuple[str, str], dict[int, int]] = {}
    for position, rule in enumerate(plan.rules):
        for override in getattr(rule.amount, "overrides", ()):
            effects.setdefault((override.key, override.equals), {})[position] = override.rate
    alike = {(key, *effect.items()): (key, equals) for (key, equals), effect in sorted(effects.items(), reverse=True)}
    choices: list[list[str | None]] = [
        [None, *(equals for key, equals in alike.values() if key == wanted)] for wanted in LINE_KEYS
    ]
    if prod(map(len, choices)) > _LINES_MAX:
        return [None]
    return [
        {key: value for key, value in zip(LINE_KEYS, line, strict=True) if value is not None}
        for line in product(*choices)
    ]


def _taken(position: int, plan: Plan, line: _Line | None) -> Fraction:
    return Fraction(_rate(plan.rules[position], plan, line)) * _base(position, plan, line)


def _base(position: int, plan: Plan, line: _Line | None) -> Fraction:
    """Return how large the base of a rule can be, as a part of the order."""
    base = getattr(plan.rules[position].amount, "of", None)
    before = [
        (place, rule) for place, rule in enumerate(plan.rules[:position]) if rule.when == "order" and not rule.off
    ]
    if base == "trigger_points":
        grants = [place for place, rule in before if isinstance(rule.pay, Grant) and rule.who is None]
        return Fraction(sum((_taken(place, plan, line) for place in grants), Fraction()), MICRO)
    named = [place for place, rule in before if rule.id == base]
    return Fraction(_taken(named[0], plan, line), MICRO) if named else Fraction(1)


def _rate(rule: Rule, plan: Plan, line: _Line | None) -> int | Fraction:
    """Return the most that a rule gives to all its receivers, in parts per million of its base."""
    match rule.amount:
        case Share() as share:
            rate = _walked(rule, plan, _at_line(share, line))
            return Fraction(rate * sum(share.spread), MICRO) if share.spread else rate
        case Cycle(rates=rates):
            return max(rates, default=0)
        case Tier(rows=rows, column=column, parts=parts):
            return Fraction(max((row.columns.get(column, 0) for row in rows), default=0), parts)
        case Per(unit=unit):
            return Fraction(MICRO * MICRO, unit)
    return 0


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
    match who.by:
        case "rank":
            return max((ranks.rate(row) for row in rows), default=0) if ranks else 0
        case "own_rank":
            return max((row.columns.get(column or "", 0) for row in rows), default=0) * (who.depth or 1)
        case "peer":
            return sum(rates) * who.most * len(rows)
    return sum(rates) * (who.depth or 1) if len(rates) == 1 else sum(rates)


def _percent(share: int | Fraction) -> str:
    return format_rate(-(-Fraction(share).numerator // Fraction(share).denominator))
