"""A receiver, and a sender whose clock the test holds."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.service.hooks.receiver import Receiver


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def sender(shop):
    """Does one round at a time given and waits for what it sends; no wait is made longer by chance."""
    from jifen.service.hooks.work import Hooks

    with ThreadPoolExecutor(1) as pool:
        hooks = Hooks(shop, pool, threading.Event(), jitter=lambda: 0.0)

        def round_at(now):
            hooks.step(now)
            hooks.settle(now, wait=True)

        yield round_at
