"""Networks 推荐关系 and what they have bought, as of the last close: from the snapshot that the lots are read from."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from jifen.core.errors import InputError, Problem
from jifen.engine import World
from jifen.engine.teams import Generation, Legs, Teams
from jifen.service.reads import LotReader

__all__ = ["GENERATIONS", "UPWARDS", "Network", "NetworkReader", "Node"]

GENERATIONS, UPWARDS = 10, 100
"""Generations below that are told one by one, and sponsors above."""


@dataclass(frozen=True, slots=True)
class Node:
    """A member and the team below, amounts in micro-units net of refunds."""

    member: str
    joined: date
    rank: str | None
    direct: int
    size: int
    own: int
    sales: int


@dataclass(frozen=True, slots=True)
class Network:
    """The tree as of the start of ``world.open_day``."""

    world: World
    teams: Teams
    _lock: threading.Lock

    def node(self, member: str) -> Node:
        """A member; ``InputError`` (``unknown_member``) for one whom the closed days do not know."""
        return self._nodes([self._row(member)])[0]

    def direct(self, member: str, first: int, count: int) -> list[Node]:
        """Some of the direct referrals, in the order in which they joined."""
        return self._nodes(self.teams.direct(self._row(member))[first : first + count])

    def above(self, member: str) -> list[Node]:
        """The sponsor, the sponsor's sponsor, and so on."""
        return self._nodes(self.teams.above(self._row(member), UPWARDS))

    def legs(self, member: str) -> Legs:
        """The largest leg 大区, and all others together 小区."""
        return self.teams.legs(self._row(member))

    def generations(self, member: str) -> list[Generation]:
        """The nearest generations below."""
        return self.teams.generations(self._row(member), GENERATIONS)

    def _row(self, member: str) -> int:
        with self._lock:  # names are looked up in tables that grow
            row: int | None = self.world.member_ids.numbers.get(member)
        if row is None:
            remedy = "a member who has joined since the last close is known after the next one"
            raise InputError(Problem("unknown_member", "the closed days know no such member", remedy))
        return row

    def _nodes(self, rows: Sequence[int]) -> list[Node]:
        with self._lock:
            names = [self.world.member_ids.names[row] for row in rows]
            ranks = [self.world.rank(name) for name in names]
        teams, joined = self.teams, self.world.members.joined
        return [
            Node(name, date.fromordinal(joined.item(row)), rank, len(teams.direct(row)), teams.size(row),
                 teams.own(row), teams.sales(row))
            for name, row, rank in zip(names, rows, ranks, strict=True)
        ]  # fmt: skip


class NetworkReader:
    """The network of the newest snapshot, worked out once for each; for the threads of one process."""

    def __init__(self, lots: LotReader) -> None:
        """Read what ``lots`` maps."""
        self._lots, self._working = lots, threading.Lock()
        self._found: Network | None = None

    def network(self) -> Network:
        """The tree as of the last close; ``InputError`` (``not_closed``) before the first one."""
        world = self._lots.world()
        if world is None:
            remedy = "ask when the first day has been closed"
            raise InputError(Problem("not_closed", "no day has been closed yet", remedy))
        found = self._found
        if found is not None and found.world is world:
            return found
        if found is not None and self._working.locked():
            return found  # of the close before: somebody works at the new one
        with self._working:
            if self._found is None or self._found.world is not world:
                self._found = Network(world, Teams(world), self._lots.lock)
            return self._found
