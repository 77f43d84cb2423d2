"""Runs of equal days: a lot that releases the same in every daily run has no row for it before that ends.

``Lots.run_first`` says since when. The row is written when the lot is empty, or something is about to change that the
row remembers: what is kept of its order, its daily amount, the plan. Who reads a lot's releases ends its run first.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from jifen.engine.columns import Column
from jifen.engine.program import Step
from jifen.engine.state import State
from jifen.engine.tables import NONE

__all__ = ["add_releases", "end", "end_all", "end_runs", "kept_now", "revive"]

_Numbers = npt.NDArray[Any]


def end(world: State, lot: int) -> None:
    """End the run of one lot, if it is in one."""
    lots, last = world.lots, world.released_until
    first = lots.run_first.item(lot)
    if first == NONE:
        return
    lots.run_first[lot] = NONE
    step = world.program.schedule_of(world.stores.names[lots.store.item(lot)])
    if step is None or first > last:
        return
    daily, shrunk = lots.daily.item(lot), lots.shrunk.item(lot)
    lots.last_release[lot] = world.releases.add(
        lot=lot, before=lots.last_release.item(lot), kind=1, first_day=first, last_day=last,
        rule=world.rule_names.number(step.rule.id), version=world.version, base=daily, points=daily,
        terms=world.terms_of(step.asset), kept_then=world.kept_of_lot(lot) if shrunk else 0,
        returned_then=world.returned_of_lot(lot) if shrunk else 0,
    )  # fmt: skip


def revive(world: State, lot: int) -> None:
    """A lot that was empty has something again: it may be its owner's oldest live one, for which newer ones wait."""
    store, member = world.lots.store.item(lot), world.lots.member.item(lot)
    chains = world.chains[store]
    head = chains.head.item(member)
    if head == NONE or lot < head:
        chains.head[member] = lot
    if world.layout is not None:
        world.layout.revive(store, member, world.lots.slot.item(lot))
    for other in world.lots_of(member, store):
        end(world, other)


def end_all(world: State) -> None:
    """End the runs of all lots."""
    lots = world.lots
    end_runs(world, np.flatnonzero(lots.run_first[: lots.size] != NONE), world.released_until)


def end_runs(world: State, lots: _Numbers, last: _Numbers | int) -> None:
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
    world: State, step: Step, lots: _Numbers, days: tuple[_Numbers | int, _Numbers | int], base: Column,
    points: Column | None = None,
) -> None:  # fmt: skip
    """Write rows of scheduled releases; ``points`` is what was paid of ``base`` where the reserve fell short."""
    first, last = days
    kept, returned = kept_now(world, lots)
    start = world.releases.extend(
        len(lots), lot=lots, before=world.lots.last_release[lots], kind=1, first_day=first, last_day=last,
        rule=world.rule_names.number(step.rule.id), version=world.version, base=base,
        points=base if points is None else points, terms=world.terms_of(step.asset),
    )  # fmt: skip
    world.releases.put("kept_then", start, kept)
    world.releases.put("returned_then", start, returned)
    world.lots.last_release[lots] = np.arange(start, start + len(lots))


def kept_now(world: State, lots: _Numbers) -> tuple[Column, Column]:
    """(what each lot's order has kept, what it has given back under ``upstream: reverse``), by lines where it must be.

    Both are 0 while nothing has been given back of it: then it has what it had when the lot was granted.
    """
    kept, returned = np.zeros(len(lots), dtype=np.int64), np.zeros(len(lots), dtype=np.int64)
    table, orders = world.lots, world.orders
    shrunk = np.flatnonzero((table.shrunk[lots] != 0) & (table.kept_then[lots] != 0))
    order, by_lines = table.order[lots[shrunk]], table.key[lots[shrunk]] != NONE
    kept[shrunk], returned[shrunk] = orders.kept[order], orders.returned[order]
    for at in shrunk[by_lines].tolist():
        kept[at], returned[at] = world.kept_of_lot(int(lots[at])), world.returned_of_lot(int(lots[at]))
    return kept, returned
