"""Forests of every shape for the tests of the daily run, and the slow, obvious ways to go up and down in them."""

from collections.abc import Iterator
from random import Random

from hypothesis import strategies as st

__all__ = ["SHAPES", "ascent", "forests", "parents", "random_forest", "up"]

SHAPES = ("chain", "star", "any")


@st.composite
def parents(draw: st.DrawFn, count: int) -> list[int]:
    """By member his sponsor, -1 for none, as they join: below one who has joined before."""
    shape = draw(st.sampled_from(SHAPES))
    if shape == "chain":
        return list(range(-1, count - 1))
    if shape == "star":
        return [-1] + [0] * (count - 1) if count else []
    return [draw(st.integers(-1, member - 1)) for member in range(count)]


@st.composite
def forests(draw: st.DrawFn, most: int = 12) -> list[int]:
    """The same after members have moved, so that a sponsor may have joined later than whom he sponsors."""
    found = draw(parents(draw(st.integers(0, most))))
    number = draw(st.permutations(range(len(found)))) if draw(st.booleans()) else range(len(found))
    moved = [-1] * len(found)
    for member, above in enumerate(found):
        moved[number[member]] = -1 if above < 0 else number[above]
    return moved


def random_forest(random: Random, most: int = 14) -> list[int]:
    """The same, drawn at random: large ones as often as small ones."""
    count, shape = random.randint(0, most), random.choice(SHAPES)
    reach = 1 if shape == "chain" else random.randint(1, 6)
    found = [random.randint(max(-1, member - reach), member - 1) for member in range(count)]
    if shape == "star":
        found = [-1 if member == 0 else 0 for member in range(count)]
    number = random.sample(range(count), count) if random.random() < 0.5 else range(count)
    moved = [-1] * count
    for member, above in enumerate(found):
        moved[number[member]] = -1 if above < 0 else number[above]
    return moved


def up(parent: list[int], member: int) -> list[int]:
    """Everyone above a member, nearest first."""
    above = []
    while (member := parent[member]) >= 0:
        above.append(member)
    return above


def ascent(parent: list[int], above: int = -1) -> Iterator[tuple[int, int]]:
    """(member, depth) of everyone below ``above``, the last to join first, each after his descendants."""
    for member, sponsor in reversed(list(enumerate(parent))):
        if sponsor == above:
            yield from ascent(parent, member)
            yield member, len(up(parent, member))
