"""What the log says of withdrawals, brought into their table.

A change of the table and the line of the inbox that it waits for are of one transaction, so after a stop at any point
there is only one gap: the books have decided, and the table does not know it yet. ``mend`` closes it.
"""

import time
from typing import Any

from django.db.models import Sum
from django.utils import timezone

from jifen.batch.event_text import parse_event
from jifen.core.errors import InputError, Problem
from jifen.engine.events import Event, WithdrawalPaid, WithdrawalRejected, WithdrawalRequested
from jifen.service import models as books
from jifen.service.directory import Directory
from jifen.service.inbox import submit
from jifen.service.locks import alone
from jifen.service.members.models import Account, new_code
from jifen.service.members.personal import is_erased
from jifen.service.reads import standing
from jifen.service.wallets.models import ENDED, LogPlace, Withdrawal
from jifen.service.wallets.payees import payee_of

__all__ = ["behind", "difference", "follow", "locked", "mend", "sent_to_books", "to_be_reviewed", "unknown"]

_AFTER = {"asked": ("refused", "reserved"), "paying": ("sent", "paid"), "rejecting": ("reserved", "rejected")}
"""By what it waits in: what a withdrawal is when the books refuse its event, and when they accept it."""
_OF_WITHDRAWAL = '"event":"withdrawal_'
_WINDOW = 20_000
"""Events that are read at once."""
_SOONEST, _LATEST = 0.002, 0.05
"""Seconds between two looks at what one waits for."""


def sent_to_books(row: Withdrawal, event: Event, state: str, using: str) -> None:
    """Put an event of a withdrawal into the inbox, and let the withdrawal wait for it: in the open transaction."""
    submit([event], using=using)
    row.line = books.Inbox.objects.using(using).values_list("id", flat=True).get(key=event.id, code="")
    row.state, row.code = state, ""
    row.save(using=using)


def locked(number: str, using: str) -> Withdrawal:
    """A withdrawal that nobody else changes in this transaction; ``InputError`` (``unknown_withdrawal``)."""
    row = Withdrawal.objects.using(using).select_for_update().filter(number=number).first()
    if row is None:
        raise unknown()
    return row


def unknown() -> InputError:
    """What is said of a number that is none."""
    return InputError(Problem("unknown_withdrawal", "there is no withdrawal of this number", "look for another number"))


def follow(number: str, *, using: str = "default", wait: float = 0.0) -> Withdrawal:
    """A withdrawal as the books have it; after ``wait`` seconds at most, if they have still to decide on it."""
    until, pause = time.monotonic() + wait, _SOONEST
    row = Withdrawal.objects.using(using).filter(number=number).first()
    if row is None:
        raise unknown()
    while row.line is not None and not _decided(row.line, using) and time.monotonic() < until:
        time.sleep(pause)
        pause = min(pause * 1.5, _LATEST)
    if row.line is None or not _decided(row.line, using):
        return row
    with alone(f"withdrawal {number}", using):
        row = locked(number, using)
        line = None if row.line is None else books.Inbox.objects.using(using).filter(id=row.line).first()
        if line is not None and line.batch is not None:
            _settle(row, _AFTER[row.state][not line.code], line.code, using)
    return row


def mend(using: str = "default") -> int:
    """Bring all withdrawals to what the books have decided; returns how many have changed.

    Withdrawals whose events came in by other ways, an import say, are found in the log.
    """
    changed = 0
    waiting = Withdrawal.objects.using(using).filter(line__isnull=False)
    for number, line in waiting.values_list("number", "line"):
        if line is not None and _decided(line, using):
            changed += follow(number, using=using).line != line
    while (found := _read_on(using)) is not None:
        changed += found
    return changed


def behind(using: str = "default") -> bool:
    """Whether ``mend`` would find something to do."""
    waiting = Withdrawal.objects.using(using).filter(line__isnull=False).values("line")
    return (
        _unread(using) is not None
        or books.Inbox.objects.using(using).filter(id__in=waiting, batch__isnull=False).exists()
    )


def difference(using: str = "default") -> dict[str, int]:
    """By asset, what withdrawals have set aside less what the books have: nothing, once all is mended."""
    held = {each.asset: each.amount for each in standing(Directory(using))[0] if each.kind == "pending"}
    for row in _open(using):
        held[row["asset"]] = held.get(row["asset"], 0) - row["total"]
    return {asset: -amount for asset, amount in held.items() if amount}


def _open(using: str) -> Any:
    rows = Withdrawal.objects.using(using).exclude(state__in=("asked", *ENDED))
    return rows.values("asset").annotate(total=Sum("amount"))


def _decided(line: int, using: str) -> bool:
    return books.Inbox.objects.using(using).filter(id=line, batch__isnull=False).exists()


def _settle(row: Withdrawal, state: str, code: str, using: str) -> None:
    """What a withdrawal is now that the books have decided."""
    row.state, row.code, row.line = state, code, None
    if state in ENDED:
        row.ended_at = timezone.now()
    if state in ("refused", "rejected") or (state == "paid" and payee_of(row.member, using) is None):
        row.payee = b""  # the bank is not to pay it any more, or the person has been erased meanwhile
    erased = state in ENDED and _is_erased(row.member, using)
    row.reason = "" if erased else row.reason
    if state == "sent":
        row.result = ""
    elif state == "reserved":
        to_be_reviewed(row)
    row.save(using=using)
    if erased:
        Withdrawal.history.using(using).filter(member=row.member).update(reason="")


def _is_erased(member: str, using: str) -> bool:
    """Whether a member has been forgotten: what a bank says of a payment may name whom it did not find."""
    account = Account.objects.using(using).filter(code=member).first()
    return account is not None and is_erased(account)


def to_be_reviewed(row: Withdrawal) -> None:
    """Let somebody look at a withdrawal, anew if it has been reviewed before."""
    row.state, row.reviewed_by, row.reviewed_at, row.batch = "reserved", "", None, None


def _unread(using: str) -> range | None:
    """The events of the log that have not been read; ``None`` for none."""
    place = LogPlace.objects.using(using).values_list("event", flat=True).first() or 0
    last = books.Batch.objects.using(using).order_by("-number").values_list("events", flat=True).first() or 0
    return range(place, last) if place < last else None


def _read_on(using: str) -> int | None:
    """Read some more of the log, and return how many withdrawals it has changed; ``None`` at its end."""
    unread = _unread(using)
    if unread is None:
        return None
    place, until = unread.start, min(unread.start + _WINDOW, unread.stop)
    said = books.Event.objects.using(using).filter(
        number__gte=place, number__lt=until, content__contains=_OF_WITHDRAWAL
    )
    contents = list(said.order_by("number").values_list("content", flat=True))
    with alone("withdrawals of the log", using):
        row, _ = LogPlace.objects.using(using).select_for_update().get_or_create(id=1)
        if row.event != place:
            return 0
        row.event = until
        row.save(using=using)
        return sum(_heard(parse_event(content), using) for content in contents)


def _heard(event: Event, using: str) -> bool:
    """Whether an accepted event changes what the table says; it does so then."""
    rows = Withdrawal.objects.using(using).select_for_update()
    if isinstance(event, WithdrawalRequested):
        row = rows.filter(event=event.id).first()
        if row is None:
            _strange(event, using)
        elif row.state == "asked":
            _settle(row, "reserved", "", using)
        else:
            return False
        return True
    if not isinstance(event, WithdrawalPaid | WithdrawalRejected):
        return False
    row = rows.get(event=event.withdrawal)
    state = "paid" if isinstance(event, WithdrawalPaid) else "rejected"
    if row.state == state:
        return False
    _settle(row, state, "", using)
    return True


def _strange(event: WithdrawalRequested, using: str) -> None:
    """A withdrawal that was not asked for here: nothing is withheld of it."""
    Withdrawal(
        number=new_code(), event=event.id, member=event.member, request=event.id, asset=event.asset,
        amount=event.amount, fee=0, day=event.day, state="reserved", asked_by="log",
    ).save(using=using, force_insert=True)  # fmt: skip
