"""The writer of a shop: the one process that takes events out of the inbox, applies them, and commits what they do.

What is there goes together, up to ``GROUP`` events in one transaction; while that is written the next ones gather. If
anything fails between the engine and the end of the commit, the world in memory is ahead of the log and is thrown
away with the writer: the next one starts from the log.
"""

import json
import logging
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from django.db import IntegrityError, connections, transaction

from jifen.batch.event_text import event_of
from jifen.core.errors import BrokenInvariant, ensure
from jifen.engine import World
from jifen.ledger.chain import Batch
from jifen.ledger.journal import Refusal
from jifen.service import models
from jifen.service.commit import make, write_batch
from jifen.service.content import closing_id, day_begun, is_closing, with_day
from jifen.service.lease import LEASE_SECONDS, Lease
from jifen.service.plain import plain_orders
from jifen.service.recovery import Head, applied, recover, save_snapshot
from jifen.service.segments import sweep_segments

__all__ = ["GROUP", "JOURNAL", "SNAPSHOTS", "Writer", "run_writer"]

JOURNAL, SNAPSHOTS = "journal", "snapshots"
"""Folders inside of the shop's."""

GROUP = 1000
"""Events of a batch, at most: on a small machine they are committed within 50 ms or so."""
_SOONEST, _LATEST = 0.001, 0.02
"""Seconds between two looks into an inbox that is empty."""
_ELECTION_SECONDS = 0.1

_log = logging.getLogger(__name__)
_Line = tuple[int, str, str]
"""The number, the key and the content of a line of the inbox."""


class Writer:
    """The world of a shop, and the right to go on with it. It is left through ``with``, or for good."""

    def __init__(self, lease: Lease, world: World, head: Head, folder: Path) -> None:
        """Go on from where the log ends."""
        self.using, self.lease, self.world, self.head = lease.using, lease, world, head
        self._snapshots, self._journal = folder / SNAPSHOTS, folder / JOURNAL
        self._sound = True

    @classmethod
    def elected(cls, folder: Path, using: str = "default", *, seconds: float = LEASE_SECONDS) -> Self | None:
        """The writer of a shop, ready to write; ``None`` while there is another.

        ``folder`` is the shop's own, for what it keeps beside its database: snapshots, and the journal of closes.
        """
        lease = Lease.take(using, seconds)
        if lease is None:
            return None
        try:
            named = models.Run.objects.using(using).values_list("segment", flat=True)
            swept = sweep_segments(folder / JOURNAL, set(named))
            if swept:
                _log.warning("swept segments of closes that were not committed", extra={"segments": len(swept)})
            return cls(lease, *recover(using, folder / SNAPSHOTS), folder)
        except BaseException:
            lease.release()
            raise

    def step(self) -> int:
        """Commit one batch of what is in the inbox; returns how many events it decided, 0 where there are none.

        Once it has raised, the writer is done for: its world may be ahead of the log.
        """
        ensure(self._sound, "a writer that has failed writes nothing any more")
        taken = self._taken()
        if not taken:
            return 0
        return self._decide(taken)

    def snapshot(self) -> Path | None:
        """Keep the world as it is now, so that the next writer need not start from the first event."""
        return None if self.head.number < 0 else save_snapshot(self.world, self.head, self._snapshots)

    def _decide(self, taken: list[_Line], refusal: Refusal | None = None) -> int:
        """Commit a batch of these lines; returns how many it was of.

        Where they would break the books, only the first half is taken, and so on; a line that does so alone is refused,
        so that it does not stop the shop. A database that fails (a disk, a connection) says nothing about the lines:
        that raises, and nothing is decided.
        """
        self._sound, closing = False, is_closing(taken[0][2])
        if closing:
            self.lease.tell(f"{taken[0][1]}: computing")
        try:
            batch = self._applied(taken) if refusal is None else self._refused(refusal)
            made = make(self.world, self.head, batch, self._journal)
            if closing:
                self.lease.tell(f"{taken[0][1]}: writing the books")
            with transaction.atomic(using=self.using):
                self.lease.confirm()
                head = write_batch(self.using, self.world, self.head, made, [line[:2] for line in taken])
        except (BrokenInvariant, IntegrityError) as error:
            if refusal is not None:
                raise
            reason = str(error).splitlines()[0]
        else:
            self.head, self._sound = head, True
            if made.segment is not None:
                self._keep_snapshot()
            if closing:
                self.lease.tell("")
            return len(taken)
        _log.error("events would break the books", extra={"line": taken[0][0], "lines": len(taken)})
        self.world, self.head = recover(self.using, self._snapshots)
        if len(taken) > 1:
            return self._decide(taken[: len(taken) // 2])
        return self._decide(taken, Refusal(taken[0][1], "breaks_books", reason))

    def _keep_snapshot(self) -> None:
        """Keep one if that can be done: all is committed, and a disk that is full now takes nothing of it away."""
        try:
            self.snapshot()
        except OSError:
            _log.exception("no snapshot could be kept")

    def _applied(self, taken: list[_Line]) -> Batch:
        """What the world makes of these lines."""
        day = self.world.open_day
        key, content = taken[0][1:]
        if (is_closing(content) and key != closing_id(day)) or day_begun(key, content) not in (None, day):
            return self._refused(Refusal(taken[0][1], "out_of_order", f"day {day} is open"))
        contents = [content for _, _, content in taken]
        texts = [with_day(content, day) for content in contents]
        log = plain_orders(self.world, contents)
        if log is not None:
            return applied(self.world, self.head, log, texts)
        events = [event_of(facts) for facts in json.loads(f"[{','.join(texts)}]")]
        return applied(self.world, self.head, events, texts)

    def _refused(self, refusal: Refusal) -> Batch:
        """A batch in which nothing happens but that a line is refused."""
        return replace(applied(self.world, self.head, [], []), refusals=(refusal,))

    def _taken(self) -> list[_Line]:
        """What waits, in order; the close of a day is a batch of its own, and so what follows it is of the next day.

        A version that begins a day is the first of its batch, and alone if it comes too early: a close was refused.
        """
        with connections[self.using].cursor() as cursor:
            cursor.execute("SELECT id, key, content FROM inbox WHERE batch IS NULL ORDER BY id LIMIT %s", [GROUP])
            lines: list[_Line] = cursor.fetchall()
        for place, (_, key, content) in enumerate(lines):
            begins = day_begun(key, content)
            if is_closing(content) or begins not in (None, self.world.open_day):
                return lines[: place or 1]
            if begins is not None and place:
                return lines[:place]
        return lines

    def __enter__(self) -> Self:
        """Write inside of a ``with``."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Keep a snapshot if the world is what the log says, and let the next one be elected."""
        try:
            if self._sound and kind is None:
                self._keep_snapshot()
        finally:
            self.lease.release()


def run_writer(
    folder: Path, using: str = "default", *, stop: threading.Event | None = None, kind: type[Writer] = Writer
) -> None:
    """Stand for election until elected, then write until ``stop`` is set. What fails raises: start it again.

    ``kind`` is the writer that is elected: one that is watched, say.
    """
    stop = stop or threading.Event()
    while not stop.is_set():
        writer = kind.elected(folder, using)
        if writer is None:
            stop.wait(_ELECTION_SECONDS)
            continue
        _log.info("writer elected", extra={"epoch": writer.lease.epoch, "batch": writer.head.number})
        with writer:
            pause = _SOONEST
            while not stop.is_set():
                if writer.step():
                    pause = _SOONEST
                else:
                    time.sleep(pause)
                    pause = min(pause * 2, _LATEST)
