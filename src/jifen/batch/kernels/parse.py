"""Cells of amounts, counts and times as integers, a column at a time, and never by way of a float.

A kernel reads what is plainly right. A cell that it leaves (``good`` is false) is not therefore wrong: ``Cells``, which
knows every rule and the words for every mistake, has the last word about its row.
"""

import numpy as np
import numpy.typing as npt

from jifen.batch.kernels.scan import Bytes, Places, TextColumn, trimmed
from jifen.core.days import YEAR_MAX, YEAR_MIN
from jifen.core.micros import AMOUNT_MAX
from jifen.engine.columns import Column
from jifen.engine.kernels import compiled

__all__ = ["COUNT_MAX", "NO_OFFSET", "Truths", "amounts", "counts", "instants", "late_rows", "times"]

Truths = npt.NDArray[np.bool_]

COUNT_MAX = 10**9
NO_OFFSET = 1 << 30
"""Stands for the offset of a time that is written without one."""

_PLUS, _MINUS, _DOT, _COLON, _SPACE, _T, _Z, _ZERO, _NINE = 43, 45, 46, 58, 32, 84, 90, 48, 57
_PLACES = 6
_SECOND = 1_000_000


@compiled
def _is_digit(byte: int) -> bool:
    return _ZERO <= byte <= _NINE


@compiled
def amounts(column: TextColumn, decimals: int, required: bool) -> tuple[Column, Truths]:
    """Micro-units of numbers that are not below zero, with at most ``decimals`` places; an empty cell is 0."""
    text, starts, ends = column
    values = np.zeros(len(starts), dtype=np.int64)
    good = np.zeros(len(starts), dtype=np.bool_)
    for row in range(len(starts)):
        at, end = trimmed(text, starts[row], ends[row])
        if at == end:
            good[row] = not required
            continue
        if text[at] == _PLUS:
            at += 1
        value = 0
        digits = 0
        while at < end and _is_digit(text[at]) and value <= AMOUNT_MAX:
            value = value * 10 + (int(text[at]) - _ZERO)
            digits += 1
            at += 1
        if value > AMOUNT_MAX // _SECOND:
            continue
        places = 0
        if at < end and digits > 0 and text[at] == _DOT:
            at += 1
            while at < end and _is_digit(text[at]) and (places < decimals or text[at] == _ZERO):
                if places < _PLACES:
                    value = value * 10 + (int(text[at]) - _ZERO)
                    places += 1
                at += 1
        while places < _PLACES:
            value *= 10
            places += 1
        values[row] = value
        good[row] = at == end and digits > 0 and value <= AMOUNT_MAX
    return values, good


@compiled
def counts(column: TextColumn) -> tuple[Column, Truths]:
    """Whole numbers from 1 to ``COUNT_MAX``; an empty cell is 1."""
    text, starts, ends = column
    values = np.ones(len(starts), dtype=np.int64)
    good = np.zeros(len(starts), dtype=np.bool_)
    for row in range(len(starts)):
        at, end = trimmed(text, starts[row], ends[row])
        if at == end:
            good[row] = True
            continue
        if end - at > 10:
            continue
        value = 0
        while at < end and _is_digit(text[at]):
            value = value * 10 + (int(text[at]) - _ZERO)
            at += 1
        values[row] = value
        good[row] = at == end and 1 <= value <= COUNT_MAX
    return values, good


@compiled
def times(column: TextColumn) -> tuple[Column, Places, Truths]:
    """Dates and times as written: microseconds since 1970 by their own clock, their offset in seconds, what is good."""
    text, starts, ends = column
    written = np.zeros(len(starts), dtype=np.int64)
    offsets = np.full(len(starts), NO_OFFSET, dtype=np.int32)
    good = np.zeros(len(starts), dtype=np.bool_)
    for row in range(len(starts)):
        at, end = trimmed(text, starts[row], ends[row])
        day = _date(text, at, end)
        if day < 0:
            continue
        at += 10
        value = day * 86_400 * _SECOND
        if at < end:
            if text[at] != _T and text[at] != _SPACE:
                continue
            clock, at = _clock(text, at + 1, end)
            if clock < 0:
                continue
            value += clock
            if at < end:
                offset = _offset(text, at, end)
                if offset == NO_OFFSET:
                    continue
                offsets[row] = offset
        written[row] = value
        good[row] = True
    return written, offsets, good


@compiled
def _two(text: Bytes, at: int, end: int, most: int) -> int:
    """Two digits as a number, -1 where they are not there or above ``most``."""
    if at + 2 > end or not _is_digit(text[at]) or not _is_digit(text[at + 1]):
        return -1
    value = (int(text[at]) - _ZERO) * 10 + (int(text[at + 1]) - _ZERO)
    return value if value <= most else -1


@compiled
def _date(text: Bytes, at: int, end: int) -> int:
    """Days since 1970 of ``2026-01-31``, -1 if it is not plainly a day of a year that can be meant."""
    century, short = _two(text, at, end, 99), _two(text, at + 2, end, 99)
    month, day = _two(text, at + 5, end, 12), _two(text, at + 8, end, 31)
    if century < 0 or short < 0 or month <= 0 or day <= 0 or text[at + 4] != _MINUS or text[at + 7] != _MINUS:
        return -1
    year = century * 100 + short
    if not YEAR_MIN < year < YEAR_MAX:
        return -1
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if month == 2 and day > (29 if leap else 28):
        return -1
    if day == 31 and (month == 4 or month == 6 or month == 9 or month == 11):
        return -1
    # Counted from March, the lengths of months repeat, and the leap day is the last of its year.
    since = year - (1 if month <= 2 else 0)
    of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return since * 365 + since // 4 - since // 100 + since // 400 + of_year - 719_468


@compiled
def _clock(text: Bytes, at: int, end: int) -> tuple[int, int]:
    """(microseconds since midnight, what comes behind) of ``13:05``, ``13:05:00``, ``13:05:00.5``; -1 if it is none."""
    hour, minute = _two(text, at, end, 23), _two(text, at + 3, end, 59)
    if hour < 0 or minute < 0 or text[at + 2] != _COLON:
        return -1, at
    at += 5
    value = (hour * 60 + minute) * 60 * _SECOND
    if at >= end or text[at] != _COLON:
        return value, at
    second = _two(text, at + 1, end, 59)
    if second < 0:
        return -1, at
    at += 3
    value += second * _SECOND
    if at >= end or text[at] != _DOT:
        return value, at
    at += 1
    unit = _SECOND
    first = at
    while at < end and _is_digit(text[at]):
        unit //= 10
        value += (int(text[at]) - _ZERO) * unit
        at += 1
    return (value, at) if 1 <= at - first <= 9 else (-1, at)


@compiled
def _offset(text: Bytes, at: int, end: int) -> int:
    """Seconds of ``Z``, ``+08``, ``+0800`` or ``+08:00``, which must end the cell; ``NO_OFFSET`` if it is none."""
    if text[at] == _Z:
        return 0 if at + 1 == end else NO_OFFSET
    if text[at] != _PLUS and text[at] != _MINUS:
        return NO_OFFSET
    hours = _two(text, at + 1, end, 23)
    minutes = 0
    sign = 1 if text[at] == _PLUS else -1
    at += 3
    if at < end and hours >= 0:
        if text[at] == _COLON:
            at += 1
        minutes = _two(text, at, end, 59)
        at += 2
    if hours < 0 or minutes < 0 or at != end:
        return NO_OFFSET
    return sign * (hours * 3600 + minutes * 60)


@compiled
def instants(written: Column, offsets: Places, good: Truths, clock: tuple[Column, Column]) -> tuple[Column, Column]:
    """(instant, wall) of each time; one that the clocks skipped is no longer ``good``.

    ``clock`` is (from second, seconds ahead) of the shop's zone. Of a time that came twice, the first one is meant.
    """
    starts, ahead = clock
    instant = np.zeros(len(written), dtype=np.int64)
    wall = np.zeros(len(written), dtype=np.int64)
    for row in range(len(written)):
        if not good[row]:
            continue
        if offsets[row] != NO_OFFSET:
            instant[row] = written[row] - offsets[row] * _SECOND
            place = np.searchsorted(starts, instant[row] // _SECOND, side="right") - 1
            wall[row] = instant[row] + ahead[place] * _SECOND
            continue
        second = written[row] // _SECOND
        # No zone is more than a day ahead or behind, so only changes within a day of it can matter.
        place = max(np.searchsorted(starts, second - 86_400, side="right") - 1, 0)
        good[row] = False
        while place < len(starts) and starts[place] <= second + 86_400 and not good[row]:
            at = second - ahead[place]
            if starts[place] <= at and (place + 1 == len(starts) or at < starts[place + 1]):
                instant[row] = written[row] - ahead[place] * _SECOND
                wall[row] = written[row]
                good[row] = True
            place += 1
    return instant, wall


@compiled
def late_rows(
    instant: Column, wall: Column, timed: Truths, latest: tuple[int, int]
) -> tuple[Column, Truths, tuple[int, int]]:
    """(the latest ``wall`` above each row, whether the row is before that, the latest time of all).

    ``latest`` is (instant, wall) of the rows above; a row that is not ``timed`` has no time.
    """
    above = np.empty(len(instant), dtype=np.int64)
    late = np.zeros(len(instant), dtype=np.bool_)
    highest, highest_wall = latest
    for row in range(len(instant)):
        above[row] = highest_wall
        if timed[row]:
            late[row] = instant[row] < highest
            if not late[row]:
                highest = instant[row]
                highest_wall = wall[row]
    return above, late, (highest, highest_wall)
