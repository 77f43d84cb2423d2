"""What the daily run works on: members and lots by position and slot, rules as numbers, room for what it finds."""

from typing import NamedTuple

import numpy as np

from jifen.engine.columns import Column, Narrow

__all__ = [
    "BLOCK", "BY_GENERATION", "BY_OWN_RANK", "BY_PEER", "BY_RANK", "COUNT", "DRAINS", "HEIGHT", "KIND", "LEVELS",
    "LOWER", "OFFSET", "ONLY_HEAD", "PART", "PLAIN", "SCHEDULE_FIELDS", "SEQUENTIAL", "STORE", "WALK_FIELDS", "Block",
    "Bounds", "Forest", "Here", "Out", "Rules", "Slots", "Stack",
]  # fmt: skip

PART, STORE, SEQUENTIAL, PLAIN = range(4)
SCHEDULE_FIELDS = 4
"""Of a schedule: its part, its store, whether only the oldest live lot releases, whether it is the same every day."""

DRAINS, KIND, COUNT, HEIGHT, ONLY_HEAD, LEVELS, LOWER, OFFSET = range(1, 9)
WALK_FIELDS = 9
"""Of a walk: its part, the store it drains or -1, its kind, how many generations or peers and how many levels it has,
whether only the oldest live lot gives, its row of levels or -1, whether lower ones are peers, its place in ``met``."""

BY_GENERATION, BY_RANK, BY_PEER, BY_OWN_RANK = range(4)
"""Kinds of walks."""


class Bounds(NamedTuple):
    """How far a pass goes, and how much there can be of everything."""

    first: int
    """Position."""
    end: int
    deepest: int
    parts: int
    generations: int
    width: int
    """Of what has met which level."""
    small: int
    """Below which total every amount may be multiplied by its rate and added up."""
    limit: int
    """All releases of a part together may not be more; half of ``SUM_MAX`` at most."""


class Forest(NamedTuple):
    """Members by position."""

    members: Narrow
    depths: Narrow
    levels: Narrow
    """By row and position: 0 for no rank."""
    starts: Narrow
    """By store and position, the slot of the first lot; one more for the end."""
    begins: Narrow
    """The same without lots that were found empty."""


class Slots(NamedTuple):
    """Lots by slot."""

    remaining: Column
    daily: Column
    eligible_from: Narrow
    run_first: Narrow
    lot_at: Narrow
    """The number of each."""
    emptied_on: Narrow


class Out(NamedTuple):
    """Room for what a pass finds out. Rules are the schedules, then the walks.

    ``counts`` says how much there is: by rule, of ``receivers`` and of ``lacking`` by walk, of ended runs, and last
    whether releases are beyond the limit.
    """

    lots: Narrow
    """By rule: the lots that give; ``owners`` is whose they are, ``points`` how much they give."""
    owners: Narrow
    points: Column
    receivers: Narrow
    """By walk: who gets something; ``wanted`` is how much he wants, from place ``begins`` on lots give it."""
    wanted: Column
    begins: Narrow
    lacking: Narrow
    """By walk: whose lots give less than he wants; ``asked`` is how much he wants, ``given`` what they give."""
    asked: Column
    given: Column
    ended: Narrow
    """(lot, first day, last full day) of lots that no longer give the same every day; ``beyond`` is what they gave
    today instead."""
    beyond: Column
    counts: Column

    @classmethod
    def of(cls, schedules: int, walks: int, members: int, slots: int) -> "Out":
        """Make room for all that these can give; of memory only what is used is taken."""
        rules, most = schedules + walks, members + slots
        return cls(
            lots=np.empty((rules, most), dtype=np.int32), owners=np.empty((rules, most), dtype=np.int32),
            points=np.empty((rules, most), dtype=np.int64), receivers=np.empty((walks, members), dtype=np.int32),
            wanted=np.empty((walks, members), dtype=np.int64), begins=np.empty((walks, members), dtype=np.int32),
            lacking=np.empty((walks, members), dtype=np.int32), asked=np.empty((walks, members), dtype=np.int64),
            given=np.empty((walks, members), dtype=np.int64), ended=np.empty((slots, 3), dtype=np.int32),
            beyond=np.empty(slots, dtype=np.int64), counts=np.zeros(rules + 2 * walks + 2, dtype=np.int64),
        )  # fmt: skip


class Stack(NamedTuple):
    """What waits for members further up: of releases by depth, zero after it was taken; of ranks by entry.

    An entry is of one depth; entry 0 is of none, what is above the top is zero.
    """

    released: Column
    """By part, what all members have released."""
    near: Column
    """By part and generation, and depth: what those who stand there and those below them have released."""
    total: Column
    """By part and depth: what they and all their descendants have."""
    top: Column
    """By ladder, the last entry in use."""
    at: Narrow
    """By ladder and entry, the depth of those who left it: there are only entries of those with a rank among them."""
    met: Column
    """How much of the total has met which highest level so far: by walk from its place on, entry and cell."""

    @classmethod
    def of(cls, bounds: Bounds, ladders: int) -> "Stack":
        """Make room; of memory only what is used is taken."""
        room, near = bounds.deepest + 3, bounds.parts * bounds.generations
        stack = cls(
            released=np.zeros(bounds.parts, dtype=np.int64), near=np.zeros((near, room), dtype=np.int64),
            total=np.zeros((bounds.parts, room), dtype=np.int64), top=np.zeros(ladders, dtype=np.int64),
            at=np.zeros((ladders, room), dtype=np.int32), met=np.zeros(bounds.width * room, dtype=np.int64),
        )  # fmt: skip
        stack.at[:, 0] = -1
        return stack


class Rules(NamedTuple):
    """The daily rules as numbers."""

    schedules: Column
    """A row of ``SCHEDULE_FIELDS`` each."""
    walks: Column
    """A row of ``WALK_FIELDS`` each."""
    rates: Column
    """By walk: the rate of each generation, level or peer."""


class Here(NamedTuple):
    """A block of members."""

    first: int
    """Position."""
    end: int


BLOCK = 1024
"""So many members are a block: what is found out about them stays in the processor's nearest cache."""


class Block(NamedTuple):
    """What is found out about the members of a block, by their places in it; as many as there is room for."""

    own: Column
    """By part, what each has released."""
    near: Column
    """By part and generation, what those so far below each have released."""
    total: Column
    """By part, what all descendants of each have."""
    whose: Narrow
    """Where a member's lots begin, his place, else 0; by slot of the block. It is zero after use."""
    climbers: Narrow
    """By ladder, who has a rank or somebody below who has; ``entries`` is what those have left, ``joins`` whether it
    joins the entry below it, ``climbing`` by ladder how many there are."""
    entries: Narrow
    joins: Narrow
    climbing: Column
    places: Narrow
    """Who wants something by the walk looked at; ``wanted`` is how much."""
    wanted: Column
    whole: Column
    """Of what somebody may want, what is above the millionths in ``wanted``."""

    @classmethod
    def of(cls, bounds: Bounds, ladders: int, slots: int, size: int = BLOCK) -> "Block":
        """Make room; of memory only what is used is taken."""
        climbers, entries, joins = np.empty((3, ladders, size), dtype=np.int32)
        return cls(
            own=np.empty((bounds.parts, size), dtype=np.int64), total=np.empty((bounds.parts, size), dtype=np.int64),
            near=np.empty((bounds.parts * bounds.generations, size), dtype=np.int64),
            whose=np.zeros(slots + 1, dtype=np.int32), climbers=climbers, entries=entries, joins=joins,
            climbing=np.zeros(ladders, dtype=np.int64), places=np.empty(size, dtype=np.int32),
            wanted=np.empty(size, dtype=np.int64), whole=np.empty(size, dtype=np.int64),
        )  # fmt: skip
