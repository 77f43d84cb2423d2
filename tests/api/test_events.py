"""Events in bulk, what became of each, and what the books have of it."""

import pytest
from tests.api.conftest import key, signed_in

from jifen.api import limits
from jifen.api.limits import BUCKETS, RATES
from jifen.service import models
from jifen.service.rights import Right
from jifen.service.writer import Writer

ANN = {"event": "member_joined", "id": "j-ann", "member": "ann"}
ORDER = {"event": "order_paid", "id": "o-1", "member": "ann", "lines": [{"amount": "1000.00"}]}


@pytest.fixture
def till(open_shop):
    return key(Right.EVENTS_WRITE, Right.BOOKS_READ)


@pytest.fixture
def write(open_shop, folder):
    """Writes what waits."""

    def written() -> None:
        with Writer.elected(folder, open_shop) as writer:
            while writer.step():
                pass

    return written


def test_events_enter_in_bulk_and_each_has_its_result(till, write):
    wrong = {"event": "order_refunded", "id": "r-9", "order": "nothing", "amount": "1.00"}
    sent = {"events": [ANN, ORDER, wrong]}
    assert [each["state"] for each in till.post("/events", sent).json()["items"]] == ["pending"] * 3
    write()
    said = till.post("/events", sent).json()["items"]
    assert [(each["state"], each["number"]) for each in said[:2]] == [("accepted", 0), ("accepted", 1)]
    assert till.get("/events/r-9").json()["state"] == "pending"  # it was refused, and has been asked for again
    write()
    assert till.get("/events/r-9").json()["code"] == "unknown_order"
    told = till.get("/events/o-1").json()
    assert told.pop("sent_at")
    assert told.pop("sent_by").startswith("key:")
    assert told == {"id": "o-1", "state": "accepted", "number": 1, "code": "", "message": ""}
    assert till.get("/events/nothing").json()["code"] == "unknown_event"


def test_an_id_with_other_facts_is_a_conflict_and_changes_nothing(till, write):
    till.post("/events", {"events": [ANN, ORDER]})
    write()
    other = {**ORDER, "lines": [{"amount": "1.00"}]}
    (said,) = till.post("/events", {"events": [other]}).json()["items"]
    assert (said["state"], said["code"]) == ("refused", "conflict")
    assert models.Inbox.objects.count() == 2


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ({**ORDER, "lines": [{"amount": 19.9}]}, "amount"), ({**ORDER, "lines": [{"amount": "1e3"}]}, "amount"),
        ({**ORDER, "lines": [{"amount": "1.0000001"}]}, "amount"), ({**ORDER, "lines": []}, "lines"),
        ({**ORDER, "id": "day:738000"}, "id"), ({**ORDER, "id": "a/b"}, "id"), ({**ORDER, "id": "x" * 65}, "id"),
        ({**ORDER, "member": "a\u0000b"}, "member"), ({**ORDER, "member": None}, "member"),
        ({"event": "day_closed", "id": "d"}, ""), ({"event": "store_adjusted", "id": "d"}, ""), ({}, ""),
    ],
)  # fmt: skip
def test_a_request_that_is_wrong_somewhere_changes_nothing(till, event, field):
    answer = till.post("/events", {"events": [ANN, event]})
    assert answer.status_code == 422
    assert any(field in each["field"] for each in answer.json()["errors"])
    assert not models.Inbox.objects.exists()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("{", 400, "bad_json"), ("", 422, ""), ("NaN", 400, "bad_json"), ("[" * 100_000, 400, "bad_json"),
        (b"\xff\xfe", 400, "bad_json"), ("[]", 422, ""), ("null", 422, ""), ('{"events": []}', 422, ""),
        ('{"events": [' + '{},' * 1000 + '{}]}', 422, ""), ("x" * (2 << 20) + "x", 413, "too_large"),
    ],
)  # fmt: skip
def test_rubbish_is_refused_with_a_stable_code(till, body, status, code):
    answer = till.post("/events", body)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["code"] == code or not code
    assert len(answer.content) < 40_000
    assert not models.Inbox.objects.exists()


def test_addresses_and_methods_that_are_none_are_told_as_problems(till):
    for answer, status in (
        (till.get("/nothing"), 404),
        (till.delete("/events"), 405),
        (till.get("/members/a%00b"), 403),
    ):
        assert answer.status_code == status
        assert answer["Content-Type"] == "application/problem+json"


def test_a_member_reads_balances_statement_and_lots_with_what_tomorrow_releases(till, write):
    till.post("/events", {"events": [ANN, ORDER]})
    write()
    balances = till.get("/members/ann/balances").json()
    assert {(each["kind"], each["asset"]): each["amount"] for each in balances["items"]} == {
        ("claim", "points"): "1000.00"
    }
    page = till.get("/members/ann/statement?size=1").json()
    assert (page["items"][0]["amount"], page["items"][0]["order"]) == ("1000.00", "o-1")
    lots = till.get("/members/ann/lots").json()
    assert (len(lots["items"]), lots["items"][0]["cause"]) == (1, "o-1")
    assert lots["next_release"] == {"points": lots["items"][0]["next_release"]}
    stranger = signed_in()
    for path in ("balances", "statement", "lots"):
        assert stranger.get(f"/members/ann/{path}").json()["code"] == "not_allowed"
        assert till.get(f"/members/nobody/{path}").json()["code"] == "unknown_member"
    assert till.get("/members/ann/statement?cursor=zz").status_code == 422


def test_what_has_not_changed_is_not_sent_again(till, write):
    till.post("/events", {"events": [ANN]})
    write()
    first = till.get("/members/ann/balances")
    again = till.get("/members/ann/balances", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    till.post("/events", {"events": [ORDER]})
    write()
    assert till.get("/members/ann/balances", headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_who_asks_too_often_is_told_when_to_come_again(open_shop, monkeypatch):
    monkeypatch.setattr(limits.time, "monotonic", lambda: 1000.0)
    BUCKETS.clear()
    member = signed_in()
    answers = [member.get("/shop") for _ in range(RATES["member"].burst + 1)]
    assert [answer.status_code for answer in answers] == [200] * RATES["member"].burst + [429]
    assert answers[-1]["Retry-After"] == "1"
    assert answers[-1].json()["code"] == "too_many"
    BUCKETS.clear()
