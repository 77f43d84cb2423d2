"""``apply(world, events) -> journal``: the only door to the world.

Events are handled strictly one after the other. A refused event changes nothing and leaves its id free.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import Any

from jifen.core.errors import ensure
from jifen.engine import desk
from jifen.engine.books import Books
from jifen.engine.checks import refusal_of
from jifen.engine.close import after_event, close_day
from jifen.engine.digests import digest_of
from jifen.engine.events import (
    AgentSet,
    AssetTransferred,
    DayClosed,
    Event,
    LiabilityBooked,
    MemberJoined,
    MemberMoved,
    OrderPaid,
    OrderReceived,
    OrderRefunded,
    OrderSettled,
    PlanActivated,
    PlanEnded,
    PlanPaused,
    PlanWoundUp,
    PoolDonated,
    RankSet,
    ReserveToppedUp,
    StoreAdjusted,
    TaskDone,
    TokensSold,
    WithdrawalPaid,
    WithdrawalRejected,
    WithdrawalRequested,
)
from jifen.engine.invariants import check_world
from jifen.engine.log import EventRows, Log, LogRows, Rows, kind_of
from jifen.engine.order import accept_order
from jifen.engine.refund import accept_refund
from jifen.engine.tables import NONE
from jifen.engine.windup import wind_up
from jifen.engine.world import World
from jifen.ledger.journal import Journal, Refusal

__all__ = ["FIRST", "LEAST", "apply", "apply_log"]

LEAST = 8
"""From so many events on, all joins, orders, refunds and sales, the bulk lane is worth the trouble."""
FIRST = 4096
"""From so many on, in one batch or in all of a world's, it is worth being loaded."""
_MOST = 1 << 16
"""So many at a time: their numbers are looked up before any of them is done."""

_Handler = Callable[[Books, Any], None]

_HANDLERS: dict[type[Event], _Handler] = {
    MemberJoined: desk.join,
    MemberMoved: desk.move_member,
    RankSet: desk.set_rank,
    AgentSet: desk.set_agent,
    OrderPaid: accept_order,
    OrderReceived: desk.receive_order,
    OrderSettled: desk.settle_order,
    OrderRefunded: accept_refund,
    TokensSold: desk.sell_tokens,
    TaskDone: desk.finish_task,
    AssetTransferred: desk.send_asset,
    WithdrawalRequested: desk.request_withdrawal,
    WithdrawalPaid: desk.pay_withdrawal,
    WithdrawalRejected: desk.reject_withdrawal,
    LiabilityBooked: desk.book_liability,
    StoreAdjusted: desk.adjust_store,
    PoolDonated: desk.donate,
    ReserveToppedUp: desk.top_up,
    PlanActivated: desk.activate_plan,
    PlanPaused: desk.pause_plan,
    PlanEnded: desk.pause_plan,
    PlanWoundUp: wind_up,
}


def apply(world: World, events: Iterable[Event], coming: int = 0) -> Journal:
    """Apply a batch of events in order and return what it did; the books are checked before it returns.

    ``coming``: how many more events are likely to come; for many it is worth it to load compiled code at once.

    Every event's day must be ``world.open_day`` (an earlier one is refused as ``out_of_order``, a later one raises: the
    caller forgot to close a day). A ``DayClosed`` event runs the day and opens the next.
    """
    books = Books(world)
    day = world.open_day
    for of_lane, stretch in _stretches(world, events, coming):
        if of_lane:
            _run_lane(books, EventRows(world, stretch, partial(_apply_one, books)))
        else:
            for event in stretch:
                _apply_one(books, event)
    return _journal(books, day)


def _stretches(world: World, events: Iterable[Event], coming: int) -> Iterator[tuple[bool, Sequence[Event]]]:
    """Events that are there already cut into stretches, and whether the bulk lane takes one; others one by one."""
    loaded = world.lane is not None or world.next_event + coming >= FIRST
    least = LEAST if loaded else max(LEAST, FIRST)
    if not isinstance(events, Sequence) or len(events) < least:
        yield from ((False, (event,)) for event in events)
        return
    for of_lane, stretch in groupby(events, lambda event: kind_of(event) != NONE):
        found = list(stretch)
        for first in range(0, len(found), _MOST):
            part = found[first : first + _MOST]
            yield of_lane and len(part) >= least and _lane_knows(world), part


def _lane_knows(world: World) -> bool:
    """Whether the plan of now is one that the bulk lane knows."""
    from jifen.engine.bulk_shop import kept_of

    return not kept_of(world).reason


def apply_log(world: World, log: Log) -> Journal:
    """Apply a log of the open day by column: the same world and the same journal as of its rows one by one."""
    books = Books(world)
    _run_lane(books, LogRows(world, log, partial(_apply_one, books)))
    return _journal(books, world.open_day)


def _run_lane(books: Books, rows: Rows) -> None:
    """Let the bulk lane do rows; its compiler is not loaded before it is needed."""
    from jifen.engine.bulk import Lane

    Lane(books).run(rows)


def _journal(books: Books, day: int) -> Journal:
    """Check the books of a batch that began on ``day``, and return what it did."""
    world = books.world
    transfers, forfeits = books.writer.seal()
    check_world(world, transfers, closed=world.open_day != day)
    return Journal(
        transfers=transfers,
        forfeits=forfeits,
        refusals=tuple(books.refusals),
        accepted=books.accepted,
        duplicates=books.duplicates,
        members=world.member_ids.names,
        rules=world.rule_names.names,
        assets=world.assets.names,
    )


def _apply_one(books: Books, event: Event) -> None:
    """Check one event, then handle it and what follows it."""
    world = books.world
    known, digests = world.event_ids.get(event.id), world.event_digests
    if known != NONE:
        same = digest_of(world, event) == (digests.first.item(known), digests.second.item(known))
        code = "duplicate" if same else "conflict"
        books.duplicates += code == "duplicate"
        message = "the same event came before" if code == "duplicate" else "another event has this id"
        books.refusals.append(Refusal(event.id, code, message))
        return
    refusal = refusal_of(world, event)
    if refusal is not None:
        books.refusals.append(Refusal(event.id, *refusal))
        return
    ensure(event.day == world.open_day, f"event {event.id} is of day {event.day}, but day {world.open_day} is open")
    books.event = world.event_ids.number(event.id)
    books.accepted += 1
    if isinstance(event, DayClosed):
        close_day(books)
    else:
        _HANDLERS[type(event)](books, event)
        after_event(books, since=world.next_event)
    first, second = digest_of(world, event)
    digests.add(first=first, second=second)
