"""``python -m benchmarks.waits``: how long callers wait for a live shop whose writer is a process of its own.

* orders one by one, each waited for: nobody else asks for anything;
* orders that are only put into the inbox, one by one, while a day of ``--members`` members with two lots each closes;
* the start of a writer after that: a new process, which must read its snapshot from the disk. Its parts are counted
  from the moment at which the process was asked for.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import benchmarks.live as live
from jifen.engine.events import DayClosed
from jifen.service import models
from jifen.service.databases import open_database
from jifen.service.inbox import submit
from jifen.service.writer import Writer, run_writer

PATIENCE = 60.0
ORDERS = 300


def waited(using: str, url: str, folder: Path, members: int) -> dict[str, object]:
    """All of it, in a new shop; milliseconds, but for the parts of the start, which are seconds."""
    with Writer.elected(folder, using) as writer:
        live.fill(writer, members)
    process, _ = started(url, folder)
    try:
        for number in range(20):
            one(using, f"w{number}", number, PATIENCE)
        light = [one(using, f"l{number}", number, PATIENCE) for number in range(ORDERS)]
        closing = while_closing(using)
    finally:
        ended(process)
    forget(folder, url)
    process, parts = started(url, folder)
    ended(process)
    return {"waited_ms": percentiles(light), "submitted_while_closing_ms": percentiles(closing), "start_s": parts}


def while_closing(using: str) -> list[float]:
    """Seconds that single orders take to be in the inbox from when a close is asked for until it is committed."""
    submit([DayClosed(id="day:738001", day=738_001)], using=using)
    seconds: list[float] = []
    while not models.Run.objects.using(using).filter(day=738_001).exists():
        seconds.append(one(using, f"c{len(seconds)}", len(seconds), 0.0))
        time.sleep(0.01)
    return seconds


def one(using: str, name: str, number: int, wait: float) -> float:
    """Seconds that an order takes, to be in the inbox or to be decided."""
    start = time.perf_counter()
    result = submit([live.paid(name, number)], using=using, wait=wait)[0]
    seconds = time.perf_counter() - start
    if wait and result.state != "accepted":
        raise RuntimeError(f"{name}: {result}")
    return seconds


def started(url: str, folder: Path) -> tuple[subprocess.Popen[str], dict[str, float]]:
    """A writer in a process of its own that is elected, and the seconds that it took."""
    command = [sys.executable, "-m", "benchmarks.waits", "--writer", url, str(folder), str(time.time())]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    return process, json.loads(process.stdout.readline())  # type: ignore[union-attr]


def ended(process: subprocess.Popen[str]) -> None:
    """Let it finish its batch, keep a snapshot and give its lease back."""
    process.terminate()
    process.wait(PATIENCE)


def write(url: str, folder: Path, asked: float) -> None:
    """Be that process: say when what was done, then write until told to end."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    imported = time.time() - asked
    open_database("shop", url)
    while (writer := Writer.elected(folder, "shop")) is None:
        time.sleep(0.02)
    elected = time.time() - asked
    writer.lease.release()
    print(json.dumps({"imported": round(imported, 2), "elected": round(elected, 2)}), flush=True)
    run_writer(folder, "shop", stop=stop)


def forget(folder: Path, url: str) -> None:
    """Let the system forget what it keeps of the shop's files in memory: they are read from the disk again."""
    database = Path(url.removeprefix("sqlite:///")).parent if url.startswith("sqlite") else folder
    for path in [*folder.rglob("*"), *database.glob("*.sqlite3*")]:
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def percentiles(seconds: list[float]) -> dict[str, float]:
    """In milliseconds."""
    parts = statistics.quantiles(seconds, n=20) if len(seconds) > 1 else seconds * 19
    found = {"p50": statistics.median(seconds), "p95": parts[18], "most": max(seconds)}
    return {"count": len(seconds)} | {name: round(1000 * value, 1) for name, value in found.items()}


def main() -> None:
    """Measure both, or the one that is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", default=["sqlite", "postgresql"])
    parser.add_argument("--members", type=int, default=100_000)
    parser.add_argument("--writer", nargs=3, metavar=("URL", "FOLDER", "ASKED"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.writer:
        write(asked.writer[0], Path(asked.writer[1]), float(asked.writer[2]))
        return
    for kind in asked.kinds:
        with live.new_shop(kind) as (url, folder):
            print(kind, json.dumps(waited(kind, url, folder, asked.members)), flush=True)


if __name__ == "__main__":
    main()
