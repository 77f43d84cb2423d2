"""The closed days of a shop: what the books have of each, and its coverage."""

from collections.abc import Iterable
from dataclasses import dataclass

from jifen.service.coverage import Coverage, coverage_days
from jifen.service.day_files import ClosedDay

__all__ = ["DayDone", "days_done"]


@dataclass(frozen=True, slots=True)
class DayDone:
    """A closed day; amounts of its coverage are micro-units."""

    closed: ClosedDay
    coverage: Coverage

    @property
    def lines(self) -> int:
        """How many lines the books have of it."""
        return self.closed.last - self.closed.first


def days_done(closed: Iterable[ClosedDay], using: str = "default") -> list[DayDone]:
    """Closed days with what was owed and backed at the end of each."""
    covered = {each.day: each for each in coverage_days(using)}
    return [DayDone(day, covered[day.day]) for day in closed]
