"""A writer in a process of its own, to be killed. It says in shared memory what it is at."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jifen.service.databases import open_database, start_django

start_django()

from jifen.engine import World, apply  # noqa: E402
from jifen.engine.events import DayClosed, Line, MemberJoined, OrderPaid  # noqa: E402
from jifen.plan import load_plan  # noqa: E402
from jifen.service import commit, writer  # noqa: E402
from jifen.service.content import is_closing  # noqa: E402
from jifen.service.writer import Writer  # noqa: E402

__all__ = ["CLOSE", "LEASE", "ORDERS", "PHASES", "victim"]

LEASE = 0.25
ORDERS = ("orders: applying", "orders: transaction", "orders: commit")
CLOSE = ("close: computing", "close: segment", "close: transaction", "close: commit", "close: snapshot")
PHASES = ("start and recovery", "waiting", *ORDERS, *CLOSE)


# This process is forked once for each victim: what it has loaded, compiled kernels too, no victim loads again.
apply(
    World(load_plan("points_dividend"), 1),
    [
        MemberJoined(id="1", day=1, member="m"),
        OrderPaid(id="2", day=1, member="m", lines=(Line(amount=100_000_000),)),
        DayClosed(id="3", day=1),
        DayClosed(id="4", day=2),
    ],
)


def victim(url: str, folder: str, phase: Any) -> None:
    """Be the writer of a shop until killed; ``phase`` is the place in ``PHASES`` of what is done now."""
    _watch(phase)
    open_database("shop", url)
    while (elected := Writer.elected(Path(folder), "shop", seconds=LEASE)) is None:
        time.sleep(0.01)
    while True:
        if not elected.step():
            phase.value = PHASES.index("waiting")
            time.sleep(0.001)


def _watch(phase: Any) -> None:
    """Let the functions of the product say that they have begun, and the transaction that all of it is written."""

    def enter(name: str) -> None:
        phase.value = PHASES.index(name)

    def told(function: Callable[..., Any], orders: str | None, close: str, after: str | None = None) -> Any:
        def telling(*arguments: Any) -> Any:
            kind = PHASES[phase.value].partition(":")[0]
            name = orders if kind == "orders" else close
            if name is not None:
                enter(name)
            done = function(*arguments)
            if after is not None:
                enter(f"{kind}: {after}" if kind == "close" else ORDERS[-1])
            return done

        return telling

    decide = Writer._decide

    def deciding(self: Writer, taken: Any, *others: Any) -> int:
        enter(CLOSE[0] if is_closing(taken[0][2]) else ORDERS[0])
        return decide(self, taken, *others)

    Writer._decide = deciding
    commit.write_segment = told(commit.write_segment, None, CLOSE[1])
    writer.write_batch = told(writer.write_batch, ORDERS[1], CLOSE[2], after="commit")
    Writer.snapshot = told(Writer.snapshot, None, CLOSE[4])
