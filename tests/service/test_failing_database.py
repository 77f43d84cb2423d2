"""A database that fails says nothing about the events: nothing is decided, and the next writer goes on."""

import logging
import threading
import time

import pytest
from django.db import OperationalError, connections, transaction
from tests.service.conftest import joins, order

from jifen.core.errors import BrokenInvariant, InputError
from jifen.service import models
from jifen.service.databases import open_database
from jifen.service.inbox import submit
from jifen.service.lease import Lease
from jifen.service.writer import Writer


def only(using, kind):
    if connections[using].vendor != kind:
        pytest.skip(f"of {kind} only")


def failing(at, message):
    """A database that fails at the statements that begin so."""

    def execute(execute, sql, params, many, context):
        if sql.startswith(at):
            raise OperationalError(message)
        return execute(sql, params, many, context)

    return execute


@pytest.mark.parametrize("at", ["INSERT INTO opening", "UPDATE inbox", "UPDATE lease", 'INSERT INTO "batch"'])
def test_a_database_that_fails_refuses_no_event(shop, folder, at):
    submit([*joins("ann"), order("o1", "ann", 100)], using=shop)
    with Writer.elected(folder, shop) as writer:
        with connections[shop].execute_wrapper(failing(at, "disk I/O error")), pytest.raises(OperationalError):
            writer.step()
        assert not models.Inbox.objects.using(shop).exclude(batch=None).exists()
        assert not models.Event.objects.using(shop).exists()
    with Writer.elected(folder, shop) as writer:
        assert writer.step() == 2
    assert [result.state for result in submit([order("o1", "ann", 100)], using=shop)] == ["accepted"]


def test_a_writer_that_has_failed_writes_nothing_any_more(shop, folder):
    submit(joins("ann"), using=shop)
    with Writer.elected(folder, shop) as writer:
        with connections[shop].execute_wrapper(failing("INSERT INTO opening", "")), pytest.raises(OperationalError):
            writer.step()
        with pytest.raises(BrokenInvariant, match="failed"):
            writer.step()
    assert not models.Event.objects.using(shop).exists()


def test_a_connection_that_is_cut_while_a_batch_is_written_refuses_no_event(shop, url, folder):
    only(shop, "postgresql")
    connection = connections[shop]
    submit([*joins("ann"), order("o1", "ann", 100)], using=shop)
    open_database("other", url)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        process = cursor.fetchone()[0]

    def cut(execute, sql, params, many, context):
        if sql.startswith('INSERT INTO "batch"'):
            with connections["other"].cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [process])
        return execute(sql, params, many, context)

    with (
        Writer.elected(folder, shop) as writer,
        connections[shop].execute_wrapper(cut),
        pytest.raises(OperationalError),
    ):
        writer.step()
    connections["other"].close()
    # Leaving it has closed what was left of the connection, so this one is new.
    with Writer.elected(folder, shop) as writer:
        assert writer.step() == 2


def test_a_caller_who_waits_too_long_for_the_books_is_told_to_ask_again(shop, url):
    only(shop, "sqlite")
    open_database("writing", url)
    with connections[shop].cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 50")
    with transaction.atomic(using="writing"), connections["writing"].cursor() as cursor:
        cursor.execute("INSERT INTO lease (id, epoch, until) VALUES (1, 0, 0)")
        with pytest.raises(InputError, match="busy"):
            submit(joins("ann"), using=shop)
    connections["writing"].close()
    assert submit(joins("ann"), using=shop)[0].state == "pending"


def test_a_caller_hears_of_other_failures_as_they_are(shop):
    failure = failing("INSERT INTO inbox", "disk I/O error")
    with connections[shop].execute_wrapper(failure), pytest.raises(OperationalError):
        submit(joins("ann"), using=shop)


def test_a_lease_outlives_beats_that_fail(shop, monkeypatch, caplog):
    only(shop, "sqlite")
    confirm, failures = Lease.confirm, iter([OperationalError("disk I/O error"), RuntimeError("whatever")])
    beaten = threading.Event()

    def confirmed(self):
        for failure in failures:
            raise failure
        confirm(self)
        beaten.set()

    monkeypatch.setattr(Lease, "confirm", confirmed)
    with caplog.at_level(logging.WARNING):
        lease = Lease.take(shop, 0.2)
        before = models.Lease.objects.using(shop).get().until
        assert beaten.wait(10)
        while (until := models.Lease.objects.using(shop).get().until) == before:
            time.sleep(0.01)
        lease.release()
    assert until > before
    assert [record.message for record in caplog.records] == ["a beat of the lease was left out"] * 2
    assert models.Lease.objects.using(shop).get().until == 0


def test_a_lease_that_cannot_be_given_back_ends_by_itself(shop, caplog):
    lease = Lease.take(shop, 0.2)
    with connections[shop].execute_wrapper(failing("UPDATE lease SET until = 0", "gone")):
        lease.release()
    assert [record.message for record in caplog.records] == ["a lease could not be given back: it ends by itself"]
    until = time.monotonic() + 10
    while (other := Lease.take(shop)) is None:
        assert time.monotonic() < until
        time.sleep(0.02)
    other.release()
