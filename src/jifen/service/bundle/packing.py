"""The zip of a bundle as it is written: the same content is the same file, to the byte."""

import hashlib
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from jifen.ledger.atomic import atomic_file
from jifen.service.bundle.layout import MANIFEST, SIGNATURE, TABLES, File, Written, line_of

__all__ = ["MODE", "NEVER", "Packing", "pack_bundle"]

NEVER = (1980, 1, 1, 0, 0, 0)
"""The time of every file: the first one that a zip can say."""
MODE = 0o600
"""Whoever owns it reads and writes it, and nobody else."""
_LEVEL = 6


class Packing:
    """A bundle that is being written."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        """Write into an open zip."""
        self._archive = archive
        self.files: list[File] = []

    def table(self, name: str, rows: Iterable[Written]) -> int:
        """Add a table, row by row; returns how many there were."""
        return self._add(f"{name}.csv", _lines(name, rows))

    def text(self, name: str, content: bytes) -> None:
        """Add a file that is no table."""
        self._add(name, iter([content]), rows=0)

    def finish(self, manifest: bytes, signature: bytes) -> None:
        """Add the manifest and its signature, which come last."""
        for name, content in ((MANIFEST, manifest), (SIGNATURE, signature)):
            with self._archive.open(_info(name), "w", force_zip64=True) as file:
                file.write(content)

    def _add(self, name: str, pieces: Iterator[bytes], rows: int | None = None) -> int:
        """``rows``: how many there are, unless each piece but the first one is one."""
        digest, size, count = hashlib.sha256(), 0, -1
        with self._archive.open(_info(name), "w", force_zip64=True) as file:
            for piece in pieces:
                file.write(piece)
                digest.update(piece)
                size, count = size + len(piece), count + 1
        self.files.append(File(name=name, bytes=size, sha256=digest.hexdigest(), rows=count if rows is None else rows))
        return self.files[-1].rows


@contextmanager
def pack_bundle(path: Path) -> Iterator[Packing]:
    """Write a bundle, which is there whole when the block ends, and not at all if that raises."""
    with atomic_file(path) as unfinished:
        unfinished.chmod(MODE)
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
            yield Packing(archive)


def _lines(name: str, rows: Iterable[Written]) -> Iterator[bytes]:
    yield line_of(TABLES[name], first=True)
    for row in rows:
        yield line_of(row)


def _info(name: str) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name, NEVER)
    made.compress_type, made.external_attr, made.create_system = zipfile.ZIP_DEFLATED, MODE << 16, 3
    return made
