"""Bundles taken apart and put together again, as somebody would who wants to be believed."""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from jifen.service.bundle.layout import MANIFEST, SIGNATURE, TABLES, line_of, rows_in
from jifen.service.bundle.packing import pack_bundle
from jifen.service.bundle.verifying import verify_bundle

__all__ = ["codes", "edited", "files_of", "put", "resigned", "table"]

Files = dict[str, bytes]


def files_of(path: Path) -> Files:
    """The files of a bundle, in order."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def table(path: Path, name: str) -> list[dict[str, str]]:
    """The rows of a table, read as anybody would."""
    text = files_of(path)[f"{name}.csv"].decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def put(path: Path, files: Files) -> Path:
    """Write files as a bundle is wrapped; what their manifest says of them is not looked at."""
    with pack_bundle(path) as packing:
        for name, content in files.items():
            if name not in (MANIFEST, SIGNATURE):
                packing.text(name, content)
        packing.finish(files[MANIFEST], files[SIGNATURE])
    return path


def resigned(
    files: Files, key: Ed25519PrivateKey, change: Callable[[dict], object] = lambda document: None, **named: str
) -> Files:
    """Files with a manifest that says what they are, signed by a key, which it names unless ``key_named`` is."""
    document = json.loads(files[MANIFEST])
    counts = {f"{name}.csv": -1 for name in TABLES}
    document["files"] = [
        {
            "name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(),
            "rows": _count(name, content) if name in counts else 0,
        }
        for name, content in files.items() if name not in (MANIFEST, SIGNATURE)
    ]  # fmt: skip
    document["key"] = named.get("key_named", key.public_key().public_bytes_raw().hex())
    change(document)
    manifest = (json.dumps(document, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()
    return {**files, MANIFEST: manifest, SIGNATURE: key.sign(manifest)}


def edited(files: Files, name: str, change: Callable[[list[dict[str, str]]], object]) -> Files:
    """Files with a table whose rows were changed."""
    rows = list(rows_in(io.BytesIO(files[f"{name}.csv"]), name))
    change(rows)
    lines = [line_of(TABLES[name], first=True), *(line_of([row[each] for each in TABLES[name]]) for row in rows)]
    return {**files, f"{name}.csv": b"".join(lines)}


def codes(path: Path, key: str, **options) -> list[tuple[str, str]]:
    """What is found in a bundle: each code with the file."""
    found = verify_bundle(path, key, **options)
    assert found.sound == (not found.problems)
    return [(each.code, each.file) for each in found.problems]


def _count(name: str, content: bytes) -> int:
    try:
        return sum(1 for _ in rows_in(io.BytesIO(content), name.removesuffix(".csv")))
    except ValueError:
        return 0
