"""The audit of a live shop: its log is replayed from nothing, and every figure that follows from it is compared."""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from django.db import connections

from jifen.batch.audit import Audit, Difference
from jifen.core.errors import BrokenInvariant, InputError
from jifen.engine import World
from jifen.ledger.chain import NAME_TABLES, Batch, batch_hash
from jifen.ledger.rows import Rows
from jifen.service import models
from jifen.service.columns import quoted
from jifen.service.content import is_closing
from jifen.service.lines import COPIED, changes_of, lines_of, summed
from jifen.service.recovery import Head, replayed, started
from jifen.service.segments import Segment, read_segment

__all__ = ["audit"]

_FIELDS = ("source", "target", "amount", "used", *COPIED)
_NUMBERS = f"SELECT {', '.join(map(quoted, _FIELDS))} FROM transfer WHERE number >= %s AND number < %s ORDER BY number"


def audit(journal: Path, using: str = "default", progress: Callable[[int, int], None] | None = None) -> Audit:
    """Replay the log from nothing and compare the chain, the names, every line, every segment and every balance.

    ``journal`` is the folder of the segments; ``progress`` is called with batches done and in all. What is found is in
    the answer: the first difference, and what cannot be read. A database without a shop is an ``InputError``.
    """
    found, world, head, balances = Audit(), started(using), Head(), Counter[int]()
    rows = models.Batch.objects.using(using).order_by("number")
    count = rows.count() if progress else 0
    try:
        for row in rows.iterator():
            found.difference = next(_of_batch(using, world, head, row, journal, balances), None)
            if found.difference is not None:
                return found
            found.batches, found.transfers = row.number + 1, row.transfers
            head.number, head.hash, head.cursor = row.number, bytes(row.hash), row.cursor
            head.events, head.transfers = row.events, row.transfers
            if progress:
                progress(found.batches, count)
        found.difference = next(_of_the_end(using, head, balances), None)
    except InputError as error:
        found.problems += error.problems
    return found


def _of_batch(
    using: str, world: World, head: Head, row: models.Batch, journal: Path, balances: Counter[int]
) -> Iterator[Difference]:
    """Where a batch is not what follows from its events; its changes are added to the balances."""
    number = head.number + 1
    if row.number != number:
        yield Difference("batches", number, 0, "number", str(number), str(row.number))
        return
    try:
        batch = replayed(using, world, head, row)
    except (BrokenInvariant, KeyError, TypeError, ValueError, AttributeError) as error:
        yield Difference("events", number, 0, "event", "events that can be replayed", str(error)[:80])
        return
    closes = any(map(is_closing, batch.events))
    lines = lines_of(world, batch.transfers)
    lines = summed(lines) if closes else lines
    with connections[using].cursor() as cursor:
        cursor.execute(_NUMBERS, [head.transfers, row.transfers])
        got = np.array(cursor.fetchall(), dtype=np.int64).reshape(-1, len(_FIELDS))
    expected = (lines.source, lines.target, lines.amount, lines.used, *(lines.others[name] for name in COPIED))
    yield from _columns_differ("transfers", number, dict(zip(_FIELDS, zip(expected, got.T, strict=True), strict=True)))
    yield from _names_differ(using, batch)
    run = models.Run.objects.using(using).filter(batch=number).first()
    if closes != (run is not None):
        yield Difference("runs", number, 0, "run", *(("one", "none") if closes else ("none", "one")))
    if run is not None:
        transfers, forfeits = read_segment(journal, Segment(run.segment, run.digest))
        yield from _rows_differ("segment", number, batch.transfers, transfers)
        yield from _rows_differ("segment's forfeits", number, batch.forfeits, forfeits)
    for field, (one, other) in {
        "day": (batch.day, row.day), "plan": (batch.plans[-1], row.plan_id),
        "previous": (head.hash.hex(), bytes(row.previous).hex()),
        "hash": (batch_hash(head.hash, batch).hex(), bytes(row.hash).hex()),
        "events": (head.events + len(batch.events), row.events),
        "transfers": (head.transfers + len(lines.amount), row.transfers),
    }.items():  # fmt: skip
        if one != other:
            yield Difference("batches", number, 0, field, str(one), str(other))
    changes = changes_of(lines)
    balances.update(dict(zip(changes.account.tolist(), changes.amount.tolist(), strict=True)))


def _of_the_end(using: str, head: Head, balances: Counter[int]) -> Iterator[Difference]:
    """Where balances are not the sums of all lines, or the inbox does not know an event of the log."""
    got = dict(models.Balance.objects.using(using).values_list("account", "amount"))
    for account in sorted(balances.keys() | got.keys()):
        if balances.get(account) != got.get(account):
            told = str(balances.get(account)), str(got.get(account))
            yield Difference("balances", -1, account, "amount", *told)
    decided = models.Inbox.objects.using(using).filter(event__isnull=False).order_by("event")
    for place, number in enumerate(decided.values_list("event", flat=True).iterator()):
        if number != place:
            yield Difference("inbox", -1, place, "event", str(place), str(number))
            return
    if decided.count() != head.events:
        yield Difference("inbox", -1, decided.count(), "events", str(head.events), str(decided.count()))


def _names_differ(using: str, batch: Batch) -> Iterator[Difference]:
    """Where the names that a batch has brought are not those that the database has of it."""
    rows = models.Name.objects.using(using).filter(batch=batch.number).order_by("kind", "number")
    got = list(rows.values_list("kind", "name"))
    expected = [(kind, name) for kind, table in enumerate(NAME_TABLES) for name in batch.names.get(table, ())]
    for place, (one, other) in enumerate(zip_longest(expected, got)):
        if one != other:
            yield Difference("names", batch.number, place, "name", str(one), str(other))
            return


def _rows_differ(where: str, batch: int, expected: Rows, got: Rows) -> Iterator[Difference]:
    names = expected.dtype.names or ()
    yield from _columns_differ(where, batch, {name: (expected[name], got[name]) for name in names})


def _columns_differ(where: str, batch: int, columns: dict[str, tuple[Any, Any]]) -> Iterator[Difference]:
    """The first row that differs in a field, or the first one that only one side has."""
    one, other = next(iter(columns.values()))
    common = min(len(one), len(other))
    places = {name: int(np.argmax(unlike)) for name, (one, other) in columns.items()
              if np.any(unlike := np.not_equal(one[:common], other[:common]))}  # fmt: skip
    if places:
        name = min(places, key=places.__getitem__)
        yield Difference(where, batch, places[name], name, *(str(int(side[places[name]])) for side in columns[name]))
    elif len(one) != len(other):
        yield Difference(where, batch, common, "rows", str(len(one)), str(len(other)))
