"""Freed places below one sponsor, the lowest on top: a heap in columns, by row of the table of places.

Plain source: the handlers run it as it is, the bulk lane compiles it into itself (``bulk_places``).
"""

from jifen.engine.columns import Narrow

__all__ = ["joined"]

_NONE = -1


def joined(heaps: tuple[Narrow, Narrow, Narrow], one: int, other: int) -> int:
    """Two heaps as one: the row on top. ``heaps`` are (number of the place, left row below, right row below).

    A skew heap: on the way down both sides change, so that many of these take few steps each, whatever their order.
    """
    number, left, right = heaps
    top, above = _NONE, _NONE
    while one != _NONE and other != _NONE:
        if number[other] < number[one]:
            one, other = other, one
        if above == _NONE:
            top = one
        else:
            left[above] = one
        above = one
        one = right[above]
        right[above] = left[above]
    rest = other if one == _NONE else one
    if above == _NONE:
        return rest
    left[above] = rest
    return top
