"""Whatever is wrong with a file is told with its code, file, row and column, all at once; nothing is written."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jifen.batch.encoding import LINE_MAX
from jifen.batch.findings import PROBLEMS_MAX
from jifen.batch.merge import Inputs
from jifen.batch.run import run
from jifen.core.errors import InputError
from jifen.plan import load_plan

MEMBERS = "member,referrer,joined_at\n"
ORDERS = "order,member,paid_at,amount\n"
REFUNDS = "refund,order,refunded_at,amount\n"
EVENTS = "event,id,at,member,to,amount,asset,tokens,pool,rank\n"


def joined(*rows: str) -> str:
    return MEMBERS + "".join(f"{row}\n" for row in ("a,,2025-01-01", *rows))


def paid(*rows: str) -> str:
    return ORDERS + "".join(f"{row}\n" for row in ("o1,a,2025-01-02,100", *rows))


def returned(*rows: str) -> str:
    return REFUNDS + "".join(f"{row}\n" for row in rows)


@pytest.mark.parametrize(
    ("kind", "text", "code", "row", "column"),
    [
        ("orders", paid("o2,z,2025-01-02,1"), "unknown_member", 3, "member"),
        ("members", joined("b,z,2025-01-01"), "unknown_member", 3, "referrer"),
        ("refunds", returned("r,o9,2025-01-03,1"), "unknown_order", 2, "order"),
        ("orders", paid("o1,a,2025-01-02,101"), "conflict", 3, "order"),
        ("orders", paid("o1,a,2025-01-03,100"), "conflict", 3, "order"),
        ("orders", paid("o1,a,2025-01-02T11:00:00,100"), "conflict", 3, "order"),
        ("members", joined("a,,2025-01-02"), "conflict", 3, "member"),
        ("refunds", returned("r,o1,2025-01-03,1", "r,o1,2025-01-04,1"), "conflict", 3, "refund"),
        ("refunds", returned("r,o1,2025-01-03,100.01"), "too_much", 2, "amount"),
        ("refunds", returned("r,o1,2025-01-03,60", "s,o1,2025-01-03,60"), "too_much", 3, "amount"),
        ("orders", paid("o2,a,2025-01-02,-5"), "negative", 3, "amount"),
        ("orders", paid("o2,a,2025-01-02,0"), "bad_amount", 3, "amount"),
        ("orders", paid("o2,a,2025-01-02,ten"), "not_a_number", 3, "amount"),
        ("orders", paid("o2,a,2025-01-02,1e3"), "not_a_number", 3, "amount"),
        ("orders", paid("o2,a,2025-01-02,nan"), "not_a_number", 3, "amount"),
        ("orders", paid('o2,a,2025-01-02,"1,000"'), "not_a_number", 3, "amount"),
        ("orders", paid("o2,a,2025-01-02,１００"), "not_a_number", 3, "amount"),
        ("orders", paid("o2,a,2025-01-02,"), "empty_value", 3, "amount"),
        ("orders", paid("o2,a,2025-01-02,1.005"), "too_many_decimals", 3, "amount"),
        ("orders", paid("o2,a,2025-01-02,1000000000.01"), "too_large", 3, "amount"),
        ("orders", paid(f"o2,a,2025-01-02,{'9' * 5000}"), "too_large", 3, "amount"),
        ("orders", paid("o2,a,2025-01-01,1"), "out_of_order", 3, "paid_at"),
        ("refunds", returned("r,o1,2025-01-04,1", "s,o1,2025-01-03,1"), "out_of_order", 3, "refunded_at"),
        ("members", joined("b,a,2024-12-31"), "out_of_order", 3, "joined_at"),
        ("orders", paid("o2,a,2025/01/02,1"), "bad_time", 3, "paid_at"),
        ("orders", paid("o2,a,02.01.2025,1"), "bad_time", 3, "paid_at"),
        ("orders", paid("o2,a,20250102,1"), "bad_time", 3, "paid_at"),
        ("orders", paid("o2,a,2025-02-30,1"), "bad_time", 3, "paid_at"),
        ("orders", paid("o2,a,,1"), "empty_value", 3, "paid_at"),
        ("orders", paid("o2,a,9999-12-31T23:59:59-12:00,1"), "time_range", 3, "paid_at"),
        ("orders", paid("o2,a,2025-01-02"), "bad_row", 3, "amount"),
        ("orders", paid("o2,a,2025-01-02,1,2"), "bad_row", 3, "amount"),
        ("orders", paid(",a,2025-01-02,1"), "empty_value", 3, "order"),
        ("orders", paid(f"{'o' * 201},a,2025-01-02,1"), "bad_name", 3, "order"),
        ("orders", paid("o\x002,a,2025-01-02,1"), "bad_name", 3, "order"),
        ("orders", paid('"o2,a,2025-01-02,1'), "bad_csv", 3, ""),
        ("members", joined("b,c,2025-01-01", "c,,2025-01-01"), "referrer_joined_later", 3, "referrer"),
        ("members", joined("b,c,2025-01-01", "c,,2025-01-05"), "referrer_joined_later", 3, "referrer"),
        ("members", joined("b,b,2025-01-01"), "self", 3, "referrer"),
        ("members", joined("b,c,2025-01-01", "c,d,2025-01-01", "d,b,2025-01-02"), "cycle", 3, "referrer"),
        ("members", "", "empty_file", 1, "member"),
        ("orders", "\n\n", "empty_file", 1, "order"),
        ("orders", "order,member,paid_at\no1,a,2025-01-02\n", "missing_column", 1, "amount"),
        ("orders", "order,member,paid_at,amount,regoin\n", "unknown_column", 1, "regoin"),
        ("orders", "order,member,paid_at,amount,amount\n", "repeated_column", 1, "amount"),
        ("orders", paid("o2,a,2025-01-02,1").encode() + b"o3,a\xff,2025-01-02,1\n", "wrong_encoding", 4, "member"),
        ("orders", "积分".encode() * 9 + b"\n" + "好".encode()[:2] + b",\n", "wrong_encoding", 2, "积分" * 9),
        ("orders", paid().encode("utf-16"), "wrong_encoding", 1, "column 1"),
        ("orders", ORDERS + "o" * (LINE_MAX + 1), "line_too_long", 2, ""),
        ("events", EVENTS + "flood,e,2025-01-02,,,,,,,\n", "unknown_event", 2, "event"),
        ("events", EVENTS + "order_paid,e,2025-01-02,a,,1,,,,\n", "unknown_event", 2, "event"),
        ("events", EVENTS + "task_done,e,2025-01-02,a,,1,,,,\n", "not_a_fact", 2, "amount"),
        ("events", EVENTS + "task_done,e,2025-01-02,,,,,,,\n", "empty_value", 2, "member"),
        ("events", EVENTS + "pool_donated,e,2025-01-02,,,1,,,lake,\n", "unknown_pool", 2, "pool"),
        ("events", EVENTS + "asset_transferred,e,2025-01-02,a,z,1,coin,,,\n", "unknown_member", 2, "to"),
        ("events", EVENTS + "tokens_sold,e,2025-01-02,a,,,,many,,\n", "not_a_number", 2, "tokens"),
        ("members", "member,referrer,joined_at,rank\na,,2025-01-01,king\n", "unknown_name", 2, "rank"),
        ("events", EVENTS + "rank_set,e,2025-01-02,a,,,,,,king\n", "unknown_name", 2, "rank"),
        ("events", "event,id,at,member,referrer,by\nmember_moved,e,2025-01-02,a,a,me\n", "unknown_name", 2, "by"),
        ("events", "event,id,at,member,referrer\nmember_moved,e,2025-01-02,a,a\n", "self", 2, "referrer"),
        ("events", EVENTS + "task_done,o1,2025-01-03,a,,,,,,\n", "conflict", 2, "id"),
    ],
)
def test_a_mistake_is_told_with_code_file_row_and_column(shop, kind, text, code, row, column):
    shop.write(members=joined(), orders=paid()).write(**{kind: text})
    assert shop.places() == [(code, f"{kind}.csv", row, column)]


def test_a_column_of_lines_must_be_numbers_and_lines_must_agree(shop):
    header = "order,member,paid_at,amount,line,quantity,cost,pay_coin\n"
    shop.write(
        members=joined("b,a,2025-01-01"),
        orders=header
        + "o1,a,2025-01-02,1,1,0,,\no2,a,2025-01-02,1,1,1,-1,\no3,a,2025-01-02,1,1,,,\no3,b,2025-01-02,1,2,,,\n",
    )
    assert shop.places() == [
        ("bad_count", "orders.csv", 2, "quantity"),
        ("negative", "orders.csv", 3, "cost"),
        ("conflict", "orders.csv", 5, "order"),
    ]


def test_lines_that_add_up_to_too_much_are_refused_as_one_order(shop):
    line = "o1,a,2025-01-02,900000000"
    shop.write(members=joined(), orders=f"order,member,paid_at,amount,line\n{line},1\n{line},2\n")
    assert shop.places() == [("too_large", "orders.csv", 2, "amount")]


def test_a_part_of_an_order_is_no_order(shop):
    header = "order,member,paid_at,amount,line\n"
    shop.write(members=joined(), orders=header + "o1,a,2025-01-02,1,1\no1,a,2025-01-02,x,2\no2,a,2025-01-02,1,1\n")
    summary = shop.run(on_error="skip")
    assert (summary.orders, summary.rejected) == (1, 2)


def test_all_mistakes_of_all_files_come_together(shop):
    shop.write(members=MEMBERS + "a,,2025-01-01,,\n", orders="order\n")
    codes = [problem.code for problem in shop.problems()]
    assert codes == ["missing_column"] * 3
    shop.write(members=joined("b,z,x"), orders=paid("o2,z,2025-01-02,x"), refunds=returned("r,o9,2025-01-03,1"))
    assert shop.places() == [
        ("bad_time", "members.csv", 3, "joined_at"),
        ("not_a_number", "orders.csv", 3, "amount"),
        ("unknown_order", "refunds.csv", 2, "order"),
    ]


def test_two_mistakes_of_one_row_are_both_told(shop):
    shop.write(members=joined(), orders=paid("o2,,2025-01-02,x"))
    assert {place[3] for place in shop.places()} == {"member", "amount"}


def test_a_row_with_a_wrong_time_tells_its_other_mistakes_too(shop):
    shop.write(members=joined(), orders=paid("o2,a,x,y", "o3,a,2025-01-01,y"))
    assert [(place[0], place[2]) for place in shop.places()] == [
        ("bad_time", 3),
        ("not_a_number", 3),
        ("out_of_order", 4),
        ("not_a_number", 4),
    ]


def test_a_file_that_breaks_off_does_not_hide_what_was_wrong_before(shop):
    shop.write(members=joined(), orders=paid("o2,a,2025-01-02,x", '"o3,a,2025-01-02,1'))
    assert [place[0] for place in shop.places()] == ["not_a_number", "bad_csv"]


def test_what_stands_on_a_refused_row_is_counted_and_not_listed(shop):
    shop.write(members=joined("b,,?"), orders=paid("o2,b,2025-01-02,1"), refunds=returned("r,o2,2025-01-03,1"))
    with pytest.raises(InputError) as caught:
        shop.run()
    assert [problem.code for problem in caught.value.problems] == ["bad_time"]
    assert caught.value.more == 2


def test_more_than_a_hundred_mistakes_are_capped_and_the_rest_counted(shop):
    shop.write(members=joined(), orders=paid(*(f"p{number},a,2025-01-02,x" for number in range(PROBLEMS_MAX + 23))))
    with pytest.raises(InputError) as caught:
        shop.run()
    assert (len(caught.value.problems), caught.value.more) == (PROBLEMS_MAX, 23)


def test_a_date_with_slashes_says_how_to_write_it(shop):
    shop.write(members=joined(), orders=paid("o2,a,2025/1/2,1"))
    assert "2024-01-31" in shop.problems()[0].remedy


def test_semicolons_are_told_as_such(shop):
    shop.write(orders=ORDERS.replace(",", ";"))
    assert {"separate columns by commas, not by ';'"} == {problem.remedy for problem in shop.problems()}


def test_a_row_number_is_the_line_in_the_file_also_after_values_of_several_lines(shop):
    shop.write(
        members=joined(), orders='region,order,member,paid_at,amount\n"x\n\ny",o1,a,2025-01-02,1\n,o2,a,2025-01-02,x\n'
    )
    assert [place[2] for place in shop.places()] == [2, 5]


def test_a_missing_file_and_an_unknown_zone_are_told(shop):
    shop.files["refunds"] = shop.folder / "none.csv"
    assert shop.places() == [("no_file", "none.csv", 0, "")]
    assert [problem.code for problem in shop.problems(zone="Mars/Olympus")] == ["unknown_zone"]


def test_files_without_any_row_are_told(shop):
    shop.write(members=MEMBERS, orders=ORDERS)
    assert [problem.code for problem in shop.problems()] == ["no_events"]


def test_a_time_that_the_clocks_skipped_is_told(shop):
    shop.write(members=joined(), orders=paid("o2,a,2025-03-30T02:30:00,1"))
    assert shop.places(zone="Europe/Berlin") == [("no_such_time", "orders.csv", 3, "paid_at")]


def test_a_column_of_lists_and_a_broken_parquet_file_are_told(shop, tmp_path):
    columns = {"order": ["o1"], "member": ["a"], "paid_at": ["2025-01-02"], "amount": [[1]]}
    shop.files["orders"] = tmp_path / "orders.parquet"
    pq.write_table(pa.table(columns), shop.files["orders"])
    assert shop.places() == [("bad_type", "orders.parquet", 1, "amount")]
    shop.files["orders"].write_bytes(b"PAR1" + bytes(100) + b"PAR1")
    assert shop.places() == [("bad_parquet", "orders.parquet", 1, "")]


RUBBISH = st.one_of(
    st.binary(max_size=300),
    st.text(max_size=200).map(str.encode),
    st.text(alphabet='o1a,2025-\n"\r.T: 积', max_size=200).map(lambda text: (ORDERS + text).encode()),
    st.binary(max_size=200).map(lambda text: ORDERS.encode() + text),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rubbish=RUBBISH, kind=st.sampled_from(["members", "orders", "refunds", "events"]), parquet=st.booleans())
def test_rubbish_gives_an_input_error_or_a_run_and_nothing_else(tmp_path_factory, rubbish, kind, parquet):
    folder = tmp_path_factory.mktemp("rubbish")
    (folder / "members.csv").write_text(joined())
    (folder / "orders.csv").write_text(paid())
    files = {"members": folder / "members.csv", "orders": folder / "orders.csv"}
    files[kind] = folder / f"rubbish.{'parquet' if parquet else 'csv'}"
    files[kind].write_bytes(rubbish)
    try:
        run(load_plan("points_dividend"), Inputs(**files), folder / "out")
    except InputError:
        assert not (folder / "out").exists()
