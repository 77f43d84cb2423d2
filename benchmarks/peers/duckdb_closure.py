"""DuckDB: a recursive closure over the tree, sums by receiver, and window functions for the drains.

The recursion carries, for each source and ancestor, the highest rate met so far and whether a peer of it was paid, and
stops where nothing can be paid any more. All in memory, all threads that DuckDB wants. Sums are 128 bits wide by
themselves. Faster would be to group the frontier at each step (what the polars peer does), which a recursive query
does not allow, or to keep the closure from day to day: 6 pairs a member in a forest, half a million in a chain.
"""

import duckdb
import numpy as np
import pyarrow as pa

from benchmarks.day import Day, Entries
from benchmarks.peers.closure import UP

COMPUTE = (
    """
CREATE OR REPLACE TEMP TABLE released AS
    SELECT lot, member, remaining, least(daily, remaining) AS due FROM lots;
CREATE OR REPLACE TEMP TABLE base AS
    SELECT member, sum(due)::BIGINT AS base FROM released GROUP BY member HAVING sum(due) > 0;
CREATE OR REPLACE TEMP TABLE wanted AS
WITH RECURSIVE """
    + UP
    + """, sums AS (
    SELECT member, 1 AS rule, sum(base * CASE {generations} END) AS parts
    FROM up WHERE depth <= {depths} GROUP BY member
  UNION ALL
    SELECT member, 2, sum(base * (rate - covered)) FROM up WHERE rate > covered GROUP BY member
  UNION ALL
    SELECT member, 3, sum(base * {peer}) FROM up WHERE rate = covered AND rate > 0 AND NOT paid GROUP BY member
)
SELECT member, rule, (parts // 1000000)::BIGINT AS wanted FROM sums WHERE parts >= 1000000;
CREATE OR REPLACE TEMP TABLE entries AS
WITH w AS (
    SELECT *, (sum(wanted) OVER (PARTITION BY member ORDER BY rule))::BIGINT AS upto FROM wanted
), l AS (
    SELECT lot, member, remaining - due AS room,
           (sum(remaining - due) OVER (PARTITION BY member ORDER BY lot))::BIGINT AS upto
    FROM released SEMI JOIN wanted USING (member) WHERE remaining > due
)
SELECT member, lot, 0 AS rule, due AS points FROM released WHERE due > 0
UNION ALL
SELECT member, l.lot, w.rule, least(w.upto, l.upto) - greatest(w.upto - w.wanted, l.upto - l.room)
FROM w JOIN l USING (member)
WHERE least(w.upto, l.upto) > greatest(w.upto - w.wanted, l.upto - l.room);
"""
)


class Closer:
    """Two tables in memory."""

    def __init__(self, day: Day) -> None:
        self._connection = duckdb.connect(":memory:")
        members = pa.table({"member": np.arange(day.members), "parent": day.parent, "rate": day.rate})
        lots = pa.table({
            "lot": np.arange(day.lots), "member": day.lot_member, "remaining": day.remaining, "daily": day.daily,
        })  # fmt: skip
        for name, table in (("members", members), ("lots", lots)):
            self._connection.register("given", table)
            self._connection.execute(f"CREATE TABLE {name} AS SELECT * FROM given")
            self._connection.unregister("given")
        generations = " ".join(f"WHEN depth = {depth} THEN {rate}" for depth, rate in enumerate(day.generations, 1))
        self._compute = COMPUTE.format(
            top=day.top_rate, depths=len(day.generations), generations=generations, peer=day.peer_rate
        )

    def compute(self) -> None:
        self._connection.execute(self._compute)

    def entries(self) -> Entries:
        found = self._connection.execute("SELECT member, lot, rule::BIGINT AS rule, points FROM entries").fetchnumpy()
        return Entries(*(found[name] for name in ("member", "lot", "rule", "points")))

    def reset(self) -> None:
        """Every run replaces the tables of the one before."""

    def close(self) -> None:
        self._connection.close()
