"""The course of one order of a foreign shop, and the events that follow from it.

What is kept is what was said, in the order in which it came: the events are worked out anew each time, always the same
ones. So a message may come twice, too late or before the one that it is about: what can be said then is said, and it
counts once.
"""

from collections import Counter
from collections.abc import Iterator

from pydantic import BaseModel

from jifen.core.micros import CENT
from jifen.engine.events import Line, OrderPaid, OrderRefunded
from jifen.service.connectors.facts import Cancelled, Fact, Paid, Part, Refunded, Terms

__all__ = ["Counted", "Course", "Sale"]


class Counted(BaseModel):
    """A line of an order as it counts."""

    line: str
    amount: int
    sku: str | None
    quantity: int


class Sale(BaseModel):
    """An order as it was when it was paid: later changes of the connection's terms do not touch it."""

    member: str
    customer: str | None
    sponsor: str | None
    whole: int
    tax: bool
    shipping: bool
    lines: tuple[Counted, ...]

    def counts(self, part: Part) -> int:
        """How much of a part counts."""
        return (part.net + part.tax * self.tax) if self.shipping or not part.extra else 0


class Course(BaseModel):
    """What is known of an order."""

    sale: Sale | None = None
    steps: list[Refunded | Cancelled] = []

    def note(self, fact: Fact, member: str, terms: Terms) -> None:
        """Take in a fact, unless it is known already, or older than a cancellation.

        An order that was cancelled before it was paid counts if it was paid later: a shop that cancels what nobody has
        paid in time may still get the money.
        """
        if isinstance(fact, Paid):
            ends = [step.stamp for step in self.steps if isinstance(step, Cancelled)]
            if self.sale is None and (not ends or max(ends) < fact.stamp):
                self.steps = [step for step in self.steps if isinstance(step, Refunded)]
                self.sale = _sale(fact, member, terms)
        elif isinstance(fact, Cancelled):
            if not any(isinstance(step, Cancelled) for step in self.steps):
                self.steps.append(fact)
        elif fact.amount > 0 and fact.number not in {step.number for step in self.steps if isinstance(step, Refunded)}:
            self.steps.append(fact)

    def order(self, name: str) -> OrderPaid | None:
        """The order as an event, if it has been paid and anything of it counts; ``name`` is its id."""
        if self.sale is None or not sum(line.amount for line in self.sale.lines):
            return None
        lines = tuple(
            Line(line=line.line, amount=line.amount, sku=line.sku, quantity=line.quantity) for line in self.sale.lines
        )
        return OrderPaid(id=name, day=0, member=self.sale.member, lines=lines)

    def refunds(self, name: str) -> Iterator[OrderRefunded]:
        """What is given back of it, as events.

        Lines are named where the foreign shop says for what it gives money back, and that money is all of it. Otherwise
        as much of what counts is given back as of what was paid, down to a whole cent; the last refund gives the rest.
        """
        if self.sale is None:
            return
        left = Counter({line.line: line.amount for line in self.sale.lines})
        counted = rest = left.total()
        returned, by_line = 0, True
        for step in self.steps:
            before, key, lines = returned, "cancel", None
            if isinstance(step, Refunded):
                key = f"refund:{step.number}"
                returned = max(returned, step.amount) if step.in_all else returned + step.amount
                lines = self._named(step, left) if by_line else None
            if isinstance(step, Cancelled) or returned >= self.sale.whole:
                amount, lines = rest, lines if lines is not None and lines.total() == rest else None
            elif lines is not None:
                amount = lines.total()
            else:
                share = _share(counted, returned, self.sale.whole) - _share(counted, before, self.sale.whole)
                amount = min(share, rest)
            if amount > 0:
                left, rest, by_line = left - (lines or Counter()), rest - amount, lines is not None
                named = tuple(sorted((lines or {}).items()))
                yield OrderRefunded(id=f"{name}:{key}", day=0, order=name, amount=amount, lines=named)

    def _named(self, step: Refunded, left: Counter[str]) -> Counter[str] | None:
        """What is given back by line; ``None`` if the parts are not all of the money, or more than what is left."""
        if self.sale is None or not step.parts or sum(part.net + part.tax for part in step.parts) != step.amount:
            return None
        named: Counter[str] = Counter()
        for part in step.parts:
            named[part.line] += self.sale.counts(part)
        return +named if all(0 <= amount <= left[line] for line, amount in named.items()) else None


def _sale(fact: Paid, member: str, terms: Terms) -> Sale:
    sale = Sale(
        member=member, customer=fact.customer, sponsor=fact.sponsor, whole=fact.whole, tax=terms.tax,
        shipping=terms.shipping, lines=(),
    )  # fmt: skip
    # What is written below zero is a discount, whether shipping and fees count or not: it is taken off the rest.
    amounts = [sale.counts(part) for part in fact.parts]
    discount = sum(max(0, -part.net - part.tax * terms.tax) for part in fact.parts)
    above = [max(0, amount) for amount in amounts]
    reached, whole, lines = 0, sum(above), []
    for part, amount in zip(fact.parts, above, strict=True):
        before, reached = reached, reached + amount
        off = _share(discount, reached, whole) - _share(discount, before, whole)
        if amount:
            lines.append(Counted(line=part.line, amount=max(0, amount - off), sku=part.sku, quantity=part.quantity))
    return sale.model_copy(update={"lines": tuple(lines)})


def _share(amount: int, part: int, whole: int) -> int:
    """The part of an amount, down to a whole cent; all of it if the part is the whole."""
    return amount if part >= whole else amount * part // whole // CENT * CENT
