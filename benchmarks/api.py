"""``python -m benchmarks.api``: what callers of the API wait for at a steady rate, on both databases.

A shop of ``--members`` members has closed two days. ``jifen serve`` runs as it is run, a web server and its worker, and
is asked ``--rate`` times a second: a fifth are orders that are waited for until the books have them, the others ask for
balances, statements and open lots. Requests are due at fixed times, whether or not those before have been answered, and
a time is counted from when the request was due: a server that falls behind cannot hide it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from benchmarks.live import DURABLE, GROUP, joining, paid, post
from benchmarks.reads import summary
from benchmarks.server import Server
from jifen.engine.events import DayClosed
from jifen.plan import load_plan
from jifen.service.acting import acting
from jifen.service.closing import closing_id
from jifen.service.databases import migrate, open_database
from jifen.service.day_files import STATEMENTS, keep_days
from jifen.service.rights import Right
from jifen.service.shop import Terms, create_shop
from jifen.service.staff.models import ApiKey
from jifen.service.writer import Writer

DAYS = 2
THREADS = 32
ORDER_EVERY = 5
READS = ("balances", "statement", "lots")
JIFEN = (sys.executable, "-c", "from jifen.cli import main; main()")
WARM = 5.0
"""Seconds that are asked before anything is counted."""


@dataclass(frozen=True)
class Load:
    """How much is asked, of whom."""

    members: int
    rate: int
    seconds: float


def prepare(using: str, folder: Path, members: int) -> str:
    """A shop with its members, an order of each a day, and closed days; returns a key."""
    migrate(using)
    first = datetime.now(ZoneInfo("Asia/Shanghai")).toordinal() - DAYS
    create_shop(load_plan("points_dividend"), first, Terms("bench"), using=using)
    with Writer.elected(folder, using) as writer:
        post(writer, [joining(number) for number in range(members)], 50 * GROUP)
        for day in range(first, first + DAYS):
            post(writer, [paid(f"o{day}-{number}", number + day, members) for number in range(members)], 50 * GROUP)
            post(writer, [DayClosed(id=closing_id(day), day=day)], 1)
    keep_days(folder / STATEMENTS, using)
    with acting("console"):
        return ApiKey.make("bench", [Right.BOOKS_READ, Right.EVENTS_WRITE], using=using)[1]


@contextmanager
def served(url: str, folder: Path) -> Iterator[int]:
    """``jifen serve`` on a free port, ready."""
    environment = {**os.environ, "JIFEN_DATABASE_URL": url, "JIFEN_VAR": str(folder)}
    with Path(folder, "serve.log").open("w") as log:
        process = subprocess.Popen(
            [*JIFEN, "serve", "--bind", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=log, env=environment, text=True
        )
    try:
        port = int(process.stdout.readline().rpartition(":")[2])  # type: ignore[union-attr]
        until = time.monotonic() + 120
        while _status(port, "/readyz") != 200:
            if time.monotonic() > until:
                raise RuntimeError(Path(folder, "serve.log").read_text())
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(60)


def ask(port: int, key: str, load: Load) -> dict[str, object]:
    """Ask at the rate; milliseconds by kind of request, and by status how many were not answered as they should be."""
    total = int(load.rate * (WARM + load.seconds))
    places, start = count(), time.monotonic() + 0.5
    found: dict[str, list[float]] = defaultdict(list)
    wrong: dict[str, int] = defaultdict(int)

    def work() -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        while (place := next(places)) < total:
            due = start + place / load.rate
            time.sleep(max(0.0, due - time.monotonic()))
            name, method, path, body = question(place, load.members)
            connection.request(method, path, body, headers)
            with connection.getresponse() as answer:
                text = answer.read()
            seconds = time.monotonic() - due
            if place >= load.rate * WARM:
                if answer.status != 200 or (body and b'"accepted"' not in text):
                    wrong[f"{answer.status} {name}"] += 1
                found[name].append(seconds)
                if not body:
                    found["all reads"].append(seconds)

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {name: summary(times) for name, times in sorted(found.items())} | {"wrong": dict(wrong)}


def question(place: int, members: int) -> tuple[str, str, str, str | None]:
    """The request of a place: its kind, method, path and body."""
    member = f"m{Random(place).randrange(members)}"
    if place % ORDER_EVERY:
        name = READS[place % len(READS)]
        return name, "GET", f"/api/v1/members/{member}/{name}", None
    order = {"event": "order_paid", "id": f"a{place}", "member": member, "lines": [{"amount": "39.80"}]}
    return "waited order", "POST", "/api/v1/events", json.dumps({"events": [order], "wait": 10})


def _status(port: int, path: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def main() -> None:
    """Measure both, or the one that is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", default=["sqlite", "postgresql"])
    parser.add_argument("--members", type=int, default=100_000)
    parser.add_argument("--rate", type=int, default=50, help="requests a second")
    parser.add_argument("--seconds", type=float, default=60)
    asked = parser.parse_args()
    load = Load(asked.members, asked.rate, asked.seconds)
    for kind in asked.kinds:
        with tempfile.TemporaryDirectory() as folder:
            server = Server(**DURABLE) if kind == "postgresql" else None
            url = f"postgresql://jifen@/postgres?host={server.folder}" if server else f"sqlite:///{folder}/shop.sqlite3"
            try:
                open_database(kind, url)
                key = prepare(kind, Path(folder), load.members)
                with served(url, Path(folder)) as port:
                    print(kind, json.dumps(ask(port, key, load)), flush=True)
            finally:
                from django.db import connections

                connections[kind].close()
                if server:
                    server.close()


if __name__ == "__main__":
    main()
