"""What a process counts of its own doing, and that no table has; members and keys are nowhere in it.

Each process keeps its counts in a file of text that it writes anew every few seconds, and the web server answers for
all processes of the machine by reading these files: so it does not matter which of them is asked.
"""

import logging
import os
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from prometheus_client import Counter, Gauge, Histogram, Metric, write_to_textfile
from prometheus_client.parser import text_string_to_metric_families

from jifen.service.counters import COUNTS
from jifen.service.writer import Writer

__all__ = [
    "BATCH_EVENTS", "BATCH_SECONDS", "CLOSE_SECONDS", "ELECTIONS", "FAILURES",
    "REQUEST_SECONDS", "CountedWriter", "all_counts", "share_counts",
]  # fmt: skip

BATCH_EVENTS = Histogram(
    "jifen_batch_events", "Lines of the inbox that were decided together.", buckets=(1, 10, 100, 300, 1000),
    registry=COUNTS,
)  # fmt: skip
BATCH_SECONDS = Histogram(
    "jifen_batch_seconds", "From the inbox to the end of the commit.", buckets=(0.005, 0.02, 0.1, 0.5, 2, 10),
    registry=COUNTS,
)  # fmt: skip
CLOSE_SECONDS = Gauge("jifen_last_close_seconds", "How long the last close of a day took.", registry=COUNTS)
ELECTIONS = Counter("jifen_elections", "How often this process was elected writer.", registry=COUNTS)
FAILURES = Counter("jifen_database_errors", "Questions that the database did not answer.", registry=COUNTS)
REQUEST_SECONDS = Histogram(
    "jifen_request_seconds", "From a request to its answer.", ["status"], buckets=(0.01, 0.05, 0.2, 1, 5),
    registry=COUNTS,
)  # fmt: skip

_WRITE_SECONDS = 2.0
_FRESH_SECONDS = 30.0
"""A file that has not been written for so long was left by a process that is gone."""
_log = logging.getLogger(__name__)


class CountedWriter(Writer):
    """A writer whose election and batches are counted."""

    def __init__(self, *given: Any) -> None:
        """Take what a writer takes."""
        super().__init__(*given)
        ELECTIONS.inc()

    def step(self) -> int:
        """Commit one batch, and count it."""
        day, began = self.world.open_day, time.perf_counter()
        events = super().step()
        took = time.perf_counter() - began
        if events:
            BATCH_EVENTS.observe(events)
            BATCH_SECONDS.observe(took)
        if self.world.open_day != day:
            CLOSE_SECONDS.set(took)
        return events


def share_counts(folder: Path, stop: threading.Event) -> threading.Thread:
    """Keep this process's counts in a file in ``folder`` until ``stop`` is set, from a thread of its own."""
    path = folder / f"{os.getpid()}.prom"

    def share() -> None:
        while True:
            try:
                write_to_textfile(str(path), COUNTS)
            except OSError:  # a disk that is full does not stop a shop from counting
                _log.warning("the counts of this process could not be kept", exc_info=True)
            if stop.wait(_WRITE_SECONDS):
                path.unlink(missing_ok=True)
                return

    folder.mkdir(parents=True, exist_ok=True)
    for old in set(folder.iterdir()) - set(_fresh(folder)):
        old.unlink(missing_ok=True)
    thread = threading.Thread(target=share, name="counts", daemon=True)
    thread.start()
    return thread


def all_counts(folder: Path) -> Iterable[Metric]:
    """The counts of all processes that keep theirs in ``folder``; the label ``process`` says whose they are."""
    families: dict[str, Metric] = {}
    for path in sorted(_fresh(folder)):
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            continue  # its process has just ended
        for family in text_string_to_metric_families(text):
            if family.name.endswith("_created"):
                continue
            merged = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
            for sample in family.samples:
                merged.samples.append(sample._replace(labels={**sample.labels, "process": path.stem}))
    return families.values()


def _fresh(folder: Path) -> list[Path]:
    """The files of processes that live."""
    since = time.time() - _FRESH_SECONDS
    found = []
    for path in folder.glob("*.prom"):
        try:
            if path.stat().st_mtime >= since:
                found.append(path)
        except FileNotFoundError:
            continue
    return found
