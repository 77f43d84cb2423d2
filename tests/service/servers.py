"""Databases that live as long as a test: a file of SQLite, or one in a PostgreSQL server of this run."""

import itertools
from pathlib import Path

import psycopg
from benchmarks.server import Server

__all__ = ["Servers"]


class Servers:
    """Makes databases; the server is started when the first of its kind is asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server: Server | None = None
        self._numbers = itertools.count()

    def new(self, kind: str) -> str:
        """The address of an empty database."""
        name = f"shop{next(self._numbers)}"
        if kind == "sqlite":
            return f"sqlite:///{self.folder / name}.sqlite3"
        self._server = self._server or Server(shared_buffers="64MB", maintenance_work_mem="16MB", work_mem="16MB")
        with psycopg.connect(self._server.address, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql://jifen@/{name}?host={self._server.folder}"

    def close(self) -> None:
        """Stop the server."""
        if self._server is not None:
            self._server.close()
