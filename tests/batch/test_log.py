"""The log by columns says the same as the events one by one, in the same order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.batch.files import COLUMNS, PLAN, SHANGHAI, tables, written

from jifen.batch import blocks
from jifen.batch.findings import Findings
from jifen.batch.log import Log
from jifen.batch.merge import Inputs, Merge, open_inputs
from jifen.core.errors import InputError, Problem
from jifen.core.micros import MICRO
from jifen.engine.events import MemberJoined, OrderPaid, OrderRefunded

KIND = {MemberJoined: 0, OrderPaid: 1, OrderRefunded: 2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("log")


def opened(inputs: Inputs) -> Merge:
    return Merge(open_inputs(inputs), inputs.zone, Findings(), plan=PLAN)


def shop(folder, **texts: str) -> Merge:
    """A shop of the files with these rows below their header."""
    headers = {
        "members": "member,referrer,joined_at", "orders": "order,member,paid_at,amount,line",
        "refunds": "refund,order,refunded_at,amount", "events": "event,id,at,member",
    }  # fmt: skip
    files = {}
    for kind, text in {"members": "", "orders": "", **texts}.items():
        files[kind] = folder / f"{kind}.csv"
        files[kind].write_text(f"{headers[kind]}\n{text}", encoding="utf-8")
    return opened(Inputs(**files, zone=SHANGHAI))


def events_of(parts) -> list:
    return [item.event for part in parts for item in (part.items() if isinstance(part, Log) else [part])]


def read(iterator) -> tuple[list, list]:
    """What comes, and the problems of a file that breaks off."""
    found = []
    try:
        found.extend(iterator)
    except InputError as error:
        return found, error.problems
    return found, []


@given(data=st.data(), part=st.sampled_from([40, 1 << 20]), rows=st.sampled_from([2, 1 << 15]))
def test_columns_and_events_are_one_log(folder, data, part, rows):
    files = {kind: written(folder, kind, data.draw(tables(kind)), data.draw) for kind in COLUMNS}
    inputs = Inputs(**files, zone=data.draw(st.sampled_from([SHANGHAI, "Europe/Berlin"])))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "READ_BYTES", part)
        patch.setattr(blocks, "SCAN_ROWS", rows)
        one_by_one, other = opened(inputs), opened(inputs)
        items, broken = read(one_by_one.items())
        found, broken_too = read(as_event(part, other) for part in other.log())
    assert broken_too == broken
    if broken:  # what was found before that depends on how far the other files were read
        return
    assert [event for events in found for event in events] == [item.event for item in items]
    assert other.findings.rows == one_by_one.findings.rows
    assert other.findings.duplicates == one_by_one.findings.duplicates
    assert other.findings.more + len(other.findings.problems) == (
        one_by_one.findings.more + len(one_by_one.findings.problems)
    )


def as_event(part, merge: Merge) -> list:
    """The events of a part, after its columns were compared with them."""
    if not isinstance(part, Log):
        return [part.event]
    items = list(part.items())
    events = [item.event for item in items]
    names = {kind: lambda number, kind=kind: None if number < 0 else merge.names[kind].name(number)
             for kind in ("member", "order", "region")}  # fmt: skip
    assert part.kind.tolist() == [KIND[type(event)] for event in events]
    assert part.instant.tolist() == [item.instant for item in items]
    assert part.day.tolist() == [event.day for event in events]
    assert [*map(names["member"], part.names("member"))] == [getattr(event, "member", None) for event in events]
    assert [*map(names["member"], part.names("referrer"))] == [getattr(event, "referrer", None) for event in events]
    assert [*map(names["region"], part.names("region"))] == [getattr(event, "region", None) for event in events]
    orders = [event.id if isinstance(event, OrderPaid) else getattr(event, "order", None) for event in events]
    assert [*map(names["order"], part.names("order"))] == orders
    assert part.values("amount").tolist() == [getattr(event, "amount", 0) for event in events]
    coins = [dict(event.pay).get("coin", 0) if isinstance(event, OrderPaid) else 0 for event in events]
    assert part.values("pay_coin").tolist() == coins
    return events


def test_at_one_time_joinings_come_before_orders_and_orders_before_refunds(folder):
    merge = shop(
        folder,
        members="a,,2025-01-01T10:00\nb,a,2025-01-01T10:05\n",
        orders="o1,a,2025-01-01T10:01,1.50,\no2,b,2025-01-01T10:05,2,\n",
        refunds="r1,o1,2025-01-01T10:05,0.50\n",
    )
    parts = list(merge.log())
    assert np.concatenate([part.kind for part in parts]).tolist() == [0, 1, 0, 1, 2]
    assert np.concatenate([part.values("amount") for part in parts]).tolist() == [0, 1_500_000, 0, 2_000_000, 500_000]
    assert np.concatenate([part.names("member") for part in parts]).tolist() == [0, 0, 1, 1, -1]
    assert np.concatenate([part.names("referrer") for part in parts]).tolist() == [-1, -1, 0, -1, -1]
    assert np.concatenate([part.names("order") for part in parts]).tolist() == [-1, 0, -1, 1, 0]


def test_files_that_end_far_apart_are_one_part_as_far_as_both_are_known(folder):
    minutes = [f"2025-01-01T10:{minute:02d}" for minute in range(60)]
    merge = shop(
        folder,
        members="".join(f"m{place},,{at}\n" for place, at in enumerate(minutes[:40])),
        orders="".join(f"o{place},m0,{at},1,\n" for place, at in enumerate(minutes)),
    )
    first = next(merge.log())
    assert len(first) == 79, "40 joinings and the 39 orders before the last of them"
    assert first.part(2, 4).kind.tolist() == [0, 1]
    assert [item.event.id for item in first.part(1, 4).items()] == ["o0", "member:m1", "o1"]


def test_an_order_of_two_lines_and_other_events_come_one_by_one_between_columns(folder):
    merge = shop(
        folder,
        orders="o1,a,2025-01-01T10:00,1,\no2,a,2025-01-01T10:01,1,1\no2,a,2025-01-01T10:01,2,2\n"
        "o3,a,2025-01-01T10:02,1,\no4,a,2025-01-01T10:04,1,\n",
        events="task_done,t1,2025-01-01T10:03,a\n",
    )
    parts = list(merge.log())
    assert [part.event.id for part in parts if not isinstance(part, Log)] == ["o2", "t1"]
    assert [event.id for event in events_of(parts)] == ["o1", "o2", "o3", "t1", "o4"]
    assert sum(len(part) for part in parts if isinstance(part, Log)) == 3


def test_rows_of_one_time_are_one_part_though_they_are_read_in_blocks(folder, monkeypatch):
    monkeypatch.setattr(blocks, "SCAN_ROWS", 2)
    rows = "".join(f"o{row},a,2025-01-01,1,\n" for row in range(9))
    parts = list(shop(folder, orders=rows).log())
    assert [len(part) for part in parts if isinstance(part, Log)] == [1, 2, 2, 2, 2], "the header is in the first block"
    (order, *others) = shop(folder, orders=rows + "o0,a,2025-01-01,2,2\n").log()
    assert order.event.lines[1].amount == 2 * MICRO
    assert not any(isinstance(part, Log) for part in others), "any of that time may have had a line more"


def test_an_id_that_comes_again_at_another_time_is_left_to_the_engine(folder):
    parts = list(shop(folder, orders="o1,a,2025-01-01,1,\no1,a,2025-01-02,1,\no2,a,2025-01-03,1,\n").log())
    assert [part.names("order").tolist() for part in parts] == [[0, 0], [1]]


def test_refunds_of_one_time_are_told_apart_by_their_whole_id(folder):
    rows = "a/b,c,2025-01-01,1\na,b/c,2025-01-01,1\nr,o,2025-01-02,1\n"
    merge = shop(folder, refunds=rows)
    assert [event.id for event in events_of(merge.log())] == ["a/b/c", "r/o"]
    assert [(problem.code, problem.line) for problem in merge.findings.problems] == [("conflict", 3)]


def test_an_order_that_was_refused_meanwhile_does_not_come_again(folder):
    orders = "o1,a,2025-01-01,1,\no2,a,2025-01-02,1,\no1,a,2025-01-03,1,\no3,a,2025-01-04,1,\n"
    merge = shop(folder, orders=orders, members="a,,2025-01-01\nb,,2025-01-02\n")
    seen = []
    for part in merge.log():
        ids = [event.id for event in events_of([part])]
        if "o1" in ids:
            item = next(item for item in part.items() if item.event.id == "o1")
            merge.findings.refuse(item.table, item.rows, (Problem("asset_limit", "refused by the engine"),), "o1")
        seen += ids
    assert seen == ["member:a", "o1", "member:b", "o2", "o3"]
