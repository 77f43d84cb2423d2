"""How a process is stopped: kindly by the first signal, at once by the second, and with the one that started it."""

import os
import signal
import threading
import time

__all__ = ["stop_with_parent", "stopped_by_signals"]

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_LOOK_SECONDS = 0.5


def stopped_by_signals() -> threading.Event:
    """Return what SIGTERM and SIGINT set from now on; a second signal ends the process as if nobody listened.

    To be called from the main thread.
    """
    stop = threading.Event()

    def ask(number: int, frame: object) -> None:
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        # Not from here: the main thread may be inside of ``stop.wait`` and hold the lock that ``set`` takes.
        threading.Thread(target=stop.set).start()

    for each in _SIGNALS:
        signal.signal(each, ask)
    return stop


def stop_with_parent(parent: int) -> None:
    """Send this process a SIGTERM when ``parent``, the id of the process that started it, is gone."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()
