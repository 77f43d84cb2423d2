"""Old debts: what a liability gives when it is booked. The lots stand on no order, so no refund touches them."""

from collections import Counter

from jifen.core.micros import MICRO
from jifen.engine.books import Books
from jifen.engine.events import LiabilityBooked
from jifen.engine.grants import OF_BASE, OF_ORDER, add_lot, daily_of, release_terms
from jifen.engine.payments import Draft, draft_bank, post
from jifen.engine.program import Step
from jifen.plan.model import Grant, Per, Share

__all__ = ["book_debt"]


def book_debt(books: Books, event: LiabilityBooked) -> None:
    """Fire the rules of a liability in plan order; a plan that grants no more books nothing."""
    world = books.world
    if not world.granting:
        return
    member = world.member_ids.numbers[event.member]
    fired: Counter[tuple[int, str]] = Counter()
    drafts: list[Draft] = []
    for step in world.program.by_event["liability"]:
        amount = _amount_of(step, event.amount, fired)
        fired[step.rule.part, step.rule.id] += amount
        if amount > 0:
            drafts += draft_bank(books, _grant(books, step, member, amount, event.amount))
    post(books, drafts)


def _amount_of(step: Step, liability: int, fired: Counter[tuple[int, str]]) -> int:
    """What a rule makes of the liability, or of what an earlier rule has made of it."""
    amount = step.rule.amount
    of = getattr(amount, "of", "")
    base = liability if of == "trigger_amount" else fired[step.rule.part, of]
    if isinstance(amount, Per):
        return base * MICRO // amount.unit
    return base * step.share.rates[0] // MICRO if isinstance(amount, Share) else 0


def _grant(books: Books, step: Step, member: int, amount: int, liability: int) -> int:
    """A lot on the terms of the day; a daily release of the order's amount is one of the liability's."""
    world, pay = books.world, step.rule.pay
    store = pay.lots if isinstance(pay, Grant) else ""
    terms = release_terms(world, store)
    if terms.get("daily_of") == OF_ORDER:
        terms |= {"daily_of": OF_BASE, "daily_base": liability}
    lot = add_lot(world, member, store, amount, event=books.event, rule=step.index, **terms)
    world.lots.daily[lot] = daily_of(world, lot)
    books.reclaim(member, lot, amount, rule=step.rule.id)
    return lot
