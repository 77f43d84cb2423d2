"""What is in the file of a bundle: a manifest, its signature, tables as CSV, and each plan version as JSON.

Nothing here knows a database: it is what both who writes a bundle and who verifies it go by.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from typing import IO, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

__all__ = [
    "FORMAT_VERSION", "MANIFEST", "NAME", "PLANS", "SIGNATURE", "TABLES", "Count", "Day", "File", "Head", "Hex",
    "Manifest", "Moments", "Period", "ShopFacts", "Totals", "Written", "expected_names", "line_of", "manifest_bytes",
    "rows_in",
]  # fmt: skip

FORMAT_VERSION = 1
"""Raised when what is in the file changes its meaning."""
MANIFEST, SIGNATURE, PLANS = "manifest.json", "manifest.sig", "plans/"
NAME = re.compile(r"[a-z_]{1,40}\.csv|plans/[0-9a-f]{64}\.json")
"""How files of a bundle may be called."""

TABLES: dict[str, tuple[str, ...]] = {
    "tree": ("member", "sponsor", "joined"),
    "moves": ("event", "day", "member", "sponsor_before", "sponsor", "by"),
    "orders": ("day", "order", "member", "amount"),
    "refunds": ("day", "refund", "order", "amount"),
    "payouts": ("day", "member", "rule", "asset", "plan", "paid", "taken_back"),
    "runs": (
        "day", "batch", "hash", "segment", "segment_sha256", "payouts", "paid", "promised", "wallets", "lots", "queue",
        "deferred", "reserve", "pools", "owed", "backed", "reserve_in", "reserve_out",
    ),
    "chain": ("batch", "day", "revision", "plan", "events", "transfers", "previous", "hash"),
    "versions": ("plan", "name", "state", "published_at", "counts_from", "check", "assessment", "disclosure"),
    "plan_changes": ("event", "day", "kind", "plan"),
    "findings": ("when", "day", "plan", "finding", "severity", "blocks", "waived", "document"),
    "waivers": (
        "waiver", "plan", "finding", "reason", "counsel", "document", "asked_by", "asked_at", "granted_by",
        "granted_at", "until",
    ),
    "freezes": ("day", "plan", "frozen", "stops", "findings", "made_at", "lifted_at", "lifted_by"),
    "deeds": (
        "deed", "kind", "facts", "weight", "state", "asked_by", "asked_at", "decided_by", "decided_at", "code", "event",
        "reason",
    ),
    "history": ("at", "who", "table", "row", "kind", "field", "before", "after"),
    "withdrawals": (
        "withdrawal", "event", "member", "asset", "amount", "fee", "day", "state", "asked_by", "asked_at",
        "reviewed_by", "reviewed_at", "result", "ended_at", "code", "reason", "bank_reference",
    ),
    "people": ("member", "phone", "name", "id_number", "bank", "bank_account"),
}  # fmt: skip
"""The columns of each table; ``people`` is there only where personal data was asked for."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "'")
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_MARK = "\ufeff"
"""By which spreadsheets know UTF-8."""

Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Day = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Count = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ShopFacts(_Part):
    """Whose bundle it is. ``id`` is the hash of the first batch of its log: no other shop has it."""

    id: Hex
    name: str
    seat: str
    zone: str
    currency: str
    live: bool


class Period(_Part):
    """The business days that are in it; ``whole``: from the shop's first day on."""

    first: Day
    last: Day
    whole: bool


class Moments(_Part):
    """The local days to which deeds and the history of changes are limited; empty: no limit."""

    first: str
    last: str


class Head(_Part):
    """A place of the log: a batch, and its hash."""

    batch: int
    hash: Hex


class Totals(_Part):
    """Control totals of the tables; amounts are decimal strings."""

    members: Count
    orders: Count
    ordered: str
    refunded: str
    paid: str


class File(_Part):
    """A file: its bytes, what they are, and how many rows it has if it is a table."""

    name: str
    bytes: Count
    sha256: Hex
    rows: Count


class Manifest(_Part):
    """What a bundle is, and what is in it: the part that is signed."""

    format: Literal["jifen bundle"]
    version: int
    shop: ShopFacts
    period: Period
    moments: Moments
    personal: bool
    release: str
    """The release of jifen that made it."""
    engine: int
    """The ``semantics_revision`` of that release; each batch of the chain says its own."""
    log: Head
    """The last batch of the chain: the close of the last day."""
    head: Head
    """The last batch of the log when the bundle was made."""
    key: Hex
    """The public key that signs."""
    totals: Totals
    files: tuple[File, ...]


Written = Sequence[str]
"""A row: a text for each column."""


def manifest_bytes(manifest: Manifest) -> bytes:
    """The one text of a manifest: what is signed."""
    document = manifest.model_dump(mode="json")
    return (json.dumps(document, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()


def expected_names(*, personal: bool) -> list[str]:
    """The tables that a bundle has, as files, in order."""
    return sorted(f"{name}.csv" for name in TABLES if personal or name != "people")


def line_of(row: Written, *, first: bool = False) -> bytes:
    r"""A row as a line of CSV (RFC 4180); the first one has a mark before it. No cell is a formula to a spreadsheet.

    >>> line_of(("=1", "-2.50", 'a"b'))
    b'\'=1,-2.50,"a""b"\r\n'
    """
    stream = io.StringIO()
    csv.writer(stream).writerow(
        [f"'{cell}" if cell.startswith(_FORMULA) and not _NUMBER.fullmatch(cell) else cell for cell in row]
    )
    return ((_MARK if first else "") + stream.getvalue()).encode()


def rows_in(file: IO[bytes], table: str) -> Iterator[dict[str, str]]:
    """The rows of a table as they were written; ``ValueError`` for what nobody has written so."""
    columns = TABLES[table]
    reader = csv.reader(io.TextIOWrapper(file, "utf-8", newline=""), strict=True)
    try:
        header = next(reader, [])
        if header != [f"{_MARK}{columns[0]}", *columns[1:]]:
            raise ValueError("the header names other columns")
        for row in reader:
            if len(row) != len(columns):
                raise ValueError(f"line {reader.line_num} has {len(row)} cells")
            yield {name: cell.removeprefix("'") for name, cell in zip(columns, row, strict=True)}
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from error
