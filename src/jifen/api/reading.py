"""What many endpoints share that read: the readers of the current shop, days as dates, and pages of a list."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated, TypeVar

from django.conf import settings
from ninja import Query

from jifen.core.errors import InputError, Problem
from jifen.service.current import current
from jifen.service.status.overview import Readers, readers_of

__all__ = ["Cursor", "Size", "as_date", "page_of", "readers"]

_Item = TypeVar("_Item")

Cursor = Annotated[
    str | None,
    Query(None, pattern=r"^[0-9a-f]{1,16}$", description="`next` of the page before; the first page without it"),
]
"""Where a page begins."""
Size = Annotated[int, Query(50, ge=1, le=500, description="Items of a page")]
"""How many items a page has."""


def readers() -> Readers:
    """The readers of the current shop, which all requests of this process share."""
    return readers_of(current(), settings.SETTINGS.var)


def as_date(day: int) -> date:
    """A business day, an ordinal, as a date."""
    return date.fromordinal(day)


def page_of(
    asked: Callable[[int, int], Sequence[_Item]], cursor: str | None, size: int
) -> tuple[list[_Item], str | None]:
    """One page of a list that is asked for by place and count, and the cursor of the next page, if there is one."""
    first = 0 if cursor is None else int(cursor, 16)
    if first >= 1 << 62:
        raise InputError(Problem("bad_cursor", "there is no such page", "begin with the first page"))
    found = asked(first, size + 1)
    return list(found[:size]), f"{first + size:x}" if len(found) > size else None
