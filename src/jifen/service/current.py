"""Which shop is meant where nobody says it: one shop is one database, and the current one is a value of the context.

A request is of one shop, that of its host; libraries that know nothing of shops find its tables through the router.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db.models import Model

__all__ = ["CurrentShop", "current", "shop_is"]

_current: ContextVar[str] = ContextVar("shop", default="default")


def current() -> str:
    """The alias of the current shop's database."""
    return _current.get()


@contextmanager
def shop_is(using: str) -> Iterator[None]:
    """Let a shop be the current one inside of a ``with``."""
    token = _current.set(using)
    try:
        yield
    finally:
        _current.reset(token)


class CurrentShop:
    """Django's router: what was read from a shop stays with it, and all else is of the current one."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        """The alias to read from."""
        instance: Model | None = hints.get("instance")
        return (instance._state.db if instance is not None else None) or current()

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        """The alias to write to."""
        return self.db_for_read(model, **hints)

    def allow_relation(self, one: Model, other: Model, **hints: Any) -> bool:
        """Whether two rows may refer to one another: if they are of one shop."""
        return one._state.db == other._state.db
