"""Tables as Parquet and back: the same bytes from either database, so that one can be restored into the other.

Which tables and columns there are, and of what type, the models say. What is computed by the database itself is left
out, and so is what belongs to a process and not to the shop: who writes, the batch that is being written, and who is
signed in just now.
"""

from collections.abc import Callable, Iterator
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq
from django.apps import apps
from django.db import models as fields
from django.db.backends.base.base import BaseDatabaseWrapper

from jifen.service import models
from jifen.service.columns import insert, quoted

__all__ = ["Model", "kept_tables", "read_table", "schema_of", "write_table"]

Model = type[fields.Model]

_OF_A_PROCESS = (models.Lease, models.Opening)
_OF_DJANGO = ("auth", "contenttypes", "sessions")
"""Applications whose tables are made with the database, or are of sessions."""
_AT_ONCE = 1 << 16
"""Rows in memory."""
_TYPES: tuple[tuple[Any, pa.DataType], ...] = (
    (fields.DateTimeField, pa.timestamp("us", "UTC")),
    (fields.DateField, pa.date32()),
    (fields.JSONField, pa.string()),
    (fields.BigIntegerField, pa.int64()),
    (fields.SmallIntegerField, pa.int16()),
    (fields.IntegerField, pa.int32()),
    (fields.BooleanField, pa.bool_()),
    (fields.BinaryField, pa.binary()),
    (fields.TextField, pa.string()),
    (fields.CharField, pa.string()),
)
"""By kind of field, the more special one first."""


def kept_tables() -> list[Model]:
    """The models whose rows are the shop, by the name of their table."""
    kept = [
        model
        for model in apps.get_models(include_auto_created=True)
        if model not in _OF_A_PROCESS and model._meta.app_label not in _OF_DJANGO
    ]
    return sorted((model for model in kept if model._meta.managed), key=lambda model: model._meta.db_table)


def schema_of(model: Model) -> pa.Schema:
    """The columns of a model's table that are kept; ``TypeError`` for a kind of field that none has had before."""
    return pa.schema([
        pa.field(field.column, _type_of(field), nullable=field.null)
        for field in model._meta.concrete_fields
        if field.column is not None and not field.generated
    ])  # fmt: skip


def write_table(
    connection: BaseDatabaseWrapper, model: Model, file: IO[bytes], progress: Callable[[int], None] = lambda rows: None
) -> int:
    """Write a table as the transaction of the connection sees it, by its key; returns how many rows there are.

    ``progress`` is called with the rows of each part.
    """
    schema, count = schema_of(model), 0
    with pq.ParquetWriter(file, schema, compression="zstd", write_statistics=False) as writer:
        for batch in _batches(connection, model, schema):
            writer.write_batch(batch)
            count += len(batch)
            progress(len(batch))
    return count


def read_table(
    connection: BaseDatabaseWrapper, table: str, file: IO[bytes], progress: Callable[[int], None] = lambda rows: None
) -> None:
    """Put what ``write_table`` wrote into a table, in place of all rows that it has."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {quoted(table)}")
    for batch in pq.ParquetFile(file).iter_batches(_AT_ONCE):
        insert(connection, table, {column: _values(batch[column]) for column in batch.schema.names}, len(batch))
        progress(len(batch))


def _type_of(field: Any) -> pa.DataType:
    target = field.target_field if field.is_relation else field
    for kind, arrow in _TYPES:
        if isinstance(target, kind):
            return arrow
    raise TypeError(f"{field.model.__name__}.{field.name} is of a kind that a backup does not know")


def _batches(connection: BaseDatabaseWrapper, model: Model, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The rows of a table in the order of its key."""
    columns = ", ".join(map(quoted, schema.names))
    key = ", ".join(quoted(str(field.column)) for field in model._meta.pk_fields)
    with connection.chunked_cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {quoted(model._meta.db_table)} ORDER BY {key}")
        while rows := cursor.fetchmany(_AT_ONCE):
            columns_of_rows = zip(*rows, strict=True)
            arrays = [pa.array(column, field.type) for column, field in zip(columns_of_rows, schema, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _values(column: pa.Array) -> Any:
    """Numbers of eight bytes as an array, which is what a binary COPY takes; all else one by one."""
    if column.type == pa.int64() and not column.null_count:
        return column.to_numpy()
    return column.to_pylist()
