"""Files read by column give the same events and the same findings as read row by row, whatever is in them."""

from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jifen.batch import blocks
from jifen.batch.clock import day_of
from jifen.batch.columns import Columns
from jifen.batch.name_table import NameTables
from jifen.batch.findings import Findings
from jifen.batch.merge import Inputs, Merge, open_inputs
from jifen.batch.read import KINDS
from jifen.batch.tables import open_table
from jifen.core.errors import InputError
from jifen.core.micros import MICRO
from jifen.plan import load_plan

SHANGHAI, BERLIN = "Asia/Shanghai", "Europe/Berlin"
PLAN = load_plan("points_dividend")

AMOUNTS = [
    "100", "5.5", "", "1e3", "1E2", "１００", "-5", "-0", "nan", "inf", "¥5", "1,000", "1.005", "1.0050000", "1.000",
    ".5", "5.", "+7", "+ 7", "--1", "0", "00012.34", "1_000", "0x10", "1.2.3", "٣", "1000000000", "1000000000.01",
    "999999999.99", "0.000001", "0.0000001", "9" * 26, "0" * 30 + "7", "18446744073709551616", "9223372036854775808",
    " 12.30 ", "\u300012.5\u3000", "12\xa0", "5\x00", "12 3", "1" * 140_000,
]  # fmt: skip
TIMES = [
    "2025-01-02", "2025-01-02T10:00", "2025-01-02T10:00:00+08:00", "2025-01-02T10:00:00Z", "2025-01-02t10:00:00z",
    "2025-01-02T10:00:00.5", "2025-01-02T10:00:00.123456789", "2025-01-02T10:00:00.1234567891", "2025-03-30T02:30:00",
    "2025-10-26T02:30:00", "2025-10-26T02:30:00+01:00", "2025-10-26T02:30:00+0200", "2025-10-26T00:30:00+00",
    "2025-02-29", "2024-02-29", "2025-04-31", "2025-13-01", "2025-00-01", "2025-01-32", "2025-01-02T24:00:00",
    "2025-01-02T23:60", "2025-01-02T10:00:60", "2025/01/02", "20250102", "x", "1970-01-01", "1971-01-01", "2200-01-01",
    "2199-12-31T23:59:59-12:00", "2025-01-02T10:00:00+24:00", "2025-01-02T10:00:00+08:60", "2025-01-02T10:00:00+8",
    "2025-01-02T10", "２025-01-02", "2025-01-02T10:00:00+", "", " 2025-01-03 ", "2025-01-03\u3000", "2025-01-02  10:00",
    "2025-01-05 23:59:59",
]  # fmt: skip
NAMES = [
    "a", "b", "c", "o1", "o2", "", "会员1", "a\u3000", "x" * 200, "x" * 201, "积" * 201, "a\nb", 'a"b', " a ", "b\t",
    "\x85a", "a\x07", "é", "\u200b", "a,b", "\ufeffa",
]  # fmt: skip
COUNTS = ["1", "0", "", "1.5", "1000000000", "1000000001", "00000000001", "٣", "+1"]

COLUMNS = {
    "members": {"member": NAMES, "referrer": NAMES, "joined_at": TIMES, "rank": ["v1", "king", ""], "agent": NAMES},
    "orders": {
        "order": NAMES, "member": NAMES, "paid_at": TIMES, "amount": AMOUNTS, "region": NAMES, "line": ["1", "2", ""],
        "quantity": COUNTS, "cost": AMOUNTS, "pay_coin": ["", "0", "1"],
    },
    "refunds": {"refund": NAMES, "order": NAMES, "refunded_at": TIMES, "amount": AMOUNTS, "line": ["1", "2", ""]},
}  # fmt: skip
"""What the cells of each column are drawn from; half of the time the first ones, which are sound."""


@st.composite
def tables(draw, kind):
    """Rows of one kind of file, sound and rubbish; some stand there twice."""
    columns = COLUMNS[kind]
    names = [name for name in columns if name in KINDS[kind].shape.required or draw(st.booleans())]
    cells = [st.one_of(st.sampled_from(columns[name][:2]), st.sampled_from(columns[name])) for name in names]
    rows = draw(st.lists(st.tuples(*cells).map(list), max_size=12))
    rows = [row for row in rows for _ in range(draw(st.sampled_from([1, 1, 1, 2])))]
    if draw(st.booleans()):
        place = names.index(KINDS[kind].shape.time)
        rows.sort(key=lambda row: row[place])
    return names, rows


def written(folder: Path, kind: str, table, draw) -> Path:
    names, rows = table
    if draw(st.sampled_from([True, False, False, False])):
        path = folder / f"{kind}.parquet"
        columns = {
            name: pa.array([row[place] or None for row in rows], pa.string()) for place, name in enumerate(names)
        }
        pq.write_table(pa.table(columns), path, row_group_size=5)
        return path
    quoted = draw(st.booleans())
    lines = [names, *rows]
    for place in draw(st.lists(st.integers(1, 12), max_size=1)):
        lines[place:place] = [draw(st.sampled_from([["", " "], ["x"], [*names, ""], ["\u3000"]]))]
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    text = end.join(",".join(cell_text(cell, quoted) for cell in row) for row in lines)
    path = folder / f"{kind}.csv"
    path.write_bytes(
        (text + draw(st.sampled_from(["", end]))).encode(draw(st.sampled_from(["utf-8", "utf-8-sig", "gb18030"])))
    )
    return path


def cell_text(cell: str, quoted: bool) -> str:
    return f'"{cell.replace(chr(34), chr(34) * 2)}"' if quoted or set(cell) & set(',"\n\r') else cell


def everything(inputs: Inputs, rejected: Path) -> dict[str, object]:
    """All that comes out of reading: events, rows, findings."""
    findings = Findings(rejected)
    items, error = [], []
    try:
        for item in Merge(open_inputs(inputs), inputs.zone, findings, plan=PLAN).items():
            items.append((item.instant, item.event, item.key, item.table.file, item.rows))
    except InputError as broken:
        error = broken.problems
    findings.close()
    return {
        "items": items, "error": error, "problems": findings.problems, "more": findings.more, "rows": findings.rows,
        "duplicates": findings.duplicates, "rejected": rejected.exists() and rejected.read_text(encoding="utf-8"),
    }  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("columns")


@given(
    data=st.data(), zone=st.sampled_from([SHANGHAI, BERLIN, "Africa/Casablanca"]), part=st.sampled_from([40, 1 << 20])
)
def test_columns_and_single_rows_read_the_same(folder, data, zone, part):
    files = {kind: written(folder, kind, data.draw(tables(kind)), data.draw) for kind in COLUMNS}
    inputs = Inputs(**files, zone=zone)
    whole = Columns.rows

    def none_plain(self):
        return (replace(rows, plain=np.zeros_like(rows.plain)) for rows in whole(self))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "READ_BYTES", part)
        by_column = everything(inputs, folder / "rejected.csv")
        (folder / "rejected.csv").unlink(missing_ok=True)
        patch.setattr(Columns, "rows", none_plain)
        by_row = everything(inputs, folder / "rejected.csv")
        (folder / "rejected.csv").unlink(missing_ok=True)
    assert by_column == by_row


def orders(folder: Path, text: str, zone: str = SHANGHAI) -> list:
    path = folder / "few.csv"
    path.write_text(text, encoding="utf-8")
    table = open_table(path, KINDS["orders"].shape)
    return list(columns_of("orders", table, ZoneInfo(zone), NameTables()).rows())


def test_what_honest_files_have_is_plain(folder):
    rows = "o1,a,2025-01-02,100\no2,b,2025-01-02T10:00:00.5+08:00, 12.50\n订单3,\t会员,2025-01-03 09:00,+0.01\n"
    (found,) = orders(folder, "order,member,paid_at,amount\n" + rows)
    assert found.plain.all()
    assert found.values["amount"].tolist() == [100 * MICRO, 12_500_000, 10_000]
    assert found.names["order"].tolist() == [0, 1, 2]
    assert found.names["member"].tolist() == [0, 1, 2]


def test_a_row_before_one_above_it_is_not_plain_also_in_the_next_block(folder, monkeypatch):
    monkeypatch.setattr(blocks, "SCAN_ROWS", 2)
    rows = "o1,a,2025-01-02,1\no2,a,2025-01-04,1\no3,a,2025-01-03,1\no4,a,2025-01-04,1\n"
    found = orders(folder, "order,member,paid_at,amount\n" + rows)
    assert [plain for part in found for plain in part.plain.tolist()] == [True, True, False, True]


def test_days_of_23_and_25_hours_begin_and_end_where_the_shop_says(folder):
    """On 2025-03-30 clocks go from 2 to 3, on 2025-10-26 from 3 back to 2: 02:30 is the first of two."""
    texts = ("2025-03-30", "2025-03-30T23:30", "2025-03-31", "2025-10-26", "2025-10-26T02:30", "2025-10-26T02:30+01:00",
             "2025-10-27")  # fmt: skip
    text = "order,member,paid_at,amount\n" + "".join(f"o{place},a,{at},1\n" for place, at in enumerate(texts))
    (found,) = orders(folder, text, BERLIN)
    hours = (np.diff(found.instant) / 3_600_000_000).tolist()
    assert hours == [22.5, 0.5, 24 * 209 - 1 + 1, 2.5, 1.0, 21.5]
    days = day_of(found.wall)
    assert (days - days[0]).tolist() == [0, 0, 1, 210, 210, 210, 211]


def test_names_are_shared_between_files(folder):
    names = NameTables()
    for kind, text in (
        ("members", "member,referrer,joined_at\na,,2025-01-01\nb,a,2025-01-01\n"),
        ("orders", "order,member,paid_at,amount\no1,b,2025-01-02,1\no2,z,2025-01-02,1\n"),
    ):
        path = folder / f"{kind}.csv"
        path.write_text(text)
        table = open_table(path, KINDS[kind].shape)
        (rows,) = columns_of(kind, table, ZoneInfo(SHANGHAI), names).rows()
    assert rows.names["member"].tolist() == [1, 2]
    assert names["member"].names(rows.names["member"]) == ["b", "z"]


def test_a_mistake_in_the_second_thread_is_raised_at_its_place(folder, monkeypatch):
    monkeypatch.setattr(blocks, "READ_BYTES", 64)
    text = "order,member,paid_at,amount\n" + "".join(f"o{place},a,2025-01-02,1\n" for place in range(20)) + '"o,a\n'
    path = folder / "broken.csv"
    path.write_text(text)
    table = open_table(path, KINDS["orders"].shape)
    parts = columns_of("orders", table, ZoneInfo(SHANGHAI), NameTables()).rows()
    found = []
    with pytest.raises(InputError, match="bad_csv"):
        found.extend(len(rows) for rows in parts)
    assert sum(found) == 20
