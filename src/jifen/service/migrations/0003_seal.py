"""The seal of a batch counts the new rows only, however long the log is."""

from typing import Any, ClassVar

from django.db import migrations

from jifen.service.guards import POSTGRESQL_SEAL, SQLITE_SEAL

__all__ = ["Migration"]


def _seal(apps: Any, schema_editor: Any) -> None:
    for statement in SQLITE_SEAL if schema_editor.connection.vendor == "sqlite" else POSTGRESQL_SEAL:
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    """No way back: books that were guarded stay so."""

    dependencies: ClassVar = [("service", "0002_guards")]
    operations: ClassVar = [migrations.RunPython(_seal)]
