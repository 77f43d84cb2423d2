"""What a shop's members and its operator ask of the books: balances, open lots, and the figures of the whole shop.

Each answer says as of when it is. Nothing here waits for the writer, and nothing is written.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.db import connections

from jifen.core.errors import InputError
from jifen.engine import World
from jifen.engine.snapshot import load_world
from jifen.ledger.journal import NONE, Account
from jifen.service.accounts import account_of, parts_of
from jifen.service.directory import Directory
from jifen.service.entries import MEMBERS_OWN
from jifen.service.recovery import newest_snapshot

__all__ = ["Balances", "Lot", "LotReader", "Lots", "Standing", "balances", "standing"]

_OWN = ", ".join(str(int(kind)) for kind in MEMBERS_OWN)
_OF_MEMBER = (
    "SELECT account, amount, (SELECT MAX(number) FROM batch) FROM balance"
    f" WHERE account >= %s AND account < %s AND kind IN ({_OWN}) ORDER BY account"
)
_OF_ALL = """
    SELECT kind, asset, holder, SUM(amount), COUNT(*), (SELECT MAX(number) FROM batch) FROM (
        SELECT kind, (account >> 4) & 65535 AS asset, amount,
        CASE WHEN kind = {pool} THEN (account >> 20) - 1 ELSE -1 END AS holder FROM balance
    ) AS held GROUP BY kind, asset, holder ORDER BY kind, asset, holder
""".replace("{pool}", str(int(Account.POOL)))


_LOOK = 0.01
"""Seconds between two looks for a snapshot."""


@dataclass(frozen=True, slots=True)
class Balances:
    """What a member has, by kind of account and asset, in micro-units; ``batch`` is the last one that it has."""

    amounts: dict[tuple[str, str], int]
    batch: int


@dataclass(frozen=True, slots=True)
class Lot:
    """An open lot: amounts in micro-units of ``store``; ``cause`` is the order, or the event, that granted it."""

    store: str
    cause: str
    granted: int
    remaining: int
    daily: int
    """What it releases a day; 0 for one that releases otherwise."""
    eligible_from: int
    """The day from which it releases."""

    def next_release(self, day: int) -> int:
        """What its own schedule releases of it when ``day`` is closed, if there is money for all of it."""
        return min(self.daily, self.remaining) if day >= self.eligible_from else 0


@dataclass(frozen=True, slots=True)
class Lots:
    """A member's open lots, oldest first, as of the start of ``day``; ``None``: there is no snapshot yet."""

    lots: list[Lot]
    day: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """All accounts of a kind and asset together; ``pool`` names the pool where they are one."""

    kind: str
    asset: str
    pool: str | None
    amount: int
    accounts: int


def balances(member: str, directory: Directory) -> Balances:
    """A member's balances; ``InputError`` for one who has not joined."""
    found = directory.member(member)
    first, last = account_of(0, found.number, 0), account_of(0, found.number + 1, 0)
    with connections[directory.using].cursor() as cursor:
        cursor.execute(_OF_MEMBER, [first, last])
        rows = cursor.fetchall()
    amounts = {}
    for account, amount, _ in rows:
        kind, _, asset = parts_of(account)
        amounts[Account(kind).name.lower(), directory.name("asset", asset)] = int(amount)
    return Balances(amounts, rows[0][2] if rows else found.since)


def standing(directory: Directory) -> tuple[list[Standing], int]:
    """What the whole shop has, by kind, asset and pool, and the last batch that it has (-1 before the first)."""
    with connections[directory.using].cursor() as cursor:
        cursor.execute(_OF_ALL)
        rows = cursor.fetchall()
    found = [
        Standing(
            Account(kind).name.lower(), directory.name("asset", asset),
            None if holder == NONE else directory.name("pool", holder), int(amount), count,
        )
        for kind, asset, holder, amount, count, _ in rows
    ]  # fmt: skip
    return found, rows[0][5] if rows else -1


class LotReader:
    """Open lots from the newest snapshot of a shop, mapped; for the threads of one process."""

    def __init__(self, folder: Path, using: str = "default") -> None:
        """Read the snapshots in ``folder``."""
        self.folder, self.using = folder, using
        self._world: World | None = None
        self._path: Path | None = None
        self.lock = threading.Lock()
        """Held where names are looked up in the world: their tables grow."""

    def of(self, member: str) -> Lots:
        """A member's open lots: none for one whom the snapshot does not know yet."""
        world = self.world()
        if world is None:
            return Lots([], None)
        with self.lock:  # names are looked up in tables that grow
            number = world.member_ids.get(member)
            found = [] if number == NONE else list(_open_lots(world, number))
        return Lots(found, world.open_day)

    def wait_for(self, day: int, seconds: float) -> bool:
        """Wait until a snapshot in which ``day`` is open, or a later one, can be read; whether there is one."""
        until = time.monotonic() + seconds
        while (world := self.world()) is None or world.open_day < day:
            if time.monotonic() > until:
                return False
            time.sleep(_LOOK)
        return True

    def world(self) -> World | None:
        """The world of the newest snapshot; while one thread maps a new one, the others read the one before."""
        path = newest_snapshot(self.using, self.folder)
        if path is None or path == self._path:
            return self._world
        if not self.lock.acquire(blocking=self._world is None):
            return self._world
        try:
            if path != self._path:
                self._world, self._path = load_world(path, verify=False), path
        except InputError:
            pass  # it has been replaced meanwhile, or is damaged: the one before stays
        finally:
            self.lock.release()
        return self._world


def _open_lots(world: World, member: int) -> Iterator[Lot]:
    lots = world.lots
    for store in world.chains:
        for lot in world.lots_of(member, store):
            if lots.remaining.item(lot):
                yield Lot(
                    world.stores.names[store], world.cause_of(lot), lots.granted.item(lot), lots.remaining.item(lot),
                    lots.daily.item(lot), lots.eligible_from.item(lot),
                )  # fmt: skip
