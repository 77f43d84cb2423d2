"""Several writers and clients at once, full disks, databases that stop: refused cleanly, and then it goes on."""

import resource
import sqlite3
import threading
import time
from contextlib import contextmanager, suppress

import psycopg
import pytest
from benchmarks.server import Server
from django.db import DatabaseError, OperationalError, connections
from tests.service.books import independent
from tests.service.conftest import ALIASES, joins, order
from tests.service.kills import Writing

from jifen.engine.events import DayClosed
from jifen.plan import load_plan
from jifen.service import commit, models, recovery
from jifen.service.audit import audit
from jifen.service.databases import migrate, open_database
from jifen.service.inbox import submit
from jifen.service.shop import Terms, create_shop
from jifen.service.writer import JOURNAL, Writer

FIRST = 738000
CLIENTS = [f"c{number}" for number in range(8)]


def sound(using, folder, keys):
    """The log has each key once, the audit finds nothing, and the auditor has the same books."""
    log = models.Inbox.objects.using(using).filter(event__isnull=False).values_list("key", flat=True)
    assert sorted(log) == sorted(keys)
    found = audit(folder / JOURNAL, using)
    assert found.sound, (found.difference, found.problems)
    independent(using)


def insistent(using, events, wait=0.0):
    """A client that repeats its request until it hears an answer, and then once more."""
    until, heard = time.monotonic() + 60, 0
    while heard < 2:
        try:
            results = submit(events, using=using, wait=wait)
            heard += 1
        except DatabaseError:
            connections[using].close()
            time.sleep(0.05)
            assert time.monotonic() < until, "the database does not come back"
    return results


def trade(using, client, sent):
    try:
        for request in range(5):
            events = [order(f"{client}-{request}-{each}", client, 1 + each) for each in range(4)]
            sent += events
            insistent(using, events)
    finally:
        connections[using].close()


def trading(using):
    """Eight clients at work, and what they ask for."""
    sent = [*joins(*CLIENTS)]
    submit(sent, using=using)
    threads = [threading.Thread(target=trade, args=(using, client, sent)) for client in CLIENTS]
    for thread in threads:
        thread.start()
    return threads, sent


def finished(using, url, folder, threads, sent):
    """Wait for the clients, let one more writer finish, and look at the books."""
    for thread in threads:
        thread.join()
    sent.append(DayClosed(id=f"day:{FIRST}", day=0))
    writing = Writing(url, folder)
    results = insistent(using, sent, wait=60)
    writing.kill()
    assert {result.state for result in results} == {"accepted"}
    sound(using, folder, [event.id for event in sent])


def test_two_writers_of_which_one_is_killed_and_eight_clients_make_the_ledger_of_one(shop, url, folder):
    writers = [Writing(url, folder), Writing(url, folder)]
    threads, sent = trading(shop)
    for _ in range(3):
        until = time.monotonic() + 30
        while not (elected := [writer for writer in writers if writer.phase != "start and recovery"]):
            time.sleep(0.001)
            assert time.monotonic() < until, "nobody is elected"
        time.sleep(0.02)
        elected[0].kill()
        writers.remove(elected[0])
        writers.append(Writing(url, folder))
    finished(shop, url, folder, threads, sent)
    for writer in writers:
        writer.kill()


@pytest.fixture
def asked(shop):
    """A shop that has been asked for orders and a close."""
    events = [
        *joins("ann", "bob"),
        order("o1", "ann", 100),
        order("o2", "bob", 50),
        DayClosed(id=f"day:{FIRST}", day=0),
    ]
    submit(events, using=shop)
    return events


def end(using, folder, events):
    with Writer.elected(folder, using) as writer:
        while writer.step():
            pass
    sound(using, folder, [event.id for event in events])


def nothing_is_there(using, events):
    """Not a row of the books, and the caller is told that all of it waits."""
    for table in (models.Event, models.Transfer, models.Batch, models.Balance, models.Name):
        assert not table.objects.using(using).exists()
    assert {result.state for result in submit(events, using=using)} == {"pending"}


def test_a_database_that_says_the_disk_is_full_at_any_statement_has_nothing_of_the_batch(shop, folder, asked):
    for at in range(3, 60):
        left = at

        def full(execute, sql, params, many, context):
            nonlocal left
            left -= 1
            if left == 0:
                raise OperationalError("disk full") from psycopg.errors.DiskFull("could not extend file")
            return execute(sql, params, many, context)

        writer = Writer.elected(folder, shop)
        with connections[shop].execute_wrapper(full), suppress(OperationalError):
            writer.step()
        writer.lease.release()
        if left > 0:
            break
        if not models.Batch.objects.using(shop).exists():
            nothing_is_there(shop, asked)
    assert at > 8
    end(shop, folder, asked)


def test_a_file_of_sqlite_that_cannot_grow_takes_nothing_and_then_goes_on(shop, folder, asked):
    if connections[shop].vendor != "sqlite":
        pytest.skip("a limit of SQLite")
    many, more = ([order(f"{name}{each}", "ann", 1) for each in range(60)] for name in ("many", "more"))
    asked = [*asked[:-1], *many]
    submit(many, using=shop)
    writer = Writer.elected(folder, shop)
    with connections[shop].cursor() as cursor:
        cursor.execute("PRAGMA max_page_count=1")  # it becomes what the file has
        with pytest.raises(OperationalError, match="full"):
            submit(more, using=shop)
        with pytest.raises(OperationalError, match="full"):
            all(iter(writer.step, 0))
        writer.lease.release()
        assert {result.state for result in submit(many, using=shop)} == {"pending"}
        cursor.execute("PRAGMA max_page_count=1000000")
    end(shop, folder, [*asked, DayClosed(id=f"day:{FIRST}", day=0)])


@contextmanager
def no_room(monkeypatch, where, name):
    """While a function runs, no file of this process may grow beyond a few bytes: the kernel itself refuses."""
    function = getattr(where, name)

    def limited(*arguments):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (16, before[1]))
        try:
            return function(*arguments)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    with monkeypatch.context() as patch:
        patch.setattr(where, name, limited)
        yield


def test_a_close_without_room_for_its_segment_is_not_there_and_comes_later(shop, folder, asked, monkeypatch):
    with Writer.elected(folder, shop) as writer:
        writer.step()
        with no_room(monkeypatch, commit, "write_segment"), pytest.raises(OSError, match="large"):
            writer.step()
    assert not models.Run.objects.using(shop).exists()
    assert list((folder / JOURNAL).iterdir()) == []
    assert submit(asked[-1:], using=shop)[0].state == "pending"
    end(shop, folder, asked)


def test_a_close_without_room_for_its_snapshot_stands(shop, folder, asked, monkeypatch, caplog):
    with Writer.elected(folder, shop) as writer:
        writer.step()
        with no_room(monkeypatch, recovery, "save_world"):
            writer.step()
        assert "no snapshot could be kept" in caplog.text
    assert models.Run.objects.using(shop).count() == 1
    end(shop, folder, asked)


def test_a_file_that_another_process_has_locked_is_waited_for(shop, url, folder):
    if connections[shop].vendor != "sqlite":
        pytest.skip("a lock of SQLite")
    threads, sent = trading(shop)
    writing = Writing(url, folder)
    with sqlite3.connect(url.removeprefix("sqlite:///"), timeout=20) as other:
        other.execute("BEGIN EXCLUSIVE")
        time.sleep(1)  # the lease of the one who writes ends meanwhile
        other.rollback()
    finished(shop, url, folder, threads, sent)
    writing.kill()


def test_a_server_that_is_stopped_at_once_and_started_again_loses_nothing(tmp_path):
    try:
        server = Server(synchronous_commit="on", shared_buffers="64MB", maintenance_work_mem="16MB")
    except FileNotFoundError as error:
        pytest.skip(str(error))
    using, url = next(ALIASES), f"postgresql://jifen@/postgres?host={server.folder}"
    open_database(using, url)
    try:
        migrate(using)
        create_shop(load_plan("points_dividend"), FIRST, Terms("test"), using=using)
        threads, sent = trading(using)
        for _ in range(2):
            writing = Writing(url, tmp_path)
            writing.reaches(("waiting", "orders: applying", "orders: transaction", "orders: commit"))
            server.restart()
            writing.kill()
        connections[using].close()
        finished(using, url, tmp_path, threads, sent)
    finally:
        connections[using].close()
        server.close()
