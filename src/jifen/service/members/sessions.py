"""Sessions, sealed: while somebody signs in, the number and the code stand in them."""

import json
from datetime import datetime
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session

from jifen.core.errors import InputError
from jifen.service.vault import opened, sealed

__all__ = ["SessionStore", "forget_expired", "forget_sessions"]

_AT_ONCE = 1000
"""Sessions that are deleted together: others write in between."""


class SessionStore(db.SessionStore):
    """Django's sessions in the database, of which nothing can be read there."""

    def encode(self, session_dict: dict[str, Any]) -> str:
        """Seal what a session holds."""
        return sealed(json.dumps(session_dict)).decode()

    def decode(self, session_data: str | bytes) -> dict[str, Any]:
        """Open it; a session that no key opens is over."""
        token = session_data.encode() if isinstance(session_data, str) else session_data
        try:
            found: dict[str, Any] = json.loads(opened(token))
        except InputError:
            return {}
        return found


def forget_sessions(account: int, number: str, *, using: str) -> None:
    """Delete the sessions of an account, by its row's id, and all others in which its number stands.

    Each session is opened for that: an erasure is rare, and what a session holds is nowhere else.
    """
    store = SessionStore()
    for row in Session.objects.using(using).iterator():
        held = store.decode(row.session_data)
        if held.get(SESSION_KEY) == str(account) or (number and number in json.dumps(held)):
            row.delete(using=using)


def forget_expired(now: datetime, *, using: str) -> int:
    """Delete sessions that have expired; returns how many there were."""
    count = 0
    while keys := list(
        Session.objects.using(using).filter(expire_date__lt=now).values_list("session_key", flat=True)[:_AT_ONCE]
    ):
        count += Session.objects.using(using).filter(session_key__in=keys, expire_date__lt=now).delete()[0]
    return count
