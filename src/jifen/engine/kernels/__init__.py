"""The loops that must be fast: plain functions over columns, compiled by numba and cached on disk.

The same source runs uncompiled under coverage (``NUMBA_DISABLE_JIT=1``). ``python -m jifen.engine.kernels`` compiles
them all once, which set-up does.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

__all__ = ["compiled"]

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a kernel on its first call, keeping the machine code on disk for the next process."""
    from numba import njit  # noqa: PLC0415 -- numba takes most of a second to import: only a kernel's first use pays

    return cast("Function", njit(cache=True)(function))
