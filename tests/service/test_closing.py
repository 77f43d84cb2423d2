"""Days are closed in order, each once and whole: its journal is a file, its books are in the database."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from django.db import IntegrityError, connections
from tests.service.conftest import joins, order

from jifen.core.errors import InputError, ensure
from jifen.engine import World, apply
from jifen.engine.events import DayClosed
from jifen.ledger.journal import Account
from jifen.plan import load_plan
from jifen.service import models, recovery, writer
from jifen.service.accounts import account_of
from jifen.service.closing import ask_closes, days_due, progress
from jifen.service.inbox import submit
from jifen.service.lines import lines_of, summed
from jifen.service.recovery import recover
from jifen.service.segments import Segment, read_segment
from jifen.service.shop import Terms, create_shop
from jifen.service.writer import JOURNAL, SNAPSHOTS, Writer

FIRST = 738000
SHANGHAI = ZoneInfo("Asia/Shanghai")
MIDNIGHT = datetime.fromordinal(FIRST + 1).replace(tzinfo=SHANGHAI)
"""When the first day has ended."""
YUAN = 1_000_000


def write(folder, using):
    with Writer.elected(folder, using) as elected:
        while elected.step():
            pass


@pytest.fixture
def traded(shop, folder):
    """A shop where ann has bought for 100 yuan and bob for 50 on the first day; two days have been closed."""
    submit([*joins("ann", "bob"), order("o1", "ann", 100), order("o2", "bob", 50)], using=shop)
    ask_closes(MIDNIGHT + timedelta(days=1), using=shop)
    write(folder, shop)
    return shop


def test_a_day_is_due_when_it_has_ended_in_the_shops_zone(shop):
    assert list(days_due(MIDNIGHT - timedelta(seconds=1), using=shop)) == []
    assert list(days_due(MIDNIGHT, using=shop)) == [FIRST]
    assert list(days_due(MIDNIGHT.astimezone(ZoneInfo("America/New_York")), using=shop)) == [FIRST]
    with pytest.raises(ValueError, match="zone"):
        days_due(MIDNIGHT.replace(tzinfo=None), using=shop)


def test_missed_days_are_closed_in_order_and_each_once_however_often_one_asks(shop, folder):
    for _ in range(3):
        ask_closes(MIDNIGHT + timedelta(days=2), using=shop)
    assert progress(MIDNIGHT + timedelta(days=2), using=shop).due == 3
    write(folder, shop)
    results = ask_closes(MIDNIGHT + timedelta(days=2), using=shop)
    assert results == []
    closed = models.Run.objects.using(shop).order_by("batch_id").values_list("day", flat=True)
    assert list(closed) == [FIRST, FIRST + 1, FIRST + 2]
    assert progress(MIDNIGHT + timedelta(days=2), using=shop).open_day == FIRST + 3


def test_a_close_releases_points_and_leaves_a_line_for_each_member_and_rule(traded):
    points = models.Name.objects.using(traded).get(kind=0, name="points").number
    claims = [account_of(Account.CLAIM, member, points) for member in (0, 1)]
    amounts = models.Balance.objects.using(traded)
    # The run of the first day releases nothing of its orders; that of the second 1 % of bob's 50 points.
    assert amounts.get(account=claims[1]).amount == 49_500_000
    run = models.Run.objects.using(traded).get(day=FIRST + 1)
    lines = models.Transfer.objects.using(traded).filter(batch=run.batch_id)
    assert {line.event for line in lines} == {line.lot for line in lines} == {-1}
    keys = ["source", "target", "used", "rule", "reason", "version"]
    assert lines.count() == lines.values(*keys).distinct().count() > 0


def test_the_segment_has_every_transfer_of_the_close(traded, folder):
    again = World(load_plan("points_dividend"), FIRST)
    first = [*joins("ann", "bob"), order("o1", "ann", 100), order("o2", "bob", 50)]
    apply(again, [replace(event, day=FIRST) for event in first])
    for day in (FIRST, FIRST + 1):
        transfers = apply(again, [DayClosed(id=f"day:{day}", day=day)]).transfers
        run = models.Run.objects.using(traded).get(day=day)
        found, _ = read_segment(folder / JOURNAL, Segment(run.segment, run.digest))
        assert [dict(zip(row.dtype.names, row.tolist(), strict=True)) for row in found] == [
            dict(zip(row.dtype.names, row.tolist(), strict=True)) for row in transfers
        ]
    assert len(transfers) > 0


def test_the_segment_has_every_forfeit_of_the_close(using, folder):
    create_shop(load_plan("green_points"), FIRST, Terms("test"), using=using)
    members = ("ann", "bob", "cid", "dan", "eve")
    orders = [
        [order(f"o{day}-{each}", each, 10 ** (1 + place)) for place, each in enumerate(members)] for day in (0, 1)
    ]
    alone, closes = World(load_plan("green_points"), FIRST), []
    for day, facts in enumerate([[*joins(*members), *orders[0]], orders[1]], FIRST):
        submit([*facts, DayClosed(id=f"day:{day}", day=day)], using=using)
        apply(alone, [replace(event, day=day) for event in facts])
        closes.append(apply(alone, [DayClosed(id=f"day:{day}", day=day)]))
    write(folder, using)
    assert sum(len(close.forfeits) for close in closes) > 0
    for run, close in zip(models.Run.objects.using(using).order_by("day"), closes, strict=True):
        transfers, forfeits = read_segment(folder / JOURNAL, Segment(run.segment, run.digest))
        assert transfers.array().tolist() == close.transfers.array().tolist()
        assert forfeits.array().tolist() == close.forfeits.array().tolist()


@pytest.fixture
def blocked(shop, folder, monkeypatch):
    """A shop whose first close would break the books; two days are due."""

    def breaks(world, events):
        ensure(not any(isinstance(event, DayClosed) for event in events), "what comes is not what goes")
        return apply(world, events)

    monkeypatch.setattr(recovery, "apply", breaks)
    submit([*joins("ann"), order("o1", "ann", 100)], using=shop)
    ask_closes(MIDNIGHT + timedelta(days=1), using=shop)
    write(folder, shop)
    return shop


def test_a_close_that_would_break_the_books_blocks_the_days_and_is_not_asked_for_by_itself(blocked, folder):
    lines = models.Inbox.objects.using(blocked).count()
    for _ in range(3):
        results = ask_closes(MIDNIGHT + timedelta(days=1), using=blocked)
        assert [(result.key, result.code) for result in results] == [(f"day:{FIRST}", "breaks_books")]
    assert models.Inbox.objects.using(blocked).count() == lines
    found = progress(MIDNIGHT + timedelta(days=1), using=blocked)
    assert (found.open_day, found.due, found.doing, found.blocked) == (FIRST, 2, "", "what comes is not what goes")
    submit([order("o2", "ann", 100)], using=blocked)
    write(folder, blocked)  # the shop goes on, on the day that is open
    assert models.Batch.objects.using(blocked).order_by("number").last().day == FIRST


def test_a_blocked_close_is_asked_for_again_when_its_cause_is_mended(blocked, folder, monkeypatch):
    monkeypatch.undo()
    ask_closes(MIDNIGHT + timedelta(days=1), using=blocked, again=True)
    assert progress(MIDNIGHT, using=blocked).blocked == ""
    write(folder, blocked)
    assert list(models.Run.objects.using(blocked).values_list("day", flat=True)) == [FIRST, FIRST + 1]
    assert progress(MIDNIGHT, using=blocked).blocked == ""


def test_others_see_what_a_close_is_at(shop, folder, monkeypatch):
    seen = []

    def told():
        with ThreadPoolExecutor(1) as pool:  # another connection: it sees what is committed
            seen.append(pool.submit(_doing, shop).result())

    for name in ("make", "write_batch"):
        monkeypatch.setattr(writer, name, partial(_after, told, getattr(writer, name)))
    submit(joins("ann"), using=shop)
    ask_closes(MIDNIGHT, using=shop)
    write(folder, shop)
    close = f"day:{FIRST}"
    assert seen == ["", "", f"{close}: computing", f"{close}: writing the books"]
    assert _doing(shop) == ""


def _after(first, then, *arguments):
    first()
    return then(*arguments)


def _doing(using):
    try:
        return progress(MIDNIGHT, using=using).doing
    finally:
        if threading.current_thread() is not threading.main_thread():
            connections[using].close()


def test_what_a_close_was_at_is_forgotten_with_its_writer(shop, folder, monkeypatch):
    ask_closes(MIDNIGHT, using=shop)
    elected = Writer.elected(folder, shop)
    monkeypatch.setattr(writer, "write_batch", None)
    with pytest.raises(TypeError):
        elected.step()
    assert progress(MIDNIGHT, using=shop).doing == f"day:{FIRST}: writing the books"
    elected.lease.release()
    assert progress(MIDNIGHT, using=shop).doing == ""


def test_a_segment_that_is_damaged_or_missing_is_named(traded, folder):
    run = models.Run.objects.using(traded).get(day=FIRST)
    path = folder / JOURNAL / run.segment
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match="SHA-256"):
        read_segment(folder / JOURNAL, Segment(run.segment, run.digest))
    path.unlink()
    with pytest.raises(InputError, match="bad_segment"):
        read_segment(folder / JOURNAL, Segment(run.segment, run.digest))


def test_a_close_that_fails_at_its_end_leaves_nothing_but_a_file_that_is_swept(shop, folder, monkeypatch):
    submit([*joins("ann"), order("o1", "ann", 100)], using=shop)
    ask_closes(MIDNIGHT, using=shop)

    def fails(*arguments):
        raise OSError("no space left on device")

    with Writer.elected(folder, shop) as elected:
        elected.step()
        monkeypatch.setattr(writer, "write_batch", fails)
        with pytest.raises(OSError, match="no space"):
            elected.step()
    monkeypatch.undo()
    assert not models.Run.objects.using(shop).exists()
    orphan = next((folder / JOURNAL).iterdir())
    with Writer.elected(folder, shop) as elected:
        assert not orphan.exists()
        assert elected.step() == 1
    assert orphan.exists()  # the same close once more: the same file
    assert models.Run.objects.using(shop).get().segment == orphan.name


def test_a_snapshot_is_kept_after_each_close_and_the_next_writer_starts_there(traded, folder, monkeypatch):
    head = recover(traded)[1]
    monkeypatch.setattr(models.Event, "objects", None)  # whoever reads the log of events fails
    assert recover(traded, folder / SNAPSHOTS)[1] == head


def test_a_run_is_written_for_the_open_batch_only(traded):
    with pytest.raises(IntegrityError), connections[traded].cursor() as cursor:
        cursor.execute("INSERT INTO run (day, batch, segment, digest) VALUES (1, 0, 'x', 'y')")


def test_summed_lines_move_what_the_lines_move():
    world = World(load_plan("points_dividend"), 0)
    events = [*joins("ann", "bob"), *(order(f"o{number}", "bob", 10 + number) for number in range(5))]
    lines = lines_of(world, apply(world, events).transfers)
    short = summed(lines)
    assert len(short.amount) < len(lines.amount)
    for used in (0, 1):
        assert np.sum(short.amount[short.used == used]) == np.sum(lines.amount[lines.used == used])
