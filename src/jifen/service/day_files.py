"""The lines of a closed day as one immutable file that readers map into memory: sorted by member.

All of it follows from the database: a file that is missing or damaged is made again. Its name has the hash of the
close, so that a file of another log, from before a backup was restored, say, is never taken for this one's.
"""

import hashlib
import logging
import mmap
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.db import DatabaseError, InterfaceError, connections

from jifen.ledger.atomic import atomic_file
from jifen.service.entries import ENTRY, Block, batch_days, entries_of, fetch_lines

__all__ = ["STATEMENTS", "ClosedDay", "DayFiles", "closed_days", "keep_days", "keep_until"]

STATEMENTS = "statements"
"""The folder, inside of the shop's."""

_log = logging.getLogger(__name__)
_LOOK_SECONDS = 0.2
_MARK = 16
_DIGEST = 32
_MAPPED = 400
"""Files that a reader has mapped at once, at most: each takes a descriptor."""
_RUNS = (
    "SELECT run.day, run.batch, batch.hash, batch.transfers, batch.events FROM run"
    " JOIN batch ON batch.number = run.batch WHERE run.batch > %s ORDER BY run.day"
)


@dataclass(frozen=True, slots=True)
class ClosedDay:
    """A closed day, with the batch that closed it."""

    day: int
    batch: int
    hash: str
    """In hexadecimal digits."""
    first: int
    """The number of the day's first line."""
    last: int
    """The number of its last line, and one."""
    since: int
    """Its first batch."""
    events: int
    """How many it accepted, its close included."""
    log: int
    """How many the log has at its end."""

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"day-{self.day}-{self.hash[:_MARK]}"


def closed_days(using: str, after: ClosedDay | None = None) -> list[ClosedDay]:
    """The days that have been closed, all or those after one, in order."""
    found: list[ClosedDay] = []
    with connections[using].cursor() as cursor:
        cursor.execute(_RUNS, [-1 if after is None else after.batch])
        for day, batch, digest, transfers, events in cursor.fetchall():
            line, since, known = (after.last, after.batch + 1, after.log) if after else (0, 0, 0)
            after = ClosedDay(day, batch, bytes(digest).hex(), line, transfers, since, events - known, events)
            found.append(after)
    return found


class DayFiles:
    """The files of a shop's closed days, as one process reads them; threads may share it."""

    def __init__(self, folder: Path, using: str = "default") -> None:
        """Read and keep files in ``folder``."""
        self.folder, self.using = folder, using
        self._mapped: OrderedDict[str, Block] = OrderedDict()
        self._lock = threading.Lock()

    def kept(self, day: ClosedDay) -> bool:
        """Whether there is a file of a day, be it damaged."""
        return day.name in self._mapped or (self.folder / day.name).exists()

    def of(self, day: ClosedDay) -> Block:
        """The entries of a day: mapped, so that nothing is read before it is asked for; the file is made first."""
        file = self._mapped.get(day.name)
        if file is not None:
            return file
        with self._lock:  # one makes it, and all others who ask wait for that
            file = self._mapped.get(day.name)
            if file is None:
                file = _read(self.folder / day.name)
            if file is None:
                file = self.make(day)
            self._mapped[day.name] = file
            while len(self._mapped) > _MAPPED:
                self._mapped.popitem(last=False)
        return file

    def make(self, day: ClosedDay) -> Block:
        """Make the file of a day from the database. A disk that is full is no mistake: what was to be kept is used."""
        lines = fetch_lines(self.using, day.first, day.last)
        made = entries_of(lines, batch_days(self.using, day.since, day.batch))
        try:
            _write(self.folder / day.name, made)
        except OSError:
            return made
        return made


def keep_days(folder: Path, using: str = "default") -> int:
    """Make the files that are missing, for readers to find; returns how many. The worker does so after each close."""
    return len(_kept_after(None, DayFiles(folder, using))[1])


def _kept_after(known: ClosedDay | None, files: DayFiles) -> tuple[ClosedDay | None, list[ClosedDay]]:
    """Make what is missing of the days after one; returns the last day and those that were made."""
    closed = closed_days(files.using, known)
    missing = [day for day in closed if not files.kept(day)]
    for day in missing:
        files.make(day)
    return closed[-1] if closed else known, missing


def keep_until(stop: threading.Event, folder: Path, using: str = "default") -> None:
    """Make files as days are closed, until ``stop`` is set; what fails is logged and left to the next look."""
    known, files = None, DayFiles(folder, using)
    while not stop.wait(_LOOK_SECONDS):
        try:
            known, _ = _kept_after(known, files)
        except (DatabaseError, InterfaceError):
            _log.warning("the files of closed days could not be made", exc_info=True)
            connections[using].close()
    connections[using].close()


def _write(path: Path, entries: Block) -> None:
    """A digest, and the entries as they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as unfinished, unfinished.open("w+b") as stream:
        stream.write(bytes(_DIGEST))
        stream.write(entries.tobytes())
        stream.seek(_DIGEST)
        digest = hashlib.file_digest(stream, "sha256").digest()
        stream.seek(0)
        stream.write(digest)


def _read(path: Path) -> Block | None:
    """Map a file; ``None`` for one that is missing or is not what was written."""
    try:
        with path.open("rb") as stream:
            mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
            if hashlib.sha256(memoryview(mapped)[_DIGEST:]).digest() != mapped[:_DIGEST]:
                return None
            return np.frombuffer(mapped, ENTRY, offset=_DIGEST)
    except (OSError, ValueError):
        return None
