"""What is sent wrongly to the API: refused by a stable code, counted once, and nothing changed, on both databases."""

import io
import json
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from tests.api.conftest import Caller, signed_in
from tests.api.refusing import check

from jifen.api.answers import BODY_MOST
from jifen.engine.events import MemberJoined
from jifen.service.inbox import submit
from jifen.service.writer import Writer

pytestmark = pytest.mark.usefixtures("full_buckets")

EVENT = {"event": "order_paid", "id": "o-9", "member": "ann", "lines": [{"amount": "5.00"}]}
DEEP = "[" * 100_000 + "]" * 100_000


def events(**changed: Any) -> str:
    return json.dumps({"events": [EVENT | changed]}, ensure_ascii=False)


def line(text: str) -> str:
    """An order whose one line has an amount as it stands in JSON."""
    return json.dumps({"events": [EVENT | {"lines": [{"amount": "HERE"}]}]}).replace('"HERE"', text)


TEXTS: list[tuple[str, str | bytes]] = [
    ("cut short", events()[:-1]), ("two values", events() + events()), ("a comma too many", events()[:-1] + ",}"),
    ("no JSON", "id=1"), ("one quote", events().replace('"', "'")), ("deep", DEEP),
    ("deep in a field", events(lines="HERE").replace('"HERE"', DEEP)), ("NaN", line("NaN")),
    ("Infinity", line("-Infinity")),
    ("a number above all", line("1e999")), ("a name twice", events().replace('"member"', '"member": "bob", "member"')),
    ("a name twice, written otherwise", events().replace('"member"', '"\\u006dember": "bob", "member"')),
    ("no UTF-8", events(member="HERE").encode().replace(b"HERE", b"\xff\xfe")),
    ("UTF-16", events().encode("utf-16")),
    ("half of a pair", events(member="HERE").replace("HERE", "\\ud800")),
    ("a raw NUL", events(member="a\x00").replace("\\u0000", "\x00")),
    ("a mark of order", b"\xef\xbb\xbf" + events().encode()), ("digits without end", line("9" * 5000)),
]  # fmt: skip


def test_what_is_no_json_is_refused_at_the_api_and_at_the_sign_in(all_right, open_shop):
    def signing_in(text):
        return lambda: Caller().client.post("/_allauth/app/v1/auth/login", text, content_type="application/json")

    table = [(f"events: {name}", lambda text=text: all_right.post("/events", text), 400, "bad_json")
             for name, text in TEXTS]  # fmt: skip
    table += [(f"signing in: {name}", signing_in(text), 400, "bad_json") for name, text in TEXTS]
    table += [("signing in: a list", signing_in("[]"), 400, "bad_json")]
    check(open_shop, table)


AMOUNTS = [
    "5.0", "5", "-5", "true", "null", "[]", "{}", '"5,00"', '"+5.00"', '"-5.00"', '"1e3"', '"1E-2"', '"0x5"', '" 5.00"',
    '"5.00 "', '"５.00"', '"٥.00"', '"05.00"', '".5"', '"5."', '"1.0000001"', '"99999999999999.00"',
    '"NaN"', '"Infinity"', '""',
    '"1_000"', '"5\\u0000"', '"9999999999999.99"', '"--5"', '"5\\n"',
]  # fmt: skip


def test_amounts_that_are_none_are_refused_wherever_one_is_sent(all_right, open_shop, folder):
    ann = signed_in(code="anna")
    submit([MemberJoined(id="j-anna", day=0, member="anna", referrer="ann")], using=open_shop)
    with Writer.elected(folder, open_shop) as writer:
        while writer.step():
            pass

    def bodies(text):
        def asking(caller, method, path, body):
            return lambda: caller.client.generic(
                method, f"/api/v1{path}", json.dumps(body).replace('"HERE"', text), content_type="application/json"
            )

        def of_line(**line):
            return asking(all_right, "POST", "/events", {"events": [EVENT | {"lines": [{"amount": "5.00"} | line]}]})

        refund = {"event": "order_refunded", "id": "r-9", "order": "o-1", "amount": "HERE"}
        terms = {"least": "HERE", "fee_rate": "0.006", "fee_fixed": "0.50"}
        return {
            "order": of_line(amount="HERE"),
            "cost": of_line(cost="HERE"),
            "pay": asking(all_right, "POST", "/events", {"events": [EVENT | {"pay": {"cash": "HERE"}}]}),
            "refund": asking(all_right, "POST", "/events", {"events": [refund]}),
            "refunded line": asking(
                all_right, "POST", "/events",
                {"events": [refund | {"amount": "5.00", "lines": [{"line": "1", "amount": "HERE"}]}]},
            ),
            "transfer": asking(ann, "POST", "/members/me/transfers", {"id": "t-9", "to": "bob", "amount": "HERE"}),
            "withdrawal": asking(ann, "POST", "/members/me/withdrawals", {"id": "w-9", "amount": "HERE"}),
            "least": asking(all_right, "PUT", "/withdrawals/terms", terms),
            "fee": asking(all_right, "PUT", "/withdrawals/terms", terms | {"least": "1.00", "fee_fixed": "HERE"}),
            "desk": asking(all_right, "PUT", "/staff/limits", {"points": "HERE", "reserve": "1.00", "moved": 1}),
        }  # fmt: skip

    table = [
        (f"{name}: {text}", ask, 422, "below_minimum" if (name, text) == ("withdrawal", '"-5.00"') else "bad_amount")
        for text in AMOUNTS for name, ask in bodies(text).items()
    ]  # fmt: skip
    check(open_shop, table)


def test_fields_dates_and_texts_that_are_wrong_are_refused(all_right, open_shop):
    def sent(path, body, method="POST"):
        return lambda: all_right.client.generic(
            method, f"/api/v1{path}", json.dumps(body), content_type="application/json"
        )

    def lined(line):
        return sent("/events", {"events": [EVENT | {"lines": [{"amount": "5.00"} | line]}]})

    joined = {"event": "member_joined", "id": "j-9", "member": "carl"}
    wrong = [
        ("an unknown field of an event", sent("/events", {"events": [EVENT | {"amuont": "5.00"}]})),
        ("an unknown field of a line", lined({"sum": "5"})),
        ("an unknown field of the request", sent("/events", {"events": [EVENT], "wiat": 3})),
        ("an unknown event", sent("/events", {"events": [EVENT | {"event": "day_closed"}]})),
        ("no events", sent("/events", {"events": []})),
        ("too many events", sent("/events", {"events": [EVENT] * 1001})),
        ("an id with a NUL", sent("/events", {"events": [EVENT | {"id": "o\x00"}]})),
        ("a member with a NUL", sent("/events", {"events": [EVENT | {"member": "a\x00b"}]})),
        ("a region with a NUL", sent("/events", {"events": [joined | {"region": "\x00"}]})),
        ("a sku with a NUL", lined({"sku": "\x00"})),
        ("an id that is a number", sent("/events", {"events": [EVENT | {"id": 9}]})),
        ("an id that is too long", sent("/events", {"events": [EVENT | {"id": "o" * 65}]})),
        ("an id with a slash", sent("/events", {"events": [EVENT | {"id": "o/9"}]})),
        ("an id in full width", sent("/events", {"events": [EVENT | {"id": "ｏ９"}]})),
        ("a quantity below 0", lined({"quantity": -1})),
        ("half a quantity", lined({"quantity": 0.5})),
        ("a quantity that is true", lined({"quantity": True})),
        ("a time without a zone", sent("/events", {"events": [EVENT | {"at": "2026-01-01T00:00:00"}]})),
        ("a day that there is not", sent("/events", {"events": [EVENT | {"at": "2026-02-30T00:00:00Z"}]})),
        ("a time that is a number", sent("/events", {"events": [EVENT | {"at": 1767225600}]})),
        ("a close of a day that is a number", sent("/shop/closes", {"until": 1767225600})),
        ("a close of a day that there is not", sent("/shop/closes", {"until": "2026-13-01"})),
        ("a close in the year 0", sent("/shop/closes", {"until": "0000-01-01"})),
        ("a close in the year 10000", sent("/shop/closes", {"until": "10000-01-01"})),
        ("a close that waits for ever", sent("/shop/closes", {"wait": 1e9})),
        ("a start in the year 0", sent(f"/programs/{'0' * 64}/activate", {"on": "0000-01-01"})),
        ("an unknown field of a person", sent("/members", {"phone": "13800138000", "adult": True, "role": "owner"})),
        ("an unknown field of a key", sent("/staff/keys", {"name": "k", "scopes": ["books.read"], "admin": True})),
        ("an unknown right", sent("/staff/keys", {"name": "k", "scopes": ["everything"]})),
        ("a name with a NUL", sent("/staff/keys", {"name": "k\x00", "scopes": ["books.read"]})),
        ("an unknown field of a hook", sent("/webhooks/erp", {"secret": "whsec_x"}, "PATCH")),
        ("an unknown field of a connection", sent("/connections/woo", {"kind": "saleor"}, "PATCH")),
        ("a cursor that is none", lambda: all_right.get("/members/ann/statement?cursor=z")),
        ("a cursor that is too long", lambda: all_right.get("/members/ann/statement?cursor=" + "f" * 17)),
        ("a cursor of members in full width", lambda: all_right.get("/members?cursor=１")),
        ("a cursor of messages below 0", lambda: all_right.get("/connections/woo/messages?cursor=-1")),
        ("a page that is too large", lambda: all_right.get("/members?size=1000000")),
        ("a member with a NUL in the address", lambda: all_right.get("/members/a%00b/balances")),
    ]  # fmt: skip
    late = [
        ("a close far ahead", sent("/shop/closes", {"until": "9999-12-31"}), 422, "day_not_over"),
        ("a cursor of the history", lambda: all_right.get("/staff/history?cursor=9999999~a~1"), 422, "bad_cursor"),
        ("a cursor above all", lambda: all_right.get("/withdrawals?cursor=" + "f" * 16), 422, "bad_cursor"),
    ]
    check(open_shop, [(name, ask, 422, "bad_request") for name, ask in wrong] + late)


def raw(client, path: str, body: bytes, **environ: Any):
    """A request as a server hands it on: what stands in its header is not what its body is."""
    given = client._base_environ(PATH_INFO=path, REQUEST_METHOD="POST", CONTENT_TYPE="application/json")
    handler = WSGIHandler()
    answer = handler.get_response(WSGIRequest(given | {"wsgi.input": io.BytesIO(body)} | environ))
    answer.json = lambda: json.loads(answer.content)
    return answer


def test_what_is_too_large_or_does_not_say_how_long_it_is_is_refused_unread(all_right, open_shop):
    large = b'{"events": [' + b" " * BODY_MOST + b"]}"
    token = all_right.headers["Authorization"]
    good = events().encode()

    def asked(path, body, **environ):
        return lambda: raw(all_right.client, path, body, HTTP_AUTHORIZATION=token, **environ)

    table = []
    for path in ("/api/v1/events", "/api/v1/incoming/woo", "/_allauth/app/v1/auth/login"):
        table += [
            (f"{path} too large", asked(path, large, CONTENT_LENGTH=str(len(large))), 413, "too_large"),
            (f"{path} said to be too large", asked(path, b"{}", CONTENT_LENGTH="9" * 5000), 413, "too_large"),
            (f"{path} in chunks", asked(path, good, HTTP_TRANSFER_ENCODING="chunked"), 411, "no_length"),
            (f"{path} below 0", asked(path, good, CONTENT_LENGTH="-1"), 411, "no_length"),
            (f"{path} in words", asked(path, good, CONTENT_LENGTH="ten"), 411, "no_length"),
        ]
    table += [
        ("longer than it says", asked("/api/v1/events", good, CONTENT_LENGTH="20"), 400, "bad_json"),
        ("shorter than it says", asked("/api/v1/events", good[:20], CONTENT_LENGTH=str(len(good))), 400, "bad_json"),
        ("a large file where none is", asked("/api/v1/events", large * 2, CONTENT_LENGTH=str(len(large) * 2),
                                       CONTENT_TYPE="multipart/form-data; boundary=x"), 413, "too_large"),
        ("a message cut short", asked("/api/v1/incoming/woo", b"{}", CONTENT_LENGTH="200"), 403, "forged"),
    ]  # fmt: skip
    check(open_shop, table)
