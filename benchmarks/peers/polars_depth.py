"""polars: a group-by for each depth, from the deepest members up.

What has met which highest rate, and whether a peer of it has been paid, is grouped by member: one row each. At a depth
the rows of its members are joined with their rates, paid, and grouped again at their sponsors. Integers are 64 bits,
and a sum of amounts × rates may be more: amounts are split at a million as ours are. Depths are known beforehand, as
they would be in a table of members. Lazy frames, so that the optimiser sees each depth as a whole; all threads that
polars wants. Faster might be a wide frame with a column for each rate, grouped once by sponsor alone.
"""

import numpy as np
import polars as pl

from benchmarks.day import MILLION, Day, Entries


class Closer:
    """Members and lots as frames, the members also by depth."""

    def __init__(self, day: Day) -> None:
        self._day = day
        member = np.arange(day.members)
        self._members = pl.DataFrame({"member": member, "parent": day.parent, "rate": day.rate})
        self._depth = pl.DataFrame({"member": member, "depth": _depths(day)})
        self._by_depth = _parts(self._members.join(self._depth, on="member"))
        self._lots = pl.DataFrame({
            "lot": np.arange(day.lots), "member": day.lot_member, "remaining": day.remaining, "daily": day.daily,
        })  # fmt: skip
        self._found = pl.DataFrame()

    def compute(self) -> None:
        lots = self._lots.lazy().with_columns(due=pl.min_horizontal("daily", "remaining"))
        lots = lots.with_columns(left=pl.col("remaining") - pl.col("due")).collect()
        base = lots.lazy().group_by("member").agg(base=pl.col("due").sum()).filter(pl.col("base") > 0).collect()
        team, peer = self._ranked(base)
        wanted = pl.concat([
            self._generation(base).select("member", "wanted", rule=pl.lit(1, pl.Int64)),
            team.select("member", "wanted", rule=pl.lit(2, pl.Int64)),
            peer.select("member", "wanted", rule=pl.lit(3, pl.Int64)),
        ])  # fmt: skip
        static = lots.lazy().filter(pl.col("due") > 0).select("member", "lot", rule=pl.lit(0, pl.Int64), points="due")
        self._found = pl.concat([static, _drained(lots.lazy(), wanted.lazy())]).collect()

    def _generation(self, base: pl.DataFrame) -> pl.DataFrame:
        """What everyone wants of the first generations below him."""
        members, level, found = self._members.lazy().select("member", "parent"), base.lazy(), []
        for rate in self._day.generations:
            level = (
                level.join(members, on="member").filter(pl.col("parent") >= 0)
                .group_by(member="parent").agg(pl.col("base").sum())
            )  # fmt: skip
            level = level.collect().lazy()
            found.append(level.with_columns(rate=pl.lit(rate, pl.Int64)))
        return _floored(pl.concat(found), "base", "rate").collect()

    def _ranked(self, base: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """What ranks want above the highest rate met below them, and what equals want."""
        team, peer = [], []
        carried = pl.LazyFrame(schema={"member": pl.Int64, "covered": pl.Int64, "paid": pl.Boolean, "base": pl.Int64})
        own = base.lazy().join(self._depth.lazy(), on="member")
        own = own.select("member", "depth", covered=pl.lit(0, pl.Int64), paid=pl.lit(False), base="base").collect()
        by_depth = _parts(own)
        for number in range(max(self._by_depth), 0, -1):
            members = self._by_depth[number]
            # What the members of this depth have released themselves, and what has come to them from below.
            here = pl.concat([by_depth[number], carried]) if number in by_depth else carried
            at = (
                here.join(members.select("member", "parent"), on="member").group_by("parent", "covered", "paid")
                .agg(pl.col("base").sum()).rename({"parent": "member"})
                .join(self._by_depth[number - 1].select("member", "rate"), on="member").collect().lazy()
            )  # fmt: skip
            higher = pl.col("rate") > pl.col("covered")
            equal = (pl.col("rate") == pl.col("covered")) & (pl.col("rate") > 0) & ~pl.col("paid")
            team.append(at.filter(higher).select("member", "base", step=pl.col("rate") - pl.col("covered")))
            peer.append(at.filter(equal).select("member", "base", step=pl.lit(self._day.peer_rate, pl.Int64)))
            carried = at.select(
                "member", covered=pl.max_horizontal("rate", "covered"), paid=~higher & (pl.col("paid") | equal),
                base="base",
            )  # fmt: skip
        empty = pl.LazyFrame(schema={"member": pl.Int64, "base": pl.Int64, "step": pl.Int64})
        both = (_floored(pl.concat([empty, *found]), "base", "step") for found in (team, peer))
        one, other = pl.collect_all(both)
        return one, other

    def entries(self) -> Entries:
        found = self._found
        return Entries(*(found[name].to_numpy() for name in ("member", "lot", "rule", "points")))

    def reset(self) -> None:
        """Nothing is changed by computing."""

    def close(self) -> None:
        """Nothing is held."""


def _parts(rows: pl.DataFrame) -> dict[int, pl.LazyFrame]:
    """The rows of each depth."""
    parts = rows.partition_by("depth", as_dict=True, include_key=False)
    return {int(depth): part.lazy() for (depth,), part in parts.items()}


def _floored(rows: pl.LazyFrame, base: str, rate: str) -> pl.LazyFrame:
    """⌊Σ base × rate ÷ a million⌋ by member, where it is above 0; no product is larger than 64 bits."""
    whole = (pl.col(base) // MILLION * pl.col(rate)).sum()
    parts = (pl.col(base) % MILLION * pl.col(rate)).sum()
    return rows.group_by("member").agg(wanted=whole + parts // MILLION).filter(pl.col("wanted") > 0)


def _drained(lots: pl.LazyFrame, wanted: pl.LazyFrame) -> pl.LazyFrame:
    """Lay what is wanted, rule after rule, beside what the lots have, oldest first: where two overlap is an entry."""
    # Both come sorted by lot and by rule: stable sorts by member keep that.
    mine = lots.filter(pl.col("left") > 0).join(wanted.select("member"), on="member", how="semi", maintain_order="left")
    mine = mine.sort("member", maintain_order=True).select("member", "lot", "left", lot_to=_running("left"))
    wanted = wanted.sort("member", maintain_order=True).with_columns(wanted_to=_running("wanted"))
    start = pl.max_horizontal(pl.col("wanted_to") - pl.col("wanted"), pl.col("lot_to") - pl.col("left"))
    end = pl.min_horizontal("wanted_to", "lot_to")
    return wanted.join(mine, on="member").filter(start < end).select("member", "lot", "rule", points=end - start)


def _running(column: str) -> pl.Expr:
    """The running sum within each member, of rows sorted by member: a window function takes ten times as long."""
    total = pl.col(column).cum_sum()
    starts = (pl.col("member") != pl.col("member").shift(1)).fill_null(True)
    return total - pl.when(starts).then(total - pl.col(column)).forward_fill()


def _depths(day: Day) -> np.ndarray:
    """How many stand above each member."""
    depth, above = np.zeros(day.members, dtype=np.int64), day.parent.copy()
    live = np.flatnonzero(above >= 0)
    while len(live):
        depth[live] += 1
        above[live] = day.parent[above[live]]
        live = live[above[live] >= 0]
    return depth
