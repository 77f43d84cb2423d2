"""Senders of codes: an interface, those that we bring, and others by entry point (``jifen.sms``).

A sender is made of the settings of the shop, and sends one code to one number. What it raises is logged without the
number, counted, and the code may be asked for again.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from importlib.metadata import entry_points
from typing import Protocol

from django.conf import settings
from prometheus_client import Counter

from jifen.core.errors import InputError, Problem
from jifen.service.counters import COUNTS
from jifen.service.environment import Settings

__all__ = ["GROUP", "Sender", "pretend_to_send", "send_soon", "sender_of", "senders", "wait_for_sent"]

GROUP = "jifen.sms"
"""The group of entry points: each names a callable that makes a ``Sender`` of ``Settings``."""
_SENT = Counter("jifen_sms", "Codes that were handed to the sender, by what came of it.", ["result"], registry=COUNTS)
_log = logging.getLogger(__name__)
_pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="sms")
_under_way: set[Future[None]] = set()


class Sender(Protocol):
    """Sends codes."""

    def send(self, number: str, code: str) -> None:
        """Send a code to a number in E.164; whatever goes wrong raises."""


def senders() -> list[str]:
    """The names of all that are installed."""
    return sorted(point.name for point in entry_points(group=GROUP))


def sender_of(given: Settings, *, live: bool) -> Sender:
    """The sender that the settings name; ``InputError`` (``no_sender``) if it is none, or not one of a live shop."""
    if live and given.sms == "console":
        raise InputError(Problem("no_sender", "nobody sends the codes of this live shop", "set JIFEN_SMS"))
    for point in entry_points(group=GROUP, name=given.sms):
        made: Sender = point.load()(given)
        return made
    message = f"no sender of short messages is called {given.sms[:40]!r}"
    raise InputError(Problem("no_sender", message, f"JIFEN_SMS is one of {', '.join(senders())}"))


def send_soon(number: str, code: str, *, live: bool) -> None:
    """Send a code from another thread: how long an answer takes does not tell whether one was sent."""
    _submit(_send, number, code, live)


def pretend_to_send(*, live: bool) -> None:
    """What ``send_soon`` does for who asks, without a message."""
    _submit(_send_nothing, "", "", live)


def wait_for_sent() -> None:
    """Return when all that was to be sent so far has been."""
    wait(list(_under_way))


def _submit(send: Callable[[str, str, bool], None], number: str, code: str, live: bool) -> None:
    future = _pool.submit(send, number, code, live)
    _under_way.add(future)
    future.add_done_callback(_under_way.discard)


def _send_nothing(number: str, code: str, live: bool) -> None:
    pass


def _send(number: str, code: str, live: bool) -> None:
    given: Settings = settings.SETTINGS
    try:
        sender_of(given, live=live).send(number, code)
    except Exception as error:  # whatever a sender raises: it may name the number, and so only its kind is logged
        _SENT.labels("failed").inc()
        _log.error("a code could not be sent", extra={"sender": given.sms, "error": type(error).__name__})
    else:
        _SENT.labels("sent").inc()
