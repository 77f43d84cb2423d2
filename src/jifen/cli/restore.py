"""``jifen restore``: a backup back into an empty database and folder, audited before anybody trades on it."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from jifen.cli.compiling import compiling_shown
from jifen.cli.live import last_batch, live_settings, phases_shown
from jifen.cli.output import JsonOption, out, print_json

__all__ = ["restore"]

_ALIAS = "into"


def restore(
    file: Annotated[Path, typer.Argument(help="The file of a backup.", show_default=False)],
    into: Annotated[
        str | None, typer.Option("--into", metavar="URL", help="Another database than that of the settings.")
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--folder", help="Another folder than JIFEN_VAR, for the journal.", show_default=False),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Move what is there aside; nothing is deleted.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again whether to replace.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Restore a backup into an empty database and folder: verified first, all of it or nothing, audited at the end.

    Exit codes: 0 restored and sound, 2 refused, and nothing was changed.

    Example: [bold]jifen restore shop.tar --into sqlite:///var/again/shop.sqlite3 --folder var/again[/]
    """
    settings = live_settings()
    from jifen.service.databases import open_database, reach
    from jifen.service.restore import restore as restore_shop

    using = "default"
    if into is not None:
        open_database(_ALIAS, into)
        using = _ALIAS
    reach(using)
    if replace and not yes:
        typer.confirm("Move the shop that is there aside, and restore this backup in its place?", abort=True, err=True)
    with compiling_shown(), phases_shown() as progress:
        found = restore_shop(file, folder or settings.var, using, replace=replace, progress=progress)
    manifest, audit = found.manifest, found.audit
    if as_json:
        known = {name: value for name, value in asdict(manifest).items() if name != "members"}
        figures = {"batches": audit.batches, "transfers": audit.transfers, "seconds": found.seconds}
        print_json({"sound": audit.sound, **known, **figures, "aside": found.aside})
        return
    out.print(f"Restored in {found.seconds:.1f} s from a backup of {manifest.database} by jifen {manifest.release}.")
    out.print(f"Sound: {audit.batches:,} batches, {audit.transfers:,} transfers; every figure comes out again.")
    out.print(last_batch(manifest.batch, manifest.hash))
    for place in found.aside:
        out.print(f"What was there before is now {place}", markup=False)
