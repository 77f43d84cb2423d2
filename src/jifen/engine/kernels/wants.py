"""What each member of a block wants by a walk: the exact sum of rate × amount, floored once.

Each function finds those of a block who want something: ``block.places`` says who, ``block.wanted`` how much, what it
returns how many. Large amounts are multiplied in two parts, so that nothing wraps around.
"""

from jifen.engine.columns import Column
from jifen.engine.kernels import inlined, lean
from jifen.engine.kernels.divide import MILLION
from jifen.engine.kernels.places import index, span
from jifen.engine.kernels.run_columns import (
    COUNT,
    HEIGHT,
    LEVELS,
    LOWER,
    OFFSET,
    PART,
    Block,
    Bounds,
    Forest,
    Here,
    Rules,
    Stack,
)

__all__ = ["by_generation", "by_own_rank", "by_peer", "by_rank", "climb"]


@inlined
def _note(count: int, place: int, wanted: int, block: Block) -> int:
    """Note what somebody wants, if it is anything; returns how many want something now."""
    block.places[count] = place
    block.wanted[count] = wanted
    return count + index(wanted > 0)


@lean
def climb(ladder: int, here: Here, forest: Forest, stack: Stack, block: Block) -> None:
    """Find who has a rank in a ladder, or descendants who have: what has met which level waits for those above him.

    What descendants have left is a member's entry; it joins the one below it if that waits for the same member.
    """
    levels, at, top, count = forest.levels[ladder], stack.at[ladder], index(stack.top[ladder]), index(0)
    climbers, entries, joins = block.climbers[ladder], block.entries[ladder], block.joins[ladder]
    for place in span(0, here.end - here.first):
        depth = forest.depths[index(here.first) + place]
        if at[top] != depth + 1:
            if levels[index(here.first) + place] == 0:
                continue
            top += index(1)
        at[top] = depth
        climbers[count], entries[count] = place, top
        joins[count] = at[top - index(1)] == depth
        top -= index(joins[count])
        count += index(1)
    block.climbing[ladder], stack.top[ladder] = count, top


@lean
def by_generation(walk: int, here: Here, block: Block, rules: Rules, bounds: Bounds) -> int:
    """A rate for each generation below."""
    part, rates, noted, size = rules.walks[walk, PART], rules.rates[walk], index(0), here.end - here.first
    totals, wanted, whole, largest = block.total[part], block.wanted, block.whole, 0
    for place in span(0, size):
        whole[place] = wanted[place] = 0
        largest = max(largest, totals[place])
    for generation in range(rules.walks[walk, COUNT]):
        near, rate = block.near[part * bounds.generations + generation], rates[generation]
        if largest < bounds.small:
            for place in span(0, size):
                wanted[place] += near[place] * rate
        else:
            for place in span(0, size):
                whole[place] += near[place] // MILLION * rate
                wanted[place] += near[place] % MILLION * rate
    for place in span(0, size):
        noted = _note(noted, place, whole[place] + wanted[place] // MILLION, block)
    return noted


@lean
def by_own_rank(walk: int, here: Here, forest: Forest, block: Block, rules: Rules, bounds: Bounds) -> int:
    """The rate of his own rank for some generations below; without a rank it is nothing."""
    part, rates, noted = index(rules.walks[walk, PART]), rules.rates[walk], index(0)
    first, count = part * index(bounds.generations), index(rules.walks[walk, COUNT])
    levels = forest.levels[rules.walks[walk, LEVELS]]
    for place in span(0, here.end - here.first):
        amount: int = 0
        for generation in span(0, count):
            amount += block.near[first + generation, place]
        rate = rates[index(levels[index(here.first) + place])]
        noted = _note(noted, place, amount // MILLION * rate + amount % MILLION * rate // MILLION, block)
    return noted


@lean
def by_rank(walk: int, here: Here, forest: Forest, work: tuple[Stack, Block], rules: Rules, bounds: Bounds) -> int:
    """What his rank adds to the highest met below him, which it becomes.

    ``met[k]`` is what has met highest level k, ``met[0]`` all that has met any.
    """
    stack, block = work
    rates, cells, noted = rules.rates[walk], index(rules.walks[walk, HEIGHT]), index(0)
    ladder, totals = rules.walks[walk, LEVELS], block.total[rules.walks[walk, PART]]
    levels = forest.levels[ladder]
    met = stack.met[rules.walks[walk, OFFSET] * stack.at.shape[1] :]
    for number in span(0, block.climbing[ladder]):
        place, entry = index(block.climbers[ladder, number]), index(block.entries[ladder, number])
        level, total = index(levels[index(here.first) + place]), totals[place]
        if level > index(0):
            first, mine = entry * cells, rates[level]
            rest = total - met[first]
            whole: int = 0
            parts: int = 0
            if total < bounds.small:
                parts = rest * mine
                for low in span(1, level):
                    parts += met[first + low] * (mine - rates[low])
            else:
                whole, parts = rest // MILLION * mine, rest % MILLION * mine
                for low in span(1, level):
                    amount, step = met[first + low], mine - rates[low]
                    whole += amount // MILLION * step
                    parts += amount % MILLION * step
            for low in span(1, level):
                rest += met[first + low]
                met[first + low] = 0
            met[first + level] += rest
            met[first] = total
            noted = _note(noted, place, whole + parts // MILLION, block)
        if block.joins[ladder, number]:
            _join(entry, cells, met)
    return noted


@lean
def by_peer(walk: int, here: Here, forest: Forest, work: tuple[Stack, Block], rules: Rules, bounds: Bounds) -> int:
    """The award for what arrives with his own level as the highest met, or a higher one.

    ``met[k × (most + 1) + c]`` is what has met highest level k, and since then c peers, ``met[0]`` all that has met
    any; the peer number c of one height gets ``rates[c]``, further ones nothing.
    """
    stack, block = work
    rates, most, noted = rules.rates[walk], rules.walks[walk, COUNT], index(0)
    row, height, lower = index(most + 1), index(rules.walks[walk, HEIGHT]), rules.walks[walk, LOWER]
    ladder, totals = rules.walks[walk, LEVELS], block.total[rules.walks[walk, PART]]
    levels = forest.levels[ladder]
    met = stack.met[rules.walks[walk, OFFSET] * stack.at.shape[1] :]
    for number in span(0, block.climbing[ladder]):
        place, entry = index(block.climbers[ladder, number]), index(block.entries[ladder, number])
        level, total = index(levels[index(here.first) + place]), totals[place]
        if level > index(0):
            first = entry * height * row
            rest = total - met[first]
            whole: int = 0
            parts: int = 0
            for high in span(level, height if lower else level + index(1)):
                for peer in range(most - 1, -1, -1):
                    cell = first + high * row + index(peer)
                    amount = met[cell]
                    whole += amount // MILLION * rates[peer]
                    parts += amount % MILLION * rates[peer]
                    met[cell + index(1)] += amount
                    met[cell] = 0
            for cell in span(first + row, first + level * row):
                rest += met[cell]
                met[cell] = 0
            met[first + level * row] += rest
            met[first] = total
            noted = _note(noted, place, whole + parts // MILLION, block)
        if block.joins[ladder, number]:
            _join(entry, height * row, met)
    return noted


@inlined
def _join(entry: int, cells: int, met: Column) -> None:
    """Add an entry to the one below it."""
    for cell in span((entry - index(1)) * cells, entry * cells):
        met[cell] += met[cell + cells]
        met[cell + cells] = 0
