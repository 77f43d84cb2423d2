"""Webhooks through the API."""

from datetime import UTC, datetime

import pytest
from tests.api.conftest import key

from jifen.service.rights import Right

HOOK = {"id": "erp", "url": "https://erp.example/jifen", "types": ["order.accepted"]}


@pytest.fixture
def caller(open_shop):
    return key(Right.CONNECT)


def test_an_endpoint_is_made_once_shown_without_its_secret_changed_and_removed(caller):
    made = caller.post("/webhooks", HOOK)
    assert made.status_code == 201
    assert made.json()["secret"].startswith("whsec_")
    assert caller.post("/webhooks", HOOK).json() == made.json()
    shown = {name: value for name, value in made.json().items() if name != "secret"}
    assert caller.get("/webhooks/erp").json() == shown
    assert caller.get("/webhooks").json() == {"items": [shown], "next": None}
    patch = caller.client.patch("/api/v1/webhooks/erp", '{"active": false}', content_type="application/json")
    assert patch.json() == shown | {"active": False}
    assert caller.client.delete("/api/v1/webhooks/erp").status_code == 204
    assert caller.get("/webhooks/erp").json()["code"] == "unknown_hook"


def test_bad_endpoints_are_refused_by_code(caller):
    caller.post("/webhooks", HOOK)
    for wrong, status, code in [
        (HOOK | {"url": "https://other.example/"}, 409, "conflict"),
        (HOOK | {"id": "b", "url": "https://10.0.0.1/"}, 422, "bad_hook_url"),
        (HOOK | {"id": "b", "url": "http://erp.example/"}, 422, "bad_hook_url"),
        (HOOK | {"id": "b", "types": ["order.eaten"]}, 422, "bad_request"),
        (HOOK | {"id": "b\u0000"}, 422, "bad_request"),
    ]:
        answer = caller.post("/webhooks", wrong)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    for number in range(2, 21):
        assert caller.post("/webhooks", HOOK | {"id": f"h{number}"}).status_code == 201
    assert caller.post("/webhooks", HOOK | {"id": "h21"}).json()["code"] == "too_many_hooks"


def test_dead_letters_are_seen_page_by_page_and_sent_again(caller, open_shop):
    from jifen.service.hooks.models import Delivery

    caller.post("/webhooks", HOOK)
    pings = [caller.post("/webhooks/erp/ping", {}) for _ in range(3)]
    assert [each.status_code for each in pings] == [202] * 3
    ids = [each.json()["id"] for each in pings]
    Delivery.objects.filter(id__in=ids[:2]).update(state="dead", attempts=10, status=500, ended_at=datetime.now(UTC))
    first = caller.get("/webhooks/erp/deliveries?state=dead&limit=1").json()
    assert [(each["id"], each["status"], each["next_at"]) for each in first["items"]] == [(ids[1], 500, None)]
    second = caller.get(f"/webhooks/erp/deliveries?state=dead&limit=1&cursor={first['next']}").json()
    assert ([each["id"] for each in second["items"]], second["next"]) == ([ids[0]], None)
    assert caller.post("/webhooks/erp/replay", {"deliveries": [ids[0]]}).json() == {"count": 1}
    assert caller.post("/webhooks/erp/replay", {}).json() == {"count": 1}
    assert caller.get("/webhooks/erp/deliveries?state=dead").json()["items"] == []
    assert caller.get("/webhooks/erp/deliveries?cursor=9999999999999999999").status_code == 200


def test_a_new_secret_is_another_one(caller):
    first = caller.post("/webhooks", HOOK).json()["secret"]
    second = caller.post("/webhooks/erp/secret", {"overlap_hours": 1}).json()["secret"]
    assert second.startswith("whsec_")
    assert second != first
    assert caller.post("/webhooks/erp/secret", {"overlap_hours": 169}).status_code == 422
    assert caller.post("/webhooks/none/secret", {}).status_code == 404
