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
