"""Who acts, as a value of the context, and the history of tables: who changed what when, from what, into what."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import models
from simple_history.models import HistoricalRecords

__all__ = ["act_as", "acting", "actor", "kept_history"]

_actor: ContextVar[str] = ContextVar("actor", default="machine")


def actor() -> str:
    """Who acts: ``staff:…``, ``key:…``, ``member:…``, ``console`` for the command line, or ``machine``."""
    return _actor.get()


@contextmanager
def acting(who: str) -> Iterator[None]:
    """Let somebody act inside of a ``with``."""
    token = _actor.set(who)
    try:
        yield
    finally:
        _actor.reset(token)


def act_as(who: str) -> None:
    """Let somebody act from here on, to the end of the ``acting`` around it."""
    _actor.set(who)


def kept_history(**options: Any) -> HistoricalRecords:
    """The history of a model, to be one of its attributes: a row for each change, with the one who acted.

    Fields that hold personal data are left out with ``excluded_fields``: what is erased is not to stand there.
    """
    return HistoricalRecords(
        history_user_id_field=models.TextField(default="machine"),
        history_user_getter=lambda row: row.history_user_id,
        history_user_setter=_set_actor,
        get_user=lambda instance, request: actor(),
        use_base_model_db=True,  # the history of a row is in its own shop
        **options,
    )


def _set_actor(row: Any, who: str) -> None:
    row.history_user_id = who
