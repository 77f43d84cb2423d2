"""Phases 3 and 4 of a run: scheduled releases and the walks over them, found in one pass over all members.

The rules are turned into rows of numbers for the kernel (``kernels/run``), and what it finds into phases.
"""

from dataclasses import dataclass

import numpy as np

from jifen.core.errors import ensure
from jifen.core.micros import MICRO
from jifen.engine import runs
from jifen.engine.columns import SUM_MAX, Column, Narrow
from jifen.engine.kernels import run as kernel
from jifen.engine.kernels import run_columns as columns
from jifen.engine.layout import Layout
from jifen.engine.phases import Phase
from jifen.engine.pieces import THREADS, cut, run_pieces
from jifen.engine.program import Step
from jifen.engine.tables import NONE
from jifen.engine.walks import generation_rates, peer_rate
from jifen.engine.world import World
from jifen.plan.model import Lots

__all__ = ["Ended", "Found", "Walked", "drain_lots", "room_of", "run_pass"]

_KINDS = {
    "generation": columns.BY_GENERATION, "rank": columns.BY_RANK, "peer": columns.BY_PEER,
    "own_rank": columns.BY_OWN_RANK,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ended:
    """Runs of equal days that have ended: the lot, its first day and last full one, what it gave today beyond them.

    In which order they are found depends on where blocks and pieces begin.
    """

    lots: Narrow
    first: Narrow
    full: Narrow
    beyond: Column


@dataclass(frozen=True, slots=True)
class Walked:
    """What a walk wanted from lots that did not give all of it, by receiver, and what they gave."""

    step: Step
    receivers: Narrow
    wanted: Column
    given: Column


@dataclass(frozen=True, slots=True)
class Found:
    """What a pass has found: a phase for each rule, schedules first."""

    phases: list[Phase]
    walks: list[Walked]
    """Those that drain lots."""
    ended: Ended


def run_pass(world: World, threads: int = THREADS) -> Found:
    """Let all lots release that are due, and take what the walks over it want from lots.

    What is found does not depend on how many threads there are; small worlds have one.
    """
    schedules = world.program.schedules
    parts = list(dict.fromkeys(step.rule.part for step in schedules))
    walks = tuple(step for step in world.program.walks if step.rule.part in parts)
    layout = world.laid_out()
    rules, width = _rules(world, layout, schedules, walks, parts)
    bounds = _bounds(layout, rules, width)
    out = columns.Out.of(len(schedules), len(walks), world.members.size, world.lots.size)
    forest = columns.Forest(layout.members, layout.depths, _levels(world, layout, walks), layout.starts, layout.begins)
    slots = _slots_of(world, _due_today(world))
    run_pieces(world.open_day, cut(layout, threads), bounds, (forest, slots), rules, out)
    ensure(out.counts[-1] == 0, "a day's releases add up beyond 64 bits")
    world.released_until = world.open_day
    ended = out.ended[: out.counts[-2]]
    return Found(
        [_phase(world, layout, out, step, place) for place, step in enumerate((*schedules, *walks))],
        [_walked(out, step, place) for place, step in enumerate(walks) if _drains(step)],
        Ended(ended[:, 0], ended[:, 1], ended[:, 2], out.beyond[: len(ended)]),
    )


def _phase(world: World, layout: Layout, out: columns.Out, step: Step, rule: int) -> Phase:
    """What a rule has found."""
    count, terms = out.counts.item(rule), world.terms_of(step.asset)
    given = out.owners[rule, :count], out.lots[rule, :count], out.points[rule, :count]
    walk = rule - len(out.lots) + len(out.receivers)
    if walk < 0:
        return Phase.scheduled(step, terms, given, by_day=_in_parts(world, world.stores.numbers[step.schedule.lots]))
    paid = out.counts.item(len(out.lots) + walk)
    wanted = out.wanted[walk, :paid]
    if not _drains(step):
        return Phase.without_lots(step, terms, out.receivers[walk, :paid], wanted, wanted)
    owners, lots, points = given
    return Phase(step, terms, owners, lots, points, points, wanted, out.begins[walk, :paid])


def _walked(out: columns.Out, step: Step, walk: int) -> Walked:
    """What lots did not give of a walk."""
    count = out.counts.item(len(out.lots) + len(out.wanted) + walk)
    return Walked(step, out.lacking[walk, :count], out.asked[walk, :count], out.given[walk, :count])


def _drains(step: Step) -> bool:
    """Whether what a walk pays is taken out of the receivers' lots."""
    return step.rule.gate is not None and step.rule.gate.drain is not None


def drain_lots(world: World, step: Step, positions: Column, wanted: Column) -> Phase:
    """Take what members at these positions want from their lots: the phase of a rule that divides a pool.

    The caller says the terms.
    """
    layout, store = world.laid_out(), world.stores.numbers[step.drains]
    out = columns.Out.of(0, 1, len(positions), world.lots.size)
    out.wanted[0] = wanted
    forest = columns.Forest(
        layout.members, layout.depths, np.zeros((0, 0), dtype=np.int32), layout.starts, layout.begins
    )
    slots = _slots_of(world, world.lots.daily.data)
    kernel.drain_lots(world.open_day, positions, layout.stores[store], forest, slots, out)
    ended = out.ended[: out.counts[-2]]
    lots = ended[:, 0]
    world.lots.run_first[lots] = ended[:, 1]
    runs.end_runs(world, lots, world.released_until)
    count, paid = out.counts[:2].tolist()
    points = out.points[0, :count]
    return Phase(
        step, NONE, out.owners[0, :count], out.lots[0, :count], points, points, out.wanted[0, :paid],
        out.begins[0, :paid],
    )  # fmt: skip


def room_of(world: World, store: int, positions: Column) -> Column:
    """What the lots of members at these positions in a store still hold, ``SUM_MAX`` where it is more."""
    layout, room = world.laid_out(), np.empty(len(positions), dtype=np.int64)
    place = layout.stores[store]
    kernel.add_up(positions, layout.begins[place], layout.starts[place], world.lots.remaining.data, room)
    return room


def _slots_of(world: World, daily: Column) -> columns.Slots:
    """The lots as kernels take them; ``daily`` is what each of them is due today, by slot."""
    lots, layout = world.lots, world.laid_out()
    return columns.Slots(
        lots.remaining.data, daily, lots.eligible_from.data, lots.run_first.data, layout.lot_at, lots.emptied_on.data
    )


def _due_today(world: World) -> Column:
    """By slot, what a lot releases today if it still has that much.

    Batch k of a lot in ``parts`` comes k × ``every`` days after its grant: ⌊granted ÷ parts⌋, from the last one on all
    that is left, again every so many days until nothing is.
    """
    lots, count = world.lots, world.lots.size
    if not any(_in_parts(world, store) for store in world.chains):
        return lots.daily.data
    batched = np.flatnonzero(lots.parts[:count] > 0)
    batch, off = np.divmod(world.open_day - lots.day[batched], lots.every[batched])
    parts = lots.parts[batched]
    part = np.where(batch < parts, lots.granted[batched] // parts, lots.remaining[batched])
    due: Column = lots.daily.data.copy()
    due[lots.slot[batched]] = np.where((off == 0) & (batch > 0), part, 0)
    return due


def _in_parts(world: World, store: int) -> bool:
    """Whether some version has granted lots of a store with batches."""
    return any(program.in_parts(world.stores.names[store]) for program in world.programs)


def _rules(
    world: World, layout: Layout, schedules: tuple[Step, ...], walks: tuple[Step, ...], parts: list[int]
) -> tuple[columns.Rules, int]:
    """The rules as rows of numbers, and how wide a row of what has met which level must be."""
    rows = np.zeros((len(schedules), columns.SCHEDULE_FIELDS), dtype=np.int64)
    for place, step in enumerate(schedules):
        number = world.stores.numbers[step.schedule.lots]
        kind = world.program.plan.stores[step.schedule.lots]
        sequential = isinstance(kind, Lots) and kind.mode == "sequential"
        rows[place] = parts.index(step.rule.part), layout.stores[number], sequential, not _in_parts(world, number)
    rates = [_rates(world, step) for step in walks]
    table = np.zeros((len(walks), max(map(len, rates), default=1)), dtype=np.int64)
    ladders = list(dict.fromkeys(filter(None, map(_ladder_of, walks))))
    walk_rows, width = np.zeros((len(walks), columns.WALK_FIELDS), dtype=np.int64), 1
    for place, step in enumerate(walks):
        table[place, : len(rates[place])] = rates[place]
        who, gate = step.walk, step.rule.gate
        drains = NONE if gate is None or gate.drain is None else layout.stores[world.stores.numbers[gate.drain]]
        ladder = world.program.ladders.get(who.ranks or "")
        height = 0 if ladder is None else len(ladder.rates)
        count = {"generation": len(rates[place]), "own_rank": who.depth or 0, "peer": who.most}.get(who.by, 0)
        level = NONE if who.by == "generation" else ladders.index(_ladder_of(step) or ("", False))
        lower, only_head = who.applies == "equal_or_lower", gate is not None and gate.spill == "forfeit"
        part = parts.index(step.rule.part)
        walk_rows[place] = part, drains, _KINDS[who.by], count, height, only_head, level, lower, width
        width += {"rank": height, "peer": height * (who.most + 1)}.get(who.by, 0)
    return columns.Rules(rows, walk_rows, table), width


def _rates(world: World, step: Step) -> list[int]:
    """The rates of a walk: of each generation, level of the ladder, peer, or place in the ladder (0: no rank)."""
    who, amount = step.walk, step.share
    if who.by == "generation":
        return list(generation_rates(step))
    ladder = world.program.ladders[who.ranks or ""]
    if who.by == "own_rank":
        return [0, *(ladder.column_at(place, amount.column or "rate") for place in range(len(ladder.levels)))]
    return list(ladder.rates) if who.by == "rank" else [peer_rate(amount, peer) for peer in range(who.most)]


def _ladder_of(step: Step) -> tuple[str, bool] | None:
    """By which ladder a walk goes, and whether by each rank's own row of it (else by the distinct rates)."""
    who = step.walk
    return None if who.by == "generation" else (who.ranks or "", who.by == "own_rank")


def _levels(world: World, layout: Layout, walks: tuple[Step, ...]) -> Narrow:
    """By ladder that a walk goes by, and position: the level of the member's rank, 0 for no rank.

    It is kept; only those are looked at again whose rank has changed since.
    """
    anew, ladders = layout.levels is None, list(dict.fromkeys(filter(None, map(_ladder_of, walks))))
    if layout.levels is None:
        layout.levels = np.zeros((len(ladders), len(layout.members)), dtype=np.int32)
    changed = np.array(sorted(world.reranked), dtype=np.int32)
    for row, (name, own) in enumerate(ladders):
        ladder, earned = world.program.ladders[name], world.ladders[name].earned
        height = [*(ladder.places.get(rank, -1) + 1 for rank in world.rank_names.names), 0]
        level = [0, *(range(1, len(ladder.levels) + 1) if own else ladder.levels)]
        heights, levels = np.array(height, dtype=np.int32), np.array(level, dtype=np.int32)
        if anew:
            layout.levels[row] = layout.levels_of(earned, world.members.appointed, (heights, levels))
        else:
            ranks = earned[changed], world.members.appointed[changed]
            layout.levels[row, layout.positions[changed]] = levels[np.maximum(*(heights[rank] for rank in ranks))]
    world.reranked.clear()
    return layout.levels


def _bounds(layout: Layout, rules: columns.Rules, width: int) -> columns.Bounds:
    """How much there can be; sums stay so small that no rate can take one out of 64 bits."""
    steepest = int(rules.rates.sum(axis=1).max(initial=0))
    counts = int(rules.walks[:, columns.COUNT].max(initial=1))
    return columns.Bounds(
        first=0, end=len(layout.members), deepest=int(layout.depths.max(initial=0)),
        parts=int(rules.schedules[:, columns.PART].max(initial=0)) + 1, generations=max(counts, 1), width=width,
        small=SUM_MAX // max(steepest, 1), limit=SUM_MAX // (steepest // MICRO + max(counts, 1) + 1),
    )  # fmt: skip
