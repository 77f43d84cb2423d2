"""Signatures, and what is read from a message. Nothing here has a database."""

import base64
import hmac
import json
from contextlib import suppress

import jwt
import pytest
from tests.service.connectors.payloads import (
    JWKS,
    KEY,
    PUBLIC,
    SECRET,
    saleor,
    saleor_order,
    shopify,
    shopify_order,
    shopify_refund,
    woo,
    woo_order,
)

from jifen.core.errors import InputError
from jifen.service.connectors import kinds
from jifen.service.connectors.course import Course
from jifen.service.connectors.facts import Cancelled, Message, Paid, Terms, Unusable
from jifen.service.connectors.kinds import kind_of

FEN = 10_000
TERMS = Terms()
MESSAGES = {
    "woocommerce": (woo(woo_order()), SECRET),
    "shopify": (shopify(shopify_order()), SECRET),
    "saleor": (saleor(saleor_order()), JWKS),
}


def amounts(paid: Paid) -> list[tuple[int, int]]:
    """Net and tax of each part, in fen."""
    return [(part.net // FEN, part.tax // FEN) for part in paid.parts]


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_is_let_in_as_it_was_signed_and_not_with_one_byte_changed(name):
    message, secret = MESSAGES[name]
    kind = kind_of(name)
    assert kind.signed(message, secret)
    assert not kind.signed(Message(message.headers, message.body.replace(b"17", b"18", 1) + b" "), secret)
    assert not kind.signed(Message({}, message.body), secret)
    for signature in ("", "..", "a..b", "é", "=" * 44, "[]..x", "bnVsbA..x"):
        headers = {header: signature if "signature" in header or "hmac" in header else value
                   for header, value in message.headers.items()}  # fmt: skip
        assert not kind.signed(Message(headers, message.body), secret)


@pytest.mark.parametrize("name", ["woocommerce", "shopify"])
def test_another_secret_signs_nothing(name):
    message, _ = MESSAGES[name]
    assert not kind_of(name).signed(message, SECRET + "x")


def with_hmac(body: bytes) -> str:
    """Who only knows the public key signs with it as if it were a secret, and says so."""
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","b64":false}').rstrip(b"=")
    made = hmac.digest(JWKS.encode(), head + b"." + body, "sha256")
    return f"{head.decode()}..{base64.urlsafe_b64encode(made).rstrip(b'=').decode()}"


def test_another_key_a_signature_by_a_secret_and_a_token_of_saleors_own_are_refused():
    from cryptography.hazmat.primitives.asymmetric import rsa

    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    made = saleor(saleor_order())
    forged = {
        "by another key": jwt.api_jws.encode(made.body, other, algorithm="RS256", is_payload_detached=True),
        "by the public key as a secret": with_hmac(made.body),
        "by nothing": jwt.api_jws.encode(made.body, None, algorithm="none", is_payload_detached=True),
        "a token": jwt.encode({"user_id": "VXNlcjox"}, KEY, algorithm="RS256"),
        "of another body": jwt.api_jws.encode(b"{}", KEY, algorithm="RS256", is_payload_detached=True),
        "with an extension": jwt.api_jws.encode(
            made.body, KEY, algorithm="RS256", is_payload_detached=True, headers={"crit": ["b64", "exp"]}
        ),
    }
    for signature in forged.values():
        assert not kind_of("saleor").signed(Message({"saleor-signature": signature}, made.body), JWKS)


def test_woocommerce_lines_have_their_totals_and_taxes_as_they_are_written():
    reading = kind_of("woocommerce").read(woo(woo_order()), Terms(sponsor_field="_invite"))
    (paid,) = reading.facts
    assert (reading.topic, reading.order, paid.customer, paid.currency) == ("order.updated", "727", "17", "CNY")
    assert (paid.whole // FEN, paid.sponsor) == (12430, "wang88")
    assert amounts(paid) == [(6000, 780), (4000, 520), (1000, 130)]
    assert [(part.line, part.sku, part.quantity, part.extra) for part in paid.parts] == [
        ("315", "TEA-01", 2, False), ("316", None, 1, False), ("317", None, 1, True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "facts"),
    [
        ({"status": "pending", "date_paid_gmt": None}, 0),
        ({"status": "on-hold", "date_paid_gmt": None}, 0),
        ({"status": "processing", "date_paid_gmt": None}, 0),
        ({"status": "failed"}, 0),
        ({"status": "completed", "date_paid_gmt": None}, 1),
        ({"status": "shipped"}, 1),
        ({"status": "refunded", "refunds": [{"id": 730, "reason": "", "total": "-124.30"}]}, 2),
        ({"status": "cancelled"}, 1),
    ],
)
def test_woocommerce_orders_count_once_money_has_come(changed, facts):
    assert len(kind_of("woocommerce").read(woo(woo_order(**changed)), TERMS).facts) == facts


def test_other_topics_have_nothing_for_us():
    assert kind_of("woocommerce").read(woo({"id": 727}, "order.deleted"), TERMS).facts == ()
    assert kind_of("shopify").read(shopify({"id": 1, "title": "Tea"}, "products/update"), TERMS).facts == ()
    assert kind_of("saleor").read(saleor({"product": {"id": "x"}}), TERMS).facts == ()


def test_shopify_lines_are_price_times_pieces_less_discounts():
    (paid,) = kind_of("shopify").read(shopify(shopify_order()), TERMS).facts
    assert (paid.order, paid.customer, paid.whole // FEN) == ("820982911946154508", "115310627314723954", 16950)
    assert amounts(paid) == [(10000, 1300), (4000, 520), (1000, 130)]


def test_shopify_prices_with_taxes_inside_are_taken_apart():
    """100.00 of which 13.00 are tax, 40.00 of which 5.20 are, and 10.00 of which 1.30 are."""
    (paid,) = kind_of("shopify").read(shopify(shopify_order(taxes_included=True, total_price="150.00")), TERMS).facts
    assert amounts(paid) == [(8700, 1300), (3480, 520), (870, 130)]


def test_a_shopify_order_that_does_not_say_that_it_is_paid_or_cancelled_is_neither_whatever_the_header_says():
    read = kind_of("shopify").read
    assert read(shopify(shopify_order(financial_status="pending"), "orders/paid"), TERMS).facts == ()
    (fact,) = read(shopify(shopify_order(), "orders/cancelled"), TERMS).facts
    assert isinstance(fact, Paid)
    (fact,) = read(shopify(shopify_order(cancelled_at="2026-11-21T11:00:00+08:00"), "orders/paid"), TERMS).facts
    assert isinstance(fact, Cancelled)


def test_a_shopify_refund_is_the_money_that_moved_with_its_lines_if_they_are_all_of_it():
    cup = {"id": 1, "line_item_id": 518995019, "quantity": 1, "subtotal": 40.0, "total_tax": 5.2}
    (refund,) = kind_of("shopify").read(shopify(shopify_refund("45.20", [cup]), "refunds/create"), TERMS).facts
    assert (refund.amount // FEN, [(part.line, part.net // FEN, part.tax // FEN) for part in refund.parts]) == (
        4520, [("518995019", 4000, 520)],
    )  # fmt: skip
    (refund,) = kind_of("shopify").read(shopify(shopify_refund("30.00", [cup]), "refunds/create"), TERMS).facts
    assert (refund.amount // FEN, refund.parts) == (3000, ())


def test_a_shopify_refund_of_which_no_money_moved_is_none():
    failed = shopify_refund("45.20", [])
    failed["transactions"][0]["status"] = "failure"
    assert kind_of("shopify").read(shopify(failed), TERMS).facts == ()
    assert kind_of("shopify").read(shopify(shopify_refund("0", [], transactions=[])), TERMS).facts == ()


@pytest.mark.parametrize("wrapped", [lambda event: event, lambda event: {"data": {"event": event}}])
def test_saleor_numbers_are_read_as_they_are_written_and_ids_without_their_wrapping(wrapped):
    message = saleor(wrapped(saleor_order("2026-11-20T08:29:01+00:00")))
    reading = kind_of("saleor").read(message, Terms(sponsor_field="referrer"))
    (paid,) = reading.facts
    assert (reading.order, paid.customer, paid.sponsor) == ("6a2f1f4e-0b51-4e07-8d2c-6d8a0e0c9c11", "17", "16")
    assert (paid.whole // FEN, amounts(paid)) == (18080, [(5000, 650), (10000, 1300), (1000, 130)])
    assert reading.issued is not None
    assert reading.issued.isoformat() == "2026-11-20T08:29:01+00:00"


def test_an_amount_of_many_digits_stays_what_it_is():
    """0.1 + 0.2 is one fen too much for who reads it as a float and cuts: 0.30000000000000004 has no place here."""
    order = woo_order()
    order["line_items"][0]["total"] = "999999999.99"
    (paid,) = kind_of("woocommerce").read(woo(order), TERMS).facts
    assert paid.parts[0].net == 999_999_999_990_000
    body = json.dumps(saleor_order()).replace("180.8", "0.30000000000000004").encode()
    with pytest.raises(Unusable):
        kind_of("saleor").read(Message({}, body), TERMS)


BROKEN = [
    b"", b"null", b"[]", b"{", b"\xff", b'{"id": NaN', b"[" * 100_000, b'{"id":' + b"9" * 5000 + b"}",
]  # fmt: skip


@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize("body", BROKEN, ids=range(len(BROKEN)))
def test_what_is_no_object_of_json_cannot_be_used(name, body):
    with pytest.raises(Unusable):
        kind_of(name).read(Message({}, body), TERMS)


RUBBISH = [None, True, -1, 1.5, "x", "1e9", "NaN", "9" * 30, "\u0000", "\ud800", [], {}, [[]], [None], {"amount": []}]


def check_course(facts) -> None:
    """Whatever was said, no more is given back than there was, and nothing below zero."""
    course = Course()
    for fact in facts:
        course.note(fact, "m", TERMS)
    order = course.order("o")
    given_back = [refund.amount for refund in course.refunds("o")]
    assert all(amount > 0 for amount in given_back)
    assert sum(given_back) <= (0 if order is None else order.amount)


def places(value, path=()):
    """The ways to every value in JSON."""
    yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("woocommerce", woo_order(refunds=[{"id": 728, "reason": "", "total": "-10.00"}])),
        ("shopify", shopify_order(refunds=[shopify_refund("5.00", [])])),
        ("shopify", shopify_refund("45.20", [{"line_item_id": 1, "subtotal": 40.0, "total_tax": 5.2}])),
        ("saleor", saleor_order()),
    ],
)
def test_rubbish_in_any_place_is_read_or_refused_but_never_breaks_anything(name, payload):
    for path in places(payload):
        if not path:
            continue
        for rubbish in RUBBISH:
            broken = json.loads(json.dumps(payload))
            place = broken
            for key in path[:-1]:
                place = place[key]
            place[path[-1]] = rubbish
            with suppress(Unusable):
                reading = kind_of(name).read(Message({}, json.dumps(broken).encode()), Terms(sponsor_field="referrer"))
                check_course(reading.facts)


def test_secrets_that_could_be_found_and_keys_that_are_none_are_refused():
    wrong = {
        "woocommerce": ["", "fifteen letters"], "shopify": ["short"],
        "saleor": [
            "", "{}", "[]", "null", '{"keys": []}', '{"keys": [{}]}', '{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}',
            json.dumps({"keys": [{**PUBLIC, "n": PUBLIC["n"][:40]}]}), json.dumps({"keys": [{**PUBLIC, "n": 5}]}),
        ],
    }  # fmt: skip
    for name, secrets in wrong.items():
        for secret in secrets:
            with pytest.raises(Unusable, match="bad_secret"):
                kind_of(name).check_secret(secret)
    kind_of("woocommerce").check_secret(SECRET)
    kind_of("saleor").check_secret(JWKS)


def test_another_package_brings_a_kind_by_an_entry_point(monkeypatch):
    class Point:
        name = "another"

        def load(self):
            return kind_of("shopify")

    monkeypatch.setattr(kinds, "entry_points", lambda group, name="another": [Point()] if name == "another" else [])
    assert kinds.kinds() == ["another", "saleor", "shopify", "woocommerce"]
    assert kind_of("another").title == "Shopify"
    with pytest.raises(InputError, match="unknown_kind"):
        kind_of("none")
