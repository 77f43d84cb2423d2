"""The database itself refuses wrong books, whoever writes: each test is raw SQL."""

import pytest
from django.db import DatabaseError, connections, transaction
from tests.service.conftest import joins, order

from jifen.ledger.journal import Account
from jifen.service import models
from jifen.service.accounts import account_of
from jifen.service.inbox import submit
from jifen.service.writer import Writer

ANN, BOB = (account_of(Account.WALLET, member, 0) for member in (0, 1))
MERCHANT = account_of(Account.MERCHANT, 0, 0)
CLAIM = account_of(Account.CLAIM, 1, 0)
NEW = 1
"""The batch that can be opened."""


@pytest.fixture
def books(shop, folder):
    """Books with one batch: ann's 10 yuan of bob's order, from the merchant."""
    submit([*joins("ann", "bob"), order("o1", "ann", 100), order("o2", "bob", 50)], using=shop)
    with Writer.elected(folder, shop) as writer:
        writer.step()
    return shop


def run(using, *statements):
    """All statements in one transaction, with the next batch opened."""
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


OPEN = f"INSERT INTO opening (batch) VALUES ({NEW})"


NEXT = "(SELECT COUNT(*) FROM transfer)"
"""The number that the next line has."""


def transfer(source=MERCHANT, target=ANN, amount=5, batch=NEW, number=NEXT):
    columns = 'number, batch, source, target, amount, used, event, rule, lot, "order", line, reason, version'
    return f"INSERT INTO transfer ({columns}) VALUES ({number}, {batch}, {source}, {target}, {amount}, 0,0,0,0,0,0,0,0)"


def change(account, amount):
    return f"UPDATE balance SET previous = amount, amount = amount + {amount}, batch = {NEW} WHERE account = {account}"


def seal(using, *, previous=None, transfers=1, number=NEW, **columns):
    last = models.Batch.objects.using(using).get()
    value = "X'{}'" if connections[using].vendor == "sqlite" else "'\\x{}'::bytea"
    previous = value.format(previous or bytes(last.hash).hex())
    row = {
        "number": number, "day": 1, "revision": 1, "plan_id": f"'{last.plan_id}'", "cursor": 1,
        "events": last.events, "transfers": last.transfers + transfers, "previous": previous,
        "hash": value.format("ab" * 32), **columns,
    }  # fmt: skip
    return f"INSERT INTO batch ({', '.join(row)}) VALUES ({', '.join(map(str, row.values()))})"


def test_a_batch_whose_balances_follow_from_its_transfers_is_sealed(books):
    run(books, OPEN, transfer(), change(MERCHANT, -5), change(ANN, 5), seal(books))
    assert models.Balance.objects.using(books).get(account=ANN).amount == 10_000_005
    assert not models.Opening.objects.using(books).exists()


WRONG = {
    "a transfer of nothing": [transfer(amount=0)],
    "a transfer below nothing": [transfer(amount=-5), change(MERCHANT, 5), change(ANN, -5)],
    "a transfer to the account it comes from": [transfer(ANN, ANN), change(ANN, 0)],
    "a transfer of two assets": [transfer(target=account_of(Account.WALLET, 0, 1))],
    "a transfer of a batch that is not open": [transfer(batch=0)],
    "a transfer of a batch to come": [transfer(batch=2)],
    "a transfer with a gap before it": [transfer(number=f"1 + {NEXT}"), change(MERCHANT, -5), change(ANN, 5)],
    "a transfer before all others": [transfer(number=-1), change(MERCHANT, -5), change(ANN, 5)],
    "an event with a gap before it": [
        f"INSERT INTO event (number, batch, content) VALUES (99, {NEW}, '{{}}')",
        transfer(), change(MERCHANT, -5), change(ANN, 5)],
    "an event before all others": [
        f"INSERT INTO event (number, batch, content) VALUES (-1, {NEW}, '{{}}')",
        transfer(), change(MERCHANT, -5), change(ANN, 5)],
    "balances that nobody changes": [transfer()],
    "one balance that nobody changes": [transfer(), change(ANN, 5)],
    "another change than was transferred": [transfer(), change(MERCHANT, -5), change(ANN, 6)],
    "a change without a transfer": [transfer(), change(MERCHANT, -5), change(ANN, 5), change(
        account_of(Account.OUTSIDE, 0, 0), 0)],
    "a balance touched twice": [transfer(), change(MERCHANT, -5), change(ANN, 2), change(ANN, 3)],
    "a balance that forgets what it was": [
        transfer(), change(MERCHANT, -5),
        f"UPDATE balance SET amount = 5, previous = 0, batch = {NEW} WHERE account = {ANN}"],
    "a new balance out of nothing": [
        f"INSERT INTO balance (account, amount, previous, batch) VALUES ({BOB}, 7, 0, {NEW})"],
    "a new balance that was there before": [
        transfer(target=BOB), change(MERCHANT, -5),
        f"INSERT INTO balance (account, amount, previous, batch) VALUES ({BOB}, 7, 2, {NEW})"],
    "a claim below zero": [
        transfer(source=CLAIM, target=account_of(Account.ISSUER, 0, 0)),
        f"INSERT INTO balance (account, amount, previous, batch) VALUES ({CLAIM}, -5, 0, {NEW})"],
}  # fmt: skip


@pytest.mark.parametrize("statements", WRONG.values(), ids=WRONG)
def test_wrong_books_are_refused(books, statements):
    count, events = (sum(f"INTO {table}" in statement for statement in statements) for table in ("transfer", "event"))
    last = models.Batch.objects.using(books).get().events
    with pytest.raises(DatabaseError):
        run(books, OPEN, *statements, seal(books, transfers=count, events=last + events))
    assert models.Batch.objects.using(books).count() == 1
    assert models.Balance.objects.using(books).get(account=ANN).amount == 10_000_000


SEALS = {
    "that does not follow": {"previous": "00" * 32},
    "of another number": {"number": 2},
    "with a short hash": {"hash": "''"},
    "that counts more transfers": {"transfers": 2},
    "that counts more events": {"events": 99},
}


@pytest.mark.parametrize("wrong", SEALS.values(), ids=SEALS)
def test_a_wrong_seal_is_refused(books, wrong):
    with pytest.raises(DatabaseError):
        run(books, OPEN, transfer(), change(MERCHANT, -5), change(ANN, 5), seal(books, **wrong))


def test_a_batch_that_is_not_sealed_cannot_be_committed(books):
    with pytest.raises(DatabaseError):
        run(books, OPEN, transfer(), change(MERCHANT, -5), change(ANN, 5))
    assert not models.Opening.objects.using(books).exists()


def test_an_opened_batch_cannot_be_forgotten(books):
    with pytest.raises(DatabaseError):
        run(books, OPEN, transfer(), change(MERCHANT, -5), change(ANN, 5), "DELETE FROM opening")


def test_only_the_next_batch_is_opened(books):
    with pytest.raises(DatabaseError):
        run(books, "INSERT INTO opening (batch) VALUES (2)")
    with pytest.raises(DatabaseError):
        run(books, OPEN, "INSERT INTO opening (batch) VALUES (2)")


OUTSIDE = [
    "UPDATE event SET content = '{}'",
    "DELETE FROM event",
    "INSERT INTO event (number, batch, content) VALUES (99, 0, '{}')",
    "UPDATE transfer SET amount = 1",
    "DELETE FROM transfer",
    "UPDATE batch SET day = 0",
    "DELETE FROM batch",
    "UPDATE balance SET amount = amount + 1",
    "UPDATE balance SET batch = 1, previous = amount",
    "DELETE FROM balance",
    "UPDATE name SET name = 'eve'",
    "DELETE FROM name",
    "UPDATE plan_version SET content = ''",
    "UPDATE inbox SET batch = NULL, event = NULL",
    "UPDATE inbox SET content = '{}'",
    "DELETE FROM inbox",
]


@pytest.mark.parametrize("statement", OUTSIDE)
def test_what_is_written_stays(books, statement):
    with pytest.raises(DatabaseError):
        run(books, statement)


def test_a_whole_table_cannot_be_emptied(books):
    if connections[books].vendor == "sqlite":
        pytest.skip("SQLite has no TRUNCATE")
    for table in ("event", "transfer", "batch", "balance", "name", "inbox", "opening"):
        with pytest.raises(DatabaseError):
            run(books, f"TRUNCATE {table} CASCADE")


def test_an_amount_that_is_no_whole_number_is_refused(books):
    for amount in ("1.5", "'many'"):
        with pytest.raises(DatabaseError):
            run(books, OPEN, transfer(amount=amount), change(MERCHANT, -1), change(ANN, 1), seal(books))


def test_what_waits_in_the_inbox_is_not_decided_without_a_batch(books):
    submit(joins("eve"), using=books)
    with pytest.raises(DatabaseError):
        run(books, "UPDATE inbox SET batch = 0, event = 0 WHERE batch IS NULL")
