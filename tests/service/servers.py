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

    def new(self, kind: str, template: str = "template1") -> str:
        """The address of an empty database."""
        name = f"shop{next(self._numbers)}"
        if kind == "sqlite":
            return f"sqlite:///{self.folder / name}.sqlite3"
        self._server = self._server or Server(shared_buffers="64MB", maintenance_work_mem="16MB", work_mem="16MB")
        self._said(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return f"postgresql://jifen@/{name}?host={self._server.folder}"

    def filled(self, kind: str) -> str:
        """The address of a database with all tables: they are made once, and copied from then on."""
        if kind not in self._filled:
            self._filled[kind] = alias = self.new(kind)
            open_database(alias, alias)
            migrate(alias)
            connections[alias].close()
        filled = self._filled[kind]
        if kind == "sqlite":
            url = self.new(kind)
            shutil.copy(filled.removeprefix("sqlite:///"), url.removeprefix("sqlite:///"))
            return url
        return self.new(kind, _name(filled))

    def drop(self, url: str) -> None:
        """Remove a database: a thousand of them would fill a disk."""
        if url.startswith("postgresql"):
            self._said(f"DROP DATABASE IF EXISTS {_name(url)} WITH (FORCE)")
        else:
            Path(url.removeprefix("sqlite:///")).unlink(missing_ok=True)

    def close(self) -> None:
        """Stop the server."""
        if self._server is not None:
            self._server.close()

    def _said(self, statement: str) -> None:
        assert self._server is not None
        with psycopg.connect(self._server.address, autocommit=True) as connection:
            connection.execute(statement)


def _name(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]
