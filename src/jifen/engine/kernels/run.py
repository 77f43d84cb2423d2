"""The daily run in one pass: scheduled releases, walks up the referral tree, drains of the receivers' lots.

Members are visited after all their descendants, and block by block, so that what is known of a block stays in the
processor's cache: first its lots release, then what descendants have released comes up to each member, then each walk
is paid. All are loops with few branches that cannot be foreseen. A member's lots lie beside one another, oldest first
(see ``layout``).
"""

from jifen.engine.columns import SUM_MAX, Column, Narrow
from jifen.engine.kernels import inlined, lean
from jifen.engine.kernels.places import index, span
from jifen.engine.kernels.run_columns import (
    BY_GENERATION,
    BY_OWN_RANK,
    BY_RANK,
    DRAINS,
    KIND,
    ONLY_HEAD,
    PART,
    PLAIN,
    SEQUENTIAL,
    STORE,
    Block,
    Bounds,
    Forest,
    Here,
    Out,
    Rules,
    Slots,
    Stack,
)
from jifen.engine.kernels.wants import by_generation, by_own_rank, by_peer, by_rank, climb

__all__ = ["add_up", "credit", "drain_lots", "run_day"]


@lean
def run_day(day: int, work: tuple[Bounds, Stack, Block], forest: Forest, lots: Slots, rules: Rules, out: Out) -> None:
    """Run the daily rules over members after whom none of their descendants stands, in ``stack`` those before them."""
    bounds, stack, block = work
    size = len(block.places)
    for first in range(bounds.first, bounds.end, size):
        here = Here(first, min(first + size, bounds.end))
        block.own[:] = 0
        for rule in range(len(rules.schedules)):
            if rules.schedules[rule, SEQUENTIAL]:
                _release_in_turn(day, rule, here, (forest, lots, stack, block), rules, out)
            else:
                _release_together(day, rule, here, (forest, lots, stack, block), rules, out)
        for part in range(bounds.parts):
            if stack.released[part] > bounds.limit:
                out.counts[-1] = 1
                return
        _hand_up(here, forest.depths, stack, block, bounds)
        for ladder in range(len(forest.levels)):
            climb(ladder, here, forest, stack, block)
        for walk in range(len(rules.walks)):
            kind = rules.walks[walk, KIND]
            if kind == BY_GENERATION:
                count = by_generation(walk, here, block, rules, bounds)
            elif kind == BY_OWN_RANK:
                count = by_own_rank(walk, here, forest, block, rules, bounds)
            elif kind == BY_RANK:
                count = by_rank(walk, here, forest, (stack, block), rules, bounds)
            else:
                count = by_peer(walk, here, forest, (stack, block), rules, bounds)
            _pay(day, (walk, first, count), (forest, lots), block, rules, out)


@lean
def _release_together(
    day: int, rule: int, here: Here, world: tuple[Forest, Slots, Stack, Block], rules: Rules, out: Out
) -> None:
    """Release what is due of all lots of a store; ``block.own`` has what those of each member gave.

    Whose a lot is follows from where the lots of each member begin: of several who begin at one slot it is the last's.
    Releases are counted to ``SUM_MAX`` at most, which is beyond any limit: no sum wraps around on the way to it.
    """
    forest, lots, stack, block = world
    starts, part = forest.starts[rules.schedules[rule, STORE]], rules.schedules[rule, PART]
    plain, whose = rules.schedules[rule, PLAIN], block.whose
    first, begin = index(here.first), index(starts[here.first])
    for position in span(here.first, here.end):
        whose[index(starts[position]) - begin] = position - first
    size, total, place = index(out.counts[rule]), stack.released[part], index(0)
    given, owners, points, own = out.lots[rule], out.owners[rule], out.points[rule], block.own[part]
    for slot in span(begin, starts[here.end]):
        place = max(place, index(whose[slot - begin]))
        whose[slot - begin] = 0
        due = _release(day, slot, plain, lots, out)
        given[size] = lots.lot_at[slot]
        owners[size] = forest.members[first + place]
        points[size] = due
        size += index(due > 0)
        counted = min(due, SUM_MAX - total)
        own[place] += counted
        total += counted
    whose[index(starts[here.end]) - begin] = 0
    out.counts[rule], stack.released[part] = size, total


@lean
def _release_in_turn(
    day: int, rule: int, here: Here, world: tuple[Forest, Slots, Stack, Block], rules: Rules, out: Out
) -> None:
    """The same where only each member's oldest live lot releases; after one that was emptied today none does."""
    forest, lots, stack, block = world
    kind, part = rules.schedules[rule, STORE], rules.schedules[rule, PART]
    plain, first = rules.schedules[rule, PLAIN], index(here.first)
    size, total = index(out.counts[rule]), stack.released[part]
    for position in span(here.first, here.end):
        slot = _first_live(day, kind, position, forest, lots)
        if slot < index(forest.starts[kind, position + index(1)]):
            due = _release(day, slot, plain, lots, out)
            out.lots[rule, size] = lots.lot_at[slot]
            out.owners[rule, size] = forest.members[position]
            out.points[rule, size] = due
            size += index(due > 0)
            counted = min(due, SUM_MAX - total)
            block.own[part, position - first] += counted
            total += counted
    out.counts[rule], stack.released[part] = size, total


@inlined
def _release(day: int, slot: int, plain: int, lots: Slots, out: Out) -> int:
    """Release what is due of a lot; returns how much that is."""
    left, daily, since = lots.remaining[slot], lots.daily[slot], lots.run_first[slot]
    waits = (since < 0) & (lots.eligible_from[slot] > day)
    due: int = 0 if waits else min(left, daily)
    lots.remaining[slot] = left - due
    if (due > 0) & ((since < 0) | (due == left)):
        if due == left:
            lots.emptied_on[slot] = day
            if plain:
                full = day if due == daily else day - 1
                place = _end_run(slot, (day if since < 0 else since, full), lots, out)
                out.beyond[place] = 0 if due == daily else due
        elif plain:
            lots.run_first[slot] = day
    return due


@inlined
def _first_live(day: int, kind: int, position: int, forest: Forest, lots: Slots) -> int:
    """The member's first slot that is not empty, or not before today; his end if there is none."""
    slot, end = index(forest.begins[kind, position]), index(forest.starts[kind, position + index(1)])
    if slot < end and lots.remaining[slot] == 0 and lots.emptied_on[slot] != day:
        while slot < end and lots.remaining[slot] == 0 and lots.emptied_on[slot] != day:
            slot += index(1)
        forest.begins[kind, position] = slot
    return slot


@inlined
def _end_run(slot: int, days: tuple[int, int], lots: Slots, out: Out) -> int:
    """Note that a lot no longer releases the same every day; returns the place of the note."""
    place: int = out.counts[-2]
    out.ended[place, 0], out.ended[place, 1], out.ended[place, 2] = lots.lot_at[slot], days[0], days[1]
    out.beyond[place] = 0
    out.counts[-2] = place + 1
    lots.run_first[slot] = -1
    return place


@lean
def _hand_up(here: Here, depths: Narrow, stack: Stack, block: Block, bounds: Bounds) -> None:
    """Find what has come up to each member of a block, and hand it on to the one above him, with his own.

    What waits for somebody at one depth is zero again when he has taken it.
    """
    for part in range(bounds.parts):
        own, waits, came = block.own[part], stack.total[part], block.total[part]
        for place in span(0, here.end - here.first):
            depth = index(depths[index(here.first) + place])
            total = waits[depth + index(1)]
            waits[depth + index(1)] = 0
            waits[depth] += total + own[place]
            came[place] = total
        handed = own
        for generation in range(part * bounds.generations, (part + 1) * bounds.generations):
            waits, came = stack.near[generation], block.near[generation]
            for place in span(0, here.end - here.first):
                depth = index(depths[index(here.first) + place])
                near = waits[depth + index(1)]
                waits[depth + index(1)] = 0
                waits[depth] += handed[place]
                came[place] = near
            handed = came


@lean
def _pay(
    day: int, what: tuple[int, int, int], world: tuple[Forest, Slots], block: Block, rules: Rules, out: Out
) -> None:
    """Take what members of a block want by a walk from their lots, where it drains any.

    ``what`` is (walk, position of the block, how many of it want something).
    """
    walk, first, count = what
    forest, lots = world
    rule, kind, only_head = len(rules.schedules) + walk, rules.walks[walk, DRAINS], rules.walks[walk, ONLY_HEAD]
    for number in span(0, count):
        position, wanted = index(first) + index(block.places[number]), block.wanted[number]
        member, begin, given = forest.members[position], out.counts[rule], wanted
        if kind >= 0:
            slots = _first_live(day, kind, position, forest, lots), index(forest.starts[kind, position + index(1)])
            given = _drain(day, slots, (wanted, only_head), (rule, member), lots, out)
        _note_payment(walk, member, begin, (wanted, given), out)


@inlined
def _note_payment(walk: int, member: int, begin: int, points: tuple[int, int], out: Out) -> None:
    """Note what a member gets by a walk, and what his lots lack; ``points`` is (wanted, given)."""
    wanted, given = points
    payments, lacking = len(out.lots) + walk, len(out.lots) + len(out.wanted) + walk
    payment, lack = index(out.counts[payments]), index(out.counts[lacking])
    out.receivers[walk, payment], out.wanted[walk, payment], out.begins[walk, payment] = member, wanted, begin
    out.lacking[walk, lack], out.asked[walk, lack], out.given[walk, lack] = member, wanted, given
    out.counts[payments] = payment + index(given > 0)
    out.counts[lacking] = lack + index(given < wanted)


@inlined
def _drain(day: int, slots: tuple[int, int], terms: tuple[int, int], by: tuple[int, int], lots: Slots, out: Out) -> int:
    """Take what is wanted from the lots in these slots, oldest first.

    ``terms`` are (wanted, from one live lot only), ``by`` (rule, their owner).
    """
    (wanted, only_head), (rule, owner) = terms, by
    left, place = wanted, index(out.counts[rule])
    for slot in span(slots[0], slots[1]):
        there = lots.remaining[slot]
        if there == 0:
            continue
        taken = min(left, there)
        out.lots[rule, place] = lots.lot_at[slot]
        out.owners[rule, place] = owner
        out.points[rule, place] = taken
        place += index(1)
        left -= taken
        lots.remaining[slot] = there - taken
        if taken == there:
            lots.emptied_on[slot] = day
            if lots.run_first[slot] >= 0:
                _end_run(slot, (lots.run_first[slot], day), lots, out)
        if only_head or left == 0:
            break
    out.counts[rule] = place
    return wanted - left


@lean
def drain_lots(day: int, positions: Column, store: int, forest: Forest, lots: Slots, out: Out) -> None:
    """Take from the lots of members at these positions, in a store, what ``out.wanted`` says of each.

    ``out`` has room for one rule, a walk; ``out.wanted`` then is of those who get something.
    """
    for number in range(len(positions)):
        position, wanted, begin = positions[number], out.wanted[0, number], out.counts[0]
        member = forest.members[position]
        slots = forest.begins[store, position], forest.starts[store, position + 1]
        given = _drain(day, slots, (wanted, 0), (0, member), lots, out)
        _note_payment(0, member, begin, (wanted, given), out)


@lean
def add_up(positions: Column, begins: Narrow, starts: Narrow, remaining: Column, room: Column) -> None:
    """What the lots of members at these positions hold, at most ``SUM_MAX``; the lots of one store."""
    for number in range(len(positions)):
        position, held = positions[number], 0
        for slot in span(begins[position], starts[position + 1]):
            held += min(remaining[slot], SUM_MAX - held)
        room[number] = held


@lean
def credit(balances: Column, owners: Narrow, amounts: Column) -> bool:
    """Add amounts to their owners' balances, up to the first that would be above ``SUM_MAX``; whether all are added."""
    for place in range(len(owners)):
        if balances[owners[place]] > SUM_MAX - amounts[place]:
            return False
        balances[owners[place]] += amounts[place]
    return True
