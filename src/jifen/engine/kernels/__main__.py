"""Compile every kernel into the on-disk cache: ``python -m jifen.engine.kernels``."""

import numpy as np

from jifen.engine.kernels import daily, divide, split, stand

__all__ = ["warm"]


def warm() -> None:
    """Call every kernel once with the types it is called with."""
    column = np.zeros(1, dtype=np.int64)
    none = np.full(1, -1, dtype=np.int64)
    upward = daily.upward_order(none, 1)
    daily.subtree_sums(upward, none, column)
    daily.generation_wanted(upward, none, column, column)
    daily.team_wanted(upward, none, column, column, column)
    daily.peer_wanted(upward, none, column, column, (1, 0, column))
    daily.release_scheduled(0, False, none, none, (column, column, column, column))
    daily.drain_wanted(0, column, False, (none, none), (column, column))
    stand.standing(stand.chain(-1, none), 0, (column, column, none, column), (column, column))
    divide.mul_div(1, 1, 2)
    split.floors_and_rests(1, column + 1, 1)


if __name__ == "__main__":
    warm()
