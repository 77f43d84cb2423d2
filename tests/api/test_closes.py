"""Days are closed over the API: those that have ended, and in a sandbox those that are still to come."""

import threading
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.api.conftest import key

from jifen.api import limits
from jifen.api.limits import WAITING_MOST, patience
from jifen.plan import load_plan
from jifen.service import models
from jifen.service.rights import Right
from jifen.service.shop import Terms, create_shop
from jifen.service.writer import Writer

TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()


FUNDED = {"funding": "reserve", "reserve_share": "20%"}


@pytest.fixture
def live():
    return False


@pytest.fixture
def shop(using, live):
    """A shop that opened two days ago."""
    create_shop(load_plan("points_dividend", FUNDED), TODAY.toordinal() - 2, Terms("test", live=live), using=using)
    return using


@pytest.fixture
def till(open_shop):
    return key(Right.PLANS_WRITE)


def day(offset: int) -> str:
    return (TODAY + timedelta(days=offset)).isoformat()


def write(folder, using) -> list[date]:
    """Close what waits; returns the days that are closed."""
    with Writer.elected(folder, using) as writer:
        while writer.step():
            pass
    return [
        date.fromordinal(each) for each in models.Run.objects.using(using).order_by("day").values_list("day", flat=True)
    ]


def test_days_that_have_ended_are_closed_and_to_ask_again_is_to_ask_once(till, folder, open_shop):
    for _ in range(2):
        assert till.post("/shop/closes", {}).json() == {"open_day": day(-2), "due": 2, "doing": ""}
    assert write(folder, open_shop) == [TODAY - timedelta(days=2), TODAY - timedelta(days=1)]
    assert till.post("/shop/closes", {}).json() == {"open_day": day(0), "due": 0, "doing": ""}


def test_a_sandbox_goes_ahead_of_the_clock_by_a_year_at_most(till, folder, open_shop):
    assert till.post("/shop/closes", {"until": day(1)}).json()["due"] == 4
    assert len(write(folder, open_shop)) == 4
    assert till.get("/shop").json()["open_day"] == day(2)
    assert till.post("/shop/closes", {}).json()["due"] == 0  # the clock is behind now
    assert till.post("/shop/closes", {"until": day(2 + 366)}).json()["code"] == "day_not_over"
    assert models.Inbox.objects.using(open_shop).count() == 4
    assert till.post("/shop/closes", {"until": day(2 + 365)}).json()["due"] == 366


@pytest.mark.parametrize("live", [True])
def test_a_live_shop_never_goes_ahead_of_the_clock(till):
    answer = till.post("/shop/closes", {"until": day(0)})
    assert (answer.status_code, answer.json()["code"]) == (422, "day_not_over")
    assert till.post("/shop/closes", {"until": day(-1)}).json()["due"] == 2


def test_only_so_many_wait_for_the_books_at_once(monkeypatch):
    monkeypatch.setattr(limits, "_PLACES", threading.BoundedSemaphore(WAITING_MOST))
    waiting = [patience(2) for _ in range(WAITING_MOST)]
    assert [each.__enter__() for each in waiting] == [2] * WAITING_MOST
    with patience(2) as seconds:
        assert seconds == 0
    waiting.pop().__exit__(None, None, None)
    with patience(2) as seconds, patience(0) as none:
        assert (seconds, none) == (2, 0)
