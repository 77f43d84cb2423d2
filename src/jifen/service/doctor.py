"""What a doctor looks at before a shop opens, and when something is wrong: each finding with what to do about it.

Nothing is changed, and no secret is said. What needs something that is missing is left out.
"""

import os
import platform
import re
import shutil
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from jifen.core.errors import InputError
from jifen.engine.kernels import cache_folder, is_compiling
from jifen.service.databases import open_database
from jifen.service.environment import Settings, read_settings
from jifen.service.finding import Finding, Level

__all__ = ["examine", "machine_findings"]

_ALIAS = "examined"
_MIB = 1 << 20
_LOW, _FULL = 1024, 200
"""MiB of free disk below which the doctor warns, and below which a close may fail."""
_WARM = "python -m jifen.engine.warm"


def examine(environ: Mapping[str, str], *, deep: bool = False) -> Iterator[Finding]:
    """Look at the machine, the settings, the database and the shop, one after the other.

    ``deep`` reads every segment, and the whole file of SQLite, which takes as long as a disk takes.
    """
    yield from _python()
    yield _kernels()
    try:
        settings = read_settings(environ)
    except InputError as error:
        for problem in error.problems:
            yield Finding("settings", "error", problem.message, problem.remedy)
        return
    yield _key(settings)
    yield from machine_findings(settings.var)
    from jifen.service.doctor_shop import shop_findings

    open_database(_ALIAS, settings.database_url)
    yield from shop_findings(settings.var, _ALIAS, deep=deep)


def machine_findings(folder: Path) -> Iterator[Finding]:
    """The folder of the shop: whether it can be written, who else may read it, and how much room there is."""
    if not folder.is_dir():
        yield Finding("folder", "warning", f"{folder} is not there yet", "it is made with the shop")
        return
    mode = folder.stat().st_mode
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield Finding("folder", "error", f"{folder} cannot be written by this user", "give it to the user of the shop")
    elif mode & 0o002:
        yield Finding("folder", "error", f"everybody may write into {folder}", f"chmod o-rwx {folder}")
    elif mode & 0o004:
        yield Finding("folder", "warning", f"everybody may read {folder}", f"chmod o-rwx {folder}")
    else:
        yield Finding("folder", "ok", f"{folder} is the shop's own")
    free = shutil.disk_usage(folder).free // _MIB
    level: Level = "error" if free < _FULL else "warning" if free < _LOW else "ok"
    yield Finding("disk", level, f"{free:,} MiB free in {folder}", "make room" if level != "ok" else "")


def _python() -> Iterator[Finding]:
    """The interpreter, and each package against the least version that is asked for."""
    yield Finding("python", "ok", f"Python {platform.python_version()} on {platform.platform(terse=True)}")
    missing, old, found = [], [], []
    for requirement in requires("jifen") or ():
        name, least = _required(requirement)
        try:
            installed = version(name)
        except PackageNotFoundError:
            missing.append(name)
            continue
        found.append(f"{name} {installed}")
        if _numbers(installed) < _numbers(least):
            old.append(f"{name} {installed} (needs {least})")
    if missing or old:
        told = "; ".join(part for part in ("missing: " + ", ".join(missing) if missing else "", ", ".join(old)) if part)
        yield Finding("packages", "error", told, "install jifen again")
    else:
        yield Finding("packages", "ok", ", ".join(found))


def _required(requirement: str) -> tuple[str, str]:
    """The name in a requirement of ours, and its least version.

    >>> _required("psycopg[binary,pool]<4,>=3.2"), _required("rich")
    (('psycopg', '3.2'), ('rich', '0'))
    """
    least = re.search(r">=\s*([\d.]+)", requirement)
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0], least[1] if least else "0"


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdecimal())


def _kernels() -> Finding:
    if not is_compiling():
        return Finding("kernels", "warning", "the fast loops are switched off", "unset NUMBA_DISABLE_JIT")
    folders = [os.environ["NUMBA_CACHE_DIR"]] if os.environ.get("NUMBA_CACHE_DIR") else [str(cache_folder())]
    if any(next(Path(folder).rglob("*.nbi"), None) for folder in folders):
        return Finding("kernels", "ok", "compiled for this machine")
    remedy = f"{_WARM}, as the user of the shop"
    return Finding("kernels", "warning", "not compiled yet: the first batch waits for up to a minute", remedy)


def _key(settings: Settings) -> Finding:
    if settings.made_key:
        message = "JIFEN_SECRET_KEY is not set: each process makes its own, and sessions end with it"
        return Finding("settings", "warning", message, "see `jifen keys new`")
    old = len(settings.secret_keys_old)
    return Finding("settings", "ok", f"a key of its own, {old} old {'key' if old == 1 else 'keys'} that still verify")
