import os
from pathlib import Path

import pytest
from tests.ledger.samples import FULL_DISK, kill_when_ready, run_python

from jifen.core.errors import InputError
from jifen.ledger import atomic
from jifen.ledger.atomic import atomic_directory, atomic_file, atomic_write, sweep

DIE_WRITING = """
import sys, time
from pathlib import Path
from jifen.ledger.atomic import atomic_directory
with atomic_directory(Path(sys.argv[1]), force=True) as directory:
    (directory / "half.txt").write_text("half")
    print("ready", flush=True)
    time.sleep(60)
"""
DIE_BETWEEN_RENAMES = """
import sys, time
from pathlib import Path
from jifen.ledger.atomic import atomic_directory
rename = Path.rename
def rename_once(path, target):
    if path.name == "run":
        rename(path, target)
        print("ready", flush=True)
        time.sleep(60)
    return rename(path, target)
Path.rename = rename_once
with atomic_directory(Path(sys.argv[1]), force=True) as directory:
    (directory / "new.txt").write_text("new")
"""
FILL_DISK = (
    FULL_DISK
    + """
import sys
from pathlib import Path
from jifen.ledger.atomic import atomic_directory, atomic_write
try:
    if sys.argv[2] == "file":
        atomic_write(Path(sys.argv[1]), b"x" * 50_000)
    else:
        with atomic_directory(Path(sys.argv[1]), force=True) as directory:
            (directory / "big.txt").write_bytes(b"x" * 50_000)
except OSError:
    sys.exit(3)
"""
)


def names(directory):
    return sorted(path.name for path in directory.iterdir())


def write(target, text, **options):
    with atomic_directory(target, **options) as directory:
        (directory / "deep").mkdir()
        (directory / "deep" / "text.txt").write_text(text)


def text_of(target):
    return (target / "deep" / "text.txt").read_text()


def test_a_directory_appears_with_all_that_was_written_and_nothing_else(tmp_path):
    write(tmp_path / "run", "1")
    assert names(tmp_path) == ["run"]
    assert text_of(tmp_path / "run") == "1"


def test_parents_of_the_target_are_made(tmp_path):
    write(tmp_path / "a" / "b" / "run", "1")
    assert text_of(tmp_path / "a" / "b" / "run") == "1"


def test_nothing_is_there_before_the_block_ends(tmp_path):
    with atomic_directory(tmp_path / "run") as directory:
        assert directory.name.startswith(".run.")
        assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_whatever_is_raised_leaves_nothing_behind(tmp_path, error):
    def fail():
        with atomic_directory(tmp_path / "run") as directory:
            (directory / "text.txt").write_text("half")
            raise error

    with pytest.raises(error):
        fail()
    assert names(tmp_path) == []


def test_an_error_leaves_the_earlier_directory_as_it_was(tmp_path):
    write(tmp_path / "run", "old")
    with pytest.raises(RuntimeError), atomic_directory(tmp_path / "run", force=True):
        raise RuntimeError
    assert names(tmp_path) == ["run"]
    assert text_of(tmp_path / "run") == "old"


def test_a_directory_with_content_is_kept_unless_forced_and_the_block_does_not_start(tmp_path):
    write(tmp_path / "run", "old")
    with pytest.raises(InputError, match="target_exists"), atomic_directory(tmp_path / "run"):
        pytest.fail("the block must not start")
    assert text_of(tmp_path / "run") == "old"


def test_force_replaces_the_earlier_directory_whole(tmp_path):
    write(tmp_path / "run", "old")
    (tmp_path / "run" / "only_in_old.txt").write_text("old")
    write(tmp_path / "run", "new", force=True)
    assert names(tmp_path) == ["run"]
    assert names(tmp_path / "run") == ["deep"]
    assert text_of(tmp_path / "run") == "new"


def test_an_empty_directory_is_taken_without_force(tmp_path):
    (tmp_path / "run").mkdir()
    write(tmp_path / "run", "1")
    assert text_of(tmp_path / "run") == "1"


def test_a_directory_that_another_filled_meanwhile_is_not_lost(tmp_path):
    def overtaken():
        with atomic_directory(tmp_path / "run"):
            (tmp_path / "run").mkdir()
            (tmp_path / "run" / "theirs.txt").write_text("theirs")

    with pytest.raises(InputError, match="target_exists"):
        overtaken()
    assert names(tmp_path) == ["run"]
    assert names(tmp_path / "run") == ["theirs.txt"]


def test_a_file_or_link_in_the_way_is_refused_even_with_force(tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path)
    for name in ("file", "link"):
        with pytest.raises(InputError, match="target_not_a_directory"), atomic_directory(tmp_path / name, force=True):
            pytest.fail("the block must not start")
    assert (tmp_path / "file").read_text() == "mine"


def test_the_working_directory_and_what_it_is_in_are_not_replaced(tmp_path, monkeypatch):
    (tmp_path / "home" / "work").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "home" / "work")
    with pytest.raises(InputError, match="target_in_use"), atomic_directory(tmp_path / "home", force=True):
        pytest.fail("the block must not start")


def test_the_earlier_directory_comes_back_if_the_new_one_cannot_be_renamed(tmp_path, monkeypatch):
    write(tmp_path / "run", "old")
    rename = atomic.Path.rename

    def refuse_new(path, target):
        if path.suffix == ".tmp":
            raise OSError("refused")
        return rename(path, target)

    monkeypatch.setattr(atomic.Path, "rename", refuse_new)
    with pytest.raises(OSError, match="refused"):
        write(tmp_path / "run", "new", force=True)
    assert names(tmp_path) == ["run"]
    assert text_of(tmp_path / "run") == "old"


def test_what_a_killed_process_left_is_swept_by_the_next_writer(tmp_path):
    write(tmp_path / "run", "old")
    kill_when_ready(DIE_WRITING, tmp_path / "run")
    assert len(names(tmp_path)) == 2
    assert text_of(tmp_path / "run") == "old"
    write(tmp_path / "run", "new", force=True)
    assert names(tmp_path) == ["run"]
    assert text_of(tmp_path / "run") == "new"


def test_a_process_killed_between_the_two_renames_loses_nothing(tmp_path):
    write(tmp_path / "run", "old")
    kill_when_ready(DIE_BETWEEN_RENAMES, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    assert len(sweep(tmp_path / "run")) == 2
    assert names(tmp_path) == ["run"]
    assert text_of(tmp_path / "run") == "old"


def test_what_a_living_process_writes_is_not_swept(tmp_path):
    with run_python(DIE_WRITING, tmp_path / "run", wait=False) as process:
        assert process.stdout.readline() == "ready\n"
        assert sweep(tmp_path / "run") == []
        write(tmp_path / "run", "mine")
        assert len(names(tmp_path)) == 2
        process.kill()


def test_only_names_that_a_writer_makes_are_swept(tmp_path):
    kept = [".run.1.tmp", ".run.1.0000000g.tmp", ".run2.1.00000000.tmp", "run.1.00000000.tmp", ".run.x.00000000.tmp"]
    for name in [*kept, ".run.1.00000000.tmp"]:
        (tmp_path / name).write_text("")
    assert [path.name for path in sweep(tmp_path / "run")] == [".run.1.00000000.tmp"]
    assert names(tmp_path) == sorted(kept)


def test_a_name_with_characters_of_patterns_is_swept_exactly(tmp_path):
    (tmp_path / ".a+(b).1.00000000.tmp").mkdir()
    (tmp_path / ".aab.1.00000000.tmp").mkdir()
    sweep(tmp_path / "a+(b)")
    assert names(tmp_path) == [".aab.1.00000000.tmp"]


def test_a_file_is_replaced_whole_and_nothing_else_stays(tmp_path):
    atomic_write(tmp_path / "a.json", b"old")
    atomic_write(tmp_path / "a.json", b"new")
    assert (tmp_path / "a.json").read_bytes() == b"new"
    assert names(tmp_path) == ["a.json"]


def test_files_and_directories_get_the_usual_permissions(tmp_path):
    atomic_write(tmp_path / "a.json", b"")
    write(tmp_path / "run", "1")
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain.json").write_text("")
    assert (tmp_path / "a.json").stat().st_mode == (tmp_path / "plain.json").stat().st_mode
    assert (tmp_path / "run").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_file_that_cannot_be_synced_leaves_the_old_one(tmp_path, monkeypatch):
    atomic_write(tmp_path / "a.json", b"old")

    def fail(_):
        raise OSError("disk gone")

    monkeypatch.setattr(atomic.os, "fsync", fail)
    with pytest.raises(OSError, match="disk gone"):
        atomic_write(tmp_path / "a.json", b"new")
    assert (tmp_path / "a.json").read_bytes() == b"old"
    assert names(tmp_path) == ["a.json"]


@pytest.mark.parametrize("kind", ["file", "directory"])
def test_a_full_disk_leaves_what_was_there_and_nothing_else(tmp_path, kind):
    if kind == "file":
        atomic_write(tmp_path / "run", b"old")
    else:
        write(tmp_path / "run", "old")
    assert run_python(FILL_DISK, tmp_path / "run", kind).returncode == 3
    assert names(tmp_path) == ["run"]
    assert (text_of(tmp_path / "run") if kind == "directory" else (tmp_path / "run").read_text()) == "old"


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="names of open files are read from /proc")
def test_files_are_durable_before_they_get_their_name(tmp_path, monkeypatch):
    steps = []
    fsync, rename = os.fsync, atomic.Path.rename
    monkeypatch.setattr(
        atomic.os, "fsync", lambda fd: (steps.append(str(Path(f"/proc/self/fd/{fd}").readlink())), fsync(fd))
    )
    monkeypatch.setattr(atomic.Path, "rename", lambda path, to: (steps.append("rename"), rename(path, to))[1])
    write(tmp_path / "run", "1")
    before, after = steps[: steps.index("rename")], steps[steps.index("rename") + 1 :]
    assert [path.rpartition("/")[2] for path in before[:2]] == ["text.txt", "deep"]
    assert len(before) == 3
    assert after == [str(tmp_path)]


def test_a_writer_whose_directory_was_swept_before_it_was_locked_makes_another(tmp_path, monkeypatch):
    lock, calls = atomic._lock, []

    def swept_at_first(path):
        calls.append(path)
        if len(calls) == 1:
            path.rmdir()
        return lock(path)

    monkeypatch.setattr(atomic, "_lock", swept_at_first)
    with atomic_directory(tmp_path / "run") as directory:
        assert directory.exists()
    assert len(calls) == 2


def test_a_file_appears_when_it_is_finished(tmp_path):
    target = tmp_path / "a.parquet"
    target.write_text("old")
    with atomic_file(target) as unfinished:
        unfinished.write_text("new")
        assert (target.read_text(), unfinished.parent, unfinished.name[0]) == ("old", tmp_path, ".")
    assert (target.read_text(), names(tmp_path)) == ("new", ["a.parquet"])


def test_a_file_that_is_not_finished_vanishes(tmp_path):
    def fail():
        with atomic_file(tmp_path / "a.parquet") as unfinished:
            unfinished.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert names(tmp_path) == []
