"""Files read by column give the same events and findings as read row by row, whatever is in them."""

from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.batch.files import BERLIN, COLUMNS, PLAN, SHANGHAI, tables, written

from jifen.batch import blocks
from jifen.batch.columns import Columns
from jifen.batch.findings import Findings
from jifen.batch.merge import Inputs, Merge, open_inputs
from jifen.batch.name_table import NameTables
from jifen.batch.read import KINDS
from jifen.batch.reader import Reader
from jifen.batch.tables import open_table
from jifen.core.errors import InputError
from jifen.core.micros import MICRO


def everything(inputs: Inputs, rejected: Path) -> dict[str, object]:
    """All that comes out of reading: events, rows, findings."""
    findings = Findings(rejected)
    items, error = [], []
    try:
        for item in Merge(open_inputs(inputs), inputs.zone, findings, plan=PLAN).items():
            rows = [(row.number, row.values) for row in item.rows]
            items.append((item.instant, item.event, item.key, item.table.file, rows))
    except InputError as broken:
        error = broken.problems
    findings.close()
    text = rejected.read_text(encoding="utf-8") if rejected.exists() else ""
    rejected.unlink(missing_ok=True)
    return {
        "items": items, "error": error, "problems": findings.problems, "more": findings.more, "rows": findings.rows,
        "duplicates": findings.duplicates, "rejected": text,
    }  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("columns")


@given(
    data=st.data(),
    zone=st.sampled_from([SHANGHAI, BERLIN, "Africa/Casablanca"]),
    part=st.sampled_from([40, 1 << 20]),
    rows=st.sampled_from([2, 1 << 15]),
)
def test_rows_that_kernels_read_are_the_same_when_each_is_judged_by_itself(folder, data, zone, part, rows):
    files = {kind: written(folder, kind, data.draw(tables(kind)), data.draw) for kind in COLUMNS}
    inputs = Inputs(**files, zone=zone)
    whole = Columns._parsed

    def none_plain(self):
        return (replace(parsed, plain=np.zeros_like(parsed.plain)) for parsed in whole(self))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "READ_BYTES", part)
        patch.setattr(blocks, "SCAN_ROWS", rows)
        by_column = everything(inputs, folder / "rejected.csv")
        patch.setattr(Columns, "_parsed", none_plain)
        by_row = everything(inputs, folder / "rejected.csv")
    assert by_column == by_row


def stretches(folder: Path, kind: str, text: str, zone: str = SHANGHAI, names: NameTables | None = None) -> list:
    """What is read of a file that holds ``text``."""
    path = folder / f"few-{kind}.csv"
    path.write_text(text, encoding="utf-8")
    shape = KINDS[kind].shape
    reader = Reader(
        open_table(path, shape), ZoneInfo(zone), Findings(), shape, names=NameTables() if names is None else names
    )
    return list(KINDS[kind].read(reader))


HEADER = "order,member,paid_at,amount\n"


def test_what_honest_files_have_is_read_by_kernels_alone(folder, monkeypatch):
    monkeypatch.setattr(Columns, "_checked", None)
    rows = "o1,a,2025-01-02,100\no2,b,2025-01-02T10:00:00.5+08:00, 12.50\n订单3,\t会员,2025-01-03 09:00,+0.01\n"
    read = stretches(folder, "orders", HEADER + rows)
    assert [row for found in read for row in found.values("amount").tolist()] == [100 * MICRO, 12_500_000, 10_000]
    assert [row for found in read for row in found.names("order").tolist()] == [0, 1, 2]
    assert [row for found in read for row in found.names("member").tolist()] == [0, 1, 2]


def test_a_row_that_is_sound_but_odd_stands_among_the_others_with_the_same_numbers(folder):
    rows = 'o1,a,2025-01-02,5\n"o""2",\u3000a,2025-01-02T02:00:00Z,\u30005\no3,b,2025-01-02T11:00,5\n'
    read = stretches(folder, "orders", HEADER + rows)
    assert [order for found in read for order in found.texts("order")] == ["o1", 'o"2', "o3"]
    first, second, third = (number for found in read for number in found.names("member").tolist())
    assert first == second != third
    assert [amount for found in read for amount in found.values("amount").tolist()] == [5 * MICRO] * 3
    assert [when.at[-8:] for found in read for when in found.times()] == ["00:00:00", "10:00:00", "11:00:00"]


def test_what_a_file_has_no_column_for_is_empty(folder):
    (found,) = stretches(folder, "orders", HEADER + "o1,a,2025-01-02,5\n")
    assert found.names("region").tolist() == [-1]
    assert found.texts("region") == [None]
    assert found.values("quantity", 1).tolist() == [1]


def test_a_row_before_one_above_it_is_refused_also_in_the_next_block(folder, monkeypatch):
    monkeypatch.setattr(blocks, "SCAN_ROWS", 2)
    rows = "o1,a,2025-01-04,1\no2,a,2025-01-03,1\no3,a,2025-01-04,1\no4,a,2025-01-03,1\no5,a,2025-01-05,1\n"
    read = stretches(folder, "orders", HEADER + rows)
    assert [order for found in read for order in found.texts("order")] == ["o1", "o3", "o5"]


def test_a_name_that_must_be_there_is_missed(folder):
    rows = ",a,2025-01-02,1\no2,,2025-01-02,1\no3, ,2025-01-02,1\no4,a,2025-01-02,1\n"
    (found,) = stretches(folder, "orders", HEADER + rows)
    assert found.texts("order") == ["o4"]


def test_days_of_23_and_25_hours_begin_and_end_where_the_shop_says(folder):
    """On 2025-03-30 clocks go from 2 to 3, on 2025-10-26 from 3 back to 2: 02:30 is the first of two."""
    texts = ("2025-03-30", "2025-03-30T23:30", "2025-03-31", "2025-10-26", "2025-10-26T02:30", "2025-10-26T02:30+01:00",
             "2025-10-27")  # fmt: skip
    text = HEADER + "".join(f"o{place},a,{at},1\n" for place, at in enumerate(texts))
    read = stretches(folder, "orders", text, BERLIN)
    hours = (np.diff(np.concatenate([found.instant for found in read])) / 3_600_000_000).tolist()
    assert hours == [22.5, 0.5, 24 * 209 - 1 + 1, 2.5, 1.0, 21.5]
    days = np.concatenate([found.day for found in read])
    assert (days - days[0]).tolist() == [0, 0, 1, 210, 210, 210, 211]


def test_names_are_shared_between_files(folder):
    names = NameTables()
    stretches(folder, "members", "member,referrer,joined_at\na,,2025-01-01\nb,a,2025-01-01\n", names=names)
    (orders,) = stretches(folder, "orders", HEADER + "o1,b,2025-01-02,1\no2,z,2025-01-02,1\n", names=names)
    assert orders.names("member").tolist() == [1, 2]
    assert orders.texts("member") == ["b", "z"]


def test_a_mistake_in_the_second_thread_is_raised_at_its_place(folder, monkeypatch):
    monkeypatch.setattr(blocks, "READ_BYTES", 64)
    path = folder / "broken.csv"
    path.write_text(HEADER + "".join(f"o{place},a,2025-01-02T10:{place}0,1\n" for place in range(6)) + '"o,a\n')
    shape = KINDS["orders"].shape
    reader = Reader(open_table(path, shape), ZoneInfo(SHANGHAI), Findings(), shape)
    found = []
    with pytest.raises(InputError, match="bad_csv"):
        found.extend(len(rows) for rows in KINDS["orders"].read(reader))
    assert sum(found) == 5, "the last order waits for a row of a later time"


def test_a_parquet_file_whose_text_is_no_utf8_is_refused(folder):
    text = pa.StringArray.from_buffers(1, pa.py_buffer(np.array([0, 1], dtype=np.int32)), pa.py_buffer(b"\xff"))
    table = pa.table({"order": text, "member": ["a"], "paid_at": ["2025-01-02"], "amount": ["1"]})
    path = folder / "torn.parquet"
    pq.write_table(table, path)
    shape = KINDS["orders"].shape
    with pytest.raises(InputError, match="bad_parquet"):
        list(open_table(path, shape).blocks())
