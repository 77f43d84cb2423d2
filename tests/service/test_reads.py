"""Statements, balances and lots, against sums of all lines in plain Python, on both databases."""

import threading
from datetime import date

import pytest
from django.db import connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.service.conftest import joins, order

from jifen.core.errors import InputError
from jifen.engine.events import DayClosed, OrderRefunded
from jifen.ledger.journal import Account
from jifen.service.closing import closing_id
from jifen.service.day_files import STATEMENTS, closed_days, keep_days
from jifen.service.directory import Directory
from jifen.service.inbox import submit
from jifen.service.reads import LotReader, balances, standing
from jifen.service.statements import Statements
from jifen.service.writer import SNAPSHOTS, Writer

FIRST = 738000
MEMBERS = ("ann", "bob", "cat", "dan")
OWN = {"wallet": 4, "pending": 5, "claim": 6, "weight": 8}


def write(folder, using):
    with Writer.elected(folder, using) as writer:
        while writer.step():
            pass


def close(*days):
    return [DayClosed(id=closing_id(day), day=day) for day in days]


def twin(using, member):
    """The slow way: every line of the member's, one by one, newest first, as (day, kind, amount, batch, line)."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT number FROM name WHERE kind = 1 AND name = %s", [member])
        number = cursor.fetchone()[0]
        cursor.execute(
            "SELECT transfer.number, source, target, amount, transfer.batch, day FROM transfer"
            " JOIN batch ON batch.number = transfer.batch"
        )
        found = []
        for line, source, target, amount, batch, day in cursor.fetchall():
            for side, account, signed in ((0, source, -amount), (1, target, amount)):
                if account // 2**20 - 1 == number and account % 16 in OWN.values():
                    found.append((line, side, day, account % 16, signed, batch))
    return [entry[2:] for entry in sorted(found, reverse=True)]


def walked(statements, member, size):
    """All pages of a statement, in the twin's words."""
    older, found = None, []
    while True:
        page = statements.page(member, older=older, size=size)
        found += [(one.day, OWN[one.account.kind], one.amount, one.batch) for one in page.entries]
        assert len(page.entries) <= size
        older = page.older
        if older is None:
            return found


@pytest.fixture
def traded(shop, folder):
    """Two closed days and one that is open, on which ann's order of the first day is given back in part."""
    submit([*joins(*MEMBERS), order("o1", "ann", 100), order("o2", "bob", 50), *close(FIRST)], using=shop)
    submit([order("o3", "dan", 30), *close(FIRST + 1)], using=shop)
    submit([OrderRefunded(id="r1", day=0, order="o1", amount=40_000_000), order("o4", "cat", 20)], using=shop)
    write(folder, shop)
    return shop


@pytest.mark.parametrize("size", [1, 2, 50])
def test_a_statement_has_every_line_of_the_member_once_and_the_newest_first(traded, folder, size):
    statements = Statements(folder, traded)
    for member in MEMBERS:
        expected = twin(traded, member)
        assert expected
        assert walked(statements, member, size) == expected


def test_the_lines_of_a_statement_add_up_to_the_balances(traded, folder):
    statements, directory = Statements(folder, traded), Directory(traded)
    for member in MEMBERS:
        sums = {}
        for one in statements.page(member, size=500).entries:
            key = one.account.kind, one.asset
            sums[key] = sums.get(key, 0) + one.amount
        assert sums == balances(member, directory).amounts


def test_a_line_says_what_it_is_of(traded, folder):
    # ann's own order of 100 yuan: 100 points; the day's release is one line for the rule, without an order.
    entries = Statements(folder, traded).page("ann", size=500).entries
    (grant,) = [one for one in entries if one.order == "o1" and one.rule == "grant"]
    assert (grant.day, grant.amount, grant.account.kind, grant.other.kind) == (FIRST, 100_000_000, "claim", "issuer")
    paid = [one for one in entries if one.rule == "static" and one.account.kind == "wallet"]
    assert paid
    assert all(one.order is None and one.amount > 0 for one in paid)
    assert [one for one in entries if one.rule == "refund" and one.reason == "static" and one.day == FIRST + 2]


def test_a_cursor_stays_good_while_new_lines_arrive_and_days_are_closed(traded, folder):
    statements = Statements(folder, traded, patience=0)
    before = twin(traded, "ann")
    first = statements.page("ann", size=2)
    submit([order("o9", "ann", 10), *close(FIRST + 2), order("o10", "ann", 10)], using=traded)
    write(folder, traded)
    rest = statements.page("ann", older=first.older, size=500)
    told = [(one.day, OWN[one.account.kind], one.amount, one.batch) for one in (*first.entries, *rest.entries)]
    assert told == before
    assert walked(statements, "ann", 3) == twin(traded, "ann")


def test_between_a_close_and_its_file_a_reader_answers_as_of_the_batch_before(traded, folder):
    statements = Statements(folder, traded, patience=60)
    before = statements.page("ann", size=500)
    submit([order("o9", "ann", 10), *close(FIRST + 2), order("o10", "ann", 10)], using=traded)
    write(folder, traded)
    batch = closed_days(traded)[-1].batch
    held = statements.page("ann", size=500)
    assert held.as_of.batch == batch - 1
    assert held.as_of.day == FIRST + 2
    assert held.entries[-len(before.entries) :] == before.entries
    assert keep_days(folder / STATEMENTS, traded) == 1
    after = statements.page("ann", size=500)
    assert (after.as_of.batch, after.as_of.day) == (batch + 1, FIRST + 3)
    assert walked(statements, "ann", 50) == twin(traded, "ann")


def test_a_file_that_is_missing_or_damaged_is_made_again(traded, folder):
    keep_days(folder / STATEMENTS, traded)
    first, second = (folder / STATEMENTS / day.name for day in closed_days(traded))
    whole = first.read_bytes(), second.read_bytes()
    first.unlink()
    second.write_bytes(whole[1][:-1] + bytes([whole[1][-1] ^ 1]))
    assert walked(Statements(folder, traded), "ann", 3) == twin(traded, "ann")
    assert (first.read_bytes(), second.read_bytes()) == whole
    second.write_bytes(b"")
    assert walked(Statements(folder, traded), "dan", 3) == twin(traded, "dan")


def test_the_file_of_another_log_is_not_taken_for_this_ones(traded, folder):
    keep_days(folder / STATEMENTS, traded)
    day = closed_days(traded)[0]
    other = folder / STATEMENTS / f"day-{day.day}-{'0' * 16}"
    (folder / STATEMENTS / day.name).rename(other)
    assert keep_days(folder / STATEMENTS, traded) == 1


def test_unknown_members_and_cursors_that_are_none_are_refused(traded, folder):
    statements = Statements(folder, traded)
    for asked, code in ((("eve",), "unknown_member"), (("ann", "no"), "bad_cursor"), (("ann", "-1"), "bad_cursor")):
        with pytest.raises(InputError) as caught:
            statements.page(asked[0], older=asked[1] if len(asked) > 1 else None)
        assert caught.value.problems[0].code == code


def test_a_member_without_a_line_has_an_empty_statement(shop, folder):
    submit(joins("ann"), using=shop)
    write(folder, shop)
    page = Statements(folder, shop).page("ann")
    assert (page.entries, page.older, page.as_of.batch, page.as_of.day) == ([], None, 0, FIRST)
    assert balances("ann", Directory(shop)).amounts == {}


def test_open_lots_are_those_of_the_newest_snapshot(traded, folder):
    submit(close(FIRST + 2), using=traded)
    write(folder, traded)
    reader = LotReader(folder / SNAPSHOTS, traded)
    lots = reader.of("bob")
    assert lots.day == FIRST + 3
    (lot,) = lots.lots
    claim = balances("bob", Directory(traded)).amounts["claim", lot.store]
    # 50 yuan give 50 points; what is left of the only lot is bob's claim.
    assert (lot.cause, lot.granted, lot.remaining) == ("o2", 50_000_000, claim)
    assert date.fromordinal(lot.eligible_from)
    submit([*joins("zoe"), order("o11", "zoe", 10)], using=traded)
    with Writer.elected(folder, traded) as writer:
        while writer.step():
            pass
        assert reader.of("zoe").lots == []
    assert [lot.cause for lot in reader.of("zoe").lots] == ["o11"]


def test_before_a_snapshot_there_are_no_lots_and_no_day(shop, folder):
    assert LotReader(folder / SNAPSHOTS, shop).of("ann").day is None


def test_the_whole_shop_is_the_sum_of_all_balances(traded):
    found, batch = standing(Directory(traded))
    with connections[traded].cursor() as cursor:
        cursor.execute("SELECT account, amount FROM balance")
        rows = cursor.fetchall()
        cursor.execute("SELECT MAX(number) FROM batch")
        assert batch == cursor.fetchone()[0]
    for kind in Account:
        mine = [amount for account, amount in rows if account % 16 == kind]
        told = [one for one in found if one.kind == kind.name.lower()]
        assert (sum(one.amount for one in told), sum(one.accounts for one in told)) == (sum(mine), len(mine))


def test_members_are_found_by_how_their_ids_begin(traded):
    directory = Directory(traded)
    assert directory.members("", 2) == ["ann", "bob"]
    assert directory.members("c", 5) == ["cat"]
    assert directory.members("z", 5) == []


def test_threads_read_the_same_while_days_are_closed(traded, folder):
    statements, wrong = Statements(folder, traded, patience=0.05), []
    stop = threading.Event()

    def read():
        try:
            last = -1
            while not stop.is_set():
                page = statements.page("ann", size=500)
                assert page.as_of.batch >= last
                last = page.as_of.batch
                batches = [one.batch for one in page.entries]
                assert batches == sorted(batches, reverse=True)
                assert not batches or batches[0] <= last
        except BaseException as error:
            wrong.append(error)
        finally:
            connections[traded].close()

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    with Writer.elected(folder, traded) as writer:
        for number in range(4):
            submit([order(f"x{number}", "ann", 10), *close(FIRST + 2 + number)], using=traded)
            while writer.step():
                pass
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    keep_days(folder / STATEMENTS, traded)
    assert walked(statements, "ann", 7) == twin(traded, "ann")


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("order"), st.sampled_from(MEMBERS), st.integers(1, 300)),
        st.tuples(st.just("refund"), st.integers(0, 9), st.integers(1, 200)),
        st.tuples(st.just("close")),
        st.tuples(st.just("look")),
        st.tuples(st.just("keep")),
        st.tuples(st.just("lose"), st.integers(0, 3)),
    ),
    max_size=14,
)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_any_history_reads_as_the_sum_of_its_lines(servers, tmp_path_factory, steps):
    from tests.service.conftest import ALIASES

    from jifen.plan import load_plan
    from jifen.service.databases import migrate, open_database
    from jifen.service.shop import Terms, create_shop

    using, folder = next(ALIASES), tmp_path_factory.mktemp("shop")
    open_database(using, servers.new("sqlite"))
    migrate(using)
    create_shop(load_plan("points_dividend"), FIRST, Terms("test"), using=using)
    submit(joins(*MEMBERS), using=using)
    reader, day, kept = Statements(folder, using, patience=0), FIRST, folder / STATEMENTS
    for number, (what, *facts) in enumerate(steps):
        if what == "order":
            submit([order(f"o{number}", *facts)], using=using)
        elif what == "refund":
            refund = OrderRefunded(id=f"r{number}", day=0, order=f"o{facts[0]}", amount=facts[1] * 1_000_000)
            submit([refund], using=using)
        elif what == "close":
            submit(close(day), using=using)
            day += 1
        elif what == "look":
            write(folder, using)
            assert walked(reader, "ann", 2) == twin(using, "ann")
        elif what == "keep":
            keep_days(kept, using)
        else:
            for path in sorted(kept.glob("day-*"))[: facts[0]]:
                path.unlink()
    write(folder, using)
    for member in MEMBERS:
        assert walked(reader, member, 3) == walked(Statements(folder, using), member, 500) == twin(using, member)
    connections[using].close()
