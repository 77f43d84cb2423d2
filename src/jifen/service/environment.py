"""Settings from the environment: read once, checked all together, and shown without their secrets.

=========================== ==========================================================================================
``JIFEN_VAR``               the folder for all that a shop writes (default ``var``)
``JIFEN_DATABASE_URL``      ``sqlite:///path`` or ``postgresql://user:password@host:port/name`` (default: a file
                            of SQLite in ``JIFEN_VAR``); a socket is named as ``?host=/folder``
``JIFEN_SECRET_KEY``        what sessions are signed with, 32 characters or more; without it each process makes its own
``JIFEN_SECRET_KEYS_OLD``   keys that still verify, after one has been replaced; separated by commas
``JIFEN_HOSTS``             host names under which the shop is reached, separated by commas (default ``localhost``)
=========================== ==========================================================================================
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from jifen.core.errors import InputError, Problem

__all__ = ["Settings", "database_of", "read_settings"]

_KEY_LENGTH = 32
_HIDDEN = "••••"
_SQLITE = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    # A commit is on the disk before anybody is told of it.
    "init_command": "PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-65536",
}
_POSTGRESQL = {"options": "-c random_page_cost=1.1 -c jit=off"}
"""A batch touches a few rows of large tables: they are found by their keys, as on a disk where a seek costs nothing."""
_SCHEMES = ("sqlite", "postgresql", "postgres")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says, checked."""

    var: Path
    database_url: str
    secret_key: str
    secret_keys_old: tuple[str, ...]
    hosts: tuple[str, ...]
    made_key: bool
    """Whether the key was made here and now, so that no session outlives the process."""

    def shown(self) -> list[tuple[str, str]]:
        """Each setting by the name of its variable; passwords and keys are hidden."""
        return [
            ("JIFEN_VAR", str(self.var)),
            ("JIFEN_DATABASE_URL", _without_password(self.database_url)),
            ("JIFEN_SECRET_KEY", "made for this process" if self.made_key else _HIDDEN),
            ("JIFEN_SECRET_KEYS_OLD", ", ".join(_HIDDEN for _ in self.secret_keys_old)),
            ("JIFEN_HOSTS", ", ".join(self.hosts)),
        ]


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read all settings; what is wrong with any of them is one ``InputError``.

    >>> read_settings({"JIFEN_VAR": "/srv/shop"}).database_url
    'sqlite:////srv/shop/shop.sqlite3'
    """
    problems: list[Problem] = []
    var = Path(environ.get("JIFEN_VAR") or "var").absolute()
    url = environ.get("JIFEN_DATABASE_URL") or f"sqlite:///{var / 'shop.sqlite3'}"
    key, old = environ.get("JIFEN_SECRET_KEY", ""), _listed(environ.get("JIFEN_SECRET_KEYS_OLD", ""))
    try:
        database_of(url)
    except InputError as error:
        problems += error.problems
    if var.exists() and not var.is_dir():
        problems.append(Problem("bad_setting", f"JIFEN_VAR: {var} is not a folder", "name another"))
    for name, each in [("JIFEN_SECRET_KEY", key), *(("JIFEN_SECRET_KEYS_OLD", each) for each in old)]:
        if each and len(each) < _KEY_LENGTH:
            message = f"{name}: a key of {len(each)} characters can be guessed"
            problems.append(Problem("bad_setting", message, f"give {_KEY_LENGTH} or more"))
    if problems:
        raise InputError(problems)
    hosts = _listed(environ.get("JIFEN_HOSTS", "")) or ("localhost", "127.0.0.1")
    return Settings(var, url, key or secrets.token_urlsafe(48), old, hosts, made_key=not key)


def database_of(url: str) -> dict[str, Any]:
    """Turn an address of a database into Django's settings for it; ``InputError`` for one that is none.

    >>> database_of("postgresql://shop:pw@db:5433/jifen")["PORT"]
    '5433'
    """
    try:
        parts = urlsplit(url)
        port = str(parts.port or "")
    except ValueError:
        raise _bad_address() from None
    name = unquote(parts.path.removeprefix("/"))
    if parts.scheme not in _SCHEMES or not name:
        raise _bad_address()
    if parts.scheme == "sqlite":
        if parts.netloc:
            raise _bad_address()
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": name, "OPTIONS": dict(_SQLITE)}
    host = parse_qs(parts.query).get("host", [parts.hostname or ""])[0]
    return {
        "ENGINE": "django.db.backends.postgresql", "NAME": name, "HOST": host, "PORT": port,
        "USER": unquote(parts.username or ""), "PASSWORD": unquote(parts.password or ""),
        "OPTIONS": dict(_POSTGRESQL),
    }  # fmt: skip


def _bad_address() -> InputError:
    message = "JIFEN_DATABASE_URL is not the address of a database"
    remedy = "write sqlite:///path/shop.sqlite3 or postgresql://user:password@host/name"
    return InputError(Problem("bad_setting", message, remedy))


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return url if parts.password is None else url.replace(f":{parts.password}@", f":{_HIDDEN}@", 1)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(each for part in text.split(",") if (each := part.strip()))
