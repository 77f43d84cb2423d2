"""Who pays whom: members by when they joined, and whose spending the others' receipts come from.

Members are cut into cohorts by the day on which they joined. All money that comes in lies in one pot, by the cohort
that brought it; what is paid out takes from every part of the pot alike. So an early member who is paid when later ones
buy is paid with their money, in the proportion in which it is there.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from jifen.core.micros import MICRO
from jifen.engine import World
from jifen.engine.columns import Column, Narrow, exact_sum

__all__ = ["COHORTS_MAX", "CohortTable", "Cohorts"]

COHORTS_MAX = 12
"""So many cohorts of equally many days, or one for each day."""


@dataclass(frozen=True, slots=True)
class CohortTable:
    """What cohorts spent and received, in micro-units; rows and columns in the order of joining."""

    first_day: Column
    members: Column
    spent: Column
    """Less what was given back."""
    received: Column
    paid_by: npt.NDArray[np.int64]
    """``paid_by[i, j]``: of what cohort i received, what cohort j had spent; rounded to micro-units."""
    unfunded: Column
    """Of what a cohort received, what no member's spending was there for."""


class Cohorts:
    """The cohorts of a world, day by day."""

    def __init__(self, world: World, days: int, cost: int) -> None:
        """Begin before the first day; ``cost`` of goods, which leaves the pot at once, in parts per million."""
        self.world, self.days, self.margin = world, days, (MICRO - cost) / MICRO
        self.count = min(days, COHORTS_MAX)
        self.starts: list[int] = []
        """By cohort that has begun: the number of its first member."""
        self.withdrawn = np.zeros(self.count, dtype=np.int64)
        self.spent = np.zeros(self.count, dtype=np.int64)
        self._received = np.zeros(self.count, dtype=np.int64)
        self._pot = np.zeros(self.count)
        self._paid_by = np.zeros((self.count, self.count))
        self._unfunded = np.zeros(self.count)

    def of_day(self, day: int) -> int:
        """The cohort of those who join on a day, from 1 on."""
        return (day - 1) * self.count // self.days

    def of(self, members: Narrow) -> Column:
        """The cohorts of some members."""
        return np.searchsorted(self.starts, members, side="right") - 1

    def begin_day(self, day: int) -> None:
        """A day begins: perhaps with it a cohort."""
        while len(self.starts) <= self.of_day(day):
            self.starts.append(self.world.members.size)

    def spend(self, members: Narrow, amounts: Column, sign: int = 1) -> None:
        """Members have paid these amounts, or have been given them back (``sign`` -1)."""
        spent = np.zeros(self.count, dtype=np.int64)
        np.add.at(spent, self.of(members), amounts * sign)
        self.spent += spent
        self._pot = np.maximum(self._pot + spent * self.margin, 0)

    def withdraw(self, members: Narrow, amounts: Column) -> None:
        """Members have taken these amounts out of their wallets."""
        np.add.at(self.withdrawn, self.of(members), amounts)

    def end_day(self) -> None:
        """Share out what was paid on the day over those whose money was there."""
        received = self._now_received()
        paid = (received - self._received).astype(np.float64)
        self._received = received
        self._give_back(np.maximum(-paid, 0))
        paid = np.maximum(paid, 0)
        there, due = self._pot.sum(), paid.sum()
        covered = min(there / due, 1.0) if due > 0 else 0.0
        if covered > 0:
            self._paid_by += np.outer(paid * covered, self._pot / there)
            self._pot *= max(1 - due * covered / there, 0.0)
        self._unfunded += paid * (1 - covered)

    def _give_back(self, returned: npt.NDArray[np.float64]) -> None:
        """What a refund has taken back from a cohort returns to whose money it was."""
        had = self._paid_by.sum(axis=1) + self._unfunded
        part = np.divide(returned, had, out=np.zeros(self.count), where=had > 0).clip(max=1.0)
        self._pot += (self._paid_by * part[:, None]).sum(axis=0)
        self._paid_by *= 1 - part[:, None]
        self._unfunded *= 1 - part

    def table(self) -> CohortTable:
        """All of it."""
        starts = np.array([*self.starts, *[self.world.members.size] * (self.count + 1 - len(self.starts))])
        days = np.arange(1, self.days + 1)
        first = np.searchsorted((days - 1) * self.count // self.days, np.arange(self.count)) + 1
        return CohortTable(
            first.astype(np.int64), np.diff(starts), self.spent, self._received,
            np.rint(self._paid_by).astype(np.int64), np.rint(self._unfunded).astype(np.int64),
        )  # fmt: skip

    def _now_received(self) -> Column:
        """By cohort all that is or was in wallets."""
        bounds = [*self.starts, self.world.members.size]
        sums = [sum(exact_sum(wallet[first:last]) for wallet in self.world.wallets) for first, last in pairwise(bounds)]
        return np.array([*sums, *[0] * (self.count - len(sums))], dtype=np.int64) + self.withdrawn
