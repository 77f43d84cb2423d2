"""Runs of equal days: a lot that releases the same in every daily run has no row for it before that ends.

``Lots.run_first`` says since when. The row is written when the lot is empty, or something is about to change that the
row remembers: what is kept of its order, its daily amount, the plan. Who reads a lot's releases ends its run first.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jifen.engine.tables import NONE

if TYPE_CHECKING:
    from jifen.engine.columns import Column
    from jifen.engine.program import Step
    from jifen.engine.state import State

__all__ = ["add_releases", "end", "end_all", "end_runs", "kept_now", "returned_now"]

_Numbers = npt.NDArray[Any]


def end(world: "State", lot: int) -> None:
    """End the run of one lot, if it is in one."""
    if world.lots.run_first.item(lot) != NONE:
        end_runs(world, np.array([lot], dtype=np.int32), world.released_until)


def end_all(world: "State") -> None:
    """End the runs of all lots."""
    lots = world.lots
    end_runs(world, np.flatnonzero(lots.run_first[: lots.size] != NONE), world.released_until)


def end_runs(world: "State", lots: _Numbers, last: _Numbers | int) -> None:
    """Write the runs of these lots, all of them in one, up to day ``last``; one that begins later leaves no row."""
    first = world.lots.run_first[lots]
    world.lots.run_first[lots] = NONE
    for store in np.unique(world.lots.store[lots]).tolist():
        step = world.program.schedule_of(world.stores.names[store])
        if step is None:
            continue
        rows = np.flatnonzero((world.lots.store[lots] == store) & (first != NONE) & (first <= last))
        until = last if isinstance(last, int) else last[rows]
        add_releases(world, step, lots[rows], (first[rows], until), world.lots.daily[lots[rows]])


def add_releases(
    world: "State", step: "Step", lots: _Numbers, days: tuple[_Numbers | int, _Numbers | int], base: "Column",
    points: "Column | None" = None,
) -> None:  # fmt: skip
    """Write rows of scheduled releases; ``points`` is what was paid of ``base`` where the reserve fell short."""
    from jifen.engine.payments import terms_of

    first, last = days
    orders = world.lots.order[lots]
    start = world.releases.extend(
        len(lots), lot=lots, before=world.lots.last_release[lots], kind=1, first_day=first, last_day=last,
        rule=world.rule_names.number(step.rule.id), version=world.version, base=base,
        points=base if points is None else points, terms=terms_of(world, step.asset),
        kept_then=kept_now(world, lots, orders), returned_then=returned_now(world, lots, orders),
    )  # fmt: skip
    world.lots.last_release[lots] = np.arange(start, start + len(lots))


def kept_now(world: "State", lots: _Numbers, orders: _Numbers) -> "Column":
    """What each lot's order has kept (by lines where it stands on a weighting of them), 0 for one that stays whole."""
    kept = np.where(world.lots.kept_then[lots] == 0, 0, world.orders.kept[orders])
    for at in np.flatnonzero(world.lots.key[lots] != NONE).tolist():
        kept[at] = world.kept(int(orders[at]), int(world.lots.key[lots[at]]))
    return kept


def returned_now(world: "State", lots: _Numbers, orders: _Numbers) -> "Column":
    """What each lot's order has given back under ``upstream: reverse``, weighted like ``kept_now``."""
    returned = np.where(world.lots.kept_then[lots] == 0, 0, world.orders.returned[orders])
    for at in np.flatnonzero(world.lots.key[lots] != NONE).tolist():
        returned[at] = world.returned(int(orders[at]), int(world.lots.key[lots[at]]))
    return returned
