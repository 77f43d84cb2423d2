"""A field of the tables that Django has no name for."""

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigIntegerField

__all__ = ["PlaceField"]


class PlaceField(BigIntegerField):  # type: ignore[type-arg]
    """A number that is the place of its row: a key that the writer gives, and on SQLite no index beside the table."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        """The column's type: only an ``integer`` that is the primary key is where SQLite puts the row itself."""
        return "integer" if connection.vendor == "sqlite" else super().db_type(connection)
