"""The sender of webhooks, a thread of the worker: it looks at the log, and sends what is due, each endpoint by itself.

All that concerns the database happens in this thread; the others only send, so a slow receiver holds up nobody else.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event

from django.db import connections

from jifen.service.hooks.deliveries import Jitter, claim, fill, forget, settle, unclaim
from jifen.service.hooks.endpoints import secrets_of
from jifen.service.hooks.models import Delivery, Endpoint
from jifen.service.hooks.sending import Answer, send, signatures
from jifen.service.models import Shop

__all__ = ["Hooks", "Senders", "send_hooks"]

_SENDERS = 4
"""Endpoints that are sent to at a time."""
_ROUND_SECONDS, _BUSY_SECONDS = 1.0, 0.05
"""Between two looks at the log, and while there is more to do."""
_JOB_SECONDS = 45.0
"""After so long nothing more of a claim is tried."""
_STOP_SECONDS = 4.0
"""How long one waits for receivers when the worker ends."""
_FORGET = timedelta(hours=1)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Job:
    """What was claimed for an endpoint, and the answers to as much of it as has been sent."""

    claimed: Sequence[Delivery]
    answers: list[Answer] = field(default_factory=list)
    ended: Event = field(default_factory=Event)


class Senders:
    """Threads that send, a few at a time; the process may end while one of them waits for a receiver."""

    def __init__(self, most: int = _SENDERS) -> None:
        """Let so many send at a time."""
        self._places = threading.BoundedSemaphore(most)

    def begin(self, work: Callable[[], None]) -> None:
        """Do some work in a thread of its own, when there is a place."""

        def done() -> None:
            with self._places:
                work()

        threading.Thread(target=done, name="webhook", daemon=True).start()


class Hooks:
    """What a sender is at: a job for each endpoint that is being sent to."""

    def __init__(self, using: str, senders: Senders, stop: Event, jitter: Jitter = random.random) -> None:
        """Send for a shop, with the threads of ``senders``, until ``stop`` is set."""
        self._using, self._senders, self._stop, self._jitter = using, senders, stop, jitter
        self._jobs: dict[str, _Job] = {}
        self._quiet: dict[str, datetime] = {}
        """Until when an endpoint has asked to be left alone; who starts anew tries it once before."""
        self._forgotten = datetime.min.replace(tzinfo=UTC)

    def step(self, now: datetime) -> bool:
        """Settle what has ended, and begin what is due; returns whether there may be more to do at once."""
        busy = self.settle(now)
        shop = Shop.objects.using(self._using).first()
        for endpoint in Endpoint.objects.using(self._using).filter(active=True) if shop else ():
            busy |= fill(endpoint.id, now, using=self._using) > 0
            if endpoint.id not in self._jobs and shop is not None and self._quiet.get(endpoint.id, now) <= now:
                self._begin(endpoint, now, live=shop.live)
        if now - self._forgotten >= _FORGET:
            self._forgotten = now
            forget(now, using=self._using)
        return busy

    def settle(self, now: datetime, *, wait: float = 0.0) -> bool:
        """Note what came of the jobs that end within ``wait`` seconds; returns whether there were any."""
        until = time.monotonic() + wait
        for job in self._jobs.values() if wait else ():
            job.ended.wait(max(until - time.monotonic(), 0.0))
        ended = [name for name, job in self._jobs.items() if job.ended.is_set()]
        for name in ended:
            job = self._jobs.pop(name)
            self._note(name, job, len(job.answers), now)
        return bool(ended)

    def leave(self, now: datetime, *, within: float = _STOP_SECONDS) -> None:
        """Note what has been sent, and what ends within some seconds; what a slow receiver is at is sent once more."""
        self.settle(now, wait=within)
        for name, job in self._jobs.items():
            self._note(name, job, len(job.answers) + 1, now)
        self._jobs.clear()

    def _note(self, name: str, job: _Job, tried: int, now: datetime) -> None:
        """Settle what has an answer, and give back what was not tried."""
        answers = job.answers[: len(job.claimed)]
        settle(name, list(zip(job.claimed, answers, strict=False)), now, self._jitter, using=self._using)
        unclaim(job.claimed[tried:], now, using=self._using)
        if answers and not answers[-1].good:
            last = answers[-1]
            if last.wait is not None:
                self._quiet[name] = now + last.wait
            _log.warning("a webhook failed", extra={"hook": name, "status": last.status, "code": last.error})

    def _begin(self, endpoint: Endpoint, now: datetime, *, live: bool) -> None:
        claimed = claim(endpoint.id, now, using=self._using)
        if claimed:
            self._jobs[endpoint.id] = job = _Job(claimed)
            secrets = secrets_of(endpoint, now)
            self._senders.begin(partial(_send_all, endpoint.url, secrets, job, self._stop, live=live))


def send_hooks(using: str, stop: Event) -> None:
    """Send webhooks until ``stop`` is set; a failure of the database is left to the next time."""
    hooks = Hooks(using, Senders(), stop)
    while not stop.is_set():
        busy = False
        try:
            busy = hooks.step(datetime.now(UTC))
        except Exception:  # whatever it is: the writer is another thread, and goes on
            _log.warning("no webhooks could be sent", exc_info=True)
            connections[using].close()
        stop.wait(_BUSY_SECONDS if busy else _ROUND_SECONDS)
    with suppress(Exception):  # what is not noted is sent once more
        hooks.leave(datetime.now(UTC))
    connections[using].close()


def _send_all(url: str, secrets: Sequence[str], job: _Job, stop: Event, *, live: bool) -> None:
    """Send one after the other, until one fails: the others would too, and their turn comes."""
    until = time.monotonic() + _JOB_SECONDS
    try:
        for delivery in job.claimed:
            if stop.is_set() or time.monotonic() > until:
                break
            now = datetime.now(UTC)
            headers = {
                "webhook-id": delivery.message,
                "webhook-timestamp": str(int(now.timestamp())),
                "webhook-signature": signatures(secrets, delivery.message, now, delivery.body),
            }
            job.answers.append(send(url, delivery.body, headers, live=live))
            if not job.answers[-1].good:
                break
    finally:
        job.ended.set()
