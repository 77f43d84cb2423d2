"""A run over files: what comes out of a small shop, worked by hand, and how the files are read and merged."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from jifen.batch import blocks, tables
from jifen.batch.event_text import parse_event
from jifen.batch.run import Target
from jifen.core.errors import InputError
from jifen.core.micros import MICRO
from jifen.ledger.segments import read_segments

REFUNDS = "refund,order,refunded_at,amount\nr1,o1,2025-01-02T11:00:00,40.00\n"


def balances(shop):
    with (shop.out / "balances.csv").open(encoding="utf-8") as stream:
        return {(row["member"], row["asset"]): row["balance"] for row in csv.DictReader(stream)}


def logged(shop):
    return [parse_event(str(text)) for batch, _ in read_segments(shop.out / "journal") for text in batch.events]


def test_points_of_one_order_release_one_percent_a_day(shop):
    """100.00 on day 1 gives 100 points; 1.00 is released on each of days 2, 3 and 4. 50 on day 2: 0.50 on days 3, 4."""
    summary = shop.run(until=date(2025, 1, 4))
    assert balances(shop)["b", "cash"] == "3.000000"
    assert balances(shop)["b", "points"] == "97.000000"
    assert summary.sold == 150 * MICRO
    assert summary.granted == {"points": 150 * MICRO}
    assert (summary.members, summary.orders, summary.accepted) == (2, 2, 8)
    assert (summary.first_day, summary.last_day) == (date(2025, 1, 1), date(2025, 1, 4))


def test_the_table_of_lots_is_exact_and_dated(shop):
    shop.run(until=date(2025, 1, 4))
    lots = pq.read_table(shop.out / "lots.parquet").to_pylist()
    assert lots[0] == {
        "member": "b", "store": "points", "order": "o1", "granted": Decimal(100), "released": Decimal(3),
        "remaining": Decimal(97), "daily": Decimal(1), "eligible_from": date(2025, 1, 2),
    }  # fmt: skip
    assert len(lots) == 2


def test_the_table_of_days_has_flows_and_levels(shop):
    """Day 2 sells 50, refunds 40 of o1 and releases 1 % of the 60 points that are left of it."""
    shop.write(refunds=REFUNDS).run(until=date(2025, 1, 2))
    days = pq.read_table(shop.out / "daily.parquet").to_pylist()
    assert [row["day"] for row in days] == [date(2025, 1, 1), date(2025, 1, 2)]
    assert [row["sold"] for row in days] == [Decimal(100), Decimal(50)]
    assert [row["refunded"] for row in days] == [Decimal(0), Decimal(40)]
    assert [row["granted"] for row in days] == [Decimal(100), Decimal(50)]
    assert [row["paid:static"] for row in days] == [Decimal(0), Decimal("0.6")]
    assert [row["released"] for row in days] == [Decimal(0), Decimal("0.6")]
    assert [row["owed"] for row in days] == [Decimal(100), Decimal(110)]


def test_what_a_refund_puts_back_into_a_lot_is_no_grant(shop):
    """1.00 was released on day 2. Of 100, 60 is kept: 0.40 goes back, and day 3 releases 0.60. 58.80 is left."""
    shop.write(
        orders="order,member,paid_at,amount\no1,b,2025-01-01T10:00:00,100\n",
        refunds="refund,order,refunded_at,amount\nr1,o1,2025-01-03,40\n",
    ).run()
    day = pq.read_table(shop.out / "daily.parquet").to_pylist()[2]
    assert (day["granted"], day["released"], day["paid:refund"]) == (Decimal(0), Decimal("0.6"), Decimal("-0.4"))
    assert (day["lots:points"], day["wallets"], day["owed"]) == (Decimal("58.8"), Decimal("1.2"), Decimal(60))


def test_the_summary_on_disk_says_the_same(shop):
    shop.write(refunds=REFUNDS).run()
    summary = json.loads((shop.out / "summary.json").read_text(encoding="utf-8"))
    assert (summary["sold"], summary["refunded"]) == ("150.000000", "40.000000")
    assert summary["paid"] == {"static": "0.600000"}
    assert summary["owed"]["points"] == "109.400000"
    assert summary["last_day"] == "2025-01-02"


def test_the_same_files_give_the_same_bytes(shop):
    first, second = shop.run(), shop.run(out=shop.folder / "again")
    assert first.digests == second.digests
    assert first == second


def test_at_one_time_joins_come_before_orders_refunds_and_other_events(shop):
    when = "2025-01-01T10:00:00"
    shop.write(
        members=f"member,referrer,joined_at,rank,agent\na,,{when},经理,粤/深\n",
        orders=f"order,member,paid_at,amount\no1,a,{when},100\n",
        refunds=f"refund,order,refunded_at,amount\nr1,o1,{when},40\n",
        events=f"event,id,at,member\nplan_paused,e1,{when},\n",
    )
    shop.run()
    assert [event.id for event in logged(shop)] == ["member:a", "rank:a", "agent:a", "o1", "r1/o1", "e1", "day:739252"]


def test_several_rows_of_an_order_are_one_order_of_several_lines(shop):
    shop.write(
        orders="order,member,paid_at,amount,line,sku,quantity,cost\n"
        "o1,a,2025-01-02,10,1,tea,2,3.5\no2,a,2025-01-02,1,,,,\no1,a,2025-01-02,20.5,2,pot,,\n",
        refunds="refund,order,refunded_at,amount,line\nr1,o1,2025-01-03,5,2\nr1,o1,2025-01-03,1,1\n",
    )
    summary = shop.run()
    order = next(event for event in logged(shop) if event.id == "o1")
    assert [(line.line, line.amount, line.sku, line.quantity, line.cost) for line in order.lines] == [
        ("1", 10 * MICRO, "tea", 2, 3_500_000),
        ("2", 20_500_000, "pot", 1, 0),
    ]
    refund = next(event for event in logged(shop) if event.id == "r1/o1")
    assert (refund.amount, refund.lines) == (6 * MICRO, (("2", 5 * MICRO), ("1", 1 * MICRO)))
    assert (summary.orders, summary.sold, summary.refunded) == (2, 31_500_000, 6 * MICRO)


def test_repeated_rows_with_equal_facts_are_counted_and_ignored(shop):
    orders = "order,member,paid_at,amount\no1,a,2025-01-02,100\no1,a,2025-01-02 00:00,100.00\n"
    events = "event,id,at,amount\n" + "reserve_topped_up,e1,2025-01-03,1\n" * 3
    summary = shop.write(orders=orders, events=events).run()
    assert (summary.duplicates, summary.orders, summary.sold) == (3, 1, 100 * MICRO)
    assert [event.id for event in logged(shop)].count("e1") == 1


def test_skipped_rows_are_written_out_with_the_reason_and_the_rest_runs(shop):
    shop.write(
        orders="order,member,paid_at,amount\no1,b,2025-01-01T10:00:00,100\n"
        'o2,a,2025-01-02,x\no3,z,2025-01-02,"5,5"\no4,a,2025-01-02,50\n',
        refunds="refund,order,refunded_at,amount\nr1,o2,2025-01-03,1\n",
    )
    summary = shop.run(on_error="skip")
    assert (summary.rejected, summary.orders, summary.sold) == (3, 2, 150 * MICRO)
    with (shop.out / "rejected.csv").open(encoding="utf-8", newline="") as stream:
        rows = [(row["row"], row["column"], row["code"], row["content"]) for row in csv.DictReader(stream)]
    assert rows == [
        ("3", "amount", "not_a_number", "o2,a,2025-01-02,x"),
        ("4", "amount", "not_a_number", 'o3,z,2025-01-02,"5,5"'),
        ("2", "", "follows", "r1,o2,2025-01-03,1"),
    ]


def test_skipping_gives_what_the_good_rows_alone_give(shop):
    alone = shop.run(out=shop.folder / "alone")
    header, first, second = shop.files["orders"].read_text().splitlines()
    shop.write(orders="\n".join((header, first, "o9,z,2025-01-01T11:00:00,1", second, "")))
    skipped = shop.run(on_error="skip")
    assert alone.digests["balances.csv"] == skipped.digests["balances.csv"]
    assert alone.digests["lots.parquet"] == skipped.digests["lots.parquet"]
    assert not (shop.folder / "alone" / "rejected.csv").exists()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_chinese_names_are_read_in_utf_8_and_gbk(shop, encoding):
    members = "member,referrer,joined_at,region\n张三,,2025-01-01,广东/深圳\n李四,张三,2025-01-01,\n"
    shop.write(
        members=members.encode(encoding), orders="order,member,paid_at,amount\n单1,李四,2025-01-01,1\n".encode(encoding)
    )
    shop.run()
    assert ("李四", "cash") in balances(shop)
    assert logged(shop)[0].region == "广东/深圳"


def test_parquet_files_give_what_csv_files_give(shop):
    shop.write(refunds=REFUNDS)
    plain = shop.run()
    for kind, path in list(shop.files.items()):
        table = pa_csv.read_csv(path)
        if kind == "orders":
            columns = [
                pa.array([Decimal("100.00"), Decimal(50)]) if name == "amount" else table[name]
                for name in table.column_names
            ]
            table = pa.table(columns, table.column_names)
            assert pa.types.is_timestamp(table.schema.field("paid_at").type)
        shop.files[kind] = path.with_suffix(".parquet")
        pq.write_table(table, shop.files[kind])
    assert shop.run(out=shop.folder / "parquet").digests == plain.digests


def test_times_with_an_offset_are_converted_to_the_shops_zone(shop):
    shop.write(orders="order,member,paid_at,amount\no1,b,2025-01-01T23:30:00-05:00,100\no2,a,2025-01-02T13:00:00,1\n")
    shop.run()
    assert [event.at for event in logged(shop) if event.name == "order_paid"] == [
        "2025-01-02T12:30:00",
        "2025-01-02T13:00:00",
    ]
    shop.run(out=Target(shop.out, force=True), zone="America/New_York")
    assert [event.day for event in logged(shop) if event.id == "o1"] == [date(2025, 1, 1).toordinal()]


def test_a_time_shown_twice_when_clocks_go_back_keeps_its_order(shop):
    shop.write(
        members="member,referrer,joined_at\na,,2025-10-25\n",
        orders="order,member,paid_at,amount\n"
        "o1,a,2025-10-26T02:50:00+02:00,1\no2,a,2025-10-26T02:10:00+01:00,1\no3,a,2025-10-26T03:00:00,1\n",
    )
    shop.run(zone="Europe/Berlin")
    assert [event.id for event in logged(shop) if event.name == "order_paid"] == ["o1", "o2", "o3"]


def test_events_after_the_last_day_have_no_part_and_are_counted(shop):
    summary = shop.run(until=date(2025, 1, 1))
    assert (summary.last_day, summary.orders, summary.after_until) == (date(2025, 1, 1), 1, 1)
    with pytest.raises(InputError, match="until_too_early"):
        shop.run(until=date(2024, 12, 31), out=shop.folder / "early")
    with pytest.raises(InputError, match="too_many_days"):
        shop.run(until=date(2190, 1, 1), out=shop.folder / "late")


def test_progress_counts_days_up_to_the_last_one(shop):
    seen = []
    shop.run(progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]


def test_an_earlier_run_is_replaced_only_by_force_and_another_folder_never(shop):
    shop.run()
    with pytest.raises(InputError, match="target_exists"):
        shop.run()
    shop.run(out=Target(shop.out, force=True))
    mine = shop.folder / "mine"
    mine.mkdir()
    (mine / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="not_a_run"):
        shop.run(out=Target(mine, force=True))
    assert (mine / "letter.txt").read_text() == "dear"


def test_what_finish_writes_belongs_to_the_run_and_its_failure_leaves_nothing(shop):
    shop.run(out=Target(shop.out, finish=lambda folder, summary: (folder / "report.html").write_text(summary.plan)))
    assert (shop.out / "report.html").read_text() == "points_dividend"

    def fail(folder, summary):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        shop.run(out=Target(shop.folder / "failed", finish=fail))
    assert not (shop.folder / "failed").exists()


KILLED = """
import sys, time
from pathlib import Path
from jifen.batch.run import Inputs, run
from jifen.plan import load_plan
folder = Path(sys.argv[1])
def slow(done, total):
    print(done, flush=True)
    time.sleep(60)
run(load_plan("points_dividend"), Inputs(folder / "members.csv", folder / "orders.csv"), folder / "out", progress=slow)
"""


def test_a_run_that_is_killed_leaves_no_folder_and_the_next_one_sweeps(shop):
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(shop.folder)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"1\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert not shop.out.exists()
    assert len(list(shop.folder.glob(".out*"))) == 1
    shop.run()
    assert shop.out.is_dir()
    assert list(shop.folder.glob(".out*")) == []


def test_rows_are_read_as_they_are_needed_not_before(shop, monkeypatch):
    """A file larger than memory is streamed: the second day is read only when the first is done."""

    taken = []
    read = tables.csv_blocks

    def counted(file, *arguments, **options):
        for block in read(file, *arguments, **options):
            taken.extend(block.numbers.tolist() if file.endswith("orders.csv") else [])
            yield block

    monkeypatch.setattr(tables, "csv_blocks", counted)
    monkeypatch.setattr(blocks, "READ_BYTES", 64)
    header = "order,member,paid_at,amount\n"
    shop.write(orders=header + "".join(f"o{day},a,2025-01-{day:02d},1\n" for day in range(2, 31)))
    after_day_two = []
    shop.run(progress=lambda done, total: after_day_two.append(max(taken)) if done == 2 else None)
    assert after_day_two[0] < 15


@pytest.mark.parametrize("plan", ["green_points", "appreciation"])
def test_a_year_of_a_real_shop_adds_up(shop, shared, plan):
    data = shared / "data" / "online_retail"
    shop.files = {kind: data / f"{kind}.csv" for kind in ("members", "orders", "refunds")}
    started = time.monotonic()
    summary = shop.run(plan)
    assert time.monotonic() - started < 120
    assert (summary.members, summary.orders, summary.rejected) == (4312, 19213, 0)
    assert (summary.sold, summary.refunded) == (8_832_003_260_000, 284_572_150_000)
