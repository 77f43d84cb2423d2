"""``jifen audit``: replay a run from nothing and name the first difference."""

from pathlib import Path
from typing import Annotated

import typer

from jifen.cli.compiling import compiling_shown
from jifen.cli.output import JsonOption, list_problems, out, print_json, progress_bar

__all__ = ["audit"]


def audit(
    folder: Annotated[Path, typer.Argument(help="The folder of a run.", show_default=False)],
    as_json: JsonOption = False,
) -> None:
    """Check a run's files and hash chain, do it again from its events, and name the first difference.

    Example: [bold]jifen audit var/march[/]
    """
    from dataclasses import asdict

    from jifen.batch.audit import audit as audit_run

    with compiling_shown(), progress_bar("replaying days") as progress:
        found = audit_run(folder, progress)
    if as_json:
        print_json({"sound": found.sound, **asdict(found)})
    elif found.sound:
        counted = f"{found.batches:,} batches, {found.transfers:,} transfers"
        out.print(f"Sound: {counted}; every figure comes out again.", style="green")
    else:
        if found.difference is not None:
            out.print(f"The first difference: {found.difference}", style="red", markup=False)
        list_problems(out, found.problems)
    if not found.sound:
        raise typer.Exit(1)
