"""Measuring: the median of several runs and their spread, and the most memory the process has had."""

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

__all__ = ["TIMES", "Say", "Timing", "measure", "peak_bytes", "quiet", "reset_peak"]

TIMES = 5
"""Runs of which the median counts."""

Say = Callable[[str], None]
"""Told what is being done, whenever something else is."""

_KIB = 1024


def quiet(doing: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The median of some runs in seconds, and the slowest less the fastest of them."""

    seconds: float
    spread: float

    @classmethod
    def of(cls, runs: list[float]) -> "Timing":
        """From the seconds of each run."""
        return cls(median(runs), max(runs) - min(runs))


def measure(
    run: Callable[[], object],
    before: Callable[[], object] | None = None,
    *,
    times: int = TIMES,
    say: Say = quiet,
    what: str = "measuring",
) -> Timing:
    """Time ``run`` so many times; ``before`` makes each one's start the same and is not timed.

    Nothing is run to warm up: the caller has compiled what is compiled.
    """
    runs = []
    for number in range(times):
        say(f"{what}, {number + 1} of {times}")
        if before is not None:
            before()
        start = time.perf_counter()
        made = run()
        runs.append(time.perf_counter() - start)
        del made  # what a run has made is not given back inside the time of the next one
    return Timing.of(runs)


def reset_peak() -> None:
    """Begin to count the peak of memory anew, where the system can."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def peak_bytes() -> int:
    """The most memory this process has had since ``reset_peak``, or since it began where that cannot be told."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * _KIB
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB
