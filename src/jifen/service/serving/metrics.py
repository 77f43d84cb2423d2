"""The figures of a shop in the form that Prometheus reads: those of its tables, and the counts of its processes."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from django.db import DatabaseError, InterfaceError, connections
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from jifen.core.errors import InputError
from jifen.service.serving.counts import FAILURES, all_counts
from jifen.service.serving.figures import Figures, figures, snapshot_age
from jifen.service.writer import SNAPSHOTS

__all__ = ["COUNTS_FOLDER", "ShopMetrics", "metrics_text"]

COUNTS_FOLDER = "metrics"
"""Where processes keep their counts, inside of the shop's folder."""


class ShopMetrics(Collector):
    """Asks the database each time it is asked."""

    def __init__(self, folder: Path, using: str = "default") -> None:
        """Answer for the shop with this folder and this database."""
        self.folder, self.using = folder, using
        self._oldest: tuple[int, float] | None = None
        """The line that waits longest, and when it was first seen to be that."""

    def collect(self) -> Iterator[Metric]:
        """All metrics; those of the tables are left out where the database does not answer or has no shop."""
        found: Figures | None = None
        answers = True
        try:
            found = figures(datetime.now(UTC), using=self.using)
        except InputError:
            pass  # there is no shop yet
        except (DatabaseError, InterfaceError):
            FAILURES.inc()
            connections[self.using].close()
            answers = False
        yield GaugeMetricFamily("jifen_database_up", "Whether the database answers.", value=answers)
        if found is not None:
            yield from self._of_tables(found)
        age = snapshot_age(self.folder / SNAPSHOTS)
        if age is not None:
            text = "How long ago the newest snapshot was kept."
            yield GaugeMetricFamily("jifen_snapshot_age_seconds", text, value=age.total_seconds())
        yield from all_counts(self.folder / COUNTS_FOLDER)

    def _of_tables(self, found: Figures) -> Iterator[Metric]:
        yield CounterMetricFamily("jifen_events_accepted", "Events in the log.", value=found.accepted)
        refused = CounterMetricFamily("jifen_events_refused", "Events that were refused.", labels=["code"])
        for code, count in sorted(found.refused.items()):
            refused.add_metric([code], count)
        yield refused
        yield CounterMetricFamily("jifen_batches", "Batches in the log.", value=found.batches)
        gauges = {
            "jifen_inbox_waiting": ("Lines of the inbox that are not decided.", found.waiting),
            "jifen_inbox_oldest_seconds": ("How long the first of them has been seen to wait.", self._waited(found)),
            "jifen_open_day_timestamp_seconds": ("When the open day began.", found.open_since.timestamp()),
            "jifen_closes_due": ("Days that have ended and are not closed.", found.due),
            "jifen_close_refused": ("Whether the close of the open day would break the books.", found.blocked),
            "jifen_writer_present": ("Whether some process holds the right to write.", found.writer),
        }
        if found.coverage is not None:
            gauges["jifen_coverage_ppm"] = ("Backed of what was owed at the last close, in millionths.", found.coverage)
        for name, (text, value) in gauges.items():
            yield GaugeMetricFamily(name, text, value=value)

    def _waited(self, found: Figures) -> float:
        """Seconds since the line that waits longest was first seen here: lines do not say when they came."""
        if found.oldest is None:
            self._oldest = None
            return 0.0
        if self._oldest is None or self._oldest[0] != found.oldest:
            self._oldest = found.oldest, time.monotonic()
        return time.monotonic() - self._oldest[1]


def metrics_text(collector: Collector) -> bytes:
    """What is sent to Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    return generate_latest(registry)
