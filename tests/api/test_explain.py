"""Why a member got what came: by hand, against the statement, and with nothing of others in it."""

import json
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.api.conftest import joins, key, order, signed_in

from jifen.api import explain as asked
from jifen.engine.events import DayClosed, OrderRefunded
from jifen.service.inbox import submit
from jifen.service.members.models import Account
from jifen.service.rights import Right
from jifen.service.writer import Writer

FIRST = 738_000
YUAN = 1_000_000


@pytest.fixture
def told(open_shop, folder):
    """Puts events into the books: they are closed up to the day that is said."""

    def told(*events, until=None):
        closes = [] if until is None else [DayClosed(id=f"day:{until}", day=0)]
        submit([*events, *closes], using=open_shop)
        with Writer.elected(folder, open_shop) as writer:
            while writer.step():
                pass
        asked.readers().lots.wait_for(0 if until is None else until + 1, 2.0)

    return told


def on(day: int) -> str:
    return f"?day={date.fromordinal(day).isoformat()}"


def items(caller, member, day):
    answer = caller.get(f"/members/{member}/explain{on(day)}")
    assert answer.status_code == 200, answer.json()
    return answer.json()["items"]


def test_each_amount_of_a_day_leads_back_to_an_order(told, owner):
    """Ann has 1000 points of her own order. Bob, whom she brought, buys for 200: a fifth of his points, 40, come."""
    told(*joins("ann", "bob"), order("o1", "ann", 1000), order("o2", "bob", 200), until=FIRST)
    granted, paid = sorted(items(owner, "ann", FIRST), key=lambda each: not each["granted"])
    assert (granted["rule"], granted["amount"], granted["lot"]) == ("grant", "1000.00", "o1")
    assert (paid["rule"], paid["asset"], paid["amount"], paid["lot"]) == ("generation", "cash", "40.00", "o1")
    (source,) = paid["sources"]
    assert source == {
        "member": "bob", "generation": 1, "order": "o2", "line": "1", "base": "200.00", "rate": "20%",
        "points": "40.00", "passed": [],
    }  # fmt: skip
    told(until=FIRST + 1)
    (daily,) = items(owner, "ann", FIRST + 1)
    assert (daily["rule"], daily["amount"], daily["lot"], daily["stands"]) == ("static", "10.00", "o1", "10.00")
    told(OrderRefunded(id="r1", day=0, order="o2", amount=100 * YUAN), until=FIRST + 2)
    paid = [each for each in items(owner, "ann", FIRST) if each["rule"] == "generation"]
    assert [(each["amount"], each["stands"]) for each in paid] == [("40.00", "20.00")]


def test_a_member_learns_of_others_only_how_far_below_they_stand(told, open_shop):
    ann = signed_in()
    bob, carl = (Account.objects.create(code=code) for code in ("bob", "carl"))
    told(*joins(ann.code, bob.code, carl.code), order("o1", ann.code, 1000), order("o3", "carl", 200), until=FIRST)
    answer = ann.get(f"/members/me/explain{on(FIRST)}")
    (source,) = next(each for each in answer.json()["items"] if each["rule"] == "generation")["sources"]
    assert (source["member"], source["order"], source["generation"], source["points"]) == (None, None, 2, "30.00")
    text = answer.content.decode()
    assert [name for name in ("carl", "bob", "o3") if name in text] == []
    assert ann.get(f"/members/bob/explain{on(FIRST)}").json()["code"] == "not_allowed"


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_what_cannot_be_explained_is_refused(told, owner):
    told(*joins("ann"), until=FIRST)
    for member, day, status, code in (
        ("ann", FIRST + 1, 422, "not_closed"), ("ann", 3_652_059, 422, "not_closed"),
        ("zoe", FIRST, 404, "unknown_member"),
    ):  # fmt: skip
        answer = owner.get(f"/members/{member}/explain{on(day)}")
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert owner.get("/members/ann/explain").json()["code"] == "bad_request"
    assert owner.get("/members/ann/explain?day=31.12.2026").json()["code"] == "bad_request"
    assert items(owner, "ann", FIRST - 1) == []


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_before_the_first_close_nothing_is_explained_and_one_is_answered_at_a_time(told, owner, monkeypatch):
    told(*joins("ann"))
    assert owner.get(f"/members/ann/explain{on(FIRST)}").json()["code"] == "not_closed"
    monkeypatch.setattr(asked, "_PATIENCE", 0.0)
    with asked._alone():
        answer = owner.get(f"/members/ann/explain{on(FIRST)}")
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "busy", "1")


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_what_is_explained_is_what_the_statement_has(told, owner):
    """Six in a chain and a day of orders each: by asset, explained amounts add up to the lines of the wallet."""
    names = list("abcdef")
    told(*joins(*names), order("o", "a", 3000), until=FIRST)
    for day in range(1, 4):
        bought = [order(f"o{day}{name}", name, 70 * day + place) for place, name in enumerate(names[day:], 1)]
        told(*bought, until=FIRST + day)
    for name in names:
        lines = owner.get(f"/members/{name}/statement?size=500").json()["items"]
        for day in range(4):
            when = date.fromordinal(FIRST + day).isoformat()
            paid = [each for each in items(owner, name, FIRST + day) if not each["granted"]]
            wanted = sum(float(each["amount"]) for each in lines if each["day"] == when and each["account"] == "wallet")
            assert sum(float(each["amount"]) for each in paid) == pytest.approx(wanted)
            for parts, drained in payments(paid).items():
                assert parts == pytest.approx(drained)


def payments(paid):
    """What the sources of each payment add up to, and what was drained for it, perhaps of several lots."""
    found = {}
    for each in paid:
        found.setdefault((each["rule"], json.dumps(each["sources"]), each["dust"]), []).append(float(each["points"]))
    return {
        sum(float(source["points"]) for source in json.loads(sources)) + float(dust): sum(points)
        for (_, sources, dust), points in found.items()
    }


@given(st.integers(1, 9))
@settings(max_examples=5, deadline=None)
def test_how_far_below_somebody_stands(length):
    from jifen.engine import World, apply
    from jifen.plan import load_plan
    from jifen.service.explaining import generation_of

    names = [f"m{place}" for place in range(length)]
    world = World(load_plan("points_dividend"), 0)
    apply(world, joins(*names))
    assert [generation_of(world, name, "m0") for name in names] == list(range(length))
    assert generation_of(world, "m0", names[-1]) == (0 if length == 1 else None)


def test_a_key_that_reads_books_may_ask(told):
    told(*joins("ann"), until=FIRST)
    assert key(Right.BOOKS_READ).get(f"/members/ann/explain{on(FIRST)}").status_code == 200
