"""The journal on disk: immutable Parquet files (zstd) of bounded size, and a manifest that lists and seals them.

A directory holds six **streams** of rows, ``batches``, ``names``, ``events``, ``transfers``, ``forfeits`` and
``refusals``, each cut into numbered segments; ``docs/ledger.md`` describes every column. Rows are held back until they
fill a segment or until ``commit``, which makes everything durable and then replaces the manifest: what the manifest
does not list never happened, and is swept by the next writer. Segments are encoded on several cores while the batch is
hashed; of many rows only a few segments at a time exist in any form but the columns of their chunks.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from jifen.core.errors import BrokenInvariant, InputError, Problem, ensure
from jifen.ledger.atomic import atomic_file, atomic_write
from jifen.ledger.chain import GENESIS, NAME_TABLES, Batch, batch_hash, seal, unseal
from jifen.ledger.columns import NameTables, row_table, rows_of, split_names, text_array
from jifen.ledger.invariants import check_names
from jifen.ledger.journal import Forfeits, Refusal, Transfers
from jifen.ledger.rows import Rows

__all__ = ["FORMAT_VERSION", "SEGMENT_ROWS", "Batch", "SegmentReader", "SegmentWriter", "read_segments"]

FORMAT_VERSION = 2
SEGMENT_ROWS = 1 << 19
"""Rows of a segment at most: some 43 MB of transfers while they are encoded."""

_MANIFEST = "manifest.json"
_FORMAT = "jifen journal"
_ROW_STREAMS = ("names", "events", "transfers", "forfeits", "refusals")
_STREAMS = ("batches", *_ROW_STREAMS)
_ROWS: Mapping[str, type[Rows]] = {"transfers": Transfers, "forfeits": Forfeits}
_WIDE = 8
"""Bytes of the columns whose neighbours differ less than they are large; the others hardly change at all."""
_LOOKED_UP = ["batch", "event", "day"]
"""Columns of which files say what they hold at least and at most, for those who look for some rows."""
_THREADS = min(os.cpu_count() or 1, 4)
_SEGMENT_NAME = re.compile(rf"({'|'.join(_STREAMS)})-\d{{6,}}\.parquet")
_RESTORE = "restore the journal from a backup"

_T = TypeVar("_T")
_Numbers = npt.NDArray[np.int64]
_Segment = dict[str, Any]
"""What the manifest says of a file: ``file``, ``rows``, ``sha256``."""


class SegmentWriter:
    """Writes batches to a directory, new or one it goes on with. As a context manager it commits if nothing raised."""

    def __init__(self, directory: Path, *, segment_rows: int = SEGMENT_ROWS) -> None:
        """Open ``directory`` for the one writer it may have; what an earlier one did not commit is swept.

        Raises ``InputError`` if what is there is not the journal that its manifest lists.
        """
        directory.mkdir(parents=True, exist_ok=True)
        if not _visible(directory):
            _write_manifest(directory, {name: [] for name in _STREAMS}, GENESIS)
        _sweep(directory)
        written = SegmentReader(directory, names=False)
        self._directory = directory
        self._names = written.tables
        self._streams = {name: _Stream(directory, name, segment_rows, written.segments[name]) for name in _STREAMS}
        self._whole = True
        self.head = written.head
        """The hash of the last batch."""
        self.next_number = len(written)
        """The number the next batch must have."""

    def new_names(self, tables: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
        """Of whole tables of names, what is new since the last batch: the ``names`` of the next batch."""
        return {table: names[self._names.counts[table] :] for table, names in tables.items()}

    def append(self, batch: Batch) -> bytes:
        """Add a batch and return its hash. It is not durable before ``commit``."""
        ensure(batch.number == self.next_number, f"batch {batch.number} where {self.next_number} comes next")
        self._begin()
        with ThreadPoolExecutor(_THREADS) as pool:
            rows = {
                "names": self._names.extend(batch.names),
                "events": pa.table({"event": text_array(batch.events)}),
                "transfers": batch.transfers,
                "forfeits": batch.forfeits,
                "refusals": _refusal_rows(batch.refusals),
            }
            for name in _ROWS:
                check_names(rows[name], self._names.counts)
            for name, part in rows.items():
                self._streams[name].push(batch.number, part, pool)
            self.head = batch_hash(self.head, batch)  # meanwhile the pool writes what is full
            counts = {name: len(part) for name, part in rows.items()}
            self._streams["batches"].push(batch.number, _summary(batch, counts, self.head), pool)
            self._settle()
        self.next_number += 1
        self._whole = True
        return self.head

    def commit(self) -> None:
        """Make all batches so far durable: write what is held back, then the manifest in one step."""
        self._begin()
        with ThreadPoolExecutor(_THREADS) as pool:
            for stream in self._streams.values():
                stream.flush(pool)
            self._settle()
        _write_manifest(self._directory, {name: stream.segments for name, stream in self._streams.items()}, self.head)
        self._whole = True

    def _settle(self) -> None:
        for stream in self._streams.values():
            stream.settle()

    def _begin(self) -> None:
        """Nothing is added to, or committed of, a journal whose last step failed half-way."""
        ensure(self._whole, "an earlier write failed; open the journal again")
        self._whole = False

    def __enter__(self) -> Self:
        """Write inside a ``with``."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Commit, or leave everything since the last commit to the next sweep."""
        if kind is None:
            self.commit()


class SegmentReader:
    """A journal on disk. Iterating gives each batch with its recorded hash, as ``chain.verify`` takes them."""

    def __init__(self, directory: Path, *, names: bool = True) -> None:
        """Check that all files are there, and read the summaries of the batches and all names.

        Without ``names`` they are counted and forgotten, and no names can be asked for.
        """
        self._directory = directory
        self.segments, self.head = _read_manifest(directory)
        _check_files(directory, self.segments)
        self.tables = NameTables(kept=names)
        """All names, as Arrow arrays."""
        for _ in self._parts("names", self.tables.restore, None if names else ["table", "number"]):
            pass
        self._summaries: list[dict[str, Any]] = []
        for _ in self._parts("batches", lambda table: self._summaries.extend(table.to_pylist())):
            pass
        if [summary["batch"] for summary in self._summaries] != list(range(len(self._summaries))):
            raise _damaged(directory, "batches are not numbered in order")
        if self._summaries and self._summaries[-1]["hash"] != self.head.hex():
            raise _damaged(directory / _MANIFEST, "its last hash is not that of the last batch")

    def __len__(self) -> int:
        """How many batches there are."""
        return len(self._summaries)

    @property
    def names(self) -> dict[str, list[str]]:
        """All names by table; a name's place is its number."""
        return {table: self.tables.array(table).to_pylist() for table in NAME_TABLES}

    def transfers(self) -> Iterator[Transfers]:
        """All transfers in order, a segment at a time."""
        for _, rows in self._rows("transfers"):
            yield rows

    def __iter__(self) -> Iterator[tuple[Batch, bytes]]:
        """Read batch after batch. A file is checked against its SHA-256 when it is reached, the chain is not."""
        cursors = {name: _Cursor(name, self._directory, self._rows(name)) for name in _ROW_STREAMS}
        for summary in self._summaries:
            rows = {name: cursor.take(summary["batch"], summary[name]) for name, cursor in cursors.items()}
            yield _batch(summary, rows), bytes.fromhex(summary["hash"])
        for cursor in cursors.values():
            cursor.finish()

    def _rows(self, stream: str) -> Iterator[tuple[_Numbers, Any]]:
        """Give the rows of each segment, as columns or a table, with the batch of each row."""

        def decode(table: pa.Table) -> tuple[_Numbers, Any]:
            kind = _ROWS.get(stream)
            rows = table.drop_columns("batch") if kind is None else rows_of(table, kind)
            return table["batch"].to_numpy(), rows

        return self._parts(stream, decode)

    def _parts(self, stream: str, decode: Callable[[pa.Table], _T], columns: list[str] | None = None) -> Iterator[_T]:
        """Read and decode the segments of a stream, or some columns of it, one by one; ``InputError`` if damaged."""
        for segment in self.segments[stream]:
            path = self._directory / segment["file"]
            content = path.read_bytes()
            if hashlib.sha256(content).hexdigest() != segment["sha256"]:
                raise _damaged(path, "the file is not what was written: its SHA-256 differs")
            try:
                decoded = decode(pq.read_table(pa.BufferReader(content), columns=columns))
            except (pa.ArrowException, KeyError, ValueError, BrokenInvariant) as error:
                raise _damaged(path, f"the file does not hold {stream}: {error}") from error
            yield decoded


def read_segments(directory: Path) -> SegmentReader:
    """Open a journal for reading; a file that is missing, damaged or not of it is an ``InputError`` that names it."""
    return SegmentReader(directory)


class _Stream:
    """The rows of one stream that wait to fill a segment, and the segments that are being written, and are."""

    def __init__(self, directory: Path, name: str, limit: int, segments: Sequence[_Segment]) -> None:
        self._directory, self._name, self._limit = directory, name, limit
        self._waiting: list[tuple[int, Any]] = []
        self._count = 0
        self._writing: list[Future[_Segment]] = []
        self.segments = list(segments)

    def push(self, batch: int, rows: Any, pool: Executor) -> None:
        """Add the rows of one batch, and let the pool write each segment that is full."""
        while len(rows) >= self._limit - self._count:
            part, rows = rows[: self._limit - self._count], rows[self._limit - self._count :]
            self._wait(batch, part)
            self.flush(pool)
        self._wait(batch, rows.packed() if isinstance(rows, Rows) else rows)

    def flush(self, pool: Executor) -> None:
        """Let the pool write what waits as one segment."""
        if self._waiting:
            file = f"{self._name}-{len(self.segments) + len(self._writing):06d}.parquet"
            self._writing.append(pool.submit(_write_segment, self._directory / file, self._waiting))
            self._waiting, self._count = [], 0

    def settle(self) -> None:
        """Wait for what is being written."""
        self.segments += [written.result() for written in self._writing]
        self._writing = []

    def _wait(self, batch: int, rows: Any) -> None:
        if len(rows):
            self._waiting.append((batch, rows))
            self._count += len(rows)


def _write_segment(path: Path, waiting: Sequence[tuple[int, Any]]) -> _Segment:
    """Write rows, given by batch, as one file; it is there whole and durable, or not at all."""
    parts = [rows for _, rows in waiting]
    table = row_table(type(parts[0]).joined(parts)) if isinstance(parts[0], Rows) else pa.concat_tables(parts)
    batches = np.repeat([batch for batch, _ in waiting], [len(rows) for rows in parts])
    table = table.add_column(0, pa.field("batch", pa.int64(), nullable=False), pa.array(batches, pa.int64()))
    with atomic_file(path) as unfinished:
        pq.write_table(table, unfinished, compression="zstd", **_encodings(parts[0]))
        with unfinished.open("rb") as written:
            digest = hashlib.file_digest(written, "sha256").hexdigest()
    return {"file": path.name, "rows": len(table), "sha256": digest}


def _encodings(rows: Any) -> dict[str, Any]:
    """How pyarrow is to encode columns of numbers: without dictionaries, which take longer and more room."""
    if not isinstance(rows, Rows):
        return {}
    wide = ["batch", *(name for name in rows.dtype.names or () if rows.dtype[name].itemsize == _WIDE)]
    return {
        "use_dictionary": False,
        "column_encoding": dict.fromkeys(wide, "DELTA_BINARY_PACKED"),
        "write_statistics": _LOOKED_UP,
    }


class _Cursor:
    """Cuts the segments of a stream into the rows of each batch."""

    def __init__(self, name: str, directory: Path, parts: Iterator[tuple[_Numbers, Any]]) -> None:
        self._name, self._directory, self._parts = name, directory, parts
        self._numbers: _Numbers = np.empty(0, np.int64)
        self._rows: Any = ()

    def take(self, batch: int, count: int) -> list[Any]:
        """Give the next ``count`` rows in pieces, all of which must belong to ``batch``."""
        pieces = []
        while count:
            if not len(self._rows):
                self._numbers, self._rows = next(self._parts, (self._numbers, ()))
            piece, numbers = self._rows[:count], self._numbers[:count]
            if not len(piece) or np.any(numbers != batch):
                raise _damaged(self._directory, f"the {self._name} of batch {batch} are not complete")
            self._rows, self._numbers = self._rows[count:], self._numbers[count:]
            count -= len(piece)
            pieces.append(piece)
        return pieces

    def finish(self) -> None:
        """Check that there are no more rows than batches claim."""
        if len(self._rows) or next(self._parts, None) is not None:
            raise _damaged(self._directory, f"there are {self._name} that belong to no batch")


def _refusal_rows(refusals: Sequence[Refusal]) -> pa.Table:
    keys = ("event", "code", "message")
    return pa.table({key: text_array(getattr(refusal, key) for refusal in refusals) for key in keys})


def _summary(batch: Batch, counts: Mapping[str, int], digest: bytes) -> pa.Table:
    return pa.table({
        "day": pa.array([batch.day], pa.int64()),
        "revision": pa.array([batch.revision], pa.int64()),
        "plans": pa.array([list(batch.plans)], pa.list_(pa.string())),
        **{name: pa.array([counts[name]], pa.int64()) for name in _ROW_STREAMS},
        "hash": pa.array([digest.hex()], pa.string()),
    })  # fmt: skip


def _batch(summary: Mapping[str, Any], rows: Mapping[str, list[Any]]) -> Batch:
    names: dict[str, list[str]] = {}
    for piece in rows["names"]:
        for table, found in split_names(piece).items():
            names.setdefault(table, []).extend(found.to_pylist())
    return Batch(
        number=summary["batch"],
        day=summary["day"],
        revision=summary["revision"],
        plans=tuple(summary["plans"]),
        events=[event for piece in rows["events"] for event in piece["event"].to_pylist()],
        transfers=Transfers.joined(rows["transfers"]),
        forfeits=Forfeits.joined(rows["forfeits"]),
        refusals=tuple(Refusal(**row) for piece in rows["refusals"] for row in piece.to_pylist()),
        names=names,
    )


def _visible(directory: Path) -> set[str]:
    return {entry.name for entry in directory.iterdir() if not entry.name.startswith(".")}


def _sweep(directory: Path) -> None:
    """Delete the segments that a writer wrote and did not live to commit."""
    segments, _ = _read_manifest(directory)
    committed = {segment["file"] for listed in segments.values() for segment in listed}
    for name in _visible(directory) - committed:
        if _SEGMENT_NAME.fullmatch(name):
            (directory / name).unlink()


def _write_manifest(directory: Path, segments: Mapping[str, Sequence[_Segment]], head: bytes) -> None:
    document = {"format": _FORMAT, "version": FORMAT_VERSION, "head": head.hex(), "streams": segments}
    atomic_write(directory / _MANIFEST, seal(document))


def _read_manifest(directory: Path) -> tuple[dict[str, list[_Segment]], bytes]:
    path = directory / _MANIFEST
    try:
        content = path.read_bytes()
    except OSError as error:
        message = f"there is no journal: {error.strerror}"
        raise InputError(Problem("segment_missing", message, _RESTORE, str(path))) from error
    manifest = unseal(content, str(path))
    if (manifest.get("format"), manifest.get("version")) != (_FORMAT, FORMAT_VERSION):
        message = f"this is not a journal of format version {FORMAT_VERSION}"
        raise InputError(Problem("wrong_version", message, "read it with the release that wrote it", str(path)))
    return manifest["streams"], bytes.fromhex(manifest["head"])


def _check_files(directory: Path, segments: Mapping[str, Sequence[_Segment]]) -> None:
    listed = {segment["file"] for stream in segments.values() for segment in stream} | {_MANIFEST}
    present = _visible(directory)
    missing, extra = "the manifest lists this file, and it is not there", "the manifest does not list this file"
    problems = [
        *(Problem("segment_missing", missing, _RESTORE, str(directory / name)) for name in sorted(listed - present)),
        *(Problem("segment_extra", extra, "move it away", str(directory / name)) for name in sorted(present - listed)),
    ]
    if problems:
        raise InputError(problems)


def _damaged(path: Path, message: str) -> InputError:
    return InputError(Problem("segment_damaged", message, _RESTORE, str(path)))
