"""The journal as Arrow tables: names, and the numbers of transfers and forfeits."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jifen.core.errors import ensure
from jifen.ledger.chain import NAME_TABLES
from jifen.ledger.rows import Chunk, Rows, narrow

__all__ = ["NameTables", "row_table", "rows_of", "split_names", "text_array"]

_R = TypeVar("_R", bound=Rows)


class NameTables:
    """The tables of names as Arrow arrays, growing batch by batch; a name's place is its number.

    A writer has ``kept`` none of them: how many there are is enough to go on.
    """

    def __init__(self, *, kept: bool = True) -> None:
        """Start with every table empty."""
        self._kept = kept
        self._chunks: dict[str, list[pa.Array]] = {table: [text_array([])] for table in NAME_TABLES}
        self._counts = dict.fromkeys(NAME_TABLES, 0)

    @property
    def counts(self) -> Mapping[str, int]:
        """How many names each table has."""
        return self._counts

    def array(self, table: str) -> pa.Array:
        """All names of a table in order."""
        if len(self._chunks[table]) > 1:
            self._chunks[table] = [pa.concat_arrays(self._chunks[table])]
        return self._chunks[table][0]

    def extend(self, names: Mapping[str, Sequence[str]]) -> pa.Table:
        """Add new names by table, and return them as rows ``(table, number, name)``."""
        ensure(names.keys() <= self._counts.keys(), f"tables of names are {NAME_TABLES}, not {sorted(names)}")
        tables, numbers, added = [np.empty(0, np.int8)], [np.empty(0, np.int64)], [text_array([])]
        for place, table in enumerate(NAME_TABLES):
            count, more = self._counts[table], len(names.get(table, ()))
            if more:
                added.append(text_array(names[table]))
                tables.append(np.full(more, place, np.int8))
                numbers.append(np.arange(count, count + more))
                self._counts[table] += more
                if self._kept:
                    self._chunks[table].append(added[-1])
        return pa.table({
            "table": pa.DictionaryArray.from_arrays(np.concatenate(tables), pa.array(NAME_TABLES, pa.string())),
            "number": np.concatenate(numbers),
            "name": pa.concat_arrays(added),
        })  # fmt: skip

    def restore(self, rows: pa.Table) -> None:
        """Add rows that ``extend`` returned, without ``name`` where names are not kept.

        ``ValueError`` if they do not go on where the tables end.
        """
        for table, count in self._counts.items():
            mine = rows.filter(pc.equal(rows["table"], table))
            if not np.array_equal(mine["number"].to_numpy(), np.arange(count, count + len(mine))):
                raise ValueError(f"the names of table {table} are not numbered in order")
            self._counts[table] += len(mine)
            if len(mine) and self._kept:
                self._chunks[table].append(text_array(mine["name"]))


def split_names(rows: pa.Table) -> dict[str, pa.Array]:
    """Return the names of each table in rows ``(table, number, name)``; tables without any are left out."""
    found = {table: text_array(rows.filter(pc.equal(rows["table"], table))["name"]) for table in NAME_TABLES}
    return {table: names for table, names in found.items() if len(names)}


def text_array(texts: Any) -> pa.Array:
    """Turn a sequence of strings, or an Arrow column of them, into one Arrow array of large strings without gaps."""
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    array = texts.cast(pa.large_string()) if isinstance(texts, pa.Array) else pa.array(list(texts), pa.large_string())
    ensure(array.null_count == 0, "a text is missing")
    return array


def row_table(rows: Rows) -> pa.Table:
    """Make the columns of rows: each field in the type that ``rows.dtype`` has for it, without gaps."""
    types = {name: rows.dtype[name] for name in rows.dtype.names or ()}
    schema = pa.schema([pa.field(name, pa.from_numpy_dtype(dtype), nullable=False) for name, dtype in types.items()])
    batches = [
        pa.record_batch([pa.array(block.column(name, dtype)) for name, dtype in types.items()], schema=schema)
        for block in rows.blocks()
    ]
    return pa.Table.from_batches(batches, schema)


def rows_of(table: pa.Table, kind: type[_R]) -> _R:
    """Return the rows that ``row_table`` made columns of; ``ValueError`` if these are not such columns."""
    fields = {}
    for name in kind.dtype.names or ():
        column = table[name]
        if column.type != pa.from_numpy_dtype(kind.dtype[name]) or column.null_count:
            raise ValueError(f"column {name} is not of type {kind.dtype[name]}, or has gaps")
        fields[name] = narrow(column.to_numpy()) if len(table) else 0
    return kind([Chunk(len(table), fields)])
