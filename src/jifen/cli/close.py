"""``jifen close``: close the days that have ended, now."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from jifen.cli.output import JsonOption, errors, out, print_json
from jifen.cli.settings import read_date

if TYPE_CHECKING:
    from jifen.service.closing import Progress

__all__ = ["close"]


def close(
    day: Annotated[
        str | None, typer.Option(metavar="DATE", help="The last day to close; else all that have ended.")
    ] = None,
    wait: Annotated[bool, typer.Option(help="Wait until they are closed.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Ask for the close of each day that has ended, and show how far it is until all are closed.

    A sandbox also closes days that have not ended, up to the one that is named: a plan of a hundred days is tried in a
    minute.

    A worker does so by itself; to ask again is to ask once. Only a close that was refused, because it would break the
    books, waits for somebody to ask again. Exit codes: 0 closed, or asked for, 1 a close was refused,
    2 there is no shop, no worker, or the day has not ended.

    Example: [bold]jifen close --day 2026-03-31[/]
    """
    from datetime import UTC, date, datetime

    from jifen.service.databases import start_django

    start_django()
    from jifen.service.closing import ask_closes, days_due
    from jifen.service.serving.catching_up import close_days, moment_after
    from jifen.service.serving.start import prepare

    prepare(migrating=False)
    last, now = read_date(day, "--day"), datetime.now(UTC)
    moment = now if last is None else moment_after(last, now)
    days = [date.fromordinal(each).isoformat() for each in days_due(moment)]
    if wait:
        with errors.status("closing", spinner="dots") as status:
            refused = close_days(moment, lambda done: status.update(_line(done)))
    else:
        refused = [result for result in ask_closes(moment, again=True) if result.state == "refused"]
    left = [date.fromordinal(each).isoformat() for each in days_due(moment)]
    if as_json:
        found = [{"key": result.key, "code": result.code, "message": result.message} for result in refused]
        print_json({"asked": days, "open": left, "refused": found})
    else:
        out.print(_answer(days, left, wait=wait))
        for result in refused:
            out.print(f"{result.key} is refused: {result.message} [{result.code}]", style="red", markup=False)
    if refused:
        raise typer.Exit(1)


def _line(progress: "Progress") -> str:
    from datetime import date

    return escape(f"{progress.due} to close, {date.fromordinal(progress.open_day)} first {progress.doing}")


def _answer(days: list[str], left: list[str], *, wait: bool) -> str:
    """What has become of the days that were due."""
    if not days:
        return "No day is due."
    span = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    if not left:
        return f"Closed: {span}."
    return f"{len(left)} of {len(days)} days are still open, {left[0]} first." if wait else f"Asked for: {span}."
