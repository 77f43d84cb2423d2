"""The machine and the versions that a page of figures must name."""

import os
import platform
import sqlite3
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = ("jifen", "numpy", "numba", "pyarrow", "polars", "duckdb", "psycopg")


def machine() -> str:
    """Processor, cores, memory, system."""
    cores = len(os.sched_getaffinity(0))
    return f"{_processor()}, {cores} cores, {_memory()} GiB, {platform.system()} {platform.machine()}"


def versions() -> str:
    """Python, the packages that take part, SQLite; the PostgreSQL that is found."""
    found = [f"Python {platform.python_version()}"]
    for package in _PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join([*found, f"SQLite {sqlite3.sqlite_version}", *_postgres()])


def load() -> float:
    """How many processes wanted to run on average over the last minute: above 0 the machine was not ours alone."""
    return os.getloadavg()[0]


def _postgres() -> list[str]:
    from benchmarks.server import server_version

    try:
        return [server_version()]
    except OSError:
        return []


def _processor() -> str:
    lines = _lines("/proc/cpuinfo")
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or "unknown processor")


def _memory() -> int:
    sizes = (int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal:"))
    return round(next(sizes, 0) / (1 << 20))


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
