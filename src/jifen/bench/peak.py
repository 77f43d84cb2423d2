"""The most memory that a close takes, with its journal streamed, in a process that has only mapped the world.

That is how a shop's writer lives: it starts from a snapshot and closes a day. ``python -m jifen.bench.peak FOLDER``
does so in a folder that ``peak_of_close`` has made ready.
"""

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from jifen.bench import ours
from jifen.bench.timing import peak_bytes
from jifen.bench.worlds import give_names
from jifen.ledger.segments import SegmentWriter

if TYPE_CHECKING:
    from jifen.engine import World

__all__ = ["peak_of_close"]


def peak_of_close(world: "World", folder: Path) -> int:
    """Save the world and begin a journal in ``folder``, let another process close a day, return its peak in bytes."""
    give_names(world)
    ours.open_journal(world, folder / "journal")
    ours.save_snapshot(world, folder / "world")
    command = [sys.executable, "-m", "jifen.bench.peak", str(folder)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603


def _close(folder: Path) -> int:
    world = ours.load_snapshot(folder / "world")
    ours.close_to_journal(world, SegmentWriter(folder / "journal"))
    return peak_bytes()


if __name__ == "__main__":
    sys.stdout.write(f"{_close(Path(sys.argv[1]))}\n")
