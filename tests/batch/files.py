"""Files of a shop with anything in them: sound rows and rubbish, in all encodings and both kinds of files."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from jifen.batch.read import KINDS
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
