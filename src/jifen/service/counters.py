"""Where a process counts what no table has: each part of the service declares its own counters in this registry."""

from prometheus_client import CollectorRegistry

__all__ = ["COUNTS"]

COUNTS = CollectorRegistry()
