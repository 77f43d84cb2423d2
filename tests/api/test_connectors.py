"""The address of foreign shops, and their connections, as the API has them."""

import json

import pytest
from tests.api.conftest import Caller
from tests.service.connectors.payloads import JWKS, SECRET, saleor, saleor_order, woo, woo_order

from jifen.api.connectors import _MESSAGE_MOST
from jifen.service.connectors.models import Connection, ForeignMessage
from jifen.service.counters import COUNTS
from jifen.service.models import Inbox
from jifen.service.writer import Writer

WOO = {"id": "woo", "kind": "woocommerce", "secret": SECRET}


def send(name, message, **changed):
    """Send as a foreign shop does: without a key."""
    return Caller().post(f"/incoming/{name}", message.body, headers={**message.headers, **changed})


def refused(code):
    """How many requests were refused with a code."""
    return COUNTS.get_sample_value("jifen_api_refused_total", {"code": code}) or 0


def patch(caller, path, body):
    return caller.client.patch(f"/api/v1{path}", json.dumps(body), content_type="application/json")


def test_a_connection_is_made_read_changed_and_never_shows_its_secret(owner):
    made = owner.post("/connections", WOO)
    assert made.status_code == 200
    answer = made.json()
    assert (answer["id"], answer["address"], answer["enabled"]) == ("woo", "/api/v1/incoming/woo", True)
    assert answer["terms"] == {
        "tax": True, "shipping": False, "guest": None, "sponsor_field": None, "sponsor": "invite", "max_age_hours": 168,
    }  # fmt: skip
    assert owner.post("/connections", WOO).json() == answer
    assert owner.post("/connections", {**WOO, "terms": {"tax": False}}).json()["code"] == "conflict"
    changed = patch(owner, "/connections/woo", {"terms": {"shipping": True}, "secret": "another secret of it"})
    assert changed.json()["terms"]["shipping"] is True
    listed = owner.get("/connections")
    assert listed.json() == {"items": [changed.json()], "next": None}
    assert all(b"secret of" not in each.content for each in (made, changed, listed, owner.get("/connections/woo")))


def test_who_changed_what_stands_in_its_history(owner):
    owner.post("/connections", WOO)
    patch(owner, "/connections/woo", {"enabled": False})
    assert list(Connection.history.order_by("history_id").values_list("history_type", "enabled")) == [
        ("+", True), ("~", False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"kind": "magento"}, "unknown_kind"), ({"secret": "short"}, "bad_secret"), ({"id": "Woo"}, "bad_request"),
        ({"id": "woo:1"}, "bad_request"), ({"kind": "saleor"}, "bad_secret"), ({"terms": {"taxes": 1}}, "bad_request"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_connection_is_refused(owner, changed, code):
    answer = owner.post("/connections", {**WOO, **changed})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert owner.get("/connections").json()["items"] == []


def test_a_signed_message_is_let_in_without_a_key_and_what_became_of_it_is_told(owner, folder, open_shop):
    owner.post("/connections", WOO)
    assert send("woo", woo(woo_order())).json() == {"outcome": "taken", "code": "", "times": 1}
    assert send("woo", woo(woo_order())).json() == {"outcome": "taken", "code": "repeated", "times": 2}
    assert send("woo", woo(woo_order(id=3, currency="USD"))).json()["code"] == "wrong_currency"
    with Writer.elected(folder, open_shop) as writer:
        writer.step()
    page = owner.get("/connections/woo/messages?limit=1").json()
    assert [(item["order"], item["outcome"]) for item in page["items"]] == [("3", "set_aside")]
    page = owner.get(f"/connections/woo/messages?cursor={page['next']}").json()
    assert [(item["order"], item["outcome"], item["times"]) for item in page["items"]] == [("727", "taken", 2)]
    assert page["next"] is None
    answer = owner.get("/connections/woo/orders/727").json()["items"]
    assert [(item["id"], item["event"], item["state"]) for item in answer] == [("woo:727", "order_paid", "accepted")]


def test_an_order_that_was_refused_enters_again_when_it_is_asked_to(owner, monkeypatch):
    from jifen.service.connectors import intake
    from jifen.service.inbox import Result

    owner.post("/connections", WOO)
    with monkeypatch.context() as shut:
        shut.setattr(
            intake, "enter", lambda events, **_: [Result(each.id, "refused", None, "limit") for each in events]
        )
        assert send("woo", woo(woo_order())).json() == {"outcome": "refused", "code": "limit", "times": 1}
    monkeypatch.setattr("jifen.api.connectors._WAIT_SECONDS", 0)
    (item,) = owner.post("/connections/woo/orders/727/retry").json()["items"]
    assert (item["id"], item["state"]) == ("woo:727", "pending")
    assert owner.post("/connections/woo/orders/728/retry").status_code == 404


def test_forged_messages_are_refused_counted_and_change_nothing(owner):
    owner.post("/connections", WOO)
    owner.post("/connections", {"id": "sal", "kind": "saleor", "secret": JWKS})
    before = refused("forged")
    for answer in (
        send("woo", woo(woo_order(), secret="another")), send("woo", woo(woo_order(), secret=SECRET[:-1])),
        send("sal", woo(woo_order())), send("woo", saleor(saleor_order())),
    ):  # fmt: skip
        assert (answer.status_code, answer.json()["code"]) == (403, "forged")
    assert refused("forged") == before + 4
    assert not Inbox.objects.exists()
    assert not ForeignMessage.objects.exists()


def test_a_message_that_is_too_large_is_refused_before_it_is_read(owner):
    owner.post("/connections", WOO)
    answer = send("woo", woo(woo_order(customer_note="x" * _MESSAGE_MOST)))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    almost = woo(woo_order(customer_note="x" * (_MESSAGE_MOST - 4000)))
    assert send("woo", almost).json()["outcome"] == "taken"


def test_who_is_not_connected_or_switched_off_is_not_found(owner):
    owner.post("/connections", WOO)
    patch(owner, "/connections/woo", {"enabled": False})
    for name in ("woo", "sho", "no-such-name"):
        answer = send(name, woo(woo_order()))
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert owner.get("/connections/sho").status_code == 404


def test_what_woocommerce_asks_when_a_webhook_is_saved_is_answered(owner):
    """It sends no signature then, and would not save the webhook if it were refused."""
    owner.post("/connections", WOO)
    answer = Caller().client.post(
        "/api/v1/incoming/woo", "webhook_id=3", content_type="application/x-www-form-urlencoded"
    )
    assert answer.json()["outcome"] == "greeting"
    assert not ForeignMessage.objects.exists()
