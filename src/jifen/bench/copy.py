"""How many bytes a second memory gives and takes here: the bound that no close can beat.

Measured in a process of its own, so that neither the world's memory nor its compiled code is in the way:
``python -m jifen.bench.copy BYTES``.
"""

import subprocess
import sys
import time

__all__ = ["copy_bytes_per_s"]

_BYTES = 1 << 29
"""Many times what any cache holds."""
_TIMES = 7


def copy_bytes_per_s(size: int = _BYTES) -> int:
    """Bytes read and written a second by copying an array of ``size`` bytes, measured by another process.

    A copy reads each byte and writes it, so both count: as in ``bytes_touched``, where what is read and written counts
    twice. Of several runs the fastest counts, which makes the bound as hard as it can be.
    """
    command = [sys.executable, "-m", "jifen.bench.copy", str(size)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603


def _measure(size: int) -> int:
    import numpy as np

    source = np.ones(size // 8, dtype=np.int64)
    target = np.zeros_like(source)
    np.copyto(target, source)  # the pages are there before anything is timed
    best = float("inf")
    for _ in range(_TIMES):
        start = time.perf_counter()
        np.copyto(target, source)
        best = min(best, time.perf_counter() - start)
    return round(2 * source.nbytes / best)


if __name__ == "__main__":
    sys.stdout.write(f"{_measure(int(sys.argv[1]))}\n")
