"""Webhooks from the log to a receiver, on both databases; the test says what time it is, and nobody sleeps."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connections
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from tests.service.conftest import joins, order

from jifen.core.errors import InputError
from jifen.engine.events import DayClosed, OrderRefunded
from jifen.service.closing import closing_id
from jifen.service.hooks.deliveries import claim, fill, forget
from jifen.service.hooks.endpoints import change_endpoint, make_endpoint, ping, replay, rotate_secret, secret_of
from jifen.service.hooks.models import Delivery, Endpoint
from jifen.service.inbox import submit
from jifen.service.writer import Writer

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DOCS = Path(__file__).parents[3] / "docs" / "webhooks.md"


def write(folder, using, *events):
    submit(events, using=using)
    with Writer.elected(folder, using) as writer:
        while writer.step():
            pass


def bodies(receiver):
    return [json.loads(body) for _, _, body in receiver.got]


def one(using):
    return Delivery.objects.using(using).get()


def test_each_event_of_the_log_is_told_once_in_thin_words(shop, folder, receiver, sender):
    write(folder, shop, *joins("old"))
    endpoint = make_endpoint("erp", receiver.url, [], using=shop)
    refund = OrderRefunded(id="r1", day=0, order="o1", amount=10_000_000)
    close = DayClosed(id=closing_id(738000), day=738000)
    write(folder, shop, *joins("ann"), order("o1", "ann", 100), refund, close)
    sender(NOW)
    sender(NOW)
    day = {"day": "2021-07-29"}
    assert [(each["type"], each["data"]) for each in bodies(receiver)] == [
        ("member.joined", {"event": 1, **day, "member": "ann"}),
        ("order.accepted", {"event": 2, **day, "order": "o1", "member": "ann"}),
        ("order.refunded", {"event": 3, **day, "refund": "r1", "order": "o1"}),
        ("run.closed", {"event": 4, **day}),
    ]
    for _, headers, body in receiver.got:
        Webhook(secret_of(endpoint)).verify(body, headers)
    assert [headers["webhook-id"] for _, headers, _ in receiver.got] == ["msg_1", "msg_2", "msg_3", "msg_4"]
    assert set(Delivery.objects.using(shop).values_list("state", "attempts", "status")) == {("delivered", 1, 200)}


def test_an_endpoint_is_told_of_the_types_that_it_asked_for(shop, folder, receiver, sender):
    make_endpoint("erp", receiver.url, ["order.accepted"], using=shop)
    write(folder, shop, *joins("ann"), order("o1", "ann", 100))
    sender(NOW)
    assert [each["type"] for each in bodies(receiver)] == ["order.accepted"]


def test_a_failure_is_tried_again_on_the_schedule_and_is_dead_after_the_tenth_attempt(shop, receiver, sender):
    make_endpoint("erp", receiver.url, [], using=shop)
    ping("erp", NOW, using=shop)
    receiver.answers = [500] * 10
    # The times since the first attempt as the text of Standard Webhooks lists them: 5 s, 5 min 5 s, …, 75 h 35 min 5 s.
    minutes = [5, 35, 155, 455, 1055, 1895, 3095, 4535]
    times = [0, 5, *(60 * each + 5 for each in minutes)]
    for number, second in enumerate(times):
        if second:
            sender(NOW + timedelta(seconds=second - 1))
            assert len(receiver.got) == number, "nothing is sent before its time"
        sender(NOW + timedelta(seconds=second))
        assert len(receiver.got) == number + 1
    assert (one(shop).state, one(shop).attempts, one(shop).status) == ("dead", 10, 500)
    assert len({headers["webhook-id"] for _, headers, _ in receiver.got}) == 1
    later = NOW + timedelta(days=4)
    assert replay("erp", [], later, using=shop) == 1
    sender(later)
    assert (one(shop).state, one(shop).attempts) == ("delivered", 1)
    assert receiver.got[-1][1]["webhook-id"] == receiver.got[0][1]["webhook-id"]


def test_chance_makes_a_wait_longer_by_a_fifth_at_most(shop, receiver):
    from jifen.service.hooks.deliveries import settle
    from jifen.service.hooks.sending import Answer

    make_endpoint("erp", receiver.url, [], using=shop)
    delivery = ping("erp", NOW, using=shop)
    settle("erp", [(delivery, Answer(503))], NOW, lambda: 1.0, using=shop)
    assert one(shop).next_at == NOW + timedelta(seconds=6)


def test_who_was_killed_after_sending_sends_again_and_who_works_beside_does_not(shop, folder, receiver, sender):
    make_endpoint("erp", receiver.url, [], using=shop)
    write(folder, shop, *joins("ann"))
    fill("erp", NOW, using=shop)
    assert len(claim("erp", NOW, using=shop)) == 1  # and its process is gone
    sender(NOW + timedelta(seconds=119))
    assert not receiver.got
    sender(NOW + timedelta(seconds=120))
    assert len(receiver.got) == 1
    sender(NOW + timedelta(seconds=300))
    assert len(receiver.got) == 1


def test_deliveries_and_the_cursor_are_kept_together_or_not_at_all(shop, folder, receiver, monkeypatch):
    make_endpoint("erp", receiver.url, [], using=shop)
    write(folder, shop, *joins("ann"))

    def fails(self, *given, **named):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("django.db.models.query.QuerySet.update", fails)
        with pytest.raises(KeyboardInterrupt):
            fill("erp", NOW, using=shop)
    assert not Delivery.objects.using(shop).exists()
    assert fill("erp", NOW, using=shop) == 1
    assert fill("erp", NOW, using=shop) == 0
    assert Delivery.objects.using(shop).count() == 1


def test_an_endpoint_that_says_it_is_gone_is_sent_nothing_more_until_somebody_says_so(shop, folder, receiver, sender):
    make_endpoint("erp", receiver.url, [], using=shop)
    ping("erp", NOW, using=shop)
    receiver.answers = [410]
    sender(NOW)
    endpoint = Endpoint.objects.using(shop).get()
    assert (endpoint.active, endpoint.why) == (False, "gone")
    write(folder, shop, *joins("ann"))
    sender(NOW + timedelta(hours=1))
    assert len(receiver.got) == 1
    change_endpoint("erp", active=True, using=shop)
    sender(NOW + timedelta(hours=1))
    assert [each["type"] for each in bodies(receiver)] == ["ping", "ping", "member.joined"]


def test_an_endpoint_that_fails_for_five_days_is_stopped_and_one_success_begins_the_count_anew(shop, receiver, sender):
    make_endpoint("erp", receiver.url, [], using=shop)
    receiver.answers = [500, 200, 500, 500, 500]
    for day, active in [(0, True), (1, True), (2, True), (6, True), (7, False)]:
        now = NOW + timedelta(days=day)
        Delivery.objects.using(shop).all().delete()
        ping("erp", now, using=shop)
        sender(now)
        assert Endpoint.objects.using(shop).get().active == active, day
    assert Endpoint.objects.using(shop).get().why == "failing"


def test_a_new_secret_and_the_old_one_sign_together_for_a_day(shop, receiver, sender):
    old = secret_of(make_endpoint("erp", receiver.url, [], using=shop))
    new = rotate_secret("erp", NOW, using=shop)
    ping("erp", NOW, using=shop)
    sender(NOW + timedelta(hours=23))
    ping("erp", NOW, using=shop)
    sender(NOW + timedelta(hours=24))
    (_, both, body), (_, alone, later) = receiver.got
    Webhook(old).verify(body, both)
    Webhook(new).verify(body, both)
    Webhook(new).verify(later, alone)
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(later, alone)


def test_no_secret_stands_in_the_database_or_in_the_history(shop, receiver):
    secret = secret_of(make_endpoint("erp", receiver.url, [], using=shop))
    for table in ("hook", "hooks_historicalendpoint"):
        with connections[shop].cursor() as cursor:
            cursor.execute(f"SELECT * FROM {table}")
            rows = [bytes(x) if isinstance(x, memoryview) else x for row in cursor.fetchall() for x in row]
        assert rows
        assert secret not in str(rows)
    assert {field.name for field in Endpoint.history.model._meta.fields}.isdisjoint({"secret", "old_secret"})


def test_to_make_an_endpoint_twice_is_to_make_it_once_and_another_address_is_a_conflict(shop, receiver):
    first = make_endpoint("erp", receiver.url, [], using=shop)
    assert secret_of(make_endpoint("erp", receiver.url, [], using=shop)) == secret_of(first)
    with pytest.raises(InputError) as refused:
        make_endpoint("erp", receiver.url + "2", [], using=shop)
    assert refused.value.problems[0].code == "conflict"


def test_what_was_delivered_is_forgotten_after_thirty_days_and_dead_letters_stay(shop, receiver, sender):
    make_endpoint("erp", receiver.url, [], using=shop)
    ping("erp", NOW, using=shop)
    sender(NOW)
    dead = ping("erp", NOW, using=shop)
    Delivery.objects.using(shop).filter(id=dead.id).update(state="dead", ended_at=NOW)
    assert forget(NOW + timedelta(days=30), using=shop) == 0
    assert forget(NOW + timedelta(days=30, seconds=1), using=shop) == 1
    assert one(shop).id == dead.id


def test_the_example_of_the_docs_takes_what_we_send_and_nothing_else(shop, receiver, sender):
    example = DOCS.read_text().split("```python\n")[1].split("```")[0]
    names: dict[str, object] = {}
    exec(example, names)
    verified = names["verified"]
    secret = secret_of(make_endpoint("erp", receiver.url, [], using=shop))
    ping("erp", NOW, using=shop)
    sender(NOW)
    _, headers, body = receiver.got[0]
    headers = {name.lower(): text for name, text in headers.items()}
    assert verified(secret, headers, body.encode())
    assert not verified(secret, headers, body.encode() + b" ")
    assert not verified("whsec_" + "A" * 44, headers, body.encode())
    assert not verified(secret, headers | {"webhook-timestamp": "1700000000"}, body.encode())
    old = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    replayed = Webhook(secret).sign(headers["webhook-id"], old, body)
    late = headers | {"webhook-timestamp": "1700000000", "webhook-signature": replayed}
    assert not verified(secret, late, body.encode())


def counted(name, **labels):
    from jifen.service.counters import COUNTS

    return COUNTS.get_sample_value(name, labels) or 0


def test_a_receiver_that_asks_to_be_left_alone_is(shop, receiver, sender):
    make_endpoint("erp", receiver.url, [], using=shop)
    ping("erp", NOW, using=shop)
    receiver.answers, receiver.retry_after = [429, 503], "120"
    sender(NOW)
    assert one(shop).next_at == NOW + timedelta(seconds=120)
    ping("erp", NOW + timedelta(seconds=10), using=shop)
    sender(NOW + timedelta(seconds=119))
    assert len(receiver.got) == 1, "nothing else is sent to it either"
    receiver.retry_after = "3"
    sender(NOW + timedelta(seconds=120))
    assert len(receiver.got) == 2
    failed = Delivery.objects.using(shop).get(status=503)
    assert failed.next_at == NOW + timedelta(seconds=120 + 5), "a wait that is shorter than ours does not count"
    receiver.retry_after = None
    sender(NOW + timedelta(seconds=500))
    assert set(Delivery.objects.using(shop).values_list("state", flat=True)) == {"delivered"}


@pytest.mark.parametrize(
    ("status", "text", "seconds"),
    [(429, "120", 120), (503, "0", 0), (503, "9" * 400, 86400), (500, "120", None), (200, "120", None), (429, "", None),
     (429, "soon", None), (429, "-5", None), (429, "１２", None), (429, "1.5", None),
     (503, "Sun, 01 Mar 2026 12:10:00 GMT", 600), (503, "Sun, 01 Mar 2020 12:10:00 GMT", 0),
     (503, "Fri, 31 Dec 9999 23:59:59 GMT", 86400), (503, "Sun, 01 Mar 2026 12:10:00 -0000", 600)],
)  # fmt: skip
def test_what_is_asked_for_is_read_in_seconds_or_as_a_date_and_is_a_day_at_most(status, text, seconds):
    from jifen.service.hooks.sending import asked_to_wait

    assert asked_to_wait(status, text, NOW) == (None if seconds is None else timedelta(seconds=seconds))


def test_attempts_are_counted_by_what_came_of_them_and_so_are_dead_letters(shop, receiver, sender):
    make_endpoint("erp", receiver.url, [], using=shop)
    ping("erp", NOW, using=shop)
    receiver.answers = [500]
    names = [("jifen_webhook_attempts_total", {"result": "failed"}), ("jifen_webhook_dead_total", {}),
             ("jifen_webhook_attempts_total", {"result": "delivered"})]  # fmt: skip
    before = [counted(name, **labels) for name, labels in names]
    sender(NOW)
    sender(NOW + timedelta(seconds=5))
    Delivery.objects.using(shop).all().delete()
    dying = ping("erp", NOW, using=shop)
    Delivery.objects.using(shop).filter(id=dying.id).update(attempts=9)
    receiver.answers = [500]
    sender(NOW + timedelta(seconds=5))
    assert one(shop).state == "dead"
    assert [counted(name, **labels) for name, labels in names] == [before[0] + 2, before[1] + 1, before[2] + 1]
