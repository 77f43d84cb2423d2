"""The web server and a worker side by side: a worker that dies is started again, and both end together."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

__all__ = ["Child", "run_beside"]

_LOOK_SECONDS = 0.1
_SOONEST, _LATEST = 0.5, 30.0
_SETTLED_SECONDS = 60.0
_JIFEN = (sys.executable, "-P", "-c", "from jifen.cli import main; main()")
_log = logging.getLogger(__name__)


class Child:
    """A process of ours; ``look`` starts it again when it has ended by itself, after a while that grows."""

    def __init__(self, name: str, arguments: Sequence[str]) -> None:
        """Start ``jifen`` with these arguments; the child ends when this process does."""
        self.name = name
        self._command = [*_JIFEN, *arguments, "--parent", str(os.getpid())]
        self._pause, self._began, self._due = _SOONEST, 0.0, 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._start()

    def look(self) -> int | None:
        """Return how it has ended, the first time one looks after that, and start it again when it is time to."""
        if self._process is None:
            if time.monotonic() >= self._due:
                self._start()
            return None
        code = self._process.poll()
        if code is None:
            return None
        lived = time.monotonic() - self._began
        self._pause = _SOONEST if lived > _SETTLED_SECONDS else self._pause
        self._due = time.monotonic() + self._pause
        self._pause = min(self._pause * 2, _LATEST)
        self._process = None
        return code

    def stop(self) -> int:
        """Ask it to end, and return how it has."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait()

    def _start(self) -> None:
        self._began = time.monotonic()
        # In a group of its own: Ctrl-C on a terminal reaches this process alone, which then ends both in order.
        self._process = subprocess.Popen(self._command, process_group=0)  # noqa: S603
        _log.info("started", extra={"process_name": self.name, "child": self._process.pid})


def run_beside(web: Sequence[str], worker: Sequence[str], stop: threading.Event) -> int:
    """Run both until ``stop`` is set, or the web server ends by itself; returns what this process is to end with.

    The web server is stopped first: requests that wait for the writer have it still.
    """
    served, working = Child("web", web), Child("worker", worker)
    ended: int | None = None
    while ended is None and not stop.wait(_LOOK_SECONDS):
        ended = served.look()
        code = working.look()
        if code is not None:
            _log.error("the worker has ended and is started again", extra={"exit": code})
    if ended is not None:
        _log.critical("the web server has ended", extra={"exit": ended})
    codes = [served.stop(), working.stop()]
    return 1 if ended is not None or any(codes) else 0
