"""A backup of a shop while it trades: its tables as of one moment, and the journal of its closes, in one file.

Segments never change, and are there before a run names them.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

from jifen import __version__
from jifen.core.errors import InputError, Problem
from jifen.ledger.chain import GENESIS
from jifen.service.archive import Packing, Progress, pack_archive
from jifen.service.columns import quoted
from jifen.service.databases import one_moment
from jifen.service.dump import kept_tables, write_table
from jifen.service.writer import JOURNAL

__all__ = ["Backup", "backup", "migrations_of", "other_tables"]


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup has become. ``batch`` is the last one in it, -1 for a shop without any; ``hash`` is its own."""

    path: Path
    size: int
    seconds: float
    batch: int
    hash: str
    rows: int
    segments: int


def backup(
    path: Path,
    folder: Path,
    using: str = "default",
    *,
    force: bool = False,
    progress: Progress = lambda done, count: None,
) -> Backup:
    """Write a backup of a shop into a file: whole, or not at all.

    ``folder`` is the shop's own; ``progress`` is called with rows done and in all. ``InputError`` where there is no
    shop, tables of another release, a segment that is not what was written, or, without ``force``, a file already.
    """
    start = time.perf_counter()
    if path.exists() and not force:
        raise InputError(
            Problem("target_exists", "there is a file already", "choose another name, or --force", str(path))
        )
    path.absolute().parent.mkdir(parents=True, exist_ok=True)
    with one_moment(using) as moment:
        connection = connections[moment]
        migrations = migrations_of(connection)
        with pack_archive(path) as packing:
            batch, digest = _stands_at(connection)
            _pack_tables(packing, connection, path, progress)
            segments = _pack_journal(packing, connection, folder / JOURNAL)
            packing.finish(
                release=__version__, database=connection.vendor, migrations=migrations, batch=batch, hash=digest.hex()
            )
    rows = sum(member.rows for member in packing.members)
    return Backup(path, path.stat().st_size, time.perf_counter() - start, batch, digest.hex(), rows, segments)


def migrations_of(connection: BaseDatabaseWrapper) -> tuple[tuple[str, str], ...]:
    """The last migration of each application; ``InputError`` unless the tables are those of this release."""
    executor = MigrationExecutor(connection)
    leaves = executor.loader.graph.leaf_nodes()
    if executor.migration_plan(leaves):
        if not executor.loader.applied_migrations:
            raise InputError(Problem("no_shop", "this database has no shop", "create one"))
        raise other_tables()
    return tuple(leaves)


def other_tables() -> InputError:
    """The tables are not those of this release."""
    remedy = "use the release that made them, or migrate first"
    return InputError(Problem("not_migrated", "the database has not the tables of this release", remedy))


def _stands_at(connection: BaseDatabaseWrapper) -> tuple[int, bytes]:
    """The last batch and its hash, in a database with a shop."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM shop")
        if not cursor.fetchone()[0]:
            raise InputError(Problem("no_shop", "this database has no shop", "create one"))
        cursor.execute("SELECT number, hash FROM batch ORDER BY number DESC LIMIT 1")
        row = cursor.fetchone()
    return (row[0], bytes(row[1])) if row else (-1, GENESIS)


def _pack_tables(packing: Packing, connection: BaseDatabaseWrapper, path: Path, progress: Progress) -> None:
    """Add every table; for a moment each is a file on the backup's disk."""
    tables, done = kept_tables(), 0
    with connection.cursor() as cursor:
        counts = " + ".join(f"(SELECT COUNT(*) FROM {quoted(model._meta.db_table)})" for model in tables)
        cursor.execute(f"SELECT {counts}")
        count: int = cursor.fetchone()[0]

    def advance(rows: int) -> None:
        nonlocal done
        done += rows
        progress(done, count)

    for model in tables:
        with TemporaryFile(dir=path.absolute().parent) as file:  # it has no name, and is gone with this process
            rows = write_table(connection, model, file, advance)
            packing.add(f"tables/{model._meta.db_table}.parquet", file, rows)


def _pack_journal(packing: Packing, connection: BaseDatabaseWrapper, journal: Path) -> int:
    """Add the segments that runs name, in order; returns how many. Each must be what was written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT segment, digest FROM run ORDER BY day")
        segments = cursor.fetchall()
    for name, digest in segments:
        path = journal / name
        try:
            with path.open("rb") as file:
                added = packing.add(f"journal/{name}", file)
        except OSError as error:
            raise _bad_segment(path, f"it cannot be read: {error.strerror}") from error
        if added.sha256 != digest:
            raise _bad_segment(path, "it is not what was written: its SHA-256 differs")
    return len(segments)


def _bad_segment(path: Path, message: str) -> InputError:
    return InputError(Problem("bad_segment", message, "restore the journal from a backup", str(path)))
