"""A restore that kills itself at a moment: ``python -m tests.service.killed_restore FILE ADDRESS FOLDER MOMENT``."""

import os
import signal
import sys
from pathlib import Path

from jifen.service.databases import open_database, start_django

start_django()

from jifen.service import restore as module  # noqa: E402


def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def main(file: str, address: str, folder: str, moment: str) -> None:
    open_database("shop", address)

    def progress(what, done, count):
        if what == moment and 2 * done >= count:
            die()

    journal, synced = Path(folder, "journal"), module.sync

    def sync(path):
        """The journal is in place; or what follows it would be the database."""
        synced(path)
        if (moment == "journal" and path == journal) or (moment == "database" and path == journal.parent):
            die()

    module.sync = sync
    module.restore(Path(file), Path(folder), "shop", progress=progress)


if __name__ == "__main__":
    main(*sys.argv[1:])
