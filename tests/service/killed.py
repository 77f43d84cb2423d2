"""A writer in a process of its own, which is killed: ``python -m tests.service.killed ADDRESS FOLDER``."""

import sys
import time
from pathlib import Path

from jifen.service.databases import open_database, start_django

start_django()

from jifen.service.writer import Writer  # noqa: E402

LEASE = 0.5


def main(url: str, folder: str) -> None:
    open_database("shop", url)
    while (writer := Writer.elected(Path(folder), "shop", seconds=LEASE)) is None:
        time.sleep(0.02)
    sys.stdout.write("elected\n")
    sys.stdout.flush()
    while True:
        if not writer.step():
            time.sleep(0.002)


if __name__ == "__main__":
    main(*sys.argv[1:])
