"""PostgreSQL: a recursive closure over the tree, as vendors' systems do it, then balances updated in place.

One statement a step, keys indexed, statistics fresh, parallel workers where the planner wants them; a recursive query
has none. ``compute`` writes the entries into an unlogged table and changes nothing else; ``save`` does what the shop
needs: entries into the journal, what remains into the lots, what was earned into the members' balances, committed.
Faster would be to keep the closure from day to day (half a million pairs a member in a chain), to append balances
instead of updating them, or to do what the peers above do, outside of the database.
"""

import numpy as np
import psycopg

from benchmarks.day import Day, Entries
from benchmarks.peers import NotHere
from benchmarks.peers.closure import UP
from benchmarks.server import Server

SCHEMA = """
DROP TABLE IF EXISTS members, lots, lots_before, journal;
CREATE UNLOGGED TABLE members (member bigint PRIMARY KEY, parent bigint, rate bigint NOT NULL, cash bigint NOT NULL);
CREATE UNLOGGED TABLE lots (lot bigint PRIMARY KEY, member bigint NOT NULL, remaining bigint NOT NULL,
                            daily bigint NOT NULL);
CREATE UNLOGGED TABLE lots_before (LIKE lots);
CREATE TABLE journal (member bigint NOT NULL, lot bigint NOT NULL, rule int NOT NULL, points bigint NOT NULL);
"""

COMPUTE = (
    """
DROP TABLE IF EXISTS released, base, wanted, entries;
CREATE UNLOGGED TABLE released AS
    SELECT lot, member, remaining, least(daily, remaining) AS due FROM lots WHERE remaining > 0;
CREATE UNLOGGED TABLE base AS
    SELECT member, sum(due)::bigint AS base FROM released GROUP BY member HAVING sum(due) > 0;
ANALYZE released; ANALYZE base;
CREATE UNLOGGED TABLE wanted AS
WITH RECURSIVE """
    + UP
    + """, sums AS (
    SELECT member,
           sum(base * CASE {generations} ELSE 0 END) FILTER (WHERE depth <= {depths}) AS generation,
           sum(base * (rate - covered)) FILTER (WHERE rate > covered) AS team,
           sum(base * {peer}) FILTER (WHERE rate = covered AND rate > 0 AND NOT paid) AS peer
    FROM up GROUP BY member
)
SELECT member, rule, div(parts, 1000000)::bigint AS wanted
FROM sums CROSS JOIN LATERAL (VALUES (1, generation), (2, team), (3, peer)) AS each (rule, parts)
WHERE parts >= 1000000;
ANALYZE wanted;
CREATE UNLOGGED TABLE entries AS
WITH w AS (
    SELECT *, (sum(wanted) OVER (PARTITION BY member ORDER BY rule))::bigint AS upto FROM wanted
), l AS (
    SELECT lot, member, remaining - due AS room,
           (sum(remaining - due) OVER (PARTITION BY member ORDER BY lot))::bigint AS upto
    FROM released r WHERE remaining > due AND EXISTS (SELECT FROM wanted WHERE wanted.member = r.member)
)
SELECT member, lot, 0 AS rule, due AS points FROM released WHERE due > 0
UNION ALL
SELECT member, l.lot, w.rule, least(w.upto, l.upto) - greatest(w.upto - w.wanted, l.upto - l.room)
FROM w JOIN l USING (member)
WHERE least(w.upto, l.upto) > greatest(w.upto - w.wanted, l.upto - l.room);
"""
)

SAVE = """
INSERT INTO journal SELECT member, lot, rule, points FROM entries;
UPDATE lots SET remaining = remaining - taken
FROM (SELECT lot, sum(points)::bigint AS taken FROM entries GROUP BY lot) AS of_lot WHERE lots.lot = of_lot.lot;
UPDATE members SET cash = cash + earned
FROM (SELECT member, sum(points)::bigint AS earned FROM entries GROUP BY member) AS of_member
WHERE members.member = of_member.member;
"""


class Closer:
    """A throw-away server with two tables."""

    def __init__(self, day: Day) -> None:
        try:
            self._server = Server()
        except (OSError, LookupError) as error:
            raise NotHere(f"PostgreSQL does not start: {error}") from error
        try:
            self._connection = psycopg.connect(self._server.address, autocommit=True)
            self._load(day)
        except BaseException:
            self._server.close()
            raise

    def _load(self, day: Day) -> None:
        self._run(SCHEMA)
        members = (np.arange(day.members), day.parent, day.rate, np.zeros(day.members, dtype=np.int64))
        self._copy("members", *members)
        self._copy("lots_before", np.arange(day.lots), day.lot_member, day.remaining, day.daily)
        self._run("UPDATE members SET parent = NULL WHERE parent < 0; VACUUM FULL ANALYZE members;")
        generations = " ".join(f"WHEN depth = {depth} THEN {rate}" for depth, rate in enumerate(day.generations, 1))
        self._compute = COMPUTE.format(
            top=day.top_rate, depths=len(day.generations), generations=generations, peer=day.peer_rate
        )
        self._table = "entries"
        self.reset()

    def compute(self) -> None:
        self._run(self._compute)
        self._table = "entries"

    def save(self) -> None:
        with self._connection.transaction():
            self._run(self._compute + SAVE)
        self._table = "journal"

    def entries(self) -> Entries:
        query = f"COPY (SELECT member, lot, rule::bigint, points FROM {self._table}) TO STDOUT (FORMAT csv)"
        with self._connection.cursor() as cursor, cursor.copy(query) as copy:
            text = b"".join(bytes(block) for block in copy).decode()
        numbers = np.array(text.replace("\n", ",").split(",")[:-1], dtype=np.int64).reshape(-1, 4)
        return Entries(*np.ascontiguousarray(numbers.T))

    def reset(self) -> None:
        self._run("TRUNCATE lots, journal")
        self._run("INSERT INTO lots SELECT * FROM lots_before ORDER BY lot")
        self._run("UPDATE members SET cash = 0 WHERE cash <> 0")
        self._run("VACUUM ANALYZE lots, members")
        self._run("CHECKPOINT")

    def close(self) -> None:
        self._connection.close()
        self._server.close()

    def _run(self, statements: str) -> None:
        for statement in filter(str.strip, statements.split(";")):
            self._connection.execute(statement)  # type: ignore[arg-type]

    def _copy(self, table: str, *columns: np.ndarray) -> None:
        types = ["int8"] * len(columns)
        with self._connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(types)
            for row in zip(*(column.tolist() for column in columns), strict=True):
                copy.write_row(row)
