"""What still stands of everything that was taken out of a lot, as a function of what is kept now."""

import numpy as np

from jifen.engine.columns import Column, Narrow
from jifen.engine.kernels import compiled
from jifen.engine.kernels.divide import mul_div

__all__ = ["chain", "standing"]


@compiled
def chain(last: int, before: Narrow) -> Column:
    """The rows from ``last`` back along ``before``, oldest first."""
    count = 0
    row = last
    while row >= 0:
        count += 1
        row = before[row]
    rows = np.empty(count, dtype=np.int64)
    row = last
    for place in range(count - 1, -1, -1):
        rows[place] = row
        row = before[row]
    return rows


@compiled
def standing(
    rows: Column,
    kept: tuple[int, int],
    releases: tuple[Column, Column, Narrow, Column],
    payments: tuple[Column, Column],
) -> Column:
    """Points of each release (of one day of it) that stand while the lot's order has kept this much.

    ``kept`` is (what it has kept now, what it had when the lot was granted), ``releases`` is (points, kept_then or 0
    for what it had when the lot was granted, payment, older), ``payments`` is (paid, lost). What stands of a payment
    stands in its portions, oldest first; each portion then shrinks with the order of its lot.
    """
    now, at_grant = kept
    points, kept_then, payment, older = releases
    paid, lost = payments
    result = np.empty(len(rows), dtype=np.int64)
    for place in range(len(rows)):
        row = rows[place]
        stands = points[row]
        at = payment[row]
        if at >= 0:
            stands = min(stands, max(paid[at] - lost[at] - older[row], 0))
        then = kept_then[row] if kept_then[row] > 0 else at_grant
        if then > 0:
            stands = mul_div(stands, now, then)
        result[place] = stands
    return result
