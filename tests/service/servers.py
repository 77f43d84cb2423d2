"""Databases that live as long as a test: a file of SQLite, or one in a PostgreSQL server of this run."""

import itertools
import shutil
from pathlib import Path

import psycopg
from benchmarks.server import Server
from django.db import connections

from jifen.service.databases import migrate, open_database

__all__ = ["Servers"]


class Servers:
    """Makes databases; the server is started when the first of its kind is asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server: Server | None = None
        self._numbers = itertools.count()
        self._filled: dict[str, str] = {}

    def new(self, kind: str) -> str:
        """The address of an empty database."""
        name = f"shop{next(self._numbers)}"
        if kind == "sqlite":
            return f"sqlite:///{self.folder / name}.sqlite3"
        self._server = self._server or Server(shared_buffers="64MB", maintenance_work_mem="16MB", work_mem="16MB")
        with psycopg.connect(self._server.address, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql://jifen@/{name}?host={self._server.folder}"

    def fill(self, url: str) -> None:
        """Give an empty database all tables: they are made once, and copied from then on."""
        kind = url.partition(":")[0]
        if kind not in self._filled:
            self._filled[kind] = alias = self.new(kind)
            open_database(alias, alias)
            migrate(alias)
            connections[alias].close()
        filled, name = self._filled[kind], url.partition("?")[0].rpartition("/")[2]
        if kind == "sqlite":
            shutil.copy(filled.removeprefix("sqlite:///"), url.removeprefix("sqlite:///"))
            return
        with psycopg.connect(self._server.address, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name}")
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {filled.partition('?')[0].rpartition('/')[2]}")

    def close(self) -> None:
        """Stop the server."""
        if self._server is not None:
            self._server.close()
