"""``jifen import`` and ``jifen export``: a shop as tables, brought along from another system or taken along."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jifen.cli.options import takes
from jifen.cli.output import JsonOption, errors, list_problems, make_table, out, print_json, progress_bar
from jifen.cli.shop_acts import opened
from jifen.core.micros import format_micros

if TYPE_CHECKING:
    from jifen.service.moving.importing import Outcome
    from jifen.service.moving.opening import Draft

__all__ = ["ImportOptions", "export_shop", "import_shop"]

_MOST = 100


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What ``jifen import`` is given."""

    path: Annotated[Path, typer.Argument(help="A folder, zip, workbook or table of the old shop.", show_default=False)]
    map: Annotated[
        str, typer.Option("--map", metavar="NAME", help="A column map: jifen, crmeb, likeshop, or a YAML file.")
    ] = "jifen"
    run: Annotated[bool, typer.Option("--run", help="Do it. Without it nothing is written.")] = False
    without_refused: Annotated[
        bool, typer.Option("--without-refused", help="Go on without the rows that are refused.")
    ] = False
    as_json: JsonOption = False


@takes(ImportOptions)
def import_shop(options: ImportOptions) -> None:
    """Bring an existing shop along into a new one: members, tree, orders, balances, open lots.

    Nothing is written unless --run is given: what would happen is told, with each row that is refused. An import that
    was cut off is gone on with by the same command. Exit code 1: rows are refused.

    Example: [bold]jifen import export-of-crmeb.zip --map crmeb[/]
    """
    given = opened()
    from jifen.service.acting import acting
    from jifen.service.moving.importing import carry_out, start
    from jifen.service.moving.maps import load_map
    from jifen.service.moving.opening import draft

    with progress_bar("reading rows") as progress:
        tried = draft(options.path, load_map(options.map), progress=progress)
    if not options.as_json:
        _show(tried)
    if not options.run or (tried.refused and not options.without_refused):
        if options.as_json:
            print_json(_document(tried) | {"state": "looked"})
        else:
            out.print("Nothing was written." + (" To do it: --run" if not options.run else ""))
        raise typer.Exit(1 if tried.refused else 0)
    with acting("console"), progress_bar("importing") as progress:
        start(tried, without_refused=options.without_refused, progress=progress)
        done = carry_out(tried.digest, given.var, progress=progress)
    _tell(tried, done, options.as_json)
    if done.state != "done":
        raise typer.Exit(1)


def export_shop(
    path: Annotated[Path, typer.Argument(help="A new folder, .zip or .xlsx.", show_default=False)],
    personal: Annotated[
        bool, typer.Option("--personal", help="With phone numbers, names and accounts at banks.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write everything the shop owns as tables, which can be imported again.

    Example: [bold]jifen export shop.zip --personal[/]
    """
    given = opened()
    from jifen.service.moving.exporting import export
    from jifen.service.writer import SNAPSHOTS

    with progress_bar("exporting") as progress:
        counts = export(path, with_personal=personal, snapshots=given.var / SNAPSHOTS, progress=progress)
    if as_json:
        print_json({"path": str(path), "rows": counts})
    else:
        out.print(
            make_table(f"Written to {path}", ("table", "rows"), [(name, str(rows)) for name, rows in counts.items()])
        )


def _show(tried: "Draft") -> None:
    """What an import would do, for people."""
    counts = [(name, str(count)) for name, count in tried.counts.items()]
    out.print(make_table(f"Import {tried.digest[:12]} by the map {tried.map}", ("", "rows"), counts))
    totals = [
        (total.kind, total.name, *map(_yuan, (total.read, total.opened, total.read - total.opened)))
        for total in tried.totals
    ]
    out.print(make_table("Control totals", ("", "", "in the files", "in the books", "refused"), totals, left=2))
    for title, found in (("refused", tried.refused), ("noted", tried.notes)):
        list_problems(errors, found[:_MOST])
        if len(found) > _MOST:
            errors.print(f"… and {len(found) - _MOST} more {title}")
    if tried.unread:
        out.print(f"Not brought along: {', '.join(tried.unread)}", markup=False)


def _tell(tried: "Draft", done: "Outcome", as_json: bool) -> None:
    if as_json:
        print_json(_document(tried) | {"state": done.state, "accepted": done.accepted, "code": done.code})
    elif done.state == "done":
        out.print(f"Imported: {done.accepted} entries, and the books agree with the control totals.")
    else:
        errors.print(f"{done.refused} entries were refused by the books ({done.code}). See docs/moving.md.")


def _document(tried: "Draft") -> dict[str, Any]:
    from jifen.service.moving.importing import document

    return document(tried, _MOST)


def _yuan(amount: int) -> str:
    return format_micros(amount, 2)
