"""``jifen withdrawal``: what is to be reviewed, the batch for the bank, and what the bank says of it."""

from pathlib import Path
from typing import Annotated

import typer

from jifen.cli.output import JsonOption, make_table, out, print_json
from jifen.cli.shop_acts import opened

__all__ = ["batch", "list_withdrawals", "results", "withdrawal_commands"]

withdrawal_commands = typer.Typer(help="Withdrawals: the batch for the bank, and its results.", no_args_is_help=True)


@withdrawal_commands.command("list")
def list_withdrawals(
    state: Annotated[str, typer.Option(help="reserved, approved, sent, paid, rejected, …")] = "reserved",
    most: Annotated[int, typer.Option("--most", min=1, max=10_000, help="So many, the oldest first.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Show withdrawals in a state: those that wait for a review, if no other is named.

    Example: [bold]jifen withdrawal list --state sent[/]
    """
    opened()
    from jifen.core.errors import InputError, Problem
    from jifen.core.micros import format_micros
    from jifen.service.wallets.following import mend
    from jifen.service.wallets.models import STATES, Withdrawal

    if state not in STATES:
        remedy = f"one of {', '.join(STATES)}"
        raise InputError(Problem("bad_option", f"{state[:40]!r} is no state of a withdrawal", remedy, column="--state"))
    mend()
    rows = [
        {"number": row.number, "member": row.member, "asset": row.asset, "amount": format_micros(row.amount, 2),
         "bank pays": format_micros(row.net, 2), "asked at": f"{row.asked_at:%Y-%m-%d %H:%M}", "state": row.state}
        for row in Withdrawal.objects.filter(state=state).order_by("asked_at")[:most]
    ]  # fmt: skip
    if as_json:
        print_json({"items": rows})
    elif rows:
        out.print(make_table("Withdrawals", tuple(rows[0]), [tuple(row.values()) for row in rows]))
    else:
        out.print(f"No withdrawal is {state}.", markup=False)


@withdrawal_commands.command("batch")
def batch(
    to: Annotated[Path, typer.Argument(help="The new file: .csv or .xlsx.")],
    name: Annotated[str, typer.Option("--id", help="The batch's id: the same one is the same batch.")],
    as_json: JsonOption = False,
) -> None:
    """Send what is approved to the bank: a batch of 1,000 payments at most, and its file with names and accounts.

    Example: [bold]jifen withdrawal batch payments.xlsx --id 2026-03-31[/]
    """
    opened()
    from jifen.core.errors import InputError, Problem
    from jifen.core.micros import format_micros
    from jifen.service.acting import acting
    from jifen.service.wallets.bank import make_batch, write_batch

    if to.suffix.lower() not in (".csv", ".xlsx") or to.exists():
        remedy = "name a new file that ends in .csv or .xlsx"
        raise InputError(Problem("bad_option", f"{to.name[:60]!r} cannot be written", remedy, column="TO"))
    with acting("console"):
        made = make_batch(name)
    count = write_batch(made, to)
    to.chmod(0o600)
    if as_json:
        print_json(
            {"number": made.number, "count": made.count, "written": count, "total": format_micros(made.total, 2)}
        )
        return
    out.print(f"Batch {made.number}: {made.count} payments, {format_micros(made.total, 2)} in all.", markup=False)
    out.print(f"{count} of them, whose end is not known yet, are in {to}: keep it from others.", markup=False)


@withdrawal_commands.command("results")
def results(
    file: Annotated[Path, typer.Argument(help="What the bank says: payment, result (paid or failed), amount …")],
    as_json: JsonOption = False,
) -> None:
    """Take in what the bank says. What is in doubt is told and left as it is; a file that comes twice counts once.

    Exit codes: 0 all rows are taken in, 1 some are in doubt, 2 the file cannot be read.

    Example: [bold]jifen withdrawal results answer.csv[/]
    """
    opened()
    from jifen.service.acting import acting
    from jifen.service.wallets.bank import take_results

    with acting("console"):
        taken = take_results(file)
    problems = [{"line": each.line, "code": each.code, "message": each.message} for each in taken.problems]
    if as_json:
        counts = {"paid": taken.paid, "failed": taken.failed, "repeated": taken.repeated}
        print_json({**counts, "problems": problems})
    else:
        out.print(f"{taken.paid} paid, {taken.failed} failed, {taken.repeated} known before.", markup=False)
        for each in problems:
            out.print(f"line {each['line']}: {each['message']} [{each['code']}]", style="red", markup=False)
    if problems:
        raise typer.Exit(1)
