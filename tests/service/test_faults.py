"""Whatever dies, and when: the log has each event once and in order, and an audit finds nothing.

Each schedule is made by its seed alone; a failure names it, and ``JIFEN_FAULTS_SEED`` plays it again.
"""

import os
import shutil

import pytest
from django.db import connections
from tests.service.conftest import ALIASES
from tests.service.faults import FIRST, Schedule

from jifen.plan import load_plan
from jifen.service import lease
from jifen.service.databases import migrate, open_database
from jifen.service.shop import Terms, create_shop

SCHEDULES = 40
BUDGET = int(os.environ.get("JIFEN_NIGHTLY_BUDGET", "1000"))


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """The file of a shop that has just opened: each schedule plays in a copy."""
    file, alias = tmp_path_factory.mktemp("fresh") / "shop.sqlite3", next(ALIASES)
    open_database(alias, f"sqlite:///{file}")
    migrate(alias)
    create_shop(load_plan("points_dividend"), FIRST, Terms("test"), using=alias)
    with connections[alias].cursor() as cursor:
        cursor.execute("PRAGMA journal_mode=DELETE")
    connections[alias].close()
    return file


def play(seed, fresh, folder, monkeypatch):
    """Play a schedule; it is returned when nothing was found."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    alias = next(ALIASES)
    open_database(alias, f"sqlite:///{shutil.copy(fresh, folder / 'shop.sqlite3')}")
    with connections[alias].cursor() as cursor:
        cursor.execute("PRAGMA synchronous=OFF")  # no machine dies here, only processes
    schedule = Schedule(alias, folder, seed)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(lease, "_now", lambda: schedule.now)
    try:
        schedule.play()
    except Exception as error:
        raise AssertionError(f"schedule {seed} fails") from error
    finally:
        connections[alias].close()
        del connections[alias]
    return schedule


def seeds(count):
    given = os.environ.get("JIFEN_FAULTS_SEED")
    return [int(given)] if given else range(count)


def play_all(count, fresh, folder, monkeypatch):
    return [play(seed, fresh, folder, monkeypatch) for seed in seeds(count)]


def test_no_schedule_of_crashes_loses_or_doubles_anything(fresh, tmp_path, monkeypatch):
    played = play_all(SCHEDULES, fresh, tmp_path / "shop", monkeypatch)
    assert sum(schedule.crashes for schedule in played) > 0
    assert sum(schedule.days for schedule in played) > 0


def test_a_schedule_is_the_same_each_time(fresh, tmp_path, monkeypatch):
    one, other = (play(7, fresh, tmp_path / "shop", monkeypatch) for _ in range(2))
    assert [event.id for event in one.sent] == [event.id for event in other.sent]
    assert one.crashes == other.crashes


def test_a_writer_that_forgets_to_confirm_its_lease_is_found(fresh, tmp_path, monkeypatch):
    monkeypatch.setattr(lease.Lease, "confirm", lambda self: None)
    with pytest.raises(AssertionError):
        play_all(SCHEDULES, fresh, tmp_path / "shop", monkeypatch)


@pytest.mark.nightly
def test_thousands_of_schedules(fresh, tmp_path, monkeypatch):
    play_all(BUDGET, fresh, tmp_path / "shop", monkeypatch)
