"""The file of a backup: a tar of members that are named, counted and hashed in a manifest, which is the last of them.

A file that was cut off has no manifest, and one that was changed has another SHA-256. Times, owners and modes are the
same in all of them: the same shop at the same batch is the same file, to the byte.
"""

import hashlib
import io
import re
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Self, cast

from jifen.core.errors import InputError, Problem
from jifen.ledger.atomic import atomic_file
from jifen.ledger.chain import seal, unseal

__all__ = [
    "FORMAT_VERSION", "Archive", "Manifest", "Member", "Packing", "Progress", "open_archive", "pack_archive",
]  # fmt: skip

FORMAT_VERSION = 1
"""Raised when what is in the file changes its meaning."""

_FORMAT = "jifen backup"
_MANIFEST = "manifest.json"
_LARGEST_MANIFEST = 64 << 20
_NAME = re.compile(r"(tables|journal)/[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}")
_PIECE = 1 << 20
_PRIVATE = 0o600
"""Whoever owns it reads and writes it, and nobody else: it has all that the shop has."""

Progress = Callable[[int, int], None]
"""Called with what is done and with all there is, in bytes or rows."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file in the file: ``tables/….parquet`` or ``journal/…``. ``rows`` is 0 for what is no table."""

    name: str
    size: int
    sha256: str
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is of, and where the shop stood."""

    release: str
    database: str
    """``sqlite`` or ``postgresql``: where it comes from. It may go into either."""
    migrations: tuple[tuple[str, str], ...]
    """The tables' state: of each application its last migration."""
    batch: int
    hash: str
    members: tuple[Member, ...]


class Packing:
    """A backup that is being written."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        """Write into an open tar."""
        self._tar = tar
        self.members: list[Member] = []

    def add(self, name: str, file: IO[bytes], rows: int = 0) -> Member:
        """Add all of an open file under a name; returns what the manifest will say of it."""
        file.seek(0)
        digest = hashlib.sha256()
        while piece := file.read(_PIECE):
            digest.update(piece)
        size = file.tell()
        file.seek(0)
        self._add(name, file, size)
        self.members.append(Member(name, size, digest.hexdigest(), rows))
        return self.members[-1]

    def finish(self, **known: Any) -> Manifest:
        """Add the manifest; ``known`` is all of it but the members."""
        manifest = Manifest(**known, members=tuple(self.members))
        content = seal({"format": _FORMAT, "version": FORMAT_VERSION, **asdict(manifest)})
        self._add(_MANIFEST, io.BytesIO(content), len(content))
        return manifest

    def _add(self, name: str, file: IO[bytes], size: int) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, _PRIVATE
        self._tar.addfile(info, file)


@contextmanager
def pack_archive(path: Path) -> Iterator[Packing]:
    """Write a backup, which is there whole when the block ends, and not at all if that raises."""
    with atomic_file(path) as unfinished:
        unfinished.chmod(_PRIVATE)
        with tarfile.open(unfinished, "w", format=tarfile.USTAR_FORMAT) as tar:
            yield Packing(tar)


class Archive:
    """A backup that has been verified to its last byte."""

    def __init__(self, tar: tarfile.TarFile, manifest: Manifest) -> None:
        """Read from an open tar."""
        self._tar, self.manifest = tar, manifest

    @classmethod
    def verified(cls, tar: tarfile.TarFile, path: Path, progress: Progress) -> Self:
        """Compare every member with the manifest; ``InputError`` for anything that is not as it was written."""
        found = tar.getmembers()
        if not all(info.isfile() for info in found):
            raise _not_whole(path, "it holds what is no file")
        if not found or found[-1].name != _MANIFEST or found[-1].size > _LARGEST_MANIFEST:
            raise _not_whole(path, "it has no manifest at its end")
        manifest = _manifest(_opened(tar, found[-1]).read(), path)
        expected = {member.name: member for member in manifest.members}
        names = [info.name for info in found[:-1]]
        if names != list(expected) or not all(map(_NAME.fullmatch, names)):
            raise _not_whole(path, "it does not have the files that its manifest names")
        done, size = 0, sum(member.size for member in manifest.members)
        for info in found[:-1]:
            digest, file = hashlib.sha256(), _opened(tar, info)
            while piece := file.read(_PIECE):
                digest.update(piece)
                done += len(piece)
                progress(done, size)
            if digest.hexdigest() != expected[info.name].sha256:
                raise _not_whole(path, f"the SHA-256 of {info.name} differs")
        return cls(tar, manifest)

    def open(self, member: Member) -> IO[bytes]:
        """Open a file of it."""
        return _opened(self._tar, self._tar.getmember(member.name))

    def of(self, folder: str) -> list[Member]:
        """The members in ``tables`` or in ``journal``."""
        return [member for member in self.manifest.members if member.name.startswith(f"{folder}/")]


@contextmanager
def open_archive(path: Path, progress: Progress = lambda done, count: None) -> Iterator[Archive]:
    """Open a backup when all of it is as it was written; ``InputError`` for what is damaged, foreign or too new.

    ``progress`` is called with bytes verified and in all.
    """
    try:
        tar = tarfile.open(path, "r:")  # noqa: SIM115 -- it is closed below, whatever the block does
    except OSError as error:
        raise InputError(
            Problem("no_file", f"it cannot be read: {error.strerror}", "check the path", str(path))
        ) from error
    except tarfile.TarError as error:
        raise InputError(
            Problem("not_a_backup", "the file is no backup", "name one of `jifen backup`", str(path))
        ) from error
    with tar:
        try:
            archive = Archive.verified(tar, path, progress)
        except (tarfile.TarError, OSError, ValueError) as error:
            raise _not_whole(path, "it ends too soon") from error
        yield archive


def _manifest(content: bytes, path: Path) -> Manifest:
    document = unseal(content, str(path))
    if document.get("format") != _FORMAT:
        raise _foreign(path)
    if document["version"] != FORMAT_VERSION:
        message = f"it is of format {document['version']}, and this release reads {FORMAT_VERSION}"
        raise InputError(Problem("newer_backup", message, "restore it with the release that made it", str(path)))
    del document["format"], document["version"]
    document["members"] = tuple(Member(**member) for member in document["members"])
    document["migrations"] = tuple((app, name) for app, name in document["migrations"])
    return Manifest(**document)


def _opened(tar: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    return cast("IO[bytes]", tar.extractfile(info))


def _foreign(path: Path) -> InputError:
    return InputError(Problem("not_a_backup", "the file is no backup", "name one of `jifen backup`", str(path)))


def _not_whole(path: Path, message: str) -> InputError:
    return InputError(Problem("damaged_backup", f"the backup is damaged: {message}", "take another one", str(path)))
