"""An audit does a run again and names the first difference; changed files and breaks of the chain are told."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jifen.batch.audit import Difference, _record_differences, audit
from jifen.batch.run import Target
from jifen.core.errors import InputError
from jifen.ledger.journal import TRANSFER, Transfers
from jifen.ledger.rows import BLOCK_ROWS
from jifen.ledger.segments import SegmentWriter, read_segments

REFUNDS = "refund,order,refunded_at,amount\nr1,o1,2025-01-02T11:00:00,40.00\n"


@pytest.fixture
def done(shop):
    shop.write(refunds=REFUNDS).run(plan="green_points")
    shop.run(out=Target(shop.out, force=True))
    return shop.out


def rewrite(folder, change):
    """Seal another journal in place of the recorded one: its own hashes are right."""
    batches = [batch for batch, _ in read_segments(folder / "journal")]
    other = folder.with_name("other")
    with SegmentWriter(other) as writer:
        for batch in batches:
            writer.append(change(batch))
    for file in (folder / "journal").iterdir():
        file.unlink()
    for file in other.iterdir():
        file.rename(folder / "journal" / file.name)
    summary = json.loads((folder / "summary.json").read_text())
    summary["digests"]["journal"] = read_segments(folder / "journal").head.hex()
    (folder / "summary.json").write_text(json.dumps(summary))


def changed(**fields):
    """The second batch's first release with other values in some fields."""

    def change(batch):
        if batch.number != 1:
            return batch
        transfers = batch.transfers.array()
        row = int(np.flatnonzero(transfers["drained"] > 0)[0])
        for name, value in fields.items():
            transfers[row][name] = value
        return replace(batch, transfers=Transfers.of(transfers))

    return change


def test_a_run_is_sound_and_was_replayed_whole(done):
    found = audit(done)
    assert found.sound
    assert found.batches == 2
    assert found.transfers == sum(len(batch.transfers) for batch, _ in read_segments(done / "journal"))


def test_a_transfer_of_another_amount_is_named_with_batch_row_field_and_both_values(done):
    """60 points are left of o1, so 0.60 is released: 600000 micro-units."""
    rewrite(done, changed(amount=700_000, drained=700_000))
    found = audit(done)
    assert found.problems == []
    assert (found.difference.batch, found.difference.where, found.difference.field) == (1, "transfers", "amount")
    assert (found.difference.expected, found.difference.got) == ("600000", "700000")


def test_an_event_of_another_amount_is_found_by_what_it_causes(done):
    def change(batch):
        return replace(batch, events=[str(text).replace("100000000", "100010000") for text in batch.events])

    rewrite(done, change)
    found = audit(done)
    assert (found.difference.batch, found.difference.where, found.difference.field) == (0, "transfers", "amount")


@pytest.mark.parametrize("text", ["{}", "rubbish", '{"event":"day_closed","id":"x","day":1}', "[]"])
def test_an_event_that_is_none_is_named(done, text):
    rewrite(done, lambda batch: replace(batch, events=[text, *map(str, batch.events)]))
    assert audit(done).difference.where == "events"


def test_an_event_that_is_refused_is_named(done):
    again = str(next(iter(read_segments(done / "journal")))[0].events[0])
    rewrite(done, lambda batch: replace(batch, events=[*map(str, batch.events), again]) if not batch.number else batch)
    assert audit(done).difference.expected == "refused: duplicate"


def test_a_missing_transfer_is_named(done):
    rewrite(done, lambda batch: replace(batch, transfers=batch.transfers[:-1]))
    assert (audit(done).difference.batch, audit(done).difference.field) == (0, "rows")


def test_a_difference_far_into_a_batch_is_named_by_its_row():
    records = np.zeros(BLOCK_ROWS + 9, dtype=TRANSFER)
    records["amount"] = 5
    other = records.copy()
    other["lot"][BLOCK_ROWS + 7], other["day"][BLOCK_ROWS + 8] = 3, 1
    found = list(_record_differences("transfers", 2, Transfers.of(records), Transfers.of(other)))
    assert found == [Difference("transfers", 2, BLOCK_ROWS + 7, "lot", "0", "3")]


def test_a_changed_segment_is_told_by_its_digest(done):
    segment = next((done / "journal").glob("transfers-*.parquet"))
    content = bytearray(segment.read_bytes())
    content[len(content) // 2] ^= 1
    segment.write_bytes(content)
    found = audit(done)
    assert not found.sound
    assert str(segment) in found.problems[0].file


def test_a_missing_segment_is_told(done):
    next((done / "journal").glob("transfers-*.parquet")).unlink()
    assert [problem.code for problem in audit(done).problems] == ["segment_missing"]


def test_a_journal_of_another_run_is_told_by_the_summary(done):
    rewrite(done, lambda batch: batch)
    assert audit(done).sound
    summary = json.loads((done / "summary.json").read_text())
    summary["digests"]["journal"] = "0" * 64
    (done / "summary.json").write_text(json.dumps(summary))
    assert [problem.code for problem in audit(done).problems] == ["digest_differs"]


def test_a_changed_balance_is_named_with_its_row(done):
    balances = done / "balances.csv"
    balances.write_text(balances.read_text().replace("b,cash,0.600000", "b,cash,9.600000"))
    difference = audit(done).difference
    assert (difference.where, difference.expected, difference.got) == (
        "balances.csv",
        "b,cash,0.600000",
        "b,cash,9.600000",
    )


@pytest.mark.parametrize(("file", "column"), [("lots.parquet", "remaining"), ("daily.parquet", "sold")])
def test_a_changed_table_is_named_with_row_and_column(done, file, column):
    table = pq.read_table(done / file)
    values = table[column].to_pylist()
    values[1] += 1
    place = table.column_names.index(column)
    pq.write_table(
        table.set_column(place, table.field(column), pa.array(values, table.field(column).type)), done / file
    )
    difference = audit(done).difference
    assert (difference.where, difference.row, difference.field) == (file, 1, column)


def test_a_changed_plan_is_told(done):
    plan = done / "plan.json"
    text = plan.read_text(encoding="utf-8")
    assert "10000" in text
    plan.write_text(text.replace("10000", "20000"), encoding="utf-8")
    assert [problem.code for problem in audit(done).problems] == ["plan_changed"]


def test_missing_files_are_told_and_a_folder_that_is_no_run_is_an_error(done, tmp_path):
    (done / "balances.csv").unlink()
    assert [problem.code for problem in audit(done).problems] == ["unreadable"]
    with pytest.raises(InputError, match="not_a_run"):
        audit(tmp_path)


def test_a_changed_account_of_the_sales_is_named(done):
    """150 sold, 40 refunded, 0.60 released of the 60 points that are left: 109.40 remain."""
    file = done / "summary.json"
    file.write_text(file.read_text().replace('"remains": "109.400000"', '"remains": "110.000000"'))
    found = audit(done)
    assert (found.difference.where, found.difference.field) == ("summary.json", "waterfall remains")
    assert (found.difference.expected, found.difference.got) == ('"109.400000"', '"110.000000"')
