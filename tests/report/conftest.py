"""An account of a run, made by hand."""

from datetime import date, timedelta

import pytest

from jifen.core.micros import MICRO
from jifen.report.figures import Figures
from jifen.report.page import Account


@pytest.fixture
def account():
    """Make an account of so many days: each day 100 yuan are sold and 10 + 5 paid, 30 a day more are promised."""

    def make(days: int = 10, reserve: int = 0, merchant_funded: bool = True, title: str = "A plan 方案") -> Account:
        owed = [30 * MICRO * (day + 1) for day in range(days)]
        figures = Figures(
            starts=[date(2026, 1, 1) + timedelta(day) for day in range(days)],
            flows={
                "sold": [100 * MICRO] * days,
                "refunded": [0] * days,
                "granted": [45 * MICRO] * days,
                "released": [15 * MICRO] * days,
                "forfeited": [0] * days,
            },
            paid={"static": [10 * MICRO] * days, "generation": [5 * MICRO] * days},
            levels={
                "owed": owed,
                "wallets": [15 * MICRO * (day + 1) for day in range(days)],
                "reserve": [reserve * MICRO] * days,
                "pools": [0] * days,
            },
        )
        return Account(title, {"Plan 方案": "a_plan"}, figures, merchant_funded)

    return make
