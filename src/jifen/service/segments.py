"""The journal of a close on disk: one immutable Parquet file with all of it, durable before the books are.

First come its transfers, then its forfeits: rows with a ``member`` and ``points``, which no transfer has. The database
has of the transfers one line for each member and rule. A file that no run names was left by a writer that died before
its commit; the next one sweeps it.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jifen.core.errors import InputError, Problem
from jifen.ledger.atomic import atomic_file, sweep
from jifen.ledger.chain import Batch
from jifen.ledger.columns import row_table, rows_of
from jifen.ledger.journal import FORFEIT, TRANSFER, Forfeits, Transfers
from jifen.ledger.segments import SEGMENT_ROWS

__all__ = ["Segment", "read_segment", "sweep_segments", "write_segment"]

_MARK = 16
"""Digits of the batch's hash in the name of its file: another close of the same day is another file."""
_FIELDS = {name: kind[name] for kind in (TRANSFER, FORFEIT) for name in kind.names or ()}
_SCHEMA = pa.schema([(name, pa.from_numpy_dtype(number)) for name, number in _FIELDS.items()])
"""The columns of transfers, then what forfeits have beside them."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A file in the folder of the journal, and the SHA-256 of what is in it."""

    name: str
    digest: str


def write_segment(folder: Path, batch_hash: bytes, batch: Batch) -> Segment:
    """Write the transfers and the forfeits of the close of a day; when this returns, they are on the disk."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"close-{batch.day}-{batch_hash.hex()[:_MARK]}.parquet"
    with atomic_file(path) as unfinished:
        with pq.ParquetWriter(unfinished, _SCHEMA, compression="zstd", use_dictionary=False) as writer:
            for rows in (batch.transfers, batch.forfeits):
                for first in range(0, len(rows), SEGMENT_ROWS):
                    writer.write_table(_widened(row_table(rows[first : first + SEGMENT_ROWS])))
        digest = _digest(unfinished)
    return Segment(path.name, digest)


def read_segment(folder: Path, segment: Segment) -> tuple[Transfers, Forfeits]:
    """Read what ``write_segment`` wrote; a file that is missing or is not that is an ``InputError``."""
    path = folder / segment.name
    try:
        if _digest(path) != segment.digest:
            raise _damaged(path, "it is not what was written: its SHA-256 differs")
        table = pq.read_table(path)
        forfeited = pc.is_valid(table["points"])
        return rows_of(table.filter(pc.invert(forfeited)), Transfers), rows_of(table.filter(forfeited), Forfeits)
    except (OSError, pa.ArrowException, KeyError, ValueError) as error:
        raise _damaged(path, f"it cannot be read: {error}") from error


def _widened(table: pa.Table) -> pa.Table:
    """The rows with all columns of a segment: nothing stands in those that they do not have."""
    names, count = set(table.column_names), len(table)
    columns = [table[field.name] if field.name in names else pa.nulls(count, field.type) for field in _SCHEMA]
    return pa.table(columns, schema=_SCHEMA)


def sweep_segments(folder: Path, named: Collection[str]) -> list[Path]:
    """Remove the files that no run names, whole ones and those that were being written; returns the whole ones."""
    if not folder.is_dir():
        return []
    orphans = [path for path in sorted(folder.glob("close-*.parquet")) if path.name not in named]
    for path in orphans:
        path.unlink()
    for path in folder.glob(".close-*.tmp"):
        sweep(folder / f"{path.name[1:].partition('.')[0]}.parquet")  # unless its writer lives
    return orphans


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _damaged(path: Path, message: str) -> InputError:
    return InputError(Problem("bad_segment", message, "restore the journal from a backup", str(path)))
