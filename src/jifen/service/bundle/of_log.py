"""The tables of a bundle that follow from the log: tree, orders, payouts, runs, chain. Days are ordinals.

All of them end with the close of a day, so they are the same whatever happens after it.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import connections
from django.db.models import Q

from jifen.core.errors import InputError, Problem
from jifen.core.micros import format_micros
from jifen.engine.flows import REFUND
from jifen.ledger.chain import NAME_TABLES
from jifen.ledger.journal import NONE, Account
from jifen.service import models
from jifen.service.accounts import parts_of
from jifen.service.bundle.layout import Written

__all__ = ["OfLog", "Span", "iso", "span_of"]

_OWN = (Account.WALLET, Account.PENDING)
_WALLET = int(Account.WALLET)
_PAID = f"""
    SELECT source, target, rule, reason, version, SUM(amount) FROM transfer
    WHERE number >= %s AND number < %s AND used = 0 AND (source & 15 = {_WALLET} OR target & 15 = {_WALLET})
    GROUP BY 1, 2, 3, 4, 5
"""
"""What moved into and out of wallets: between which accounts, by which rule, because of which, in which version."""
_RUNS = """
    SELECT run.day, run.batch, batch.hash, run.segment, run.digest, batch.transfers FROM run
    JOIN batch ON batch.number = run.batch WHERE run.day <= %s ORDER BY run.day
"""
_BATCHES = """
    SELECT number, day, revision, plan_id, events, transfers, previous, hash FROM batch
    WHERE number >= %s AND number <= %s ORDER BY number
"""
_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Span:
    """The business days of a bundle, and where they stand in the log."""

    first: int
    last: int
    whole: bool
    """Whether ``first`` is the first day of the shop."""
    since: int
    """The first batch."""
    batch: int
    """The last one, which closed the last day."""
    hash: bytes
    known: int
    """Events that the log had before the first day."""
    events: int
    """Events that it had at the end of the last one."""


def span_of(using: str, first: int | None, last: int | None) -> Span:
    """Find the days of a bundle; ``None``: from the shop's first day, to the last one that is closed.

    ``InputError``: ``no_closed_day``, and ``bad_period`` for days of which one is not closed, or that are none.
    """
    opened = models.Shop.objects.using(using).get().first_day
    runs = models.Run.objects.using(using).select_related("batch").order_by("day")
    newest = runs.last()
    if newest is None:
        raise InputError(Problem("no_closed_day", "the shop has not closed a day", "close one: jifen close"))
    first, last = opened if first is None else first, newest.day if last is None else last
    if not opened <= first <= last <= newest.day:
        message = f"the closed days of the shop are {iso(opened)} to {iso(newest.day)}"
        raise InputError(Problem("bad_period", message, "ask for days from among these"))
    end = runs.get(day=last).batch
    before = runs.filter(day=first - 1).first()
    since, known = (0, 0) if before is None else (before.batch.number + 1, before.batch.events)
    return Span(first, last, first == opened, since, end.number, bytes(end.hash), known, end.events)


@dataclass(slots=True)
class OfLog:
    """The tables of one span; what is summed up stands here when the rows have been read."""

    using: str
    span: Span
    members: int = 0
    orders: int = 0
    ordered: int = 0
    refunded: int = 0
    paid: int = 0
    _moves: list[Written] = field(default_factory=list)
    _payees: Counter[int] = field(default_factory=Counter)
    """By day, how many rows of payouts it has."""

    def tree(self) -> Iterator[Written]:
        """Everybody who had joined by the last day, as they joined, with the sponsor of that day."""
        joined: dict[str, int] = {}
        sponsors: dict[str, str] = {}
        for number, event in self._events(0, "member_joined", "member_moved"):
            member, sponsor = event["member"], event.get("referrer", "")
            if event["event"] == "member_joined":
                joined[member] = event["day"]
            else:
                row = (str(number), iso(event["day"]), member, sponsors[member], sponsor, event["by"])
                self._moves.append(row)
            sponsors[member] = sponsor
        self.members = len(joined)
        for member, day in joined.items():
            yield member, sponsors[member], iso(day)

    def moves(self) -> Iterator[Written]:
        """Who was moved, up to the last day; after ``tree``."""
        return iter(self._moves)

    def orders_paid(self) -> Iterator[Written]:
        """The orders of the span."""
        for _, event in self._events(self.span.known, "order_paid"):
            amount = sum(line["amount"] for line in event["lines"])
            self.orders, self.ordered = self.orders + 1, self.ordered + amount
            yield iso(event["day"]), event["id"], event["member"], _yuan(amount)

    def refunds(self) -> Iterator[Written]:
        """What was given back in the span."""
        for _, event in self._events(self.span.known, "order_refunded"):
            self.refunded += event["amount"]
            yield iso(event["day"]), event["id"], event["order"], _yuan(event["amount"])

    def payouts(self) -> Iterator[Written]:
        """What came into wallets by day, member and rule, and what refunds took back of it: as coverage counts it."""
        plans, since = _plans(self.using), 0
        with connections[self.using].cursor() as cursor:
            cursor.execute(_RUNS, [self.span.last])
            runs = cursor.fetchall()
        names = _Names(self.using)
        for day, *_, end in runs:
            if day >= self.span.first:
                with connections[self.using].cursor() as cursor:
                    cursor.execute(_PAID, [since, end])
                    found = _paid(cursor.fetchall(), names)
                self._payees[day] = len(found)
                for (member, rule, asset, version), (paid, lost) in sorted(found.items()):
                    self.paid += paid - lost
                    yield (
                        iso(day), names.of("member", member), names.of("rule", rule), names.of("asset", asset),
                        plans[version] if version != NONE else "", _yuan(paid), _yuan(lost),
                    )  # fmt: skip
            since = end

    def runs(self) -> Iterator[Written]:
        """The closes of the span, each with its coverage; after ``payouts``."""
        covered = {
            each.day: each for each in models.Coverage.objects.using(self.using).filter(day__gte=self.span.first)
        }
        with connections[self.using].cursor() as cursor:
            cursor.execute(_RUNS, [self.span.last])
            rows = cursor.fetchall()
        for day, batch, digest, segment, sha256, _ in rows:
            if day < self.span.first:
                continue
            found = covered[day]
            owed, backed = found.lots + found.queue + found.deferred, found.reserve + found.pools
            amounts = (
                found.paid, found.promised, found.wallets, found.lots, found.queue, found.deferred, found.reserve,
                found.pools, owed, backed, found.reserve_in, found.reserve_out,
            )  # fmt: skip
            known = (iso(day), str(batch), bytes(digest).hex(), segment, sha256, str(self._payees[day]))
            yield *known, *map(_yuan, amounts)

    def chain(self) -> Iterator[Written]:
        """Every batch of the span, with the hash that the next one stands on."""
        with connections[self.using].chunked_cursor() as cursor:
            cursor.execute(_BATCHES, [self.span.since, self.span.batch])
            while rows := cursor.fetchmany(_AT_ONCE):
                for number, day, revision, plan, events, transfers, previous, digest in rows:
                    yield (
                        str(number), iso(day), str(revision), plan, str(events), str(transfers),
                        bytes(previous).hex(), bytes(digest).hex(),
                    )  # fmt: skip

    def _events(self, first: int, *kinds: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """The events of some kinds from a place of the log on, with their numbers, up to the end of the span."""
        told = Q()
        for kind in kinds:
            told |= Q(content__contains=f'"event":"{kind}"')
        rows = models.Event.objects.using(self.using).filter(told, number__gte=first, number__lt=self.span.events)
        for number, content in rows.order_by("number").values_list("number", "content").iterator(_AT_ONCE):
            event: dict[str, Any] = json.loads(content)
            if event["event"] in kinds:
                yield number, event


class _Names:
    """What numbers in the books stand for."""

    def __init__(self, using: str) -> None:
        tables = ("member", "rule", "asset")
        self._names = {table: self._asked(using, NAME_TABLES.index(table)) for table in tables}

    def of(self, table: str, number: int) -> str:
        return self._names[table][number] if number != NONE else ""

    @staticmethod
    def _asked(using: str, kind: int) -> list[str]:
        rows = models.Name.objects.using(using).filter(kind=kind).order_by("number")
        return list(rows.values_list("name", flat=True))


def _paid(rows: list[tuple[Any, ...]], names: _Names) -> dict[tuple[int, int, int, int], tuple[int, int]]:
    """By member, rule, asset and version: what was paid, and what was taken back of it."""
    paid, lost = Counter[tuple[int, int, int, int]](), Counter[tuple[int, int, int, int]]()
    for source, target, rule, reason, version, amount in (tuple(map(int, row)) for row in rows):
        (giver, owner, kept), (taker, member, asset) = parts_of(source), parts_of(target)
        because = rule if reason == NONE else reason
        if taker == Account.WALLET and giver not in _OWN and names.of("rule", because) != REFUND:
            paid[member, because, asset, version] += amount
        if giver == Account.WALLET and taker not in _OWN and names.of("rule", rule) == REFUND:
            lost[owner, because, kept, version] += amount
    return {key: (paid[key], lost[key]) for key in paid | lost}


def _plans(using: str) -> list[str]:
    """The digests of the plan versions by their numbers in the books: each activation makes one."""
    first = models.Shop.objects.using(using).get().plan_id
    activated = models.PlanChange.objects.using(using).filter(plan__isnull=False).order_by("event")
    return [first, *(str(plan) for plan in activated.values_list("plan_id", flat=True))]


def iso(day: int) -> str:
    """A day as it is written."""
    return date.fromordinal(day).isoformat()


def _yuan(amount: int) -> str:
    return format_micros(amount, 2)
