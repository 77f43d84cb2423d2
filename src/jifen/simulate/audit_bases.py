"""What sets rules off, and what their rates are multiplied by: each base as the language defines it."""

from dataclasses import dataclass, field
from fractions import Fraction

from jifen.core.micros import MICRO
from jifen.plan.model import Curve, Per, Row, Rule, Share, Tier
from jifen.simulate.audit_books import Books
from jifen.simulate.audit_curve import price
from jifen.simulate.audit_effects import Order, Source, Stand, weighed
from jifen.simulate.audit_ranks import first_live_order, measure

__all__ = ["Made", "Rates", "Trigger", "coin_paid", "margin", "part_of", "row_for", "row_of", "worked_out"]

Rates = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """An amount a rule came to, and how much of it each line of the order bears."""

    amount: int = 0
    rates: Rates = ()

    def __add__(self, other: "Made") -> "Made":
        """Add amounts, and what each line bears."""
        rates = [one + another for one, another in zip(self.rates, other.rates, strict=True)] if self.rates else []
        return Made(self.amount + other.amount, tuple(rates) or other.rates)


@dataclass(slots=True)
class Trigger:
    """An order that takes effect, an old debt, or a task; and what the rules it set off have made so far."""

    source: str
    """Id of the event."""
    member: str
    amount: int = 0
    order: Order | None = None
    prices: dict[str, Fraction] = field(default_factory=dict)
    """Of each curve: the price before it."""
    points: dict[int, Made] = field(default_factory=dict)
    """By part of the composition: points granted to the buyer."""
    weights: dict[int, Made] = field(default_factory=dict)
    """By part of the composition: what it weighed in for the buyer."""
    made: dict[tuple[int, str], Made] = field(default_factory=dict)
    """By part of the composition and rule."""

    @property
    def even(self) -> Rates:
        """All lines that take part alike."""
        return self.order.even if self.order else ()

    def stand(self, rates: Rates) -> Stand:
        """Stand on the order; on a debt or a task nothing stands."""
        return Stand.on(self.order, rates) if self.order else Stand()

    def sources(self, made: Made) -> list[Source]:
        """Return the one source of a payment, none if it is no order."""
        return [Source(self.stand(made.rates), made.amount)] if self.order else []

    @classmethod
    def by_order(cls, books: Books, order: Order) -> "Trigger":
        """An order that takes effect with its net amount."""
        curves = [store for store in books.plan.stores.values() if isinstance(store, Curve)]
        prices = {curve.name: price(books, curve) for curve in curves}
        return cls(order.id, order.member, order.kept, order, prices)


def part_of(rule: Rule) -> int:
    """Return which part of a composition a rule belongs to; 0 in a plan that is not composed."""
    return int(getattr(rule, "part", 0))


def row_for(rows: tuple[Row, ...], amount: int) -> Row | None:
    """Return the row of an amount: the highest ``min`` it reaches, or the first ``max`` it does not pass."""
    if any(row.max is not None for row in rows) or all(row.min is None for row in rows):
        return next((row for row in rows if row.max is None or amount <= row.max), None)
    reached = [row for row in rows if row.min is not None and row.min <= amount]
    return reached[-1] if reached else None


def row_of(books: Books, tier: Tier, trigger: Trigger) -> Row | None:
    """Return the row by which a tier is judged now, for what set it off."""
    if tier.at == "single_order":
        return row_for(tier.rows, trigger.amount)
    if tier.at in books.plan.stores:
        return row_for(tier.rows, books.stock.get((trigger.member, tier.at), 0))
    return row_for(tier.rows, measure(books, tier.at, trigger.member))


def worked_out(books: Books, rule: Rule, rate: int, trigger: Trigger, receiver: str) -> tuple[Fraction, Rates]:
    """Return rate × base, exactly, and how much of it each line bears. A tier without a base is a fixed sum."""
    amount = rule.amount
    if isinstance(amount, Tier) and amount.of is None:
        return Fraction(rate, amount.parts), trigger.even
    if isinstance(amount, Per):
        each = max(1, MICRO * MICRO // amount.unit)
        base, rates = _base(books, rule, trigger, receiver)
        return Fraction(base * MICRO, amount.unit), tuple(each * bears for bears in rates)
    parts = amount.parts if isinstance(amount, Tier) else 1
    if getattr(amount, "of", None) == "trigger_amount" and trigger.order is not None:
        rates = _rates_by_line(rule, rate, trigger.order)
        return Fraction(weighed(trigger.order.left, rates), MICRO * parts), rates
    base, rates = _base(books, rule, trigger, receiver)
    return Fraction(rate * base, MICRO * parts), rates


def _rates_by_line(rule: Rule, rate: int, order: Order) -> Rates:
    """Return the rate of each line that takes part: that of the first override that fits, else the rule's."""
    overrides = rule.amount.overrides if isinstance(rule.amount, Share) else ()
    rates = []
    for line, takes_part in zip(order.lines, order.even, strict=True):
        fits = (override.rate for override in overrides if getattr(line, override.key) == override.equals)
        rates.append(next(fits, rate) * takes_part)
    return tuple(rates)


def _base(books: Books, rule: Rule, trigger: Trigger, receiver: str) -> tuple[int, Rates]:
    """Return a base and how much of it each line bears; an earlier rule is one of the same part of the composition."""
    of = str(getattr(rule.amount, "of", None))
    made = None
    if of == "trigger_points":
        made = trigger.points.get(part_of(rule), Made())
    elif of == "trigger_weight":
        made = trigger.weights.get(part_of(rule), Made())
    elif (part_of(rule), of) in trigger.made:
        made = trigger.made[part_of(rule), of]
    if made is not None:
        return made.amount, made.rates or trigger.even
    if of == "trigger_amount":
        return trigger.amount, trigger.even
    if trigger.order is not None and of in ("trigger_margin", "coin_paid"):
        return margin(trigger.order) if of == "trigger_margin" else coin_paid(trigger.order), trigger.even
    return _own(books, rule, receiver, trigger, of), trigger.even


def _own(books: Books, rule: Rule, receiver: str, trigger: Trigger, of: str) -> int:
    """Return a base that is the receiver's own."""
    if of in ("own_amount", "lesser"):
        own = first_live_order(books, receiver)
        kept = own.kept if own else 0
        return kept if of == "own_amount" else min(kept, trigger.amount)
    lots = books.live_lots(receiver, rule.gate.drain) if rule.gate and rule.gate.drain else []
    if of == "own_granted":
        return sum(lot.granted for lot in lots)
    if of == "own_remaining":
        return sum(lot.available for lot in lots)
    if of == "own_claim":
        return lots[0].granted if lots else 0
    raise NotImplementedError(f"rule {rule.id}: base {of}")


def margin(order: Order) -> int:
    """Return what the lines that take part earn, in proportion to what is kept of them."""
    taking_part = [line for line, takes_part in zip(order.lines, order.even, strict=True) if takes_part]
    earned = sum(max(0, line.amount - line.cost) for line in taking_part)
    return earned * order.kept // weighed((line.amount for line in order.lines), order.even)


def coin_paid(order: Order) -> int:
    """Return the coin used to pay the order, its part by what is kept."""
    used = sum(amount for asset, amount in order.tender if asset == "coin")
    return used * order.kept // order.amount
