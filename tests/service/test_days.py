"""A day ends by the shop's clock, be it of 23, 24 or 25 hours, and after a grace that the shop may want."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connections

from jifen.plan import load_plan
from jifen.service import models
from jifen.service.closing import ask_closes, days_due, progress
from jifen.service.shop import Terms, create_shop
from jifen.service.writer import Writer

SHORT, LONG = date(2026, 3, 8), date(2026, 11, 1)
"""Days of 23 and of 25 hours in New York."""


def opened(using, zone, first):
    create_shop(load_plan("points_dividend"), first.toordinal(), Terms("test", zone=zone), using=using)


def ends(using, moment, grace=timedelta(0)):
    """Whether the first day is over at a moment, but was not a second before."""
    before, after = (len(days_due(each, using=using, grace=grace)) for each in (moment - timedelta(seconds=1), moment))
    return (before, after) == (0, 1)


@pytest.mark.parametrize(
    ("zone", "day", "begins", "hours"),
    [
        # New York is 5 hours behind UTC in winter and 4 in summer.
        ("America/New_York", SHORT, datetime(2026, 3, 8, 5, tzinfo=UTC), 23),
        ("America/New_York", LONG, datetime(2026, 11, 1, 4, tzinfo=UTC), 25),
        ("Asia/Shanghai", SHORT, datetime(2026, 3, 7, 16, tzinfo=UTC), 24),
        ("Asia/Shanghai", LONG, datetime(2026, 10, 31, 16, tzinfo=UTC), 24),
    ],
)
def test_a_day_ends_where_the_next_local_date_begins(using, zone, day, begins, hours):
    opened(using, zone, day)
    end = begins + timedelta(hours=hours)
    assert ends(using, end)
    # In hours that have passed, not in hours of the clock.
    assert ends(using, end + timedelta(minutes=90), grace=timedelta(minutes=90))
    assert progress(end, using=using, grace=timedelta(minutes=1)).due == 0


def test_a_grace_is_counted_in_hours_that_have_passed_on_a_day_that_leaves_an_hour_out(using):
    opened(using, "America/New_York", SHORT - timedelta(days=1))
    # The seventh ends at midnight (05:00 UTC). Three hours later clocks say 04:00, for two was followed by three.
    assert ends(using, datetime(2026, 3, 8, 8, tzinfo=UTC), grace=timedelta(hours=3))


def test_several_processes_that_ask_at_once_for_missed_days_close_each_once(using, folder):
    opened(using, "America/New_York", SHORT - timedelta(days=1))
    now = datetime(2026, 3, 10, 4, tzinfo=UTC)
    start = threading.Barrier(4)

    def ask():
        try:
            start.wait()
            ask_closes(now, using=using)
        finally:
            connections[using].close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert models.Inbox.objects.using(using).count() == 3
    with Writer.elected(folder, using) as writer:
        while writer.step():
            pass
    closed = models.Run.objects.using(using).order_by("batch_id").values_list("day", flat=True)
    assert [date.fromordinal(day).day for day in closed] == [7, 8, 9]
    assert progress(now, using=using).due == 0
