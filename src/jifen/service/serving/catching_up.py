"""Days are closed because somebody asks for it now, and waits for it."""

import time
from collections.abc import Callable
from datetime import date, datetime

from jifen.core.errors import InputError, Problem
from jifen.service.closing import Progress, ask_closes, progress
from jifen.service.inbox import Result
from jifen.service.lease import is_held
from jifen.service.serving.figures import day_begins
from jifen.service.shop import open_day, shop_of

__all__ = ["AHEAD_MOST", "close_days", "moment_after"]

AHEAD_MOST = 366
"""Days of a sandbox that are closed before they have ended, at most, with one request."""
_LOOK_SECONDS = 0.25
_PATIENCE_SECONDS = 5.0
"""For a writer to be elected; a dead one's lease ends before."""


def moment_after(day: date, now: datetime, *, using: str = "default") -> datetime:
    """When a day ends by the shop's clock; ``InputError`` (``day_not_over``) if that is still to come.

    In a sandbox it may be: nobody would try a plan of a hundred days for a hundred days.
    """
    shop, first = shop_of(using), open_day(using)
    if day == date.max:  # there is no moment after it
        raise InputError(Problem("day_not_over", f"{day} never ends", "name a day that has ended", column="--day"))
    end = day_begins(day.toordinal() + 1, using=using)
    if end > now and not shop.live and day.toordinal() >= first + AHEAD_MOST:
        message = f"{day} is more than {AHEAD_MOST} days ahead of the open one"
        raise InputError(Problem("day_not_over", message, "close fewer days at once", column="--day"))
    if end > now and shop.live:
        message = f"{day} has not ended by the shop's clock"
        raise InputError(Problem("day_not_over", message, "close it when it has", column="--day"))
    return end


def close_days(moment: datetime, tell: Callable[[Progress], None], *, using: str = "default") -> list[Result]:
    """Ask for the close of all days that have ended at a moment, and wait for them; returns those that are refused.

    A close that was refused before is asked for again: somebody may have mended the cause. ``tell`` is called
    meanwhile. ``InputError`` if nobody writes.
    """
    present, again = time.monotonic(), True
    while results := ask_closes(moment, using=using, wait=_LOOK_SECONDS, again=again):
        again = False
        refused = [result for result in results if result.state == "refused"]
        if refused:
            return refused
        tell(progress(moment, using=using))
        if is_held(using):
            present = time.monotonic()
        elif time.monotonic() - present > _PATIENCE_SECONDS:
            message = f"{len(results)} closes wait in the inbox, and no writer is at work"
            raise InputError(Problem("no_writer", message, "start `jifen worker`"))
    return []
