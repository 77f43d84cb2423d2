"""What enters the inbox is decided once, in order, and stands in the log and in the books."""

import threading
import time

import pytest
from django.db import connections
from tests.service.conftest import joins, order

from jifen.core.errors import InputError, ensure
from jifen.engine import World, apply
from jifen.engine.events import DayClosed
from jifen.ledger.journal import Account
from jifen.plan import load_plan
from jifen.service import models, recovery
from jifen.service.accounts import account_of
from jifen.service.inbox import submit
from jifen.service.lease import LostLease
from jifen.service.recovery import recover
from jifen.service.shop import Terms, create_shop
from jifen.service.writer import SNAPSHOTS, Writer, run_writer

YUAN = 1_000_000


def balance(using, kind, holder, asset=0):
    return models.Balance.objects.using(using).get(account=account_of(kind, holder, asset)).amount


def test_an_order_is_accepted_and_pays_the_referrer_out_of_his_lot(shop, folder):
    submit([*joins("ann", "bob"), order("o1", "ann", 100), order("o2", "bob", 50)], using=shop)
    with Writer.elected(folder, shop) as writer:
        assert writer.step() == 4
    assert [result.state for result in submit([order("o2", "bob", 50)], using=shop)] == ["accepted"]
    # A fifth of bob's 50 points of the first generation, out of ann's 100.
    assert balance(shop, Account.WALLET, 0) == 10 * YUAN
    points = next(name.number for name in models.Name.objects.using(shop).filter(kind=0, name="points"))
    assert balance(shop, Account.CLAIM, 0, points) == 90 * YUAN
    assert balance(shop, Account.CLAIM, 1, points) == 50 * YUAN


def test_a_repeated_request_gets_the_first_ones_result_and_happens_once(shop, folder):
    asked = [*joins("ann"), order("o1", "ann", 100)]
    submit(asked, using=shop)
    submit(asked, using=shop)
    with Writer.elected(folder, shop) as writer:
        assert writer.step() == 2
        submit(asked, using=shop)
        assert writer.step() == 0
    assert [result.number for result in submit(asked, using=shop)] == [0, 1]


def test_the_same_id_with_other_facts_is_a_conflict(shop):
    submit([*joins("ann"), order("o1", "ann", 100)], using=shop)
    assert submit([order("o1", "ann", 101)], using=shop)[0].code == "conflict"


def test_a_refused_event_changes_nothing_and_may_be_sent_again(shop, folder):
    with Writer.elected(folder, shop) as writer:
        submit([order("o1", "ann", 100)], using=shop)
        writer.step()
        assert not models.Transfer.objects.using(shop).exists()
        assert models.Inbox.objects.using(shop).get().code == "unknown_member"
        submit([*joins("ann"), order("o1", "ann", 100)], using=shop)
        writer.step()
    assert submit([order("o1", "ann", 100)], using=shop)[0].number == 1


def test_an_event_that_would_break_the_books_is_refused_and_stops_nobody(shop, monkeypatch, folder):
    def breaks(world, events):
        journal = apply(world, events)
        ensure("bad" not in [event.id for event in events], "what comes is not what goes")
        return journal

    monkeypatch.setattr(recovery, "apply", breaks)
    submit([*joins("ann"), order("bad", "ann", 7), *(order(f"o{number}", "ann", 1) for number in range(5))], using=shop)
    with Writer.elected(folder, shop) as writer:
        while writer.step():
            pass
        assert writer.world.orders.size == 5
        assert recover(shop)[1] == writer.head
    refused = models.Inbox.objects.using(shop).exclude(code="")
    assert [(line.key, line.code) for line in refused] == [("bad", "breaks_books")]
    assert models.Event.objects.using(shop).count() == 6


def test_a_caller_can_wait_for_the_result(shop, folder):
    stop = threading.Event()
    running = threading.Thread(target=_written, args=(folder, shop, stop))
    running.start()
    try:
        first = submit(joins("ann"), using=shop, wait=30)
        began = time.monotonic()
        second = submit([order("o1", "ann", 100), order("o2", "bob", 1)], using=shop, wait=5)
        took = time.monotonic() - began
    finally:
        stop.set()
        running.join()
    assert first[0].state == "accepted"
    assert [(result.state, result.code) for result in second] == [("accepted", ""), ("refused", "unknown_member")]
    assert took < 2  # some 10 ms on a machine that does nothing else


def _written(folder, using, stop):
    try:
        run_writer(folder, using, stop=stop)
    finally:
        connections[using].close()


def test_events_after_a_close_are_of_the_next_day(shop, folder):
    closing = DayClosed(id="day:738000", day=738000)
    submit([*joins("ann"), order("o1", "ann", 100), closing, closing, order("o2", "ann", 1)], using=shop)
    with Writer.elected(folder, shop) as writer:
        assert [writer.step() for _ in range(4)] == [2, 1, 1, 0]
        assert writer.world.open_day == 738001
    assert list(models.Batch.objects.using(shop).order_by("number").values_list("day", flat=True)) == [
        738000, 738000, 738001,
    ]  # fmt: skip
    # 1 % of 100 points on the day after the order is the run of day 738001, which is still open.
    assert not models.Balance.objects.using(shop).filter(account=account_of(Account.WALLET, 0, 0)).exists()


def test_the_close_of_another_day_than_the_open_one_is_refused(shop, folder):
    submit([DayClosed(id="day:738001", day=738001)], using=shop)
    with Writer.elected(folder, shop) as writer:
        writer.step()
        assert writer.world.open_day == 738000
    assert models.Inbox.objects.using(shop).get().code == "out_of_order"


def test_another_writer_has_the_same_world_from_the_log_and_from_a_snapshot(shop, tmp_path):
    submit([*joins("ann", "bob"), order("o1", "ann", 100)], using=shop)
    with Writer.elected(tmp_path, shop) as writer:
        writer.step()
    assert len(list((tmp_path / SNAPSHOTS).iterdir())) == 1
    submit([order("o2", "bob", 50)], using=shop)
    with Writer.elected(tmp_path, shop) as writer:
        writer.step()
        head = writer.head
    for snapshots in (None, tmp_path / SNAPSHOTS):
        world, again = recover(shop, snapshots)
        assert again == head
        assert world.balance("ann", "cash") == 10 * YUAN


def test_a_damaged_snapshot_is_passed_over(shop, tmp_path):
    submit(joins("ann"), using=shop)
    with Writer.elected(tmp_path, shop) as writer:
        writer.step()
    (next((tmp_path / SNAPSHOTS).iterdir()) / "columns.bin").write_bytes(b"")
    assert recover(shop, tmp_path / SNAPSHOTS)[0].member_names[0] == "ann"


def test_the_log_is_the_same_journal_as_that_of_the_engine_alone(shop, folder):
    events = [*joins("ann", "bob"), order("o1", "ann", 100), order("o2", "bob", 50)]
    submit(events, using=shop)
    with Writer.elected(folder, shop) as writer:
        writer.step()
    world = World(load_plan("points_dividend"), 0)
    amount = sum(int(row["amount"]) for row in apply(world, events).transfers)
    lines = models.Transfer.objects.using(shop).filter(used=0).values_list("amount", flat=True)
    assert sum(lines) == amount


def test_of_two_writers_one_wins_and_the_other_waits_for_its_end(shop, url, folder):
    with Writer.elected(folder, shop) as writer:
        found = []
        other = threading.Thread(target=_stand, args=(folder, shop, found))
        other.start()
        other.join()
        assert found == [None]
        submit(joins("ann"), using=shop)
        assert writer.step() == 1
    with Writer.elected(folder, shop) as writer:
        assert writer.head.events == 1


def _stand(folder, using, found):
    try:
        found.append(Writer.elected(folder, using))
    finally:
        connections[using].close()


def test_a_writer_that_was_replaced_commits_nothing(shop, folder):
    with Writer.elected(folder, shop) as writer:
        submit(joins("ann"), using=shop)
        models.Lease.objects.using(shop).update(epoch=99)
        with pytest.raises(LostLease):
            writer.step()
    assert not models.Event.objects.using(shop).exists()


def test_a_database_has_one_shop(shop):
    with pytest.raises(InputError, match="shop_exists"):
        create_shop(load_plan("points_dividend"), 1, Terms("second"), using=shop)


def test_a_database_without_a_shop_has_no_writer(using, folder):
    with pytest.raises(InputError, match="no_shop"):
        Writer.elected(folder, using)
