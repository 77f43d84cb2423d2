"""The shop's clock as columns: local times as instants and back, days of 23 and 25 hours included.

Times are microseconds since the beginning of 1970: an ``instant`` by universal time, a ``wall`` by the shop's clock.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from jifen.core.days import YEAR_MAX, YEAR_MIN
from jifen.engine.columns import Column

__all__ = ["Clock", "clock_of", "day_of", "instant_micros", "iso_times", "wall_micros"]

_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
_EPOCH_DAY = datetime(1970, 1, 1, tzinfo=UTC).toordinal()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
_PROBE_SECONDS = 3 * 86_400
"""No zone's clocks were changed twice within this time since 1970: six days is the least so far."""
_FIRST, _LAST = (int((datetime(year, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds()) for year in (YEAR_MIN, YEAR_MAX + 1))


class Clock(NamedTuple):
    """What a zone's clock shows: ``offsets[i]`` seconds ahead of universal time from second ``starts[i]`` on."""

    starts: Column
    offsets: Column


@lru_cache(maxsize=4)
def clock_of(zone: ZoneInfo) -> Clock:
    """Ask a zone, which tells its offset for one moment at a time, for all changes in the years that can be meant."""
    start, step = _FIRST - _PROBE_SECONDS, timedelta(seconds=_PROBE_SECONDS)
    changes = [(start, _offset(zone, start))]
    # What is asked 28,000 times is asked as directly as can be: a universal time by the name of the zone.
    universal = (_EPOCH + timedelta(seconds=start)).replace(tzinfo=zone)
    last = zone.fromutc(universal) - universal
    for second in range(start, _LAST + _PROBE_SECONDS, _PROBE_SECONDS):
        ahead = zone.fromutc(universal) - universal
        if ahead != last:
            changes.append(_change(zone, second - _PROBE_SECONDS, second))
            last = ahead
        universal += step
    starts, offsets = np.array(changes, dtype=np.int64).T.copy()
    return Clock(starts, offsets)


def _change(zone: ZoneInfo, before: int, after: int) -> tuple[int, int]:
    """The second at which the offset of ``before`` became that of ``after``, and that offset."""
    offset = _offset(zone, after)
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (before, middle) if _offset(zone, middle) == offset else (middle, after)
    return after, offset


def _offset(zone: ZoneInfo, second: int) -> int:
    offset = (_EPOCH + timedelta(seconds=second)).astimezone(zone).utcoffset()
    return 0 if offset is None else offset // timedelta(seconds=1)


def instant_micros(instant: datetime) -> int:
    """Write an instant as microseconds.

    >>> instant_micros(datetime(1970, 1, 2, tzinfo=UTC))
    86400000000
    """
    return (instant - _EPOCH) // _MICRO


def wall_micros(text: str) -> int:
    """Read what ``iso_times`` writes.

    >>> wall_micros("1970-01-01T00:00:01.5")
    1500000
    """
    return instant_micros(datetime.fromisoformat(text).replace(tzinfo=UTC))


def iso_times(walls: Column) -> list[str]:
    """Write times of the shop's clock as ``datetime.isoformat`` does: with microseconds only where there are some.

    >>> iso_times(np.array([0, 1]))
    ['1970-01-01T00:00:00', '1970-01-01T00:00:00.000001']
    """
    texts: list[str] = np.datetime_as_string((walls // _SECOND).astype("M8[s]")).tolist()
    for place in np.flatnonzero(walls % _SECOND).tolist():
        texts[place] += f".{walls.item(place) % _SECOND:06d}"
    return texts


def day_of(walls: Column) -> Column:
    """The business day of each time of the shop's clock, as an ordinal.

    >>> day_of(np.array([0, 86_400_000_000])).tolist()
    [719163, 719164]
    """
    return walls // _DAY + _EPOCH_DAY
