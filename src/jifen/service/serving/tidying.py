"""What is thrown away once a day: sessions that have expired, and sign-ups that nobody finished.

Both hold personal data, sealed, that nobody needs any more.
"""

import logging
from datetime import datetime, timedelta

from jifen.service.members.accounts import forget_sign_ups
from jifen.service.members.sessions import forget_expired

__all__ = ["EVERY", "Daily"]

EVERY = timedelta(days=1)
_log = logging.getLogger(__name__)


class Daily:
    """Throws away when a day has passed since the last time, and when a worker begins."""

    def __init__(self, using: str) -> None:
        """Look after a shop."""
        self._using = using
        self._last: datetime | None = None

    def step(self, now: datetime) -> bool:
        """Do it if it is time to; returns whether it was. What fails is left to the next day."""
        if self._last is not None and now - self._last < EVERY:
            return False
        self._last = now
        sessions = forget_expired(now, using=self._using)
        sign_ups = forget_sign_ups(using=self._using)
        _log.info("thrown away", extra={"sessions": sessions, "sign_ups": sign_ups})
        return True
