"""Closed days by the API, with numbers by hand."""

from datetime import date

import pytest
from tests.api.conftest import joins, key, order

from jifen.engine.events import DayClosed, OrderRefunded
from jifen.plan import load_plan
from jifen.service.inbox import submit
from jifen.service.programs.watching import watch
from jifen.service.rights import Right
from jifen.service.shop import Terms, create_shop
from jifen.service.writer import JOURNAL, SNAPSHOTS, Writer

FIRST = 738_000
YUAN = 1_000_000


@pytest.fixture
def shop(using):
    """A shop that puts 20 % of its sales into the reserve, and pays from it."""
    plan = load_plan("points_dividend", {"funding": "reserve", "reserve_share": "20%"})
    create_shop(plan, FIRST, Terms("test"), using=using)
    return using


@pytest.fixture
def closed(open_shop, folder):
    """Three closed days: Ann buys for 1000, then Bob, whom she brought, for 200, of which half is given back."""
    refund = OrderRefunded(id="r1", day=0, order="o2", amount=100 * YUAN)
    for day, events in enumerate(
        [[*joins("ann", "bob"), order("o1", "ann", 1000)], [order("o2", "bob", 200)], [refund]]
    ):
        submit([*events, DayClosed(id=f"day:{FIRST + day}", day=0)], using=open_shop)
        with Writer.elected(folder, open_shop) as writer:
            while writer.step():
                pass
        watch(folder / SNAPSHOTS, using=open_shop)
    return folder


def day(offset):
    return date.fromordinal(FIRST + offset).isoformat()


def test_runs_come_newest_first_with_what_is_owed_and_backed(closed, owner):
    items = owner.get("/runs").json()["items"]
    assert [each["day"] for each in items] == [day(2), day(1), day(0)]
    first = items[-1]["coverage"]
    assert (first["owed"], first["backed"], first["share"]) == ("1000.00", "200.00", "0.200000")
    assert (first["promised"], first["paid"], first["reserve_in"]) == ("1000.00", "0.00", "200.00")
    # The second day: 40 to Ann because of Bob's order, and 10 of her own; 200 more granted, 40 more put aside.
    second = items[1]["coverage"]
    assert (second["paid"], second["promised"], second["reserve_in"]) == ("50.00", "200.00", "40.00")
    assert (second["owed"], second["backed"]) == ("1150.00", "190.00")
    assert second["wallets"] == "50.00"
    for each in items:
        assert each["blocks"] is not None
        assert (closed / JOURNAL / each["segment"]).is_file()


def test_a_page_begins_where_the_one_before_ended_while_days_are_closed(closed, owner, open_shop, folder):
    first = owner.get("/runs?size=1").json()
    submit([DayClosed(id=f"day:{FIRST + 3}", day=0)], using=open_shop)
    with Writer.elected(folder, open_shop) as writer:
        while writer.step():
            pass
    rest = owner.get(f"/runs?size=5&cursor={first['next']}").json()
    assert [each["day"] for each in [*first["items"], *rest["items"]]] == [day(2), day(1), day(0)]
    assert rest["next"] is None
    assert owner.get("/runs?cursor=ffffffffffffffff").json()["items"][0]["day"] == day(3)
    assert owner.get("/runs?cursor=0").json() == {"items": [], "next": None}


def test_a_day_says_what_each_rule_moved(closed, owner):
    found = owner.get(f"/runs/{day(1)}").json()
    moved = {(each["rule"], each["source"], each["target"]): each["amount"] for each in found["moved"]}
    assert moved["generation", "reserve", "wallet"] == "40.00"
    assert moved["static", "reserve", "wallet"] == "10.00"
    assert moved["grant", "issuer", "claim"] == "200.00"
    assert found["lines"] >= sum(each["lines"] for each in found["moved"])
    back = [each for each in owner.get(f"/runs/{day(2)}").json()["moved"] if each["reason"] == "generation"]
    assert {(each["rule"], each["source"], each["amount"]) for each in back} >= {("refund", "wallet", "20.00")}
    for asked, code in ((day(3), "not_closed"), ("9999-12-31", "not_closed"), ("yesterday", "bad_request")):
        assert owner.get(f"/runs/{asked}").json()["code"] == code


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_before_the_first_close_there_are_none(open_shop):
    assert key(Right.BOOKS_READ).get("/runs").json() == {"items": [], "next": None}
