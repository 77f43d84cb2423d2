"""Figures by week: flows add up, levels are the last."""

from jifen.core.micros import MICRO
from jifen.report.figures import DAYS_SHOWN_MAX, shown


def test_a_week_adds_flows_and_keeps_the_last_level(account):
    # 1 January 2026 is a Thursday: the first week has 4 days, the second the other 6 of 10.
    weeks = account(10).figures.by_week()
    assert [start.isoformat() for start in weeks.starts] == ["2025-12-29", "2026-01-05"]
    assert weeks.flows["sold"] == [400 * MICRO, 600 * MICRO]
    assert weeks.paid["static"] == [40 * MICRO, 60 * MICRO]
    assert weeks.levels["owed"] == [120 * MICRO, 300 * MICRO]


def test_what_was_paid_in_all_is_the_sum_over_rules(account):
    assert account(2).figures.paid_total() == [15 * MICRO, 15 * MICRO]


def test_a_long_run_is_shown_by_week_and_a_short_one_by_day(account):
    assert shown(account(DAYS_SHOWN_MAX).figures).step_days == 1
    assert shown(account(DAYS_SHOWN_MAX + 1).figures).step_days == 7
