"""The intake of messages of foreign shops: who signed it is let in, and what it says enters through the door.

What a message says, what became of it, and the events that follow are written together or not at all. Events have ids
of the foreign shop's numbers, so whatever comes again counts once.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Literal

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from prometheus_client import Counter

from jifen.core.errors import InputError, Problem
from jifen.engine.events import Event, MemberJoined
from jifen.service import models
from jifen.service.acting import acting
from jifen.service.connectors.connections import connection_of, secrets_of, terms_of
from jifen.service.connectors.course import Course, Sale
from jifen.service.connectors.facts import Message, Paid, Reading, Refunded, Terms, Unusable
from jifen.service.connectors.kinds import kind_of
from jifen.service.connectors.models import Connection, ForeignMessage, ForeignOrder
from jifen.service.counters import COUNTS
from jifen.service.directory import Directory
from jifen.service.door import enter
from jifen.service.inbox import Result
from jifen.service.members.models import Account
from jifen.service.shop import shop_of

__all__ = ["KEPT", "Outcome", "Taken", "retry", "standing", "take"]

KEPT = 10_000
"""Messages of which a connection remembers what became, at most and roughly."""
_MESSAGES = Counter(
    "jifen_connector_messages", "Messages of foreign shops, by what became of them.", ["kind", "outcome"],
    registry=COUNTS,
)  # fmt: skip


Outcome = Literal["taken", "refused", "waiting", "set_aside", "ignored", "greeting"]
"""What may become of a message.

``taken``: its events have entered; ``refused``: one of them was not let in; ``waiting``: it is about an order that is
not known to be paid; ``set_aside``: it cannot be used; ``ignored``: there is nothing in it for us; ``greeting``: it was
none.
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a message; ``code`` says why, ``times`` how often it has come.

    One that was taken and comes again is ``taken`` with ``repeated``: whoever sent it would send it again if it were
    refused, be it the foreign shop or somebody who overheard it, and it counts once.
    """

    outcome: Outcome
    code: str = ""
    times: int = 1


def take(name: str, message: Message, *, using: str = "default") -> Taken:
    """Take in a message for a connection.

    ``InputError``: ``not_found`` if there is no such connection, or it is switched off; ``forged`` if nobody who has
    the secret signed the message, ``stale`` if it is too old. Of these nothing is kept.
    """
    connection = connection_of(name, using=using)
    kind = kind_of(connection.kind)
    if not connection.enabled:
        raise InputError(Problem("not_found", "this connection is switched off", "switch it on"))
    if kind.greeting(message):
        return Taken("greeting")
    if not any(kind.signed(message, secret) for secret in secrets_of(connection)):
        raise InputError(Problem("forged", "the signature is not that of this message", "compare the secrets"))
    terms, reading = terms_of(connection), Reading("")
    with acting(f"connection:{name}"), transaction.atomic(using=using):
        try:
            reading = kind.read(message, terms)
            _check_age(reading, terms)
            taken = _noted(connection, reading, terms, using)
        except Unusable as error:
            taken = Taken("set_aside", error.problems[0].code)
        taken = _remember(connection, message, reading, taken, using)
    _MESSAGES.labels(connection.kind, taken.outcome).inc()
    return taken


def retry(name: str, number: str, *, using: str = "default", wait: float = 0.0) -> list[Result]:
    """Let the events of an order enter once more, those that were refused too: each counts once.

    ``InputError`` (``unknown_order``) if nothing is known of it.
    """
    connection = connection_of(name, using=using)
    return _enter(connection, number, _course_of(name, number, using), using, wait)


def standing(name: str, number: str, *, using: str = "default") -> list[tuple[Event, Result]]:
    """The events that follow from an order, and whether they are in the log or wait for it.

    ``InputError`` (``unknown_order``) if nothing is known of it.
    """
    connection_of(name, using=using)
    course, order = _course_of(name, number, using), f"{name}:{number}"
    paid = course.order(order)
    events: list[Event] = [] if paid is None else [paid, *course.refunds(order)]
    there = models.Inbox.objects.using(using).filter(key__in=[event.id for event in events], code="")
    found = {row.key: Result(row.key, "pending" if row.event is None else "accepted", row.event) for row in there}
    return [(event, found.get(event.id, Result(event.id, "refused"))) for event in events]


def _check_age(reading: Reading, terms: Terms) -> None:
    """Refuse what was written long ago, where it says when: it may be sent again by somebody who found it."""
    if reading.issued is not None and timezone.now() - reading.issued > timedelta(hours=terms.max_age_hours):
        raise InputError(Problem("stale", "the message is too old", "let the foreign shop send a new one"))


def _noted(connection: Connection, reading: Reading, terms: Terms, using: str) -> Taken:
    """Note what a message says, and let the events enter that follow."""
    if not reading.facts:
        return Taken("ignored")
    shop = shop_of(using)
    for fact in reading.facts:
        if isinstance(fact, Paid | Refunded) and fact.currency != shop.currency:
            raise Unusable("the order is in another currency than the shop", "wrong_currency")
        if isinstance(fact, Paid):
            if fact.test and shop.live:
                raise Unusable("a test order does not count in a live shop", "test_order")
            if fact.customer is None and terms.guest is None:
                raise Unusable("a guest's order counts for nobody", "guest_order")
    rows = ForeignOrder.objects.using(using).select_for_update()
    row, _ = rows.get_or_create(
        connection=connection, number=reading.order, defaults={"course": Course().model_dump(mode="json")}
    )
    course = Course.model_validate(row.course)
    for fact in reading.facts:
        member = _member(connection, fact, terms) if isinstance(fact, Paid) else ""
        course.note(fact, member, terms)
    row.course = course.model_dump(mode="json")
    row.save(using=using)
    if course.sale is None:
        return Taken("waiting")
    results = _enter(connection, reading.order, course, using)
    refused = [result.code for result in results if result.state == "refused"]
    return Taken("refused", refused[0]) if refused else Taken("taken" if results else "ignored")


def _member(connection: Connection, fact: Paid, terms: Terms) -> str:
    """The member for whom an order counts: the customer's number behind the id of the connection."""
    return f"{connection.id}:{fact.customer}" if fact.customer is not None else terms.guest or ""


def _enter(connection: Connection, number: str, course: Course, using: str, wait: float = 0.0) -> list[Result]:
    """Let an order enter, its member before it and its refunds behind; refunds of what is not let in stay outside."""
    name = f"{connection.id}:{number}"
    order = course.order(name)
    if order is None or course.sale is None:
        return []
    results = enter([*_joining(connection, course.sale, using), order], using=using, wait=wait)
    refunds = list(course.refunds(name))
    if refunds and results[-1].state != "refused":
        results += enter(refunds, using=using, wait=wait)
    return results


def _joining(connection: Connection, sale: Sale, using: str) -> list[Event]:
    """The event by which a customer becomes a member, unless he is one, or it has been asked for."""
    if sale.customer is None or _is_member(connection, sale.customer, using):
        return []
    joined = MemberJoined(
        id=_join_id(connection, sale.customer), day=0, member=sale.member, referrer=_referrer(connection, sale, using)
    )
    return [joined]


def _referrer(connection: Connection, sale: Sale, using: str) -> str | None:
    """Who brought a customer: nobody, where the field says nothing that is known."""
    if sale.sponsor is None:
        return None
    if terms_of(connection).sponsor == "customer":
        known = sale.sponsor != sale.customer and _is_member(connection, sale.sponsor, using)
        return f"{connection.id}:{sale.sponsor}" if known else None
    account = Account.objects.using(using).filter(invite_code=sale.sponsor, role="").first()
    return account.code if account is not None and _has_joined(account.code, using) else None


def _is_member(connection: Connection, customer: str, using: str) -> bool:
    """Whether a customer has joined, or is about to."""
    asked = models.Inbox.objects.using(using).filter(key=_join_id(connection, customer), code="")
    return _has_joined(f"{connection.id}:{customer}", using) or asked.exists()


def _join_id(connection: Connection, customer: str) -> str:
    return f"{connection.id}:join:{customer}"


def _has_joined(member: str, using: str) -> bool:
    try:
        _directory(using).member(member)
    except InputError:
        return False
    return True


@lru_cache(maxsize=64)
def _directory(using: str) -> Directory:
    """The names of a shop: they never change, so a process asks for each once."""
    return Directory(using)


def _course_of(name: str, number: str, using: str) -> Course:
    row = ForeignOrder.objects.using(using).filter(connection=name, number=number).first()
    if row is None:
        raise InputError(Problem("unknown_order", "nothing is known of this order", "look at the messages"))
    return Course.model_validate(row.course)


def _remember(connection: Connection, message: Message, reading: Reading, taken: Taken, using: str) -> Taken:
    """Keep what became of a message, and forget the oldest ones now and then."""
    rows = ForeignMessage.objects.using(using)
    row, new = rows.get_or_create(
        connection=connection,
        digest=hashlib.sha256(message.body).digest(),
        defaults={
            "topic": _plain(reading.topic), "order": reading.order, "outcome": taken.outcome, "code": taken.code,
        },
    )  # fmt: skip
    if not new:
        repeated = row.outcome == taken.outcome == "taken"
        row.outcome, row.code, row.times = taken.outcome, taken.code, F("times") + 1
        row.save(using=using)
        row.refresh_from_db(using=using)
        if repeated:
            return Taken("taken", "repeated", row.times)
    elif row.id % (KEPT // 10) == 0:
        newest = rows.filter(connection=connection).order_by("-id").values_list("id", flat=True)[KEPT : KEPT + 1]
        rows.filter(connection=connection, id__lte=max(newest, default=-1)).delete()
    return Taken(taken.outcome, taken.code, row.times)


def _plain(topic: str) -> str:
    """A topic as it may be kept: a header may have anything in it."""
    return topic if topic.isprintable() and topic.isascii() else ""
