"""Everything a shop owns as tables, in the shape in which it can be imported: all of one moment.

Personal data is in it only where it is asked for. What no entry can open again stands in the tables all the same, with
its kind: who imports them is told row by row.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path

from jifen.batch.holdings import holdings
from jifen.core.errors import InputError, Problem
from jifen.core.micros import format_micros
from jifen.engine import World
from jifen.engine.world import ASSETS
from jifen.service.databases import one_moment
from jifen.service.members.models import Account
from jifen.service.members.personal import personal
from jifen.service.moving.maps import TABLES
from jifen.service.moving.models import PastOrder
from jifen.service.moving.sheets import write_sheets
from jifen.service.recovery import recover

__all__ = ["export"]

_Rows = Iterator[tuple[str, ...]]
_BANKED = ("payment", "released")
_PERSONAL = ("phone", "name", "id_number", "bank", "bank_account")


def export(
    path: Path, *, with_personal: bool = False, snapshots: Path | None = None, using: str = "default",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, int]:  # fmt: skip
    """Write the tables of a shop to a new folder, ``.zip`` or ``.xlsx``; returns how many rows each has.

    ``snapshots`` is where the shop keeps them: without it the whole log is replayed. ``InputError``: ``no_shop``,
    ``exists``.
    """
    if path.exists():
        raise InputError(Problem("exists", "there is something already", "choose another name", str(path)))
    with one_moment(using) as alias:
        world = recover(alias, snapshots)[0]
        rows = {
            "members": _members(world, alias, with_personal), "orders": _orders(world, alias), "funds": _funds(world),
            "balances": _balances(world), "lots": _lots(world),
        }  # fmt: skip
        tables = []
        for done, (name, columns) in enumerate(TABLES.items()):
            progress(done, len(TABLES))
            tables.append((name, columns, rows[name]))
        return write_sheets(path, tables)


def _members(world: World, using: str, with_personal: bool) -> _Rows:
    """Members in the order in which they joined: ties are broken by it."""
    accounts = {
        account.code: account
        for account in Account.objects.using(using).filter(role="").select_related("person", "sponsor")
    }
    for number, member in enumerate(world.member_names):
        account = accounts.get(member)
        known = personal(account) if account is not None and with_personal else {}
        region = world.regions.get(number)
        facts = {
            "member": member, "sponsor": world.referrer(member) or "", "rank": world.rank(member) or "",
            "agent": world.agent(member) or "", "region": region or "",
            **{name: str(known.get(name, "")) for name in _PERSONAL},
        }  # fmt: skip
        if account is not None:
            facts["joined"] = account.joined_at.isoformat(" ", "seconds")
            facts["invite_code"], facts["locked"] = account.invite_code, "" if account.is_active else "yes"
        yield tuple(facts.get(column, "") for column in TABLES["members"])


def _orders(world: World, using: str) -> _Rows:
    """Orders of before, then those of the log."""
    for past in PastOrder.objects.using(using).order_by("order").iterator():
        yield past.order, past.member, _yuan(past.amount), _yuan(past.refunded), _time(past.paid)
    orders, names, members = world.orders, world.order_names, world.member_names
    for number in range(orders.size):
        yield (
            names[number], members[orders.member.item(number)], _yuan(orders.whole.item(number)),
            _yuan(orders.returned_whole.item(number)), date.fromordinal(orders.day.item(number)).isoformat(),
        )  # fmt: skip


def _funds(world: World) -> _Rows:
    """The reserve and the pools; what one of them owes is below zero."""
    if reserve := world.reserve - world.reserve_debt:
        yield "reserve", "", _yuan(reserve)
    for pool in world.program.pool_names:
        if held := world.pool(pool) - world.pool_debt(pool):
            yield "pool", pool, _yuan(held)


def _balances(world: World) -> _Rows:
    """What each member has but lots; what is set aside for a withdrawal that has not ended is in the wallet."""
    aside = Counter[tuple[int, str]]()
    for member, asset, amount, state in world.withdrawals.values():
        aside[member, ASSETS[asset]] += amount if state == "requested" else 0
    waiting = Counter[int]()
    for payment, released in zip(*(world.banked.columns()[name].tolist() for name in _BANKED), strict=True):
        left = world.payments.paid.item(payment) - world.payments.lost.item(payment) - released
        waiting[world.payments.member.item(payment)] += left
    found = [each for each in holdings(world) if each.kind != "lots"]
    for number, name in enumerate(world.member_names):
        for holding in found:
            kind = "wallet" if holding.kind == "asset" else holding.kind
            held = holding.amounts.item(number) + (aside[number, holding.name] if kind == "wallet" else 0)
            if held:
                yield name, kind, holding.name.removeprefix("store:"), _yuan(held)
        if waiting[number]:
            yield name, "banked", "", _yuan(waiting[number])


def _lots(world: World) -> _Rows:
    """Open lots, oldest first."""
    lots = world.lots
    for lot in range(lots.size):
        if lots.remaining.item(lot):
            store = world.stores.names[lots.store.item(lot)]
            yield (
                world.member_names[lots.member.item(lot)], store, _yuan(lots.remaining.item(lot)),
                _yuan(lots.daily.item(lot)), _yuan(lots.granted.item(lot)),
                date.fromordinal(lots.eligible_from.item(lot)).isoformat(), world.cause_of(lot),
            )  # fmt: skip


def _yuan(amount: int) -> str:
    return format_micros(amount, 2)


def _time(moment: datetime | None) -> str:
    return "" if moment is None else moment.isoformat(" ", "seconds")
