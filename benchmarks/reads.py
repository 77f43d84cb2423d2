"""``python -m benchmarks.reads``: balances and statements of a large shop while it closes a day, on both databases.

A shop of 100,000 members has closed a few days of orders. Then a process of its own posts orders without a pause and
closes another day, while threads of this one ask for the balances and the first page of the statement of members, one
after the other. What was asked while the close ran is told apart.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from random import Random

from benchmarks.live import DURABLE, GROUP, joining, paid, post
from benchmarks.server import Server
from jifen.engine.events import DayClosed
from jifen.plan import load_plan
from jifen.service.closing import closing_id
from jifen.service.databases import migrate, open_database
from jifen.service.day_files import STATEMENTS, keep_days
from jifen.service.directory import Directory
from jifen.service.inbox import submit
from jifen.service.reads import balances
from jifen.service.shop import Terms, create_shop
from jifen.service.statements import Statements
from jifen.service.writer import Writer

FIRST = 738_000
DAYS = 3
"""Days that are closed before."""
PAUSE = 0.005
"""Seconds between two questions of a thread: it is a member's screen, not a loop."""


def prepare(using: str, folder: Path, members: int) -> None:
    """A shop with its members, an order of each a day, and closed days."""
    migrate(using)
    create_shop(load_plan("points_dividend"), FIRST, Terms("bench"), using=using)
    with Writer.elected(folder, using) as writer:
        post(writer, [joining(number) for number in range(members)], 50 * GROUP)
        for day in range(DAYS):
            orders = [paid(f"o{day}-{number}", number + day, members) for number in range(members)]
            post(writer, orders, 50 * GROUP)
            submit([DayClosed(id=closing_id(FIRST + day), day=FIRST + day)], using=using)
            while writer.step():
                pass
    keep_days(folder / STATEMENTS, using)


def write(using: str, folder: Path, members: int) -> None:
    """The other process: orders for a while, a close, orders again; prints when the close began and ended."""
    with Writer.elected(folder, using) as writer:
        for number in range(20):
            post(writer, [paid(f"n{number}-{place}", place, members) for place in range(GROUP)], GROUP)
        submit([DayClosed(id=closing_id(FIRST + DAYS), day=FIRST + DAYS)], using=using)
        start = time.monotonic()
        writer.step()
        end = time.monotonic()
        kept = threading.Thread(target=keep_days, args=(folder / STATEMENTS, using))
        kept.start()
        for number in range(20):
            post(writer, [paid(f"m{number}-{place}", place, members) for place in range(GROUP)], GROUP)
        kept.join()
        print(json.dumps([start, end]))


def read(using: str, folder: Path, members: int, threads: int, url: str) -> dict[str, object]:
    """Ask while the other process writes; milliseconds."""
    statements, directory = Statements(folder, using), Directory(using)
    statements.page("m0")
    found: dict[str, list[tuple[float, float]]] = {"balances": [], "statement": []}
    stop = threading.Event()

    def ask(seed: int) -> None:
        random = Random(seed)
        questions = {
            "balances": lambda member: balances(member, directory),
            "statement": lambda member: statements.page(member),
        }
        while not stop.is_set():
            for name, question in questions.items():
                begin = time.monotonic()
                question(f"m{random.randrange(members)}")
                found[name].append((begin, time.monotonic() - begin))
                time.sleep(PAUSE)

    running = [threading.Thread(target=ask, args=(seed,)) for seed in range(threads)]
    for thread in running:
        thread.start()
    command = [sys.executable, "-m", "benchmarks.reads", using, "--write", url, str(folder), "--members", str(members)]
    written = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
    stop.set()
    for thread in running:
        thread.join()
    begin, end = json.loads(written.stdout)
    told: dict[str, object] = {"close_s": round(end - begin, 2)}
    for name, times in found.items():
        told[name] = summary([seconds for _, seconds in times])
        told[f"{name} while the close ran"] = summary([took for at, took in times if begin - took < at < end])
    return told


def summary(seconds: list[float]) -> dict[str, object]:
    """How many, and in milliseconds the median, the 95th percentile and the longest."""
    ordered = sorted(seconds)
    places = {"median": len(ordered) // 2, "p95": len(ordered) * 95 // 100, "max": len(ordered) - 1}
    return {"asked": len(ordered)} | {name: round(ordered[place] * 1000, 1) for name, place in places.items()}


def main() -> None:
    """Measure both, or the one that is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", default=["sqlite", "postgresql"])
    parser.add_argument("--members", type=int, default=100_000)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--write", nargs=2, metavar=("URL", "FOLDER"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.write:
        open_database(asked.kinds[0], asked.write[0])
        write(asked.kinds[0], Path(asked.write[1]), asked.members)
        return
    with tempfile.TemporaryDirectory() as folder:
        for kind in asked.kinds:
            server = Server(**DURABLE) if kind == "postgresql" else None
            try:
                file = f"sqlite:///{Path(folder, 'shop.sqlite3')}"
                url = f"postgresql://jifen@/postgres?host={server.folder}" if server else file
                open_database(kind, url)
                start = time.monotonic()
                prepare(kind, Path(folder, kind), asked.members)
                print(kind, "prepared in", round(time.monotonic() - start), "s")
                print(kind, json.dumps(read(kind, Path(folder, kind), asked.members, asked.threads, url)))
            finally:
                from django.db import connections

                connections[kind].close()
                if server:
                    server.close()


if __name__ == "__main__":
    main()
