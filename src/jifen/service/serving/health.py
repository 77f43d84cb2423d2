"""Whether a shop is ready for its members: what stands in the way, as problems with a code and a remedy."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import DatabaseError, InterfaceError, connections
from django.db.migrations.executor import MigrationExecutor

from jifen.core.errors import Problem
from jifen.service import models
from jifen.service.closing import progress
from jifen.service.lease import is_held
from jifen.service.serving.figures import day_begins

__all__ = ["is_migrated", "not_ready"]


def not_ready(now: datetime, overdue: timedelta, *, using: str = "default") -> list[Problem]:
    """What stands in the way; nothing when the shop is ready.

    A close is overdue when its day ended longer than ``overdue`` ago.
    """
    try:
        return list(_found(now, overdue, using))
    except (DatabaseError, InterfaceError):
        connections[using].close()
        return [Problem("no_database", "the database does not answer", "see whether it runs")]


def is_migrated(using: str = "default") -> bool:
    """Whether the database has the tables of this release."""
    executor = MigrationExecutor(connections[using])
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _found(now: datetime, overdue: timedelta, using: str) -> Iterator[Problem]:
    if not is_migrated(using):
        yield Problem("not_migrated", "the database has not the tables of this release", "start `jifen serve` again")
        return
    if not models.Shop.objects.using(using).exists():
        yield Problem("no_shop", "this database has no shop", "create one")
        return
    if not is_held(using):
        yield Problem("no_writer", "no writer is at work: events wait", "start `jifen worker`")
    closes = progress(now, using=using)
    if closes.blocked:
        message = "the close of the open day was refused: it would break the books"
        yield Problem("close_refused", message, "mend the cause, then `jifen close`")
    if closes.due and now - day_begins(closes.open_day + 1, using=using) > overdue:
        message = f"{closes.due} days have ended and are not closed"
        yield Problem("close_overdue", message, "see what the log of the worker says")
