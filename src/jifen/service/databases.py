"""Databases by alias: one shop is one database, and a process may have several open."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jifen.core.errors import InputError, Problem
from jifen.service.environment import database_of

__all__ = ["migrate", "one_moment", "open_database", "reach", "reach_shop", "start_django"]


_BEGIN = {
    "sqlite": ("BEGIN DEFERRED", "SELECT COUNT(*) FROM sqlite_master"),
    "postgresql": ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "SELECT 1"),
}
"""How a transaction that only reads begins; it is the first question that says of which moment it is."""


def start_django() -> None:
    """Make Django ready in a process that is not started by it; it does nothing where that is done."""
    import django
    from django.apps import apps

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jifen.service.settings")
    if not apps.ready:
        django.setup()


def open_database(alias: str, url: str) -> None:
    """Make the database at an address known by an alias; ``InputError`` if it is no address.

    A connection that this thread has by that alias leads to where the alias led before, so it is closed.
    """
    from django.db import connections

    described: dict[str, Any] = database_of(url)
    if described["ENGINE"].endswith("sqlite3"):
        Path(described["NAME"]).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if alias in connections.settings:
        connections[alias].close()
        del connections[alias]
    known = {**connections.settings, alias: described}
    connections.settings.update(connections.configure_settings(known))


def migrate(using: str = "default") -> None:
    """Bring a database to the tables of this release."""
    from django.core.management import call_command
    from django.db import connections

    if connections[using].vendor == "sqlite":
        # Readers and the writer do not wait for one another; the file remembers it.
        with connections[using].cursor() as cursor:
            cursor.execute("PRAGMA journal_mode=WAL")
    call_command("migrate", database=using, verbosity=0, interactive=False)


def reach(using: str = "default") -> None:
    """Connect to a database; ``InputError`` if it does not answer. A file that is not there is not made."""
    from django.db import DatabaseError, InterfaceError, connections

    connection = connections[using]
    if connection.vendor == "sqlite" and not Path(connection.settings_dict["NAME"]).exists():
        return
    try:
        connection.ensure_connection()
        connection.introspection.table_names()
    except (DatabaseError, InterfaceError) as error:
        message = f"the database does not answer: {str(error).splitlines()[0]}"
        raise InputError(Problem("no_database", message, "see whether it runs, and JIFEN_DATABASE_URL")) from error


def reach_shop(using: str = "default") -> None:
    """Connect to the database of a shop; ``InputError`` if it does not answer or has none."""
    from django.db import connections

    reach(using)
    name = connections[using].settings_dict["NAME"]
    there = connections[using].vendor != "sqlite" or Path(name).exists()
    if not there or "shop" not in connections[using].introspection.table_names():
        raise InputError(Problem("no_shop", "this database has no shop", "create one: jifen shop create"))


@contextmanager
def one_moment(using: str = "default") -> Iterator[str]:
    """Give an alias under which a database stays as it is now, for this thread, while others go on writing.

    It is a connection of its own in a transaction that only reads and stops nobody: on SQLite through the write-ahead
    log, on PostgreSQL by its isolation.
    """
    from django.db import connections

    alias = f"{using} at one moment"
    connections[alias] = connections[using].copy(alias)
    try:
        with connections[alias].cursor() as cursor:
            for statement in _BEGIN[connections[alias].vendor]:
                cursor.execute(statement)
        yield alias
    finally:
        connections[alias].close()
        del connections[alias]
