"""Business days: local dates of the shop's one time zone, and the ISO dates and times from which they are read.

A day begins at its first local moment and ends where the next one begins: where clocks change it has 23 or 25 hours.
"""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jifen.core.errors import InputError, Problem

__all__ = ["DEFAULT_ZONE", "YEAR_MAX", "YEAR_MIN", "Moment", "parse_moment", "shop_zone"]

DEFAULT_ZONE = "Asia/Shanghai"
YEAR_MIN, YEAR_MAX = 1970, 2200

_ISO = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(?P<offset>Z|[+-]\d\d(:?\d\d)?)?)?", re.ASCII | re.IGNORECASE
)


class Moment(NamedTuple):
    """A time: the ``instant`` it sorts by, its business ``day`` (an ordinal), ``at`` as the shop's clock said it."""

    instant: datetime
    day: int
    at: str


def shop_zone(name: str) -> ZoneInfo:
    """Find a time zone by name; an unknown one is an ``InputError``."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        problem = Problem("unknown_zone", f"there is no time zone {name[:40]!r}", f"write one such as {DEFAULT_ZONE}")
        raise InputError(problem) from error


@lru_cache(maxsize=4096)
def parse_moment(text: str, zone: ZoneInfo) -> Moment | Problem:
    """Read a date or time; without an offset it is the shop's local time. What cannot be read is a ``Problem``.

    >>> moment = parse_moment("2024-03-01T23:30:00+00:00", ZoneInfo("Asia/Shanghai"))
    >>> moment.at, datetime.fromordinal(moment.day).strftime("%F")
    ('2024-03-02T07:30:00', '2024-03-02')
    """
    written = text.strip()
    match = _ISO.fullmatch(written)
    if not match:
        return Problem(
            "bad_time", f"{written[:40]!r} is not a date or time of the form 2024-01-31T13:05:00", _remedy(written)
        )
    try:
        given = datetime.fromisoformat(written)
    except ValueError as error:
        return Problem("bad_time", f"{written[:40]!r} is no date or time: {error}", "correct it")
    if not YEAR_MIN < given.year < YEAR_MAX:
        return Problem(
            "time_range", f"the year {given.year} is not within {YEAR_MIN} to {YEAR_MAX}", "correct the year"
        )
    local = (given if match["offset"] else given.replace(tzinfo=zone)).astimezone(zone)
    instant = local.astimezone(UTC)
    wall = local.replace(tzinfo=None)
    if instant.astimezone(zone).replace(tzinfo=None) != wall:
        message = f"the time {written} does not exist in {zone.key}: clocks were put forward"
        return Problem("no_such_time", message, "write the time with its offset")
    return Moment(instant, wall.toordinal(), wall.isoformat())


def _remedy(written: str) -> str:
    if re.match(r"\d{1,4}/\d", written):
        return "write dates with hyphens, year first: 2024-01-31 (in a spreadsheet: cell format yyyy-mm-dd)"
    return "write year, month, day with hyphens, and a time after T or a space"
