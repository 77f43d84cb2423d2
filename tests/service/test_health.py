"""A shop says that it is not ready, and why; its metrics are those of its tables, and name no member."""

import threading
import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connections
from django.http import HttpRequest
from django.test import RequestFactory
from prometheus_client.parser import text_string_to_metric_families
from tests.service.conftest import joins, order

from jifen.service import models
from jifen.service.closing import ask_closes
from jifen.service.content import closing_id
from jifen.service.counters import COUNTS
from jifen.service.databases import open_database
from jifen.service.inbox import submit
from jifen.service.lease import Lease, is_held
from jifen.service.serving.counts import CountedWriter, share_counts
from jifen.service.serving.health import not_ready
from jifen.service.serving.metrics import COUNTS_FOLDER, ShopMetrics, metrics_text
from jifen.service.serving.views import metrics

FIRST = 738000
OPENED = datetime.fromordinal(FIRST).replace(tzinfo=ZoneInfo("Asia/Shanghai"))
SIX_HOURS = timedelta(hours=6)


def wait_for(true) -> None:
    until = time.monotonic() + 30
    while not true() and time.monotonic() < until:
        time.sleep(0.01)


def reasons(now, using):
    return [problem.code for problem in not_ready(now, SIX_HOURS, using=using)]


def test_a_shop_is_ready_only_while_somebody_writes(shop):
    assert reasons(OPENED, shop) == ["no_writer"]
    lease = Lease.take(shop)
    assert reasons(OPENED, shop) == []
    lease.release()
    assert reasons(OPENED, shop) == ["no_writer"]


def test_the_lease_of_a_writer_that_died_ends_by_itself(shop):
    if connections[shop].vendor == "postgresql":
        thread = threading.Thread(target=lambda: (Lease.take(shop), connections[shop].close()))
        thread.start()
        thread.join()
        wait_for(lambda: not is_held(shop))  # the server finds out soon that its connection is gone
    else:
        Lease.take(shop, seconds=0.2)._done.set()
        wait_for(lambda: not is_held(shop))
    assert reasons(OPENED, shop) == ["no_writer"]


def test_a_close_is_overdue_when_its_day_ended_longer_ago_than_allowed(shop):
    lease = Lease.take(shop)
    last = OPENED + timedelta(days=1) + SIX_HOURS
    assert reasons(last, shop) == []
    assert reasons(last + timedelta(seconds=1), shop) == ["close_overdue"]
    lease.release()


def test_a_database_without_tables_and_one_without_a_shop_are_not_ready(url, using):
    assert reasons(OPENED, using) == ["no_shop"]
    with connections[using].cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations")
    assert reasons(OPENED, using) == ["not_migrated"]


def test_a_database_that_does_not_answer_is_not_ready(tmp_path):
    open_database("silent", f"postgresql://shop@/jifen?host={tmp_path}")
    assert reasons(OPENED, "silent") == ["no_database"]
    text = metrics_text(ShopMetrics(tmp_path, "silent")).decode()
    assert samples(text)["jifen_database_up"] == 0


def samples(text):
    """By name, and by code where there is one."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name + sample.labels.get("code", "")] = sample.value
    return found


def test_the_metrics_of_a_shop_are_its_tables_figures(shop, folder):
    # Three members, one of them below himself; four orders, one of them of nobody. Then a day is closed.
    events = [*joins("ann", "bob", "cy"), *(order(f"o{each}", "bob", 10) for each in range(3)), order("o9", "dan", 1)]
    submit(events, using=shop)
    ask_closes(OPENED + timedelta(days=1), using=shop)
    with CountedWriter.elected(folder, shop) as writer:
        while writer.step():
            pass
    submit([order("o10", "ann", 1), order("o11", "ann", 1)], using=shop)
    stop = threading.Event()
    thread = share_counts(folder / COUNTS_FOLDER, stop)
    wait_for(lambda: list((folder / COUNTS_FOLDER).glob("*.prom")))
    text = metrics_text(ShopMetrics(folder, shop)).decode()
    stop.set()
    thread.join()
    found = samples(text)
    assert found["jifen_events_accepted_total"] == 7
    assert found["jifen_events_refused_totalunknown_member"] == 1
    assert found["jifen_batches_total"] == 2
    assert found["jifen_inbox_waiting"] == 2
    assert found["jifen_open_day_timestamp_seconds"] == (OPENED + timedelta(days=1)).timestamp()
    assert found["jifen_closes_due"] > 0
    assert found["jifen_writer_present"] == 0
    assert 0 <= found["jifen_snapshot_age_seconds"] < 60
    assert found["jifen_batch_events_count"] == COUNTS.get_sample_value("jifen_batch_events_count") >= 2
    assert found["jifen_last_close_seconds"] > 0
    assert not any(name in text for name in ("ann", "bob", "dan", "o9"))
    assert not list((folder / COUNTS_FOLDER).iterdir())  # the process has ended, and so have its counts


def test_a_line_that_waits_is_seen_to_grow_old(shop, folder):
    submit(joins("ann"), using=shop)
    collector = ShopMetrics(folder, shop)
    assert samples(metrics_text(collector).decode())["jifen_inbox_oldest_seconds"] < 0.5
    time.sleep(0.6)
    assert samples(metrics_text(collector).decode())["jifen_inbox_oldest_seconds"] >= 0.6
    with CountedWriter.elected(folder, shop) as writer:
        writer.step()
    assert samples(metrics_text(collector).decode())["jifen_inbox_oldest_seconds"] == 0


def request(address, **headers) -> HttpRequest:
    return RequestFactory().get("/metrics", REMOTE_ADDR=address, **headers)


@pytest.mark.parametrize(
    ("address", "headers"),
    [("10.0.0.1", {}), ("127.0.0.1", {"HTTP_X_FORWARDED_FOR": "10.0.0.1"}), ("", {}), ("::2", {})],
)
def test_metrics_are_refused_to_other_machines_and_through_a_proxy(address, headers):
    assert metrics(request(address, **headers)).status_code == 403


def test_a_close_that_was_refused_is_told_without_its_message(shop, folder):
    message = "member 13800138000 would have -1"
    models.Inbox.objects.using(shop).create(
        key=closing_id(FIRST), content="{}", batch=0, code="breaks_books", message=message
    )
    lease = Lease.take(shop)
    (problem,) = not_ready(OPENED + timedelta(days=1), SIX_HOURS, using=shop)
    lease.release()
    assert problem.code == "close_refused"
    text = metrics_text(ShopMetrics(folder, shop)).decode()
    assert samples(text)["jifen_close_refused"] == 1
    assert "138" not in str(problem) + text
