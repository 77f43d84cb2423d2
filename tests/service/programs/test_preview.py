"""A preview: the last thirty days with another version, compared by hand."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.service.conftest import joins, order

from jifen.core.errors import InputError
from jifen.plan import load_plan
from jifen.service import models
from jifen.service.closing import ask_closes
from jifen.service.inbox import submit
from jifen.service.life import activate
from jifen.service.programs.preview import preview
from jifen.service.writer import Writer

FIRST = 738000
MIDNIGHT = datetime.fromordinal(FIRST + 1).replace(tzinfo=ZoneInfo("Asia/Shanghai"))
HALF = load_plan("points_dividend", {"daily_rate": "0.5%"})


def write(folder, using):
    with Writer.elected(folder, using) as writer:
        while writer.step():
            pass


def close(folder, using, days):
    """Close so many days in all."""
    ask_closes(MIDNIGHT + timedelta(days=days - 1), using=using)
    write(folder, using)


def holds(found):
    return {row["member"]: row["holds"] for row in found["differences"]}


def test_half_the_rate_would_have_paid_half_since_the_orders_of_the_last_days(shop, folder):
    submit([*joins("ann"), order("o1", "ann", 1000)], using=shop)
    close(folder, shop, 5)
    before = models.Event.objects.using(shop).count()
    found = preview(HALF, using=shop)
    # 1000 points release 1 % a day from the day after the order: 4 of the 5 closes, 40 yuan; at half the rate 20.
    assert holds(found) == {"ann": {
        "cash": {"actual": "40.000000", "other": "20.000000", "difference": "-20.000000"},
        "points": {"actual": "960.000000", "other": "980.000000", "difference": "20.000000"},
    }}  # fmt: skip
    assert found["totals"]["cash"] == {"actual": "40.000000", "other": "20.000000", "difference": "-20.000000"}
    assert (found["members"], found["changed"], found["refused"], found["events"]) == (1, 1, 0, 7)
    assert models.Event.objects.using(shop).count() == before


def test_what_came_before_the_thirty_days_stays_as_it_was(shop, folder):
    submit([*joins("ann", "bob"), order("o1", "ann", 1000)], using=shop)
    close(folder, shop, 10)
    submit([order("o2", "bob", 1000)], using=shop)
    close(folder, shop, 40)
    told = []
    found = preview(HALF, lambda done, whole: told.append((done, whole)), using=shop)
    # Of ann 9 days were paid before the last thirty, of which the lot keeps its daily amount of ten; bob's is new.
    assert "ann" not in holds(found)
    # bob bought on the first of these days and had 29 releases of 10, or of 5.
    assert holds(found)["bob"]["cash"] == {
        "actual": "290.000000", "other": "145.000000", "difference": "-145.000000",
    }  # fmt: skip
    assert told[-1][0] == told[-1][1]


def test_versions_that_counted_in_these_days_are_what_the_other_stands_in_for(shop, folder):
    submit(joins("ann"), using=shop)
    activate(HALF, using=shop)
    submit([order("o1", "ann", 1000)], using=shop)
    close(folder, shop, 5)
    assert holds(preview(HALF, using=shop)) == {}
    found = preview(load_plan("points_dividend"), using=shop)
    assert holds(found)["ann"]["cash"]["difference"] == "20.000000"


def test_what_the_other_version_refuses_is_counted(shop, folder):
    from jifen.engine.events import StoreAdjusted

    submit([*joins("ann"), StoreAdjusted(id="a1", day=0, member="ann", store="points", amount=5_000_000)], using=shop)
    write(folder, shop)
    found = preview(load_plan("friend_bonus"), using=shop)
    assert found["refused"] == 1


def test_a_shop_of_many_events_is_previewed_at_the_console(shop, folder):
    submit([*joins("ann"), order("o1", "ann", 1000)], using=shop)
    write(folder, shop)
    with pytest.raises(InputError) as raised:
        preview(HALF, most=1, using=shop)
    assert raised.value.problems[0].code == "too_many_events"
    assert preview(HALF, most=None, using=shop)["members"] == 1


def test_an_empty_shop_is_previewed_too(shop):
    assert preview(HALF, using=shop)["members"] == 0
