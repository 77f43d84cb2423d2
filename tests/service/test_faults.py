"""Whatever dies, and when: the log has each event once, an audit finds nothing, and the auditor has the same books.

Each schedule is made by its seed alone; a failure names it, and ``JIFEN_FAULTS_SEED`` plays it again.
"""

import gc
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from django.db import connections
from tests.service.conftest import ALIASES
from tests.service.faults import Schedule, history

from jifen.engine import World, apply
from jifen.ledger.journal import Account
from jifen.service import lease
from jifen.service.databases import migrate, open_database
from jifen.service.shop import Terms, create_shop

SCHEDULES = 100
MEMORY = Path("/dev/shm")


@pytest.fixture
def folder():
    """A folder in memory, where there is one: no machine dies here, only processes."""
    with tempfile.TemporaryDirectory(prefix="jifen-faults-", dir=MEMORY if MEMORY.is_dir() else None) as made:
        yield Path(made)


@pytest.fixture(autouse=True, scope="module")
def frozen():
    """What the compiler and Django have made stays: the collector need not look at it between schedules."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """The file of a database without a shop: each schedule plays in a copy."""
    file, alias = tmp_path_factory.mktemp("fresh") / "shop.sqlite3", next(ALIASES)
    open_database(alias, f"sqlite:///{file}")
    migrate(alias)
    with connections[alias].cursor() as cursor:
        cursor.execute("PRAGMA journal_mode=DELETE")
    connections[alias].close()
    return file


def opened(file, **options):
    """An alias of a database in which nothing is synced."""
    alias = next(ALIASES)
    open_database(alias, f"sqlite:///{file}")
    settings = connections[alias].settings_dict["OPTIONS"]
    settings |= {"init_command": "PRAGMA synchronous=OFF; PRAGMA temp_store=MEMORY", **options}
    return alias


def play(seed, fresh, folder, monkeypatch, *size):
    """Play a schedule; it is returned when nothing was found."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    plan, asked = history(seed, *size)
    file = shutil.copy(fresh, folder / "shop.sqlite3")
    using, other = opened(file), opened(file, timeout=0)
    create_shop(plan, 0, Terms("test", receipts=seed % 3 == 0), using=using)
    schedule = Schedule(using, other, folder, seed, asked)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr(lease.Lease, "_beat", lambda self: None)
    monkeypatch.setattr(lease, "_now", lambda: schedule.now)
    try:
        schedule.play()
    except Exception as error:
        raise AssertionError(f"schedule {seed} fails: {', '.join(schedule.did)}") from error
    finally:
        for alias in (using, other):
            connections[alias].close()
            del connections[alias]
    return schedule


def seeds(count):
    given = os.environ.get("JIFEN_FAULTS_SEED")
    return [int(given)] if given else range(count)


def play_all(count, fresh, folder, monkeypatch):
    return [play(seed, fresh, folder / "shop", monkeypatch) for seed in seeds(count)]


def test_no_schedule_of_crashes_loses_or_doubles_anything(fresh, folder, monkeypatch):
    played = play_all(SCHEDULES, fresh, folder, monkeypatch)
    did = [move for schedule in played for move in schedule.did]
    assert {"died", "two wrote", "spoil", "replace", "repeat"} <= set(did)


def test_a_schedule_is_the_same_each_time(fresh, folder, monkeypatch):
    one, other = (play(7, fresh, folder / "shop", monkeypatch) for _ in range(2))
    assert one.asked == other.asked
    assert one.did == other.did


def test_a_writer_that_forgets_to_confirm_its_lease_is_found(fresh, folder, monkeypatch):
    monkeypatch.setattr(lease.Lease, "confirm", lambda self: None)
    with pytest.raises(AssertionError):
        play_all(SCHEDULES, fresh, folder, monkeypatch)


@pytest.mark.nightly
@pytest.mark.parametrize("part", range(2))
def test_thousands_of_schedules(fresh, folder, monkeypatch, nightly_budget, part):
    for seed in range(part, nightly_budget * 20, 2):  # on two workers at once
        play(seed, fresh, folder / "shop", monkeypatch)


@pytest.mark.nightly
def test_long_schedules(fresh, folder, monkeypatch, nightly_budget):
    for seed in range(nightly_budget * 2):
        play(seed, fresh, folder / "shop", monkeypatch, 40, 5)


def test_the_database_lets_a_pool_pay_coins(fresh, folder, monkeypatch):
    plan, asked = history(83, 26, 3)
    world = World(plan, 0)
    paid = apply(world, asked).transfers
    coins = paid[(paid["from_kind"] == Account.POOL) & (paid["asset"] == world.assets.numbers["coin"])]
    assert coins["amount"].sum() > 0
    play(83, fresh, folder / "shop", monkeypatch, 26, 3)
