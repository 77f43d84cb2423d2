"""What the doctor looks at in the database of a shop and in its folder."""

import hashlib
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connections
from django.db.migrations.executor import MigrationExecutor

from jifen.core.days import shop_zone
from jifen.core.errors import InputError
from jifen.core.micros import format_micros
from jifen.engine.snapshot import load_world
from jifen.service import guards, models
from jifen.service.closing import days_due, progress
from jifen.service.finding import Finding, Level
from jifen.service.lease import is_held
from jifen.service.members.models import Account
from jifen.service.vault import opened
from jifen.service.wallets.following import behind, difference
from jifen.service.writer import JOURNAL, SNAPSHOTS

__all__ = ["shop_findings"]

_PILED_UP = 10_000
"""Events that wait: more than a writer leaves behind for long."""
_APART = 60
"""Seconds by which two clocks may differ."""
_PIECE = 1 << 20
_MADE = re.compile(r"CREATE (?:OR REPLACE )?(TRIGGER|FUNCTION) (\w+)")
_WHEN = re.compile(r"(?<=BEFORE |.AFTER )(\w+(?: OR \w+)*)(?= ON )")
_RESTORE = "restore the shop from a backup"


def shop_findings(folder: Path, using: str, *, deep: bool = False) -> Iterator[Finding]:
    """Look at the database, its tables and guards, and if there is a shop at all that belongs to it."""
    connection = connections[using]
    path = Path(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite" and not path.exists():
        yield Finding("database", "error", f"{path} is not there", "create a shop, or restore a backup")
        return
    try:
        yield from _database(using, deep=deep)
        executor = MigrationExecutor(connection)
        if missing := executor.migration_plan(executor.loader.graph.leaf_nodes()):
            told = ", ".join(migration.name for migration, _ in missing)
            yield Finding("tables", "error", f"they are not those of this release: {told} not applied", "migrate")
            return
        yield Finding("tables", "ok", "those of this release")
        yield _guards(using)
        shop = models.Shop.objects.using(using).first()
        if shop is None:
            yield Finding("shop", "error", "the database has no shop", "create one, or restore a backup")
            return
        yield Finding("shop", "ok", f"{'live' if shop.live else 'a sandbox'}, in {shop.zone}")
        yield from _at_work(using, shop)
        yield from _journal(folder / JOURNAL, using, deep=deep)
        yield _snapshot(folder / SNAPSHOTS, using)
        yield _seals(shop, using)
        yield _withdrawals(using)
    except (DatabaseError, InterfaceError) as error:
        message = f"it does not answer: {str(error).splitlines()[0]}"
        yield Finding("database", "error", message, "see whether it runs, and JIFEN_DATABASE_URL")


# -- The database ----------------------------------------------------------------------------------------------------


def _database(using: str, *, deep: bool) -> Iterator[Finding]:
    """What it is, and whether what is committed is on the disk."""
    connection = connections[using]
    connection.ensure_connection()
    numbers = ".".join(map(str, connection.get_database_version()))
    yield Finding("database", "ok", f"{connection.display_name} {numbers} answers")
    if connection.vendor == "sqlite":
        wanted = {"journal_mode": ("wal", "PRAGMA journal_mode=WAL"), "synchronous": ("2", "see JIFEN_DATABASE_URL")}
        asked = "PRAGMA"
    else:
        wanted = {name: ("on", f"set {name} to on") for name in ("fsync", "synchronous_commit", "full_page_writes")}
        asked = "SHOW"
    wrong = [(name, remedy) for name, (value, remedy) in wanted.items() if _told(using, f"{asked} {name}") != value]
    if wrong:
        told = ", ".join(f"{name} is {_told(using, f'{asked} {name}')}" for name, _ in wrong)
        message = f"{told}: what is committed may be lost when the power goes"
        yield Finding("durability", "error", message, ", ".join(remedy for _, remedy in wrong))
    else:
        yield Finding("durability", "ok", ", ".join(f"{name} {value}" for name, (value, _) in wanted.items()))
    if connection.vendor == "sqlite":
        yield _file(Path(connection.settings_dict["NAME"]))
    if connection.vendor == "sqlite" and deep:
        told = _told(using, "PRAGMA quick_check")
        yield Finding("file", *(("ok", "every page is sound") if told == "ok" else ("error", told, _RESTORE)))


def _told(using: str, question: str) -> str:
    """The one value that is the answer."""
    with connections[using].cursor() as cursor:
        cursor.execute(question)
        return str(cursor.fetchone()[0])


def _file(path: Path) -> Finding:
    mode = path.stat().st_mode
    if mode & 0o002:
        return Finding("file", "error", f"everybody may write {path}", f"chmod o-rwx {path}")
    if mode & 0o004 and path.parent.stat().st_mode & 0o001:
        return Finding("file", "warning", f"everybody may read {path}", f"chmod o-rwx {path}")
    return Finding("file", "ok", f"{path} is the shop's own")


def _guards(using: str) -> Finding:
    """Whether what ``guards`` makes is there, and as it makes it."""
    sqlite = connections[using].vendor == "sqlite"
    wanted = _wanted(guards.SQLITE if sqlite else guards.POSTGRESQL)
    found = _found_sqlite(using) if sqlite else _found_postgresql(using)
    missing = sorted(name for _, name in wanted.keys() - found.keys())
    altered = sorted({name for (kind, name), text in wanted.items() if found.get((kind, name), text) != text})
    if not missing and not altered:
        return Finding("guards", "ok", f"all {sum(kind == 'TRIGGER' for kind, _ in wanted)} in force")
    told = [f"{what}: {', '.join(names)}" for what, names in (("missing", missing), ("altered", altered)) if names]
    remedy = "audit the shop, make a backup and restore it: that brings them back"
    return Finding("guards", "error", "the database does not refuse wrong books; " + "; ".join(told), remedy)


_Guards = dict[tuple[str, str], str]
"""By kind and name the text of a trigger, or of what its function does."""


def _wanted(statements: tuple[str, ...]) -> _Guards:
    return {
        (made[1], made[2]): _written(statement)
        for statement in statements
        if (made := _MADE.match(statement)) is not None
    }


def _written(statement: str) -> str:
    """A statement as either side would write it: a function's body, or a trigger with its events in one order."""
    body = statement.partition("$$")[2].rpartition("$$")[0] or statement
    return _WHEN.sub(lambda found: " OR ".join(sorted(found[1].split(" OR "))), " ".join(body.split()))


def _found_sqlite(using: str) -> _Guards:
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        return {("TRIGGER", name): _written(statement) for name, statement in cursor.fetchall()}


def _found_postgresql(using: str) -> _Guards:
    """Triggers that are switched on, and the functions that they call."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT tgname, pg_get_triggerdef(pg_trigger.oid, true), proname, prosrc, tgenabled::text FROM pg_trigger"
            " JOIN pg_proc ON pg_proc.oid = tgfoid JOIN pg_class ON pg_class.oid = tgrelid"
            " WHERE NOT tgisinternal AND relnamespace = current_schema()::regnamespace"
        )
        rows = cursor.fetchall()
    triggers = {("TRIGGER", name): _written(text) for name, text, _, _, on in rows if on in "OA"}
    return triggers | {("FUNCTION", function): _written(f"$${body}$$") for _, _, function, body, _ in rows}


# -- The shop --------------------------------------------------------------------------------------------------------


def _at_work(using: str, shop: models.Shop) -> Iterator[Finding]:
    """The writer, the closes, the inbox and the clocks."""
    now = datetime.now(UTC)
    alive = is_held(using)
    waiting = models.Inbox.objects.using(using).filter(batch=None).count()
    told = f"{waiting:,} {'event waits' if waiting == 1 else 'events wait'}"
    if alive:
        yield Finding("writer", "ok", "it lives")
    else:
        yield Finding(
            "writer", "error" if waiting else "warning", "there is none", "start `jifen serve` or `jifen worker`"
        )
    if waiting > _PILED_UP:
        yield Finding("inbox", "warning", told, "see what the writer says in its log")
    else:
        yield Finding("inbox", "ok", told)
    days, closes = days_due(now, using=using), progress(now, using=using)
    if closes.due:
        level: Level = "warning" if closes.due == 1 else "error"
        message = f"{closes.due} {'day has' if closes.due == 1 else 'days have'} ended and is not closed"
        message = message if closes.due == 1 else message.replace("is not", "are not")
        yield Finding("closes", level, message, closes.doing or "start `jifen serve`, or ask with `jifen close`")
    else:
        yield Finding("closes", "ok", "none is overdue")
    today = now.astimezone(shop_zone(shop.zone)).toordinal()
    if days.start > today:
        message = f"day {days.start} is open, and this machine thinks that it is {today}"
        remedy = "set the clock" if shop.live else "set the clock, unless days of this sandbox were closed ahead of it"
        yield Finding("clock", "error" if shop.live else "warning", message, remedy)
    elif abs(apart := _clocks_apart(using)) > _APART:
        yield Finding("clock", "error", f"it is {apart:.0f} s ahead of the database's", "set both by one source")
    else:
        yield Finding("clock", "ok", f"it is {now.astimezone(shop_zone(shop.zone)):%H:%M} in {shop.zone}")


def _clocks_apart(using: str) -> float:
    """Seconds by which this machine's clock is ahead of the database's."""
    if connections[using].vendor == "sqlite":
        return 0.0
    return time.time() - float(_told(using, "SELECT EXTRACT(EPOCH FROM clock_timestamp())"))


def _journal(folder: Path, using: str, *, deep: bool) -> Iterator[Finding]:
    """The segments that runs name, and the files that none names."""
    runs = dict(models.Run.objects.using(using).values_list("segment", "digest"))
    present = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    missing = sorted(runs.keys() - present)
    changed = sorted(name for name in runs.keys() & present if deep and _digest(folder / name) != runs[name])
    for what, names in (("missing", missing), ("not what was written", changed)):
        if names:
            message = f"{len(names):,} of {len(runs):,} {what}, first {names[0]}"
            yield Finding("journal", "error", message, "restore the journal from a backup")
    if not missing and not changed:
        yield Finding("journal", "ok", f"{len(runs):,} closes{', each with its SHA-256' if deep else ''}")
    if (orphans := sorted(present - runs.keys())) and not is_held(using):
        message = f"{len(orphans):,} that no close names, first {orphans[0]}"
        yield Finding("journal", "warning", message, "the next writer removes them")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _snapshot(folder: Path, using: str) -> Finding:
    """Whether the newest one can be loaded, and how many batches came after it."""
    last = models.Batch.objects.using(using).order_by("-number").first()
    kept = sorted(path for path in folder.glob("batch-*")) if folder.is_dir() else []
    remedy = "the next close makes one; until then a start takes longer"
    if last is None:
        return Finding("snapshot", "ok", "there is nothing to keep yet")
    if not kept:
        return Finding("snapshot", "warning", "there is none", remedy)
    _, number, digest = kept[-1].name.split("-")
    row = models.Batch.objects.using(using).filter(number=int(number)).first()
    if row is None or bytes(row.hash).hex() != digest:
        return Finding("snapshot", "warning", f"{kept[-1].name[:15]} does not stand on this log", remedy)
    try:
        load_world(kept[-1])
    except InputError as error:
        return Finding("snapshot", "warning", str(error.problems[0].message), remedy)
    return Finding("snapshot", "ok", f"of batch {row.number:,}, {last.number - row.number:,} before the last one")


def _seals(shop: models.Shop, using: str) -> Finding:
    """Whether the keys of this process open what was sealed, and where they are."""
    sealed = Account.objects.using(using).exclude(phone=b"").values_list("phone", flat=True).order_by("id")
    for token in (sealed.first(), sealed.last()):
        try:
            if token is not None:
                opened(bytes(token))
        except InputError as error:
            return Finding("personal data", "error", error.problems[0].message, error.problems[0].remedy)
    if shop.live and not settings.SETTINGS.data_key:
        message = "the key that opens it lies beside it, in data.key"
        return Finding("personal data", "warning", message, "set JIFEN_DATA_KEY, and keep the key elsewhere too")
    return Finding("personal data", "ok", "nothing is sealed yet" if sealed.first() is None else "the keys open it")


def _withdrawals(using: str) -> Finding:
    """Whether withdrawals have set aside what the books say, once their table has caught up with the log."""
    apart = difference(using)
    if not apart:
        return Finding("withdrawals", "ok", "what they have set aside is what the books have")
    if behind(using):
        return Finding(
            "withdrawals", "warning", "their table is behind the log", "start `jifen serve` or `jifen worker`"
        )
    told = ", ".join(f"{format_micros(amount, 2)} {asset}" for asset, amount in sorted(apart.items()))
    return Finding("withdrawals", "error", f"their table has set aside what the books have not: {told}", _RESTORE)
