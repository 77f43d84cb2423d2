"""What each closed day did, out of the sums that stand in the files of the days; a process works out each day once."""

import threading
from collections import Counter
from dataclasses import dataclass

from jifen.ledger.journal import Account
from jifen.plan.model import Plan
from jifen.plan.worth import yuan_per_unit
from jifen.service.day_files import ClosedDay, DayFiles
from jifen.service.directory import Directory

__all__ = ["DayDone", "History", "worth"]

_REFUND = "refund"
_OWN = (Account.WALLET, Account.PENDING)
_BACKING = (Account.RESERVE, Account.POOL)


@dataclass(frozen=True, slots=True)
class DayDone:
    """A closed day. Amounts are micro-units of yuan; ``owed`` and ``backed`` are what stood at its end."""

    closed: ClosedDay
    paid: int
    """Credited to wallets by rules, less what refunds took back."""
    promised: int
    """Granted in points, at what a point pays, less what refunds took back."""
    owed: int
    """All open lots, at what a point pays."""
    backed: int
    """What the reserve and the pools held."""

    @property
    def lines(self) -> int:
        """How many lines the books have of it."""
        return self.closed.last - self.closed.first


class History:
    """The closed days of one shop, for the threads of one process."""

    def __init__(self, files: DayFiles, directory: Directory) -> None:
        """Know no day yet."""
        self.files, self.directory = files, directory
        self._done: list[DayDone] = []
        self._held: Counter[tuple[int, int]] = Counter()
        self._lock = threading.Lock()

    def days(self, closed: tuple[ClosedDay, ...], plan: Plan) -> list[DayDone]:
        """What each of the closed days did, in order; points at what they pay under ``plan``."""
        with self._lock:
            for day in closed[len(self._done) :]:
                self._done.append(self._work_out(day, plan))
            return list(self._done)

    def _work_out(self, day: ClosedDay, plan: Plan) -> DayDone:
        paid = promised = 0
        for source, target, asset, rule, amount in self.files.of(day).flows.tolist():
            self._held[source, asset] -= amount
            self._held[target, asset] += amount
            taken_back = self.directory.name("rule", rule) == _REFUND
            if target == Account.WALLET and source not in _OWN and not taken_back:
                paid += amount
            elif source == Account.WALLET and target not in (*_OWN, Account.OUTSIDE) and taken_back:
                paid -= amount
            elif target == Account.CLAIM:
                promised += worth(plan, self.directory.name("asset", asset), amount)
            elif source == Account.CLAIM and taken_back:
                promised -= worth(plan, self.directory.name("asset", asset), amount)
        owed = sum(
            worth(plan, self.directory.name("asset", asset), amount)
            for (kind, asset), amount in self._held.items()
            if kind == Account.CLAIM and amount
        )
        backed = sum(amount for (kind, _), amount in self._held.items() if kind in _BACKING)
        return DayDone(day, paid, promised, owed, backed)


def worth(plan: Plan, store: str, amount: int) -> int:
    """What units of a store pay, in micro-units of yuan, rounded down; nothing for a store the plan does not have."""
    return amount * yuan_per_unit(plan, store) // 1_000_000 if store in plan.stores else 0
