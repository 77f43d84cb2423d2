"""Figures as rows of the page's tables: cells of text in the order of the columns."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from jifen.report.amounts import count, money, percent
from jifen.report.figures import yuan
from jifen.service.coverage import Coverage
from jifen.service.directory import Side
from jifen.service.reads import Lot, Standing
from jifen.service.statements import Entry
from jifen.service.status.history import DayDone
from jifen.service.status.overview import Overview

__all__ = ["account_rows", "balance_rows", "day_rows", "entry_rows", "lot_rows", "tiles"]

_Words = Mapping[str, str]
_HASH = 16


def tiles(seen: Overview, said: _Words) -> list[dict[str, object]]:
    """What is seen first: a name, a figure, and whether it asks for attention."""
    wallets = sum(one.amount for one in seen.standing if one.kind == "wallet")
    writer = said["writer_at_work"] if seen.writing else said["writer_none"]
    due = said["due_days"].format(days=count(seen.due)) if seen.due else said["due_none"]
    cover = seen.coverage
    found = [
        ("open_day", str(date.fromordinal(seen.open_day)), False),
        ("writer", f"{writer} · {seen.doing}" if seen.writing and seen.doing else writer, not seen.writing),
        ("due", due, bool(seen.due)),
        ("waiting", count(seen.waiting), False),
        ("owed", money(cover.owed) if cover else "–", False),
        ("backed", money(cover.backed) if cover else "–", False),
        ("coverage", _covered(cover), cover is not None and cover.is_short),
        ("wallets", money(wallets), False),
        ("members", count(seen.members), False),
        ("events", count(seen.events), False),
    ]
    return [{"label": said[name], "value": value, "bad": bad} for name, value, bad in found]


def day_rows(days: Iterable[DayDone]) -> list[list[str]]:
    """Day, promised, paid, owed, reserve and pools, coverage, events, entries, hash."""
    return [
        [
            str(date.fromordinal(day.closed.day)),
            *(yuan(getattr(day.coverage, name)) for name in ("promised", "paid", "owed", "backed")),
            _covered(day.coverage), count(day.closed.events), count(day.lines),
            day.closed.hash[:_HASH],
        ]
        for day in days
    ]  # fmt: skip


def _covered(cover: Coverage | None) -> str:
    """Coverage in per cent, if anything is owed."""
    return percent(cover.backed, cover.owed) if cover is not None and cover.owed else "–"


def account_rows(standing: Sequence[Standing], said: _Words) -> list[list[str]]:
    """Kind, asset, how many, amount."""
    return [
        [
            said[f"kind_{one.kind}"] + (f" · {one.pool}" if one.pool else ""), one.asset, count(one.accounts),
            yuan(one.amount),
        ]
        for one in standing
    ]  # fmt: skip


def balance_rows(amounts: Mapping[tuple[str, str], int], said: _Words) -> list[list[str]]:
    """Kind, asset, amount."""
    return [[said[f"kind_{kind}"], asset, yuan(amount)] for (kind, asset), amount in amounts.items()]


def lot_rows(lots: Iterable[Lot]) -> list[list[str]]:
    """Store, cause, granted, remaining, a day, from."""
    return [
        [lot.store, lot.cause, yuan(lot.granted), yuan(lot.remaining), yuan(lot.daily) if lot.daily else "–",
         str(date.fromordinal(lot.eligible_from))]
        for lot in lots
    ]  # fmt: skip


def entry_rows(entries: Iterable[Entry], said: _Words) -> list[list[str]]:
    """Day, account, asset, amount, other side, rule, order, batch."""
    return [
        [
            str(date.fromordinal(one.day)), said[f"kind_{one.account.kind}"], one.asset,
            yuan(one.amount) if one.amount < 0 else f"+{yuan(one.amount)}", _side(one.other, said),
            said["taken_back"].format(rule=one.reason) if one.reason else one.rule, one.order or "–", str(one.batch),
        ]
        for one in entries
    ]  # fmt: skip


def _side(side: Side, said: _Words) -> str:
    return said[f"kind_{side.kind}"] + (f" · {side.holder}" if side.holder else "")
