"""The sender of webhooks, a thread of the worker: it looks at the log, and sends what is due, each endpoint by itself.

All that concerns the database happens in this thread; the others only send, so a slow receiver holds up nobody else.
"""

import logging
import random
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial

from django.db import connections

from jifen.service.hooks.deliveries import Jitter, claim, fill, forget, settle, unclaim
from jifen.service.hooks.endpoints import secrets_of
from jifen.service.hooks.models import Delivery, Endpoint
from jifen.service.hooks.sending import Answer, send, signatures
from jifen.service.models import Shop

__all__ = ["Hooks", "send_hooks"]

_SENDERS = 4
"""Endpoints that are sent to at a time."""
_ROUND_SECONDS, _BUSY_SECONDS = 1.0, 0.05
"""Between two looks at the log, and while there is more to do."""
_JOB_SECONDS = 45.0
"""After so long nothing more of a claim is tried."""
_FORGET = timedelta(hours=1)
_log = logging.getLogger(__name__)

_Sent = tuple[Sequence[Delivery], list[Answer]]
"""What was claimed, and the answers to as much of it as was tried."""


class Hooks:
    """What a sender is at: a job for each endpoint that is being sent to."""

    def __init__(
        self, using: str, pool: ThreadPoolExecutor, stop: threading.Event, jitter: Jitter = random.random
    ) -> None:
        """Send for a shop, with the threads of a pool, until ``stop`` is set."""
        self._using, self._pool, self._stop, self._jitter = using, pool, stop, jitter
        self._jobs: dict[str, Future[_Sent]] = {}
        self._forgotten = datetime.min.replace(tzinfo=UTC)

    def step(self, now: datetime) -> bool:
        """Settle what has ended, and begin what is due; returns whether there may be more to do at once."""
        busy = self.settle(now)
        shop = Shop.objects.using(self._using).first()
        for endpoint in Endpoint.objects.using(self._using).filter(active=True) if shop else ():
            busy |= fill(endpoint.id, now, using=self._using) > 0
            if endpoint.id not in self._jobs and shop is not None:
                self._begin(endpoint, now, live=shop.live)
        if now - self._forgotten >= _FORGET:
            self._forgotten = now
            forget(now, using=self._using)
        return busy

    def settle(self, now: datetime, *, wait: bool = False) -> bool:
        """Note what came of the jobs that have ended, or of all; returns whether there were any."""
        ended = [name for name, job in self._jobs.items() if wait or job.done()]
        for name in ended:
            claimed, answers = self._jobs.pop(name).result()
            settle(name, list(zip(claimed, answers, strict=False)), now, self._jitter, using=self._using)
            unclaim(claimed[len(answers) :], now, using=self._using)
            if answers and not answers[-1].good:
                last = answers[-1]
                _log.warning("a webhook failed", extra={"hook": name, "status": last.status, "code": last.error})
        return bool(ended)

    def _begin(self, endpoint: Endpoint, now: datetime, *, live: bool) -> None:
        claimed = claim(endpoint.id, now, using=self._using)
        if claimed:
            secrets = secrets_of(endpoint, now)
            job = partial(_send_all, endpoint.url, secrets, claimed, self._stop, live=live)
            self._jobs[endpoint.id] = self._pool.submit(job)


def send_hooks(using: str, stop: threading.Event) -> None:
    """Send webhooks until ``stop`` is set; a failure of the database is left to the next time."""
    with ThreadPoolExecutor(_SENDERS, "hooks") as pool:
        hooks = Hooks(using, pool, stop)
        while not stop.is_set():
            busy = False
            try:
                busy = hooks.step(datetime.now(UTC))
            except Exception:  # whatever it is: the writer is another thread, and goes on
                _log.warning("no webhooks could be sent", exc_info=True)
                connections[using].close()
            stop.wait(_BUSY_SECONDS if busy else _ROUND_SECONDS)
        with suppress(Exception):  # what is not noted is sent once more
            hooks.settle(datetime.now(UTC), wait=True)
    connections[using].close()


def _send_all(
    url: str, secrets: Sequence[str], claimed: Sequence[Delivery], stop: threading.Event, *, live: bool
) -> _Sent:
    """Send one after the other, until one fails: the others would too, and their turn comes."""
    until, answers = time.monotonic() + _JOB_SECONDS, list[Answer]()
    for delivery in claimed:
        now = datetime.now(UTC)
        headers = {
            "webhook-id": delivery.message,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signatures(secrets, delivery.message, now, delivery.body),
        }
        answers.append(send(url, delivery.body, headers, live=live))
        if not answers[-1].good or time.monotonic() > until or stop.is_set():
            break
    return claimed, answers
