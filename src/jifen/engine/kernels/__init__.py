"""The loops that must be fast: plain functions over columns, compiled by numba and cached on disk.

The same source runs uncompiled under coverage (``NUMBA_DISABLE_JIT=1``), and where one member's rows are looked at and
starting a compiler would take longer than the work (``interpret()``). ``python -m jifen.engine.warm`` compiles them
all once, which set-up does. A kernel may call one of another file, which the compiler's own cache does not notice: so
the cache is a folder for each state of all sources together.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar, cast

__all__ = ["cache_folder", "compiled", "inlined", "interpret", "is_compiling", "lean"]

_Function = TypeVar("_Function", bound=Callable[..., Any])

_mode = {"compile": True}


def interpret() -> None:
    """Leave the kernels that are imported after this call uncompiled in this process."""
    _mode["compile"] = False


def is_compiling() -> bool:
    """Whether kernels imported now are compiled."""
    return _mode["compile"] and os.environ.get("NUMBA_DISABLE_JIT", "0") == "0"


def compiled(function: _Function) -> _Function:
    """Compile a kernel on its first call, keeping the machine code on disk for the next process."""
    return _compiled(function)


def lean(function: _Function) -> _Function:
    """Compile a kernel that makes no arrays and returns none: references to its arrays are not counted.

    Counting them, wherever a tuple of arrays is passed on or taken apart, can cost more than all the rest.
    """
    return _compiled(function, _nrt=False)


def inlined(function: _Function) -> _Function:
    """Compile a part of a lean kernel into each place that calls it."""
    return _compiled(function, _nrt=False, forceinline=True)


def _compiled(function: _Function, **options: Any) -> _Function:
    if not _mode["compile"]:
        return function
    from numba import njit

    # Other threads may go on while a kernel runs: it holds nothing of Python.
    with _cached_in(cache_folder(Path(function.__code__.co_filename).parent)):
        return cast("_Function", cast("Any", njit)(cache=True, nogil=True, **options)(function))


@cache
def cache_folder(sources: Path | None = None) -> Path:
    """Where machine code is kept: beside the sources, or in the user's cache where these cannot be written.

    ``sources`` is the folder of the kernels, this one if none is named.
    """
    here = sources or Path(__file__).parent
    digest = blake2b(digest_size=8)
    for source in sorted(here.glob("*.py")):
        digest.update(source.read_bytes())
    beside = here.joinpath("__pycache__")
    if os.access(beside if beside.exists() else here, os.W_OK):
        return beside.joinpath(digest.hexdigest())
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home().joinpath(".cache"))
    return home.joinpath("jifen", "kernels", digest.hexdigest())


@contextmanager
def _cached_in(folder: Path) -> Iterator[None]:
    """Let the compiler cache what is declared meanwhile in ``folder``, unless the user has chosen another."""
    import numba

    config: Any = numba.config
    before = config.CACHE_DIR
    config.CACHE_DIR = before or str(folder)
    try:
        yield
    finally:
        config.CACHE_DIR = before
