"""One request of a webhook: signed, to one address, without a detour, and over after 15 seconds whatever happens."""

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult

from standardwebhooks.webhooks import Webhook

from jifen import __version__
from jifen.core.errors import InputError
from jifen.service.hooks.addresses import Resolve, address_of, check_url, port_of, resolve

__all__ = ["LONGEST_WAIT", "PATIENCE", "Answer", "asked_to_wait", "post", "send", "signatures"]

PATIENCE = 15.0
"""Seconds for a whole request, as the text of Standard Webhooks advises."""

LONGEST_WAIT = timedelta(days=1)
"""Nobody is left alone for longer because it asks for it."""
_ASKING = (429, 503)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an endpoint said: a status, or why there is none."""

    status: int | None = None
    error: str = ""
    wait: timedelta | None = None
    """For how long it asks to be left alone, with 429 or 503."""

    @property
    def good(self) -> bool:
        """Whether it took the message."""
        return self.status is not None and 200 <= self.status < 300


def signatures(secrets: Sequence[str], message: str, now: datetime, body: str) -> str:
    """What stands in ``webhook-signature``: one signature for each secret, the newest first."""
    return " ".join(Webhook(secret).sign(message, now, body) for secret in secrets)


def asked_to_wait(status: int, text: str, now: datetime) -> timedelta | None:
    """What ``Retry-After`` asks for, in seconds or as a date; never longer than ``LONGEST_WAIT``.

    >>> asked_to_wait(429, "120", datetime(2026, 3, 1, tzinfo=UTC))
    datetime.timedelta(seconds=120)
    >>> asked_to_wait(503, "Sun, 01 Mar 2026 00:10:00 GMT", datetime(2026, 3, 1, tzinfo=UTC))
    datetime.timedelta(seconds=600)
    """
    if status not in _ASKING or not text:
        return None
    if text.isascii() and text.isdecimal():
        return min(timedelta(seconds=int(text[:9])), LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    wait = (at if at.tzinfo else at.replace(tzinfo=UTC)) - now
    return min(max(wait, timedelta(0)), LONGEST_WAIT)


def send(url: str, body: str, headers: dict[str, str], *, live: bool, resolve: Resolve = resolve) -> Answer:
    """Send a body once, and say what came of it; nothing raises that the network or the receiver could be at."""
    try:
        parts = check_url(url, live=live)
        return post(parts, address_of(parts, live=live, resolve=resolve), body, headers)
    except InputError as error:
        return Answer(error=error.problems[0].code)
    except TimeoutError:
        return Answer(error="timeout")
    except ssl.SSLError:
        return Answer(error="tls")
    except http.client.HTTPException:
        return Answer(error="bad_answer")
    except (OSError, ValueError):
        return Answer(error="unreachable")


def post(parts: SplitResult, address: str, body: str, headers: dict[str, str], *, patience: float = PATIENCE) -> Answer:
    """Send to an address, whatever the name means by now. Of the answer only its head is read, and followed nowhere.

    Raises ``OSError`` and ``HTTPException``; ``TimeoutError`` once ``patience`` seconds have passed, even if the
    receiver still sends a byte from time to time.
    """
    connection = _connection(parts, patience)
    connection.sock = socket.create_connection((address, port_of(parts)), timeout=patience)
    try:
        if parts.scheme == "https":
            connection.sock = ssl.create_default_context().wrap_socket(
                connection.sock, server_hostname=parts.hostname, do_handshake_on_connect=False
            )
        with _ended_after(patience, connection.sock):
            if isinstance(connection.sock, ssl.SSLSocket):
                connection.sock.do_handshake()
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            agent = {"User-Agent": f"jifen/{__version__}", "Content-Type": "application/json"}
            connection.request("POST", path, body.encode(), {**headers, **agent, "Connection": "close"})
            found = connection.getresponse()
            wait = asked_to_wait(found.status, found.getheader("Retry-After", "").strip(), datetime.now(UTC))
            return Answer(found.status, wait=wait)
    finally:
        connection.close()


def _connection(parts: SplitResult, patience: float) -> http.client.HTTPConnection:
    """A connection that is not yet made; its kind only says which port goes without saying."""
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.hostname or "", port_of(parts), timeout=patience)


@contextmanager
def _ended_after(seconds: float, sock: socket.socket) -> Iterator[None]:
    """Cut a socket off when the time is up, from another thread: what waits on it wakes, and is told why."""
    late = threading.Event()

    def cut() -> None:
        late.set()
        with suppress(OSError):
            socket.socket.shutdown(sock, socket.SHUT_RDWR)  # that of TLS would change what the other thread is at

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, ValueError, http.client.HTTPException) as error:
        if late.is_set():
            raise TimeoutError("the receiver took too long") from error
        raise
    finally:
        timer.cancel()
