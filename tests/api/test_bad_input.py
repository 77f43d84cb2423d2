"""Bad input at every door of the API: refused by a stable code, counted once, and nothing changed, on both databases."""

import io
import json
import threading
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.db import connections
from django.test import override_settings
from django.utils import timezone
from tests.api.conftest import Caller, joins, key, order, signed_in
from tests.api.refusing import digest, must_refuse, refused
from tests.api.test_signing_in import ANN, BOB, Phone
from tests.service.conftest import ALIASES
from tests.service.connectors.payloads import (
    JWKS,
    SECRET,
    saleor,
    saleor_order,
    shopify,
    shopify_order,
    woo,
    woo_order,
)

from jifen.api.answers import BODY_MOST
from jifen.api.limits import BUCKETS
from jifen.engine.events import MemberJoined
from jifen.plan import load_plan
from jifen.service import models
from jifen.service.current import shop_is
from jifen.service.databases import open_database
from jifen.service.inbox import submit
from jifen.service.members.models import Account
from jifen.service.rights import Right
from jifen.service.shop import Terms, create_shop
from jifen.service.sms.console import FILE
from jifen.service.writer import Writer

EVENT = {"event": "order_paid", "id": "o-9", "member": "ann", "lines": [{"amount": "5.00"}]}
DEEP = "[" * 100_000 + "]" * 100_000


@pytest.fixture(autouse=True)
def full_buckets():
    BUCKETS.clear()
    yield
    BUCKETS.clear()


@pytest.fixture
def all_right(owner, open_shop, folder):
    """A key with every right of a shop in which ann has traded, and things stand that could be changed."""
    submit(
        [*joins("ann", "bob"), order("o-1", "ann", 1000), order("o-2", "bob", 100), order("o-3", "ann", 100)],
        using=open_shop,
    )
    with Writer.elected(folder, open_shop) as writer:
        while writer.step():
            pass
    owner.post("/webhooks", {"id": "erp", "url": "https://erp.example/jifen", "types": []})
    owner.post("/connections", {"id": "woo", "kind": "woocommerce", "secret": SECRET})
    return owner


def check(using: str, table: list[tuple[str, Callable[[], Any], int, str]]) -> None:
    """Look at all refusals of a table, and tell of all that are wrong."""
    wrong, before = [], digest(using)
    for name, ask, status, code in table:
        BUCKETS.clear()
        found = must_refuse(using, name, ask, status, code, before)
        if found:
            wrong.append(found)
            before = digest(using)
    assert not wrong, "\n".join(wrong)


def events(**changed: Any) -> str:
    return json.dumps({"events": [EVENT | changed]}, ensure_ascii=False)


def line(text: str) -> str:
    """An order whose one line has an amount as it stands in JSON."""
    return json.dumps({"events": [EVENT | {"lines": [{"amount": "HERE"}]}]}).replace('"HERE"', text)


TEXTS: list[tuple[str, str | bytes]] = [
    ("cut short", events()[:-1]), ("two values", events() + events()), ("a comma too many", events()[:-1] + ",}"),
    ("no JSON", "id=1"), ("one quote", events().replace('"', "'")), ("deep", DEEP),
    ("deep in a field", events(lines="HERE").replace('"HERE"', DEEP)), ("NaN", line("NaN")), ("Infinity", line("-Infinity")),
    ("a number above all", line("1e999")), ("a name twice", events().replace('"member"', '"member": "bob", "member"')),
    ("a name twice, written otherwise", events().replace('"member"', '"\\u006dember": "bob", "member"')),
    ("no UTF-8", events(member="HERE").encode().replace(b"HERE", b"\xff\xfe")), ("UTF-16", events().encode("utf-16")),
    ("half of a pair", events(member="HERE").replace("HERE", "\\ud800")), ("a raw NUL", events(member="a\x00").replace("\\u0000", "\x00")),
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
    '"5.00 "', '"５.00"', '"٥.00"', '"05.00"', '".5"', '"5."', '"1.0000001"', '"99999999999999.00"', '"NaN"', '"Infinity"', '""',
    '"1_000"', '"5\\u0000"', '"9999999999999.99"', '"--5"', '"5\\n"',
]  # fmt: skip


def test_amounts_that_are_none_are_refused_wherever_one_is_sent(all_right, open_shop):
    ann = signed_in(code="anna")
    submit([MemberJoined(id="j-anna", day=0, member="anna", referrer="ann")], using=open_shop)

    def bodies(text):
        def asking(caller, method, path, body):
            return lambda: caller.client.generic(
                method, f"/api/v1{path}", json.dumps(body).replace('"HERE"', text), content_type="application/json"
            )

        refund = {"event": "order_refunded", "id": "r-9", "order": "o-1", "amount": "HERE"}
        terms = {"least": "HERE", "fee_rate": "0.006", "fee_fixed": "0.50"}
        return {
            "order": asking(all_right, "POST", "/events", {"events": [EVENT | {"lines": [{"amount": "HERE"}]}]}),
            "cost": asking(all_right, "POST", "/events", {"events": [EVENT | {"lines": [{"amount": "5.00", "cost": "HERE"}]}]}),
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

    joined = {"event": "member_joined", "id": "j-9", "member": "carl"}
    wrong = [
        ("an unknown field of an event", sent("/events", {"events": [EVENT | {"amuont": "5.00"}]})),
        ("an unknown field of a line", sent("/events", {"events": [EVENT | {"lines": [{"amount": "5.00", "sum": "5"}]}]})),
        ("an unknown field of the request", sent("/events", {"events": [EVENT], "wiat": 3})),
        ("an unknown event", sent("/events", {"events": [EVENT | {"event": "day_closed"}]})),
        ("no events", sent("/events", {"events": []})),
        ("too many events", sent("/events", {"events": [EVENT] * 1001})),
        ("an id with a NUL", sent("/events", {"events": [EVENT | {"id": "o\x00"}]})),
        ("a member with a NUL", sent("/events", {"events": [EVENT | {"member": "a\x00b"}]})),
        ("a region with a NUL", sent("/events", {"events": [joined | {"region": "\x00"}]})),
        ("a sku with a NUL", sent("/events", {"events": [EVENT | {"lines": [{"amount": "5.00", "sku": "\x00"}]}]})),
        ("an id that is a number", sent("/events", {"events": [EVENT | {"id": 9}]})),
        ("an id that is too long", sent("/events", {"events": [EVENT | {"id": "o" * 65}]})),
        ("an id with a slash", sent("/events", {"events": [EVENT | {"id": "o/9"}]})),
        ("an id in full width", sent("/events", {"events": [EVENT | {"id": "ｏ９"}]})),
        ("a quantity below 0", sent("/events", {"events": [EVENT | {"lines": [{"amount": "5.00", "quantity": -1}]}]})),
        ("half a quantity", sent("/events", {"events": [EVENT | {"lines": [{"amount": "5.00", "quantity": 0.5}]}]})),
        ("a quantity that is true", sent("/events", {"events": [EVENT | {"lines": [{"amount": "5.00", "quantity": True}]}]})),
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


@pytest.fixture
def foreign(owner):
    """Connections of each kind, and a message of each that is genuine: by name, with the id of its connection."""
    for name, kind, secret in (
        ("woo", "woocommerce", SECRET), ("shopify", "shopify", SECRET), ("saleor", "saleor", JWKS),
    ):  # fmt: skip
        assert owner.post("/connections", {"id": name, "kind": kind, "secret": secret}).status_code == 200
    now = timezone.now()
    return {
        "woo": (woo(woo_order()), "x-wc-webhook-signature"),
        "shopify": (shopify(shopify_order(), at=now.isoformat()), "x-shopify-hmac-sha256"),
        "saleor": (saleor(saleor_order(now.isoformat())), "saleor-signature"),
    }


def deliver(name, body, headers):
    return Caller().post(f"/incoming/{name}", body, headers=headers)


def test_messages_that_are_forged_stale_or_for_nobody_are_refused(foreign, open_shop):
    old = (timezone.now() - timedelta(days=8)).isoformat()
    table = []
    for name, (message, header) in foreign.items():
        body, headers = message.body, dict(message.headers)
        other = next(each for each, (_, its) in foreign.items() if its != header)
        for what, changed, sent in [
            ("no signature", {header: ""}, body),
            ("a signature of nothing", {header: "AAAA"}, body),
            ("a signature that is none", {header: "\u00ff..{"}, body),
            ("a signature cut short", {header: headers[header][:-8]}, body),
            ("the signature of another body", {}, body + b" "),
            ("a body that was changed", {}, body.replace(b"100.00", b"900.00").replace(b"17", b"18") + b"\n"),
            ("the signature of another shop", {header: foreign[other][0].headers[foreign[other][1]]}, body),
        ]:
            ask = lambda name=name, sent=sent, headers=headers | changed: deliver(name, sent, headers)  # noqa: E731
            table.append((f"{name}: {what}", ask, 403, "forged"))
        elsewhere = lambda body=body, headers=headers: deliver("nobody", body, headers)  # noqa: E731
        table.append((f"{name}: for nobody", elsewhere, 404, "not_found"))
        wrong_kind = lambda other=other, body=body, headers=headers: deliver(other, body, headers)  # noqa: E731
        if {name, other} != {"woo", "shopify"}:
            table.append((f"{name}: for another kind", wrong_kind, 403, "forged"))
    for name, message in (("shopify", shopify(shopify_order(), at=old)), ("saleor", saleor(saleor_order(old)))):
        stale = lambda name=name, message=message: deliver(name, message.body, message.headers)  # noqa: E731
        table.append((f"{name}: stale", stale, 403, "stale"))
    check(open_shop, table)


@pytest.mark.parametrize("name", ["woo", "shopify", "saleor"])
def test_a_message_that_comes_again_is_told_to_be_so_and_changes_nothing(foreign, open_shop, folder, name):
    message, _ = foreign[name]
    assert deliver(name, message.body, message.headers).json() == {"outcome": "taken", "code": "", "times": 1}
    for times, written in ((2, False), (3, True), (4, True)):
        if written:
            with Writer.elected(folder, open_shop) as writer:
                while writer.step():
                    pass
        before, count = digest(open_shop), refused("repeated")
        said = deliver(name, message.body, message.headers)
        assert (said.status_code, said.json()) == (200, {"outcome": "taken", "code": "repeated", "times": times})
        assert (digest(open_shop), refused("repeated")) == (before, count + 1)


@pytest.fixture
def inbox(open_shop, tmp_path):
    """Where codes arrive; nothing is counted yet."""
    caches = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": str(tmp_path)}}
    limits = {"signup": "90/m/ip", "verify_phone": "90/m/key", "request_login_code": "90/m/key"}
    given = replace(settings.SETTINGS, var=tmp_path)
    with override_settings(SETTINGS=given, CACHES=caches, ACCOUNT_RATE_LIMITS=limits):
        cache.clear()
        yield tmp_path / FILE


def waiting(inbox, number: str, how: str) -> tuple[Phone, str]:
    """Somebody to whom a code was sent, and the code."""
    phone = Phone(number, inbox)
    phone.send(how, {"phone": number} | ({"adult": True} if how == "signup" else {}))
    return phone, phone.codes()[-1]


@pytest.mark.parametrize(("how", "where"), [("signup", "phone/verify"), ("code/request", "code/confirm")])
def test_codes_that_are_wrong_late_used_or_somebody_elses_are_refused(inbox, open_shop, monkeypatch, how, where):
    from allauth.account.internal.flows import code_verification

    if how == "code/request":
        Phone(ANN, inbox).sign_up()
        Phone(BOB, inbox).sign_up()
    ann, code = waiting(inbox, ANN, how)
    bob, others = waiting(inbox, BOB, how)
    while others == code:
        bob, others = waiting(inbox, BOB, how)
    wrong = next(f"{number:06d}" for number in range(10) if f"{number:06d}" not in (code, others))

    def tries(phone, text):
        return lambda: phone.send(where, {"code": text})

    nobody = Phone(ANN, inbox)
    table = [
        ("by nobody", tries(nobody, code), 409, "code_over"),
        ("nothing", tries(ann, ""), 400, "bad_request"),
        ("another number's", tries(ann, others), 400, "wrong_code"),
        ("in full width", tries(ann, wrong.translate({48 + digit: 0xFF10 + digit for digit in range(10)})), 400, "wrong_code"),
        ("a list", tries(ann, [others]), 400, "wrong_code"),
        *((f"wrong {number}", tries(ann, wrong), 400, "wrong_code") for number in (5,)),
        ("the sixth, wrong", tries(ann, wrong), 409, "code_over"),
        ("the sixth, right", tries(ann, code), 409, "code_over"),
    ]  # fmt: skip
    check(open_shop, table)
    late, code = waiting(inbox, ANN, how)
    now = code_verification.time.time()
    with monkeypatch.context() as later:
        later.setattr(code_verification.time, "time", lambda: now + 16 * 60)
        check(open_shop, [("expired", tries(late, code), 409, "code_over")])
    used, code = waiting(inbox, ANN, how)
    assert used.send(where, {"code": code}).status_code == 200
    check(open_shop, [
        ("used twice", tries(used, code), 409, "code_over"),
        ("used twice, by another", tries(bob, code), 400, "wrong_code"),
    ])  # fmt: skip


def test_who_sends_all_tries_at_once_has_five_of_them(inbox, open_shop):
    phone, code = waiting(inbox, ANN, "signup")
    wrong = [f"{number:06d}" for number in range(13) if f"{number:06d}" != code][:12]
    begin, answers = threading.Barrier(len(wrong)), []

    def one(text: str) -> None:
        with shop_is(open_shop):
            begin.wait()
            answers.append(Phone.send(copy(phone), "phone/verify", {"code": text}).status_code)
            connections[open_shop].close()

    threads = [threading.Thread(target=one, args=(text,)) for text in wrong]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [400] * 5 + [409] * 7


def test_what_is_asked_of_the_sign_in_out_of_turn_is_refused(inbox, open_shop):
    ann = Phone(ANN, inbox)
    ann.sign_up()
    check(open_shop, [
        ("a password that is none", lambda: Phone(ANN, inbox).send("login", {"phone": ANN, "password": "no"}), 400, "wrong_password"),
        ("a number that nobody has", lambda: Phone(BOB, inbox).send("login", {"phone": BOB, "password": "no"}), 400, "wrong_password"),
        ("a number that is none", lambda: Phone("1", inbox).send("signup", {"phone": "1", "adult": True}), 400, "bad_number"),
        ("a child", lambda: Phone(BOB, inbox).send("signup", {"phone": BOB, "adult": False}), 400, "bad_request"),
        ("an invite of nobody", lambda: Phone(BOB, inbox).send("signup", {"phone": BOB, "adult": True, "invite_code": "x"}), 400, "bad_invite_code"),
        ("signed in already", lambda: ann.send("login", {"phone": ANN, "password": "no"}), 409, "signed_in"),
        ("a session that is none", lambda: Caller({"X-Session-Token": "x" * 32}).client.get("/_allauth/app/v1/auth/session"), 410, "not_signed_in"),
        ("by e-mail", lambda: Phone(ANN, inbox).send("password/request", {"email": "a@example.com"}), 404, "not_found"),
    ])  # fmt: skip


def test_two_who_sign_up_with_one_number_at_once_are_one_member_and_one_who_is_told(inbox, open_shop):
    one, first = waiting(inbox, ANN, "signup")
    two, second = waiting(inbox, ANN, "signup")
    if first == second:
        two, second = waiting(inbox, ANN, "signup")
    begin, answers = threading.Barrier(2), {}

    def verify(phone: Phone, code: str) -> None:
        with shop_is(open_shop):
            begin.wait()
            answers[phone] = phone.send("phone/verify", {"code": code})
            connections[open_shop].close()

    threads = [threading.Thread(target=verify, args=each) for each in ((one, first), (two, second))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winner, loser = sorted(answers.values(), key=lambda answer: answer.status_code)
    assert (winner.status_code, loser.status_code, loser.json()["code"]) == (200, 400, "number_taken")
    assert Account.objects.filter(phone_verified=True).count() == models.Inbox.objects.count() == 1


def test_who_loses_by_a_hair_is_told_as_well_and_leaves_no_account_behind(inbox, open_shop, monkeypatch):
    """Both have passed the look at the number when one of them takes it."""
    from jifen.service.sign_in.adapter import Adapter

    phone, code = waiting(inbox, ANN, "signup")
    Phone(ANN, inbox).sign_up()
    monkeypatch.setattr(Adapter, "get_user_by_phone", lambda self, number: None)
    said = phone.send("phone/verify", {"code": code})
    assert (said.status_code, said.json()["code"]) == (400, "number_taken")
    assert Account.objects.count() == models.Inbox.objects.count() == 1
    assert phone.me().get("code") == "not_signed_in"


def test_the_desk_that_registers_a_number_a_moment_too_late_is_told(owner, monkeypatch):
    from jifen.service.members import accounts

    assert owner.post("/members", {"phone": ANN, "adult": True}).status_code == 201
    monkeypatch.setattr(accounts, "account_with", lambda *given, **named: None)
    said = owner.post("/members", {"phone": ANN, "adult": True})
    assert (said.status_code, said.json()["code"]) == (422, "number_taken")
    assert Account.objects.count() == 1


@pytest.fixture
def another(servers, url, folder):
    """Another shop on the same kind of server, and ids of what it has."""
    alias, address = next(ALIASES), servers.new(url.partition(":")[0])
    servers.fill(address)
    open_database(alias, address)
    create_shop(load_plan("points_dividend"), 738_000, Terms("another"), using=alias)
    with shop_is(alias):
        owner, member = key(*Right), signed_in(code="cat")
        submit([MemberJoined(id="j-cat", day=0, member="cat"), order("o-cat", "cat", 1000)], using=alias)
        with Writer.elected(folder / "another", alias) as writer:
            while writer.step():
                pass
        owner.post("/webhooks", {"id": "theirs", "url": "https://erp.example/theirs", "types": []})
        owner.post("/connections", {"id": "theirs", "kind": "woocommerce", "secret": SECRET})
        deed = {"id": "d-1", "kind": "pool_donated", "reason": "theirs", "pool": "dividend", "amount": "900000.00"}
        ids = {
            "key": owner.headers, "session": member.headers, "revoked": owner.headers["Authorization"].split("_")[1],
            "withdrawal": member.post("/members/me/withdrawals", {"id": "w-1", "amount": "5.00"}).json()["number"],
            "version": owner.post("/programs", {"preset": "member_rebate", "values": {"refund_days": 9}}).json()["digest"],
            "deed": owner.post("/staff/deeds", deed).json()["id"], "member": "cat",
            "account": owner.post("/members", {"phone": "13900139000", "adult": True}).json(),
        }  # fmt: skip
    yield ids
    connections[alias].close()


def test_ids_of_another_shop_are_ids_of_nothing(all_right, another, open_shop):
    stranger, member = Caller(another["key"]), Caller(another["session"])
    their, invite = another["account"]["member"], another["account"]["invite_code"]
    asks = [
        ("their key", lambda: stranger.get("/shop"), 401, "not_signed_in"),
        ("their session", lambda: member.get("/members/me/balances"), 401, "not_signed_in"),
        ("a member's balances", lambda: all_right.get("/members/cat/balances"), 404, "unknown_member"),
        ("a member's statement", lambda: all_right.get("/members/cat/statement"), 404, "unknown_member"),
        ("a member's lots", lambda: all_right.get("/members/cat/lots"), 404, "unknown_member"),
        ("a member's account", lambda: all_right.get(f"/members/{their}"), 404, "unknown_member"),
        ("a member's data", lambda: all_right.get(f"/members/{their}/personal"), 404, "unknown_member"),
        ("to erase a member", lambda: all_right.delete(f"/members/{their}/personal?confirm={their}"), 404, "unknown_member"),
        ("to lock a member", lambda: all_right.put(f"/members/{their}/lock", {"locked": True}), 404, "unknown_member"),
        ("their invite", lambda: all_right.post("/members", {"phone": ANN, "adult": True, "invite_code": invite}), 422, "bad_invite_code"),
        ("an event", lambda: all_right.get("/events/o-cat"), 404, "unknown_event"),
        ("a withdrawal", lambda: all_right.get(f"/withdrawals/{another['withdrawal']}"), 404, "unknown_withdrawal"),
        ("to pay a withdrawal", lambda: all_right.post(f"/withdrawals/{another['withdrawal']}/review", {"agree": True}), 404, "unknown_withdrawal"),
        ("a bank's file", lambda: all_right.get("/withdrawals/batches/1/file"), 404, "not_found"),
        ("a version", lambda: all_right.get(f"/programs/{another['version']}"), 404, "unknown_version"),
        ("to activate a version", lambda: all_right.post(f"/programs/{another['version']}/activate", {}), 404, "unknown_version"),
        ("to publish a version", lambda: all_right.post(f"/programs/{another['version']}/publish", {}), 404, "unknown_version"),
        ("to revoke a key", lambda: all_right.delete(f"/staff/keys/{another['revoked']}"), 404, "not_found"),
        ("to decide a deed", lambda: all_right.post(f"/staff/deeds/{another['deed']}/decision", {"agree": True}), 404, "unknown_deed"),
        ("a hook", lambda: all_right.get("/webhooks/theirs"), 404, "unknown_hook"),
        ("to remove a hook", lambda: all_right.delete("/webhooks/theirs"), 404, "unknown_hook"),
        ("to replay a hook", lambda: all_right.post("/webhooks/theirs/replay", {}), 404, "unknown_hook"),
        ("a connection", lambda: all_right.get("/connections/theirs"), 404, "not_found"),
        ("messages", lambda: all_right.get("/connections/theirs/messages"), 404, "not_found"),
        ("a message", lambda: deliver("theirs", woo(woo_order()).body, woo(woo_order()).headers), 404, "not_found"),
    ]  # fmt: skip
    check(open_shop, asks)


def test_a_cursor_of_another_member_shows_ones_own_lines_only(all_right, open_shop):
    first = all_right.get("/members/ann/statement?size=1").json()
    assert first["next"]
    forged = all_right.get(f"/members/bob/statement?size=1&cursor={first['next']}").json()
    own = all_right.get("/members/bob/statement?size=500").json()["items"]
    assert all(item in own for item in forged["items"])
    assert all_right.get("/members/bob/statement?cursor=0").json()["items"] == []
