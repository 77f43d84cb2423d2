"""The thread of the worker that sends."""

import threading
import time
from datetime import UTC, datetime

from jifen.service.hooks.endpoints import make_endpoint, ping
from jifen.service.hooks.models import Delivery
from jifen.service.hooks.work import send_hooks


def test_the_thread_sends_what_is_due_and_ends_soon_after_it_is_told_to(shop, receiver):
    make_endpoint("erp", receiver.url, [], using=shop)
    ping("erp", datetime.now(UTC), using=shop)
    stop = threading.Event()
    thread = threading.Thread(target=send_hooks, args=(shop, stop))
    thread.start()
    until = time.monotonic() + 10
    while not Delivery.objects.using(shop).filter(state="delivered").exists() and time.monotonic() < until:
        time.sleep(0.02)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
    assert Delivery.objects.using(shop).get().state == "delivered"


def test_the_thread_ends_in_five_seconds_though_a_receiver_keeps_it_waiting(shop, receiver):
    """What was sent is noted, what was not tried is due, and what hangs is sent once more after its claim."""
    make_endpoint("erp", receiver.url, [], using=shop)
    pings = [ping("erp", datetime.now(UTC), using=shop) for _ in range(3)]
    stop = threading.Event()
    thread = threading.Thread(target=send_hooks, args=(shop, stop))
    receiver.before = 1
    thread.start()
    until = time.monotonic() + 20
    while len(receiver.got) < 2 and time.monotonic() < until:
        time.sleep(0.02)
    began = time.monotonic()
    stop.set()
    thread.join(20)
    assert time.monotonic() - began <= 5
    first, second, third = (Delivery.objects.using(shop).get(id=each.id) for each in pings)
    assert (first.state, first.attempts) == ("delivered", 1)
    assert (second.state, second.attempts) == (third.state, third.attempts) == ("waiting", 0)
    assert third.next_at <= datetime.now(UTC) < second.next_at
    assert not [each for each in threading.enumerate() if each.name == "webhook" and not each.daemon]
