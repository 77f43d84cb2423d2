"""The shop of ``jifen demo``: it trades through the inbox and the writer, and goes on wherever it was stopped."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.db import connections

from jifen.core.errors import InputError
from jifen.service.audit import audit
from jifen.service.example import Example, trade
from jifen.service.writer import JOURNAL, Writer

SMALL = Example(days=12, members=12, orders=60)


def ignored(done, days):
    """Nobody looks at the progress."""


def told(using, table, columns):
    with connections[using].cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {table} ORDER BY 1")
        return cursor.fetchall()


def test_a_shop_that_was_stopped_goes_on_where_it_was_and_ends_as_one_that_was_not(servers, tmp_path, using):
    from jifen.service.databases import migrate, open_database

    class StoppedError(Exception):
        pass

    def stops(done, days):
        if done == 5:
            raise StoppedError

    with pytest.raises(StoppedError):
        trade(tmp_path / "one", stops, example=SMALL, using=using)
    seen = []
    assert trade(tmp_path / "one", lambda done, days: seen.append((done, days)), example=SMALL, using=using)
    assert seen == [(done, 12) for done in range(5, 13)]
    open_database("unstopped", servers.new("sqlite"))
    migrate("unstopped")
    trade(tmp_path / "other", ignored, example=SMALL, using="unstopped")
    for table, columns in (("event", "number, content"), ("balance", "account, amount"), ("run", "day")):
        rows = told(using, table, columns)
        assert rows
        assert rows == told("unstopped", table, columns)
    found = audit(tmp_path / "one" / JOURNAL, using)
    assert (found.difference, found.problems) == (None, [])
    connections["unstopped"].close()


def test_all_days_are_closed_once_and_today_is_open(tmp_path, using):
    assert trade(tmp_path, ignored, example=SMALL, using=using)
    today = datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai")).toordinal()
    days = [day for (day,) in told(using, "run", "day")]
    assert days in (list(range(today - 12, today)), list(range(today - 13, today - 1)))
    assert not trade(tmp_path, ignored, example=SMALL, using=using)
    assert [day for (day,) in told(using, "run", "day")] == days


def test_a_shop_of_ones_own_is_left_alone(shop, folder):
    with pytest.raises(InputError) as caught:
        trade(folder, ignored, example=SMALL, using=shop)
    assert caught.value.problems[0].code == "shop_exists"
    assert told(shop, "inbox", "id") == []


def test_while_another_process_writes_it_is_told(tmp_path, using, monkeypatch):
    from jifen.service import example

    monkeypatch.setattr(example, "_ELECTION_SECONDS", 0.2)
    example._opened(SMALL, using)
    with Writer.elected(tmp_path, using, seconds=30):
        monkeypatch.setattr(Writer, "elected", classmethod(lambda *_: None))
        with pytest.raises(InputError) as caught:
            trade(tmp_path, ignored, example=SMALL, using=using)
    assert caught.value.problems[0].code == "writer_busy"
