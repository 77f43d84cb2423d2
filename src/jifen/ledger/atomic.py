"""Files and directories that appear whole or not at all.

Everything is written under a hidden name beside its target, ``.<target>.<process id>.<random>.tmp``, made durable, and
renamed into place. The writer holds a lock (``flock``) on the hidden one as long as it lives, so what a killed process
left behind is known by its name and by its free lock, in whatever container the process ran, and is swept away when
the same target is written next.
"""

import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from jifen.core.errors import InputError, Problem

__all__ = ["atomic_directory", "atomic_file", "atomic_write", "sweep", "sync"]

_ASIDE = "old"
_UNFINISHED = "tmp"


@contextmanager
def atomic_directory(target: Path, *, force: bool = False) -> Iterator[Path]:
    """Give an empty directory to write into; it becomes ``target`` when the block ends, and vanishes if that raises.

    An earlier directory with something in it is replaced only with ``force``: it is renamed aside, and deleted when the
    new one stands. A target that cannot be replaced is an ``InputError``, raised before anything is written.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with atomic_directory(Path(folder, "run")) as run:
    ...         written = (run / "journal.txt").write_text("1")
    ...     Path(folder, "run", "journal.txt").read_text()
    '1'
    """
    target = target.absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    sweep(target)
    _check_replaceable(target, force)
    with _unfinished(target, Path.mkdir) as unfinished:
        yield unfinished
        _sync_tree(unfinished)
        _put_in_place(unfinished, target, force)
        sync(target.parent)


@contextmanager
def atomic_file(target: Path) -> Iterator[Path]:
    """Give an empty file to write into; it becomes ``target`` when the block ends, and vanishes if that raises.

    What was there before stays until then.
    """
    target = target.absolute()
    sweep(target)
    with _unfinished(target, Path.touch) as unfinished:
        yield unfinished
        sync(unfinished)
        unfinished.replace(target)
        sync(target.parent)


def atomic_write(path: Path, content: bytes) -> None:
    """Write a file whole and durably, in place of an earlier one; what was there stays if the write fails."""
    with atomic_file(path) as unfinished:
        unfinished.write_bytes(content)


def sweep(target: Path) -> list[Path]:
    """Remove what dead writers of ``target`` left beside it, and return what was removed.

    A directory that a writer had renamed aside, and died before the new one stood, gets its name back.
    """
    leftover = re.compile(rf"\.{re.escape(target.name)}\.\d+\.[0-9a-f]{{8}}\.({_UNFINISHED}|{_ASIDE})")
    swept = []
    for path in sorted(target.absolute().parent.iterdir()):
        if leftover.fullmatch(path.name) and _sweep_one(path, target):
            swept.append(path)
    return swept


def _sweep_one(path: Path, target: Path) -> bool:
    """Remove, or put back, one hidden file or directory unless its writer lives; the lock is ours meanwhile."""
    try:
        lock = _lock(path)
    except OSError:
        return False
    try:
        if path.suffix == f".{_ASIDE}" and not target.exists():
            path.rename(target)
        else:
            _remove(path)
    finally:
        os.close(lock)
    return True


@contextmanager
def _unfinished(target: Path, create: Callable[[Path], None]) -> Iterator[Path]:
    """Give a new hidden file or directory, locked; it is gone when the block ends, unless it has been renamed."""
    while True:
        path = _hidden(target, _UNFINISHED)
        create(path)
        try:
            lock = _lock(path)
        except (BlockingIOError, FileNotFoundError):
            continue  # another process swept it away before it was locked
        if path.exists():
            break
        os.close(lock)
    try:
        yield path
    finally:
        os.close(lock)
        _remove(path)


def _hidden(target: Path, suffix: str) -> Path:
    return target.with_name(f".{target.name}.{os.getpid()}.{secrets.token_hex(4)}.{suffix}")


def _lock(path: Path) -> int:
    """Lock a file or directory until the returned descriptor is closed, by its owner or by the owner's death."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _check_replaceable(target: Path, force: bool) -> None:
    if not target.exists() and not target.is_symlink():
        return
    if target.is_symlink() or not target.is_dir():
        problem = Problem("target_not_a_directory", "there is something else here", "choose another name", str(target))
        raise InputError(problem)
    if Path.cwd().is_relative_to(target.resolve()):
        message = "the working directory is inside of what would be replaced"
        raise InputError(Problem("target_in_use", message, "choose another name", str(target)))
    if not force and any(target.iterdir()):
        raise InputError(_exists(target))


def _exists(target: Path) -> Problem:
    return Problem("target_exists", "the directory is not empty", "choose another name, or force it", str(target))


def _put_in_place(unfinished: Path, target: Path, force: bool) -> None:
    """Rename the finished directory into place; an earlier one that is in the way is put aside and then deleted."""
    try:
        unfinished.rename(target)  # replaces an empty directory, and refuses any other
    except OSError:
        if not target.is_dir():
            raise
        if not force:
            raise InputError(_exists(target)) from None
    else:
        return
    aside = _hidden(target, _ASIDE)
    lock = _lock(target)
    try:
        target.rename(aside)
        try:
            unfinished.rename(target)
        except OSError:
            aside.rename(target)
            raise
        sync(target.parent)  # the new one stands for good before the old one goes
        _remove(aside)
    finally:
        os.close(lock)


def _sync_tree(root: Path) -> None:
    for folder, _, files in os.walk(root, topdown=False):
        for name in files:
            sync(Path(folder, name))
        sync(Path(folder))


def sync(path: Path) -> None:
    """Make a file's content, or a directory's entries, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
