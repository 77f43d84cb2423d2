"""Business days: local dates of the shop's one time zone, as integers (``datetime.date.toordinal()``).

A day begins at its first local moment and ends where the next one begins, so where clocks change it has 23 or 25 hours.
"""

import re
from datetime import UTC, date, datetime, tzinfo

__all__ = ["YEAR_MAX", "YEAR_MIN", "day_of", "day_span", "format_day", "parse_day", "parse_moment"]

YEAR_MIN = 1970
YEAR_MAX = 2200

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)


def parse_day(text: str) -> int:
    """Read an ISO date, ``2026-01-31``; anything else, or a year that cannot be meant, is a ``ValueError``.

    >>> parse_day("1970-01-01")
    719163
    """
    written = text.strip()
    if not _DATE.fullmatch(written):
        raise ValueError(f"not a date like 2026-01-31: {text[:40]!r}")
    try:
        day = date.fromisoformat(written)
    except ValueError as error:
        raise ValueError(f"no such date, {error}: {written!r}") from error
    _check_year(day.year, written)
    return day.toordinal()


def format_day(day: int) -> str:
    """Write a day as an ISO date.

    >>> format_day(719163)
    '1970-01-01'
    """
    return date.fromordinal(day).isoformat()


def parse_moment(text: str, zone: tzinfo) -> datetime:
    """Read an ISO date and time, ``2026-01-31T13:05:00`` with or without an offset, as a moment in UTC.

    Without an offset it is local time in ``zone``; of an hour that clocks repeat, the first. A time that clocks leave
    out, or anything that is no time, is a ``ValueError``.

    >>> from zoneinfo import ZoneInfo
    >>> parse_moment("2026-01-31T00:30:00", ZoneInfo("Asia/Shanghai")).isoformat()
    '2026-01-30T16:30:00+00:00'
    """
    written = text.strip()
    if not _MOMENT.fullmatch(written):
        raise ValueError(f"not a time like 2026-01-31T13:05:00: {text[:40]!r}")
    try:
        given = datetime.fromisoformat(written)
    except ValueError as error:
        raise ValueError(f"no such time, {error}: {written!r}") from error
    _check_year(given.year, written)
    if given.tzinfo is not None:
        return given.astimezone(UTC)
    moment = given.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) != given:
        raise ValueError(f"the clocks of {zone} leave this time out: {written!r}")
    return moment


def day_of(moment: datetime, zone: tzinfo) -> int:
    """Return the day that a moment falls on in ``zone``; a moment without an offset is a ``ValueError``.

    >>> from zoneinfo import ZoneInfo
    >>> format_day(day_of(datetime(2026, 1, 30, 16, tzinfo=UTC), ZoneInfo("Asia/Shanghai")))
    '2026-01-31'
    """
    if moment.tzinfo is None:
        raise ValueError(f"a moment needs an offset: {moment.isoformat()}")
    return moment.astimezone(zone).toordinal()


def day_span(day: int, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the first moment of a day in ``zone``, and the first of the next, in UTC."""
    return _start(day, zone), _start(day + 1, zone)


def _start(day: int, zone: tzinfo) -> datetime:
    # At midnight clocks may go forward: the offset before is then taken, which gives the moment of the change. They
    # may also go back to midnight: ``fold`` is 0, the first of the two.
    return datetime.combine(date.fromordinal(day), datetime.min.time(), tzinfo=zone).astimezone(UTC)


def _check_year(year: int, written: str) -> None:
    if not YEAR_MIN <= year <= YEAR_MAX:
        raise ValueError(f"the year must be within {YEAR_MIN} and {YEAR_MAX}: {written!r}")
