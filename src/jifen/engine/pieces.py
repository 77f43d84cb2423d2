"""The one pass over all members in pieces, each in a thread of its own; what comes out is the same as from one.

Members stand after all their descendants. Wherever that order is cut, only ancestors of the last member before the cut
have descendants on both sides of it, and the first of them to come is his sponsor. So what of a piece stands before
that sponsor needs nothing of the pieces before it: it is run apart from them, at the same time. What it leaves for
those further up are exact sums, which are added to what the others have left; then the rest of the piece is run.
"""

from bisect import bisect_left
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from jifen.engine.columns import Column, Narrow
from jifen.engine.kernels import run as kernel
from jifen.engine.kernels.run_columns import LEVELS, OFFSET, Block, Bounds, Forest, Out, Rules, Slots, Stack
from jifen.engine.layout import Layout

__all__ = ["LEAST", "MOST", "THREADS", "Piece", "cut", "piece_at", "run_pieces"]

THREADS = 2
"""In so many threads a pass is run."""

LEAST = 500_000
"""Members and lots together of a piece that is worth a thread: it is run in some milliseconds."""
MOST = 20_000_000
"""Members and lots of the largest world that is cut: where a second piece has written memory stays taken."""
_NEAR = 5
"""A cut may be so far from where it would be even: a fifth of a piece."""


class Piece(NamedTuple):
    """Members by position; of those before ``apart`` nobody has descendants before ``first``."""

    first: int
    apart: int
    end: int


def piece_at(layout: Layout, first: int, end: int) -> Piece:
    """The members from position ``first`` on before ``end``."""
    if first == 0:
        return Piece(0, end, end)
    above = layout.depths[first:end] < layout.depths[first - 1]
    return Piece(first, first + int(above.argmax()) if above.any() else end, end)


def cut(layout: Layout, threads: int) -> list[Piece]:
    """The members in at most ``threads`` pieces: large ones only, half of each and more run apart from the others."""
    end = len(layout.members)
    rows = _before(layout, end)
    threads = min(threads, rows // LEAST) if rows <= MOST else 1
    share, pieces = rows // max(threads, 1), []
    for number in range(threads - 1, 0, -1):
        first = _shallow(layout, share * number, share // _NEAR)
        if 0 < first < end:
            piece = piece_at(layout, first, end)
            if _before(layout, piece.apart) - _before(layout, first) >= share // 2:
                pieces.append(piece)
                end = first
    return [piece_at(layout, 0, end), *reversed(pieces)]


def _shallow(layout: Layout, even: int, near: int) -> int:
    """The position after one of the shallowest members about where ``even`` members and lots stand before it.

    The shallower he is, the later comes his sponsor. It is 0 where nobody stands there.
    """
    low, middle, high = (
        bisect_left(range(len(layout.members)), rows, key=lambda position: _before(layout, position))
        for rows in (even - near, even, even + near)
    )
    depths = layout.depths[low:high]
    places = np.flatnonzero(depths == depths.min(initial=len(layout.members))) + low + 1
    return int(places[np.abs(places - middle).argmin()]) if len(places) else 0


def _before(layout: Layout, position: int) -> int:
    """Members and lots before a position."""
    return position + _slots_before(layout.starts, position)


def _slots_before(starts: Narrow, position: int) -> int:
    """Lots of all stores before a position."""
    return int((starts[:, position] - starts[:, 0]).sum(dtype=np.int64))


def run_pieces(
    day: int, pieces: Sequence[Piece], bounds: Bounds, world: tuple[Forest, Slots], rules: Rules, out: Out
) -> None:
    """Run the daily rules over all members, cut into these pieces."""
    forest, slots = world
    ladders = len(forest.levels)
    begun = [_begun(piece.first, forest, out) for piece in pieces]
    outs = [out._replace(counts=counts.copy()) for counts in begun]
    stacks = [Stack.of(bounds, ladders) for _ in pieces]

    def run(first: int, end: int, stack: Stack, mine: Out) -> None:
        there = bounds._replace(first=first, end=end)
        kernel.run_day(day, (there, stack, Block.of(there, ladders, len(slots.lot_at))), forest, slots, rules, mine)

    with ThreadPoolExecutor(len(pieces)) as pool:
        running = [pool.submit(run, *pieces[place][:2], stacks[place], outs[place]) for place in range(1, len(pieces))]
        run(*pieces[0][:2], stacks[0], outs[0])
        out.counts[:], total = outs[0].counts, stacks[0]
        for place, others in enumerate(running, 1):
            others.result()
            piece, stack, mine = pieces[place], stacks[place], outs[place]
            # Neither is above ``SUM_MAX``: nothing wraps around. If one is above the limit, so are both together.
            if (total.released > bounds.limit - stack.released).any():
                out.counts[-1] = 1
                return
            _add(total, stack, forest.depths[[piece.first - 1, piece.apart - 1]].tolist(), rules, bounds)
            run(piece.apart, piece.end, total, mine)
            _put_behind(out, mine.counts, begun[place])


def _begun(first: int, forest: Forest, out: Out) -> Column:
    """The counts at which a piece begins: no more can be found before it, so that all have room beside each other."""
    slots, walks = _slots_before(forest.starts, first), len(out.receivers)
    return np.array([slots] * len(out.lots) + [first] * (2 * walks) + [slots, 0], dtype=np.int64)


def _add(total: Stack, stack: Stack, depths: list[int], rules: Rules, bounds: Bounds) -> None:
    """Add what waits after a piece to what has waited before it.

    ``depths`` is that of the last member before the piece, and of its last: only between them something waits now.
    """
    total.released[:] += stack.released
    waits = slice(depths[0], depths[1] + 1)
    total.near[:, waits] += stack.near[:, waits]
    total.total[:, waits] += stack.total[:, waits]
    cells = np.diff(rules.walks[:, OFFSET], append=bounds.width).tolist()
    room = total.at.shape[1]
    for ladder in range(len(total.top)):
        top, count = total.top.item(ladder), stack.top.item(ladder)
        # As in ``climb``: who waits for the same member joins the entry that is there.
        place = top if count and total.at[ladder, top] == stack.at[ladder, 1] else top + 1
        total.at[ladder, place : place + count] = stack.at[ladder, 1 : 1 + count]
        total.top[ladder] = place + count - 1
        for walk in np.flatnonzero(rules.walks[:, LEVELS] == ladder).tolist():
            size, first = cells[walk], rules.walks.item(walk, OFFSET) * room
            there = slice(first + place * size, first + (place + count) * size)
            total.met[there] += stack.met[first + size : first + (1 + count) * size]


def _put_behind(out: Out, counts: Column, begun: Column) -> None:
    """Move what a piece has found, from ``begun`` on up to ``counts``, behind what those before it have."""
    walks = len(out.begins)
    for rule, begins in enumerate(out.begins, len(out.lots) - walks):
        payments = rule + walks
        begins[begun[payments] : counts[payments]] -= begun[rule] - out.counts[rule]
    found = (
        *zip(out.lots, out.owners, out.points, strict=True), *zip(out.receivers, out.wanted, out.begins, strict=True),
        *zip(out.lacking, out.asked, out.given, strict=True), (out.ended, out.beyond),
    )  # fmt: skip
    for number, columns in enumerate(found):
        behind, first, end = out.counts.item(number), begun.item(number), counts.item(number)
        for column in columns if behind < first else ():
            column[behind : behind + end - first] = column[first:end]
        out.counts[number] += end - first
    out.counts[-1] = counts[-1]
