"""An audit replays the log from nothing and names the first figure that does not follow from it."""

from types import SimpleNamespace

import pytest
from django.db import connections
from tests.service.conftest import joins, order

from jifen.engine.events import DayClosed
from jifen.ledger.journal import Account, JournalWriter
from jifen.service import models
from jifen.service.accounts import account_of
from jifen.service.audit import audit
from jifen.service.inbox import submit
from jifen.service.segments import Segment, read_segment, write_segment
from jifen.service.writer import JOURNAL, Writer

FIRST = 738000


@pytest.fixture
def traded(shop, folder):
    """A shop of three batches: a day's orders with a refusal, and two closes."""
    submit([*joins("ann", "bob"), order("o1", "ann", 100), order("o2", "bob", 50), order("o3", "eve", 1)], using=shop)
    submit([DayClosed(id=f"day:{day}", day=day) for day in (FIRST, FIRST + 1)], using=shop)
    with Writer.elected(folder, shop) as writer:
        while writer.step():
            pass
    return shop


def tamper(using, statement):
    """Change a row as one can who owns the database: its triggers are gone."""
    with connections[using].cursor() as cursor:
        if connections[using].vendor == "postgresql":
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(statement)
            cursor.execute("SET session_replication_role = DEFAULT")
            return
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        for name, _ in cursor.fetchall():
            cursor.execute(f"DROP TRIGGER {name}")
        cursor.execute(statement)


def test_an_audit_of_a_sound_shop_finds_nothing(traded, folder):
    seen = []
    found = audit(folder / JOURNAL, traded, lambda done, count: seen.append((done, count)))
    assert (found.sound, found.batches) == (True, 3)
    assert found.transfers == models.Transfer.objects.using(traded).count()
    assert seen == [(1, 3), (2, 3), (3, 3)]


CHANGES = {
    "transfers": "UPDATE transfer SET amount = amount + 1 WHERE number = 2",
    "a transfer's account": f"UPDATE transfer SET target = {account_of(Account.WALLET, 1, 0)} WHERE target = "
    f"{account_of(Account.WALLET, 0, 0)} AND batch = 0",
    "transfers of a close": "UPDATE transfer SET amount = amount + 1 WHERE batch = 2",
    "a transfer that is gone": "DELETE FROM transfer WHERE number = 1",
    "balances": "UPDATE balance SET amount = amount + 1",
    "names": "UPDATE name SET name = 'eve' WHERE name = 'ann'",
    "events": "UPDATE event SET content = '{}' WHERE number = 2",
    "an order's amount": "UPDATE event SET content = REPLACE(content, '100000000', '200000000')",
    "batches": "UPDATE batch SET day = day + 1 WHERE number = 1",
    "a refusal": "UPDATE inbox SET code = 'another' WHERE code <> ''",
    "inbox": "UPDATE inbox SET event = 77 WHERE event = 1",
    "runs": "DELETE FROM run",
}
WHERE = {
    "a transfer's account": "transfers", "transfers of a close": "transfers", "a transfer that is gone": "transfers",
    "an order's amount": "transfers", "a refusal": "batches",
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_row_is_named(traded, folder, what):
    tamper(traded, CHANGES[what])
    assert audit(folder / JOURNAL, traded).difference.where == WHERE.get(what, what)


def test_the_difference_says_what_follows_and_what_is_there(traded, folder):
    amount = models.Transfer.objects.using(traded).get(number=2).amount
    tamper(traded, CHANGES["transfers"])
    found = audit(folder / JOURNAL, traded).difference
    assert (found.batch, found.row, found.field) == (0, 2, "amount")
    assert (found.expected, found.got) == (str(amount), str(amount + 1))


def test_a_forfeit_that_nobody_had_is_named(traded, folder):
    run = models.Run.objects.using(traded).get(day=FIRST)
    transfers, _ = read_segment(folder / JOURNAL, Segment(run.segment, run.digest))
    forged = JournalWriter()
    forged.forfeit((2, FIRST, 0, 1, 5))
    batch = SimpleNamespace(day=FIRST, transfers=transfers, forfeits=forged.seal()[1])
    segment = write_segment(folder / JOURNAL, bytes(32), batch)
    tamper(traded, f"UPDATE run SET segment = '{segment.name}', digest = '{segment.digest}' WHERE day = {FIRST}")
    found = audit(folder / JOURNAL, traded).difference
    assert (found.where, found.batch, found.expected, found.got) == ("segment's forfeits", 1, "0", "1")


def test_a_segment_that_is_missing_is_a_problem(traded, folder):
    for path in (folder / JOURNAL).iterdir():
        path.unlink()
    assert [problem.code for problem in audit(folder / JOURNAL, traded).problems] == ["bad_segment"]
