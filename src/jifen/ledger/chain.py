"""The hash chain: one SHA-256 for each batch, over the one before it and all that the batch says.

``docs/ledger.md`` has the layout of the bytes, so that anybody can recompute the chain with any tool. Rows are hashed
by blocks of columns, each in as few bytes as its numbers need: what is the same all over a block costs nothing, and how
the rows were made, one by one or in wide or narrow columns, does not show. The chain binds batches as they were sealed;
``journal_digest`` covers the transfers alone and does not care where batches were cut.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jifen.core.errors import BrokenInvariant, InputError, Problem, ensure
from jifen.ledger.journal import Forfeits, Refusal, Transfers
from jifen.ledger.rows import Rows, narrow

__all__ = [
    "GENESIS",
    "NAME_TABLES",
    "Batch",
    "batch_hash",
    "block_digests",
    "canonical_events",
    "canonical_json",
    "canonical_text",
    "journal_digest",
    "link",
    "seal",
    "unseal",
    "verify",
]

GENESIS = bytes(32)
"""What stands for the hash before the first batch."""

NAME_TABLES = ("asset", "member", "order", "pool", "rule", "store")
"""The tables of names that the numbers in transfers and forfeits point into."""

_BATCH_TAG = b"jifen ledger batch 2"
_TRANSFERS_TAG = b"jifen ledger transfers 2"

_Bytes = bytes | memoryview


@dataclass(frozen=True, slots=True)
class Batch:
    """One sealed batch: what came in and what came of it. Nothing in it is left out of its hash."""

    number: int
    """0, 1, 2, …: without gaps."""
    day: int
    """The business day that was open."""
    revision: int
    """The engine's ``semantics_revision`` that made it."""
    plans: tuple[str, ...]
    """The digests of the plan versions that decided."""
    events: Sequence[str]
    """The accepted events in order, each as canonical JSON."""
    transfers: Transfers
    forfeits: Forfeits
    refusals: tuple[Refusal, ...] = ()
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By table (``NAME_TABLES``), the names that are new in this batch; their numbers go on from the last one's."""


def canonical_json(document: Any) -> str:
    """Write a document as its one canonical JSON text: sorted keys, no spaces, UTF-8 unescaped; no floats.

    >>> canonical_json({"b": [1, None], "a": "积分"})
    '{"a":"积分","b":[1,null]}'
    """
    _refuse_floats(document)
    return canonical_text(document)


def canonical_events(events: Sequence[str]) -> bytes:
    r"""Return the bytes of events: each one's UTF-8 with a line feed after it. None may hold a line feed itself.

    >>> bytes(canonical_events(['{"id":"o1"}', '{"id":"o2"}']))
    b'{"id":"o1"}\n{"id":"o2"}\n'
    """
    ensure(not any("\n" in event for event in events), "an event of a batch is not one line of JSON")
    return "".join(f"{event}\n" for event in events).encode()


def block_digests(rows: Rows) -> bytes:
    """The SHA-256 of each block of rows, one after the other.

    A block is hashed as its number of rows in 8 bytes, then each field in order: a byte, 0 and the number in 8 bytes
    where it is the same in all rows, else the least of 1, 2, 4 and 8 bytes that hold all numbers, and they.
    """
    digests = []
    for block in rows.blocks():
        digest = hashlib.sha256(len(block).to_bytes(8, "little"))
        for name in rows.dtype.names or ():
            field = block[name]
            column = field if isinstance(field, int) else narrow(field)
            if isinstance(column, int):
                digest.update(b"\0" + column.to_bytes(8, "little", signed=True))
            else:
                digest.update(bytes([column.itemsize]))
                digest.update(column.data)
        digests.append(digest.digest())
    return b"".join(digests)


def link(previous: bytes, events: _Bytes, transfers: _Bytes, forfeits: _Bytes, *, header: _Bytes = b"") -> bytes:
    """Compute the hash of one batch: SHA-256 over a tag and these parts, each with its length in 8 bytes before it.

    ``transfers`` and ``forfeits`` are the digests of their blocks.

    >>> link(GENESIS, b"", b"", b"").hex()[:16]
    '6c6a6346df4e965f'
    """
    ensure(len(previous) == len(GENESIS), f"a hash has {len(GENESIS)} bytes, not {len(previous)}")
    digest = hashlib.sha256()
    for part in (_BATCH_TAG, previous, header, events, transfers, forfeits):
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.digest()


def batch_hash(previous: bytes, batch: Batch) -> bytes:
    """Compute the hash of a batch that follows the batch with hash ``previous``."""
    header = {
        "day": batch.day,
        "names": {table: list(names) for table, names in batch.names.items() if len(names)},
        "number": batch.number,
        "plans": list(batch.plans),
        "refusals": [[refusal.event, refusal.code, refusal.message] for refusal in batch.refusals],
        "revision": batch.revision,
    }
    return link(
        previous,
        canonical_events(batch.events),
        block_digests(batch.transfers),
        block_digests(batch.forfeits),
        header=canonical_text(header).encode(),
    )


def verify(batches: Iterable[tuple[Batch, bytes]]) -> bytes:
    """Recompute the chain over batches, in order, with their recorded hashes, and return the last hash.

    The first batch that does not follow from the one before is named in an ``InputError``.
    """
    previous = GENESIS
    for expected, (batch, recorded) in enumerate(batches):
        if batch.number != expected:
            message = f"batch {batch.number} stands where batch {expected} belongs"
            raise InputError(Problem("chain_gap", message, "restore the batches that are missing"))
        computed = batch_hash(previous, batch)
        if computed != recorded:
            message = f"batch {batch.number} is not what was sealed: its hash is {computed.hex()}, not {recorded.hex()}"
            raise InputError(Problem("chain_broken", message, "restore it; what follows it proves nothing"))
        previous = computed
    return previous


def journal_digest(parts: Iterable[Transfers]) -> bytes:
    """Compute the SHA-256 over all transfers in order, however they were cut into parts."""
    return hashlib.sha256(_TRANSFERS_TAG + block_digests(Transfers.joined(parts))).digest()


def seal(document: Mapping[str, Any]) -> bytes:
    """Write a document as canonical JSON with its own SHA-256 in the key ``seal``, so that a changed bit is noticed."""
    digest = hashlib.sha256(canonical_json(document).encode()).hexdigest()
    return canonical_json({**document, "seal": digest}).encode()


def unseal(content: bytes, file: str) -> dict[str, Any]:
    """Read what ``seal`` wrote, without the seal; anything else is an ``InputError`` that names ``file``.

    >>> unseal(seal({"a": 1}), "a.json")
    {'a': 1}
    """
    try:
        document = json.loads(content)
        sealed = document.pop("seal")
        intact = seal(document) == content and isinstance(sealed, str)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, BrokenInvariant):
        intact = False
    if not intact:
        problem = Problem(
            "bad_checksum", "the file is damaged or was changed by hand", "restore it from a backup", file
        )
        raise InputError(problem)
    return dict(document)


def canonical_text(document: Any) -> str:
    """The same for a document that is known to have only texts as keys, and no floats."""
    return _CANONICAL.encode(document)


_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))
_PLAIN = frozenset((str, int, bool, type(None)))


def _refuse_floats(document: Any) -> None:
    """Stop at a float, whose text is not the same everywhere, and at a key that JSON would change."""
    if type(document) in _PLAIN:  # nearly all of them are
        return
    if isinstance(document, Mapping):
        for key, value in document.items():
            ensure(isinstance(key, str), f"a key of canonical JSON is text, not {key!r}")
            _refuse_floats(value)
    elif isinstance(document, list | tuple):
        for value in document:
            _refuse_floats(value)
    else:
        ensure(isinstance(document, int | str), f"no canonical JSON for {document!r}")
