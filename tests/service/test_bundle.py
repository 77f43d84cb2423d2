"""A bundle says what a shop did, agrees with its audit, and is the same file for the same shop."""

import json
import random
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from django.db import connections
from tests.service.books import events_of, independent
from tests.service.bundles import codes, files_of, table
from tests.service.conftest import ALIASES, joins, order
from tests.service.faults import history

from jifen.core.errors import InputError
from jifen.core.micros import format_micros, parse_micros
from jifen.engine import World, apply
from jifen.engine.events import DayClosed, MemberMoved, OrderPaid, OrderRefunded
from jifen.ledger.journal import NONE, Account
from jifen.plan.text import parse_plan
from jifen.service import models
from jifen.service.audit import audit
from jifen.service.backup import backup
from jifen.service.bundle import making
from jifen.service.bundle.keys import signing_keys
from jifen.service.bundle.making import Asked, make_bundle
from jifen.service.bundle.of_log import iso
from jifen.service.bundle.verifying import verify_bundle
from jifen.service.content import closing_id
from jifen.service.databases import open_database
from jifen.service.inbox import submit
from jifen.service.restore import restore
from jifen.service.shop import Terms, create_shop
from jifen.service.writer import JOURNAL, Writer

FIRST = 738000
DAYS = ["2021-07-29", "2021-07-30", "2021-07-31"]
YUAN = 1_000_000
BOTH = ["sqlite", "postgresql"]


def write(folder, using):
    with Writer.elected(folder, using) as writer:
        while writer.step():
            pass


def close(day):
    return DayClosed(id=closing_id(day), day=0)


@pytest.fixture
def traded(shop, folder):
    """Three closed days of three members, with a refund and a move."""
    submit([*joins("ann", "bob", "cem"), order("o1", "ann", 100), order("o2", "bob", 50)], using=shop)
    submit([close(FIRST)], using=shop)
    write(folder, shop)
    submit([OrderRefunded(id="r1", day=0, order="o2", amount=20 * YUAN)], using=shop)
    submit([MemberMoved(id="m1", day=0, member="cem", referrer="ann")], using=shop)
    submit([close(FIRST + 1), close(FIRST + 2)], using=shop)
    write(folder, shop)
    return shop


def made(using, path, **asked) -> Path:
    make_bundle(path, Asked(**asked), using=using)
    return path


def key_of(using):
    return signing_keys(using)[0].public


def test_the_tables_have_the_tree_the_orders_and_who_was_paid_for_what(traded, tmp_path):
    path = made(traded, tmp_path / "b.zip")
    rows = [tuple(row.values()) for row in table(path, "tree")]
    assert rows == [("ann", "", DAYS[0]), ("bob", "ann", DAYS[0]), ("cem", "ann", DAYS[0])]
    (move,) = table(path, "moves")
    assert (move["day"], move["member"], move["sponsor_before"], move["sponsor"]) == (DAYS[1], "cem", "bob", "ann")
    assert [tuple(row.values()) for row in table(path, "orders")] == [
        (DAYS[0], "o1", "ann", "100.00"), (DAYS[0], "o2", "bob", "50.00"),
    ]  # fmt: skip
    assert [tuple(row.values()) for row in table(path, "refunds")] == [(DAYS[1], "r1", "o2", "20.00")]
    # Of an order of bob, ann has 20 % at once; 40 % of it was given back; each has 1 % of what stays, a day.
    paid = [(row["day"], row["member"], row["rule"], row["paid"], row["taken_back"]) for row in table(path, "payouts")]
    assert paid == [
        (DAYS[0], "ann", "generation", "10.00", "0.00"), (DAYS[1], "ann", "generation", "0.00", "4.00"),
        (DAYS[1], "ann", "static", "1.00", "0.00"), (DAYS[1], "bob", "static", "0.30", "0.00"),
        (DAYS[2], "ann", "static", "1.00", "0.00"), (DAYS[2], "bob", "static", "0.30", "0.00"),
    ]  # fmt: skip
    assert [(row["day"], row["paid"], row["payouts"]) for row in table(path, "runs")] == [
        (DAYS[0], "10.00", "1"), (DAYS[1], "-2.70", "3"), (DAYS[2], "1.30", "2"),
    ]  # fmt: skip


def test_the_manifest_says_whose_it_is_and_where_the_log_stood(traded, tmp_path):
    path = made(traded, tmp_path / "b.zip")
    manifest = json.loads(files_of(path)["manifest.json"])
    hashes = [
        bytes(each).hex()
        for each in models.Batch.objects.using(traded).order_by("number").values_list("hash", flat=True)
    ]
    assert (manifest["shop"]["name"], manifest["shop"]["zone"]) == ("test", "Asia/Shanghai")
    assert (manifest["shop"]["id"], manifest["log"]["hash"], manifest["head"]["hash"]) == (
        hashes[0], hashes[-1], hashes[-1],
    )  # fmt: skip
    assert [row["hash"] for row in table(path, "chain")] == hashes
    assert manifest["period"] == {"first": DAYS[0], "last": DAYS[2], "whole": True}
    assert manifest["totals"] == {
        "members": 3, "orders": 2, "ordered": "150.00", "refunded": "20.00", "paid": "8.60",
    }  # fmt: skip
    names = [each["name"] for each in manifest["files"]]
    assert [*names, "manifest.json", "manifest.sig"] == list(files_of(path))
    assert path.stat().st_mode & 0o777 == 0o600


def test_it_is_verified_with_the_public_key_alone(traded, tmp_path):
    found = verify_bundle(made(traded, tmp_path / "b.zip"), key_of(traded))
    assert (found.sound, found.manifest.totals.paid) == (True, "8.60")


def test_the_same_shop_is_the_same_file_and_later_trade_changes_no_closed_day(traded, folder, tmp_path):
    one, other = made(traded, tmp_path / "1.zip"), made(traded, tmp_path / "2.zip")
    assert one.read_bytes() == other.read_bytes()
    before = files_of(one)
    submit([order("o3", "cem", 70), *joins("dan")], using=traded)
    write(folder, traded)
    after = files_of(made(traded, tmp_path / "3.zip"))
    assert {name for name in before if before[name] != after[name]} == {"manifest.json", "manifest.sig"}
    assert json.loads(after["manifest.json"])["head"]["batch"] == json.loads(after["manifest.json"])["log"]["batch"] + 1
    assert codes(tmp_path / "3.zip", key_of(traded)) == []


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_shop_that_moved_to_another_database_gives_the_same_file(traded, folder, tmp_path, servers):
    try:
        alias, address = next(ALIASES), servers.new("postgresql")
    except FileNotFoundError as error:
        pytest.skip(str(error))
    before = made(traded, tmp_path / "1.zip").read_bytes()
    backup(tmp_path / "shop.tar", folder, traded)
    open_database(alias, address)
    restore(tmp_path / "shop.tar", tmp_path / "moved", alias)
    assert made(alias, tmp_path / "2.zip").read_bytes() == before
    connections[alias].close()


def test_a_period_has_its_own_days_and_everybody_who_had_joined_by_its_end(traded, folder, tmp_path):
    submit([*joins("dan"), order("o3", "dan", 10), close(FIRST + 3)], using=traded)
    write(folder, traded)
    path = made(traded, tmp_path / "b.zip", first=FIRST + 1, last=FIRST + 2)
    assert [row["day"] for row in table(path, "runs")] == DAYS[1:]
    assert (len(table(path, "tree")), len(table(path, "orders")), len(table(path, "refunds"))) == (3, 0, 1)
    assert {row["day"] for row in table(path, "payouts")} == set(DAYS[1:])
    chain = table(path, "chain")
    assert [row["batch"] for row in chain] == ["2", "3", "4"]
    assert json.loads(files_of(path)["manifest.json"])["period"]["whole"] is False
    assert table(path, "history") == []  # all of it happened after those days
    assert codes(path, key_of(traded)) == []


def refused(action, *arguments, **named):
    with pytest.raises(InputError) as raised:
        action(*arguments, **named)
    return raised.value.problems[0].code


def test_days_that_are_not_closed_are_refused_and_so_is_a_name_that_is_taken(shop, folder, tmp_path):
    assert refused(made, shop, tmp_path / "b.zip") == "no_closed_day"
    submit([*joins("ann"), close(FIRST)], using=shop)
    write(folder, shop)
    for days in ({"first": FIRST - 1}, {"last": FIRST + 1}, {"first": FIRST + 1}, {"first": FIRST, "last": FIRST - 1}):
        assert refused(made, shop, tmp_path / "b.zip", **days) == "bad_period"
    assert list(tmp_path.glob("*.zip")) == []
    made(shop, tmp_path / "b.zip")
    assert refused(made, shop, tmp_path / "b.zip") == "target_exists"
    make_bundle(tmp_path / "b.zip", using=shop, force=True)


def test_there_is_no_bundle_of_no_shop(using, tmp_path):
    assert refused(made, using, tmp_path / "b.zip") == "no_shop"


def test_what_is_cut_off_leaves_nothing_and_an_earlier_bundle_as_it_was(traded, tmp_path, monkeypatch):
    path = made(traded, tmp_path / "b.zip")
    before = path.read_bytes()

    def dies(*given):
        raise KeyboardInterrupt

    monkeypatch.setattr(making, "manifest_bytes", dies)
    for target in (path, tmp_path / "c.zip"):
        with pytest.raises(KeyboardInterrupt):
            make_bundle(target, using=traded, force=True)
    assert (path.read_bytes(), [each.name for each in tmp_path.iterdir() if "zip" in each.name]) == (before, ["b.zip"])


def test_a_name_that_a_spreadsheet_would_work_out_is_a_text_and_comes_back_as_it_was(shop, folder, tmp_path):
    odd = ["=1+1", "'tis", 'a,b"c', " x ", "-5", "王", "+86", "x\r\ny"]
    submit([*joins(*odd), *(order(f"={name}", name, 10) for name in odd), close(FIRST)], using=shop)
    write(folder, shop)
    path = made(shop, tmp_path / "b.zip")
    assert [row["member"] for row in table(path, "tree")][:2] == ["'=1+1", "''tis"]
    assert codes(path, key_of(shop)) == []


def expected_payouts(using):
    """What each member was paid, less what was taken back, by day and rule: transfer by transfer, of a log replayed."""
    shop = models.Shop.objects.using(using).select_related("plan").get()
    world = World(parse_plan(shop.plan.content, using), shop.first_day, receipts=shop.receipts)
    paid = Counter()
    for event in events_of(using):
        day, journal = world.open_day, apply(world, [event])
        for row in journal.transfers:
            if not row["amount"]:
                continue
            rule = journal.rules[row["rule"]]
            because = rule if row["reason"] == NONE else journal.rules[row["reason"]]
            asset, own = journal.assets[row["asset"]], {Account.WALLET, Account.PENDING}
            if row["to_kind"] == Account.WALLET and row["from_kind"] not in own and because != "refund":
                paid[iso(day), journal.members[row["to_id"]], because, asset] += int(row["amount"])
            if row["from_kind"] == Account.WALLET and row["to_kind"] not in own and rule == "refund":
                paid[iso(day), journal.members[row["from_id"]], because, asset] -= int(row["amount"])
    return {key: amount for key, amount in paid.items() if amount}


@pytest.mark.parametrize("seed", range(40))
def test_a_bundle_of_a_random_history_agrees_with_the_audit_and_with_another_engine(using, folder, tmp_path, seed):
    if seed % 4 and connections[using].vendor == "postgresql":
        pytest.skip("every fourth one is enough")
    plan, asked = history(seed, 60, 4)
    create_shop(plan, 1, Terms("test", receipts=seed % 3 == 0), using=using)
    asked = [
        DayClosed(id=closing_id(event.day + 1), day=0) if isinstance(event, DayClosed) else event for event in asked
    ]
    draw = random.Random(seed)
    while asked:
        some = draw.randint(1, 20)
        submit(asked[:some], using=using)
        asked = asked[some:]
        write(folder, using)
    last = models.Run.objects.using(using).order_by("day").last()
    submit([DayClosed(id=closing_id(1 if last is None else last.day + 1), day=0)], using=using)
    write(folder, using)
    path = made(using, tmp_path / "b.zip")
    assert codes(path, key_of(using)) == []
    assert audit(folder / JOURNAL, using).sound
    auditor = independent(using)
    assert {row["member"]: row["sponsor"] for row in table(path, "tree")} == {
        member: auditor.referrer(member) or "" for member in auditor.member_names
    }
    found = Counter()
    for row in table(path, "payouts"):
        amount = parse_micros(row["paid"]) - parse_micros(row["taken_back"])
        found[row["day"], row["member"], row["rule"], row["asset"]] += amount
    assert {key: amount for key, amount in found.items() if amount} == expected_payouts(using)
    orders = [(each.id, format_micros(each.amount, 2)) for each in events_of(using) if isinstance(each, OrderPaid)]
    assert [(row["order"], row["amount"]) for row in table(path, "orders")] == orders


def test_it_is_a_zip_that_any_tool_opens(traded, tmp_path):
    with zipfile.ZipFile(made(traded, tmp_path / "b.zip")) as archive:
        assert archive.testzip() is None
