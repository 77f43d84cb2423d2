"""A whole number of units divided by weights: everyone's floor, and what the floors leave."""

import numpy as np

from jifen.engine.columns import Column
from jifen.engine.kernels import compiled
from jifen.engine.kernels.divide import mul_div, mul_rest

__all__ = ["floors_and_rests"]


@compiled
def floors_and_rests(units: int, weights: Column, total: int) -> tuple[Column, Column]:
    """(⌊units × weight ÷ total⌋, the rest of that division) for each weight; ``total`` is their sum."""
    floors = np.empty(len(weights), dtype=np.int64)
    rests = np.empty(len(weights), dtype=np.int64)
    for place in range(len(weights)):
        floors[place] = mul_div(units, weights[place], total)
        rests[place] = mul_rest(units, weights[place], total, floors[place])
    return floors, rests
