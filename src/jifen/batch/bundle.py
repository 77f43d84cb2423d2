"""A bundle 存证包: what an auditor or a regulator is given of a shop, as one signed file that anyone can check.

A zip of tables, of a manifest with the SHA-256 of each, and of an Ed25519 signature over the manifest. To check one
takes the file and the shop's public key, and nothing else of the shop's. The same shop makes the same bytes.
"""

import csv
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from jifen.core.errors import InputError, Problem
from jifen.ledger.atomic import atomic_file

__all__ = ["BYTES_MOST", "FORMAT", "MANIFEST", "SIGNATURE", "Bundle", "open_bundle", "public_key_of", "seal_bundle"]

FORMAT = 1
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
BYTES_MOST = 8 << 30
"""Bytes of all files together that a check reads."""
_MANIFEST_MOST = 1 << 20
_PIECE = 1 << 20
_KEY = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[a-z]+(?:/[0-9a-f]{64})?\.(?:csv|json|txt)")
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The time of every file in the zip: that of its making would make every bundle another."""


def public_key_of(key: Ed25519PrivateKey) -> str:
    """The public half of a key, as 64 hexadecimal digits."""
    return key.public_key().public_bytes_raw().hex()


def seal_bundle(folder: Path, target: Path, facts: Mapping[str, Any], key: Ed25519PrivateKey) -> dict[str, Any]:
    """Sign what is in a folder and write it to ``target``, whole or not at all; returns the manifest.

    ``facts`` stand in the manifest beside the files. ``InputError`` (``exists``).
    """
    if target.exists():
        raise InputError(Problem("exists", "there is something already", "choose another name", str(target)))
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    listed = {name: {"bytes": path.stat().st_size, "sha256": _digest(path)} for name, path in sorted(files.items())}
    manifest = {"format": FORMAT, **facts, "public_key": public_key_of(key), "files": listed}
    text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True).encode()
    with atomic_file(target) as unfinished, zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in ((MANIFEST, text), (SIGNATURE, key.sign(text).hex().encode())):
            archive.writestr(_entry(name), content, zipfile.ZIP_DEFLATED)
        for name, path in sorted(files.items()):
            with path.open("rb") as source, archive.open(_entry(name), "w", force_zip64=True) as file:
                while piece := source.read(_PIECE):
                    file.write(piece)
    return manifest


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle whose signature and digests hold."""

    manifest: dict[str, Any]
    _archive: zipfile.ZipFile

    def rows(self, name: str) -> Iterator[dict[str, str]]:
        """The rows of one of its tables."""
        with self._archive.open(name) as file, io.TextIOWrapper(file, "utf-8", newline="") as text:
            yield from csv.DictReader(text, strict=True)

    def document(self, name: str) -> Any:
        """One of its documents."""
        return json.loads(self._archive.read(name))

    def names(self, folder: str) -> list[str]:
        """Its files of a folder."""
        return [name for name in self.manifest["files"] if name.startswith(f"{folder}/")]


@contextmanager
def open_bundle(path: Path, key: str = "", most: int = BYTES_MOST) -> Iterator[Bundle]:
    """Check signature and digests of a bundle, and give what is in it inside of a ``with``.

    ``key``: the shop's public key; without it the bundle's own is taken, which says only that it is whole.
    ``InputError``: ``no_file``, ``bad_archive``, ``bad_bundle``, ``other_key``, ``forged``, ``changed_file``.
    """
    if not path.is_file():
        raise InputError(Problem("no_file", "there is no such file", "check the path", str(path)))
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise _broken(path) from error
    with archive:
        try:
            yield Bundle(_checked(archive, key, most), archive)
        except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
            raise _broken(path) from error
        except (ValueError, KeyError, TypeError, csv.Error) as error:
            raise _bad(f"it does not read as one: {type(error).__name__}") from error


def _checked(archive: zipfile.ZipFile, key: str, most: int) -> dict[str, Any]:
    """The manifest, once it is known to be the signer's and every file to be what it says."""
    entries: dict[str, zipfile.ZipInfo] = {}
    for entry in archive.infolist():
        if entry.filename in entries:
            raise _bad("a file is in it twice", entry.filename)
        entries[entry.filename] = entry
    if MANIFEST not in entries or SIGNATURE not in entries or entries[MANIFEST].file_size > _MANIFEST_MOST:
        raise _bad("it has no manifest, or no signature")
    text = archive.read(MANIFEST)
    manifest = json.loads(text)
    _check_signature(manifest, text, archive.read(SIGNATURE), key)
    files = manifest["files"]
    if set(entries) != {MANIFEST, SIGNATURE, *files} or not all(_NAME.fullmatch(name) for name in files):
        raise _bad("its files are not those of its manifest")
    if manifest["format"] != FORMAT:
        raise _bad(f"it has the format {manifest['format']}: this release reads {FORMAT}")
    if sum(said["bytes"] for said in files.values()) > most:
        raise InputError(Problem("too_large", "the bundle is too large", f"at most {most >> 20} MiB in all"))
    for name, said in files.items():
        if entries[name].file_size != said["bytes"] or _digest_in(archive, name, said["bytes"]) != said["sha256"]:
            raise InputError(
                Problem("changed_file", f"{name} is not what was signed", "ask for the bundle again", name)
            )
    return dict(manifest)


def _check_signature(manifest: Mapping[str, Any], text: bytes, signature: bytes, key: str) -> None:
    own = str(manifest["public_key"])
    if key and key.lower() != own:
        remedy = "compare the key with what the shop has published"
        raise InputError(Problem("other_key", "the bundle was signed with another key", remedy))
    if not _KEY.fullmatch(own):
        raise _bad("its key is none")
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(own)).verify(bytes.fromhex(signature.decode()), text)
    except (InvalidSignature, ValueError) as error:
        raise InputError(Problem("forged", "the signature is not that of the manifest", "ask for it again")) from error


def _digest_in(archive: zipfile.ZipFile, name: str, size: int) -> str:
    """SHA-256 of a file in the zip, of which no more is read than it may have."""
    found, left = hashlib.sha256(), size
    with archive.open(name) as file:
        while left >= 0 and (piece := file.read(_PIECE)):
            found.update(piece)
            left -= len(piece)
    return found.hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _LONG_AGO)
    entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    return entry


def _broken(path: Path) -> InputError:
    return InputError(Problem("bad_archive", "the file cannot be read", "ask for it again", str(path)))


def _bad(message: str, name: str = "") -> InputError:
    return InputError(Problem("bad_bundle", f"this is no bundle: {message}", "ask for it again", name))
