"""Settings from the environment: read once, checked all together, and shown without their secrets.

``VARIABLES`` says what each is. A variable ``JIFEN_…`` that is not there is most likely a slip of the pen: ``unknown``
lists it, and the commands that run a shop warn of it.
"""

import logging
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from jifen.core.errors import InputError, Problem

__all__ = ["VARIABLES", "Network", "Settings", "Shown", "database_of", "read_settings"]

VARIABLES = {
    "JIFEN_VAR": "the folder for all that the shop writes; `var` without it",
    "JIFEN_DATABASE_URL": "`sqlite:///path` or `postgresql://user:password@host:port/name`, a socket as"
    " `?host=/folder`; a file of SQLite in `JIFEN_VAR` without it",
    "JIFEN_SECRET_KEY": "what sessions are signed with, 32 characters or more; without it each process makes its own",
    "JIFEN_SECRET_KEYS_OLD": "keys that still verify, after one has been replaced, with commas between them",
    "JIFEN_DATA_KEY": "what personal data is sealed with, 32 characters or more; without it one is made in `JIFEN_VAR`",
    "JIFEN_DATA_KEYS_OLD": "keys that still open what was sealed, the newest first, with commas between them",
    "JIFEN_SMS": "who sends codes to phones: `tencent`, `alibaba` or another that is installed; without it `console`,"
    " which writes them into `sms.txt` of `JIFEN_VAR`",
    "JIFEN_SMS_KEY": "the id of the key that the sender was given",
    "JIFEN_SMS_SECRET": "the secret of that key",
    "JIFEN_SMS_APP": "the number of the application, for Tencent",
    "JIFEN_SMS_SIGN": "the sign 签名 of the messages",
    "JIFEN_SMS_TEMPLATE": "the number of the template 模板, whose one parameter is the code",
    "JIFEN_HOSTS": "host names under which the shop is reached, with commas between them; this machine only without it",
    "JIFEN_LOG": "`json` or `text`; without it text on a terminal and JSON elsewhere",
    "JIFEN_LOG_LEVEL": "the least level that is logged: `debug`, `info`, `warning` or `error`; `info` without it",
    "JIFEN_TRUSTED_PROXIES": "how many proxies a request goes through, each of which adds to `X-Forwarded-For`; 0"
    " without it, and the header is not read",
    "JIFEN_METRICS_FROM": "networks that may read the metrics, with commas between them; this machine only without it",
    "JIFEN_CLOSE_OVERDUE_HOURS": "hours after the end of a day after which a shop that has not closed it is not ready;"
    " 6 without it",
}
"""Every setting, and what it is."""

Network = IPv4Network | IPv6Network

_PREFIX = "JIFEN_"
_KEY_LENGTH = 32
_SMS = ("sms_key", "sms_secret", "sms_app", "sms_sign", "sms_template")
_OLD = ("JIFEN_SECRET_KEYS_OLD", "JIFEN_DATA_KEYS_OLD")
_HIDDEN = "••••"
_HOSTS = ("localhost", "127.0.0.1", "[::1]")
_LOOPBACK = ("127.0.0.0/8", "::1/128")
_LEVELS = ("debug", "info", "warning", "error")
_FORMATS = ("json", "text")
_HOURS, _MOST_HOURS = 6, 1000
_MOST_PROXIES = 10
_SQLITE = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    # A commit is on the disk before anybody is told of it.
    "init_command": "PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-65536",
}
_POSTGRESQL = {
    # A server that is gone without a word is found out within a minute: seconds, and a count.
    "connect_timeout": 5, "keepalives_idle": 20, "keepalives_interval": 5, "keepalives_count": 3,
    # A batch touches a few rows of large tables: they are found by their keys, as on a disk where a seek costs nothing.
    "options": "-c random_page_cost=1.1 -c jit=off",
}  # fmt: skip
_SCHEMES = ("sqlite", "postgresql", "postgres")


@dataclass(frozen=True, slots=True)
class Shown:
    """A setting as people may see it."""

    name: str
    value: str
    source: str
    """``environment``, or ``default``."""
    what: str


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says, checked."""

    var: Path
    database_url: str
    secret_key: str
    secret_keys_old: tuple[str, ...]
    data_key: str
    data_keys_old: tuple[str, ...]
    sms: str
    sms_key: str
    sms_secret: str
    sms_app: str
    sms_sign: str
    sms_template: str
    hosts: tuple[str, ...]
    log: str
    log_level: int
    """As ``logging`` counts them."""
    trusted_proxies: int
    """How many of the last addresses in ``X-Forwarded-For`` were written by proxies of ours."""
    metrics_from: tuple[Network, ...]
    close_overdue_hours: int
    given: frozenset[str]
    """Names of the settings that the environment has."""
    unknown: tuple[str, ...]
    """Variables that begin like a setting and are none."""

    @property
    def made_key(self) -> bool:
        """Whether the key was made here and now, so that no session outlives the process."""
        return "JIFEN_SECRET_KEY" not in self.given

    def shown(self) -> list[Shown]:
        """Each setting by the name of its variable; passwords and keys are hidden."""
        values = {
            "JIFEN_VAR": str(self.var),
            "JIFEN_DATABASE_URL": _without_password(self.database_url),
            "JIFEN_SECRET_KEY": "made for this process" if self.made_key else _HIDDEN,
            "JIFEN_SECRET_KEYS_OLD": ", ".join(_HIDDEN for _ in self.secret_keys_old),
            "JIFEN_DATA_KEY": _HIDDEN if self.data_key else "made in JIFEN_VAR",
            "JIFEN_DATA_KEYS_OLD": ", ".join(_HIDDEN for _ in self.data_keys_old),
            "JIFEN_SMS": self.sms,
            "JIFEN_SMS_KEY": self.sms_key,
            "JIFEN_SMS_SECRET": _HIDDEN if self.sms_secret else "",
            "JIFEN_SMS_APP": self.sms_app,
            "JIFEN_SMS_SIGN": self.sms_sign,
            "JIFEN_SMS_TEMPLATE": self.sms_template,
            "JIFEN_HOSTS": ", ".join(self.hosts),
            "JIFEN_LOG": self.log,
            "JIFEN_LOG_LEVEL": logging.getLevelName(self.log_level).lower(),
            "JIFEN_TRUSTED_PROXIES": str(self.trusted_proxies),
            "JIFEN_METRICS_FROM": ", ".join(map(str, self.metrics_from)),
            "JIFEN_CLOSE_OVERDUE_HOURS": str(self.close_overdue_hours),
        }
        sources = {name: "environment" if name in self.given else "default" for name in VARIABLES}
        return [Shown(name, values[name], sources[name], what) for name, what in VARIABLES.items()]


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read all settings; what is wrong with any of them is one ``InputError``.

    >>> read_settings({"JIFEN_VAR": "/srv/shop"}).database_url
    'sqlite:////srv/shop/shop.sqlite3'
    """
    given = {name: text for name in VARIABLES if (text := environ.get(name, "").strip())}
    var = Path(given.get("JIFEN_VAR", "var")).absolute()
    url = given.get("JIFEN_DATABASE_URL", f"sqlite:///{var / 'shop.sqlite3'}")
    log = given.get("JIFEN_LOG", "text" if sys.stderr.isatty() else "json").lower()
    level = given.get("JIFEN_LOG_LEVEL", "info").lower()
    hours = given.get("JIFEN_CLOSE_OVERDUE_HOURS", str(_HOURS))
    proxies = given.get("JIFEN_TRUSTED_PROXIES", "0")
    networks, problems = _networks(_listed(given.get("JIFEN_METRICS_FROM", "")) or _LOOPBACK)
    try:
        database_of(url)
    except InputError as error:
        problems += error.problems
    if var.exists() and not var.is_dir():
        problems.append(_bad("JIFEN_VAR", f"{var} is not a folder", "name another"))
    keys = [(name, given.get(name, "")) for name in ("JIFEN_SECRET_KEY", "JIFEN_DATA_KEY")]
    keys += [(name, key) for name in _OLD for key in _listed(given.get(name, ""))]
    for name, key in keys:
        if key and len(key) < _KEY_LENGTH:
            problems.append(_bad(name, f"a key of {len(key)} characters can be guessed", f"give {_KEY_LENGTH} or more"))
    for name, word, words in [("JIFEN_LOG", log, _FORMATS), ("JIFEN_LOG_LEVEL", level, _LEVELS)]:
        if word not in words:
            problems.append(_bad(name, f"{word[:20]!r} is none of {', '.join(words)}", "write one of these"))
    if not (hours.isascii() and hours.isdecimal() and 0 < int(hours) <= _MOST_HOURS):
        problems.append(_bad("JIFEN_CLOSE_OVERDUE_HOURS", "not a number of hours", f"write 1 to {_MOST_HOURS}"))
    if not (proxies.isascii() and proxies.isdecimal() and len(proxies) < 4 and int(proxies) <= _MOST_PROXIES):
        problems.append(_bad("JIFEN_TRUSTED_PROXIES", "not a number of proxies", f"write 0 to {_MOST_PROXIES}"))
    if problems:
        raise InputError(problems)
    return Settings(
        var=var,
        database_url=url,
        secret_key=given.get("JIFEN_SECRET_KEY") or secrets.token_urlsafe(48),
        secret_keys_old=_listed(given.get("JIFEN_SECRET_KEYS_OLD", "")),
        data_key=given.get("JIFEN_DATA_KEY", ""),
        data_keys_old=_listed(given.get("JIFEN_DATA_KEYS_OLD", "")),
        sms=given.get("JIFEN_SMS", "console"),
        **{name: given.get(f"JIFEN_{name.upper()}", "") for name in _SMS},
        hosts=_listed(given.get("JIFEN_HOSTS", "")) or _HOSTS,
        log=log,
        log_level=logging.getLevelNamesMapping()[level.upper()],
        trusted_proxies=int(proxies),
        metrics_from=networks,
        close_overdue_hours=int(hours),
        given=frozenset(given),
        unknown=tuple(sorted(name for name in environ if name.startswith(_PREFIX) and name not in VARIABLES)),
    )


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
        "USER": unquote(parts.username or ""), "PASSWORD": unquote(parts.password or ""), "OPTIONS": dict(_POSTGRESQL),
    }  # fmt: skip


def _bad_address() -> InputError:
    remedy = "write sqlite:///path/shop.sqlite3 or postgresql://user:password@host/name"
    return InputError(_bad("JIFEN_DATABASE_URL", "it is not the address of a database", remedy))


def _bad(name: str, message: str, remedy: str) -> Problem:
    return Problem("bad_setting", f"{name}: {message}", remedy)


def _networks(texts: tuple[str, ...]) -> tuple[tuple[Network, ...], list[Problem]]:
    """Networks, and what is wrong with those that are none."""
    networks: list[Network] = []
    problems = []
    for text in texts:
        try:
            networks.append(ip_network(text))
        except ValueError:
            message, remedy = f"{text[:40]!r} is not a network", "write one such as 10.0.0.0/8"
            problems.append(_bad("JIFEN_METRICS_FROM", message, remedy))
    return tuple(networks), problems


def _without_password(url: str) -> str:
    """The address with dots for its password, wherever that stands.

    >>> _without_password("postgresql://shop:pw@db/jifen")
    'postgresql://shop:••••@db/jifen'
    """
    parts = urlsplit(url)
    if parts.password is None:
        return url
    user, host = parts.netloc.rpartition("@")[::2]
    return parts._replace(netloc=f"{user.partition(':')[0]}:{_HIDDEN}@{host}").geturl()


def _listed(text: str) -> tuple[str, ...]:
    return tuple(each for part in text.split(",") if (each := part.strip()))
