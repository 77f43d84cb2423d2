"""Texts that are nobody's business: sealed before they are kept, and found again by a mark that gives nothing away.

The key is ``JIFEN_DATA_KEY``; without it one is made beside the shop's files and stays there. A backup has neither: who
has only the backup cannot read what is sealed in it.
"""

import base64
import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from jifen.core.errors import InputError, Problem

__all__ = ["KEY_FILE", "marked", "opened", "resealed", "sealed"]

KEY_FILE = "data.key"
"""The name of the file with the key, in the shop's folder."""
_BYTES = 32


def sealed(text: str) -> bytes:
    """Seal a text; the same text is sealed otherwise each time."""
    return _box().encrypt(text.encode())


def opened(token: bytes) -> str:
    """Open what was sealed; ``InputError`` (``wrong_key``) where no key fits."""
    try:
        return _box().decrypt(bytes(token)).decode()
    except InvalidToken as error:
        remedy = "set JIFEN_DATA_KEY to the key that sealed it, or put data.key back"
        raise InputError(Problem("wrong_key", "personal data was sealed with another key", remedy)) from error


def resealed(token: bytes) -> bytes:
    """Seal with the newest key what was sealed with any that is known."""
    return _box().rotate(bytes(token))


def marked(kind: str, text: str) -> bytes:
    """A mark of 32 bytes by which a text of a kind is found again, and which says nothing without the key.

    It stays when the key for seals is replaced: marks have a key of their own, from the oldest key.
    """
    return hmac.digest(_derived(_keys()[-1], "marks"), f"{kind}\0{text}".encode(), hashlib.sha256)


def _box() -> MultiFernet:
    return _box_of(_keys())


@lru_cache(maxsize=8)
def _box_of(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_derived(key, "seals"))) for key in keys])


def _derived(key: str, use: str) -> bytes:
    return hmac.digest(key.encode(), use.encode(), hashlib.sha256)


def _keys() -> tuple[str, ...]:
    """The keys, the newest first."""
    given = settings.SETTINGS
    return (given.data_key or _made(given.var / KEY_FILE), *given.data_keys_old)


@lru_cache(maxsize=8)
def _made(path: Path) -> str:
    """The key in a file, which is made where it is not there: whole, and for nobody else to read."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        with open(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:  # noqa: PTH123
            file.write(secrets.token_urlsafe(_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # the first one stays, should two make it at once
            os.link(part, path)
        part.unlink()
    return path.read_text().strip()
