"""The daily run in one pass: scheduled releases, walks up the referral tree, drains of the receivers' lots.

Members are visited in reverse preorder, so that all descendants of a member come before him. What they hand up waits on
a stack with an entry for each depth at which something waits, so the pass costs the same whatever the forest's shape. A
member's lots lie beside one another, oldest first (see ``layout``).
"""

from jifen.engine.columns import SUM_MAX, Column, Narrow
from jifen.engine.kernels import inlined, lean
from jifen.engine.kernels.divide import MILLION
from jifen.engine.kernels.run_columns import (
    BY_GENERATION,
    BY_OWN_RANK,
    BY_RANK,
    COUNT,
    DRAINS,
    HEIGHT,
    KIND,
    LEVELS,
    LOWER,
    OFFSET,
    ONLY_HEAD,
    PART,
    PLAIN,
    SEQUENTIAL,
    STORE,
    Bounds,
    Forest,
    Here,
    Out,
    Rules,
    Slots,
    Stack,
)  # fmt: skip

__all__ = ["credit", "drain_lots", "run_day"]


@lean
def run_day(day: int, work: tuple[Bounds, Stack], forest: Forest, lots: Slots, rules: Rules, out: Out) -> None:
    """Run the daily rules over whole trees."""
    bounds, stack = work
    top = -1
    for part in range(bounds.parts):
        stack.released[part] = 0
    for position in range(bounds.end - 1, bounds.first - 1, -1):
        depth = forest.depths[position]
        some = _release(day, position, (forest, lots), rules, stack, out)
        if some and _too_much(stack, bounds):
            out.counts[-1] = 1
            return
        if top >= 0 and stack.at[top] == depth + 1:
            _look_at_rank(stack, top, forest.levels, position)
            for walk in range(len(rules.walks)):
                row = rules.walks[walk, LEVELS]
                level = forest.levels[row, position] if row >= 0 else 0
                if level > 0 or rules.walks[walk, KIND] == BY_GENERATION:
                    here = Here(walk, position, level, top)
                    wanted = _wanted(here, rules, stack, bounds)
                    if wanted > 0:
                        _pay(day, here, wanted, (forest, lots), rules, out)
            top = _hand_up(stack, top, depth, bounds)
        elif some:
            if top < 0 or stack.at[top] != depth:
                top += 1
                _open(stack, top, depth, bounds)
            _add_own(stack, top, bounds)


@inlined
def _release(day: int, position: int, world: tuple[Forest, Slots], rules: Rules, stack: Stack, out: Out) -> bool:
    """Release what is due of a member's lots; ``stack.own`` is then what they gave. Returns whether they gave any.

    What they gave is counted to ``SUM_MAX`` at most, which is beyond any limit: no sum wraps around on the way to it.
    """
    forest, lots = world
    for part in range(len(stack.own)):
        stack.own[part] = 0
    some = False
    for rule in range(len(rules.schedules)):
        kind, sequential = rules.schedules[rule, STORE], rules.schedules[rule, SEQUENTIAL]
        plain = rules.schedules[rule, PLAIN]
        slot, end = _first_live(day, (kind, position), sequential, forest, lots)
        size, released = out.counts[rule], 0
        while slot < end:
            left, due, since = lots.remaining[slot], lots.daily[slot], lots.run_first[slot]
            if left == 0:
                if sequential and lots.emptied_on[slot] == day:
                    break
            else:
                if since >= 0 or (lots.eligible_from[slot] <= day and due > 0):
                    if due >= left:
                        lots.emptied_on[slot] = day
                        if plain:
                            full = day if due == left else day - 1
                            place = _end_run(slot, (day if since < 0 else since, full), lots, out)
                            out.beyond[place] = 0 if due == left else left
                        due = left
                    elif since < 0 and plain:
                        lots.run_first[slot] = day
                    lots.remaining[slot] = left - due
                    out.lots[rule, size] = lots.lot_at[slot]
                    out.owners[rule, size] = forest.members[position]
                    out.points[rule, size] = due
                    size += 1
                    released += min(due, SUM_MAX - released)
                if sequential:
                    break
            slot += 1
        out.counts[rule] = size
        if released > 0:
            part = rules.schedules[rule, PART]
            stack.own[part] += min(released, SUM_MAX - stack.own[part])
            some = True
    return some


@inlined
def _too_much(stack: Stack, bounds: Bounds) -> bool:
    """Whether all releases so far are beyond what can be added up."""
    found = False
    for part in range(bounds.parts):
        stack.released[part] += stack.own[part]
        found = found or stack.released[part] > bounds.limit
    return found


@inlined
def _first_live(day: int, where: tuple[int, int], sequential: int, forest: Forest, lots: Slots) -> tuple[int, int]:
    """The member's first slot that is not empty (or not before today, where lots release in turn), and his end."""
    kind, position = where
    slot, end = forest.begins[kind, position], forest.starts[kind, position + 1]
    if slot < end and lots.remaining[slot] == 0:
        while slot < end and lots.remaining[slot] == 0:
            if sequential and lots.emptied_on[slot] == day:
                break
            slot += 1
        forest.begins[kind, position] = slot
    return slot, end


@inlined
def _end_run(slot: int, days: tuple[int, int], lots: Slots, out: Out) -> int:
    """Note that a lot no longer releases the same every day; returns the place of the note."""
    place: int = out.counts[-2]
    out.ended[place, 0], out.ended[place, 1], out.ended[place, 2] = lots.lot_at[slot], days[0], days[1]
    out.beyond[place] = 0
    out.counts[-2] = place + 1
    lots.run_first[slot] = -1
    return place


@inlined
def _look_at_rank(stack: Stack, top: int, levels: Narrow, position: int) -> None:
    """From the first member with a rank on an entry says what has met which level."""
    if stack.ranked[top]:
        return
    for row in range(len(levels)):
        if levels[row, position] > 0:
            stack.ranked[top] = 1
    if stack.ranked[top]:
        for place in range(stack.met.shape[1]):
            stack.met[top, place] = 0


@inlined
def _wanted(here: Here, rules: Rules, stack: Stack, bounds: Bounds) -> int:
    """What a member wants by a walk: the exact sum of rate × amount, floored once."""
    walk, top = here.walk, here.top
    part, kind = rules.walks[walk, PART], rules.walks[walk, KIND]
    first, count = part * bounds.generations, rules.walks[walk, COUNT]
    whole: int = 0
    parts: int = 0
    if kind == BY_GENERATION:
        if stack.total[top, part] < bounds.small:
            for generation in range(count):
                parts += stack.near[top, first + generation] * rules.rates[walk, generation]
        else:
            for generation in range(count):
                whole += stack.near[top, first + generation] // MILLION * rules.rates[walk, generation]
                parts += stack.near[top, first + generation] % MILLION * rules.rates[walk, generation]
        return whole + parts // MILLION
    if kind == BY_OWN_RANK:
        amount: int = 0
        rate: int = rules.rates[walk, here.level]
        for generation in range(count):
            amount += stack.near[top, first + generation]
        return amount // MILLION * rate + amount % MILLION * rate // MILLION
    return _team(here, rules, stack) if kind == BY_RANK else _peers(here, rules, stack)


@lean
def _team(here: Here, rules: Rules, stack: Stack) -> int:
    """What his rank adds to the highest met below him, which it becomes.

    ``met[offset + k]`` is what has met highest level k; level 0 is the rest of the total.
    """
    walk, level, top = here.walk, here.level, here.top
    first, mine = rules.walks[walk, OFFSET], rules.rates[walk, level]
    total = stack.total[top, rules.walks[walk, PART]]
    for high in range(1, rules.walks[walk, HEIGHT]):
        total -= stack.met[top, first + high]
    whole: int = total // MILLION * mine
    parts: int = total % MILLION * mine
    stack.met[top, first + level] += total
    for low in range(1, level):
        amount = stack.met[top, first + low]
        if amount:
            step = mine - rules.rates[walk, low]
            whole += amount // MILLION * step
            parts += amount % MILLION * step
            stack.met[top, first + level] += amount
            stack.met[top, first + low] = 0
    return whole + parts // MILLION


@lean
def _peers(here: Here, rules: Rules, stack: Stack) -> int:
    """The award for what arrives with his own level as the highest met, or a higher one.

    ``met[offset + k × (most + 1) + c]`` is what has met highest level k, and since then c peers; the peer number c of
    one height gets ``rates[c]``, further ones nothing.
    """
    walk, level, top, met = here.walk, here.level, here.top, stack.met
    first, most, height = rules.walks[walk, OFFSET], rules.walks[walk, COUNT], rules.walks[walk, HEIGHT]
    row = most + 1
    total = stack.total[top, rules.walks[walk, PART]]
    for place in range(first + row, first + height * row):
        total -= met[top, place]
    whole: int = 0
    parts: int = 0
    for high in range(level, height if rules.walks[walk, LOWER] else level + 1):
        for peers in range(most - 1, -1, -1):
            place = first + high * row + peers
            amount = met[top, place]
            whole += amount // MILLION * rules.rates[walk, peers]
            parts += amount % MILLION * rules.rates[walk, peers]
            met[top, place + 1] += amount
            met[top, place] = 0
    mine = first + level * row
    met[top, mine] += total
    for place in range(first + row, mine):
        met[top, mine] += met[top, place]
        met[top, place] = 0
    return whole + parts // MILLION


@inlined
def _open(stack: Stack, top: int, depth: int, bounds: Bounds) -> None:
    """Begin an entry."""
    stack.at[top], stack.ranked[top] = depth, 0
    for place in range(bounds.parts * bounds.generations):
        stack.near[top, place] = 0
    for part in range(bounds.parts):
        stack.total[top, part] = 0


@inlined
def _add_own(stack: Stack, top: int, bounds: Bounds) -> None:
    """Add what the member looked at has released himself."""
    for part in range(bounds.parts):
        stack.near[top, part * bounds.generations] += stack.own[part]
        stack.total[top, part] += stack.own[part]


@inlined
def _hand_up(stack: Stack, top: int, depth: int, bounds: Bounds) -> int:
    """What has come up to a member goes on to the one above him, with his own; returns the new top."""
    parts, generations = bounds.parts, bounds.generations
    for part in range(parts):
        for place in range((part + 1) * generations - 1, part * generations, -1):
            stack.near[top, place] = stack.near[top, place - 1]
        stack.near[top, part * generations] = 0
    stack.at[top] = depth
    _add_own(stack, top, bounds)
    below = top - 1
    if below < 0 or stack.at[below] != depth:
        return top
    for place in range(parts * generations):
        stack.near[below, place] += stack.near[top, place]
    for part in range(parts):
        stack.total[below, part] += stack.total[top, part]
    if stack.ranked[top]:
        for place in range(bounds.width):
            stack.met[below, place] = stack.met[top, place] + (stack.met[below, place] if stack.ranked[below] else 0)
        stack.ranked[below] = 1
    return below


@inlined
def _pay(day: int, here: Here, wanted: int, world: tuple[Forest, Slots], rules: Rules, out: Out) -> None:
    """Take what a member wants by a walk from his lots, where it drains any."""
    forest, lots = world
    walk = here.walk
    rule, kind = len(rules.schedules) + walk, rules.walks[walk, DRAINS]
    payment = out.counts[len(out.lots) + walk]
    out.counts[len(out.lots) + walk] = payment + 1
    out.receivers[walk, payment] = forest.members[here.position]
    out.wanted[walk, payment] = wanted
    out.begins[walk, payment] = out.counts[rule]
    given = 0
    if kind >= 0:
        span = forest.begins[kind, here.position], forest.starts[kind, here.position + 1]
        given = _drain(
            day, span, (wanted, rules.walks[walk, ONLY_HEAD]), (rule, forest.members[here.position]), lots, out
        )
    out.given[walk, payment] = given


@inlined
def _drain(day: int, span: tuple[int, int], terms: tuple[int, int], by: tuple[int, int], lots: Slots, out: Out) -> int:
    """Take what is wanted from the lots in these slots, oldest first.

    ``terms`` are (wanted, from one live lot only), ``by`` (rule, their owner).
    """
    (wanted, only_head), (rule, owner) = terms, by
    left, place = wanted, out.counts[rule]
    for slot in range(span[0], span[1]):
        there = lots.remaining[slot]
        if there == 0:
            continue
        taken = min(left, there)
        out.lots[rule, place] = lots.lot_at[slot]
        out.owners[rule, place] = owner
        out.points[rule, place] = taken
        place += 1
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
def drain_lots(day: int, positions: Narrow, store: int, forest: Forest, lots: Slots, out: Out) -> None:
    """Take from the lots of members at these positions, in a store, what ``out.wanted`` says of each.

    ``out`` has room for one rule, a walk.
    """
    for payment in range(len(positions)):
        position = positions[payment]
        member = forest.members[position]
        out.receivers[0, payment] = member
        out.begins[0, payment] = out.counts[0]
        span = forest.begins[store, position], forest.starts[store, position + 1]
        out.given[0, payment] = _drain(day, span, (out.wanted[0, payment], 0), (0, member), lots, out)
    out.counts[1] = len(positions)


@lean
def credit(balances: Column, owners: Narrow, amounts: Column) -> bool:
    """Add amounts to their owners' balances, up to the first that would be above ``SUM_MAX``; whether all are added."""
    for place in range(len(owners)):
        if balances[owners[place]] > SUM_MAX - amounts[place]:
            return False
        balances[owners[place]] += amounts[place]
    return True
