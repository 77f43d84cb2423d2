"""``jifen shop schedule``: plan versions that are to begin on a day to come."""

from typing import Annotated

import typer

from jifen.cli.output import JsonOption, make_table, out, print_json
from jifen.cli.settings import read_date
from jifen.cli.shop_acts import opened

__all__ = ["cancel", "list_versions", "schedule_commands"]

schedule_commands = typer.Typer(help="Versions of the plan, past and to come.", no_args_is_help=True)


@schedule_commands.command("list")
def list_versions(as_json: JsonOption = False) -> None:
    """List the versions of the plan, with the day from which each counts.

    Example: [bold]jifen shop schedule list[/]
    """
    from datetime import date

    opened()
    from jifen.service.versions import versions

    rows = [(date.fromordinal(each.day).isoformat(), each.state, each.digest) for each in versions()]
    if as_json:
        print_json([{"day": day, "state": state, "digest": digest} for day, state, digest in rows])
    else:
        out.print(make_table("Versions of the plan", ("from", "state", "digest"), rows, left=3))


@schedule_commands.command("cancel")
def cancel(
    day: Annotated[str, typer.Argument(metavar="DATE", help="The day on which it was to begin.")],
    as_json: JsonOption = False,
) -> None:
    """Take a version back that has not begun yet.

    Example: [bold]jifen shop schedule cancel 2026-04-01[/]
    """
    from datetime import date

    found = read_date(day, "DATE") or date.min
    opened()
    from jifen.service.versions import cancel as take_back

    digest = take_back(found.toordinal())
    if as_json:
        print_json({"day": found.isoformat(), "digest": digest, "state": "cancelled"})
    else:
        out.print(f"{digest} does not begin on {found}.")
