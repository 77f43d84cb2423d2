"""Who may write: one process per shop, elected by the database.

On PostgreSQL it holds an advisory lock, which goes with its connection. On SQLite it holds a lease, and says again and
again that it lives. On both its epoch stands in a row that every commit looks at: a writer that was taken for dead,
and replaced, commits nothing any more.
"""

import logging
import threading
import time
from contextlib import suppress
from typing import Self

from django.db import Error, connections, transaction

__all__ = ["LEASE_SECONDS", "Lease", "LostLease"]

LEASE_SECONDS = 3.0
_LOCK = "SELECT pg_try_advisory_lock(hashtext('jifen writer'))"
_UNLOCK = "SELECT pg_advisory_unlock(hashtext('jifen writer'))"
_BEATS = 4
"""A lease is renewed so many times before it would end."""
_log = logging.getLogger(__name__)


class LostLease(Exception):
    """Another writer has been elected meanwhile."""


class Lease:
    """The right to write. It is given back by ``release``, or ends by itself soon after its holder."""

    def __init__(self, using: str, epoch: int, seconds: float) -> None:
        """Hold what ``take`` has won."""
        self.using, self.epoch, self.seconds = using, epoch, seconds
        self._done = threading.Event()
        self._beats = threading.Thread(target=self._beat, name=f"lease {using}", daemon=True)
        if connections[using].vendor == "sqlite":
            self._beats.start()

    @classmethod
    def take(cls, using: str, seconds: float = LEASE_SECONDS) -> Self | None:
        """Stand for election; ``None`` while another writes."""
        postgresql = connections[using].vendor == "postgresql"
        with transaction.atomic(using=using), connections[using].cursor() as cursor:
            if postgresql:
                cursor.execute(_LOCK)
                if not cursor.fetchone()[0]:
                    return None
            now = _now()
            cursor.execute("INSERT INTO lease (id, epoch, until) VALUES (1, 0, 0) ON CONFLICT (id) DO NOTHING")
            cursor.execute(
                "UPDATE lease SET epoch = epoch + 1, until = %s, doing = '' WHERE %s OR until < %s",
                [now + int(seconds * 1000), postgresql, now],
            )
            if cursor.rowcount == 0:
                return None
            cursor.execute("SELECT epoch FROM lease")
            epoch = cursor.fetchone()[0]
        return cls(using, epoch, seconds)

    def confirm(self) -> None:
        """Renew it inside of the transaction that is open; ``LostLease`` if it is another's."""
        with connections[self.using].cursor() as cursor:
            until = _now() + int(self.seconds * 1000)
            cursor.execute("UPDATE lease SET until = %s WHERE epoch = %s", [until, self.epoch])
            if cursor.rowcount == 0:
                raise LostLease(f"writer {self.epoch} of {self.using} has been replaced")

    def tell(self, doing: str) -> None:
        """Let others see what the writer is at."""
        with connections[self.using].cursor() as cursor:
            cursor.execute("UPDATE lease SET doing = %s WHERE epoch = %s", [doing, self.epoch])

    def release(self) -> None:
        """Let the next one be elected at once; where the database is gone, soon after."""
        self._done.set()
        if self._beats.is_alive():
            self._beats.join()
        connection = connections[self.using]
        try:
            with transaction.atomic(using=self.using), connection.cursor() as cursor:
                cursor.execute("UPDATE lease SET until = 0, doing = '' WHERE epoch = %s", [self.epoch])
                if connection.vendor == "postgresql":
                    cursor.execute(_UNLOCK)
        except Error:
            _log.warning("a lease could not be given back: it ends by itself", exc_info=True)
            connection.close()  # and PostgreSQL's lock with it

    def _beat(self) -> None:
        """Say that the writer lives, from a thread with its own connection; whoever lost it finds out at a commit."""
        while not self._done.wait(self.seconds / _BEATS):
            try:
                with transaction.atomic(using=self.using):
                    self.confirm()
            except LostLease:
                break
            except (
                Exception
            ):  # whatever it was: the next beat comes, from a new connection, and every commit is one too
                _log.warning("a beat of the lease was left out", exc_info=True)
                self._hang_up()
        self._hang_up()

    def _hang_up(self) -> None:
        """Close this thread's connection."""
        with suppress(Exception):
            connections[self.using].close()


def _now() -> int:
    return time.time_ns() // 1_000_000
