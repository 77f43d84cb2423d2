"""What is forged, replayed, too old, too large, or not what it says: refused with a stable code, and counted."""

import hashlib
import json
from dataclasses import replace

import pytest
from django.conf import settings
from django.db import connections
from django.test import override_settings
from tests.api.conftest import Caller, joins, key, order, signed_in
from tests.api.test_signing_in import ANN, BOB, Phone, phones
from tests.service.connectors.payloads import JWKS, SECRET, saleor, saleor_order, shopify, shopify_order, woo, woo_order

from jifen.plan import load_plan
from jifen.service.counters import COUNTS
from jifen.service.current import shop_is
from jifen.service.databases import open_database
from jifen.service.inbox import submit
from jifen.service.rights import Right
from jifen.service.shop import Terms, create_shop
from jifen.service.writer import Writer

__all__ = ["phones"]

_OWN = ("django_session", "account_mark")
"""Tables that remember attempts: who signs in leaves something there, right or wrong."""


@pytest.fixture
def opened(open_shop, folder):
    """A shop with two members, an order, and a close."""
    submit([*joins("ann", "bob"), order("o-1", "ann", 100)], using=open_shop)
    with Writer.elected(folder, open_shop) as writer:
        while writer.step():
            pass
    return open_shop


def everything(using):
    """SHA-256 over all rows of all tables, but for what remembers attempts."""
    found = hashlib.sha256()
    with connections[using].cursor() as cursor:
        for table in sorted(connections[using].introspection.table_names(cursor)):
            if table not in _OWN:
                cursor.execute(f'SELECT * FROM "{table}"')
                rows = sorted(repr([bytes(x) if isinstance(x, memoryview) else x for x in row]) for row in cursor)
                found.update(repr((table, rows)).encode())
    return found.hexdigest()


def counted(code, name="jifen_api_refused_total"):
    return COUNTS.get_sample_value(name, {"code": code}) or 0


WISH = {"id": "w", "amount": "5.00"}
ORDER = {"event": "order_paid", "id": "o-2", "member": "ann", "lines": [{"amount": "10.00"}]}


def events(**changed):
    return ("POST", "/events", {"events": [{**ORDER, **changed}]})


def amount(value):
    return events(lines=[{"amount": value}])


BAD = {
    "a float": (amount(10.5), 422, "bad_amount"),
    "a whole number": (amount(10), 422, "bad_amount"),
    "an exponent": (amount("1e3"), 422, "bad_amount"),
    "seven places": (amount("1.0000001"), 422, "bad_amount"),
    "wide digits": (amount("１０.００"), 422, "bad_amount"),
    "a comma": (amount("1,000.00"), 422, "bad_amount"),
    "a plus": (amount("+1.00"), 422, "bad_amount"),
    "a space": (amount(" 1.00"), 422, "bad_amount"),
    "twenty digits": (amount("1" * 20), 422, "bad_amount"),
    "true": (amount(True), 422, "bad_amount"),
    "a list": (amount(["1.00"]), 422, "bad_amount"),
    "no line": (events(lines=[]), 422, "bad_request"),
    "an unknown kind": (events(event="day_closed"), 422, "bad_request"),
    "an id of ours": (events(id="day:738000"), 422, "bad_id"),
    "an id of a withdrawal": (events(id="wp:1"), 422, "bad_id"),
    "an id with a slash": (events(id="a/b"), 422, "bad_request"),
    "an id with NUL": (events(id="a\0"), 422, "bad_request"),
    "a time without a zone": (events(at="2026-01-01T00:00:00"), 422, "bad_request"),
    "no JSON": (("POST", "/events", '{"events": ['), 400, "bad_json"),
    "NaN": (("POST", "/events", '{"events": [], "wait": NaN}'), 400, "bad_json"),
    "half a character": (("POST", "/events", b'{"events": "\xff"}'), 400, "bad_json"),
    "a surrogate": (("POST", "/events", '{"events": [{"id": "\\ud800"}]}'), 400, "bad_json"),
    "deep nesting": (("POST", "/events", "[" * 10_000), 400, "bad_json"),
    "too large": (("POST", "/events", " " * ((2 << 20) + 1)), 413, "too_large"),
    "no body": (("POST", "/events", ""), 422, "bad_request"),
    "too many events": (("POST", "/events", {"events": [ORDER] * 1001}), 422, "bad_request"),
    "a forged cursor": (("GET", "/members/ann/statement?cursor=' OR 1=1", None), 422, "bad_request"),
    "a page of a million": (("GET", "/members/ann/statement?size=1000000", None), 422, "bad_request"),
    "another method": (("DELETE", "/events", None), 405, "bad_method"),
    "another address": (("GET", "/everything", None), 404, "not_found"),
    "an unknown member": (("GET", "/members/zoe/balances", None), 404, "unknown_member"),
    "an unknown event": (("GET", "/events/o-9", None), 404, "unknown_event"),
    "an unknown withdrawal": (("GET", "/withdrawals/000000000000", None), 404, "unknown_withdrawal"),
    "a withdrawal of nobody's": (("POST", "/members/zoe/withdrawals", WISH), 404, "unknown_member"),
    "less than may be withdrawn": (
        ("POST", "/members/ann/withdrawals", {**WISH, "amount": "0.01"}), 422, "below_minimum",
    ),
    "a review of nothing": (("POST", "/withdrawals/000000000000/review", {"agree": True}), 404, "unknown_withdrawal"),
    "an unknown version": (("POST", f"/programs/{'0' * 64}/publish", {}), 404, "unknown_version"),
    "an unknown waiver": (("POST", "/programs/waivers/99/revoke", {}), 403, "not_allowed"),
    "a plan of rubbish": (("POST", "/programs", {"text": "{"}), 422, None),
    "an unknown key": (("DELETE", "/staff/keys/0000", None), 404, None),
    "a hook into our network": (("POST", "/webhooks", {"id": "h", "url": "https://10.0.0.1/x"}), 422, "bad_hook_url"),
    "a date that is none": (("POST", "/shop/closes", {"until": "2026-02-30"}), 422, "bad_request"),
    "an import of rubbish": (("GET", f"/imports/{'0' * 64}", None), 404, "unknown_import"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_it_is_refused_counted_and_changes_nothing(what, opened):
    (method, path, body), status, code = BAD[what]
    caller, before = key(*Right), None
    before = everything(opened)
    text = body if isinstance(body, str | bytes) else "" if body is None else json.dumps(body)
    known = {} if code is None else {code: counted(code)}
    answer = caller.client.generic(method, f"/api/v1{path}", text, content_type="application/json")
    told = answer.json()
    assert (answer.status_code, told["status"]) == (status, status), told
    assert answer["Content-Type"] == "application/problem+json"
    assert code in (None, told["code"]), told
    assert told["type"] == f"urn:jifen:{told['code']}"
    assert {each: counted(each) - count for each, count in known.items()} == dict.fromkeys(known, 1.0)
    assert everything(opened) == before


def test_it_is_the_same_on_both_databases(opened):
    caller, before = key(*Right), None
    before = everything(opened)
    for (method, path, body), status, _ in (BAD["a float"], BAD["an unknown member"], BAD["an unknown withdrawal"]):
        text = "" if body is None else json.dumps(body)
        answer = caller.client.generic(method, f"/api/v1{path}", text, content_type="application/json")
        assert answer.status_code == status
    assert everything(opened) == before


# -- foreign shops --------------------------------------------------------------------------------------------------

SHOPS = {
    "woo": ("woocommerce", SECRET, lambda: woo(woo_order()), lambda: woo(woo_order(), secret="another")),
    "sho": ("shopify", SECRET, lambda: shopify(shopify_order()), lambda: shopify(shopify_order(), secret="another")),
    "sal": ("saleor", JWKS, lambda: saleor(saleor_order()), None),
}


@pytest.mark.parametrize("name", SHOPS)
def test_a_message_with_a_wrong_signature_changes_nothing_and_a_replayed_one_counts_once(name, opened, owner):
    kind, secret, genuine, forged = SHOPS[name]
    assert owner.post("/connections", {"id": name, "kind": kind, "secret": secret}).status_code == 200

    def send(message):
        return Caller().post(f"/incoming/{name}", message.body, headers=message.headers)

    message, before, count = genuine(), everything(opened), counted("forged")
    wrong = [replace(message, body=message.body + b" "), replace(message, headers={})]
    wrong += [] if forged is None else [forged()]
    for each in wrong:
        answer = send(each)
        assert (answer.status_code, answer.json()["code"]) == (403, "forged")
    assert counted("forged") == count + len(wrong)
    assert everything(opened) == before
    assert send(message).json()["outcome"] == "taken"
    inbox = len(owner.get(f"/connections/{name}/messages").json()["items"])
    assert send(message).json()["times"] == 2
    assert len(owner.get(f"/connections/{name}/messages").json()["items"]) == inbox


# -- codes ----------------------------------------------------------------------------------------------------------


def refused_at_sign_in(answer):
    return answer.json()["code"]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_sixth_wrong_code_an_old_one_a_used_one_and_anothers_let_nobody_in(phones, open_shop, monkeypatch):
    from allauth.account.internal.flows import code_verification

    ann, bob = Phone(ANN, phones), Phone(BOB, phones)
    for each in (ann, bob):
        each.send("signup", {"phone": each.number, "adult": True})
    (code,), (others,) = ann.codes(), bob.codes()
    before, wrong = counted("wrong_code"), others if others != code else f"{(int(code) + 1) % 10**6:06d}"
    over = counted("code_over")
    for _ in range(5):
        assert refused_at_sign_in(ann.send("phone/verify", {"code": wrong})) == "wrong_code"
    for each in (wrong, code):
        answer = ann.send("phone/verify", {"code": each})
        assert (answer.status_code, refused_at_sign_in(answer)) == (409, "code_over")
    now = code_verification.time.time()
    with monkeypatch.context() as later:
        later.setattr(code_verification.time, "time", lambda: now + 16 * 60)
        assert refused_at_sign_in(bob.send("phone/verify", {"code": others})) == "code_over"
    assert (counted("wrong_code"), counted("code_over")) == (before + 5, over + 3)
    with connections[open_shop].cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM inbox")
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_code_signs_in_once(phones):
    ann = Phone(ANN, phones)
    ann.sign_up()
    again = Phone(ANN, phones)
    again.send("code/request", {"phone": ANN})
    code = again.codes()[-1]
    first_token = again.token
    assert again.send("code/confirm", {"code": code}).status_code == 200
    again.token = first_token
    assert again.send("code/confirm", {"code": code}).status_code in (401, 409, 410)


# -- another shop ---------------------------------------------------------------------------------------------------


def test_ids_keys_and_sessions_of_another_shop_open_nothing(opened, url, servers, folder):
    mine, session = key(*Right), signed_in()
    made = mine.post("/connections", {"id": "woo", "kind": "woocommerce", "secret": SECRET})
    digest = mine.post("/programs", {"preset": "member_rebate"}).json()["digest"]
    assert made.status_code == 200
    there = servers.new(url.partition(":")[0])
    servers.fill(there)
    open_database("another", there)
    create_shop(load_plan("points_dividend"), 738_000, Terms("another"), using="another")
    with shop_is("another"), override_settings(SETTINGS=replace(settings.SETTINGS, var=folder / "another")):
        before = everything("another")
        for caller in (mine, session):
            answer = caller.get("/shop")
            assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
        assert everything("another") == before
        theirs = key(*Right)
        before = everything("another")
        for method, path, body, code in (
            ("GET", "/members/ann/balances", None, "unknown_member"),
            ("GET", f"/members/{session.code}", None, "unknown_member"),
            ("GET", "/events/o-1", None, "unknown_event"),
            ("POST", "/members/ann/withdrawals", {"id": "w", "amount": "5.00"}, "unknown_member"),
            ("POST", f"/programs/{digest}/publish", {}, "unknown_version"),
            ("GET", f"/programs/{digest}/text", None, "unknown_version"),
            ("GET", "/connections/woo", None, "not_found"),
        ):
            text = "" if body is None else json.dumps(body)
            answer = theirs.client.generic(method, f"/api/v1{path}", text, content_type="application/json")
            assert (answer.status_code, answer.json()["code"]) == (404, code), path
        message = woo(woo_order())
        assert Caller().post("/incoming/woo", message.body, headers=message.headers).status_code == 404
        assert everything("another") == before
    connections["another"].close()
    del connections["another"]
    del connections.settings["another"]
