"""The loops that must be fast: plain functions over columns, compiled by numba and cached on disk.

The same source runs uncompiled under coverage (``NUMBA_DISABLE_JIT=1``), and where one member's rows are looked at and
starting a compiler would take longer than the work (``interpret()``). ``python -m jifen.engine.kernels`` compiles them
all once, which set-up does.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

__all__ = ["compiled", "interpret"]

_Function = TypeVar("_Function", bound=Callable[..., Any])

_mode = {"compile": True}


def interpret() -> None:
    """Leave the kernels that are imported after this call uncompiled in this process."""
    _mode["compile"] = False


def compiled(function: _Function) -> _Function:
    """Compile a kernel on its first call, keeping the machine code on disk for the next process."""
    if not _mode["compile"]:
        return function
    from numba import njit

    return cast("_Function", njit(cache=True)(function))
