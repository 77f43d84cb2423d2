"""The worker of a shop: it stands for election as the writer, and asks for the close of each day that has ended.

Several may run: one writes, the others wait for it to end. A worker outlives its database: what fails is logged and
counted, the connection is thrown away, and after a while, longer from time to time, it is tried again.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from django.db import DatabaseError, InterfaceError, connections

from jifen.core.errors import BrokenInvariant, UserError
from jifen.engine.warm import warm
from jifen.service.closing import ask_closes
from jifen.service.day_files import STATEMENTS, keep_until
from jifen.service.hooks.work import send_hooks
from jifen.service.programs.watching import watch
from jifen.service.serving.counts import FAILURES, CountedWriter, share_counts
from jifen.service.serving.metrics import COUNTS_FOLDER
from jifen.service.serving.tidying import Daily
from jifen.service.shop import shop_of
from jifen.service.staff import deeds
from jifen.service.wallets import following
from jifen.service.writer import SNAPSHOTS, run_writer

__all__ = ["persist", "run_worker", "warm_up"]

_ASK_SECONDS = 5.0
"""Between two looks at the clock of the shop."""
_SOONEST, _LATEST = 0.2, 10.0
"""Seconds before something that failed is tried again."""
_SETTLED_SECONDS = 60.0
"""What has gone well for so long is tried again as soon as it can be."""
_log = logging.getLogger(__name__)


def warm_up() -> None:
    """Compile all kernels that have not been compiled on this machine, so that no member waits for it later."""
    began = time.monotonic()
    warm()
    _log.info("kernels are ready", extra={"seconds": round(time.monotonic() - began, 1)})


def run_worker(folder: Path, stop: threading.Event, using: str = "default") -> None:
    """Work until ``stop`` is set, then finish the batch, keep a snapshot and let another be elected.

    What no second try can mend raises: ``UserError`` (no shop, a log that cannot be followed) and ``BrokenInvariant``.
    """
    asker = threading.Thread(target=_ask, args=(folder, using, stop), name="asker", daemon=True)
    counts = share_counts(folder / COUNTS_FOLDER, stop)
    keeper = threading.Thread(target=keep_until, args=(stop, folder / STATEMENTS, using), name="keeper", daemon=True)
    sender = threading.Thread(target=send_hooks, args=(using, stop), name="hooks", daemon=True)
    asker.start()
    keeper.start()
    sender.start()
    try:
        persist(lambda: run_writer(folder, using, stop=stop, kind=CountedWriter), using, stop)
    finally:
        stop.set()
        asker.join()
        keeper.join()
        counts.join()
        sender.join()  # last: it may wait for a receiver that is slow
        connections[using].close()


def persist(work: Callable[[], None], using: str, stop: threading.Event) -> None:
    """Do some work until ``stop`` is set, and again when it fails; what cannot be mended by that raises."""
    pause = _SOONEST
    while not stop.is_set():
        began = time.monotonic()
        try:
            work()
        except (UserError, BrokenInvariant):
            _log.critical("the worker cannot go on", exc_info=True)
            raise
        except Exception as error:
            _log.exception("the worker starts again")
            if isinstance(error, DatabaseError | InterfaceError):
                FAILURES.inc()
            connections[using].close()
            pause = _SOONEST if time.monotonic() - began > _SETTLED_SECONDS else pause
            stop.wait(pause)
            pause = min(pause * 2, _LATEST)


def _ask(folder: Path, using: str, stop: threading.Event) -> None:
    """Ask for closes again and again, and look at each; a failure is left to the next time."""
    last, daily = None, Daily(using)
    while not stop.is_set():
        try:
            deeds.mend(using)
            following.mend(using)
            results = ask_closes(datetime.now(UTC), using=using)
            if results and results[-1] != last:
                last = results[-1]
                level = logging.ERROR if last.code else logging.INFO
                _log.log(level, "closes are due", extra={"days": len(results), "code": last.code})
            _look(folder, using)
            daily.step(datetime.now(UTC))
        except Exception:  # whatever it is: the writer is another thread, and goes on
            _log.warning("no close could be asked for", exc_info=True)
            connections[using].close()
        stop.wait(_ASK_SECONDS)
    connections[using].close()


def _look(folder: Path, using: str) -> None:
    """Hold the day that was closed against the rules."""
    found = watch(folder / SNAPSHOTS, using=using)
    if found is None:
        return
    level, said = logging.INFO, "a close was held against the rules"
    if found.stops and shop_of(using).live:
        level, said = logging.ERROR, "the shop is frozen by what a close has shown: jifen program findings"
    elif found.stops:
        level, said = logging.WARNING, "a live shop would be frozen by what a close has shown: jifen program findings"
    _log.log(level, said, extra={"day": found.day, "code": ",".join(found.stops)})
