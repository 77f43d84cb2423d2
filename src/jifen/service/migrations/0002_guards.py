"""The triggers by which the database refuses wrong books."""

from typing import Any, ClassVar

from django.db import migrations

from jifen.service.guards import POSTGRESQL, SQLITE

__all__ = ["Migration"]


def _guard(apps: Any, schema_editor: Any) -> None:
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL:
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    """No way back: books that were guarded stay so."""

    dependencies: ClassVar = [("service", "0001_tables")]
    operations: ClassVar = [migrations.RunPython(_guard)]
