"""``jifen run``: a plan over files of members, orders and refunds."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group
from rich.markup import escape

from jifen.cli.compiling import compiling_shown
from jifen.cli.options import takes
from jifen.cli.output import JsonOption, errors, make_table, out, progress_bar
from jifen.cli.settings import SetOption, read_date, read_settings
from jifen.core.micros import MICRO, format_micros, mul_div

if TYPE_CHECKING:
    from jifen.batch.outputs import Summary
    from jifen.plan import Plan

__all__ = ["RunOptions", "run", "summary_table"]

_ASSETS = ("cash", "coin", "voucher")


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What ``jifen run`` is given."""

    plan: Annotated[str, typer.Argument(help="A preset's name, or a plan file.")]
    members: Annotated[Path, typer.Option(help="Members: member, joined_at, referrer, … (CSV or Parquet).")]
    orders: Annotated[Path, typer.Option(help="Orders: order, member, paid_at, amount, … (CSV or Parquet).")]
    out: Annotated[Path, typer.Option(help="A new folder for everything the run writes.")]
    refunds: Annotated[Path | None, typer.Option(help="Refunds: refund, order, refunded_at, amount, …")] = None
    events: Annotated[Path | None, typer.Option(help="Other events: sales of tokens, tasks, adjustments, …")] = None
    until: Annotated[
        str | None, typer.Option(metavar="DATE", help="Last business day; else that of the last event.")
    ] = None
    settings: SetOption = None
    on_error: Annotated[str, typer.Option(metavar="fail|skip", help="Stop at wrong rows, or leave them out.")] = "fail"
    zone: Annotated[str, typer.Option(help="The shop's time zone.")] = "Asia/Shanghai"
    force: Annotated[bool, typer.Option("--force", help="Replace the folder of an earlier run.")] = False
    as_json: JsonOption = False


@takes(RunOptions)
def run(options: RunOptions) -> None:
    """Run a plan over files and write the journal, balances, figures by day and a report.

    Example: [bold]jifen run plan.yaml --members members.csv --orders orders.csv --out var/march[/]
    """
    from jifen.batch.run import Inputs, Target
    from jifen.batch.run import run as run_batch
    from jifen.plan import load_plan
    from jifen.report.run_report import REPORT, write_report

    if options.on_error not in ("fail", "skip"):
        raise typer.BadParameter("write fail or skip", param_hint="--on-error")
    plan = load_plan(options.plan, read_settings(options.settings or ()))
    inputs = Inputs(options.members, options.orders, options.refunds, options.events, options.zone)
    target = Target(
        options.out,
        force=options.force,
        finish=lambda folder, summary: write_report(folder, plan, summary),
    )
    until = read_date(options.until, "--until")
    with compiling_shown(), progress_bar("closing days") as progress:
        summary = run_batch(
            plan,
            inputs,
            target,
            until=until,
            on_error="skip" if options.on_error == "skip" else "fail",
            progress=progress,
        )
    if options.as_json:
        from jifen.batch.outputs import SUMMARY

        sys.stdout.write((options.out / SUMMARY).read_text(encoding="utf-8"))
        return
    for warning in (*plan.warnings, *map(str, summary.warnings)):
        errors.print(f"[yellow]warning[/]: {escape(warning)}")
    out.print(summary_table(summary, plan))
    out.print(f"Report: {options.out / REPORT}", markup=False, soft_wrap=True)


def summary_table(summary: "Summary", plan: "Plan") -> Group:
    """Make the table of what a run did, amounts in full."""
    tokens = {name for name, store in plan.stores.items() if getattr(store, "priced_by", None)}
    rows = [
        ("members", f"{summary.members:,}"),
        ("orders", f"{summary.orders:,}"),
        ("sold", _amount(summary.sold)),
        ("refunded", _amount(summary.refunded)),
    ]
    for label, amounts in (("granted", summary.granted), ("released", summary.released), ("paid", summary.paid)):
        rows += [(f"{label}: {name}", _amount(amount)) for name, amount in amounts.items()]
    rows.append(("forfeited", _amount(summary.forfeited)))
    for name, amount in summary.owed.items():
        # Tokens are worth what their pool holds: nobody is owed an amount for them.
        label = "held" if name in tokens else "in wallets" if name in _ASSETS else "still owed"
        rows += [(f"{label}: {name}", _amount(amount))] if amount else []
    rows += [(f"weight: {name}", _amount(amount)) for name, amount in summary.weights.items()]
    rows += [(f"debt: {name}", _amount(amount)) for name, amount in summary.debts.items() if amount]
    rows += [(f"pool: {name}", _amount(amount)) for name, amount in summary.pools.items()]
    rows += [(f"pool's debt: {name}", _amount(amount)) for name, amount in summary.pool_debts.items() if amount]
    rows.append(("reserve", _amount(summary.reserve)))
    if summary.price is not None and summary.price[1]:
        rows.append(("price", _amount(mul_div(summary.price[0], MICRO, summary.price[1]))))
    rows.append(("remains with the shop", _amount(summary.waterfall.remains)))
    rows += [("rows left out", f"{summary.rejected:,}")] if summary.rejected else []
    days = f"{summary.first_day} – {summary.last_day}"
    return make_table(f"{summary.plan}, {days}", ("", ""), rows)


def _amount(amount: int) -> str:
    whole, _, part = format_micros(amount, 2).partition(".")
    return f"{int(whole):,}.{part}" if not whole.startswith("-0") else f"{whole}.{part}"
