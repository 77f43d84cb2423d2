"""A daily run as one would do it by hand: each lot in turn, then from each member who has released up to the top.

It takes and gives what the kernel does (``jifen.engine.kernels.run``), in plain lists.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.engine.forests import up

__all__ = ["MILLION", "Day", "Given", "Lot", "Schedule", "Walk"]

MILLION = 1_000_000


@dataclass
class Lot:
    """One lot; ``run_first`` and ``emptied_on`` are -1 where there is none."""

    member: int
    store: int
    remaining: int
    daily: int
    eligible_from: int
    run_first: int
    emptied_on: int


class Schedule(NamedTuple):
    """A scheduled release: ``plain`` where it is the same every day."""

    part: int
    store: int
    sequential: bool
    plain: bool


@dataclass(frozen=True)
class Walk:
    """A daily walk; ``by``: generation, rank, peer or own_rank. ``drains`` a store or -1."""

    part: int
    by: str
    drains: int
    only_head: bool
    rates: tuple[int, ...]
    """Of each generation or peer; by rank and by own rank, of each level from 0 on."""
    ladder: int = -1
    depth: int = 0
    """How many generations a walk by own rank goes up."""
    lower: bool = False
    ladder_rates: tuple[int, ...] = ()
    """By peer: how high each level of the ladder is."""

    def rates_up(self, levels: list[int]) -> list[int]:
        """The rate of each of those above, nearest first, by their levels."""
        if self.by == "generation":
            return list(self.rates[: len(levels)])
        if self.by == "own_rank":
            return [self.rates[level] for level in levels[: self.depth]]
        covered = peers = 0
        found = []
        for level in levels:
            mine = self.rates[level] if self.by == "rank" else self.ladder_rates[level]
            rate = max(mine - covered, 0)
            if self.by == "peer":
                fits = 0 < mine <= covered if self.lower else 0 < mine == covered
                rate = self.rates[peers] if fits and peers < len(self.rates) else 0
                peers += fits
            if mine > covered:
                covered, peers = mine, 0
            found.append(rate)
        return found


@dataclass
class Given:
    """What one rule of a run has given."""

    portions: list[tuple[int, int, int]] = field(default_factory=list)
    """(owner, lot, points), an owner's oldest lot first."""
    wants: dict[int, tuple[int, int]] = field(default_factory=dict)
    """By receiver: (wanted, what his lots gave)."""


class Day:
    """One day's run over lists of members and lots."""

    def __init__(self, day: int, parent: list[int], levels: list[list[int]], lots: list[Lot]) -> None:
        self.day, self.parent, self.levels, self.lots = day, parent, levels, lots
        self.ended: dict[int, tuple[int, int, int]] = {}
        """By lot: (first day, last full day, what it gave today beyond) of its run that has ended."""

    def run(self, schedules: list[Schedule], walks: list[Walk]) -> list[Given]:
        """Let lots release, then pay the walks in turn."""
        released: defaultdict[int, list[int]] = defaultdict(lambda: [0] * len(self.parent))
        found = []
        for schedule in schedules:
            given = self.release(schedule)
            for owner, _, points in given.portions:
                released[schedule.part][owner] += points
            found.append(given)
        return found + [self.walk(walk, released[walk.part]) for walk in walks]

    def lots_of(self, member: int, store: int) -> list[int]:
        """A member's lots in a store, oldest first."""
        return [number for number, lot in enumerate(self.lots) if (lot.member, lot.store) == (member, store)]

    def release(self, schedule: Schedule) -> Given:
        """What is due of all lots of a store."""
        given = Given()
        for member in range(len(self.parent)):
            for number in self.lots_of(member, schedule.store):
                lot = self.lots[number]
                due = min(lot.daily, lot.remaining)
                if due and (lot.eligible_from <= self.day or lot.run_first >= 0):
                    given.portions.append((member, number, due))
                    self.note(number, schedule.plain, due)
                    lot.remaining -= due
                    if lot.remaining == 0:
                        lot.emptied_on = self.day
                if schedule.sequential and (lot.remaining or lot.emptied_on == self.day):
                    break
        return given

    def note(self, number: int, plain: bool, due: int) -> None:
        """A run of equal days goes on, begins or ends with what a lot is about to release."""
        lot = self.lots[number]
        first = self.day if lot.run_first < 0 else lot.run_first
        full = due == lot.daily
        if plain and due < lot.remaining:
            lot.run_first = first
        elif plain:
            self.ended[number] = (first, self.day if full else self.day - 1, 0 if full else due)
            lot.run_first = -1

    def walk(self, walk: Walk, released: list[int]) -> Given:
        """What everyone wants by a walk, each sum floored once, and what his lots give of it."""
        exact = [0] * len(self.parent)
        for member, points in enumerate(released):
            above = up(self.parent, member)
            levels = [self.levels[walk.ladder][one] if walk.ladder >= 0 else 0 for one in above]
            for receiver, rate in zip(above, walk.rates_up(levels), strict=False):
                exact[receiver] += points * rate
        given = Given()
        for receiver, sum_of in enumerate(exact):
            wanted = sum_of // MILLION
            if wanted:
                portions = self.drain(receiver, walk, wanted)
                given.portions += portions
                given.wants[receiver] = wanted, sum(points for _, _, points in portions)
        return given

    def drain(self, member: int, walk: Walk, wanted: int) -> list[tuple[int, int, int]]:
        """Take what a member wants from his lots, from the oldest live one alone where the rest is forfeited."""
        portions = []
        for number in self.lots_of(member, walk.drains):
            lot = self.lots[number]
            taken = min(wanted, lot.remaining)
            if taken == 0:
                continue
            portions.append((member, number, taken))
            lot.remaining -= taken
            wanted -= taken
            if lot.remaining == 0:
                lot.emptied_on = self.day
                if lot.run_first >= 0:
                    self.ended[number] = (lot.run_first, self.day, 0)
                    lot.run_first = -1
            if walk.only_head:
                break
        return portions
