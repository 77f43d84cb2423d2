"""A bundle as it is read: signature first, then every byte; nothing is unfolded beyond what is signed, or to a disk."""

import hashlib
import json
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pydantic import ValidationError

from jifen.core.errors import InputError, Problem
from jifen.service.bundle.layout import (
    FORMAT_VERSION,
    MANIFEST,
    NAME,
    PLANS,
    SIGNATURE,
    File,
    Manifest,
    expected_names,
    manifest_bytes,
    rows_in,
)
from jifen.service.bundle.packing import MODE, NEVER

__all__ = ["BYTES_MOST", "Contents", "open_bundle", "read_key"]

BYTES_MOST = 1 << 36
"""Bytes of all files of a bundle as they are unfolded."""
_FILES_MOST, _MANIFEST_MOST, _SIGNATURE_BYTES, _KEY_DIGITS = 10_000, 16 << 20, 64, 64
_PIECE = 1 << 20
_LOCAL, _CENTRAL, _END, _END_64 = 30, 46, 22, 22 + 56 + 20
"""Bytes of the fixed parts of a zip: before a file, of its entry in the directory, and after that."""
_EXTRA_64 = 20
"""Bytes that say the size of a file before it."""
_SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*", re.ASCII)
"""Names that stay where they are unfolded, on any machine."""
_BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError)
"""What a zip raises that is none, or is locked."""


class Contents:
    """A bundle whose signature and bytes are those that its manifest says."""

    def __init__(self, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        """Read from an open zip."""
        self._archive, self.manifest = archive, manifest

    def rows(self, table: str) -> Iterator[dict[str, str]]:
        """The rows of a table; ``ValueError`` for what nobody has written so."""
        with self._archive.open(f"{table}.csv") as file:
            yield from rows_in(file, table)

    def plans(self) -> Iterator[tuple[str, str]]:
        """The digest that each plan version is called by, and its text."""
        for file in self.manifest.files:
            if file.name.startswith(PLANS):
                content = self._archive.read(file.name).decode()
                yield file.name.removeprefix(PLANS).removesuffix(".json"), content


def read_key(text: str) -> Ed25519PublicKey:
    """A public key: 64 hexadecimal digits, or a file with them or with PEM; ``InputError`` (``bad_key``) for no key."""
    try:
        path = Path(text)
        content = text.encode() if len(text) == _KEY_DIGITS else path.read_bytes()[:_PIECE]
        found = load_pem_public_key(content) if b"-----BEGIN" in content else _of_digits(content)
    except (ValueError, OSError, UnsupportedAlgorithm):
        found = None
    if not isinstance(found, Ed25519PublicKey):
        message = "this is no public key of a shop"
        raise InputError(Problem("bad_key", message, "give the 64 digits that `jifen bundle key` shows"))
    return found


def _of_digits(content: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(content.decode("ascii").strip()))


@contextmanager
def open_bundle(path: Path, key: Ed25519PublicKey, most: int = BYTES_MOST) -> Iterator[Contents]:
    """Open a bundle whose every byte is as it was signed, inside of a ``with``; ``InputError`` says all that is not.

    ``most``: bytes of all files as they are unfolded.
    """
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError as error:
        raise InputError(Problem("no_file", "there is no such file", "check the path", str(path))) from error
    except _BROKEN as error:
        raise _foreign(path) from error
    with archive:
        infos = archive.infolist()
        _check_names(infos, path)
        manifest = _manifest(archive, key, path)
        problems = list(_names_differ(infos, manifest))
        if sum(file.bytes for file in manifest.files) > most:
            problems.append(Problem("bundle_too_large", f"it unfolds to more than {most >> 20} MiB", "see its maker"))
        if not problems:
            problems += _wrapping(archive, infos, path)
            problems += [problem for file in manifest.files for problem in _bytes_differ(archive, file)]
        if problems:
            raise InputError(problems)
        yield Contents(archive, manifest)


def _check_names(infos: list[zipfile.ZipInfo], path: Path) -> None:
    """No file may be there twice, be meant for anywhere but in the bundle, or be one of too many."""
    names = [info.orig_filename for info in infos]
    if len(names) > _FILES_MOST:
        raise InputError(Problem("bundle_too_large", f"it has more than {_FILES_MOST} files", "see its maker"))
    if not {MANIFEST, SIGNATURE} & set(names):
        raise _foreign(path)
    for name, count in Counter(names).items():
        if not _SAFE.fullmatch(name) or ".." in name:
            raise InputError(_wrong("bundle_path", "this name leads out of the bundle", name[:80]))
        if count > 1:
            raise InputError(_wrong("bundle_twice", "this file is there twice", name))
    for name in (MANIFEST, SIGNATURE):
        if name not in names:
            raise InputError(_wrong("bundle_missing", "without it nothing is signed", name))


def _manifest(archive: zipfile.ZipFile, key: Ed25519PublicKey, path: Path) -> Manifest:
    """The manifest, when the key has signed it; nothing of it is believed before."""
    content = _small(archive, MANIFEST, _MANIFEST_MOST, path)
    signature = _small(archive, SIGNATURE, _SIGNATURE_BYTES, path)
    try:
        key.verify(signature, content)
    except InvalidSignature:
        raise InputError(_not_signed(content, signature)) from None
    try:
        document = json.loads(content)
        if document["format"] == "jifen bundle" and document["version"] > FORMAT_VERSION:
            message = f"it is of format {document['version']}, and this release reads {FORMAT_VERSION}"
            raise InputError(Problem("newer_bundle", message, "verify it with the release that made it", str(path)))
        manifest = Manifest.model_validate_json(content)
    except (ValidationError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(_wrong("bundle_manifest", "it does not say what a manifest says", MANIFEST)) from error
    if manifest_bytes(manifest) != content or manifest.version != FORMAT_VERSION:
        raise InputError(_wrong("bundle_manifest", "nobody writes a manifest so", MANIFEST))
    if manifest.key != key.public_bytes_raw().hex():
        raise InputError(_wrong("bundle_manifest", "it names another key than the one that signed it", MANIFEST))
    return manifest


def _not_signed(content: bytes, signature: bytes) -> Problem:
    """Whether another key has signed it, or nobody has."""
    try:
        named = Ed25519PublicKey.from_public_bytes(bytes.fromhex(json.loads(content)["key"]))
        named.verify(signature, content)
    except (InvalidSignature, ValueError, KeyError, TypeError, RecursionError):
        message = "the manifest is not what was signed"
        return Problem("bad_signature", message, "do not use it: ask the shop for another one", SIGNATURE)
    remedy = "ask the shop, by a way that you trust, which keys it has had"
    return Problem("other_key", "it is signed by another key than the one you gave", remedy, SIGNATURE)


def _names_differ(infos: list[zipfile.ZipInfo], manifest: Manifest) -> Iterator[Problem]:
    """Where the files are not those of the manifest, or the manifest lacks one that every bundle has."""
    there, named = [info.filename for info in infos], [*(file.name for file in manifest.files), MANIFEST, SIGNATURE]
    for name in sorted(set(named) - set(there)):
        yield _wrong("bundle_missing", "the manifest names this file, and it is not there", name)
    for name in sorted(set(there) - set(named)):
        yield _wrong("bundle_extra", "the manifest does not name this file", name)
    if set(there) == set(named) and there != named:
        yield _wrong("bundle_damaged", "its files stand in another order than in its manifest", MANIFEST)
    named = named[:-2]
    tables = sorted(name for name in named if not name.startswith(PLANS))
    wrong_names = any(not NAME.fullmatch(name) for name in named) or len(set(named)) < len(named)
    if wrong_names or tables != expected_names(personal=manifest.personal):
        yield _wrong("bundle_manifest", "it does not name the files that a bundle has", MANIFEST)


def _wrapping(archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo], path: Path) -> Iterator[Problem]:
    """Where the zip is not wrapped as bundles are: nothing may be hidden between, before or after its files."""
    damaged = Problem("bundle_damaged", "the zip has bytes that are in no file", "ask for another one", str(path))
    place = 0
    with path.open("rb") as file:
        for info in infos:
            file.seek(info.header_offset)
            header = file.read(_LOCAL)
            lengths = int.from_bytes(header[26:28], "little"), int.from_bytes(header[28:30], "little")
            plain = (
                info.header_offset == place and lengths == (len(info.filename), _EXTRA_64) and not info.comment
                and info.flag_bits == 0 and info.compress_type == zipfile.ZIP_DEFLATED and info.date_time == NEVER
                and info.external_attr == MODE << 16 and not info.is_dir()
            )  # fmt: skip
            if not plain:
                yield damaged
                return
            place += _LOCAL + sum(lengths) + info.compress_size
        directory = sum(_CENTRAL + len(info.filename) + len(info.extra) for info in infos)
        rest = file.seek(0, 2) - place - directory
    if archive.comment or place != archive.start_dir or rest not in (_END, _END_64):
        yield damaged


def _bytes_differ(archive: zipfile.ZipFile, file: File) -> Iterator[Problem]:
    """Where a file is not what was signed; it is read no further than the manifest says it goes."""
    digest, size = hashlib.sha256(), 0
    changed = _wrong("bundle_changed", "this file is not what was signed", file.name)
    try:
        if archive.getinfo(file.name).file_size != file.bytes:
            yield changed
            return
        with archive.open(file.name) as stream:
            while piece := stream.read(_PIECE):
                digest.update(piece)
                size += len(piece)
    except _BROKEN:
        yield changed
        return
    if size != file.bytes or digest.hexdigest() != file.sha256:
        yield changed


def _small(archive: zipfile.ZipFile, name: str, most: int, path: Path) -> bytes:
    """A file that is read before anything is believed."""
    if archive.getinfo(name).file_size > most:
        raise InputError(Problem("bundle_too_large", "it is larger than it can be", "see its maker", name))
    try:
        with archive.open(name) as stream:
            return stream.read(most + 1)
    except _BROKEN as error:
        message = "the zip cannot be read"
        raise InputError(Problem("bundle_damaged", message, "ask for another one", str(path))) from error


def _foreign(path: Path) -> InputError:
    return InputError(Problem("not_a_bundle", "the file is no bundle", "name one of `jifen bundle make`", str(path)))


def _wrong(code: str, message: str, name: str) -> Problem:
    return Problem(code, message, "do not use it: ask the shop for another one", name)
