"""Schedules of clients, writers, closes and crashes, each made by a seed and played in this process.

A crash is an exception that nobody catches at some statement of a step, at the writing of a segment, or after the
commit: its transaction is undone by the database, as it is when a process dies, and what the writer had in memory is
forgotten. Time is a number here, so that nobody waits for the lease of a dead one.
"""

import random
import shutil
from contextlib import nullcontext
from pathlib import Path

from django.db import connections
from tests.service.conftest import joins, order

from jifen.batch.event_text import parse_event
from jifen.engine.events import DayClosed, Event
from jifen.service import commit, lease, models
from jifen.service.audit import audit
from jifen.service.inbox import submit
from jifen.service.writer import JOURNAL, SNAPSHOTS, Writer

FIRST = 738000
STEPS = 14
MEMBERS = [f"m{number}" for number in range(6)]


class Crash(BaseException):
    """The process dies here."""


class Schedule:
    """What happens to one shop, by a seed."""

    def __init__(self, using: str, folder: Path, seed: int) -> None:
        self.using, self.folder, self.draw = using, folder, random.Random(seed)
        self.sent: list[Event] = []
        self.now = 1_000_000
        self.days = self.crashes = 0
        self.writers: list[Writer] = []

    def play(self) -> None:
        """Play it, let one writer finish, and check what the log has."""
        moves = [self.trade, self.trade, self.repeat, self.close, self.write, self.write, self.crash, self.crash,
                 self.replace, self.lose_snapshots]  # fmt: skip
        self.send(joins(*MEMBERS))
        for _ in range(STEPS):
            self.draw.choice(moves)()
        self.die()
        writer = self.writer()
        while writer.step():
            pass
        self.die()
        self.check()

    def send(self, events: list[Event]) -> None:
        self.sent += events
        submit(events, using=self.using)

    def trade(self) -> None:
        first = len(self.sent)
        count = self.draw.randrange(1, 12)
        self.send([order(f"o{first + each}", self.draw.choice(MEMBERS), 1 + each) for each in range(count)])

    def repeat(self) -> None:
        submit(self.draw.sample(self.sent, min(5, len(self.sent))), using=self.using)

    def close(self) -> None:
        self.send([DayClosed(id=f"day:{FIRST + self.days}", day=0)])
        self.days += 1

    def write(self) -> None:
        for _ in range(self.draw.randrange(1, 4)):
            self.writer().step()

    def crash(self) -> None:
        """Die at some statement of a step, when a segment has been written, or when all is committed."""
        at = self.draw.randrange(40)

        def dying(execute, sql, params, many, context):
            nonlocal at
            at -= 1
            if at < 0:
                raise Crash
            return execute(sql, params, many, context)

        writer = self.writer()
        write_segment = commit.write_segment

        def half_way(*arguments):
            write_segment(*arguments)
            raise Crash

        if self.draw.random() < 0.2:
            commit.write_segment = half_way
        watched = self.draw.random() < 0.8
        try:
            with connections[self.using].execute_wrapper(dying) if watched else nullcontext():
                writer.step()
        except Crash:
            self.crashes += 1
        finally:
            commit.write_segment = write_segment
        self.die()

    def replace(self) -> None:
        """A writer is taken for dead and replaced, and then it tries to go on."""
        late = self.writer()
        self.writers.clear()
        self.now += 10_000
        self.writer()
        try:
            if late.step():
                raise AssertionError("a writer that was replaced has written")
        except lease.LostLease:
            pass
        late.lease._done.set()

    def lose_snapshots(self) -> None:
        shutil.rmtree(self.folder / SNAPSHOTS, ignore_errors=True)

    def writer(self) -> Writer:
        if not self.writers:
            writer = Writer.elected(self.folder, self.using)
            assert writer is not None
            self.writers.append(writer)
        return self.writers[0]

    def die(self) -> None:
        """The writer is gone without a word; its lease ends some time after."""
        for writer in self.writers:
            writer.lease._done.set()
        self.writers.clear()
        self.now += 10_000

    def check(self) -> None:
        found = audit(self.folder / JOURNAL, self.using)
        assert found.sound, (found.difference, found.problems)
        log = models.Event.objects.using(self.using).order_by("number").values_list("content", flat=True)
        assert [parse_event(content).id for content in log] == [event.id for event in self.sent]
        named = set(models.Run.objects.using(self.using).values_list("segment", flat=True))
        folder = self.folder / JOURNAL
        assert named == {path.name for path in folder.iterdir()} if folder.is_dir() else not named
