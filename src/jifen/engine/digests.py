"""What makes two events of one id the same: two integers for its facts (the day is no fact).

An event that says no more than a kind, a member or an order, and an amount is those numbers themselves: the digests of
two such events are equal only if their facts are. All others have a hash of their facts, 127 bits of BLAKE2b; two that
differ are taken for the same only if somebody finds a collision of it, which is assumed to be beyond anyone's means.
The highest bit tells one from the other. A digest by numbers needs the names of its event to have numbers: so it is
made when the event is done.
"""

import struct
from hashlib import blake2b
from typing import TypeVar

from jifen.engine.columns import Column
from jifen.engine.events import Event, Line, MemberJoined, OrderPaid, OrderRefunded, TokensSold
from jifen.engine.kernels.bulk_columns import JOIN, ORDER, REFUND, SALE
from jifen.engine.tables import NONE
from jifen.engine.world import World

__all__ = ["digest_of", "numbered"]

_HASHED = -(1 << 63)
_WIDE = 1 << 63

_Number = TypeVar("_Number", int, Column)


def digest_of(world: World, event: Event) -> tuple[int, int]:
    """Both halves of an event's digest, each of 64 bits."""
    kind, number, amount = _numbers_of(world, event) if event.at is None else (NONE, NONE, 0)
    if number != NONE and -_WIDE <= amount < _WIDE:
        return numbered(kind, number, amount)
    first, second = struct.unpack("<qq", blake2b(repr(event.facts()).encode(), digest_size=16).digest())
    return first, second | _HASHED


def numbered(kind: _Number, number: _Number, amount: _Number) -> tuple[_Number, _Number]:
    """The same by numbers, of one event or of columns of them.

    ``number`` is that of who joins, buys or sells, or of the order that is given back; ``amount`` is what is paid,
    given back or sold, or the number of the referrer.
    """
    return amount, (kind << 32) | number


def _numbers_of(world: World, event: Event) -> tuple[int, int, int]:
    """(kind, number, amount) of an event that is no more than that; the number is NONE for all others."""
    members = world.member_ids
    if isinstance(event, OrderPaid):
        plain = event.lines == (Line(event.amount),) and event.region is None and event.pay == ()
        return ORDER, members.get(event.member) if plain else NONE, event.amount
    if isinstance(event, OrderRefunded) and not (event.lines or event.share):
        return REFUND, world.order_ids.get(event.order), event.amount
    if isinstance(event, TokensSold) and event.tokens is not None:
        return SALE, members.get(event.member), event.tokens
    if isinstance(event, MemberJoined) and event.region is None:
        referrer = NONE if event.referrer is None else members.get(event.referrer)
        if referrer != NONE or event.referrer is None:
            return JOIN, members.get(event.member), referrer
    return NONE, NONE, 0
