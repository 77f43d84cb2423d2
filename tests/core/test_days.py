from zoneinfo import ZoneInfo

import pytest

from jifen.core.days import Moment, parse_moment
from jifen.core.errors import Problem

BERLIN = ZoneInfo("Europe/Berlin")
SHANGHAI = ZoneInfo("Asia/Shanghai")


def read(text: str, zone: ZoneInfo = BERLIN) -> Moment:
    moment = parse_moment(text, zone)
    assert isinstance(moment, Moment), moment
    return moment


def hours(day: str, following: str) -> float:
    return (read(following).instant - read(day).instant).total_seconds() / 3600


def test_a_day_has_23_or_25_hours_where_clocks_change():
    assert hours("2026-03-29", "2026-03-30") == 23
    assert hours("2026-10-25", "2026-10-26") == 25
    assert hours("2026-11-22", "2026-11-23") == 24


def test_the_repeated_hour_is_still_the_same_business_day_and_the_first_of_the_two():
    first, second = read("2026-10-25T02:30:00"), read("2026-10-25T02:30:00+01:00")
    assert first.day == second.day
    assert (second.instant - first.instant).total_seconds() == 3600


def test_a_time_that_clocks_leave_out_is_a_problem():
    problem = parse_moment("2026-03-29T02:30:00", BERLIN)
    assert isinstance(problem, Problem)
    assert problem.code == "no_such_time"


def test_a_moment_with_an_offset_belongs_to_the_local_date_of_the_shop():
    assert read("2026-01-30T16:30:00Z", SHANGHAI).at == "2026-01-31T00:30:00"


@pytest.mark.parametrize(
    "text", ["2026/01/31", "31.01.2026", "2026-02-30", "2026-1-3", "tomorrow", "", "0001-01-01", "2026-01-31t10"]
)
def test_what_is_no_time_is_a_problem_and_never_an_exception(text):
    assert isinstance(parse_moment(text, SHANGHAI), Problem)
