"""``jifen backup``: a shop as one file, while it trades."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from jifen.cli.live import last_batch, live_settings, phases_shown
from jifen.cli.output import JsonOption, out, print_json

__all__ = ["backup"]


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write.", show_default=False)],
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write the shop of the settings into one file: its database as of one moment, and the journal of its closes.

    The shop trades on meanwhile. The file is there whole or not at all, and may be restored into SQLite or PostgreSQL.

    Example: [bold]jifen backup /backups/shop-monday.tar[/]
    """
    settings = live_settings()
    from jifen.service.backup import backup as write_backup
    from jifen.service.databases import reach_shop

    reach_shop()
    with phases_shown() as progress:
        made = write_backup(file, settings.var, force=force, progress=lambda done, count: progress("rows", done, count))
    if as_json:
        print_json(asdict(made))
        return
    out.print(f"{made.path}: {made.size:,} bytes in {made.seconds:.1f} s", markup=False)
    out.print(f"{made.batch + 1:,} batches, {made.rows:,} rows, the journal of {made.segments:,} closes")
    out.print(last_batch(made.batch, made.hash))
