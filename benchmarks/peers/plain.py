"""Plain Python: lists and loops, each source walked up to its ancestors: the obvious way, so it also is the judge.

Faster would be one bottom-up pass that hands sums by rank to the parent, as ours does, instead of a walk for each
source: with walks this short it wins little, in a chain it would win everything.
"""

import numpy as np

from benchmarks.day import MILLION, Day, Entries


class Closer:
    """The day as lists; a member's lots in order of arrival."""

    def __init__(self, day: Day) -> None:
        self._day = day
        self._parent, self._rate = day.parent.tolist(), day.rate.tolist()
        self._remaining, self._daily = day.remaining.tolist(), day.daily.tolist()
        self._lots: list[list[int]] = [[] for _ in self._parent]
        for lot, member in enumerate(day.lot_member.tolist()):
            self._lots[member].append(lot)
        self._found: list[tuple[int, int, int, int]] = []

    def compute(self) -> None:
        left, found = self._remaining.copy(), []
        base = [0] * len(self._parent)
        for member, lots in enumerate(self._lots):
            for lot in lots:
                due = min(self._daily[lot], left[lot])
                if due:
                    left[lot] -= due
                    base[member] += due
                    found.append((member, lot, 0, due))
        for rule, wanted in enumerate((self._generation(base), *self._ranked(base)), 1):
            for member, parts in enumerate(wanted):
                points = parts // MILLION
                if points == 0:
                    continue
                for lot in self._lots[member]:
                    taken = min(points, left[lot])
                    if taken:
                        left[lot] -= taken
                        points -= taken
                        found.append((member, lot, rule, taken))
                        if points == 0:
                            break
        self._found = found

    def _generation(self, base: list[int]) -> list[int]:
        """What everyone wants of the first generations below him, in millionths."""
        parent, wanted = self._parent, [0] * len(base)
        for member, amount in enumerate(base):
            above = parent[member]
            for rate in self._day.generations if amount else ():
                if above < 0:
                    break
                wanted[above] += amount * rate
                above = parent[above]
        return wanted

    def _ranked(self, base: list[int]) -> tuple[list[int], list[int]]:
        """What ranks want above the highest rank met so far, and what the first of equal rank wants."""
        parent, rates = self._parent, self._rate
        top, peer_rate = self._day.top_rate, self._day.peer_rate
        team, peer = [0] * len(base), [0] * len(base)
        for member, amount in enumerate(base):
            if amount == 0:
                continue
            covered, paid = 0, False
            above = parent[member]
            while above >= 0:
                rate = rates[above]
                if rate > covered:
                    team[above] += amount * (rate - covered)
                    covered, paid = rate, False
                elif rate and rate == covered and not paid:
                    peer[above] += amount * peer_rate
                    paid = True
                if paid and covered == top:
                    break
                above = parent[above]
        return team, peer

    def entries(self) -> Entries:
        columns = np.array(self._found, dtype=np.int64).reshape(-1, 4).T
        return Entries(*columns)

    def reset(self) -> None:
        """Nothing is changed by computing."""

    def close(self) -> None:
        """Nothing is held."""
