"""``jifen audit``: replay a shop that is open, or a run over files, from nothing and name the first difference."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jifen.cli.compiling import compiling_shown
from jifen.cli.live import live_settings, phases_shown
from jifen.cli.output import JsonOption, list_problems, out, print_json, progress_bar

if TYPE_CHECKING:
    from jifen.batch.audit import Audit

__all__ = ["audit"]


def audit(
    folder: Annotated[
        Path | None,
        typer.Argument(help="The folder of a run; without it, the shop of the settings.", show_default=False),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Replay a shop, or a run, from its events, compare every file and figure, and name the first difference.

    A shop may trade meanwhile: it is audited as it is when the audit begins.

    Exit codes: 0 sound, 1 a difference was found, 2 there is nothing to audit.

    Example: [bold]jifen audit[/], or [bold]jifen audit var/march[/]
    """
    found, words = _of_run(folder) if folder else _of_shop()
    if as_json:
        print_json({"sound": found.sound, **asdict(found), **({"in_words": words} if words else {})})
    elif found.sound:
        counted = f"{found.batches:,} batches, {found.transfers:,} transfers"
        out.print(f"Sound: {counted}; every figure comes out again.", style="green")
    else:
        if found.difference is not None:
            out.print(f"The first difference: {words or found.difference}", style="red", markup=False)
        list_problems(out, found.problems)
    if not found.sound:
        raise typer.Exit(1)


def _of_run(folder: Path) -> "tuple[Audit, str]":
    from jifen.batch.audit import audit as audit_run

    with compiling_shown(), progress_bar("replaying days") as progress:
        return audit_run(folder, progress), ""


def _of_shop() -> "tuple[Audit, str]":
    """What is found in the live shop, and its first difference in words."""
    settings = live_settings()
    from jifen.service.audit import audit as audit_shop
    from jifen.service.databases import one_moment, reach_shop
    from jifen.service.differences import in_words
    from jifen.service.writer import JOURNAL

    reach_shop()
    with one_moment() as moment, compiling_shown(), phases_shown() as progress:
        journal = settings.var / JOURNAL
        found = audit_shop(journal, moment, lambda done, count: progress("replaying batches", done, count))
        return found, in_words(found.difference, moment) if found.difference else ""
