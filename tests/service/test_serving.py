"""The processes of a shop as they are run: they stop in order, come back, and lose nothing."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from benchmarks.server import Server
from django.db import connections
from prometheus_client.parser import text_string_to_metric_families
from tests.service.conftest import joins, order
from tests.service.running import PATIENCE, ROOT, Shop, jifen
from typer.testing import CliRunner

from jifen.batch.event_text import parse_event
from jifen.cli.app import app
from jifen.core.errors import InputError
from jifen.plan import load_plan
from jifen.service import models
from jifen.service.audit import audit
from jifen.service.databases import migrate, open_database
from jifen.service.environment import VARIABLES, read_settings
from jifen.service.inbox import submit
from jifen.service.lease import Lease
from jifen.service.serving import catching_up
from jifen.service.serving.web import check_address, parse_address
from jifen.service.serving.worker import run_worker
from jifen.service.shop import Terms, create_shop
from jifen.service.writer import JOURNAL, SNAPSHOTS

PHONES = ("13800138000", "13900139000")


def today() -> int:
    return datetime.now(ZoneInfo("Asia/Shanghai")).toordinal()


@pytest.fixture
def environment(url, folder, using):
    """What the processes of a shop are told; it opened the day before yesterday."""
    create_shop(load_plan("points_dividend"), today() - 2, Terms("test"), using=using)
    told = {name: text for name, text in os.environ.items() if not name.startswith("JIFEN_")}
    return {**told, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "JIFEN_DATABASE_URL": url, "JIFEN_VAR": str(folder)}


@pytest.fixture
def served(environment, tmp_path):
    shop = Shop(environment, tmp_path / "log")
    yield shop
    if shop.process.poll() is None:
        shop.process.kill()
        shop.process.communicate()


def test_a_shop_serves_while_its_worker_is_killed_and_stops_under_load_without_losing_anything(
    served, using, folder, request
):
    served.wait_for(200)
    killed = served.worker()
    served.process.send_signal(signal.SIGSTOP)  # so that nobody starts another before it is missed
    os.kill(killed, signal.SIGKILL)
    assert served.wait_for(503) == ["no_writer"]
    served.process.send_signal(signal.SIGCONT)
    served.wait_for(200)
    assert served.worker() != killed

    submit([*joins(*PHONES), order("nobodys", "13700137000", 1)], using=using, wait=PATIENCE)
    client = Client(using)
    request.addfinalizer(client.stop)
    assert served.get(f"/members/{PHONES[0]}?phone={PHONES[1]}")[0] == 200
    assert served.get(f"/people/{PHONES[0]}?phone={PHONES[1]}")[0] == 404
    status, headers, text = served.get("/metrics")
    found = {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}
    assert status == 200
    assert {"jifen_inbox_waiting", "jifen_batch_seconds_count", "jifen_request_seconds_sum"} <= found
    assert headers["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert served.stop() == 0
    head = models.Batch.objects.using(using).order_by("-number").first()
    assert (folder / SNAPSHOTS / f"batch-{head.number:09d}-{bytes(head.hash).hex()}").is_dir()
    Lease.take(using).release()  # it was given back, or this would be None
    sent = client.stop()

    log = served.errors.read_text()
    assert not any(phone in log for phone in (*PHONES, "13700137000"))
    assert not any(phone in text for phone in PHONES)
    (unknown,) = [line for line in served.lines() if line.get("status") == 404]
    assert unknown["route"] == ""
    assert len(unknown["request"]) == 32
    stop = threading.Event()
    thread = threading.Thread(target=run_worker, args=(folder, stop, using))
    thread.start()
    submit(sent[-1:], using=using, wait=PATIENCE)
    stop.set()
    thread.join()
    log = models.Event.objects.using(using).order_by("number").values_list("content", flat=True)
    orders = [event.id for event in map(parse_event, log) if event.name == "order_paid"]
    assert orders == [event.id for event in sent]
    assert audit(folder / JOURNAL, using).sound


class Client:
    """Sends orders until it is stopped, each once; returns what it has sent."""

    def __init__(self, using) -> None:
        self.using, self.sent, self.enough = using, [], threading.Event()
        self.thread = threading.Thread(target=self.send)
        self.thread.start()
        while len(self.sent) < 1000:
            time.sleep(0.01)

    def send(self) -> None:
        while not self.enough.wait(0.01):
            first = len(self.sent)
            orders = [order(f"{PHONES[0]}-{first + each}", PHONES[each % 2], 1 + each) for each in range(100)]
            submit(orders, using=self.using)
            self.sent += orders
        connections[self.using].close()

    def stop(self):
        self.enough.set()
        self.thread.join()
        return self.sent


def test_days_that_have_ended_are_closed_for_whoever_asks_and_waits(environment, using, folder):
    stop = threading.Event()
    thread = threading.Thread(target=run_worker, args=(folder, stop, using))
    thread.start()
    done = jifen(environment, "close", "--json")
    stop.set()
    thread.join()
    assert (done.returncode, json.loads(done.stdout)["open"]) == (0, [])
    assert list(models.Run.objects.using(using).order_by("day").values_list("day", flat=True)) == [
        today() - 2, today() - 1,
    ]  # fmt: skip
    early = jifen(environment, "close", "--day", datetime.fromordinal(today() + 366).date().isoformat())
    assert early.returncode == 2
    assert "day_not_over" in early.stderr


def test_a_close_that_nobody_writes_is_not_waited_for(environment, using, monkeypatch):
    monkeypatch.setattr(catching_up, "_PATIENCE_SECONDS", 0.1)
    with pytest.raises(InputError, match="no_writer"):
        catching_up.close_days(datetime.now(UTC), lambda progress: None, using=using)


def test_a_shop_that_others_reach_needs_a_key():
    made, given = read_settings({}), read_settings({"JIFEN_SECRET_KEY": "k" * 32})
    for bind in ("0.0.0.0:0", "[::]:0"):
        with pytest.raises(InputError, match="no_secret_key"):
            check_address(parse_address(bind), made)
    check_address(parse_address("0.0.0.0:0"), given)
    check_address(parse_address("127.0.0.1:0"), made)


def test_an_address_that_is_taken_or_none_is_refused_before_anything_starts():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(InputError, match="bad_bind"):
            check_address(parse_address(f"127.0.0.1:{taken.getsockname()[1]}"), read_settings({}))
    for text in ("8000", "localhost:", "localhost:http", ":8000", "127.0.0.1:70000"):
        with pytest.raises(InputError, match="bad_option"):
            parse_address(text)


def test_a_database_without_a_shop_is_not_served_and_it_is_said_what_to_do(tmp_path):
    told = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "JIFEN_VAR": str(tmp_path), "JIFEN_DATABASE_URL": ""}
    empty = jifen(told, "serve")
    assert empty.returncode == 2
    assert "no_shop" in empty.stderr
    assert "jifen shop create" in empty.stderr


def test_settings_are_listed_and_slips_of_the_pen_are_named(monkeypatch):
    monkeypatch.setenv("JIFEN_HOST", "shop.example")
    shown = CliRunner().invoke(app, ["settings", "--json"])
    assert shown.exit_code == 0
    assert "JIFEN_HOST" in json.loads(shown.stdout)["unknown"]
    assert [each["name"] for each in json.loads(shown.stdout)["settings"]] == list(VARIABLES)


WAITS = """
from jifen.service.serving.signals import stop_with_parent, stopped_by_signals
stop = stopped_by_signals()
PARENT
print("ready", flush=True)
stop.wait()
print("stopped", flush=True)
AFTER
"""


def test_the_second_signal_ends_a_process_at_once(environment):
    program = WAITS.replace("PARENT", "").replace("AFTER", "import time; time.sleep(60)")
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env=environment, text=True) as child:
        for said in ("ready\n", "stopped\n"):
            assert child.stdout.readline() == said
            child.send_signal(signal.SIGTERM)
        assert child.wait(PATIENCE) == -signal.SIGTERM


def test_a_process_ends_when_the_one_that_started_it_is_gone(environment):
    program = WAITS.replace("PARENT", "stop_with_parent(1)").replace("AFTER", "")
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout) == (0, b"ready\nstopped\n")


def test_a_worker_goes_on_when_its_database_was_restarted(tmp_path, folder):
    try:
        server = Server(shared_buffers="16MB")
    except FileNotFoundError as error:
        pytest.skip(str(error))
    open_database("restarted", f"postgresql://jifen@/postgres?host={server.folder}")
    migrate("restarted")
    create_shop(load_plan("points_dividend"), today(), Terms("test"), using="restarted")
    stop = threading.Event()
    thread = threading.Thread(target=run_worker, args=(folder, stop, "restarted"))
    thread.start()
    try:
        first = submit(joins("ann"), using="restarted", wait=PATIENCE)
        connections["restarted"].close()
        server._run("pg_ctl", "-D", server._data, "-l", server.folder / "log", "-m", "fast", "-w", "restart")
        second = submit([order("o1", "ann", 1)], using="restarted", wait=PATIENCE)
    finally:
        stop.set()
        thread.join()
        connections["restarted"].close()
        server.close()
    assert [result.state for result in first + second] == ["accepted", "accepted"]
