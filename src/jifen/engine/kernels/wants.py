"""What each member of a block wants by a walk: the exact sum of rate × amount, floored once.

Each function finds those of a block who want something: ``block.places`` says who, ``block.wanted`` how much, what it
returns how many. Large amounts are multiplied in two parts, so that nothing wraps around.
"""

from jifen.engine.columns import Column, Narrow
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

__all__ = ["by_generation", "by_own_rank", "by_peer", "by_rank"]


@inlined
def _note(count: int, place: int, wanted: int, block: Block) -> int:
    """Note what somebody wants, if it is anything; returns how many want something now."""
    block.places[count] = place
    block.wanted[count] = wanted
    return count + index(wanted > 0)


@lean
def by_generation(walk: int, here: Here, block: Block, rules: Rules, bounds: Bounds) -> int:
    """A rate for each generation below."""
    part, rates, noted = index(rules.walks[walk, PART]), rules.rates[walk], index(0)
    first, count = part * index(bounds.generations), index(rules.walks[walk, COUNT])
    for place in span(0, here.end - here.first):
        whole: int = 0
        parts: int = 0
        if block.total[part, place] < bounds.small:
            for generation in span(0, count):
                parts += block.near[first + generation, place] * rates[generation]
        else:
            for generation in span(0, count):
                amount = block.near[first + generation, place]
                whole += amount // MILLION * rates[generation]
                parts += amount % MILLION * rates[generation]
        noted = _note(noted, place, whole + parts // MILLION, block)
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
    part, rates, noted = index(rules.walks[walk, PART]), rules.rates[walk], index(0)
    first, height = index(rules.walks[walk, OFFSET]), index(rules.walks[walk, HEIGHT])
    levels, at, top, met = (
        forest.levels[rules.walks[walk, LEVELS]],
        stack.met_at[walk],
        index(stack.top[walk + 1]),
        stack.met,
    )
    for place in span(0, here.end - here.first):
        depth, level = forest.depths[index(here.first) + place], index(levels[index(here.first) + place])
        some, total = at[top] == depth + 1, block.total[part, place]
        if not some:
            if (level == index(0)) | (total == 0):
                continue
            top += index(1)
        if level > index(0):
            mine, rest = rates[level], total - met[top, first]
            whole: int = 0
            parts: int = 0
            if total < bounds.small:
                parts = rest * mine
                for low in span(1, level):
                    parts += met[top, first + low] * (mine - rates[low])
                    rest += met[top, first + low]
                    met[top, first + low] = 0
            else:
                whole, parts = rest // MILLION * mine, rest % MILLION * mine
                for low in span(1, level):
                    amount, step = met[top, first + low], mine - rates[low]
                    whole += amount // MILLION * step
                    parts += amount % MILLION * step
                    rest += amount
                    met[top, first + low] = 0
            met[top, first + level] += rest
            met[top, first] = total
            noted = _note(noted, place, whole + parts // MILLION, block)
        at[top] = depth
        top = _merged(top, first, first + height, at, met)
    stack.top[walk + 1] = top
    return noted


@lean
def by_peer(walk: int, here: Here, forest: Forest, work: tuple[Stack, Block], rules: Rules, bounds: Bounds) -> int:
    """The award for what arrives with his own level as the highest met, or a higher one.

    ``met[k × (most + 1) + c]`` is what has met highest level k, and since then c peers, ``met[0]`` all that has met
    any; the peer number c of one height gets ``rates[c]``, further ones nothing.
    """
    stack, block = work
    part, rates, noted = index(rules.walks[walk, PART]), rules.rates[walk], index(0)
    first, height, most = index(rules.walks[walk, OFFSET]), index(rules.walks[walk, HEIGHT]), rules.walks[walk, COUNT]
    row, lower = index(most + 1), rules.walks[walk, LOWER]
    levels, at, top, met = (
        forest.levels[rules.walks[walk, LEVELS]],
        stack.met_at[walk],
        index(stack.top[walk + 1]),
        stack.met,
    )
    for place in span(0, here.end - here.first):
        depth, level = forest.depths[index(here.first) + place], index(levels[index(here.first) + place])
        some, total = at[top] == depth + 1, block.total[part, place]
        if not some:
            if (level == index(0)) | (total == 0):
                continue
            top += index(1)
        if level > index(0):
            rest = total - met[top, first]
            if some:
                whole: int = 0
                parts: int = 0
                for high in span(level, height if lower else level + index(1)):
                    for peer in range(most - 1, -1, -1):
                        cell = first + high * row + index(peer)
                        amount = met[top, cell]
                        whole += amount // MILLION * rates[peer]
                        parts += amount % MILLION * rates[peer]
                        met[top, cell + index(1)] += amount
                        met[top, cell] = 0
                noted = _note(noted, place, whole + parts // MILLION, block)
            mine = first + level * row
            for cell in span(first + row, mine):
                rest += met[top, cell]
                met[top, cell] = 0
            met[top, mine] += rest
            met[top, first] = total
        at[top] = depth
        top = _merged(top, first, first + height * row, at, met)
    stack.top[walk + 1] = top
    return noted


@inlined
def _merged(top: int, first: int, end: int, at: Narrow, met: Column) -> int:
    """Add the entry at the top to that below it if both are of one depth; returns the new top, above which is zero."""
    below = top - index(1)
    if at[below] != at[top]:
        return top
    for cell in span(first, end):
        met[below, cell] += met[top, cell]
        met[top, cell] = 0
    return below
