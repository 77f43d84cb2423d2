"""What a plan asks for beyond orders, made up for any shop's files: tasks, old debts, agents, stakes, ranks, sales.

What is made follows from the rules of the plan, so a run of any plan has something to show. The same generator state
gives the same files.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple

from jifen.batch.merge import Inputs
from jifen.core.micros import CENT, MICRO, format_micros
from jifen.plan.model import Mint, Plan, Schedule, Share, Split, Walk, Weigh, Weight

__all__ = ["TASKS_A_DAY", "add_events"]

TASKS_A_DAY = 20
"""How many members do a task on one day."""

_AGENTS = 20
_HOLDERS = 5
_RANKED = 12
_SALE_EVERY = 100
_DEBTOR_EVERY = 8
_DEBT_MAX = 5000
_COLUMNS = ("event", "id", "at", "member", "region", "rank", "store", "amount", "tokens", "task", "reason")


class _Event(NamedTuple):
    """One row to come: when it happens, its kind, and the cells it fills."""

    at: datetime
    kind: str
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Shop:
    """The rows of a shop's members and orders, and a plan that they are to be run under."""

    plan: Plan
    members: list[dict[str, str]]
    orders: list[dict[str, str]]
    random: Random

    def joined(self, member: dict[str, str]) -> datetime:
        """A moment after a member has joined."""
        return _moment(member["joined_at"]) + timedelta(seconds=1)


def add_events(plan: Plan, inputs: Inputs, folder: Path, random: Random) -> Inputs:
    """Write ``events.csv``, and orders that are partly paid in coin, into ``folder`` where ``plan`` has a use for them.

    Returns the inputs of a run with these files in place of none; those of a plan that needs nothing are returned as
    they are. The files given must be CSV in UTF-8.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shop = _Shop(plan, _rows(inputs.members), _rows(inputs.orders), random)
    events = sorted((event for make in _MAKERS for event in make(shop)), key=lambda event: event.at)
    if events:
        inputs = replace(inputs, events=folder / "events.csv")
        numbered = ({"event": event.kind, "id": f"e{number:06d}", "at": event.at.isoformat()} | event.cells
                    for number, event in enumerate(events))  # fmt: skip
        _write(folder / "events.csv", _COLUMNS, numbered)
    if any(isinstance(rule.amount, Share) and rule.amount.of == "coin_paid" for rule in plan.rules):
        debts = [event for event in events if event.kind == "liability_booked"]
        inputs = replace(inputs, orders=folder / "orders.csv")
        _write(folder / "orders.csv", (*shop.orders[0], "pay_coin"), _paid_in_coin(shop, debts))
    return inputs


def _tasks(shop: _Shop) -> Iterator[_Event]:
    """Every evening some of those who have bought do a task."""
    if not any(rule.when == "task" for rule in shop.plan.rules):
        return
    bought: list[str] = []
    known: set[str] = set()
    day = None
    for order in shop.orders:
        today = _moment(order["paid_at"]).replace(hour=23, minute=59, second=59)
        if day is not None and today > day:
            for member in shop.random.sample(bought, min(TASKS_A_DAY, len(bought))):
                yield _Event(day, "task_done", {"member": member, "task": "ad"})
        day = today
        if order["member"] not in known:
            known.add(order["member"])
            bought.append(order["member"])


def _debts(shop: _Shop) -> Iterator[_Event]:
    """Some members are owed money from an earlier scheme when they join."""
    if any(rule.when == "liability" for rule in shop.plan.rules):
        for member in shop.members[::_DEBTOR_EVERY]:
            amount = str(shop.random.randrange(1, _DEBT_MAX // 100) * 100)
            yield _Event(shop.joined(member), "liability_booked", {"member": member["member"], "amount": amount})


def _agents(shop: _Shop) -> Iterator[_Event]:
    """The regions that most orders go to get an agent each, of those who joined first."""
    if not any(isinstance(rule.who, Walk) and rule.who.tree == "region" for rule in shop.plan.rules):
        return
    found: Counter[str] = Counter()
    for order in shop.orders:
        parts = [part for part in order.get("region", "").split("/") if part][:3]
        found.update("/".join(parts[:depth]) for depth in range(1, len(parts) + 1))
    for (region, _), member in zip(found.most_common(_AGENTS), shop.members, strict=False):
        yield _Event(shop.joined(member), "agent_set", {"member": member["member"], "region": region})


def _stakes(shop: _Shop) -> Iterator[_Event]:
    """Weights that no rule gives are given by hand, to those who joined first."""
    given = {rule.pay.weight for rule in shop.plan.rules if isinstance(rule.pay, Weigh)}
    split = {rule.who.by for rule in shop.plan.rules if isinstance(rule.who, Split)}
    for store in shop.plan.stores.values():
        if isinstance(store, Weight) and store.name in split - given:
            for place, member in enumerate(shop.members[:_HOLDERS]):
                cells = {"member": member["member"], "store": store.name, "amount": str(10 * (_HOLDERS - place))}
                yield _Event(shop.joined(member), "store_adjusted", cells | {"reason": "founder"})


def _ranks(shop: _Shop) -> Iterator[_Event]:
    """Who brought most members is appointed to a rank that nothing else gives, the lowest ranks most often."""
    brought = Counter(member["referrer"] for member in shop.members if member["referrer"])
    joined = {member["member"]: member for member in shop.members}
    best = [name for name, _ in sorted(brought.items(), key=lambda one: (-one[1], one[0]))[:_RANKED]]
    whos = [rule.who for rule in shop.plan.rules]
    used = {who.ranks for who in whos if isinstance(who, Split) or (isinstance(who, Walk) and who.tree != "region")}
    for name, ladder in shop.plan.ranks.items():
        rows = [row for row in ladder.ladder if row.min is None and name in used]
        for place, member in enumerate(best if rows else ()):
            row = rows[max(len(rows) - 1 - place // 2, 0)]
            yield _Event(shop.joined(joined[member]), "rank_set", {"member": member, "rank": row.name})


def _sales(shop: _Shop) -> Iterator[_Event]:
    """Now and then someone sells all tokens as soon as he has them."""
    sold = any(rule.when == "sale" for rule in shop.plan.rules)
    minted = any(isinstance(rule.pay, Mint) for rule in shop.plan.rules)
    if shop.plan.params["settle_at"] != "paid" or not (sold and minted):
        return
    known: set[str] = set()
    for order in shop.orders:
        first = order["member"] not in known
        known.add(order["member"])
        if first and len(known) % _SALE_EVERY == 0:
            at = _moment(order["paid_at"]) + timedelta(seconds=1)
            yield _Event(at, "tokens_sold", {"member": order["member"], "tokens": "all"})


_MAKERS: tuple[Callable[[_Shop], Iterator[_Event]], ...] = (_debts, _agents, _stakes, _ranks, _tasks, _sales)


def _paid_in_coin(shop: _Shop, debts: list[_Event]) -> Iterator[dict[str, str]]:
    """Orders, of which members pay with coin as much as their batches have released and the plan allows."""
    schedule = next((rule.amount for rule in shop.plan.rules if isinstance(rule.amount, Schedule)), None)
    parts, every = (1, 1) if schedule is None else (schedule.parts or 1, schedule.every)
    ratio = min((rule.amount.rates[0] for rule in shop.plan.rules
                 if rule.when == "liability" and isinstance(rule.amount, Share)), default=0)  # fmt: skip
    owed = {event.cells["member"]: (event.at, int(event.cells["amount"]) * ratio) for event in debts}
    used: Counter[str] = Counter()
    for order in shop.orders:
        pay = ""
        if order["member"] in owed:
            since, coin = owed[order["member"]]
            days = (_moment(order["paid_at"]).date() - since.date()).days - 1
            free = coin // parts * min(max(days, 0) // every, parts) - used[order["member"]]
            most = int(order["amount"].replace(".", "")) * CENT * int(shop.plan.params["coin_max_share"]) // MICRO
            amount = min(free, most) // CENT * CENT
            used[order["member"]] += max(amount, 0)
            pay = format_micros(amount, 2) if amount > 0 else ""
        yield order | {"pay_coin": pay}


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _write(path: Path, columns: tuple[str, ...], rows: Iterator[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        lines = csv.DictWriter(stream, columns, lineterminator="\n")
        lines.writeheader()
        lines.writerows(rows)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
