"""A backup of a shop that trades is one file as of one moment; what is restored from it trades on."""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.db import DatabaseError, connections
from tests.service.conftest import ALIASES, joins, order

from jifen.core.errors import InputError
from jifen.engine.events import DayClosed
from jifen.service import models
from jifen.service.archive import Archive, open_archive
from jifen.service.audit import audit
from jifen.service.backup import backup
from jifen.service.databases import one_moment, open_database
from jifen.service.dump import kept_tables, schema_of
from jifen.service.inbox import submit
from jifen.service.lease import is_held
from jifen.service.restore import restore
from jifen.service.writer import JOURNAL, Writer

FIRST = 738000
BOTH = ["sqlite", "postgresql"]


def write(folder, using):
    with Writer.elected(folder, using) as writer:
        while writer.step():
            pass


def close(day):
    return DayClosed(id=f"day:{day}", day=day)


@pytest.fixture
def traded(shop, folder):
    """A shop of three batches: a day's orders with a refusal, and two closes."""
    submit([*joins("ann", "bob"), order("o1", "ann", 100), order("o2", "bob", 50), order("o3", "eve", 1)], using=shop)
    submit([close(FIRST), close(FIRST + 1)], using=shop)
    write(folder, shop)
    return shop


@pytest.fixture
def file(traded, folder, tmp_path):
    """A backup of it."""
    return backup(tmp_path / "shop.backup", folder, traded).path


@pytest.fixture
def other(tmp_path):
    """The folder of another shop."""
    return tmp_path / "other"


@pytest.fixture
def empty(servers):
    """Makes an empty database of a kind; gives its alias."""
    made = []

    def make(kind):
        alias = next(ALIASES)
        try:
            open_database(alias, servers.new(kind))
        except FileNotFoundError as error:
            pytest.skip(str(error))
        made.append(alias)
        return alias

    yield make
    for alias in made:
        connections[alias].close()


def digests(path):
    with open_archive(path) as archive:
        return {member.name: member.sha256 for member in archive.manifest.members}


def refused(code, *arguments, **options):
    with pytest.raises(InputError) as raised:
        restore(*arguments, **options)
    assert [problem.code for problem in raised.value.problems] == [code]


def nothing_is_there(using, folder):
    """Neither tables nor files, whole or half."""
    assert connections[using].introspection.table_names() == []
    connections[using].close()
    path = connections[using].settings_dict["NAME"]
    assert not list(Path(path).parent.glob(f".{Path(path).name}*"))
    assert not folder.exists() or not [path for path in folder.rglob("*") if path.is_file()]


def test_the_same_shop_is_the_same_file(traded, folder, tmp_path):
    made = [backup(tmp_path / name, folder, traded) for name in ("a", "b")]
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    last = models.Batch.objects.using(traded).get(number=2)
    assert [(each.batch, each.hash, each.segments) for each in made] == [(2, bytes(last.hash).hex(), 2)] * 2
    assert made[0].size == (tmp_path / "a").stat().st_size
    assert (tmp_path / "a").stat().st_mode & 0o077 == 0


def test_every_table_is_kept_but_those_of_a_process(using):
    names = {model._meta.db_table for model in kept_tables()} | {"lease", "opening"}
    tables = set(connections[using].introspection.table_names()) - {"django_migrations"}
    assert tables - names == {"auth_group", "auth_group_permissions", "auth_permission", "django_content_type"} | {
        "django_session"
    }
    assert names <= tables
    for model in kept_tables():
        schema_of(model)


@pytest.mark.parametrize("kind", BOTH)
def test_a_backup_of_either_database_is_restored_into_either(file, empty, other, tmp_path, kind):
    using, seen = empty(kind), []
    found = restore(file, other, using, progress=lambda *told: seen.append(told))
    assert (found.audit.sound, found.audit.batches, found.aside) == (True, 3, [])
    assert {what for what, _, _ in seen} == {"verifying", "filling tables", "auditing"}
    assert all(done <= count for _, done, count in seen)
    backup(tmp_path / "again", other, using)
    assert digests(tmp_path / "again") == digests(file)


@pytest.mark.parametrize("kind", BOTH)
def test_a_restored_shop_trades_on_under_its_guards(file, empty, other, kind):
    using = empty(kind)
    restore(file, other, using)
    assert not is_held(using)
    assert submit([order("o2", "bob", 50)], using=using)[0].state == "accepted"  # it knows what it has accepted
    submit([order("o9", "bob", 70), *joins("eve"), close(FIRST + 2)], using=using)
    write(other, using)
    assert (models.Batch.objects.using(using).count(), models.Run.objects.using(using).count()) == (5, 3)
    assert audit(other / JOURNAL, using).sound
    for statement in ("UPDATE transfer SET amount = 1", "DELETE FROM event", "INSERT INTO opening (batch) VALUES (9)",
                      "UPDATE balance SET amount = amount + 1"):  # fmt: skip
        with pytest.raises(DatabaseError), connections[using].cursor() as cursor:
            cursor.execute(statement)


def test_a_backup_is_of_one_moment_while_the_shop_trades(traded, folder, empty, other, tmp_path):
    """Batches are committed between its tables; what it has is audited, whatever they were."""
    stop, written = threading.Event(), []

    def trade():
        try:
            with Writer.elected(folder, traded) as writer:
                while not stop.is_set():
                    submit([order(f"w{len(written)}", "ann", 1)], using=traded)
                    written.append(writer.step())
        finally:
            connections[traded].close()

    trading = threading.Thread(target=trade)
    trading.start()
    try:
        while len(written) < 3:
            stop.wait(0.01)
        seen = len(written)

        def wait(done, count):
            while trading.is_alive() and len(written) < seen + 2 * done / count:
                stop.wait(0.01)

        made = backup(tmp_path / "live", folder, traded, progress=wait)
        assert len(written) > seen
    finally:
        stop.set()
        trading.join()
    assert made.batch >= 2
    assert restore(tmp_path / "live", other, empty("sqlite")).audit.batches == made.batch + 1


def test_a_shop_is_audited_as_it_is_at_one_moment_while_it_trades(traded, folder):
    with one_moment(traded) as moment:
        submit([order("o9", "bob", 70), close(FIRST + 2)], using=traded)
        write(folder, traded)
        assert audit(folder / JOURNAL, moment).batches == 3
        assert audit(folder / JOURNAL, moment).sound
    assert audit(folder / JOURNAL, traded).batches == 5


def test_a_backup_that_fails_leaves_no_file(traded, folder, tmp_path):
    segment = next((folder / JOURNAL).iterdir())
    segment.write_bytes(segment.read_bytes() + b"x")
    for code in ("SHA-256", "cannot be read"):
        with pytest.raises(InputError, match=code):
            backup(tmp_path / "made" / "file", folder, traded)
        segment.unlink(missing_ok=True)
    assert list((tmp_path / "made").iterdir()) == []


def test_a_file_that_is_there_is_replaced_only_if_one_says_so(traded, folder, file):
    file.write_bytes(b"another")
    with pytest.raises(InputError, match="target_exists"):
        backup(file, folder, traded)
    assert file.read_bytes() == b"another"
    backup(file, folder, traded, force=True)
    assert digests(file)


def test_a_database_without_a_shop_has_no_backup(using, folder, empty, tmp_path):
    for alias in (using, empty("sqlite")):
        with pytest.raises(InputError, match="no_shop"):
            backup(tmp_path / "made", folder, alias)


def cut(content):
    return content[: len(content) // 2]


def flipped(content):
    place = content.index(b"PAR1") + 40
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


DAMAGED = {
    "that is cut off": (cut, "damaged_backup"),
    "that is cut off before its manifest": (
        lambda content: content[: content.index(b"manifest.json")],
        "damaged_backup",
    ),
    "with another bit": (flipped, "damaged_backup"),
    "whose manifest was changed": (lambda content: content.replace(b'"batch":2', b'"batch":7'), "bad_checksum"),
    "that is none": (lambda content: b"shop", "not_a_backup"),
    "that is empty": (lambda content: b"", "not_a_backup"),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_file_is_refused_before_anything_is_written(file, empty, other, url, what):
    damage, code = DAMAGED[what]
    file.write_bytes(damage(file.read_bytes()))
    using = empty("sqlite" if url.startswith("sqlite") else "postgresql")
    refused(code, file, other, using)
    nothing_is_there(using, other)


def test_a_file_of_another_format_or_of_later_tables_is_refused(
    file, empty, other, monkeypatch, tmp_path, traded, folder
):
    from jifen.service import archive
    from jifen.service import backup as module

    using = empty("sqlite")
    monkeypatch.setattr(archive, "FORMAT_VERSION", 2)
    refused("newer_backup", file, other, using)
    monkeypatch.undo()
    monkeypatch.setattr(module, "migrations_of", lambda connection: (("service", "9999_later"),))
    refused("newer_backup", backup(tmp_path / "later", folder, traded).path, other, using)
    refused("no_file", tmp_path / "none", other, using)
    nothing_is_there(using, other)


def test_a_shop_that_does_not_follow_from_its_log_is_not_restored(traded, folder, empty, other, tmp_path, url):
    from tests.service.test_audit import tamper

    tamper(traded, "UPDATE transfer SET amount = amount + 1 WHERE number = 2")
    file = backup(tmp_path / "wrong", folder, traded).path
    using = empty("sqlite" if url.startswith("sqlite") else "postgresql")
    refused("unsound_backup", file, other, using)
    nothing_is_there(using, other)


def test_a_shop_is_replaced_only_if_one_says_so_and_stays_aside(traded, file, folder, url):
    submit([order("late", "ann", 9), close(FIRST + 2)], using=traded)
    write(folder, traded)
    refused("shop_exists", file, folder, traded)
    with Writer.elected(folder, traded):
        assert is_held(traded)
        refused("writer_alive", file, folder, traded, replace=True)
    kept = sorted(path.name for path in (folder / JOURNAL).iterdir())
    found = restore(file, folder, traded, replace=True)
    assert models.Batch.objects.using(traded).count() == 3
    assert audit(folder / JOURNAL, traded).sound
    assert len(list((folder / JOURNAL).iterdir())) == 2
    aside = next(path for path in map(Path, found.aside) if path.name.startswith(JOURNAL))
    assert kept[2:] == [path.name for path in aside.iterdir()]
    old = next(place for place in found.aside if place != str(aside))
    if url.startswith("sqlite"):
        alias = next(ALIASES)
        open_database(alias, f"sqlite:///{old}")
        assert models.Batch.objects.using(alias).count() == 5
        connections[alias].close()
    else:
        with connections[traded].cursor() as cursor:
            cursor.execute(f"SELECT COUNT(*) FROM {old}.batch")
            assert cursor.fetchone()[0] == 5


def test_another_journal_is_not_written_over(file, empty, other):
    (other / JOURNAL).mkdir(parents=True)
    (other / JOURNAL / "close-1-x.parquet").write_bytes(b"mine")
    refused("target_exists", file, other, empty("sqlite"))
    assert [path.name for path in other.rglob("*")] == [JOURNAL, "close-1-x.parquet"]


MOMENTS = [
    "filling tables",
    "database",
    *(pytest.param(moment, marks=pytest.mark.nightly) for moment in ("verifying", "auditing", "journal")),
]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_restore_that_is_killed_leaves_nothing_and_can_be_repeated(file, servers, url, other, moment):
    kind = "sqlite" if url.startswith("sqlite") else "postgresql"
    address, alias = servers.new(kind), next(ALIASES)
    command = [sys.executable, "-m", "tests.service.killed_restore", str(file), address, str(other), moment]
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True, timeout=120)
    assert done.returncode == -9, done.stderr
    open_database(alias, address)
    assert connections[alias].introspection.table_names() == []
    connections[alias].close()
    assert restore(file, other, alias).audit.sound
    assert [path.name for path in other.iterdir() if path.name.startswith(".")] == []
    connections[alias].close()


def test_what_a_restore_reads_is_what_was_verified(file, empty, other, monkeypatch):
    """Nothing of a file is unpacked under a name that it gives itself."""
    opened = []
    real = Archive.open
    monkeypatch.setattr(Archive, "open", lambda self, member: opened.append(member.name) or real(self, member))
    restore(file, other, empty("sqlite"))
    assert sorted(opened) == sorted(digests(file))
    shutil.rmtree(other)
