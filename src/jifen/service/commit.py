"""One batch into the database, in one transaction: the log, the books, what became of the inbox, and the seal."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.db import connections

from jifen.engine import World
from jifen.ledger.chain import NAME_TABLES, Batch, batch_hash
from jifen.plan.text import plan_text
from jifen.service import models
from jifen.service.changes import changes_in
from jifen.service.columns import Fields, insert
from jifen.service.content import is_activation, is_closing
from jifen.service.coverage import coverage_row
from jifen.service.lines import Changes, Lines, changes_of, lines_of, summed
from jifen.service.recovery import Head
from jifen.service.segments import Segment, write_segment

__all__ = ["Asked", "Made", "make", "write_batch"]

Asked = Sequence[tuple[int, str]]
"""Lines of the inbox: the number and the key of each, in order."""

_STAGED = "changed"
"""The temporary table through which balances are changed all at once."""
_CHANGE = (
    f"UPDATE balance SET previous = balance.amount, amount = balance.amount + {_STAGED}.amount, batch = %s"
    f" FROM {_STAGED} WHERE balance.account = +{_STAGED}.account"
)
"""The sign keeps SQLite from going through all balances, and looking each up among those that change."""
_ADD = (
    f"INSERT INTO balance (account, amount, previous, batch) SELECT account, amount, 0, %s FROM {_STAGED}"
    f" WHERE NOT EXISTS (SELECT 1 FROM balance WHERE balance.account = {_STAGED}.account) ORDER BY account"
)


@dataclass(frozen=True, slots=True)
class Made:
    """A batch with all that is computed of it before its transaction begins."""

    batch: Batch
    lines: Lines
    hash: bytes
    segment: Segment | None
    """Of the close of a day; it is on the disk already."""


def make(world: World, head: Head, batch: Batch, journal: Path) -> Made:
    """Compute what a batch that the world has just made writes into the database; ``journal`` is the folder."""
    lines, digest = lines_of(world, batch.transfers), batch_hash(head.hash, batch)
    if not any(map(is_closing, batch.events)):
        return Made(batch, lines, digest, None)
    return Made(batch, summed(lines), digest, write_segment(journal, digest, batch))


def write_batch(using: str, world: World, head: Head, made: Made, asked: Asked) -> Head:
    """Write a batch, inside of the transaction that is open; returns the new end."""
    connection, batch, lines = connections[using], made.batch, made.lines
    number, moved = batch.number, len(lines.amount)
    after = Head(number, made.hash, asked[-1][0], head.events + len(batch.events), head.transfers + moved)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO opening (batch) VALUES (%s)", [number])
    numbers = np.arange(head.events, after.events)
    insert(connection, "event", {"number": numbers, "batch": number, "content": list(batch.events)}, len(numbers))
    fields: Fields = {
        "number": np.arange(head.transfers, after.transfers), "batch": number,
        "source": lines.source, "target": lines.target, "amount": lines.amount, "used": lines.used, **lines.others,
    }  # fmt: skip
    insert(connection, "transfer", fields, moved)
    _write_names(using, world, batch)
    _change_balances(using, changes_of(lines), number)
    _decide(using, batch, asked, head.events)
    if any(map(is_activation, batch.events)):
        _keep_plans(using, world)
    models.PlanChange.objects.using(using).bulk_create(changes_in(batch, head.events))
    if any(map(is_closing, batch.events)):
        coverage_row(using, world, batch.day, number, after.transfers).save(using=using, force_insert=True)
    if made.segment is not None:
        models.Run.objects.using(using).create(
            day=batch.day, batch_id=number, segment=made.segment.name, digest=made.segment.digest
        )
    models.Batch.objects.using(using).create(
        number=number, day=batch.day, revision=batch.revision, plan_id=batch.plans[-1], cursor=after.cursor,
        events=after.events, transfers=after.transfers, previous=head.hash, hash=after.hash,
    )  # fmt: skip
    return after


def _keep_plans(using: str, world: World) -> None:
    """Keep the plan versions that have been activated."""
    for program in world.programs:
        models.PlanVersion.objects.using(using).get_or_create(
            digest=program.plan.digest, defaults={"content": plan_text(program.plan)}
        )


def _write_names(using: str, world: World, batch: Batch) -> None:
    """Keep the names that are new."""
    counts = {
        "asset": len(world.assets), "member": len(world.member_ids), "order": len(world.order_ids),
        "pool": len(world.pools), "rule": len(world.rule_names), "store": len(world.stores),
    }  # fmt: skip
    kinds: list[int] = []
    numbers: list[int] = []
    names: list[str] = []
    for table, new in batch.names.items():
        first = counts[table] - len(new)
        kinds += [NAME_TABLES.index(table)] * len(new)
        numbers += range(first, first + len(new))
        names += new
    fields: Fields = {"kind": kinds, "number": numbers, "name": names, "batch": batch.number}
    insert(connections[using], "name", fields, len(names))


def _change_balances(using: str, changes: Changes, number: int) -> None:
    """Touch each balance once, in the order of the accounts."""
    connection = connections[using]
    sqlite = connection.vendor == "sqlite"
    key = "integer" if sqlite else "bigint"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE IF NOT EXISTS {_STAGED} (account {key} PRIMARY KEY, amount bigint)")
        cursor.execute(f"DELETE FROM {_STAGED}" if sqlite else f"TRUNCATE {_STAGED}")
        insert(connection, _STAGED, changes._asdict(), len(changes.account))
        if not sqlite:  # which takes the table for as large as it was in a close, and reads all balances
            cursor.execute(f"ANALYZE {_STAGED}")
        cursor.execute(_CHANGE, [number])
        if cursor.rowcount < len(changes.account):
            cursor.execute(_ADD, [number])


def _decide(using: str, batch: Batch, asked: Asked, first: int) -> None:
    """Say in the inbox what became of each line."""
    refused = {refusal.event: refusal for refusal in batch.refusals}
    accepted = [line for line, key in asked if key not in refused]
    rows = [(batch.number, refused[key].code, refused[key].message, line) for line, key in asked if key in refused]
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "UPDATE inbox SET batch = %s, event = %s + accepted.place - 1"
                " FROM unnest(%s::bigint[]) WITH ORDINALITY AS accepted(id, place) WHERE inbox.id = accepted.id"
                " AND inbox.id BETWEEN %s AND %s",
                [batch.number, first, f"{{{','.join(map(str, accepted))}}}", asked[0][0], asked[-1][0]],
            )
        else:
            cursor.executemany(
                "UPDATE inbox SET batch = %s, event = %s WHERE id = %s",
                [(batch.number, first + place, line) for place, line in enumerate(accepted)],
            )
        if rows:
            cursor.executemany("UPDATE inbox SET batch = %s, code = %s, message = %s WHERE id = %s", rows)
