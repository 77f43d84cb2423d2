"""The job that all do: one day's close, as plain columns, and the entries that must come out of it.

The day of a plan in which every lot releases its daily amount (or what it has left), the sponsor and his sponsor get a
share of that, ranks get the difference to the highest rank below them, and equals get a peer award; each of these three
is drained from the receiver's own lots, oldest first, never more than they have. Amounts are micro-units, rates parts
per million, and each receiver's payment by a rule is the exact sum, rounded down once.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jifen.bench import ours
from jifen.engine import World
from jifen.plan.model import Share

Column = npt.NDArray[np.int64]

RULES = ("static", "generation", "team", "peer")
"""The rules of the day, in the order in which they drain; an entry names its rule by the place here."""

MILLION = 1_000_000


@dataclass(frozen=True)
class Day:
    """Members by number, lots by number in order of arrival (the older of two lots has the smaller number)."""

    parent: Column
    """The sponsor, -1 for none. Nobody stands before his sponsor."""
    rate: Column
    """The rate of the member's rank, 0 without one."""
    lot_member: Column
    remaining: Column
    daily: Column
    """What the lot releases today if it has that much; 0 for one that does not release yet."""
    generations: tuple[int, ...]
    peer_rate: int
    top_rate: int
    """The highest rate of the ladder: a walk is over when it has been met, and a peer of it been paid."""

    @property
    def members(self) -> int:
        return len(self.parent)

    @property
    def lots(self) -> int:
        return len(self.lot_member)


@dataclass(frozen=True)
class Entries:
    """One row an entry: who gets how much of which lot by which rule."""

    member: Column
    lot: Column
    rule: Column
    points: Column

    def __len__(self) -> int:
        return len(self.points)


class Difference(Exception):
    """Two versions do not agree: no time may be printed."""


def day_of(world: World) -> Day:
    """The columns of a world's open day, under the plan's one schedule and its three walks."""
    program, members, lots = world.program, world.members.size, world.lots.size
    walks = {step.walk.by: step for step in program.walks}
    ladder = program.ladders[walks["rank"].walk.ranks]
    levels = np.array([*ladder.levels, 0])[world.places(walks["rank"].walk.ranks)]
    remaining, daily = world.lots.remaining[:lots].copy(), world.lots.daily[:lots].copy()
    daily[world.lots.eligible_from[:lots] > world.open_day] = 0
    generation = walks["generation"].rule.amount
    peer = walks["peer"].rule.amount
    if not isinstance(generation, Share) or not isinstance(peer, Share) or walks["peer"].walk.most != 1:
        raise ValueError("the peers know generations by rates and one peer of each height only")
    return Day(
        parent=world.members.parent[:members].astype(np.int64), rate=np.array(ladder.rates)[levels],
        lot_member=world.lots.member[:lots].astype(np.int64), remaining=remaining, daily=daily,
        generations=generation.rates, peer_rate=peer.rates[0], top_rate=ladder.rates[-1],
    )  # fmt: skip


def our_entries(prepared: ours.Prepared) -> Entries:
    """What our kernel makes of the same day; the world is as before afterwards."""
    made = ours.kernel(prepared)
    found = ours.entries_of(prepared, made)
    ours.restore(prepared)
    place = np.array([RULES.index(rule) if rule in RULES else -1 for rule in found.rules])
    return Entries(found.member, found.lot, place[found.rule], found.points)


def compare(name: str, expected: Entries, got: Entries) -> None:
    """Compare entry by entry, in whatever order they came: member, lot, rule, points. Raises ``Difference``."""
    one, other = _sorted(expected), _sorted(got)
    common = min(len(expected), len(got))
    unequal = np.flatnonzero((one[:common] != other[:common]).any(axis=1))
    if len(unequal):
        row = int(unequal[0])
        raise Difference(f"{name}: (member, lot, rule, points) should be {_shown(one[row])}, is {_shown(other[row])}")
    if len(expected) != len(got):
        extra = (one if len(expected) > len(got) else other)[common]
        raise Difference(
            f"{name}: {len(got):,} entries, not {len(expected):,}; the first too few or many is {_shown(extra)}"
        )


def _sorted(entries: Entries) -> npt.NDArray[np.int64]:
    """As rows, in order of rule, lot and member: no two of a day have all three alike."""
    order = np.lexsort((entries.member, entries.lot, entries.rule))
    columns = (entries.member, entries.lot, entries.rule, entries.points)
    return np.stack([column[order].astype(np.int64) for column in columns], axis=1)


def _shown(row: Column) -> str:
    member, lot, rule, points = row.tolist()
    return f"({member}, {lot}, {RULES[rule] if 0 <= rule < len(RULES) else rule}, {points})"
