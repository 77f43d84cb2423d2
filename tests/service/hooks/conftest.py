"""A receiver, and a sender whose clock the test holds."""

import threading

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
    from jifen.service.hooks.work import Hooks, Senders

    hooks = Hooks(shop, Senders(1), threading.Event(), jitter=lambda: 0.0)

    def round_at(now):
        hooks.step(now)
        hooks.settle(now, wait=60)

    return round_at
