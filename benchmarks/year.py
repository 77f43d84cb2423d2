"""The real shop's year under one plan, and a small run: ``python -m benchmarks.year PRESET`` writes the seconds.

What is timed begins when everything is imported: files are read, every day is closed, the journal, the balances and
the snapshot are written.
"""

import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from jifen.batch.run import Inputs, run
from jifen.plan import load_plan


def data() -> Path | None:
    """The folder of the real orders, if it is there: ``JIFEN_SHARED``, or beside the repository."""
    folder = Path(os.environ.get("JIFEN_SHARED") or Path(__file__).parents[2] / "shared") / "data" / "online_retail"
    return folder if folder.is_dir() else None


def seconds(preset: str, folder: Path) -> float:
    """How long one run takes."""
    inputs = Inputs(*(folder / f"{kind}.csv" for kind in ("members", "orders", "refunds")))
    with TemporaryDirectory(prefix="jifen-bench-") as out:
        plan = load_plan(preset)
        start = time.perf_counter()
        run(plan, inputs, Path(out) / "run")
        return time.perf_counter() - start


if __name__ == "__main__":
    here = data()
    print(seconds(sys.argv[1], here) if here else "no data")
