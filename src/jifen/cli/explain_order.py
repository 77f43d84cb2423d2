"""``jifen explain --order``: what each rule did for one order, and what stays with the shop."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group

from jifen.cli.output import make_table, out, print_json, progress_bar
from jifen.core.micros import format_micros

if TYPE_CHECKING:
    from jifen.batch.order_account import Entry, OrderAccount

__all__ = ["account_table", "explain_order"]

_WHAT = {
    "paid": "paid 支付", "fed": "put into 注入", "granted": "granted 赠送", "weighed": "weight 权重",
    "owed": "owed 欠付", "used": "used up 核销", "forfeited": "forfeited 作废", "nothing": "nothing 无",
}  # fmt: skip


def explain_order(folder: Path, order: str, as_json: bool) -> None:
    """Account for one order of the run in ``folder``; an unknown one is an ``InputError``."""
    from jifen.engine.kernels import interpret

    interpret()  # one order's rows are read sooner than a compiler starts
    from jifen.batch.order_account import account_of
    from jifen.batch.replay import world_of

    with progress_bar("replaying days") as progress:
        world = world_of(folder, progress)
    account = account_of(folder, world, order)
    if as_json:
        print_json(_plain(account))
        return
    out.print(account_table(account))


def account_table(account: "OrderAccount") -> Group:
    """Make the account of an order: its own money, a row for each rule and receiver, its lots, and what remains."""
    from jifen.report.terms import place_term, rule_term

    def to(entry: "Entry") -> str:
        return f"{entry.to} ({entry.relation})" if entry.relation else place_term(entry.to)

    rows = [
        (
            rule_term(entry.rule), _WHAT[entry.what], to(entry), place_term(entry.source), _days(entry),
            *(("", "", "", "") if entry.what == "nothing" else (
                entry.asset, _amount(entry.amount), _amount(entry.back) if entry.back else "", _amount(entry.stands),
            )),
        )
        for entry in account.entries
    ]  # fmt: skip
    heads = ("rule", "what", "to", "out of", "day", "unit", "amount", "taken back", "stands")
    lots = [
        (lot.store, *map(_amount, (lot.granted, lot.withdrawn, lot.released, lot.remaining))) for lot in account.lots
    ]
    parts = [make_table(_title(account), heads, rows, left=6)]
    if lots:
        parts.append(make_table("\nIts lots", ("store", "granted", "withdrawn", "released", "remaining"), lots))
    return Group(*parts, make_table("\nThe shop", ("", ""), _shop(account)), *_notes(account))


def _title(account: "OrderAccount") -> str:
    on = date.fromordinal(account.day).isoformat()
    return f"Order {account.order} of {account.member}, {on}: {_amount(account.amount)}, {account.state}"


def _shop(account: "OrderAccount") -> list[tuple[str, str]]:
    """The shop's side: what the order brought, less what rules took of it."""
    net = account.amount - account.refunded
    rows = [("sold 销售额", _amount(account.amount))]
    rows += [("refunded 退款", _amount(-account.refunded))] if account.refunded else []
    rows += [("taken by rules 规则支出", _amount(account.remains - net))]
    rows += [("remains with the shop 商家留存", _amount(account.remains))]
    if account.cost is not None:
        rows.append(("cost of its goods, as sold 商品成本", _amount(account.cost)))
    return rows


def _notes(account: "OrderAccount") -> Iterator[str]:
    """What the tables do not say."""
    from jifen.report.terms import rule_term

    if account.elsewhere:
        rules = ", ".join(f"{rule_term(rule)} {_amount(points)}" for rule, points in account.elsewhere.items())
        yield f"\nOf its lots other orders released: {rules}; what was paid for it is in their accounts."
    if account.forfeits_unknown:
        yield (
            f"\n{account.forfeits_unknown:,} other orders took effect in the same run: what was forfeited for this "
            "one alone is not told."
        )


def _days(entry: "Entry") -> str:
    if not entry.first_day:
        return ""
    first, last = (date.fromordinal(day).isoformat() for day in (entry.first_day, entry.last_day))
    return first if first == last else f"{first} – {last}"


def _amount(amount: int) -> str:
    return format_micros(amount, 2)


def _plain(account: "OrderAccount") -> dict[str, Any]:
    """The account as JSON: amounts as decimal numbers in text, days as dates, rules with their names."""
    from jifen.report.terms import rule_names

    def entry_of(entry: "Entry") -> dict[str, Any]:
        days = {name: date.fromordinal(day).isoformat() for name, day in
                (("first_day", entry.first_day), ("last_day", entry.last_day)) if day}  # fmt: skip
        amounts = {name: _amount(getattr(entry, name)) for name in ("amount", "back", "stands", "drained")}
        return asdict(entry) | {"first_day": None, "last_day": None, "name": rule_names(entry.rule)} | days | amounts

    document = asdict(account) | {
        "day": date.fromordinal(account.day).isoformat(),
        "entries": [entry_of(entry) for entry in account.entries],
        "lots": [{name: value if isinstance(value, str) else _amount(value) for name, value in asdict(lot).items()}
                 for lot in account.lots],
    }  # fmt: skip
    document["elsewhere"] = {rule: _amount(points) for rule, points in account.elsewhere.items()}
    for name in ("amount", "refunded", "cost", "remains"):
        value = getattr(account, name)
        document[name] = None if value is None else _amount(value)
    return document
