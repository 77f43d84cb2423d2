"""Plain orders by column: most of what a shop is told is read off its text, without an event for each.

What such rows do is what their events do one by one: that is the promise of the engine's bulk lane.
"""

import re
from collections.abc import Sequence

import numpy as np

from jifen.engine.apply import LEAST
from jifen.engine.log import ORDER, Log
from jifen.engine.tables import NONE
from jifen.engine.world import World
from jifen.ledger.names import Texts

__all__ = ["plain_orders"]

_TEXT, _NUMBER = r'"([^"\\]+)"', r"(0|[1-9][0-9]{0,17})"
_PLAIN = re.compile(
    rf'{{"event":"order_paid","id":{_TEXT},"lines":\[{{"amount":{_NUMBER},"cost":0,"line":"1","quantity":1}}\],'
    rf'"member":{_TEXT},"pay":\[\]}}'
).fullmatch


def plain_orders(world: World, contents: Sequence[str]) -> Log | None:
    """The log of orders of known members that have one line each, with an amount only; ``None`` where one is more.

    So it is for a few, and for a world whose bulk lane is not at work yet.
    """
    if len(contents) < LEAST or world.lane is None:
        return None
    found = []
    for content in contents:
        match = _PLAIN(content)
        if match is None:
            return None
        found.append(match.groups())
    ids, amounts, buyers = zip(*found, strict=True)
    members = np.fromiter(map(world.member_ids.get, buyers), np.int32, len(found))
    if (members == NONE).any():
        return None
    return Log(
        kind=np.full(len(found), ORDER, dtype=np.int32),
        member=members,
        order=np.full(len(found), NONE, dtype=np.int32),
        amount=np.fromiter(map(int, amounts), np.int64, len(found)),
        ids=Texts.of(ids),
        members=Texts(),
    )
