"""Databases by alias: one shop is one database, and a process may have several open."""

import os
from pathlib import Path
from typing import Any

from jifen.service.environment import database_of

__all__ = ["migrate", "open_database", "start_django"]


def start_django() -> None:
    """Make Django ready in a process that is not started by it; it does nothing where that is done."""
    import django
    from django.apps import apps

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jifen.service.settings")
    if not apps.ready:
        django.setup()


def open_database(alias: str, url: str) -> None:
    """Make the database at an address known by an alias; ``InputError`` if it is no address."""
    from django.db import connections

    described: dict[str, Any] = database_of(url)
    if described["ENGINE"].endswith("sqlite3"):
        Path(described["NAME"]).parent.mkdir(parents=True, exist_ok=True)
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
