import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.ledger.samples import batch, transfer

from jifen.ledger.journal import FORFEIT, TRANSFER, Account, Transfers
from jifen.ledger.rows import BLOCK_ROWS
from jifen.ledger.segments import SEGMENT_ROWS, SegmentWriter

PAGE = (Path(__file__).parents[2] / "docs" / "ledger.md").read_text(encoding="utf-8")
CHECKER = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL).group(1)


def check(journal):
    return subprocess.run([sys.executable, "-c", CHECKER, str(journal)], capture_output=True, text=True)


@pytest.fixture
def writer(tmp_path):
    with SegmentWriter(tmp_path / "journal", segment_rows=2) as writer:
        writer.append(batch(0, 1, 2, 3))
        writer.append(batch(1, events=()))
        writer.append(batch(2, 4, 5, names={"order": ["单\t号"], "member": ["dan", "é"]}))
    return writer


def test_the_program_in_the_docs_recomputes_the_chain_without_this_package(tmp_path, writer):
    assert "jifen." not in CHECKER
    result = check(tmp_path / "journal")
    assert (result.stdout, result.stderr) == (writer.head.hex() + "\n", "")


def test_the_program_in_the_docs_knows_what_a_block_is(tmp_path):
    rows = np.repeat(transfer().array(), 2 * BLOCK_ROWS + 10)
    rows["amount"], rows["lot"] = np.arange(len(rows)) * 50_000, np.arange(len(rows)) // BLOCK_ROWS
    with SegmentWriter(tmp_path / "journal") as writer:
        writer.append(batch(0, transfers=Transfers.of(rows)))
    result = check(tmp_path / "journal")
    assert (result.stdout, result.stderr) == (writer.head.hex() + "\n", "")
    assert f"{BLOCK_ROWS:,} rows" in PAGE


def test_the_program_in_the_docs_names_the_batch_that_was_changed(tmp_path, writer):
    other = tmp_path / "other"
    with SegmentWriter(other, segment_rows=2) as forger:
        forger.append(batch(0, 1, 2, 3))
        forger.append(batch(1, events=()))
        forger.append(batch(2, 4, 6, names={"order": ["单\t号"], "member": ["dan", "é"]}))
    for file in other.glob("transfers-*.parquet"):
        file.rename(tmp_path / "journal" / file.name)
    assert check(tmp_path / "journal").stderr == "batch 2 is not what was sealed\n"


def test_the_docs_list_every_column_and_every_kind_of_account():
    columns = re.findall(r"^\| `([a-z_`, ]+)` \| [\d, ]+ \|", PAGE, re.MULTILINE)
    assert [name for cell in columns for name in cell.split("`, `")] == list(TRANSFER.names)
    assert all(f"`{name}`" in PAGE for name in FORFEIT.names)
    kinds = re.findall(r"^\| (\d) \| `([a-z]+)`", PAGE, re.MULTILINE)
    assert [(int(number), name.upper()) for number, name in kinds] == [(kind.value, kind.name) for kind in Account]
    assert f"{SEGMENT_ROWS:,} rows" in PAGE
