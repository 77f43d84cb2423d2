"""What the engine refused, told by the rows that caused it."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from jifen.batch.findings import Findings
from jifen.batch.reader import Item
from jifen.batch.tables import Table, rows_of
from jifen.core.errors import Problem, ensure
from jifen.engine.events import Event, MemberJoined
from jifen.ledger.journal import Refusal

__all__ = ["CIRCLE_MAX", "CIRCLE_SHOWN", "Refusals"]

_AGAIN = ("duplicate", "conflict")

_COLUMNS: dict[str, tuple[str, ...]] = {
    "unknown_order": ("order",), "unknown_pool": ("pool",), "unknown_store": ("store", "asset"), "bound": ("referrer",),
    "bad_amount": ("amount", "tokens"), "too_much": ("amount",), "descendant": ("referrer",),
    "insufficient": ("amount", "tokens"), "asset_forbidden": ("asset", "pay_coin"), "unbacked_mint": ("amount",),
    "asset_limit": ("amount", "pay_coin"), "self": ("referrer", "to"),
}  # fmt: skip
"""By code: the columns a refusal is about; the first that the row fills is named, else that of the id."""

_REMEDIES = {
    "conflict": "remove one of the two, or give it an id of its own",
    "unknown_order": "add the order, with an earlier time, or correct the id",
    "too_much": "refund at most what is left of the order",
    "bad_amount": "write an amount above 0 with at most 2 decimals",
    "descendant": "choose a referrer who is not below the member",
}


@dataclass(slots=True)
class Refusals:
    """Takes refusals of batches, finds their rows, and reports them. ``members`` is the table of members."""

    findings: Findings
    members: Table
    joins: "_Joins" = field(init=False)

    def __post_init__(self) -> None:
        """Nothing is read before something is refused."""
        self.joins = _Joins(self.members)

    def accepted(self, items: Sequence[Item], refusals: Sequence[Refusal]) -> list[Event]:
        """The events of a batch that were accepted, in order; what was refused is reported, duplicates are counted."""
        if not refusals:
            return [item.event for item in items]
        places: dict[str, deque[int]] = {}
        for place, item in enumerate(items):
            places.setdefault(item.event.id, deque()).append(place)
        refused: set[int] = set()
        for refusal in refusals:
            own = places.get(refusal.event, deque())
            ensure(len(own) > 0, f"the engine refused {refusal.event!r}, which was not in the batch")
            # Of several events with one id, the first accepted one stands: a repeated one is among the later.
            place = own.pop() if refusal.code in _AGAIN else own.popleft()
            refused.add(place)
            self._report(items[place], refusal)
        return [item.event for place, item in enumerate(items) if place not in refused]

    def _report(self, item: Item, refusal: Refusal) -> None:
        event = item.event
        if refusal.code == "duplicate":
            return
        cause = self._cause(event, refusal)
        if cause is not None:
            self.findings.follow(item.table, item.rows, cause, event.id)
            return
        problem = self._problem(item, refusal)
        again = refusal.code in _AGAIN
        self.findings.refuse(item.table, item.rows, (problem,), "" if again else event.id)

    def _cause(self, event: Event, refusal: Refusal) -> Problem | None:
        """What was refused before and made this event refused: the joining of a member it names, or its order."""
        if refusal.code == "unknown_member":
            names = [_missing(event, refusal)[1]]
            if isinstance(event, MemberJoined):
                names += self.joins.circle(event.member)
            return next((cause for name in names if (cause := self.findings.lost(f"member:{name}"))), None)
        order = getattr(event, "order", None)
        return self.findings.lost(order) if refusal.code == "unknown_order" and order else None

    def _problem(self, item: Item, refusal: Refusal) -> Problem:
        file, row = item.table.file, item.rows[-1].number
        if refusal.code == "unknown_member":
            column, name = _missing(item.event, refusal)
            return replace(self._unknown_member(item.event, name), file=file, line=row, column=column)
        columns, values = item.table.columns, item.rows[-1].values
        filled = (column for column in _COLUMNS.get(refusal.code, ()) if column in columns and values[columns[column]])
        column = next(filled, item.key)
        remedy = _REMEDIES.get(refusal.code, "correct the row, or leave it out")
        return Problem(refusal.code, refusal.message, remedy, file, row, column)

    def _unknown_member(self, event: Event, name: str) -> Problem:
        """Say of a member who is named before he joins whether he joins later, never, or in a circle of referrers."""
        row = self.joins.row(name)
        if row is None:
            message = f"there is no member {name} in {self.members.file}"
            return Problem("unknown_member", message, "add the member, or correct the id")
        if not isinstance(event, MemberJoined):
            message = f"the member {name} joins later, in row {row} of {self.members.file}"
            return Problem("unknown_member", message, "correct the time of one of the two")
        if name == event.member:
            return Problem("self", f"{name} is named as his own referrer", "name another referrer, or none")
        circle = self.joins.circle(event.member)
        if circle:
            message = f"the referrers form a circle: {' → '.join(circle)}"
            return Problem("cycle", message, "correct one of the referrers")
        message = f"the referrer {name} joins later, in row {row}"
        return Problem("referrer_joined_later", message, "correct the time of one of the two")


def _missing(event: Event, refusal: Refusal) -> tuple[str, str]:
    """The fact of the event that names an unknown member, and the name: the one that the refusal is about."""
    facts = ("referrer",) if isinstance(event, MemberJoined) else ("member", "to", "referrer")
    named = [(fact, name) for fact in facts if (name := getattr(event, fact, None))]
    return next(((fact, name) for fact, name in named if repr(name) in refusal.message), named[0])


CIRCLE_MAX = 1000
"""Longest circle of referrers that is found; a longer one is told as a referrer who joins later."""
CIRCLE_SHOWN = 6


class _Joins:
    """The members' file once more: in which row each stands, and his referrer. Read when a member is missing."""

    def __init__(self, table: Table) -> None:
        self._table = table

    @cached_property
    def _read(self) -> dict[str, tuple[int, str]]:
        member, referrer = (self._table.columns[name] for name in ("member", "referrer"))
        found: dict[str, tuple[int, str]] = {}
        for row in rows_of(self._table):
            if len(row.values) > max(member, referrer):
                found.setdefault(row.values[member].strip(), (row.number, row.values[referrer].strip()))
        return found

    def row(self, member: str) -> int | None:
        """The row in which a member joins."""
        found = self._read.get(member)
        return None if found is None else found[0]

    def circle(self, member: str) -> list[str]:
        """The circle of referrers that ``member`` is in, from him back to him; empty if he is in none."""
        way = [member]
        seen = {member}
        while len(way) <= CIRCLE_MAX:
            name = self._read.get(way[-1], (0, ""))[1]
            if name == member:
                return [*way[:CIRCLE_SHOWN], *(["…"] if len(way) > CIRCLE_SHOWN else []), member]
            if not name or name in seen:
                return []
            way.append(name)
            seen.add(name)
        return []
