"""Schedules of clients, writers, closes and crashes, each made by a seed and played in this process.

What the clients ask for is a random history of a random plan: orders, refunds, withdrawals, transfers, top-ups, pauses,
new plan versions, and what must be refused. A crash is an exception that nobody catches: at some statement of an
election or a step, on either side of a commit, at the writing of a segment or a snapshot. Its transaction is undone by
the database, as it is when a process dies, and what the writer had in memory is forgotten. Time is a number here, so
that nobody waits for the lease of a dead one.
"""

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from django.db import OperationalError, connections
from tests.service.books import independent
from tests.simulate.many_plans import PLANS

from jifen.engine.events import DayClosed, Event
from jifen.plan import Plan
from jifen.service import commit, lease, models, recovery
from jifen.service.audit import audit
from jifen.service.content import closing_id
from jifen.service.inbox import submit
from jifen.service.writer import JOURNAL, SNAPSHOTS, Writer
from jifen.simulate.streams import random_stream

__all__ = ["Crash", "Schedule", "history"]

STEPS = 4
EVENTS, DAYS = 10, 2
"""Of a history so many events are played, at most, and so many closes."""


class Crash(BaseException):
    """The process dies here."""


def history(seed: int, most: int = EVENTS, closes: int = DAYS) -> tuple[Plan, list[Event]]:
    """A plan, and what clients ask of its shop; the close of a day bears the id that closes have."""
    plan, events = random_stream(seed, PLANS[list(PLANS)[seed % len(PLANS)]])
    asked: list[Event] = []
    days = 0
    for event in events:
        if isinstance(event, DayClosed):
            event = DayClosed(id=closing_id(days), day=days)
            days += 1
        asked.append(event)
        if len(asked) == most or days == closes:
            break
    return plan, asked


class Schedule:
    """What happens to one shop, by a seed. ``other`` is a second connection to its database, which waits for nobody."""

    def __init__(self, using: str, other: str, folder: Path, seed: int, asked: list[Event]) -> None:
        self.using, self.other, self.folder, self.draw = using, other, folder, random.Random(seed)
        self.asked, self.sent = asked, 0
        self.now = 1_000_000
        self.did: list[str] = []
        """What has been played, so that a seed that fails can be read."""
        self._writer: Writer | None = None

    def play(self) -> None:
        """Play it, let one writer finish, and check what the log has."""
        moves = [self.trade, self.trade, self.repeat, self.write, self.crash, self.crash, self.crash_in_files,
                 self.two_writers, self.replace, self.spoil]  # fmt: skip
        self.trade()
        for _ in range(STEPS):
            move = self.draw.choice(moves)
            self.did.append(move.__name__)
            move()
        while self.sent < len(self.asked):
            self.trade()
        self.die()
        writer = self.writer()
        while writer.step():
            pass
        self.die()
        self.check()

    @property
    def crashes(self) -> int:
        """Deaths of a writer."""
        return self.did.count("died")

    def trade(self) -> None:
        """Ask for what comes next."""
        count = self.draw.randrange(1, 9)
        submit(self.asked[self.sent : self.sent + count], using=self.using)
        self.sent = min(self.sent + count, len(self.asked))

    def repeat(self) -> None:
        """A client that heard nothing asks again, for what was refused too."""
        submit(self.draw.sample(self.asked[: self.sent], min(4, self.sent)), using=self.using)

    def write(self) -> None:
        for _ in range(self.draw.randrange(1, 3)):
            self.writer().step()

    def crash(self) -> None:
        """Die at some statement of an election and a step, or on either side of a commit."""
        if self.draw.random() < 0.5:
            self.die()
        with self._dying(), self.at_statement(self.draw.randrange(30), self._die_now):
            self.writer().step()

    def crash_in_files(self) -> None:
        """Die when a segment or a snapshot has been begun, or has been written."""
        where, name = self.draw.choice([(commit, "write_segment"), (recovery, "save_world")])
        function, before = getattr(where, name), self.draw.random() < 0.5

        def half_way(*arguments: Any) -> None:
            if not before:
                function(*arguments)
            raise Crash

        writer = self.writer()
        setattr(where, name, half_way)
        try:
            with self._dying():
                if writer.step() and self.draw.random() < 0.5:
                    writer.snapshot()
        finally:
            setattr(where, name, function)

    def two_writers(self) -> None:
        """A writer stops at some statement, another takes it for dead and writes; then it goes on."""
        elected: list[Writer] = []

        def stand() -> None:
            self.now += 10_000
            with suppress(OperationalError):  # the first one is in its transaction: the database is locked
                writer = Writer.elected(self.folder, self.other)
                if writer is not None:
                    elected.append(writer)
                    writer.step()

        late = self.writer()
        with suppress(lease.LostLease), self.at_statement(self.draw.randrange(25), stand):
            late.step()
        for writer in elected:
            self.did.append("two wrote")
            if late._sound:
                with suppress(lease.LostLease):
                    late.step()
            writer.step()
            writer.lease._done.set()
        connections[self.other].close()
        self.die()

    def replace(self) -> None:
        """A writer is taken for dead and replaced, and then it tries to go on."""
        late, self._writer = self.writer(), None
        self.now += 10_000
        self.writer()
        with suppress(lease.LostLease):
            assert not late.step(), "a writer that was replaced has written"
        late.lease._done.set()

    def spoil(self) -> None:
        """Lose or tear snapshots, and leave what a dead writer leaves of a segment: all that is not the log's."""
        snapshots = [path for path in (self.folder / SNAPSHOTS).glob("batch-*") if path.is_dir()]
        journal = self.folder / JOURNAL
        what = self.draw.randrange(3)
        if what == 0:
            shutil.rmtree(self.folder / SNAPSHOTS, ignore_errors=True)
        elif what == 1 and snapshots:
            file = self.draw.choice(sorted(self.draw.choice(sorted(snapshots)).iterdir()))
            if self.draw.random() < 0.5:
                file.unlink()
            else:
                file.write_bytes(file.read_bytes()[: self.draw.randrange(file.stat().st_size or 1)])
        elif what == 2:
            journal.mkdir(parents=True, exist_ok=True)
            (journal / ".close-0-0123456789abcdef.parquet.1.01234567.tmp").write_bytes(b"PAR1")
            (journal / "close-0-0123456789abcdef.parquet").write_bytes(b"PAR1")
        self.die()

    # -- writers ----------------------------------------------------------------------------------------------------

    def writer(self) -> Writer:
        if self._writer is None:
            self._writer = Writer.elected(self.folder, self.using)
            assert self._writer is not None
        return self._writer

    def die(self) -> None:
        """The writer is gone without a word; its lease ends some time after."""
        if self._writer is not None:
            self._writer.lease._done.set()
        self._writer = None
        self.now += 10_000

    @contextmanager
    def _dying(self) -> Iterator[None]:
        """Whatever happens to the writer in here, it is dead afterwards."""
        try:
            yield
        except Crash:
            self.did.append("died")
        self.die()

    @staticmethod
    def _die_now() -> None:
        raise Crash

    @contextmanager
    def at_statement(self, at: int, happens: Callable[[], None]) -> Iterator[None]:
        """Let something happen once before a statement or a commit, or after it; a crash goes on crashing."""
        connection, after = connections[self.using], self.draw.random() < 0.3
        really, left = connection._commit, at

        def due() -> bool:
            nonlocal left
            left -= 1
            return left == -1 or (left < 0 and happens == self._die_now)

        def around(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
            if due():
                happens()
            return execute(sql, params, many, context)

        def committing() -> None:
            comes = due()
            if comes and not after:
                if happens == self._die_now:
                    connection.connection.rollback()
                happens()
            really()
            if comes and after:
                happens()

        connection._commit = committing
        try:
            with connection.execute_wrapper(around):
                yield
        finally:
            del connection._commit

    # -- what is there at the end -----------------------------------------------------------------------------------

    def check(self) -> None:
        """The audit finds nothing, the auditor decides as the log does, nothing was lost, no file is left over."""
        found = audit(self.folder / JOURNAL, self.using)
        assert found.sound, (found.difference, found.problems)
        decided = models.Inbox.objects.using(self.using).exclude(batch=None).values_list("key", "code")
        assert {key for key, _ in decided} == {event.id for event in self.asked}
        accepted = [key for key, code in decided if not code]
        assert len(accepted) == len(set(accepted)) == models.Event.objects.using(self.using).count()
        independent(self.using)
        named = set(models.Run.objects.using(self.using).values_list("segment", flat=True))
        folder = self.folder / JOURNAL
        assert named == {path.name for path in folder.iterdir()} if folder.is_dir() else not named
