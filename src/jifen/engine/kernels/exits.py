"""Exit prices in a heap, the lowest on top: a holder's changes in place, so no entry is ever stale.

A price is ``cap ÷ held`` of one member; of equal prices that of the earlier joined counts. Products are compared in two
limbs, so both are below 2⁶³.
"""

from jifen.engine.kernels import lean
from jifen.engine.kernels.bulk_columns import Exits
from jifen.engine.kernels.divide import sign_of

__all__ = ["build", "reached", "touch"]

_NONE = -1


@lean
def _before(exits: Exits, one: int, other: int) -> bool:
    """Whether one member's price is lower than another's."""
    sign = sign_of((exits.cap[one], exits.held[other]), (exits.cap[other], exits.held[one]))
    return sign < 0 or (sign == 0 and one < other)


@lean
def _rise(exits: Exits, start: int) -> int:
    """Move who is at a place up to where he belongs; returns that place."""
    heap, at = exits.heap, start
    member = heap[at]
    while at > 0 and _before(exits, member, heap[(at - 1) // 2]):
        heap[at] = heap[(at - 1) // 2]
        exits.place[heap[at]] = at
        at = (at - 1) // 2
    heap[at] = member
    exits.place[member] = at
    return at


@lean
def _sink(exits: Exits, start: int) -> None:
    """Move who is at a place down to where he belongs."""
    heap, at, count = exits.heap, start, exits.size[0]
    member = heap[at]
    while 2 * at + 1 < count:
        child = 2 * at + 1
        if child + 1 < count and _before(exits, heap[child + 1], heap[child]):
            child += 1
        if not _before(exits, heap[child], member):
            break
        heap[at] = heap[child]
        exits.place[heap[at]] = at
        at = child
    heap[at] = member
    exits.place[member] = at


@lean
def touch(exits: Exits, member: int, cap: int, held: int) -> None:
    """Give a member his price now; without anything held (or a cap of NONE) he has none."""
    at = exits.place[member]
    exits.cap[member], exits.held[member] = cap, held
    if cap == _NONE or held == 0:
        if at != _NONE:
            _take_out(exits, member, at)
        return
    if at == _NONE:
        at = exits.size[0]
        exits.heap[at] = member
        exits.size[0] = at + 1
    _sink(exits, _rise(exits, at))


@lean
def _take_out(exits: Exits, member: int, at: int) -> None:
    """Take a member out; the last one fills his place."""
    last = exits.size[0] - 1
    exits.size[0] = last
    exits.place[member] = _NONE
    if at < last:
        exits.heap[at] = exits.heap[last]
        _sink(exits, _rise(exits, at))


@lean
def build(exits: Exits) -> None:
    """Put the first members of the heap into its order."""
    for at in range(exits.size[0]):
        exits.place[exits.heap[at]] = at
    for at in range(exits.size[0] // 2 - 1, -1, -1):
        _sink(exits, at)


@lean
def reached(exits: Exits, balance: int, supply: int) -> bool:
    """Whether the price of a token, ``balance ÷ supply``, has reached the lowest exit price."""
    if exits.size[0] == 0 or supply == 0:
        return False
    first = exits.heap[0]
    return sign_of((balance, exits.held[first]), (exits.cap[first], supply)) >= 0
