from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jifen.core.days import day_of, day_span, format_day, parse_day, parse_moment

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    "Asia/Shanghai", "UTC", "Europe/Berlin", "America/Sao_Paulo", "America/Havana", "Pacific/Apia", "Asia/Kathmandu",
    "Australia/Lord_Howe", "Africa/Casablanca",
]  # fmt: skip

zones = st.sampled_from(ZONES).map(ZoneInfo)
days = st.integers(date(1970, 1, 2).toordinal(), date(2200, 12, 31).toordinal())


@given(days)
def test_a_day_is_written_and_read_back(day):
    assert parse_day(format_day(day)) == parse_day(f" {format_day(day)} ") == day


def test_days_are_the_ordinals_of_dates():
    assert parse_day("1970-01-01") == 719_163
    assert parse_day("2024-02-29") - parse_day("2024-02-28") == 1
    assert parse_day("2024-03-01") - parse_day("2024-02-29") == 1


@pytest.mark.parametrize(
    "text",
    [
        "", "2026", "2026-1-1", "20260101", "2026-W05-1", "2026-01-01T00:00", "01/02/2026", "2026/01/02", "二〇二六",
        "２０２６-01-01", "2026-01-01\x00", "-026-01-01", "99999-01-01", "nan", "x" * 10_000,
    ],
)  # fmt: skip
def test_what_is_not_written_like_a_date_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match=r"not a date like 2026-01-31") as caught:
        parse_day(text)
    assert len(str(caught.value)) < 100


@pytest.mark.parametrize("text", ["2026-02-29", "2026-13-01", "2026-00-01", "2026-01-00", "1900-02-29"])
def test_a_date_that_is_in_no_calendar_is_refused(text):
    with pytest.raises(ValueError, match="no such date"):
        parse_day(text)


@pytest.mark.parametrize("text", ["1969-12-31", "2201-01-01", "0001-01-01", "9999-12-31"])
def test_a_year_that_cannot_be_meant_is_refused(text):
    with pytest.raises(ValueError, match="the year must be within 1970 and 2200"):
        parse_day(text)
    with pytest.raises(ValueError, match="the year must be within 1970 and 2200"):
        parse_moment(f"{text}T00:00:00", SHANGHAI)


def test_a_day_of_shanghai_begins_at_16_hours_of_the_day_before_in_london():
    last, first = (datetime(2026, 1, 30, hour, minute, tzinfo=UTC) for hour, minute in ((15, 59), (16, 0)))
    assert format_day(day_of(last, SHANGHAI)) == "2026-01-30"
    assert format_day(day_of(first, SHANGHAI)) == "2026-01-31"
    assert day_span(parse_day("2026-01-31"), SHANGHAI) == (first, first + timedelta(hours=24))


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Asia/Shanghai", "2026-03-29", 24),
        ("Europe/Berlin", "2026-03-28", 24),
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("America/Sao_Paulo", "2018-11-04", 23),  # midnight itself is left out
        ("America/Sao_Paulo", "2018-02-17", 25),  # its last hour comes twice
        ("America/Havana", "2026-11-01", 25),  # its first hour comes twice
        ("Pacific/Apia", "2011-12-30", 0),  # the islands moved across the date line
        ("Asia/Shanghai", "1986-05-04", 22 + 1),  # China had summer time from 1986 to 1991
    ],
)
def test_a_day_has_the_hours_that_its_clocks_show(zone, day, hours):
    start, end = day_span(parse_day(day), ZoneInfo(zone))
    assert end - start == timedelta(hours=hours)


@given(days, zones, st.floats(0, 1, exclude_max=True))
def test_every_moment_falls_on_the_one_day_whose_span_it_is_in(day, zone, part):
    start, end = day_span(day, zone)
    if start < end:
        moment = start + timedelta(microseconds=int(part * ((end - start) // timedelta(microseconds=1))))
        assert day_of(start, zone) == day_of(moment, zone) == day
        assert day_of(end - timedelta(microseconds=1), zone) == day
    assert day_of(end, zone) >= day + 1


@given(days, zones)
def test_days_follow_each_other_without_gaps(day, zone):
    assert day_span(day, zone)[1] == day_span(day + 1, zone)[0]


def test_a_moment_without_an_offset_has_no_day():
    with pytest.raises(ValueError, match="needs an offset"):
        day_of(datetime(2026, 1, 1), SHANGHAI)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31T08:00:00", "2026-01-31T00:00:00"),
        ("2026-01-31 08:00", "2026-01-31T00:00:00"),
        ("2026-01-31T08:00:00.25", "2026-01-31T00:00:00.250000"),
        ("2026-01-31T08:00:00Z", "2026-01-31T08:00:00"),
        ("2026-01-31T08:00:00-03:30", "2026-01-31T11:30:00"),
        (" 2026-01-31T23:59:59+14:00\n", "2026-01-31T09:59:59"),
    ],
)
def test_a_time_is_read_with_its_offset_or_as_local_time(text, moment):
    assert parse_moment(text, SHANGHAI) == datetime.fromisoformat(moment + "+00:00")


@given(st.datetimes(datetime(1970, 1, 2), datetime(2200, 12, 30)), zones)  # noqa: DTZ001
def test_a_moment_is_written_with_its_offset_and_read_back(moment, zone):
    local = moment.replace(tzinfo=UTC).astimezone(zone)
    offset = local.utcoffset()
    assert offset is not None
    if offset % timedelta(minutes=1) == timedelta(0):
        assert parse_moment(local.isoformat(), zone) == local


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-01-31",
        "2026-01-31T8:00",
        "20260131T080000",
        "2026-01-31T08:00:00,5",
        "2026-01-31T08:00 +08:00",
        "2026-01-31t08:00z",
    ],
)
def test_what_is_not_written_like_a_time_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="not a time like 2026-01-31T13:05:00"):
        parse_moment(text, SHANGHAI)


@pytest.mark.parametrize(
    "text", ["2026-01-31T24:30:00", "2026-01-31T23:60:00", "2026-02-30T00:00:00", "2026-01-01T00:00+25:00"]
)
def test_a_time_that_no_clock_shows_is_refused(text):
    with pytest.raises(ValueError, match="no such time"):
        parse_moment(text, SHANGHAI)


def test_a_time_that_clocks_leave_out_is_refused_unless_it_has_an_offset():
    with pytest.raises(ValueError, match="the clocks of Europe/Berlin leave this time out"):
        parse_moment("2026-03-29T02:30:00", BERLIN)
    assert parse_moment("2026-03-29T02:30:00+01:00", BERLIN) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_of_an_hour_that_comes_twice_the_first_is_meant():
    assert parse_moment("2026-10-25T02:30:00", BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
