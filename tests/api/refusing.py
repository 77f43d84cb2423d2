"""What a refusal must be: its status and code, one more in the count, and nothing changed in any table."""

import hashlib
from collections.abc import Callable
from typing import Any

from django.db import connections

from jifen.api.limits import BUCKETS
from jifen.service.counters import COUNTS

__all__ = ["check", "digest", "refused"]

_UNSEEN = {"django_session"}
_COUNTS = {"foreign_message": ("times", "last_at")}
"""Attempts are counted in sessions, and how often a message came beside it: such counts grow, and say nothing."""


def refused(code: str) -> float:
    """How many requests were refused with a code."""
    return COUNTS.get_sample_value("jifen_api_refused_total", {"code": code}) or 0


def digest(using: str) -> str:
    """A digest of every row of every table of a shop, but for counts of attempts."""
    found = hashlib.sha256()
    with connections[using].cursor() as cursor:
        for table in sorted(connections[using].introspection.table_names(cursor)):
            if table in _UNSEEN:
                continue
            cursor.execute(f'SELECT * FROM "{table}"')
            kept = [place for place, column in enumerate(cursor.description) if column[0] not in _COUNTS.get(table, ())]
            rows = [tuple(_plain(row[place]) for place in kept) for row in cursor.fetchall()]
            found.update(f"{table}{sorted(map(repr, rows))}".encode())
    return found.hexdigest()


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def _must_refuse(using: str, name: str, ask: Callable[[], Any], status: int, code: str, before: str) -> str:
    """What is wrong with a refusal; empty if nothing is. ``before`` is the digest until then."""
    count = refused(code)
    answer = ask()
    said = answer.json() if answer.headers.get("Content-Type", "").endswith("json") else {}
    if (answer.status_code, said.get("code")) != (status, code):
        return f"{name}: {answer.status_code} {said or answer.content[:200]!r}, and not {status} {code}"
    if refused(code) != count + 1:
        return f"{name}: counted {refused(code) - count} times"
    return "" if digest(using) == before else f"{name}: something has changed"


def check(using: str, table: list[tuple[str, Callable[[], Any], int, str]]) -> None:
    """Look at all refusals of a table, and tell of all that are wrong."""
    wrong, before = [], digest(using)
    for name, ask, status, code in table:
        BUCKETS.clear()
        found = _must_refuse(using, name, ask, status, code, before)
        if found:
            wrong.append(found)
            before = digest(using)
    assert not wrong, "\n".join(wrong)
