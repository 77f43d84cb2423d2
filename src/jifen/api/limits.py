"""How often one may ask, and how many may wait for the books at once.

For each who asks there is a bucket of tokens, filled again at a steady rate.

Each process counts by itself: with several processes behind one address the limit is so many times as high.
"""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from django.http import HttpRequest

from jifen.api.problems import Refused
from jifen.service.client import client_network
from jifen.service.rights import Principal

__all__ = ["BUCKETS", "RATES", "WAITING_MOST", "Buckets", "Rate", "check_rate", "patience"]


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests at once, and so many a second after that."""

    burst: int
    a_second: int


RATES: Mapping[str, Rate] = {
    "key": Rate(300, 150), "staff": Rate(120, 20), "member": Rate(60, 10), "stranger": Rate(120, 10),
}  # fmt: skip
"""By kind of principal; a stranger is known by the address that the request comes from, which is a proxy's unless
``JIFEN_TRUSTED_PROXIES`` says that there are proxies."""

_MOST = 20_000
"""Buckets that are remembered; the one that was asked longest ago is forgotten first, and would be full again soon."""


class Buckets:
    """The buckets of one process, for its threads."""

    def __init__(self, most: int = _MOST) -> None:
        """Remember nobody."""
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._most, self._lock = most, threading.Lock()

    def take(self, who: str, rate: Rate, now: float) -> float:
        """Take one token: 0, or the seconds until there is one."""
        with self._lock:
            left, at = self._left.pop(who, (rate.burst, now))
            left = min(left + (now - at) * rate.a_second, rate.burst)
            wait = 0.0 if left >= 1 else (1 - left) / rate.a_second
            self._left[who] = (left if wait else left - 1), now
            if len(self._left) > self._most:
                self._left.popitem(last=False)
        return wait

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._left.clear()


BUCKETS = Buckets()


def check_rate(request: HttpRequest, principal: Principal | None) -> None:
    """Count a request; ``Refused`` (``too_many``) says after how many seconds there may be another."""
    kind = "stranger" if principal is None else principal.kind
    who = f"stranger:{client_network(request)}" if principal is None else str(principal)
    wait = BUCKETS.take(who, RATES[kind], time.monotonic())
    if wait:
        seconds = math.ceil(wait)
        raise Refused("too_many", "too many requests", f"wait {seconds} s, then send it again", seconds=seconds)


WAITING_MOST = 8
"""Requests of one process that wait for the books at once: half of its threads, so that others can read meanwhile."""
_PLACES = threading.BoundedSemaphore(WAITING_MOST)


@contextmanager
def patience(seconds: float) -> Iterator[float]:
    """How long a request may wait for the books: as long as it asks for, or not at all while too many do."""
    if not seconds or not _PLACES.acquire(blocking=False):
        yield 0.0
        return
    try:
        yield seconds
    finally:
        _PLACES.release()
