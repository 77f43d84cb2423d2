"""SQLite, row by row: what malls do. Each lot is read, reduced, booked; each source is walked up sponsor by sponsor.

Prepared statements (the driver keeps them), integer primary keys, one transaction for the whole day, a cursor for each
loop. ``compute`` runs in memory; ``save`` runs the same on a file with a write-ahead log and commits: the journal and
the state are then on disk. What a receiver wants is kept as whole units and millionths, because SQLite turns an integer
that grows beyond 64 bits into a float. Faster would be set statements, as in the DuckDB peer, or reading the tree into
memory, as in the plain one: then it is no longer row by row.
"""

import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.day import MILLION, Day, Entries

SCHEMA = """
CREATE TABLE members (member INTEGER PRIMARY KEY, parent INTEGER, rate INTEGER NOT NULL, base INTEGER NOT NULL,
                      cash INTEGER NOT NULL);
CREATE TABLE lots (lot INTEGER PRIMARY KEY, member INTEGER NOT NULL, remaining INTEGER NOT NULL,
                   daily INTEGER NOT NULL);
CREATE INDEX lots_of_member ON lots (member, lot);
CREATE TABLE wanted (rule INTEGER, member INTEGER, whole INTEGER NOT NULL, parts INTEGER NOT NULL,
                     PRIMARY KEY (rule, member)) WITHOUT ROWID;
CREATE TABLE journal (member INTEGER NOT NULL, lot INTEGER NOT NULL, rule INTEGER NOT NULL, points INTEGER NOT NULL);
"""

ADD = """
INSERT INTO wanted VALUES (?1, ?2, ?3, ?4)
ON CONFLICT DO UPDATE SET whole = whole + excluded.whole, parts = parts + excluded.parts
"""


class Closer:
    """The two tables, in memory or in a file."""

    def __init__(self, day: Day) -> None:
        self._day = day
        self._folder = TemporaryDirectory(prefix="jifen-sqlite-")
        self._memory = self._loaded(":memory:")
        self._disk = self._loaded(str(Path(self._folder.name) / "shop.db"))
        self._last = self._memory

    def compute(self) -> None:
        self._close_day(self._memory)

    def save(self) -> None:
        self._close_day(self._disk)

    def entries(self) -> Entries:
        rows = self._last.execute("SELECT member, lot, rule, points FROM journal").fetchall()
        return Entries(*np.ascontiguousarray(np.array(rows, dtype=np.int64).reshape(-1, 4).T))

    def reset(self) -> None:
        self._fill(self._last)

    def close(self) -> None:
        self._memory.close()
        self._disk.close()
        self._folder.cleanup()

    def _loaded(self, where: str) -> sqlite3.Connection:
        connection = sqlite3.connect(where, isolation_level=None, cached_statements=32)
        connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -500000;")
        connection.executescript(SCHEMA)
        self._fill(connection)
        return connection

    def _fill(self, connection: sqlite3.Connection) -> None:
        day = self._day
        connection.execute("BEGIN")
        for table in ("members", "lots", "wanted", "journal"):
            connection.execute(f"DELETE FROM {table}")
        parents = (None if parent < 0 else parent for parent in day.parent.tolist())
        members = zip(range(day.members), parents, day.rate.tolist(), strict=True)
        connection.executemany("INSERT INTO members VALUES (?, ?, ?, 0, 0)", members)
        lots = zip(range(day.lots), day.lot_member.tolist(), day.remaining.tolist(), day.daily.tolist(), strict=True)
        connection.executemany("INSERT INTO lots VALUES (?, ?, ?, ?)", lots)
        connection.execute("COMMIT")
        connection.execute("ANALYZE")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _close_day(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN")
        self._release(connection)
        self._walk(connection)
        self._drain(connection)
        connection.execute("COMMIT")
        self._last = connection

    def _release(self, connection: sqlite3.Connection) -> None:
        """Each lot gives what is due today."""
        run = connection.execute
        rows = connection.cursor().execute("SELECT lot, member, remaining, daily FROM lots NOT INDEXED ORDER BY lot")
        for lot, member, remaining, daily in rows.fetchall():
            due = min(remaining, daily)
            if due:
                run("UPDATE lots SET remaining = remaining - ? WHERE lot = ?", (due, lot))
                run("UPDATE members SET base = base + ?1, cash = cash + ?1 WHERE member = ?2", (due, member))
                run("INSERT INTO journal VALUES (?, ?, 0, ?)", (member, lot, due))

    def _walk(self, connection: sqlite3.Connection) -> None:
        """Each member's release is walked up; whoever gets something of it is noted."""
        run, day = connection.execute, self._day
        depths = len(day.generations)
        for base, parent in run("SELECT base, parent FROM members WHERE base > 0").fetchall():
            depth, covered, paid, above = 0, 0, False, parent
            while above is not None:
                rate, parent = run("SELECT rate, parent FROM members WHERE member = ?", (above,)).fetchone()
                if depth < depths:
                    _add(connection, 1, above, base, day.generations[depth])
                if rate > covered:
                    _add(connection, 2, above, base, rate - covered)
                    covered, paid = rate, False
                elif rate and rate == covered and not paid:
                    _add(connection, 3, above, base, day.peer_rate)
                    paid = True
                depth += 1
                if depth >= depths and paid and covered == day.top_rate:
                    break
                above = parent

    def _drain(self, connection: sqlite3.Connection) -> None:
        """What is wanted comes out of the receiver's lots, oldest first, rule after rule."""
        run = connection.execute
        rows = run("SELECT rule, member, whole + parts / 1000000 FROM wanted ORDER BY rule, member").fetchall()
        for rule, member, points in rows:
            lots = run(
                "SELECT lot, remaining FROM lots WHERE member = ? AND remaining > 0 ORDER BY lot", (member,)
            ).fetchall()
            for lot, remaining in lots if points else ():
                taken = min(points, remaining)
                run("UPDATE lots SET remaining = remaining - ? WHERE lot = ?", (taken, lot))
                run("UPDATE members SET cash = cash + ? WHERE member = ?", (taken, member))
                run("INSERT INTO journal VALUES (?, ?, ?, ?)", (member, lot, rule, taken))
                points -= taken
                if points == 0:
                    break


def _add(connection: sqlite3.Connection, rule: int, member: int, base: int, rate: int) -> None:
    connection.execute(ADD, (rule, member, base // MILLION * rate, base % MILLION * rate))
