"""A bundle is verified with nothing but its file and the shop's public key: no database, no settings, no network."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jifen.core.errors import InputError, Problem
from jifen.service.bundle.figures import disagreements
from jifen.service.bundle.layout import Manifest
from jifen.service.bundle.reading import BYTES_MOST, open_bundle, read_key

__all__ = ["Verdict", "verify_bundle"]

_CELL_MOST = 16 << 20
"""Letters of one cell: what a check has found is one."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found: ``manifest`` is ``None`` where the bundle is not what the key has signed."""

    manifest: Manifest | None
    problems: tuple[Problem, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return self.manifest is not None and not self.problems


def verify_bundle(path: Path, key: str, most: int = BYTES_MOST) -> Verdict:
    """Verify the signature, every byte, and that the figures agree; ``key``: 64 digits, or a file with them or PEM.

    ``most``: bytes that it may unfold to. What is wrong with the bundle is in the answer; ``InputError`` (``bad_key``)
    for a key that is none.
    """
    public = read_key(key)
    try:
        with open_bundle(path, public, most) as contents, _long_cells():
            return Verdict(contents.manifest, tuple(disagreements(contents)))
    except InputError as error:
        return Verdict(None, tuple(error.problems))


@contextmanager
def _long_cells() -> Iterator[None]:
    before = csv.field_size_limit(_CELL_MOST)
    try:
        yield
    finally:
        csv.field_size_limit(before)
