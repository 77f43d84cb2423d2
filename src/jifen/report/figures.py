"""The figures of a run, by day or by week: what the charts, the table and the words of a report are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from jifen.core.micros import MICRO

__all__ = ["DAYS_SHOWN_MAX", "Figures", "per_hundred", "shown", "yuan"]

DAYS_SHOWN_MAX = 120
"""A run of more days than this is shown by week."""

_WEEK = 7


@dataclass(frozen=True, slots=True)
class Figures:
    """Rows of a run in order of time; every column is as long as ``starts``, all amounts micro-units.

    ``flows`` happened within the row (sold, granted, released …), ``paid`` is the flow into wallets by rule, ``levels``
    are what stood at its end (owed, reserve, pools …).
    """

    starts: Sequence[date]
    flows: Mapping[str, Sequence[int]]
    paid: Mapping[str, Sequence[int]]
    levels: Mapping[str, Sequence[int]]
    step_days: int = 1

    def paid_total(self) -> list[int]:
        """Return what was paid in each row by all rules together."""
        return (
            [sum(values) for values in zip(*self.paid.values(), strict=True)] if self.paid else [0] * len(self.starts)
        )

    def by_week(self) -> "Figures":
        """Add the flows up to weeks that start on Monday; levels are those of a week's last day."""
        weeks: dict[date, list[int]] = {}
        for index, day in enumerate(self.starts):
            weeks.setdefault(day - timedelta(days=day.weekday()), []).append(index)
        groups = list(weeks.values())

        def summed(columns: Mapping[str, Sequence[int]]) -> dict[str, list[int]]:
            return {name: [sum(values[i] for i in group) for group in groups] for name, values in columns.items()}

        last = {name: [values[group[-1]] for group in groups] for name, values in self.levels.items()}
        return replace(
            self, starts=list(weeks), flows=summed(self.flows), paid=summed(self.paid), levels=last, step_days=_WEEK
        )


def shown(figures: Figures) -> Figures:
    """Return the figures as a report shows them: by day, or by week where there are many days."""
    return figures.by_week() if len(figures.starts) > DAYS_SHOWN_MAX else figures


def yuan(amount: int) -> str:
    """Write micro-units for a reader: thousands separated, whole cents, rounded half-up away from the books.

    >>> yuan(1234567890000), yuan(-5000), yuan(0)
    ('1,234,567.89', '-0.01', '0.00')
    """
    cents = (abs(amount) + MICRO // 200) // (MICRO // 100)
    sign = "-" if amount < 0 and cents else ""
    return f"{sign}{cents // 100:,}.{cents % 100:02d}"


def per_hundred(amount: int, whole: int) -> str:
    """Write an amount as its part in 100 of a whole above 0, rounded half-up to two decimals: for display only.

    >>> per_hundred(1, 3), per_hundred(-1, 8), per_hundred(0, 5)
    ('33.33', '-12.50', '0.00')
    """
    parts = (abs(amount) * 20_000 + whole) // (2 * whole)
    sign = "-" if amount < 0 and parts else ""
    return f"{sign}{parts // 100:,}.{parts % 100:02d}"
