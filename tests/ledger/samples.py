"""Small journals for the tests of the ledger, and processes that die or run out of disk while they write."""

import os
import subprocess
import sys
import textwrap
from itertools import zip_longest
from pathlib import Path

import numpy as np

from jifen.ledger.chain import Batch
from jifen.ledger.journal import FORFEIT, NONE, TRANSFER, Account, Forfeits, JournalWriter, Refusal, Transfers
from jifen.ledger.rows import Computed, narrow

NAMES = {
    "asset": ["cash", "points"],
    "member": ["安", "ben", "cora"],
    "order": ["o1", "o2"],
    "pool": ["bonus"],
    "rule": ["static", "team", "refund"],
    "store": ["lots"],
}


def transfer(**fields):
    """One row: 1 unit of cash from the merchant to member 0 by rule 0, unless the fields say otherwise."""
    record = np.zeros(1, dtype=TRANSFER)
    usual = {"from_kind": Account.MERCHANT, "to_kind": Account.WALLET, "amount": 1_000_000, "day": 7}
    none = dict.fromkeys(("event", "lot", "order", "line", "reason"), NONE)
    for name, value in {**usual, **none, **fields}.items():
        record[name] = value
    return Transfers.of(record)


def transfers(*amounts):
    """Cash from the merchant to members 0, 1, 2, 0, …, one row an amount."""
    return Transfers.joined(transfer(to_id=place % 3, amount=amount) for place, amount in enumerate(amounts))


def forfeits(*points):
    rows = np.zeros(len(points), dtype=FORFEIT)
    rows["event"], rows["day"], rows["points"] = NONE, 7, points
    return Forfeits.of(rows)


WAYS = ("row by row", "wide columns", "narrow columns", "computed columns")


def made(records, cuts=(), ways=()):
    """The same rows however they are made: cut at these places, each part by its way, row by row where none is left."""
    writer = JournalWriter()
    parts = np.split(records, sorted(cut for cut in cuts if cut <= len(records)))
    for part, way in zip_longest(parts, ways[: len(parts)], fillvalue=WAYS[0]):
        columns = {name: np.ascontiguousarray(part[name]) for name in TRANSFER.names}
        if way == "row by row":
            for row in part:
                writer.transfer(row.item())
        elif way == "wide columns":
            writer.columns(len(part), **columns)
        elif way == "narrow columns":
            writer.columns(len(part), **{name: narrow(column) if len(part) else 0 for name, column in columns.items()})
        else:
            writer.columns(len(part), **{name: Computed(np.copy, (column,)) for name, column in columns.items()})
    return writer.seal()[0]


def batch(number, *amounts, events=('{"id":"e1"}',), names=None, **fields):
    """A batch that pays the amounts; batch 0 brings all names."""
    usual = {
        "day": 7 + number,
        "revision": 1,
        "plans": ("d1",),
        "transfers": transfers(*amounts),
        "forfeits": forfeits(*amounts[:1]),
        "refusals": (Refusal("e9", "duplicate", "known"),) if number else (),
        "names": NAMES if names is None and number == 0 else names or {},
    }
    return Batch(number=number, events=events, **usual | fields)


def run_python(code, *arguments, wait=True):
    """Start a Python that knows this package and these samples."""
    root = Path(__file__).parents[2]
    paths = [str(root), str(root / "src"), os.environ.get("PYTHONPATH", "")]
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    process = subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)}, stdout=subprocess.PIPE, text=True
    )
    if wait:
        process.communicate(timeout=60)
    return process


def kill_when_ready(code, *arguments):
    """Run Python until it prints ``ready``, then kill it with no chance to clean up."""
    with run_python(code, *arguments, wait=False) as process:
        assert process.stdout.readline() == "ready\n"
        process.kill()


FULL_DISK = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
"""
"""Python that lets no file of this process grow above 20 kB: writing more is an ``OSError``, as on a full disk."""
