"""What the commands for a shop that is open share: its settings, and how far they are with what takes long."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from jifen.cli.output import errors

if TYPE_CHECKING:
    from jifen.service.environment import Settings

__all__ = ["last_batch", "live_settings", "phases_shown"]

_SOON = 2.0
"""Seconds after which somebody who waits is told how far it is."""


def live_settings() -> "Settings":
    """The settings of the environment, with Django ready; what is wrong with them is an ``InputError``."""
    from jifen.service.databases import start_django

    start_django()
    from jifen.service.settings import SETTINGS

    return SETTINGS


@contextmanager
def phases_shown() -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar for each phase on stderr, after a while; the value is called with the phase, what is done and all."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    start, tasks = time.monotonic(), {}
    progress = Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal)

    def advance(phase: str, done: int, count: int) -> None:
        if phase not in tasks:
            tasks[phase] = progress.add_task(phase, total=None)
        progress.update(tasks[phase], completed=done, total=count or None)
        if time.monotonic() - start > _SOON:
            progress.start()

    try:
        yield advance
    finally:
        progress.stop()


def last_batch(number: int, digest: str) -> str:
    """Where the log of a backup ends, as a line to keep.

    >>> last_batch(119, "cd58")
    'The last batch is 119, its hash cd58.'
    >>> last_batch(-1, "0000")
    'Nothing has been written to its books yet.'
    """
    return (
        f"The last batch is {number}, its hash {digest}."
        if number >= 0
        else "Nothing has been written to its books yet."
    )
