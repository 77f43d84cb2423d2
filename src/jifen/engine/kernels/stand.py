"""What still stands of everything that was taken out of a lot, as a function of what is kept now."""

import numpy as np

from jifen.engine.columns import Column, Narrow
from jifen.engine.kernels import compiled
from jifen.engine.kernels.divide import mul_div

__all__ = ["chain", "standing"]


@compiled
def chain(last: int, before: Narrow, before_in_run: Narrow) -> Column:
    """The numbers from ``last`` back to the first one, oldest first (see ``given`` for those below -1)."""
    count = 0
    number = last
    while number != -1:
        count += 1
        number = before[number] if number >= 0 else before_in_run[-2 - number]
    numbers = np.empty(count, dtype=np.int64)
    number = last
    for place in range(count - 1, -1, -1):
        numbers[place] = number
        number = before[number] if number >= 0 else before_in_run[-2 - number]
    return numbers


@compiled
def standing(
    numbers: Column,
    kept: tuple[int, int],
    releases: tuple[Column, Column, Narrow, Column, Column, Column],
    portions: tuple[Column, Column, Narrow, Narrow, Column, Column],
) -> Column:
    """Points of each release (of one day of it) that stand while the lot's order has kept this much.

    ``kept`` is (what it has kept now, what it had when the lot was granted), ``releases`` is (points, kept_then or 0
    for what it had when the lot was granted, payment, older; of payments paid, lost), ``portions`` is (points,
    kept_then, payment; of payments of phases first, paid, lost). What stands of a payment stands in its portions,
    oldest first; each portion then shrinks with the order of its lot.
    """
    now, at_grant = kept
    result = np.empty(len(numbers), dtype=np.int64)
    for place in range(len(numbers)):
        number = numbers[place]
        if number >= 0:
            points, kept_then, payment, older, paid, lost = releases
            stands, then, at = points[number], kept_then[number], payment[number]
            if at >= 0:
                stands = min(stands, max(paid[at] - lost[at] - older[number], 0))
        else:
            row = -2 - number
            stands, then, at = portions[0][row], portions[1][row], portions[2][row]
            left = portions[4][at] - portions[5][at]
            for before in range(portions[3][at], row):
                left -= portions[0][before]
            stands = min(stands, max(left, 0))
        if then <= 0:
            then = at_grant
        if then > 0:
            stands = mul_div(stands, now, then)
        result[place] = stands
    return result
