"""The tree around a member, and the team's sales, by hand: as of the last close."""

from datetime import date

import pytest
from tests.api.conftest import joins, key, order, signed_in

from jifen.api.reading import readers
from jifen.engine.events import DayClosed, MemberJoined, OrderRefunded, RankSet
from jifen.service.inbox import submit
from jifen.service.members.accounts import make_account
from jifen.service.members.models import Account
from jifen.service.rights import Right
from jifen.service.writer import Writer

FIRST = 738_000
YUAN = 1_000_000


@pytest.fixture
def close(open_shop, folder):
    """Puts events into the books, and closes the day."""

    def close(*events, day=FIRST):
        submit([*events, DayClosed(id=f"day:{day}", day=0)], using=open_shop)
        with Writer.elected(folder, open_shop) as writer:
            while writer.step():
                pass
        readers().lots.wait_for(day + 1, 2.0)

    return close


@pytest.fixture
def team(close):
    """Ann brought bob, cid and dan; bob brought eve, and eve fay. They buy for 100, 200 … in this order."""
    below = {"ann": None, "bob": "ann", "cid": "ann", "dan": "ann", "eve": "bob", "fay": "eve"}
    joined = [MemberJoined(id=f"j-{name}", day=0, member=name, referrer=up) for name, up in below.items()]
    bought = [order(f"o-{name}", name, 100 * place) for place, name in enumerate(below, 1)]
    rank = RankSet(id="rank", day=0, member="cid", rank="经理", reason="test")
    close(*joined, *bought, rank, OrderRefunded(id="r", day=0, order="o-dan", amount=150 * YUAN))


def test_performance_is_that_of_all_below_by_leg_and_by_generation(team, owner):
    found = owner.get("/members/ann/performance").json()
    assert found["node"] == {
        "member": "ann", "phone": "", "joined_on": date.fromordinal(FIRST).isoformat(), "rank": None, "direct": 3,
        "team": 5, "own_sales": "100.00", "team_sales": "1950.00",
    }  # fmt: skip
    # Bob's leg has 200 + 500 + 600; the others 300, and 400 less the 150 that were given back.
    assert (found["largest_leg"], found["other_legs"]) == ("1300.00", "550.00")
    assert [tuple(each.values()) for each in found["generations"]] == [
        (1, 3, "750.00"), (2, 1, "500.00"), (3, 1, "600.00"),
    ]  # fmt: skip
    assert found["open_day"] == date.fromordinal(FIRST + 1).isoformat()
    nobody = owner.get("/members/fay/performance").json()
    assert (nobody["largest_leg"], nobody["other_legs"], nobody["generations"]) == ("0.00", "0.00", [])


def test_direct_referrals_come_page_by_page_and_lead_down(team, owner):
    first = owner.get("/members/ann/network?size=2").json()
    rest = owner.get(f"/members/ann/network?size=2&cursor={first['next']}").json()
    assert [(each["member"], each["rank"], each["team"]) for each in [*first["items"], *rest["items"]]] == [
        ("bob", None, 2), ("cid", "经理", 0), ("dan", None, 0),
    ]  # fmt: skip
    assert rest["next"] is None
    assert owner.get("/members/fay/network").json()["items"] == []


def test_the_way_up(team, owner):
    assert [each["member"] for each in owner.get("/members/fay/upline").json()["items"]] == ["eve", "bob", "ann"]
    assert owner.get("/members/ann/upline").json()["items"] == []


def test_who_joined_since_is_known_after_the_next_close(team, owner, close):
    close(MemberJoined(id="j-gil", day=0, member="gil", referrer="cid"), day=FIRST + 1)
    assert owner.get("/members/cid/performance").json()["node"]["team"] == 1
    for path in ("network", "performance", "upline"):
        answer = owner.get(f"/members/zoe/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_member")


def test_before_the_first_close_there_is_nothing_to_read(owner):
    assert owner.get("/members/ann/performance").json()["code"] == "not_closed"


def test_a_member_sees_masked_numbers_and_no_ids_of_others(close, open_shop):
    ann = signed_in()
    bob = make_account("13900139000", sponsor=Account.objects.get(code=ann.code), using=open_shop)
    close(*joins(ann.code, bob.code))
    (shown,) = ann.get("/members/me/network").json()["items"]
    assert (shown["member"], shown["phone"]) == (None, "139****9000")
    assert ann.get("/members/me/performance").json()["node"]["member"] == ann.code
    for path in (f"{bob.code}/network", f"{bob.code}/performance", "me/upline"):
        assert ann.get(f"/members/{path}").json()["code"] == "not_allowed"
    reader = key(Right.MEMBERS_READ)
    assert reader.get(f"/members/{ann.code}/network").json()["items"][0]["member"] == bob.code
