"""An import into a shop that has no events yet: looked at as often as one likes, then run, once.

The log is the truth: balances and lots are events with ids that follow from the import and the row, so an import that
was cut off is gone on with by running it again, and what is there already counts once. Persons stand in their own
tables, sealed; orders of before are kept as records, since what they earned is in the balances and lots.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from django.db import transaction

from jifen.core.errors import InputError, Problem, ensure
from jifen.core.micros import format_micros
from jifen.service import models
from jifen.service.acting import actor
from jifen.service.current import shop_is
from jifen.service.directory import Directory
from jifen.service.inbox import submit
from jifen.service.members.models import Account, Person
from jifen.service.members.numbers import country_of
from jifen.service.members.personal import sealed_person
from jifen.service.moving.models import Import, PastOrder
from jifen.service.moving.opening import IDS, KEPT, Draft
from jifen.service.moving.reading import MemberRow, OrderRow
from jifen.service.reads import standing
from jifen.service.shop import open_day, shop_of
from jifen.service.vault import marked, sealed
from jifen.service.writer import Writer

__all__ = ["Outcome", "carry_out", "document", "note_look", "outcome", "start"]

_AT_ONCE = 1000
_EVENTS_AT_ONCE = 20_000
_UPDATED_AT_ONCE = 200
"""Rows of one statement that has a case for each."""
_OURS = ("day:", "plan:", "activate:")
"""Events of a shop that has opened and does nothing yet."""
_PAUSE = 0.2
"""Seconds between two looks at what another writer does."""
_STEPS = 20
"""Batches that are written before it is told how far they are."""
_KINDS = {"claim": "lots"}
"""What an account of points is called in control totals."""
_Progress = Callable[[int, int], None]
_Any = TypeVar("_Any")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far an import is. ``code`` is the first reason for which an event was refused, if one was."""

    digest: str
    state: str
    """``looked``, ``running`` or ``done``."""
    events: int
    accepted: int
    refused: int
    code: str = ""


def note_look(draft: Draft, *, using: str = "default") -> Import:
    """Keep what an import would do, and who looked at it: a live shop's is run by somebody else."""
    found, _ = Import.objects.using(using).get_or_create(
        digest=draft.digest,
        defaults={
            "map": draft.map, "events": len(draft.events), "counts": draft.counts, "looked_by": actor(),
            "totals": [[total.kind, total.name, total.opened] for total in draft.totals],
        },
    )  # fmt: skip
    return found


def start(
    draft: Draft, *, without_refused: bool = False, using: str = "default",
    progress: _Progress = lambda done, total: None,
) -> Outcome:  # fmt: skip
    """Write what an import brings, and ask for its events; whoever writes the books decides them.

    ``InputError``: ``rows_refused`` unless the import is to go on without them, ``shop_in_use``, ``conflict`` where
    somebody of the members is there already.
    """
    if draft.refused and not without_refused:
        message = f"{draft.counts['refused']} rows are refused"
        raise InputError(Problem("rows_refused", message, "correct the files, or say that it may go on without them"))
    _check_empty(draft, using)
    made = note_look(draft, using=using)
    if made.state != "done":
        made.state, made.run_by = "running", actor()
        made.day = open_day(using) if made.day is None else made.day
        made.save(using=using)
        _write_members(draft.members, using, progress)
        _write_orders(draft.orders, using)
        for done, events in enumerate(_parts(draft.events, _EVENTS_AT_ONCE)):
            submit(events, using=using)
            progress(min((done + 1) * _EVENTS_AT_ONCE, len(draft.events)), len(draft.events))
    return outcome(draft.digest, using=using)


def carry_out(
    digest: str, folder: Path, *, using: str = "default", progress: _Progress = lambda done, total: None
) -> Outcome:
    """Wait until all events of an import are decided, and decide them here where nobody else writes the books.

    ``folder`` is the shop's own.
    """
    while True:
        found = outcome(digest, using=using)
        progress(found.accepted + found.refused, found.events)
        if found.state == "done" or found.accepted + found.refused >= found.events:
            return found
        writer = Writer.elected(folder, using)
        if writer is None:
            time.sleep(_PAUSE)
            continue
        with writer:
            for _ in range(_STEPS):
                if not writer.step():
                    break


def outcome(digest: str, *, using: str = "default") -> Outcome:
    """How far an import is; ``InputError`` (``unknown_import``). When all is decided, control totals are compared."""
    made = Import.objects.using(using).filter(digest=digest).first()
    if made is None:
        raise InputError(Problem("unknown_import", "there is no such import", "look for another digest"))
    asked = models.Inbox.objects.using(using).filter(key__startswith=_begin(made))
    accepted, refused = asked.filter(event__isnull=False).count(), asked.exclude(code="")
    if made.state == "running" and accepted >= made.events and not refused.exists():
        if made.day == open_day(using):
            _compare(made, using)
        made.state = "done"
        made.save(using=using)
    if made.state == "done":
        return Outcome(digest, made.state, made.events, made.events, 0)
    first = refused.order_by("id").values_list("code", flat=True).first()
    return Outcome(digest, made.state, made.events, accepted, refused.count(), first or "")


def document(draft: Draft, most: int) -> dict[str, Any]:
    """What an import would do as plain values: at most so many refused rows and notes, amounts as decimal strings."""
    return {
        "digest": draft.digest, "map": draft.map, "counts": draft.counts,
        "totals": [
            {"kind": total.kind, "name": total.name, "read": format_micros(total.read, 2),
             "opened": format_micros(total.opened, 2)}
            for total in draft.totals
        ],
        "refused": [asdict(problem) for problem in draft.refused[:most]],
        "notes": [asdict(problem) for problem in draft.notes[:most]], "unread": draft.unread,
    }  # fmt: skip


def _begin(made: Import) -> str:
    return f"{IDS}{made.digest[:KEPT]}:"


def _check_empty(draft: Draft, using: str) -> None:
    """``InputError`` unless the log has nothing but what this import asked for before."""
    shop_of(using)
    others = Import.objects.using(using).exclude(digest=draft.digest).exclude(state="looked")
    begun = Import.objects.using(using).filter(digest=draft.digest).exclude(state="looked").exists()
    foreign = models.Inbox.objects.using(using)
    for begin in _OURS:
        foreign = foreign.exclude(key__startswith=begin)
    if others.exists() or (foreign.exists() and not begun):
        remedy = "import into a new shop: each has a database of its own"
        raise InputError(Problem("shop_in_use", "this shop has events already", remedy))


def _compare(made: Import, using: str) -> None:
    """Hold the books against the control totals; they must agree."""
    found = Counter[tuple[str, str]]()
    for each in standing(Directory(using))[0]:
        name = each.pool if each.kind == "pool" else "" if each.kind == "reserve" else each.asset
        found[_KINDS.get(each.kind, each.kind), name or ""] += each.amount
    for kind, name, amount in made.totals:
        ensure(found[kind, name] == amount, f"{kind} {name}: {amount} was opened, and {found[kind, name]} is there")


def _write_members(rows: Sequence[MemberRow], using: str, progress: _Progress) -> None:
    """Make the accounts and persons that are not there yet, each after its sponsor's."""
    known = dict(Account.objects.using(using).values_list("code", "pk"))
    new = [row for row in _sponsors_first(rows) if row.member not in known]
    for part in _parts(new, _AT_ONCE):
        with transaction.atomic(using=using), shop_is(using):
            _check_numbers(part, using)
            made = Account.objects.using(using).bulk_create([_account(row) for row in part])
            known |= {account.code: account.pk for account in made}
            for row, account in zip(part, made, strict=True):
                account.sponsor_id = None if row.sponsor is None else known[row.sponsor]
                account.joined_at = row.joined or account.joined_at
            Account.objects.using(using).bulk_update(made, ["sponsor", "joined_at"], batch_size=_UPDATED_AT_ONCE)
            Account.history.bulk_history_create(made)
            persons = [(account, row.person) for row, account in zip(part, made, strict=True) if row.person]
            Person.objects.using(using).bulk_create(
                Person(account=account, **sealed_person(person)) for account, person in persons
            )
        progress(len(known), len(rows))


def _sponsors_first(rows: Sequence[MemberRow]) -> list[MemberRow]:
    """The same members, each after its sponsor; they form a tree."""
    below: dict[str | None, list[MemberRow]] = {}
    for row in rows:
        below.setdefault(row.sponsor, []).append(row)
    found = list(below.get(None, ()))
    for row in found:  # it grows meanwhile
        found += below.get(row.member, ())
    return found


def _check_numbers(rows: Sequence[MemberRow], using: str) -> None:
    """``InputError`` (``number_taken``) for a member whose number an account has already."""
    marks = {marked("phone", row.phone): row for row in rows if row.phone}
    taken = Account.objects.using(using).filter(phone_mark__in=marks).values_list("phone_mark", flat=True).first()
    if taken is not None:
        row, message = marks[bytes(taken)], "there is an account with this number"
        raise InputError(Problem("number_taken", message, "take the row out", row.at.file, row.at.line, "phone"))


def _account(row: MemberRow) -> Account:
    """The account of a member; the first sign-in by a code shows whose the number is."""
    account = Account(code=row.member, is_active=not row.locked)
    if row.phone:
        account.phone, account.phone_mark = sealed(row.phone), marked("phone", row.phone)
        account.phone_verified, account.phone_country = True, country_of(row.phone)
    if row.invite_code:
        account.invite_code = row.invite_code
    account.set_unusable_password()
    return account


def _write_orders(rows: Sequence[OrderRow], using: str) -> None:
    made = (
        PastOrder(order=row.order, member=row.member, amount=row.amount, refunded=row.refunded, paid=row.paid)
        for row in rows
    )
    PastOrder.objects.using(using).bulk_create(made, batch_size=_AT_ONCE, ignore_conflicts=True)


def _parts(items: Sequence[_Any], size: int) -> Iterator[list[_Any]]:
    """A sequence in parts of some size."""
    left = iter(items)
    while part := list(islice(left, size)):
        yield part
