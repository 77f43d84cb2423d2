"""Orders in bulk: joins, orders, refunds and sales through all rules of a plan, in the order of the log.

The bulk lane takes them all; the first of them also go one by one through the handlers, which the lane is compared to.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jifen.bench import ours
from jifen.bench.log import make_log
from jifen.bench.sizes import MOST_ROWS, Size, check_between
from jifen.bench.timing import Say, measure, peak_bytes, quiet, reset_peak
from jifen.bench.worlds import build_world, give_names
from jifen.core.errors import ensure
from jifen.engine.events import OrderPaid
from jifen.plan.model import Plan

if TYPE_CHECKING:
    from jifen.engine import World

__all__ = ["OrderFigures", "bench_orders"]

_SINGLY = 2_000
"""Rows that go one by one: that is enough to know how long one takes."""


@dataclass(frozen=True, slots=True)
class OrderFigures:
    """What a log took; seconds are the median of five runs, each on the same world.

    ``singly_per_s`` is how many orders a second the handlers of single events do, ``singly_ratio`` how many times as
    many the lane does.
    """

    preset: str
    members: int
    orders: int
    events: int
    seconds: float
    spread: float
    orders_per_s: int
    singly_per_s: int
    singly_ratio: float
    peak_bytes: int


def bench_orders(plan: Plan, size: Size, orders: int, say: Say = quiet) -> OrderFigures:
    """Run a log of about so many orders into a world of that size."""
    check_between("--orders", orders, 1, MOST_ROWS)
    ours.check_memory(size, posted=False)
    worlds: list[World] = []

    def fresh() -> None:
        worlds[:] = [build_world(plan, size)]
        give_names(worlds[0])
        for names in (worlds[0].member_ids, worlds[0].order_ids, worlds[0].event_ids):
            names.get("")  # a shop that has lived has the tables by which names are found

    say(f"making {size.members:,} members and a log of {orders:,} orders")
    fresh()
    log = make_log(worlds[0], orders)
    rows = ours.rows_of(worlds[0], log)
    say("running the log once, compiling what has not been compiled")
    accepted = ours.run_log(worlds[0], rows)
    ensure(accepted == len(rows.ids), f"{len(rows.ids) - accepted} events of the log were refused")
    reset_peak()
    timing = measure(lambda: ours.run_log(worlds[0], rows), fresh, say=say, what="running the log")
    peak = peak_bytes()
    singly = ours.first_events(worlds[0], rows, _SINGLY)
    alone = measure(lambda: ours.run_singly(worlds[0], singly), fresh, say=say, what="running the first rows singly")
    singly_per_s = sum(isinstance(event, OrderPaid) for event in singly) / alone.seconds
    return OrderFigures(
        preset=plan.name, members=size.members, orders=log.orders, events=len(rows.ids), seconds=timing.seconds,
        spread=timing.spread, orders_per_s=round(log.orders / timing.seconds), peak_bytes=peak,
        singly_per_s=round(singly_per_s), singly_ratio=log.orders / timing.seconds / singly_per_s,
    )  # fmt: skip
