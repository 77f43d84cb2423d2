"""Messages of foreign shops end in the books, once, whatever comes twice, late or forged. On both databases."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections
from tests.service.books import events_of, independent
from tests.service.conftest import joins
from tests.service.connectors.payloads import (
    BILLING,
    JWKS,
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
from jifen.engine.events import MemberJoined, OrderPaid, OrderRefunded
from jifen.service.connectors import intake
from jifen.service.connectors.connections import change_connection, make_connection
from jifen.service.connectors.facts import Terms
from jifen.service.connectors.intake import Taken, retry, standing, take
from jifen.service.connectors.models import Connection, ForeignMessage, ForeignOrder
from jifen.service.inbox import Result, submit
from jifen.service.members.models import Account
from jifen.service.writer import Writer

FEN = 10_000


def connect(using, kind="woocommerce", **terms) -> str:
    """A connection named for its kind: woo, sho, sal."""
    return make_connection(kind[:3], kind, JWKS if kind == "saleor" else SECRET, Terms(**terms), using=using).id


def write(folder, using):
    with Writer.elected(folder, using) as writer:
        while writer.step():
            pass


def log(folder, using) -> list[tuple[str, ...]]:
    """What the log has, after the auditor has come to the same."""
    write(folder, using)
    independent(using)
    said = []
    for event in events_of(using):
        if isinstance(event, MemberJoined):
            said.append(("join", event.member, event.referrer))
        elif isinstance(event, OrderPaid):
            said.append(("order", event.id, event.member, event.amount // FEN))
        elif isinstance(event, OrderRefunded):
            said.append(("refund", event.id, event.amount // FEN))
    return said


def test_an_order_enters_with_its_new_member_and_twice_is_once(shop, folder):
    name = connect(shop)
    assert take(name, woo(woo_order()), using=shop) == Taken("taken")
    assert take(name, woo(woo_order()), using=shop) == Taken("taken", "repeated", times=2)
    assert log(folder, shop) == [("join", "woo:17", None), ("order", "woo:727", "woo:17", 11300)]
    assert take(name, woo(woo_order()), using=shop) == Taken("taken", "repeated", times=3)
    assert take(name, woo(woo_order(date_modified_gmt="2026-11-20T10:00:00")), using=shop) == Taken("taken")
    assert take(name, woo(woo_order(id=800)), using=shop) == Taken("taken")
    assert log(folder, shop)[2:] == [("order", "woo:800", "woo:17", 11300)]


def test_a_part_and_then_the_rest_is_given_back(shop, folder):
    """11.30 of 124.30 are a part in eleven: 10.27 of 113.00, to the cent; and 102.73 then."""
    name = connect(shop)
    part = [{"id": 728, "reason": "", "total": "-11.30"}]
    take(name, woo(woo_order()), using=shop)
    take(name, woo(woo_order(refunds=part)), using=shop)
    whole = woo_order(status="refunded", refunds=[{"id": 729, "reason": "", "total": "-113.00"}, *part])
    take(name, woo(whole), using=shop)
    assert log(folder, shop)[2:] == [("refund", "woo:727:refund:728", 1027), ("refund", "woo:727:refund:729", 10273)]


def test_a_cancelled_order_is_given_back_whole(shop, folder):
    name = connect(shop, "shopify")
    take(name, shopify(shopify_order()), using=shop)
    take(name, shopify(shopify_order(cancelled_at="2026-11-21T11:00:00+08:00"), "orders/cancelled"), using=shop)
    number = "sho:820982911946154508"
    assert log(folder, shop)[1:] == [
        ("order", number, "sho:115310627314723954", 15820), ("refund", f"{number}:cancel", 15820),
    ]  # fmt: skip


def test_a_refund_that_comes_before_its_order_waits_for_it(shop, folder):
    name = connect(shop, "shopify")
    refund = shopify(shopify_refund("16.95", []), "refunds/create")
    assert take(name, refund, using=shop) == Taken("waiting")
    assert log(folder, shop) == []
    assert take(name, shopify(shopify_order()), using=shop) == Taken("taken")
    assert [said[0] for said in log(folder, shop)] == ["join", "order", "refund"]
    assert take(name, refund, using=shop) == Taken("taken", times=2)
    assert len(log(folder, shop)) == 3


def test_saleor_orders_enter_with_lines_of_their_own(shop, folder):
    name = connect(shop, "saleor", tax=False)
    assert take(name, saleor(saleor_order()), using=shop) == Taken("taken")
    order = log(folder, shop)[1]
    assert order == ("order", "sal:6a2f1f4e-0b51-4e07-8d2c-6d8a0e0c9c11", "sal:17", 15000)
    (paid,) = [event for event in events_of(shop) if isinstance(event, OrderPaid)]
    assert [(line.sku, line.quantity, line.amount // FEN) for line in paid.lines] == [
        ("TEA-01", 2, 5000), (None, 1, 10000),
    ]  # fmt: skip


def test_forged_messages_change_nothing(shop, folder):
    name = connect(shop)
    for forged in (woo(woo_order(), secret="x" * 16), woo(woo_order(), secret="")):
        with pytest.raises(InputError, match="forged"):
            take(name, forged, using=shop)
    assert not ForeignOrder.objects.using(shop).exists()
    assert not ForeignMessage.objects.using(shop).exists()
    assert log(folder, shop) == []


def test_a_message_that_was_found_and_is_sent_again_weeks_later_is_refused(shop):
    name = connect(shop, "saleor", max_age_hours=24)
    old, new = (datetime.now(UTC) - timedelta(hours=hours) for hours in (25, 23))
    with pytest.raises(InputError, match="stale"):
        take(name, saleor(saleor_order(old.isoformat())), using=shop)
    assert not ForeignMessage.objects.using(shop).exists()
    assert take(name, saleor(saleor_order(new.isoformat())), using=shop) == Taken("taken")
    name = connect(shop, "shopify")
    with pytest.raises(InputError, match="stale"):
        take(name, shopify(shopify_order(), at=(old - timedelta(days=7)).isoformat()), using=shop)


@pytest.mark.parametrize(
    ("changed", "code"),
    [({"currency": "USD"}, "wrong_currency"), ({"customer_id": 0}, "guest_order"), ({"total": 1.5e300}, "bad_payload")],
)
def test_what_is_genuine_and_cannot_be_used_is_set_aside_and_told(shop, folder, changed, code):
    name = connect(shop)
    assert take(name, woo(woo_order(**changed)), using=shop) == Taken("set_aside", code)
    (kept,) = ForeignMessage.objects.using(shop).all()
    assert (kept.outcome, kept.code, kept.times) == ("set_aside", code, 1)
    assert log(folder, shop) == []


def test_a_test_order_counts_in_a_sandbox_and_not_in_a_live_shop(using):
    from jifen.plan import load_plan
    from jifen.service.shop import Terms as ShopTerms
    from jifen.service.shop import create_shop

    create_shop(load_plan("points_dividend", {"funding": "reserve"}), 738000, ShopTerms("t", live=True), using=using)
    message = shopify(shopify_order(test=True))
    assert take(connect(using, "shopify"), message, using=using) == Taken("set_aside", "test_order")


def test_orders_of_guests_count_for_a_member_of_the_shops_choice(shop, folder):
    submit(joins("house"), using=shop)
    assert take(connect(shop, guest="house"), woo(woo_order(customer_id=0)), using=shop) == Taken("taken")
    assert log(folder, shop) == [("join", "house", None), ("order", "woo:727", "house", 11300)]


def test_the_invite_code_of_an_order_says_who_brought_the_customer(shop, folder):
    submit(joins("wang"), using=shop)
    write(folder, shop)
    Account.objects.using(shop).create(code="wang", invite_code="wang88")
    Account.objects.using(shop).create(code="clerk", invite_code="clerk77", role="service")
    name = connect(shop, sponsor_field="_invite")
    take(name, woo(woo_order()), using=shop)
    for number, invite in ((18, "clerk77"), (19, "unknown"), (20, {"no": "text"})):
        fields = [{"id": 1, "key": "_invite", "value": invite}]
        take(name, woo(woo_order(id=number, customer_id=number, meta_data=fields)), using=shop)
    referrers = {said[1]: said[2] for said in log(folder, shop) if said[0] == "join"}
    assert referrers == {"wang": None, "woo:17": "wang", "woo:18": None, "woo:19": None, "woo:20": None}


def test_a_customers_number_says_who_brought_another_one_and_nobody_brings_himself(shop, folder):
    name = connect(shop, "saleor", sponsor_field="referrer", sponsor="customer")
    for number, customer, referrer in (("Order:a", "User:16", "16"), ("Order:b", "User:17", "16")):
        changed = {"id": encoded(number), "user": {"id": encoded(customer)},
                   "metadata": [{"key": "referrer", "value": referrer}]}  # fmt: skip
        take(name, saleor(saleor_order(**changed)), using=shop)
    joined = [said for said in log(folder, shop) if said[0] == "join"]
    assert joined == [("join", "sal:16", None), ("join", "sal:17", "sal:16")]


def encoded(text: str) -> str:
    import base64

    return base64.b64encode(text.encode()).decode()


def test_an_order_that_the_door_refuses_takes_its_refunds_with_it_and_enters_when_it_may(shop, folder, monkeypatch):
    name, enter = connect(shop), intake.enter

    knocked = []

    def closed(events, **options):
        knocked.extend(event.id for event in events)
        return [Result(event.id, "refused", None, "not_accepted") for event in events]

    monkeypatch.setattr(intake, "enter", closed)
    refunds = [{"id": 728, "reason": "", "total": "-62.15"}]
    assert take(name, woo(woo_order(refunds=refunds)), using=shop) == Taken("refused", "not_accepted")
    assert knocked == ["woo:join:17", "woo:727"]
    assert {result.state for _, result in standing(name, "727", using=shop)} == {"refused"}
    monkeypatch.setattr(intake, "enter", enter)
    assert [result.state for result in retry(name, "727", using=shop)] == ["pending"] * 3
    assert [said[0] for said in log(folder, shop)] == ["join", "order", "refund"]
    assert {result.state for _, result in standing(name, "727", using=shop)} == {"accepted"}
    with pytest.raises(InputError, match="unknown_order"):
        retry(name, "728", using=shop)


def test_what_breaks_on_the_way_leaves_nothing_behind_and_the_same_message_is_taken_then(shop, folder, monkeypatch):
    name, remember = connect(shop), intake._remember

    def broken(*given):
        raise OSError

    monkeypatch.setattr(intake, "_remember", broken)
    with pytest.raises(OSError):  # noqa: PT011
        take(name, woo(woo_order()), using=shop)
    assert log(folder, shop) == []
    monkeypatch.setattr(intake, "_remember", remember)
    assert take(name, woo(woo_order()), using=shop) == Taken("taken")
    assert len(log(folder, shop)) == 2


def test_messages_of_one_order_that_come_at_the_same_moment_count_once_each(shop, folder):
    name = connect(shop, "shopify")
    messages = [
        shopify(shopify_order()),
        shopify(shopify_refund("16.95", [])),
        shopify(shopify_refund("33.90", [], id=2)),
    ]

    def send(place):
        try:
            return take(name, messages[place % 3], using=shop).outcome
        finally:
            connections[shop].close()

    with ThreadPoolExecutor(6) as threads:
        outcomes = set(threads.map(send, range(18)))
    assert outcomes <= {"taken", "waiting"}
    said = log(folder, shop)
    assert [each[0] for each in said] == ["join", "order", "refund", "refund"]
    assert sum(each[2] for each in said[2:]) == 4746  # 50.85 of 169.50 are three tenths, and so of 158.20


def test_a_restored_shop_knows_its_connections_and_what_it_was_told(shop, folder, servers, tmp_path):
    from jifen.service.backup import backup
    from jifen.service.databases import open_database
    from jifen.service.restore import restore

    name = connect(shop, "shopify")
    take(name, shopify(shopify_order()), using=shop)
    write(folder, shop)
    made, other = backup(tmp_path / "shop.backup", folder, shop), f"{shop}_again"
    open_database(other, servers.new("sqlite"))
    restore(made.path, tmp_path / "other", other)
    refund = shopify(shopify_refund("16.95", []))
    assert take(name, refund, using=other) == Taken("taken")
    assert take(name, shopify(shopify_order()), using=other) == Taken("taken", "repeated", times=2)
    assert [said[0] for said in log(tmp_path / "other", other)] == ["join", "order", "refund"]
    connections[other].close()


def test_no_table_keeps_anything_of_a_person(shop, folder):
    name = connect(shop)
    take(name, woo(woo_order()), using=shop)
    kept = json.dumps([list(table.objects.using(shop).values()) for table in (ForeignOrder, ForeignMessage, Connection,
                       Connection.history.model)], default=str)  # fmt: skip
    assert "727" in kept
    for personal in (*BILLING.values(), "192.0.2.7", SECRET):
        if len(personal) > 2:
            assert personal not in kept


def test_a_secret_that_was_replaced_is_good_for_a_day(shop):
    name = connect(shop)
    change_connection(name, {"secret": "a newer secret of the shop"}, using=shop)
    assert take(name, woo(woo_order()), using=shop).outcome == "taken"
    assert take(name, woo(woo_order(id=2), secret="a newer secret of the shop"), using=shop).outcome == "taken"
    Connection.objects.using(shop).update(secret_since=datetime.now(UTC) - timedelta(hours=25))
    with pytest.raises(InputError, match="forged"):
        take(name, woo(woo_order(id=3)), using=shop)
    change_connection(name, {"enabled": False}, using=shop)
    with pytest.raises(InputError, match="not_found"):
        take(name, woo(woo_order(id=2), secret="a newer secret of the shop"), using=shop)


def test_the_newest_messages_are_kept(shop, monkeypatch):
    monkeypatch.setattr(intake, "KEPT", 10)
    name = connect(shop)
    for number in range(1, 25):
        take(name, woo({"id": number}, "order.deleted"), using=shop)
    kept = list(ForeignMessage.objects.using(shop).order_by("id").values_list("id", flat=True))
    assert (len(kept), kept[-1]) == (10, 24)


def test_who_asks_for_the_same_connection_again_gets_it_and_another_one_is_a_conflict(shop):
    name = connect(shop)
    assert connect(shop) == name
    for kind, secret, terms in (
        ("shopify", SECRET, Terms()), ("woocommerce", SECRET + "x", Terms()), ("woocommerce", SECRET, Terms(tax=False)),
    ):  # fmt: skip
        with pytest.raises(InputError, match="conflict"):
            make_connection(name, kind, secret, terms, using=shop)
