"""The world as the log says it is: from the newest snapshot, or from nothing, and what came after it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jifen.batch.event_text import parse_event
from jifen.core.errors import InputError, Problem, ensure
from jifen.engine import SEMANTICS_REVISION, World, apply
from jifen.engine.apply import apply_log
from jifen.engine.events import Event
from jifen.engine.log import Log
from jifen.engine.snapshot import load_world, save_world
from jifen.engine.world import name_tables
from jifen.ledger.chain import GENESIS, Batch, batch_hash
from jifen.ledger.journal import Refusal
from jifen.plan.text import parse_plan
from jifen.service import models

__all__ = ["Head", "applied", "newest_snapshot", "recover", "replayed", "save_snapshot", "started"]

_SNAPSHOT = re.compile(r"batch-(\d{9,})-([0-9a-f]{64})")
_KEPT = 2
"""Snapshots that are kept: the newest one, and one more should that be damaged."""


@dataclass(slots=True)
class Head:
    """Where the log ends."""

    number: int = -1
    """Of the last batch."""
    hash: bytes = GENESIS
    cursor: int = 0
    events: int = 0
    transfers: int = 0


def recover(using: str, folder: Path | None = None) -> tuple[World, Head]:
    """Load the newest good snapshot in ``folder`` and replay what the log has after it; each hash is compared.

    ``InputError`` for a database without a shop, and for a log from which something else follows than it says.
    """
    found = _snapshot(using, folder) if folder is not None and folder.is_dir() else None
    world, head = found or (started(using), Head())
    for row in models.Batch.objects.using(using).filter(number__gt=head.number).order_by("number").iterator():
        _replay(using, world, head, row)
    return world, head


def started(using: str) -> World:
    """The world of a shop before its first event; ``InputError`` for a database without a shop."""
    shop = models.Shop.objects.using(using).select_related("plan").first()
    if shop is None:
        raise InputError(Problem("no_shop", "this database has no shop", "create one"))
    return World(parse_plan(shop.plan.content, using), shop.first_day, receipts=shop.receipts)


def save_snapshot(world: World, head: Head, folder: Path) -> Path:
    """Keep the world after the last batch, and let older snapshots go."""
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / f"batch-{head.number:09d}-{head.hash.hex()}"
    save_world(world, made)
    for old in _snapshots(folder)[:-_KEPT]:
        for file in old.iterdir():
            file.unlink()
        old.rmdir()
    return made


def applied(world: World, head: Head, events: Sequence[Event] | Log, texts: Sequence[str]) -> Batch:
    """Apply events as the next batch; ``texts`` are theirs, and the batch has those of the accepted ones."""
    known = {table: len(names) if head.number >= 0 else 0 for table, names in name_tables(world).items()}
    day, journal = world.open_day, apply_log(world, events) if isinstance(events, Log) else apply(world, events)
    if journal.refusals:
        refused = {refusal.event for refusal in journal.refusals}
        ids = events.ids if isinstance(events, Log) else [event.id for event in events]
        texts = [text for each, text in zip(ids, texts, strict=True) if each not in refused]
    ensure(len(texts) == journal.accepted, f"{journal.accepted} events were accepted, not {len(texts)}")
    return Batch(
        number=head.number + 1,
        day=day,
        revision=SEMANTICS_REVISION,
        plans=tuple(program.plan.digest for program in world.programs),
        events=texts,
        transfers=journal.transfers,
        forfeits=journal.forfeits,
        refusals=journal.refusals,
        names={table: names[known[table] :] for table, names in name_tables(world).items()},
    )


def _snapshots(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if _SNAPSHOT.fullmatch(path.name))


def newest_snapshot(using: str, folder: Path) -> Path | None:
    """The newest snapshot in a folder that stands on this log, be it damaged; ``None`` where there is none."""
    return next((path for path, _ in _standing_on(using, folder)), None) if folder.is_dir() else None


def _standing_on(using: str, folder: Path) -> Iterator[tuple[Path, models.Batch]]:
    """The snapshots of this log, the newest first, each with its batch."""
    for path in reversed(_snapshots(folder)):
        number, digest = _SNAPSHOT.fullmatch(path.name).groups()  # type: ignore[union-attr]
        row = models.Batch.objects.using(using).filter(number=int(number)).first()
        if row is not None and bytes(row.hash).hex() == digest:
            yield path, row


def _snapshot(using: str, folder: Path) -> tuple[World, Head] | None:
    """The newest snapshot that is whole and stands on this log."""
    for path, row in _standing_on(using, folder):
        try:
            return load_world(path), _head(row)
        except InputError:
            continue  # it is made again from the log
    return None


def _head(row: models.Batch) -> Head:
    return Head(row.number, bytes(row.hash), row.cursor, row.events, row.transfers)


def replayed(using: str, world: World, head: Head, row: models.Batch) -> Batch:
    """Apply a batch of the log again: what it should be, with the refusals that the inbox has of it."""
    rows = models.Event.objects.using(using).filter(number__gte=head.events, number__lt=row.events).order_by("number")
    texts = list(rows.values_list("content", flat=True))
    refused = models.Inbox.objects.using(using).filter(batch=row.number).exclude(code="").order_by("id")
    batch = applied(world, head, [parse_event(text) for text in texts], texts)
    refusals = tuple(Refusal(*each) for each in refused.values_list("key", "code", "message"))
    return replace(batch, revision=row.revision, refusals=refusals)


def _replay(using: str, world: World, head: Head, row: models.Batch) -> None:
    """Apply one batch of the log again, which has the hash that the log says."""
    if batch_hash(head.hash, replayed(using, world, head, row)) != bytes(row.hash):
        message = f"batch {row.number} does not follow from its events"
        raise InputError(Problem("log_differs", message, "restore the database from a backup"))
    head.number, head.hash, head.cursor = row.number, bytes(row.hash), row.cursor
    head.events, head.transfers = row.events, row.transfers
