"""Names and numbers of a shop as its readers need them: they never change, so a process asks for each only once."""

import threading
from collections.abc import Collection
from dataclasses import dataclass

from django.db import connections

from jifen.core.errors import InputError, Problem
from jifen.ledger.chain import NAME_TABLES
from jifen.ledger.journal import NONE, Account
from jifen.ledger.names import Names
from jifen.service import models
from jifen.service.accounts import parts_of

__all__ = ["Directory", "Member", "Side"]

_ORDERS = 100_000
"""Names of orders that are remembered, at most."""
_HOLDERS = {
    Account.WALLET: "member", Account.PENDING: "member", Account.CLAIM: "member", Account.WEIGHT: "member",
    Account.POOL: "pool", Account.RECEIVABLE: "pool", Account.ISSUER: "store",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Member:
    """A member: the number in the books, and the batch with which it came."""

    name: str
    number: int
    since: int


@dataclass(frozen=True, slots=True)
class Side:
    """An account by its kind, and the name of whose it is if it is anybody's."""

    kind: str
    """``wallet``, ``claim``, ``reserve`` and so on: ``Account`` in small letters."""
    holder: str | None = None


class Directory:
    """The names of one shop, for the threads of one process."""

    def __init__(self, using: str = "default") -> None:
        """Know nothing yet."""
        self.using = using
        self._names: dict[tuple[str, int], str] = {}
        self._members, self._lock = Names(), threading.Lock()
        self._since: dict[int, int] = {}
        self._first_day: int | None = None

    @property
    def first_day(self) -> int:
        """The shop's first day; ``InputError`` for a database without a shop."""
        if self._first_day is None:
            self._first_day = models.Shop.objects.using(self.using).values_list("first_day", flat=True).first()
            if self._first_day is None:
                raise InputError(Problem("no_shop", "this database has no shop", "create one"))
        return self._first_day

    def member(self, name: str) -> Member:
        """Find a member by the id; ``InputError`` for one who has not joined."""
        with self._lock:
            number = self._members.get(name)
            if number == NONE:
                self._learn_members()
                number = self._members.get(name)
        if number == NONE:
            raise InputError(Problem("unknown_member", f"no member {name[:40]!r} has joined", "look for another id"))
        return Member(name, number, self._batch_of(number))

    def members(self, part: str, most: int) -> list[str]:
        """Ids of members that begin with a text, those who joined first before the others; ``most`` at most."""
        with self._lock:
            self._learn_members()
            found: list[str] = []
            for name in self._members.names:
                if name.startswith(part):
                    found.append(name)
                    if len(found) == most:
                        break
        return found

    def count(self) -> int:
        """How many members have joined."""
        with self._lock:
            self._learn_members()
            return len(self._members.names)

    def name(self, table: str, number: int) -> str:
        """What a number of one of ``NAME_TABLES`` stands for."""
        if table == "member" and number < len(self._members.names):
            return self._members.names[number]
        if (table, number) not in self._names:
            self.learn(table, [number])
        return self._names[table, number]

    def learn(self, table: str, numbers: Collection[int]) -> None:
        """Ask for the names of several numbers at once."""
        unknown = [number for number in numbers if (table, number) not in self._names]
        if not unknown:
            return
        if len(self._names) > _ORDERS:
            self._names.clear()
            unknown = list(numbers)
        rows = models.Name.objects.using(self.using).filter(kind=NAME_TABLES.index(table), number__in=unknown)
        self._names |= {(table, number): name for number, name in rows.values_list("number", "name")}

    def side(self, account: int) -> Side:
        """An account in words."""
        kind, holder, _ = parts_of(account)
        table = _HOLDERS.get(Account(kind))
        name = None if table is None or holder == NONE else self.name(table, holder)
        return Side(Account(kind).name.lower(), name)

    def _learn_members(self) -> None:
        """Ask for the members who have joined since."""
        known = len(self._members.names)
        with connections[self.using].cursor() as cursor:
            cursor.execute(
                "SELECT name FROM name WHERE kind = %s AND number >= %s ORDER BY number",
                [NAME_TABLES.index("member"), known],
            )
            for (name,) in cursor.fetchall():
                self._members.number(name)

    def _batch_of(self, number: int) -> int:
        if number not in self._since:
            rows = models.Name.objects.using(self.using).filter(kind=NAME_TABLES.index("member"), number=number)
            self._since[number] = rows.values_list("batch", flat=True).get()
        return self._since[number]
