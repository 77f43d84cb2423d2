"""A writer in a process of its own, which is killed: ``python -m tests.service.killed ADDRESS``."""

import sys
import time

from jifen.service.databases import open_database, start_django

start_django()

from jifen.service.writer import Writer  # noqa: E402

LEASE = 0.5


def main(url: str) -> None:
    open_database("shop", url)
    while (writer := Writer.elected("shop", seconds=LEASE)) is None:
        time.sleep(0.02)
    sys.stdout.write("elected\n")
    sys.stdout.flush()
    while True:
        if not writer.step():
            time.sleep(0.002)


if __name__ == "__main__":
    main(sys.argv[1])
