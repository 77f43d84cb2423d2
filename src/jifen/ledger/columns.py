"""Rows of the journal as Arrow columns: the numbers, and beside them the names, for people and their tools.

The numbers are the truth, as the hash chain has them; the names (``rule_name``, ``from_account``, …) are made from them
and the tables of names, dictionary-encoded, without a Python object for a row, and compared with them when read.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from jifen.core.errors import BrokenInvariant, ensure
from jifen.ledger.chain import NAME_TABLES
from jifen.ledger.journal import NONE, Account

__all__ = ["ACCOUNT_TABLE", "NameTables", "record_table", "records_of", "split_names", "text_array"]

ACCOUNT_TABLE: Mapping[Account, str | None] = {
    Account.MERCHANT: None, Account.RESERVE: None, Account.POOL: "pool", Account.RECEIVABLE: "pool",
    Account.WALLET: "member", Account.PENDING: "member", Account.CLAIM: "member", Account.ISSUER: "store",
    Account.WEIGHT: "member", Account.OUTSIDE: None,
}  # fmt: skip
"""The table of names an account's id points into; the others have the id 0 and no name."""

_KINDS = pa.array([kind.name.lower() for kind in Account])
_TRANSFER_NAMES = {"rule": "rule", "asset": "asset", "order": "order", "reason": "rule"}
_FORFEIT_NAMES = {"rule": "rule", "member": "member"}

_Records = npt.NDArray[np.void]
_Numbers = npt.NDArray[np.signedinteger[Any]]


class NameTables:
    """The tables of names as Arrow arrays, growing batch by batch; a name's place is its number."""

    def __init__(self) -> None:
        """Start with every table empty."""
        self._chunks: dict[str, list[pa.Array]] = {table: [text_array([])] for table in NAME_TABLES}
        self._counts = dict.fromkeys(NAME_TABLES, 0)

    def count(self, table: str) -> int:
        """How many names a table has."""
        return self._counts[table]

    def array(self, table: str) -> pa.Array:
        """All names of a table in order."""
        if len(self._chunks[table]) > 1:
            self._chunks[table] = [pa.concat_arrays(self._chunks[table])]
        return self._chunks[table][0]

    def extend(self, names: Mapping[str, Sequence[str]]) -> pa.Table:
        """Add new names by table, and return them as rows ``(table, number, name)``."""
        ensure(names.keys() <= self._counts.keys(), f"tables of names are {NAME_TABLES}, not {sorted(names)}")
        added = [text_array(names.get(table, ())) for table in NAME_TABLES]
        lengths = [len(new) for new in added]
        tables = pa.array(np.repeat(np.arange(len(NAME_TABLES), dtype=np.int8), lengths))
        numbers = [np.arange(len(new)) + count for new, count in zip(added, self._counts.values(), strict=True)]
        for table, new in zip(NAME_TABLES, added, strict=True):
            if len(new):
                self._chunks[table].append(new)
                self._counts[table] += len(new)
        return pa.table({
            "table": pa.DictionaryArray.from_arrays(tables, pa.array(NAME_TABLES)),
            "number": np.concatenate(numbers),
            "name": pa.concat_arrays(added),
        })  # fmt: skip

    def restore(self, rows: pa.Table) -> None:
        """Add rows that ``extend`` returned; ``ValueError`` if they do not go on where the tables end."""
        again = self.extend(split_names(rows))
        for table in NAME_TABLES:
            numbers = [part.filter(pc.equal(part["table"], table))["number"] for part in (rows, again)]
            if not numbers[0].equals(numbers[1]):
                raise ValueError(f"the names of table {table} are not numbered in order")


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


def record_table(records: _Records, names: NameTables) -> pa.Table:
    """Make the columns of transfers or forfeits: each field, then the names of those that have any.

    A number without a name in its table is a ``BrokenInvariant``.
    """
    fields = {field: np.ascontiguousarray(records[field]) for field in records.dtype.names or ()}
    return pa.table({**fields, **_name_columns(fields, names)})


def records_of(table: pa.Table, dtype: np.dtype[np.void], names: NameTables) -> _Records:
    """Return the records that ``record_table`` made columns of; ``ValueError`` if these are not such columns."""
    records = np.empty(len(table), dtype=dtype)
    for field in dtype.names or ():
        column = table[field]
        if column.type != pa.from_numpy_dtype(dtype[field]) or column.null_count:
            raise ValueError(f"column {field} is not of type {dtype[field]}, or has gaps")
        records[field] = column.to_numpy()
    expected = record_table(records, names)
    for column in expected.column_names[len(dtype.names or ()) :]:
        if not _plain(table[column]).equals(_plain(expected[column])):
            raise ValueError(f"column {column} does not name what the numbers say")
    return records


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.large_string())


def _name_columns(fields: Mapping[str, _Numbers], names: NameTables) -> dict[str, pa.Array]:
    if "points" in fields:
        return {f"{field}_name": _named(fields[field], names.array(table)) for field, table in _FORFEIT_NAMES.items()}
    columns = {}
    tables = {table: names.array(table) for table in NAME_TABLES}
    for side in ("from", "to"):
        kinds = fields[f"{side}_kind"]
        ensure(
            bool(np.all((kinds >= 0) & (kinds < len(Account)))), f"a kind of account that there is not, in {side}_kind"
        )
        columns[f"{side}_account"] = pa.DictionaryArray.from_arrays(pa.array(kinds), _KINDS)
        columns[f"{side}_name"] = _account_names(kinds, fields[f"{side}_id"], tables)
    for field, table in _TRANSFER_NAMES.items():
        columns[f"{field}_name"] = _named(fields[field], tables[table])
    return columns


def _account_names(kinds: _Numbers, ids: _Numbers, tables: Mapping[str, pa.Array]) -> pa.Array:
    """Name accounts by looking them up in all tables of accounts laid end to end."""
    laid = ["pool", "store", "member"]
    starts = dict(zip(laid, np.cumsum([0, *(len(tables[table]) for table in laid)]), strict=False))
    start = np.array([starts[table] if (table := ACCOUNT_TABLE[kind]) else NONE for kind in Account])
    size = np.array([len(tables[table]) if (table := ACCOUNT_TABLE[kind]) else 1 for kind in Account])
    ensure(
        bool(np.all((ids >= NONE) & (ids < size[kinds]))), "an account's id is not in the table of names of its kind"
    )
    places = np.where((ids == NONE) | (start[kinds] == NONE), NONE, start[kinds] + ids)
    return _named(places, pa.concat_arrays([tables[table] for table in laid]))


def _named(numbers: _Numbers, names: pa.Array) -> pa.DictionaryArray:
    """Look names up: a dictionary of those that occur; ``NONE`` has no name."""
    occurring = pa.array(numbers, mask=numbers < 0).dictionary_encode()
    try:
        return pa.DictionaryArray.from_arrays(occurring.indices, names.take(occurring.dictionary))
    except pa.ArrowIndexError as error:
        raise BrokenInvariant(f"a number has no name: there are {len(names)} names") from error
