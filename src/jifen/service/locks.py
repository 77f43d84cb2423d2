"""Transactions that come one after the other: what a limit counts must not be added to beside it."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, transaction

from jifen.service.inbox import busy_is_told

__all__ = ["alone"]


@contextmanager
def alone(name: str, using: str) -> Iterator[None]:
    """One transaction, beside which there is none of the same name; ``InputError`` (``busy``) if it takes too long.

    A transaction of SQLite is alone anyway.
    """
    with busy_is_told(), transaction.atomic(using=using):
        if connections[using].vendor == "postgresql":
            with connections[using].cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"jifen {name}"])
        yield
