"""The others: each does the same day on the same data, as a competent engineer would write it with that tool.

A peer is a module with a class that is made of a ``Day`` (loading, indexes and statistics are not timed) and has

* ``compute()``: all entries of the day, in whatever form is natural to it. Timed: kernel against kernel.
* ``entries()``: the same as columns, to be compared; not timed.
* ``save()``, where the table of goals asks for it: the day computed and saved, as the peer's users would. Timed.
* ``reset()``: the state before, for the next run; not timed. ``close()``: everything is given back.
"""

from importlib import import_module
from typing import Protocol

from benchmarks.day import Day, Entries


class Peer(Protocol):
    """One peer with one day loaded."""

    def compute(self) -> None: ...
    def entries(self) -> Entries: ...
    def save(self) -> None: ...
    def reset(self) -> None: ...
    def close(self) -> None: ...


PEERS = {
    "Python": "benchmarks.peers.plain",
    "polars": "benchmarks.peers.polars_depth",
    "DuckDB": "benchmarks.peers.duckdb_closure",
    "PostgreSQL": "benchmarks.peers.postgres_closure",
    "SQLite": "benchmarks.peers.sqlite_rows",
}
"""Each peer by the name it has in tables."""


class NotHere(Exception):
    """A peer cannot run on this machine; the message says why."""


def load(name: str, day: Day) -> Peer:
    """Load a day into a peer; ``NotHere`` if what it needs is not installed."""
    try:
        module = import_module(PEERS[name])
    except ImportError as error:
        raise NotHere(f"{name} is not installed: {error}") from error
    peer: Peer = module.Closer(day)
    return peer
