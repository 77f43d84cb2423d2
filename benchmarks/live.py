"""``python -m benchmarks.live``: orders through inbox, engine, books and seal of a live shop, on both databases.

``--close MEMBERS`` closes a day of so many members with two lots each instead.

A thousand orders a batch, and beside them the same orders with a transaction each, as a shop without a group commit
would write them. Everything is synced as in a shop that is open; what a caller does to submit is counted as well.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.server import Server
from jifen.service.databases import migrate, open_database, start_django

start_django()

from jifen.engine.events import DayClosed, Event, Line, MemberJoined, OrderPaid  # noqa: E402
from jifen.plan import load_plan  # noqa: E402
from jifen.service.inbox import submit  # noqa: E402
from jifen.service.shop import Terms, create_shop  # noqa: E402
from jifen.service.writer import GROUP, Writer  # noqa: E402

DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
MEMBERS = 10_000
SINGLY = 300
"""Orders that have a transaction each: that is enough to know how long one takes."""


def posted(using: str, folder: Path, orders: int) -> dict[str, float]:
    """Orders a second, in batches and one by one, in a new shop of ten thousand members."""
    with Writer.elected(folder, using) as writer:
        post(writer, [joining(number) for number in range(MEMBERS)], GROUP)
        post(writer, [paid(f"w{number}", number) for number in range(2 * GROUP)], GROUP)
        batches = post(writer, [paid(f"o{number}", number) for number in range(orders)], GROUP)
        singly = post(writer, [paid(f"s{number}", number) for number in range(SINGLY)], 1)
    rates = sorted(GROUP / seconds for seconds in batches)
    return {
        "orders_per_s": round(orders / sum(batches)), "median_batch_per_s": round(statistics.median(rates)),
        "singly_per_s": round(SINGLY / sum(singly)), "ratio": round(orders / sum(batches) * sum(singly) / SINGLY, 1),
    }  # fmt: skip


def closed(using: str, folder: Path, members: int) -> dict[str, float]:
    """Seconds that the close of a day takes until it is committed, and its snapshot after that."""
    with Writer.elected(folder, using) as writer:
        fill(writer, members)
        committed, snapshot = day_close(writer, 738_001)
    return {"lots": 2 * members, "committed_s": round(committed, 2), "snapshot_s": round(snapshot, 2)}


def fill(writer: Writer, members: int) -> None:
    """Let so many members join and pay two orders each on the first day, which is closed."""
    post(writer, [joining(number) for number in range(members)], 50 * GROUP)
    post(writer, [paid(f"o{number}", number, members) for number in range(2 * members)], 50 * GROUP)
    day_close(writer, 738_000)


def day_close(writer: Writer, day: int) -> tuple[float, float]:
    """Close a day: the seconds to its commit, and those of the snapshot that is kept then."""
    submit([DayClosed(id=f"day:{day}", day=day)], using=writer.using)
    kept, seconds = writer.snapshot, []

    def timed() -> Path | None:
        seconds.append(time.perf_counter())
        return kept()

    writer.snapshot = timed  # type: ignore[method-assign]
    start = time.perf_counter()
    writer.step()
    end = time.perf_counter()
    writer.snapshot = kept  # type: ignore[method-assign]
    return seconds[0] - start, end - seconds[0]


def post(writer: Writer, events: list[Event], size: int) -> list[float]:
    """Submit and commit events, so many at a time; returns the seconds that each batch took."""
    seconds = []
    for first in range(0, len(events), size):
        some = events[first : first + size]
        start = time.perf_counter()
        submit(some, using=writer.using)
        while writer.step():
            pass
        seconds.append(time.perf_counter() - start)
    return seconds


def joining(number: int) -> Event:
    """A member below one of those before."""
    return MemberJoined(id=f"jm{number}", day=0, member=f"m{number}", referrer=f"m{number // 3}" if number else None)


def paid(name: str, number: int, members: int = MEMBERS) -> Event:
    """An order of one line by some member."""
    cents = 100 + number * 7919 % 90_000
    return OrderPaid(id=name, day=0, member=f"m{number * 7 % members}", lines=(Line(amount=cents * 10_000),))


def main() -> None:
    """Measure both, or the one that is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", default=["sqlite", "postgresql"])
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--close", type=int, metavar="MEMBERS")
    parser.add_argument("--runs", type=int, default=1, help="how often, each in a new shop")
    asked = parser.parse_args()
    measure, size = (closed, asked.close) if asked.close else (posted, asked.orders)
    for kind in asked.kinds:
        found = []
        for _ in range(asked.runs):
            with new_shop(kind) as (_, folder):
                found.append(measure(kind, folder, size))
            print(kind, json.dumps(found[-1]), flush=True)
        if asked.runs > 1:
            print(kind, json.dumps({name: spread([run[name] for run in found]) for name in found[0]}))


def spread(values: list[float]) -> str:
    """The median, the least and the most."""
    return f"{statistics.median(values):g} ({min(values):g} to {max(values):g})"


@contextmanager
def new_shop(kind: str) -> Iterator[tuple[str, Path]]:
    """The address of a new database, known by the name of its kind, with a shop; and a folder. All goes afterwards."""
    from django.db import connections

    with tempfile.TemporaryDirectory() as folder:
        server = Server(**DURABLE) if kind == "postgresql" else None
        try:
            url = f"postgresql://jifen@/postgres?host={server.folder}" if server else f"sqlite:///{folder}/shop.sqlite3"
            open_database(kind, url)
            migrate(kind)
            create_shop(load_plan("points_dividend"), 738_000, Terms("bench"), using=kind)
            yield url, Path(folder, "kept")
        finally:
            connections[kind].close()
            if server:
                server.close()


if __name__ == "__main__":
    main()
