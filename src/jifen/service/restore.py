"""A backup back into a database and a folder: all of it or nothing, and audited before anybody can trade on it.

The segments go into place first, and the database last, in one step: until then no run names them. So whoever is killed
in the middle leaves what was there before, and a few files that the next one takes for its own.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from django.core.management import call_command
from django.core.management.color import no_style
from django.db import DatabaseError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader

from jifen.batch.audit import Audit
from jifen.core.errors import InputError, Problem
from jifen.ledger.atomic import sync
from jifen.service.archive import Archive, Manifest, open_archive
from jifen.service.audit import audit
from jifen.service.backup import other_tables
from jifen.service.columns import quoted
from jifen.service.databases import migrate, open_database
from jifen.service.dump import kept_tables, read_table
from jifen.service.lease import is_held
from jifen.service.writer import JOURNAL

__all__ = ["Progress", "Restored", "restore"]

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is, and how much there is."""

_STAGE = ".restoring"


@dataclass(frozen=True, slots=True)
class Restored:
    """What has been restored, and what its audit found."""

    manifest: Manifest
    audit: Audit
    seconds: float
    aside: list[str]
    """Where what was there before is now: files and folders, or the schema of a database."""


def restore(
    path: Path,
    folder: Path,
    using: str = "default",
    *,
    replace: bool = False,
    progress: Progress = lambda what, done, count: None,
) -> Restored:
    """Restore a backup into an empty database and the shop's own folder; it is verified before anything is written.

    Where there is a shop, ``replace`` moves it aside, and nothing is deleted. ``InputError`` for a file that cannot be
    used, a place that is not empty, a writer that lives, and a backup in which an audit finds a difference.
    """
    start, stamp = time.perf_counter(), f"{datetime.now(UTC):%Y%m%d%H%M%S}"
    sqlite, aside = connections[using].vendor == "sqlite", list[str]()
    with open_archive(path, lambda done, count: progress("verifying", done, count)) as archive:
        _check_known(archive.manifest, path)
        database = (_file if sqlite else _schema)(using, archive.manifest, stamp, aside, replace=replace)
        with database as alias, _journal(archive, folder, stamp, aside, replace=replace) as (journal, others):
            _load(archive, alias, path, progress)
            found = audit(journal, alias, lambda done, count: progress("auditing", done, count))
            if not found.sound:
                raise _unsound(path, f"an audit of it finds: {found.difference or found.problems[0]}")
    for other in others:
        other.unlink()
    return Restored(archive.manifest, found, time.perf_counter() - start, aside)


def _check_known(manifest: Manifest, path: Path) -> None:
    """Every state of tables that it has is known here."""
    known = MigrationLoader(None).disk_migrations
    if unknown := [name for app, name in manifest.migrations if (app, name) not in known]:
        message = f"release {manifest.release} made it, with tables of {unknown[0]}, which this release does not know"
        raise InputError(Problem("newer_backup", message, "restore it with that release or a later one", str(path)))


# -- The database ----------------------------------------------------------------------------------------------------


@contextmanager
def _file(using: str, manifest: Manifest, stamp: str, aside: list[str], *, replace: bool) -> Iterator[str]:
    """A new file of SQLite, known by the alias that is given; it takes its place when the block ends."""
    path = Path(connections[using].settings_dict["NAME"]).absolute()
    there = path.exists() and path.stat().st_size > 0
    if there:
        _check_replaceable(using, str(path), replace=replace)
    connections[using].close()
    if path.with_name(f"{path.name}-wal").exists():
        message, remedy = "another process has this database open", "stop it first"
        raise InputError(Problem("writer_alive", message, remedy, str(path)))
    with _staged(path.with_name(f".{path.name}{_STAGE}")) as stage:
        alias, file = f"{using} restored", stage / path.name
        open_database(alias, f"sqlite:///{quote(str(file))}")
        try:
            yield alias
        finally:
            connections[alias].close()  # the last one to go writes all of the log into the file
            del connections[alias]
            connections.settings.pop(alias)
        sync(file)
        if there:
            kept = path.with_name(f"{path.name}.before-{stamp}")
            os.link(path, kept)
            aside.append(str(kept))
        file.rename(path)
        sync(path.parent)


@contextmanager
def _schema(using: str, manifest: Manifest, stamp: str, aside: list[str], *, replace: bool) -> Iterator[str]:
    """The database of PostgreSQL itself, in one transaction that is committed when the block ends."""
    connection = connections[using]
    with transaction.atomic(using=using):
        loader = MigrationLoader(connection)
        if loader.applied_migrations:
            _check_replaceable(using, str(connection.settings_dict["NAME"]), replace=replace)
            applied = set(loader.applied_migrations)
            if replace:
                aside.append(_rename_schema(connection, stamp))
            elif not applied <= _needed(loader, manifest):
                raise other_tables()
        yield using


def _needed(loader: MigrationLoader, manifest: Manifest) -> set[tuple[str, str]]:
    """The migrations that have been applied when the tables are those of a backup."""
    return {key for leaf in manifest.migrations for key in loader.graph.forwards_plan(leaf)}


def _rename_schema(connection: BaseDatabaseWrapper, stamp: str) -> str:
    """Put all tables under another name, with an empty schema in their place; returns that name."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        schema, aside = cursor.fetchone()[0], f"before_{stamp}"
        cursor.execute(f"ALTER SCHEMA {quoted(schema)} RENAME TO {aside}")
        cursor.execute(f"CREATE SCHEMA {quoted(schema)}")
    return aside


def _check_replaceable(using: str, place: str, *, replace: bool) -> None:
    """A database that has tables is without a shop, or is to be replaced and nobody writes it."""
    connection = connections[using]
    tables = connection.introspection.table_names()
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM shop" if "shop" in tables else "SELECT 0")
        shops = cursor.fetchone()[0]
    if shops and not replace:
        remedy = "restore into an empty one, or move it aside with --replace"
        raise InputError(Problem("shop_exists", "there is a shop in this database", remedy, place))
    if "lease" in tables and is_held(using):
        raise InputError(Problem("writer_alive", "a writer of this shop is running", "stop it first", place))


def _load(archive: Archive, using: str, path: Path, progress: Progress) -> None:
    """Fill tables as they were then, and bring them to this release."""
    manifest, done = archive.manifest, 0
    count = sum(member.rows for member in manifest.members)

    def advance(rows: int) -> None:
        nonlocal done
        done += rows
        progress("filling tables", done, count)

    for app, name in manifest.migrations:
        call_command("migrate", app, name, database=using, verbosity=0, interactive=False)
    try:
        with transaction.atomic(using=using), _unguarded(connections[using]):
            for member in archive.of("tables"):
                read_table(connections[using], Path(member.name).stem, archive.open(member), advance)
    except DatabaseError as error:
        raise _unsound(path, f"the database refuses what is in it: {str(error).splitlines()[0]}") from error
    migrate(using)
    with connections[using].cursor() as cursor:
        for statement in connections[using].ops.sequence_reset_sql(no_style(), kept_tables()):
            cursor.execute(statement)


def _unsound(path: Path, message: str) -> InputError:
    return InputError(Problem("unsound_backup", message, "take another one", str(path)))


@contextmanager
def _unguarded(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Let rows be written that belong to no open batch, inside of a transaction; the guards stand again at its end."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            guards = cursor.fetchall()
            for name, _ in guards:
                cursor.execute(f"DROP TRIGGER {quoted(name)}")
            yield
            for _, statement in guards:
                cursor.execute(statement)
            return
        cursor.execute(
            "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
            " WHERE NOT tgisinternal AND relnamespace = current_schema()::regnamespace"
        )
        tables = [table for (table,) in cursor.fetchall()]
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")  # a table may be filled before the one that it refers to
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # keys are looked at now: a table that waits cannot be altered
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


# -- The folder ------------------------------------------------------------------------------------------------------


@contextmanager
def _journal(
    archive: Archive, folder: Path, stamp: str, aside: list[str], *, replace: bool
) -> Iterator[tuple[Path, list[Path]]]:
    """The segments of the journal on disk, for the block to read; they go into the shop's own when it ends.

    What else is in that is given as well: it is known by another name then, and may go when the database is restored.
    """
    journal = folder / JOURNAL
    with _staged(folder / _STAGE) as staged:
        for member in archive.of("journal"):
            target = staged / Path(member.name).name
            with target.open("wb") as file:
                shutil.copyfileobj(archive.open(member), file)
            sync(target)
        others = [path for path in sorted(journal.glob("*")) if not _same(path, staged / path.name)]
        if others and not replace:
            remedy = "restore into an empty folder, or move it aside with --replace"
            raise InputError(Problem("target_exists", "there is another journal", remedy, str(journal)))
        yield staged, [path for path in others if not (staged / path.name).exists()]
        if others:
            _keep(others, journal.with_name(f"{JOURNAL}.before-{stamp}"), aside)
        journal.mkdir(exist_ok=True)
        for path in list(staged.iterdir()):
            path.rename(journal / path.name)
        sync(journal)
        sync(folder)


def _same(path: Path, other: Path) -> bool:
    """Whether a file is what a restore that was killed may have left of this one."""
    return other.is_file() and path.is_file() and path.read_bytes() == other.read_bytes()


def _keep(paths: Sequence[Path], folder: Path, aside: list[str]) -> None:
    """Give files a second name in a folder: what has two may lose one."""
    folder.mkdir()
    for path in paths:
        os.link(path, folder / path.name)
    sync(folder)
    aside.append(str(folder))


@contextmanager
def _staged(stage: Path) -> Iterator[Path]:
    """An empty folder to make things in, gone when the block ends; the next one empties what a dead process left."""
    stage.mkdir(parents=True, exist_ok=True)
    lock = os.open(stage, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for path in stage.iterdir():
            path.unlink()
        yield stage
        shutil.rmtree(stage)
    except BlockingIOError as error:
        raise InputError(Problem("target_in_use", "another restore is running", "wait for it", str(stage))) from error
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise
    finally:
        os.close(lock)
