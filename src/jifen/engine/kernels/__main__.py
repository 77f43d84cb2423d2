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
    _run_log()


def _run_log() -> None:
    """Let the bulk lane take the smallest log."""
    from jifen.engine import World
    from jifen.engine.apply import apply_log
    from jifen.engine.log import JOIN, Log
    from jifen.plan import load_plan, preset_names

    rows = np.full(1, JOIN, dtype=np.int32)
    apply_log(
        World(load_plan(preset_names()[0])),
        Log(rows, rows - 1, rows - 1, np.zeros(1, dtype=np.int64), ["joins"], ["first"]),
    )


def _run_days() -> None:
    """Close two days of the smallest shops that need every kernel of the daily run."""


if __name__ == "__main__":
    warm()
