"""What an import opens, and what it refuses, row by row."""

import pytest
from tests.service.books import independent
from tests.service.moving.conftest import nothing_is_there, written

from jifen.core.errors import InputError
from jifen.engine.events import DayClosed

MICRO = 1_000_000
MEMBERS = """
member,sponsor,phone,name
A,,13800138000,王小明
B,A,,
C,B,,
"""


def codes(draft) -> list[tuple[str, int, str]]:
    return [(problem.file, problem.line, problem.code) for problem in draft.refused]


def test_a_dry_run_adds_up_the_files_and_the_books_and_writes_nothing(shop, files, tried):
    folder = files(
        members=MEMBERS,
        balances="member,kind,asset,amount\nA,wallet,cash,10.50\nB,wallet,cash,0.000001\nB,,coin,3\nC,wallet,cash,0",
        lots="member,store,remaining,daily\nA,points,88,0.333333\nC,points,12,0",
        funds="fund,name,amount\nreserve,,1000",
        orders="order,member,amount,refunded,paid\no1,A,100,30,2026-01-02\no2,C,50,0,",
    )
    found = tried(folder)
    assert found.refused == []
    assert {(each.kind, each.name): (each.read, each.opened) for each in found.totals} == {
        ("wallet", "cash"): (10_500_001, 10_500_001),
        ("wallet", "coin"): (3 * MICRO, 3 * MICRO),
        ("lots", "points"): (100 * MICRO, 100 * MICRO),
        ("reserve", ""): (1000 * MICRO, 1000 * MICRO),
    }
    # Three joins, one top-up, three balances above zero, two lots.
    assert found.counts == {
        "members": 3, "sponsored": 2, "orders": 2, "balances": 3, "lots": 2, "funds": 1, "refused": 0, "events": 9,
    }  # fmt: skip
    assert nothing_is_there(shop)


def test_lots_release_as_much_a_day_as_they_did_and_the_auditor_has_the_same_books(shop, files, tried, folder):
    from jifen.service.directory import Directory
    from jifen.service.inbox import submit
    from jifen.service.moving.importing import outcome, start
    from jifen.service.reads import balances

    # At 1 % a day 0.333333 need a base of 33.3333 yuan; the last release of the short lot is what is left of it.
    found = tried(files(members=MEMBERS, lots="member,store,remaining,daily\nA,points,88,0.333333\nC,points,0.5,0.4"))
    start(found, using=shop)
    written(shop, folder)
    assert outcome(found.digest, using=shop).state == "done"
    paid = []
    for day in range(738000, 738004):
        submit([DayClosed(id=f"day:{day}", day=0)], using=shop)
        written(shop, folder)
        held = [balances(name, Directory(shop)).amounts.get(("wallet", "cash"), 0) for name in ("A", "C")]
        paid.append(held)
    # From the day after the import on; this plan's upline is paid by orders, and not by what is released.
    assert paid == [[0, 0], [333_333, 400_000], [666_666, 500_000], [999_999, 500_000]]
    independent(shop)


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ({"members": "member,sponsor\nA,\nA,"}, [("members.csv", 2, "repeated"), ("members.csv", 3, "repeated")]),
        ({"members": "member,sponsor\nA,Z"}, [("members.csv", 2, "unknown_sponsor")]),
        (
            {"members": "member,sponsor\nA,B\nB,A\nC,B"},
            [("members.csv", 2, "cycle"), ("members.csv", 3, "cycle"), ("members.csv", 4, "sponsor_refused")],
        ),
        ({"members": "member,sponsor\nA,A"}, [("members.csv", 2, "cycle")]),
        ({"members": "member,phone\n13800138000,"}, [("members.csv", 2, "personal_id")]),
        ({"members": "member,phone\nA,12"}, [("members.csv", 2, "bad_number")]),
        (
            {"members": "member,phone\nA,13800138000\nB,+86 138 0013 8000"},
            [("members.csv", 2, "number_taken"), ("members.csv", 3, "number_taken")],
        ),
        ({"members": "member,phone\n a/b ,"}, [("members.csv", 2, "bad_id")]),
        ({"members": "member,rank\nA,皇帝"}, [("members.csv", 2, "unknown_rank")]),
        ({"members": "member,joined\nA,soon"}, [("members.csv", 2, "bad_time")]),
        ({"members": "member,locked\nA,maybe"}, [("members.csv", 2, "bad_value")]),
        ({"balances": "member,asset,amount\nZ,cash,1"}, [("balances.csv", 2, "unknown_member")]),
        ({"balances": "member,asset,amount\nA,gold,1"}, [("balances.csv", 2, "unknown_store")]),
        ({"balances": "member,asset,amount\nA,cash,-1"}, [("balances.csv", 2, "debt")]),
        ({"balances": "member,asset,amount\nA,cash,1e3"}, [("balances.csv", 2, "bad_amount")]),
        ({"balances": "member,asset,amount\nA,cash,1.0000001"}, [("balances.csv", 2, "bad_amount")]),
        ({"balances": "member,asset,amount\nA,cash,1000000001"}, [("balances.csv", 2, "bad_amount")]),
        ({"balances": "member,kind,asset,amount\nA,claims,owed,1"}, [("balances.csv", 2, "not_openable")]),
        ({"lots": "member,store,remaining\nA,shares,1"}, [("lots.csv", 2, "unknown_store")]),
        ({"lots": "member,store,remaining,daily\nA,points,5,99999999"}, [("lots.csv", 2, "no_schedule")]),
        ({"funds": "fund,name,amount\nbank,,1"}, [("funds.csv", 2, "bad_value")]),
        ({"funds": "fund,name,amount\npool,honour,1"}, [("funds.csv", 2, "unknown_pool")]),
        ({"orders": "order,member,amount,refunded\no1,A,1,2"}, [("orders.csv", 2, "too_much")]),
        ({"orders": "order,member,amount\no1,A,1\no1,A,1"}, [("orders.csv", 3, "repeated")]),
        ({"orders": "order,member,amount\no1,Z,1"}, [("orders.csv", 2, "unknown_member")]),
    ],
    ids=lambda value: value[0][2] if isinstance(value, list) else None,
)
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_each_row_that_cannot_be_opened_is_told_with_its_file_and_line(shop, files, tried, tables, expected):
    from jifen.service.moving.importing import start

    found = tried(files(**{"members": "member,sponsor\nA,", **tables}))
    assert codes(found) == expected
    with pytest.raises(InputError, match="rows_refused"):
        start(found, using=shop)
    assert nothing_is_there(shop)


def test_an_import_may_go_on_without_what_is_refused_and_says_what_that_was_worth(shop, files, tried, folder):
    from jifen.service.members.models import Account
    from jifen.service.moving.importing import outcome, start

    found = tried(files(members="member,sponsor\nA,\nB,Z", balances="member,asset,amount\nA,cash,5\nB,cash,7"))
    (cash,) = [each for each in found.totals if each.name == "cash"]
    assert (cash.read, cash.opened) == (12 * MICRO, 5 * MICRO)
    start(found, without_refused=True, using=shop)
    written(shop, folder)
    assert outcome(found.digest, using=shop).state == "done"
    assert list(Account.objects.using(shop).values_list("code", flat=True)) == ["A"]


def test_what_a_table_has_beyond_the_map_is_told(shop, files, tried):
    found = tried(files(members="member,sponsor,hobby\nA,,chess", coupons="coupon\n1"))
    assert found.unread == ["coupons.csv", "members.csv: hobby"]


def test_no_message_has_what_may_be_personal(shop, files, tried):
    found = tried(files(members="member,phone,name\nA,99913800138000,x\n13800138000,,\nB,,\x07y"))
    told = " ".join(map(str, found.refused))
    assert len(found.refused) == 3
    assert "138001" not in told
    assert "\x07" not in told


def test_a_lot_that_was_to_begin_later_is_noted(shop, files, tried):
    found = tried(files(members=MEMBERS, lots="member,store,remaining,starts\nA,points,1,9999-01-01\nB,points,1,"))
    assert [(note.line, note.code) for note in found.notes] == [(2, "starts_earlier")]
