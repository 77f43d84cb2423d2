"""The web server: gunicorn with threads, which answers from the database and writes nothing but to the inbox."""

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from jifen.core.errors import InputError, Problem
from jifen.service.environment import Settings
from jifen.service.serving.counts import share_counts
from jifen.service.serving.metrics import COUNTS_FOLDER
from jifen.service.status.overview import readers_of

__all__ = ["Address", "OneLog", "WebServer", "check_address", "parse_address"]

_THREADS = 16
"""Requests that one process answers at once; some of them wait for the books."""
_GRACEFUL_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Address:
    """Where the shop is reached."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def bind(self) -> str:
        """As gunicorn has it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """Read ``host:port``; what is none is an ``InputError``.

    >>> parse_address("[::1]:8000")
    Address(host='::1', port=8000)
    """
    host, separator, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (separator and host and port.isascii() and port.isdecimal() and int(port) < 1 << 16):
        message = f"{text[:60]!r} is not an address to listen on"
        raise InputError(Problem("bad_option", message, "write host:port, such as 127.0.0.1:8000", column="--bind"))
    return Address(host, int(port))


def check_address(address: Address, given: Settings) -> None:
    """Refuse an address that others reach before there is a key, and one that cannot be listened on."""
    if given.made_key and not address.is_loopback:
        message = f"others reach {address.bind}, and JIFEN_SECRET_KEY is not set"
        remedy = "set it to 32 characters or more that nobody can guess, or listen on 127.0.0.1"
        raise InputError(Problem("no_secret_key", message, remedy, column="--bind"))
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(place)
    except OSError as error:
        message = f"nobody can listen on {address.bind}: {error.strerror or error}"
        raise InputError(
            Problem("bad_bind", message, "stop what listens there, or choose another", column="--bind")
        ) from error


class OneLog(Logger):  # type: ignore[misc]
    """Gunicorn's log goes where all others go."""

    def setup(self, cfg: Any) -> None:
        """Take no handlers."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class WebServer(BaseApplication):  # type: ignore[misc]
    """Gunicorn with our application; ``run`` returns by leaving the process."""

    def __init__(self, address: Address, processes: int, ready: Callable[[str], None]) -> None:
        """Listen on an address; ``ready`` is called with the URL when requests are taken."""
        self._address, self._processes, self._ready = address, processes, ready
        super().__init__()

    def load_config(self) -> None:
        """Say how gunicorn is to run."""
        options = {
            "bind": self._address.bind,
            "worker_class": "gthread",
            "workers": self._processes,
            "threads": _THREADS,
            "graceful_timeout": _GRACEFUL_SECONDS,
            "logger_class": OneLog,
            "proc_name": "jifen",
            "control_socket_disable": True,
            "when_ready": self._when_ready,
            "post_worker_init": _post_worker_init,
        }
        for name, value in options.items():
            if name in self.cfg.settings:  # older releases know no control socket
                self.cfg.set(name, value)

    def load(self) -> Any:
        """Return Django's application, with all that stands behind its addresses: no request waits for that."""
        application = get_wsgi_application()
        _ = get_resolver().url_patterns
        readers_of("default", settings.SETTINGS.var)
        return application

    def _when_ready(self, server: Any) -> None:
        self._ready(f"http://{str(server.LISTENERS[0]).rpartition('/')[2]}")


def _post_worker_init(worker: Any) -> None:
    """Count in each process on its own, from a thread that cannot be started before the fork."""
    share_counts(settings.SETTINGS.var / COUNTS_FOLDER, threading.Event())
