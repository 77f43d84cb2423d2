"""The door: where events of members, foreign shops and staff enter, after what the programs say about them.

``inbox.submit`` is behind it, and takes what it gets.
"""

from collections.abc import Iterable, Sequence
from itertools import islice

from django.db import transaction

from jifen.core.errors import Problem
from jifen.core.micros import format_micros
from jifen.engine.events import Event, MemberJoined, OrderPaid, OrderRefunded
from jifen.service.inbox import MOST, Result, busy_is_told, submit
from jifen.service.programs.acceptance import not_accepted
from jifen.service.programs.frozen import JOINS
from jifen.service.programs.gate import freeze_of
from jifen.service.programs.limits import lock_members, note_orders, note_refunds, spent_of, standing_keys
from jifen.service.programs.models import Program
from jifen.service.programs.publishing import program_of
from jifen.service.programs.terms import Asked, asked_of_members
from jifen.service.shop import shop_of
from jifen.service.standing import standing

__all__ = ["enter"]

_Refusals = dict[str, Problem]
"""By the event's key."""
_SEEN = (MemberJoined, OrderPaid, OrderRefunded)
"""What the door looks at; all else goes through."""


def enter(events: Iterable[Event], *, using: str = "default", wait: float = 0.0) -> list[Result]:
    """Put events into the inbox, as ``submit`` does, but for those that may not enter: these are refused here.

    What is refused here leaves nothing behind, and may be sent again: ``shop_frozen`` (a join), ``not_published``,
    ``not_accepted`` and ``spending_limit`` (an order). What is in the inbox already is not looked at again.
    """
    asked = list(islice(events, MOST + 1))
    if len(asked) > MOST or not any(isinstance(event, _SEEN) for event in asked):
        return submit(asked, using=using, wait=wait)
    with busy_is_told(), transaction.atomic(using=using):
        refused = _looked_at(asked, using)
        let_in = [event for event in asked if event.id not in refused]
        results = submit(let_in, using=using)
    if wait:
        results = submit(let_in, using=using, wait=wait)
    found = iter(results)
    return [_refusal(event.id, refused[event.id]) if event.id in refused else next(found) for event in asked]


def _refusal(key: str, problem: Problem) -> Result:
    return Result(key, "refused", None, problem.code, problem.message)


def _looked_at(asked: Sequence[Event], using: str) -> _Refusals:
    """Which events may not enter, and count what those may that are orders and refunds; inside of a transaction."""
    members = {event.member for event in asked if isinstance(event, OrderPaid)}
    terms = asked_of_members(using)
    if terms.limit is not None:
        lock_members(members, using)
    new = _not_there(asked, using)
    refused: _Refusals = {}
    freeze = freeze_of(using)
    if freeze is not None and JOINS in freeze.stops:
        problem = Problem("shop_frozen", "nobody may join just now: the shop is frozen", "ask the operator")
        refused |= {event.id: problem for event in new if isinstance(event, MemberJoined)}
    if members:
        program = program_of(standing(using).digest if freeze is None else freeze.plan, using)
        orders = [event for event in new if isinstance(event, OrderPaid)]
        refused |= _orders_refused(orders, program, terms, using)
    if terms.limit is not None:
        note_refunds((event for event in new if isinstance(event, OrderRefunded)), using)
    return refused


def _not_there(asked: Sequence[Event], using: str) -> list[Event]:
    """The first event of each key that the inbox has not."""
    there = standing_keys({event.id for event in asked if isinstance(event, _SEEN)}, using)
    first = {event.id: event for event in reversed(asked)}
    return [event for key, event in reversed(first.items()) if key not in there]


def _orders_refused(orders: Sequence[OrderPaid], program: Program, terms: Asked, using: str) -> _Refusals:
    """Which of these orders may not enter; the others are counted."""
    if shop_of(using).live and program.state != "published":
        problem = Problem("not_published", "the plan is not published yet", "publish it: jifen program publish")
        return {order.id: problem for order in orders}
    refused: _Refusals = {}
    members = {order.member for order in orders}
    if terms.acceptance:
        problem = Problem("not_accepted", "the member has not accepted what the plan means", "show the page of now")
        lacking = not_accepted(members, program.disclosure, using=using)
        refused |= {order.id: problem for order in orders if order.member in lacking}
    if terms.limit is None:
        return refused
    spent = spent_of(members, program.name, using)
    counted = []
    for order in orders:
        if order.id in refused:
            continue
        if spent[order.member] + order.amount > terms.limit:
            message = f"a member may spend {format_micros(terms.limit, 2)} in this plan"
            refused[order.id] = Problem("spending_limit", message, "refunds give back")
        else:
            spent[order.member] += order.amount
            counted.append(order)
    note_orders(counted, program.name, using)
    return refused
